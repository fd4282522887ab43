/*
 * trace.h - a backend around another one that tells each call, its outcome and how long it took.
 *
 *	sqlite get 11111111111111111111111111111111 name 'fix' -> not-found, 41 us
 *
 * Records are never told, only what finds them and how many there are.
 */
#ifndef BACKENDS_TRACE_H
#define BACKENDS_TRACE_H

#include "core/backend.h"

/* A line without a newline. */
typedef void trace_fn(void *arg, const char *line);

/*
 * Takes over *b and replaces it; on failure both are as they were. `open_us` is what opening took,
 * which is told first.
 */
int trace_wrap(struct backend **b, int64_t open_us, trace_fn *fn, void *arg, struct error *err);

#endif
