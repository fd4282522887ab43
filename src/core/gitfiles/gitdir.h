/*
 * gitdir.h - where a repository's git directory is, found without git.
 */
#ifndef CORE_GITFILES_GITDIR_H
#define CORE_GITFILES_GITDIR_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"

/*
 * The git directory and common directory of the repository that `dir` lies in, found as git does:
 * GIT_DIR if `use_env`, else .git (directory or "gitdir:" file) in dir or above, or dir itself if
 * it is bare. No git, no library. Both absolute; equal except in a linked worktree. *top_out (may
 * be NULL) gets the top of the work tree, "" in a bare repository. ERR_NOTFOUND.
 */
int gitdir_find(const char *dir, bool use_env, struct buf *git_dir_out, struct buf *common_dir_out,
	struct buf *top_out, struct error *err);
/*
 * A directory that looks like a bare repository, and lies in the work tree of another one: files of
 * that repository can make it look so, settings that run programs included. It counts only where a
 * journal of this user knows it as a clone, which no such file can make true; else gitdir_find() is
 * ERR_REFUSED, and git is not to find it either.
 */
bool gitdir_embedded(const char *dir);
/* The common directory of a git directory: that of a linked work tree names it. ERR_CORRUPT. */
int gitdir_common(const char *git_dir, struct buf *out, struct error *err);
/* Of a linked work tree: where git knows it to be, the path in <git_dir>/gitdir less "/.git". */
int gitdir_linked_top(const char *git_dir, struct buf *out, struct error *err);

#endif
