/*
 * verify_notes.h - what records say about other records: verify collects it on its way and
 * compares at the end.
 */
#ifndef LOG_VERIFY_NOTES_H
#define LOG_VERIFY_NOTES_H

#include "core/heads.h"
#include "log/journal_internal.h"
#include "log/seam.h"

/* A journal.forked: its parent had that many records here. */
struct claim {
	char origin[ID_HEX_SIZE]; /* the parent */
	uint64_t seq;
	bool peers; /* where the record stands that says so */
	char segment[SEGMENT_NAME_SIZE];
	uint64_t line, offset;
};

struct notes {
	struct claim *claims;
	size_t n_claims;
	struct seams declared; /* by a journal.repaired */
	struct seams used; /* records that follow only because the file `seams` says so */
	struct heads ends; /* last good record of every origin, of the longest copy */
};

void notes_release(struct notes *n);
/* Does the record speak of a parent? Sets origin and seq of *out. */
bool notes_parent(struct claim *out, const struct record *rec);
int notes_add_claim(struct notes *n, const struct claim *c, struct error *err);
int notes_add_end(
	struct notes *n, const char *origin, uint64_t seq, const char *hash, struct error *err);
/* Are the records that the claim speaks of here? */
bool notes_holds(const struct notes *n, const struct claim *c);

#endif
