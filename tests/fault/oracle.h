/*
 * oracle.h - what was acknowledged, and whether a journal holds it.
 *
 * A life is one process that appends {"life":<n>,"i":0}, {"life":<n>,"i":1}, ... one by one, and
 * tells of each that was acknowledged. It ends at its first failure, or when it is killed: of a
 * life's events those that were acknowledged have to be there once, in order, at the seq that was
 * told; one more may be there; nothing else.
 *
 * The segments are read here as files, line by line, without the reader that is under test.
 */
#ifndef TESTS_FAULT_ORACLE_H
#define TESTS_FAULT_ORACLE_H

#include <stdbool.h>

#include "core/buf.h"
#include "log/journal.h"

struct oracle_life {
	uint64_t *seqs; /* of what was acknowledged, by i */
	size_t n, cap;
	size_t found;
};

struct oracle {
	struct oracle_life *lives;
	size_t n;
	bool more; /* than one unacknowledged event of a life may be there */
	size_t acknowledged;
	size_t unasked; /* found by oracle_check() without having been acknowledged */
};

#define ORACLE_INIT                                                                                \
	{                                                                                          \
		.lives = NULL                                                                      \
	}

void oracle_release(struct oracle *o);
/* The body of event i of a life, with bytes to spare, so that lines lie across pages. */
int oracle_body(struct buf *out, size_t life, size_t i, struct error *err);
int oracle_acknowledge(struct oracle *o, size_t life, size_t i, uint64_t seq, struct error *err);
/* Lines "ACK <life> <i> <seq>", anything else is skipped, as is a last line without its end. */
int oracle_read(struct oracle *o, const char *path, struct error *err);
/*
 * ERR_CORRUPT, and why, if what was acknowledged is not there, or something is there twice, or the
 * order is not what it should be. `damaged`: the journal may have holes.
 */
int oracle_check(struct oracle *o, const struct journal *j, bool damaged, struct error *err);

#endif
