/*
 * selftest.h - proof that a bell arrives.
 *
 * A command makes <journal>/selftest.<nonce> with an empty line and starts hooks with
 * MINSKY_SELFTEST=<nonce>. Each that gets through to the journal adds a line, "<hook> ok" or
 * "<hook> <what is wrong>", and does not go on to the hook that it is chained to. Where there is no
 * such file nothing is written.
 */
#ifndef HOOKS_INSTALL_SELFTEST_H
#define HOOKS_INSTALL_SELFTEST_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"

#define SELFTEST_VARIABLE "MINSKY_SELFTEST"

/* The nonce of the test that we are part of; NULL outside one. */
const char *selftest_nonce(void);
/* `why` NULL: all is well. */
void selftest_answer(const char *journal_dir, const char *nonce, const char *hook, const char *why);

int selftest_begin(const char *journal_dir, const char *nonce, struct error *err);
/* The answers so far, whole lines, into `out` (cleared first). */
int selftest_read(const char *journal_dir, const char *nonce, struct buf *out, struct error *err);
void selftest_end(const char *journal_dir, const char *nonce);

#endif
