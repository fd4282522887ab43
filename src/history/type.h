/*
 * type.h - types of events as people name them: whole, or the first words of one.
 */
#ifndef HISTORY_TYPE_H
#define HISTORY_TYPE_H

#include <stdbool.h>

#include "core/error.h"

struct journal;

/* "pr.created" and "pr" fit pr.created. */
bool history_type_fits(const char *wanted, const char *type);
/*
 * ERR_USAGE, with a hint at what may have been meant, when neither this version nor an event in the
 * journal has such a type: a newer minsky's events can be asked for like our own.
 */
int history_type_check(const char *wanted, struct journal *j, struct error *err);
/* Call `each` for the first words, and for every type. */
void history_type_each(void (*each)(void *arg, const char *word), void *arg);

#endif
