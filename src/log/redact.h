/*
 * redact.h - blanks the body of one record for good; its hashes stay, so the chain holds.
 */
#ifndef LOG_REDACT_H
#define LOG_REDACT_H

#include <stdbool.h>

#include "log/journal.h"

/*
 * First an event.redacted is appended, then the record's segment is written anew without the body
 * and renamed over the old one. Killed in between, the next call for the same record does the
 * rest. *changed_out is false if all of that was done before. ERR_NOTFOUND without such a record;
 * ERR_REFUSED for an event of the journal's own, which readers need.
 */
int journal_redact(struct journal *j, const char *origin, uint64_t seq, const char *reason,
	bool *changed_out, struct error *err);
/* The same for a record that another machine's event.redacted names: nothing is appended. */
int journal_blank(
	struct journal *j, const char *origin, uint64_t seq, bool *changed_out, struct error *err);

#endif
