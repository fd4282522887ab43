/*
 * as_of.h - sessions as they were at a point of the journal: folded in memory, from the records of
 * all origins up to there. Neither git nor the store is asked.
 */
#ifndef HISTORY_AS_OF_H
#define HISTORY_AS_OF_H

#include "history/replay.h"
#include "repo/repo.h"

struct as_of {
	struct replay replay;
	bool by_time;
	int64_t ms; /* the time that was asked for, or that of the record */
	uint64_t seq; /* this machine's last record up to there; 0: it has none */
};

void as_of_release(struct as_of *a);
/* `when` is a place or a time. */
int as_of_fold(struct as_of *out, struct repo *repo, const char *when, struct error *err);

/* The answer to a query, in its order: pointers into `a`, for free(). */
int as_of_list(const struct as_of *a, const struct session_query *query,
	const struct session ***out, size_t *n_out, struct error *err);
/*
 * The session that a command means, as repo_find_session() would have found it then. *a holds
 * it, and the context is that of its repository.
 */
int as_of_find(struct repo *repo, const struct caller *caller, const char *path, const char *key,
	const char *when, struct as_of *a, const struct session **out, struct error *err);

/* "as of ..." as a member "asOf": time, and seq of this machine's record. */
void as_of_json(struct jsonw *w, const struct as_of *a);

#endif
