/*
 * start.h - starting a session: the name is reserved in the journal, the clone is made under a
 * temporary name and renamed into place, then success is recorded. Killed anywhere, the next
 * command finishes it or takes it back (start_recover).
 */
#ifndef SESSION_START_H
#define SESSION_START_H

#include "repo/repo.h"

struct start_request {
	const char *name; /* as checked */
	const char *task; /* normalised, or NULL */
	const char *description;
	const char *branch; /* NULL: the session's name */
	const char *base; /* NULL: the default branch */
	bool worktree; /* a linked work tree of the main repository instead of a clone */
};

/* *out is the new record. ERR_REFUSED when something is taken or in the way. */
int start_session(struct repo *repo, const struct git_repo *git, const struct start_request *req,
	struct session *out, struct error *err);
/*
 * Make a session of what is there: the clone or linked work tree at `path`, on the branch that is
 * checked out in it; or, `path` NULL, a branch of the repository, which gets a workspace. With its
 * history from the reflogs: *events_out. What is there stays as it is. ERR_REFUSED for the
 * repository itself, and for what is a session already.
 */
int adopt_session(struct repo *repo, const struct git_repo *git, const struct start_request *req,
	const char *path, struct session *out, size_t *events_out, struct error *err);
/* Finish or take back starts that were interrupted. Those still running are left alone. */
int start_recover(struct repo *repo, struct error *err);

#endif
