/*
 * past.h - what the reflogs of a clone say of the time before minsky knew it.
 *
 * A cursor begins at the present (observe_start), since nobody asked for years of history. Somebody
 * who does gets the lines before that place: the same events with their own times, `via`
 * "reconcile". `src.n` of such an event is its time in seconds, which no counted line reaches, so
 * that asking twice tells nothing twice. Lines that were told under way are not told again.
 *
 * Unless the journal has lost them: then it is those lines that are looked at, and told like
 * history if no event in the journal has their clone, ref and commits. Which of several equal steps
 * was lost cannot be seen; rather none is told than one twice. A blanked record does not say what
 * it was about, and must not come back: when one is younger than `since`, nothing is told.
 */
#ifndef HOOKS_OBSERVE_PAST_H
#define HOOKS_OBSERVE_PAST_H

#include "hooks/observe/observe.h"

struct past {
	const struct observation
		*bell; /* of the work tree whose HEAD it is; its cursor has begun */
	const char *branch; /* full name of the only one to tell of; NULL: all; "": HEAD alone */
	int64_t since; /* ms; nothing that happened before; 0: everything */
	bool lost; /* not history, but what was told since the start and is in no journal any more
		    */
};

/* *events_out: so many were appended, or shown. Reads the whole journal once. */
int observe_past(const struct past *h, struct journal *j, size_t *events_out, struct error *err);

#endif
