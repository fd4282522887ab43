/*
 * clock.h - wall time in milliseconds since 1970, and how it is written and read.
 *
 * MINSKY_NOW (RFC 3339, or milliseconds) replaces the wall clock; the tests stand still with it.
 * Deadlines use the monotonic clock, which it does not touch.
 */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/error.h"

#define CLOCK_TEXT_SIZE sizeof("2026-11-23T04:31:07.123Z")

int64_t clock_now_ms(void);
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
/* A time or a span that is not negative. */
struct timespec clock_timespec(int64_t ms);

/* RFC 3339, UTC, milliseconds. Years outside 0000..9999 are clamped. */
void clock_format(int64_t ms, char out[CLOCK_TEXT_SIZE]);
/* RFC 3339 with any offset and fraction. False if the text is anything else. */
bool clock_parse(const char *text, int64_t *ms_out);
/*
 * What a person may write: RFC 3339, a date, "date time" or "dateThh:mm[:ss]" (UTC unless an
 * offset is behind it), or an age such as 90s, 15m, 2h, 3d, 2w before `now_ms`. ERR_USAGE
 * otherwise.
 */
int clock_parse_user(const char *text, int64_t now_ms, int64_t *ms_out, struct error *err);
/* "just now", "40 s ago", "5 min ago", "3 h ago", "2 d ago"; "in the future" for later ones. */
void clock_format_age(int64_t ms, int64_t now_ms, char out[32]);

#endif
