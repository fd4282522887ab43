/*
 * history_walk.h - the records of a journal, of all origins in the order in which they count or of
 * a stretch of one. Memory stays at one record for each origin.
 */
#ifndef HISTORY_WALK_H
#define HISTORY_WALK_H

#include "log/journal.h"

struct log_range {
	char origin[ID_HEX_SIZE]; /* "": all of all */
	uint64_t from, to; /* both included; 0: open */
};

struct history_walk;

int history_walk_open(struct history_walk **out, struct journal *j, const struct log_range *range,
	struct error *err);
/*
 * *record_out = the next record, NULL at the end; valid until the next call. Damage ends its own
 * origin only: it is ERR_CORRUPT when everything else has been read.
 */
int history_walk_next(struct history_walk *w, const struct record **record_out, struct error *err);
/* The verbatim line of that record, newline included. */
const char *history_walk_line(const struct history_walk *w, size_t *len_out);
/* The heads behind that record, in a walk over all origins. */
const struct heads *history_walk_heads(const struct history_walk *w);
void history_walk_close(struct history_walk *w);

#endif
