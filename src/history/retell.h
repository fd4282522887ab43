/*
 * retell.h - events of git that repair could not bring back: its reflogs may still know of them.
 *
 * They are told as new events, at the journal's end, with "again":true in their data. If a copy of
 * the journal brings the lost records back later, those events are redacted.
 */
#ifndef HISTORY_RETELL_H
#define HISTORY_RETELL_H

#include "repo/repo.h"

/* `seq` is the first record of this machine that was lost. After reconcile_all(). */
int retell_lost(struct repo *repo, uint64_t seq, size_t *events_out, struct error *err);
/* Redact the events that were told again and have their first record back. */
int retell_withdraw(struct journal *j, size_t *events_out, struct error *err);

#endif
