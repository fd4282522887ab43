/*
 * commits.h - small questions about commits, asked of git in `dir`: a work tree or a git directory.
 * Whether work is merged is a larger one: facts.h.
 */
#ifndef GIT_COMMITS_H
#define GIT_COMMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"

/* Is `a` an ancestor of `b`, or the same? False also where one of them is not there. */
int git_is_ancestor(const char *dir, const char *a, const char *b, bool *out, struct error *err);
/* Where the two part, appended; nothing when they have nothing in common. */
int git_merge_base(
	const char *dir, const char *a, const char *b, struct buf *out, struct error *err);
int git_has_commit(const char *dir, const char *oid, bool *out, struct error *err);
/* How many commits HEAD has that the branch has not. */
int git_count_beside(const char *dir, const char *branch, uint64_t *out, struct error *err);
enum git_commit_format { GIT_COMMIT_PARENTS_SUBJECT, GIT_COMMIT_TIME };
/*
 * `git log -1` with this format, of a commit in the first of these directories that has it; NULL
 * ones are passed over. *found_out: one had it.
 */
int git_show_commit(const char *const dirs[], size_t n, const char *oid,
	enum git_commit_format format, struct buf *out, bool *found_out, struct error *err);

#endif
