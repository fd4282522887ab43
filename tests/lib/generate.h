/*
 * generate.h - histories as a team writes them, of any length, the same for the same seed.
 *
 * Sessions are started, committed to, renamed, noted, updated with members that nobody knows, get
 * pull requests, one after the other, are deleted and restored. Which machine says what about which
 * session is random, and so are clocks that disagree.
 */
#ifndef TESTS_LIB_GENERATE_H
#define TESTS_LIB_GENERATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"

struct generator {
	uint64_t rng; /* not 0 */
	unsigned sessions; /* ids are those of sessions 0 .. sessions - 1 */
	unsigned started; /* so many have been */
	unsigned long events; /* made so far */
	bool one_each; /* each event starts a session of its own */
};

/* 0 .. n - 1. */
uint64_t generate_number(struct generator *g, uint64_t n);
/* The body of the next event, which happens at that moment, appended. */
void generate_body(struct generator *g, struct buf *out, int64_t at_ms);

#endif
