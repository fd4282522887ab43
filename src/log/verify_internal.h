/*
 * verify_internal.h - shared by verify.c (lines and segments), verify_claims.c (what records say
 * about other records) and verify_state.c (what an earlier run has read already).
 */
#ifndef LOG_VERIFY_INTERNAL_H
#define LOG_VERIFY_INTERNAL_H

#include "log/journal_internal.h"
#include "log/verify.h"
#include "log/verify_notes.h"
#include "log/verify_redact.h"

#define ADVICE_RESTORE "the records before it are valid; to repair the rest: minsky journal repair"
#define ADVICE_TORN "nothing to do: readers stop before it, and the next append moves it to torn/"

/* What has been seen of one origin. */
struct chain {
	uint64_t seq; /* highest so far */
	uint64_t hlc; /* of that record */
	char hash[HASH_HEX_SIZE]; /* as that record says */
	char computed[HASH_HEX_SIZE]; /* as it should be; the next one may follow either */
	bool unsure; /* lines before this one could not be read */
};

/* verify_state.c's file, while it is written, and what was in it. */
struct verify_state {
	int fd; /* -1: it cannot be kept */
	struct buf known; /* blocks of an earlier run */
	size_t at; /* of the next one in `known` */
};

struct verify {
	struct verify_result result;
	const struct verify_options *options;
	struct verify_state state;
	uint64_t total; /* bytes that will be read */
	struct redactions redactions;
	struct notes notes;
	struct scan scan;
	struct buf path; /* of the file that is being looked at */

	const struct place *own;
	const struct place *place;
	bool peers;
	struct segment segment;
	bool newest; /* of its origin */
	int fd;
	struct line line;
	uint64_t number; /* of that line, from 1 */
	struct hint hint; /* known: it is about this origin */
	struct chain chain;
};

void verify_report(struct verify *v, uint64_t line, uint64_t offset, bool damage, const char *what,
	const char *advice);

/* verify_claims.c: all of it when every segment has been read. */
int verify_claims(
	struct verify *v, const struct journal *j, const struct place *peers, struct error *err);

/* Marks how much had been noted before a segment. */
struct verify_marks {
	size_t claims, declared, used, blanks, redactions;
	uint64_t records;
};

void verify_state_open(struct verify *v);
void verify_state_close(struct verify *v);
/*
 * Has an earlier run read this segment, which is as it was (`st`)? Then v is as if it had been read
 * now. Asked for all segments in the order in which they are read.
 */
int verify_state_adopt(struct verify *v, const struct stat *st, bool *out, struct error *err);
/* It has been read; nothing was wrong so far. Best effort. */
void verify_state_keep(struct verify *v, const struct stat *st, const struct verify_marks *before);
struct verify_marks verify_state_marks(const struct verify *v);

#endif
