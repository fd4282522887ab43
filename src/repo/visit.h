/*
 * visit.h - every repository that minsky knows on this machine, one after the other.
 */
#ifndef REPO_VISIT_H
#define REPO_VISIT_H

#include "repo/repo.h"

/*
 * Called with each, open. It may keep the repository: take *repo over and leave REPO_INIT there.
 */
typedef int repo_fn(struct repo *repo, void *arg, struct error *err);
/*
 * In the order of their journals, below `state`. One whose journal or repo.json is damaged is
 * warned about and left out (*left_out, may be NULL, counts them); so is one for which `fn` gives
 * ERR_CORRUPT. Any other failure ends it.
 */
int repo_visit_all(const struct caller *caller, const char *state, repo_fn *fn, void *arg,
	size_t *left_out, struct error *err);

#endif
