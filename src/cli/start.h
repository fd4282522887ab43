/*
 * start.h - starting a session: the name is reserved in the journal, the clone is made under a
 * temporary name and renamed into place, then success is recorded. Killed anywhere, the next
 * command finishes it or takes it back (start_recover).
 */
#ifndef CLI_START_H
#define CLI_START_H

#include "cli/context.h"

struct start_request {
	const char *name; /* as checked */
	const char *task; /* normalised, or NULL */
	const char *description;
	const char *branch; /* NULL: the session's name */
	const char *base; /* NULL: the default branch */
	bool worktree; /* a linked work tree of the main repository instead of a clone */
};

/* *out is the new record. ERR_REFUSED when something is taken or in the way. */
int start_session(struct context *c, const struct git_repo *git, const struct start_request *req,
	struct session *out, struct error *err);
/* Finish or take back starts that were interrupted. Those still running are left alone. */
int start_recover(struct context *c, struct error *err);

#endif
