/* clones.h - every clone of a repository, or of all that are known, one after the other. */
#ifndef REPO_CLONES_H
#define REPO_CLONES_H

#include <stdbool.h>

#include "hooks/observe/linked.h"
#include "repo/repo.h"

struct clone_visit {
	struct repo *repo; /* of its repository */
	const struct repo_file_clone *clone; /* path: its common git directory */
	bool there; /* the directory exists, and its pointer is this clone's */
	bool bare;
	const struct linked *linked; /* of a session's linked work tree of this clone, else NULL */
};

typedef int clone_fn(const struct clone_visit *v, void *arg, struct error *err);

/*
 * Each clone, then the sessions that have a linked work tree of it.
 *
 * `path` NULL: the repository that we are in. `all`, or outside any repository: every one that has
 * a journal; `path` must be NULL. A damaged repository is warned about and left out, as
 * *left_out tells.
 */
int clones_visit(const struct caller *caller, const char *path, bool all, clone_fn *fn, void *arg,
	size_t *left_out, struct error *err);

#endif
