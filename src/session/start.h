/*
 * start.h - starting a session: the name is reserved in the journal, the clone is made under a
 * temporary name and renamed into place, then success is recorded. Killed anywhere, the next
 * command finishes it or takes it back (start_recover).
 */
#ifndef SESSION_START_H
#define SESSION_START_H

#include "core/outcome.h"
#include "repo/repo.h"

enum start_mode {
	START_MODE_SETTING, /* as session.mode says */
	START_MODE_CLONE,
	START_MODE_WORKTREE, /* a linked work tree of the main repository */
};

struct start_request {
	const char *name; /* NULL: made of the task or the description; adopting: of the branch */
	const char *task; /* as typed, or NULL */
	const char *description;
	const char *branch; /* NULL: the session's name */
	const char *base; /* NULL: as session.base says, else the default branch */
	enum start_mode mode;
};

struct start_result {
	struct outcome outcome; /* filled also on failure */
	struct session session; /* the new record */
	size_t events; /* of its past that were told; adopting */
};

/* ERR_USAGE when the request makes no sense. For before a repository is opened. */
int start_check(const struct start_request *req, struct error *err);
void start_result_release(struct start_result *res);

/*
 * `repo` is open, and becomes known to minsky if it is not yet. Starts that were interrupted are
 * recovered first; session.setup runs last, and its failure leaves the outcome unwell. ERR_REFUSED
 * in a session's workspace, and when something is taken or in the way.
 */
int session_start(struct repo *repo, const struct start_request *req, struct start_result *out,
	struct error *err);
/*
 * Make a session of what is there: the clone or linked work tree at `path` (real), on the branch
 * that is checked out in it; or, `path` NULL, the branch `req->branch` of the repository, which
 * gets a workspace. `repo` is open there. Its past is told from the reflogs. What is there stays as
 * it is. ERR_REFUSED for the repository itself, for a clone of a repository that is not known, and
 * for what is a session already.
 */
int session_adopt(struct repo *repo, const struct start_request *req, const char *path,
	struct start_result *out, struct error *err);
/* Finish or take back starts that were interrupted. Those still running are left alone. */
int start_recover(struct repo *repo, struct outcome *outcome, struct error *err);

#endif
