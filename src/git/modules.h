/*
 * modules.h - the submodules of a new workspace, made of those that the main repository has, so
 * that nothing is asked of a network; and the objects of git-lfs, likewise.
 */
#ifndef GIT_MODULES_H
#define GIT_MODULES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"

/*
 * Initialise in the work tree `dir` each submodule whose repository lies below main_git_dir
 * (its modules/), and theirs. What a module is fetched from afterwards is what it is in the main
 * repository. Names of those made are appended to `made`, and "name: why" lines of those that could
 * not be to `failed`. A negative return means that nothing could be found out at all.
 */
int modules_init(const char *main_git_dir, const char *dir, struct buf *made, struct buf *failed,
	struct error *err);

/*
 * Give the objects that git-lfs keeps below one git directory to another one that has not got them:
 * linked where that can be, else copied. *n_out counts them.
 */
int lfs_share(const char *from_git_dir, const char *to_git_dir, size_t *n_out, struct error *err);

#endif
