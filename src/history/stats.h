/*
 * stats.h - counting records: by origin, type and day, and how long hooks took.
 */
#ifndef HISTORY_STATS_H
#define HISTORY_STATS_H

#include "core/event.h"
#include "log/record.h"

#define STATS_DAY_MS INT64_C(86400000)

struct stats_origin {
	char origin[ID_HEX_SIZE];
	uint64_t records, bytes;
};

struct stats_type {
	char *name;
	uint64_t records;
};

struct stats_day {
	int64_t day; /* since 1970, UTC, of when the record was written */
	uint64_t records, bytes;
};

struct stats {
	uint64_t records, redacted, bytes;
	uint64_t segments, size; /* for the caller to fill in: files, as they are on disk */
	struct stats_origin *origins;
	size_t n_origins;
	struct stats_type *types; /* after stats_sort(): the most frequent first, then by name */
	size_t n_types;
	struct stats_day *days; /* in order; days without a record are left out */
	size_t n_days;
	uint32_t *hook_us; /* one for each event that says; sorted by stats_sort() */
	size_t n_hook_us, cap_hook_us;
};

void stats_release(struct stats *s);
/* `e` is NULL for a record that is blank or unreadable; `len` is that of its line. */
int stats_add(struct stats *s, const struct record *record, const struct event *e, size_t len,
	struct error *err);
/* Call once, before the two below. */
void stats_sort(struct stats *s);
/* The smallest value that `percent` of 100 do not exceed; 0 if there are none. */
uint64_t stats_hook_us(const struct stats *s, unsigned percent);
/* Bytes, divided by the days from the first to the last one. */
uint64_t stats_growth(const struct stats *s);

#endif
