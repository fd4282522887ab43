/*
 * journals.h - making journals for tests. Failing is an assertion.
 */
#ifndef TESTS_LIB_JOURNALS_H
#define TESTS_LIB_JOURNALS_H

#include "log/journal.h"
#include "log/verify.h"

/* A new journal in dir, opened. */
struct journal *journals_new(const char *dir);
struct journal *journals_open(const char *dir);
/* Append one body, or {"n":<i>} for i = from .. from + n - 1, one append each. */
struct head journals_add(struct journal *j, const char *body);
struct head journals_fill(struct journal *j, unsigned from, unsigned n);
/* Path of the newest own segment, in static storage; NULL if there is none. */
const char *journals_segment(struct journal *j);
unsigned journals_count_segments(const struct journal *j);

/* Read from the start: how many records, and how it ended (0 or the code of the error). */
struct journals_read {
	uint64_t records;
	uint64_t last_seq;
	int code;
	char message[1024];
	char last_body[256];
};
struct journals_read journals_read(struct journal *j, uint64_t after);

/* journal_verify() with its first findings kept. */
#define JOURNALS_FINDINGS 8
struct journals_verdict {
	struct verify_result result;
	size_t n;
	struct {
		char file[512];
		uint64_t line, offset;
		bool damage;
		char what[128];
	} v[JOURNALS_FINDINGS];
};
struct journals_verdict journals_verify(struct journal *j);

/* Import records (after, upto] of `origin` from one journal into another: 0, or the first error. */
struct peer_import;
int journals_import(struct journal *to, struct journal *from, const char *origin, uint64_t after,
	uint64_t upto, struct error *err);
/* Everything of an origin, the lines as they stand, one behind the other. */
struct buf journals_lines(struct journal *j, const char *origin);

#endif
