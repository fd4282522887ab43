/*
 * duration.h - "200ms", "90s", "5m", "12h", "14d", "2w": a whole number and its unit; 0 needs none.
 */
#ifndef CORE_DURATION_H
#define CORE_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* False, and *ms_out untouched, for anything else and above 2^53 ms. */
bool duration_parse(const char *text, int64_t *ms_out);

#endif
