/*
 * refs.h - refs and branches of a repository as git changes them; `dir` is a work tree or a git
 * directory. Reading one ref without git is core's (see core/gitfiles/refs.h).
 */
#ifndef GIT_REFS_H
#define GIT_REFS_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"

/* By full name. */
int git_ref_exists(const char *dir, const char *ref, bool *out, struct error *err);
int git_set_ref(const char *dir, const char *ref, const char *oid, struct error *err);
/* The same if nothing is there yet. */
int git_make_ref(const char *dir, const char *ref, const char *oid, struct error *err);
int git_delete_ref(const char *dir, const char *ref, struct error *err);
/* Lines of git_input_update() and git_input_delete(), all of them or none. */
int git_update_refs(const char *dir, const struct buf *input, struct error *err);
/* Refs below `prefix` that have the commit, one full name a line; none where git cannot tell. */
int git_refs_containing(
	const char *dir, const char *prefix, const char *oid, struct buf *out, struct error *err);
/* What HEAD names, by its full name; nothing when it is detached. */
int git_head_ref(const char *dir, struct buf *out, struct error *err);

int git_rename_branch(const char *dir, const char *from, const char *to, struct error *err);
/* The work tree that has the branch checked out, appended; nothing if none has. */
int git_checked_out_at(const char *dir, const char *branch, struct buf *out, struct error *err);
/* .minsky/config.yaml in HEAD's tree; nothing where there is no such file. */
int git_read_head_config(const char *dir, struct buf *out, struct error *err);

#endif
