/*
 * batch.h - the sessions that one batch of the projector touches: fetched from the backend when
 * their first event comes, put back together at the end.
 */
#ifndef LOG_BATCH_H
#define LOG_BATCH_H

#include "core/backend.h"
#include "core/error.h"
#include "core/event.h"
#include "log/journal.h"

/* As many events are looked at ahead. */
#define BATCH_QUEUE 512

struct touched {
	char id[ID_UUID_SIZE];
	struct session_family family;
	char (*stored)[ID_UUID_SIZE]; /* its rows besides the one of the id itself */
	size_t n_stored;
	bool late; /* an event came that lies below what was folded: fold it anew */
};

struct batch {
	struct backend *backend;
	const char *repo_id;
	const struct own_origins *own; /* NULL: for a store that others share */
	bool only_own; /* put what this machine's origins began, and nothing else */
	uint64_t without_effect; /* events by others that had none */
	struct touched **table; /* open addressing, by session id */
	size_t n, cap; /* cap is a power of two, or 0 */
	size_t n_late;
	/* read, not yet applied: a backend that is far away fetches many sessions at once */
	struct event *queue;
	size_t n_queued;
};

void batch_release(struct batch *b);
/* Takes over what *e holds, which is empty afterwards, also on failure. */
int batch_apply(struct batch *b, struct event *e, struct error *err);
/*
 * Fold the late sessions from the journal, all of their events up to `heads`, and put every
 * session that was touched.
 */
int batch_put(struct batch *b, struct journal *j, const struct heads *heads, struct error *err);

#endif
