/*
 * rename.h - gives a session another name; its branch and its directory follow when asked to.
 *
 * A name is a label: id, journal, PRs and what was said of them stay. An open PR keeps its branch;
 * the next one will be pr/<new name>.
 */
#ifndef SESSION_RENAME_H
#define SESSION_RENAME_H

#include "core/outcome.h"
#include "repo/repo.h"

struct rename_request {
	const char *name;
	bool branch; /* the session's git branch is called so, too */
	bool move; /* the workspace is moved to a directory of that name */
};

struct rename_result {
	struct outcome outcome; /* filled also on failure: the reasons */
	bool done; /* false: all was so already */
};

/* *s is of `repo`, and is up to date when this returns 0. */
int session_rename(struct repo *repo, struct session *s, const struct rename_request *req,
	struct rename_result *out, struct error *err);

#endif
