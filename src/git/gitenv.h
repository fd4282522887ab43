/*
 * gitenv.h - the environment that git is run with.
 */
#ifndef GIT_GITENV_H
#define GIT_GITENV_H

#include <stdbool.h>

#include "core/error.h"

/*
 * A new array (free it, not its strings) of ours without the variables that would tie git to the
 * repository of a hook that we run in, with `extra` ("K=V", NULL-terminated, or NULL) winning over
 * all. `unattended`: of the ways to other repositories only those that start no program of the
 * configuration's choice. NULL when memory is out.
 */
const char **git_environment(const char *const *extra, bool may_prompt, bool unattended);

#endif
