/*
 * fallback.h - a shared store that is left for the journal when it does not answer.
 *
 * The store is asked first. A question that it does not answer in time, or answers with a row that
 * does not read, is answered from the journal, as it is when the store cannot be reached at all
 * (hub.h): what one member does to the rows, or to their locks, costs the others a moment and a
 * line, never an answer. Batches go through as they are.
 */
#ifndef REPO_FALLBACK_H
#define REPO_FALLBACK_H

#include "core/backend.h"

struct repo;

/* `inner` stays the caller's. Close it with its ops. */
int fallback_open(
	struct backend **out, struct repo *repo, struct backend *inner, struct error *err);
/* The struct repo has been moved in memory. Accepts NULL. */
void fallback_follow(struct backend *b, struct repo *repo);

#endif
