/*
 * hooks.h - what git knows of the hooks of a repository: where it looks for them, those that stand
 * in its configuration, and starting one.
 */
#ifndef GIT_HOOKS_H
#define GIT_HOOKS_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"

/*
 * The directory where git looks, absolute. git takes no empty core.hooksPath for a path: then this
 * is ERR_GIT, in git's words.
 */
int git_hooks_directory(const char *dir, struct buf *out, struct error *err);
/* core.hooksPath and where it is set ("local", "global", ...); both stay empty if it is not. */
int git_hooks_path(const char *dir, struct buf *scope, struct buf *value, struct error *err);

/* The section [hook "minsky"] of the repository's own configuration, as lines "key value". */
int git_hook_config(const char *dir, struct buf *out, struct error *err);
int git_hook_config_remove(const char *dir, struct error *err);
/* `events`: names of hooks, NULL-terminated. */
int git_hook_config_add(
	const char *dir, const char *command, const char *const *events, struct error *err);

/*
 * Start a hook as git does, with the variables `env`. post-checkout is told that a file was checked
 * out at `head`. What it prints and its exit status do not matter.
 */
int git_run_hook(const char *dir, const char *name, const char *head, const char *const *env,
	struct error *err);

#endif
