/*
 * hook_manager.h - programs that own the hooks of a repository, and the files in which they are
 * told what to run. Only the files' names, and whether they speak of minsky, are looked at.
 */
#ifndef REPO_HOOK_MANAGER_H
#define REPO_HOOK_MANAGER_H

#include <stdbool.h>

enum hook_manager { MANAGER_NONE, MANAGER_HUSKY, MANAGER_LEFTHOOK, MANAGER_SIMPLE_GIT_HOOKS };

/* Those that write into the repository's own hooks directory; `top` is that of the work tree. */
enum hook_manager manager_find(const char *top);
/*
 * The file, relative to `top`, that lefthook merges over the project's, and the one that
 * simple-git-hooks reads: the one that is there, or the one that it would be.
 */
const char *manager_lefthook_local(const char *top);
const char *manager_simple_file(const char *top);
/* Is there such a file, and does minsky-hook occur in it? */
bool manager_file_rings(const char *dir, const char *name);

#endif
