/*
 * seam.h - places where an origin's records go on although the chain does not: declared by repair.
 *
 * A seam says that record `next` with that hash follows record `last` with that hash; what was
 * between them is lost (nothing, if next is last + 1: a journal.break whose predecessor could be
 * restored). An empty next_hash: records up to next - 1 are lost at the end of an origin that is
 * not written any more. It is declared by a journal.repaired; the file `seams` in the journal's
 * directory repeats them for readers, who need not search for the declaration:
 *
 *	minsky-seams 1
 *	<origin> <last> <last hash> <next> <next hash>
 *
 * verify accepts what this file says only where a record says the same.
 */
#ifndef LOG_SEAM_H
#define LOG_SEAM_H

#include "log/journal_internal.h"

struct seam {
	char origin[ID_HEX_SIZE];
	uint64_t last, next;
	char last_hash[HASH_HEX_SIZE], next_hash[HASH_HEX_SIZE];
};

struct seams {
	struct seam *v;
	size_t n;
};

void seams_release(struct seams *s);
/* Unless it is there already. */
int seams_add(struct seams *s, const struct seam *seam, struct error *err);
bool seams_has(const struct seams *s, const struct seam *seam);
/* None when there is no file. */
int seams_load(struct seams *out, const struct place *own, struct error *err);
int seams_save(const struct seams *s, const struct place *own, struct error *err);
/* Of the file: does `rec` follow the record with this seq and hash? */
int seam_allows(bool *out, const struct place *own, uint64_t last, const char *last_hash,
	const struct record *rec, struct error *err);
/* Of the file: does a record `next` follow it? */
int seam_leads(bool *out, const struct place *own, const char *origin, uint64_t last,
	const char *last_hash, uint64_t next, struct error *err);
/* Of the file: is that record lost, and which one stands before the seam (0: none)? */
int seam_covers(bool *lost_out, uint64_t *before_out, const struct place *own, const char *origin,
	uint64_t seq, struct error *err);
/* A line of the file, and back (without its newline; the text is taken apart). */
void seam_format(struct buf *out, const char *before, const struct seam *s);
bool seam_parse(struct seam *out, char *line);
/* seam_event.c: the body of a journal.repaired that declares it, and back. */
int seam_body(struct buf *body, const struct seam *seam, struct error *err);
bool seam_of_record(struct seam *out, const struct record *rec);

#endif
