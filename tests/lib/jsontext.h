/*
 * jsontext.h - JSON texts for readers to disagree about, the same for the same seed.
 *
 * Every second one is valid, if nested too deeply now and then; the others have something wrong in
 * them, most of it what one parser takes and another one does not.
 */
#ifndef TESTS_LIB_JSONTEXT_H
#define TESTS_LIB_JSONTEXT_H

#include "core/buf.h"

struct generator;

/* The next text, appended; it may hold any byte. */
void jsontext_next(struct generator *g, struct buf *out);

#endif
