/*
 * rename.h - gives a session another name; its branch and its directory follow when asked to.
 *
 * A name is a label: id, journal, PRs and what was said of them stay. An open PR keeps its branch;
 * the next one will be pr/<new name>.
 */
#ifndef SESSION_RENAME_H
#define SESSION_RENAME_H

#include "repo/repo.h"

struct rename_request {
	const char *name;
	bool branch; /* the session's git branch is called so, too */
	bool move; /* the workspace is moved to a directory of that name */
};

/* *s is settled when it comes in and when it leaves. *done_out: false when all was so already. */
int rename_session(struct repo *repo, struct session *s, const struct rename_request *req,
	bool *done_out, struct error *err);

#endif
