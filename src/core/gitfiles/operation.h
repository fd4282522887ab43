/*
 * operation.h - what git has begun in a work tree and not ended: it leaves a file or a directory
 * in the git directory as long as it goes on.
 */
#ifndef CORE_GITFILES_OPERATION_H
#define CORE_GITFILES_OPERATION_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

struct operation {
	const char *file;
	const char *what; /* "a merge" */
	bool commits; /* what is under way ends in a commit on the branch that is checked out */
};

/* All that there are; the last has no file. */
extern const struct operation operations[];

int operation_look(const char *git_dir, const char *file, bool *out, struct error *err);
/* A rebase; `git am` has a directory of the same name. False where that cannot be told. */
bool operation_is_rebase(const char *git_dir);
/* A rebase that will put this branch back when it ends. */
bool operation_is_rebase_of(const char *git_dir, const char *branch);

#endif
