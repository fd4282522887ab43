/*
 * merge.h - reads the records of every origin of a journal as one stream, in the order of
 * event_key_compare(). Memory stays at one record for each origin.
 */
#ifndef LOG_MERGE_H
#define LOG_MERGE_H

#include "core/error.h"
#include "core/heads.h"
#include "log/journal.h"

struct merge;

/*
 * `origins` says which there are; reading starts behind the heads in `from`. ERR_CORRUPT when such
 * a head is not in the journal.
 */
int merge_open(struct merge **out, struct journal *j, const struct heads *origins,
	const struct heads *from, struct error *err);
/*
 * For whoever wants what is there and no more: an origin of which `from` has the end already is not
 * opened. With `upto` (it may be NULL) nothing is read behind the heads in it.
 */
int merge_open_behind(struct merge **out, struct journal *j, const struct heads *origins,
	const struct heads *upto, const struct heads *from, struct error *err);
/*
 * *record_out = the next record, NULL at the end; valid until the next call. Damage ends its own
 * origin only, and is remembered.
 */
int merge_next(struct merge *m, const struct record **record_out, struct error *err);
/* The verbatim line of the record that merge_next() gave last, newline included. */
const char *merge_line(const struct merge *m, size_t *len_out);
/* The heads behind it. */
const struct heads *merge_heads(const struct merge *m);
/* What was found wrong on the way: code is ERR_OK if nothing was. */
const struct error *merge_damage(const struct merge *m);
void merge_close(struct merge *m);

#endif
