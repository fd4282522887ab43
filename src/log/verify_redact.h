/*
 * verify_redact.h - a blanked body is in order only if a later event.redacted names it.
 */
#ifndef LOG_VERIFY_REDACT_H
#define LOG_VERIFY_REDACT_H

#include "log/journal_internal.h"

/* A record without a body, and where it stands. */
struct blank {
	struct event_key key;
	bool peers;
	char segment[SEGMENT_NAME_SIZE];
	uint64_t line, offset;
};

/* An event.redacted: what it names, and its own place. */
struct redaction {
	char origin[ID_HEX_SIZE];
	uint64_t seq;
	struct event_key by;
};

struct redactions {
	struct blank *blanks;
	size_t n_blanks, cap_blanks;
	struct redaction *v;
	size_t n, cap;
};

void redactions_release(struct redactions *r);
int redactions_add_blank(struct redactions *r, const struct blank *b, struct error *err);
int redactions_add(struct redactions *r, const struct redaction *one, struct error *err);
/* Takes note if the record is an event.redacted; anything else is no error. */
int redactions_add_record(struct redactions *r, const struct record *rec, struct error *err);
/* Call once, before redactions_cover(). */
void redactions_sort(struct redactions *r);
bool redactions_cover(const struct redactions *r, const struct blank *b);

#endif
