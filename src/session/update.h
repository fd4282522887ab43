/*
 * update.h - brings the base into a session's branch, in its workspace, by a merge of git's own.
 *
 * Whether it conflicts is asked of the object database first: what is refused has changed nothing.
 * Changes that are in no commit stay as they are; where they stand in the way, git refuses, and so
 * do we.
 */
#ifndef SESSION_UPDATE_H
#define SESSION_UPDATE_H

#include "core/oid.h"
#include "core/outcome.h"
#include "repo/repo.h"

struct update_request {
	const char *base; /* the session's base from now on; NULL: as it is */
	bool fetch; /* ask the remote where the base is first */
	bool dry_run;
};

struct update_result {
	struct outcome outcome; /* filled also on failure: the files of a conflict */
	const char *how; /* "ff" or "merge"; NULL: nothing to do */
	struct oid from, to; /* tips of the branch; `to` is the base's in a dry run */
};

/* *s is of `repo`, and is up to date when this returns 0. */
int session_update(struct repo *repo, struct session *s, const struct update_request *req,
	struct update_result *out, struct error *err);

#endif
