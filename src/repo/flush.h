/*
 * flush.h - the detached worker that gives a hub what hooks have written.
 *
 * One for each journal: whoever comes second leaves, because the first looks again before it goes.
 * It stays for two seconds after it has pushed, so that a burst of commits costs one connection,
 * and leaves at once when the hub does not answer: the time of the next try stands in a file then,
 * which hooks look at before they start another one.
 */
#ifndef REPO_FLUSH_H
#define REPO_FLUSH_H

#include "repo/repo.h"

int flush_run(struct repo *repo, struct error *err);

#endif
