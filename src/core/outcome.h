/*
 * outcome.h - what a use case has to say beside its result: why it refused, what it noticed, what
 * is done and not well. Data, for whoever called; nothing here prints.
 *
 * Filled also on failure, unlike other results, since that is when reasons are wanted. The caller
 * initialises it with zeros and releases it.
 */
#ifndef CORE_OUTCOME_H
#define CORE_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

struct reason {
	char *category; /* a stable word for programs: "conflict", "untracked", ... */
	char *text; /* a line, as it was found: harmless only after text_add_line() */
};

struct outcome {
	struct reason *reasons; /* what stands against it, in the order in which it was found */
	size_t n_reasons;
	struct reason *words; /* what a person should read, in order */
	size_t n_words;
	bool unwell; /* it was done, and something about it is not as it should be */
};

#define OUTCOME_NOTE "note"
#define OUTCOME_WARNING "warning"

void outcome_release(struct outcome *o);
int outcome_add_reason(
	struct outcome *o, const char *category, const char *text, struct error *err);
/* Kept for the caller's user; `o` may be NULL, and a word for which there is no memory is lost. */
void outcome_note(struct outcome *o, const char *fmt, ...) PRINTFLIKE(2, 3);
/* The same, for something that is amiss and does not make it fail. */
void outcome_warn(struct outcome *o, const char *fmt, ...) PRINTFLIKE(2, 3);
/* Everything of `from` goes behind what `o` has. */
int outcome_take(struct outcome *o, struct outcome *from, struct error *err);

#endif
