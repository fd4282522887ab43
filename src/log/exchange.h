/*
 * exchange.h - gives a hub this machine's records and takes everybody else's.
 *
 * Own records are pushed in batches, each a compare-and-set on the hub's head of their origin, so
 * that an answer that was lost costs one more question and nothing is stored twice. What the hub
 * has is pulled origin by origin, checked (peers.h) and stored. A hub that was restored from an old
 * backup gets back what any of us still holds. An origin that two machines write to (a disk that
 * was copied) is healed by going on as a new one (reorigin.h).
 *
 * One exchange at a time for each journal: the caller holds hub_state_lock().
 *
 * 0 also when something needs a person or more time: the result says so. ERR_BACKEND (the hub does
 * not answer), ERR_REFUSED (it does not let us in), ERR_UNSUPPORTED, ERR_CORRUPT and ERR_IO (our
 * own journal); what was exchanged before stays.
 */
#ifndef LOG_EXCHANGE_H
#define LOG_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/hub.h"
#include "log/journal.h"

/* What stops the records of one origin, or ours. In order of weight. */
#define EXCHANGE_TROUBLES(X)                                                                       \
	X(NONE, "none")                                                                            \
	X(REDACT, "not-redacted") /* the hub does not let us blank a body */                       \
	X(FOREIGN, "not-ours") /* an origin here belongs to another account of the hub */          \
	X(DIFFERS, "differs") /* the hub's records of an origin are not the ones that we hold */   \
	X(DAMAGED, "damaged") /* our journal cannot be read to its end */                          \
	X(BATCH, "bad-batch") /* the hub finds fault with the chain of our records */              \
	X(CLOCK, "clock-ahead") /* our clock is more than five minutes ahead of the server's */

enum exchange_trouble {
#define X(id, name) EXCHANGE_##id,
	EXCHANGE_TROUBLES(X)
#undef X
};

const char *exchange_trouble_name(enum exchange_trouble t);

struct exchange_progress {
	uint64_t pushed, to_push, pulled, to_pull;
};

typedef void exchange_tell_fn(void *arg, const struct exchange_progress *p);

struct exchange {
	struct hub *hub;
	const char *key; /* the repository's, from hub_ops.join() */
	const char *host;
	int64_t until; /* clock_monotonic_ms() when there is no more time; 0: take what it takes */
	exchange_tell_fn *tell; /* may be NULL */
	void *arg;
};

struct exchange_result {
	struct exchange_progress done; /* to_push and to_pull: what had to be done */
	struct heads hub; /* what the hub has now; all of it is here if complete */
	bool complete; /* false: no time was left */
	uint64_t unpushed; /* own records that the hub does not have */
	uint64_t forked; /* records that are told again by a new origin */
	size_t blanked; /* bodies that others redacted: stores have to be filled anew */
	enum exchange_trouble trouble;
	char what[256]; /* about it */
};

int exchange_run(struct journal *j, const struct exchange *x, struct exchange_result *out,
	struct error *err);
void exchange_release(struct exchange_result *r);

/*
 * What the hub has of an origin up to its head, as a segment in a directory: a copy that
 * journal_repair() can take records from. Nothing is checked here.
 */
int exchange_copy(struct hub *hub, const char *key, const struct head *head, const char *dir,
	struct error *err);

/* Own records above what the hub had when we last looked. */
int exchange_unpushed(struct journal *j, const struct heads *hub, uint64_t *out, struct error *err);

#endif
