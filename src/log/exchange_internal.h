/*
 * exchange_internal.h - shared by the files that implement exchange.h.
 */
#ifndef LOG_EXCHANGE_INTERNAL_H
#define LOG_EXCHANGE_INTERNAL_H

#include "log/exchange.h"

struct run {
	struct journal *j;
	const struct exchange *x;
	struct heads local; /* of the journal, when the run began and as it goes on */
	bool refilling; /* what is pushed is somebody else's: that it is not taken is no trouble */
	struct exchange_result r;
};

bool exchange_late(const struct run *run);
void exchange_tell(const struct run *run);
/* Only the weightiest is kept. */
void exchange_trouble(struct run *run, enum exchange_trouble t, const char *fmt, ...)
	PRINTFLIKE(3, 4);
/* The hash of our record; ERR_NOTFOUND if it is not here. HASH_ZERO for seq 0. */
int exchange_local_hash(struct journal *j, const char *origin, uint64_t seq,
	char out[HASH_HEX_SIZE], struct error *err);

/* exchange_push.c */

/* Give the hub what it lacks of one origin that stands here. */
int exchange_push(struct run *run, const char *origin, struct error *err);
/*
 * Our own origin has another half: the hub's head of it is not on our chain, or lies beyond our
 * end. Go on as a new one.
 */
int exchange_heal(struct run *run, const struct head *theirs, bool new_clock, struct error *err);

/* exchange_pull.c */

/* Everything of the heads in run->r.hub that we do not hold yet. */
int exchange_pull(struct run *run, struct error *err);

#endif
