/*
 * history_point.h - places in a journal as people write them.
 *
 * SEQ is a record of this machine's origin; PREFIX:SEQ one of the origin whose id begins so;
 * anything else a time.
 */
#ifndef HISTORY_POINT_H
#define HISTORY_POINT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "log/journal.h"

struct history_point {
	bool by_time;
	int64_t ms;
	char origin[ID_HEX_SIZE];
	uint64_t seq;
};

/*
 * ERR_USAGE for what is no such place, and for a time unless `times`; ERR_NOTFOUND for an origin
 * that is not here. Whether there is such a record is not looked at.
 */
int history_point_parse(struct history_point *out, struct journal *j, const char *text, bool times,
	struct error *err);
/* ERR_NOTFOUND: the journal has no record there. */
int history_point_missing(const char *text, struct error *err);
/* The whole id of the one origin here that begins with `prefix`. */
int log_origin_find(
	char out[ID_HEX_SIZE], struct journal *j, const char *prefix, struct error *err);
/* With the journal's own origin in it, also when that has no record yet. */
int log_origins(struct heads *out, struct journal *j, struct error *err);

/* "12", or "1f0c93d2:12" of another origin than `own`. */
#define HISTORY_PLACE_SIZE 32
void history_place(char out[HISTORY_PLACE_SIZE], const char *own, const char *origin, uint64_t seq);

#endif
