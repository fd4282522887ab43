/*
 * merge.h - a merge of git's own, in a work tree.
 */
#ifndef GIT_MERGE_H
#define GIT_MERGE_H

#include <stdbool.h>

#include "core/error.h"

/*
 * Merge a commit into what is checked out: by moving forward alone if `ff_only`, else always with a
 * merge commit. ERR_REFUSED, with a hint, when changes that are in no commit stand in the way;
 * ERR_GIT when it failed otherwise. git_merge_abort() takes a failed one back.
 */
int git_merge(
	const char *dir, const char *oid, bool ff_only, const char *message, struct error *err);
/* `git_dir` is that of the work tree at `dir`. Nothing to do when no merge is under way. */
void git_merge_abort(const char *dir, const char *git_dir);

#endif
