/*
 * history.h - what the reflogs of a clone say of the time before minsky knew it.
 *
 * A cursor begins at the present (bell_start), since nobody asked for years of history. Somebody
 * who does gets the lines before that place: the same events with their own times, `via`
 * "reconcile". `src.n` of such an event is its time in seconds, which no counted line reaches, so
 * that asking twice tells nothing twice. Lines that were told under way are not told again.
 */
#ifndef HOOKS_HISTORY_H
#define HOOKS_HISTORY_H

#include "hooks/bell.h"

struct history {
	const struct bell *bell; /* of the work tree whose HEAD it is; its cursor has begun */
	const char *branch; /* full name of the only one to tell of; NULL: all; "": HEAD alone */
	int64_t since; /* ms; nothing that happened before; 0: everything */
};

/* *events_out: so many were appended, or shown. Reads the whole journal once. */
int history_tell(const struct history *h, struct journal *j, size_t *events_out, struct error *err);

#endif
