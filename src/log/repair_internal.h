/*
 * repair_internal.h - shared by repair.c (the order of things), repair_find.c (which records there
 * are), repair_choose.c (which of them make the journal), repair_write.c (segments) and
 * repair_declare.c (what the journal says about it).
 */
#ifndef LOG_REPAIR_INTERNAL_H
#define LOG_REPAIR_INTERNAL_H

#include "log/repair.h"
#include "log/seam.h"
#include "log/verify_redact.h"

/* A file that holds records of the origin. */
struct source {
	const struct place *place;
	struct segment segment;
	int fd;
	uint64_t size;
	bool here; /* one of those that are being repaired */
};

struct candidate {
	uint64_t seq, hlc, offset;
	size_t len;
	size_t source;
	char hash[HASH_HEX_SIZE], bodyhash[HASH_HEX_SIZE];
	bool breaks; /* a journal.break that follows the hash it names */
	bool linked; /* some record follows it, or it follows some record */
	bool chosen, doubled; /* it, or one with the same hash, is part of the journal */
	bool seam; /* chosen, and the chain does not lead to it */
};

struct origin_repair {
	struct journal *j;
	const struct place *place;
	char origin[ID_HEX_SIZE];
	uint64_t claimed; /* somebody remembers a record of that number */
	struct source *sources;
	size_t n_sources;
	struct candidate *v; /* sorted by seq; those here first */
	size_t n, cap;
	size_t *chosen; /* indices, in order */
	size_t n_chosen;
	struct seams seams;
	struct redactions redactions; /* by chosen records of this origin */
};

void origin_repair_release(struct origin_repair *o);
int repair_find(struct origin_repair *o, const struct place *p, bool here, struct error *err);
int repair_choose(struct origin_repair *o, struct error *err);
/* The stretches of the files here that hold nothing of the journal. */
typedef int stretch_fn(
	void *arg, const struct source *s, uint64_t from, uint64_t to, struct error *err);
int repair_stretches(const struct origin_repair *o, stretch_fn *fn, void *arg, struct error *err);
/* Do the segments differ from what was chosen? Writes them unless `dry`. */
int repair_write(const struct origin_repair *o, bool dry, bool *changed_out, struct error *err);
/* The line of a candidate, in *line (cleared first). */
int repair_line(const struct origin_repair *o, const struct candidate *c, struct buf *line,
	struct error *err);

/*
 * repair_declare.c: append a journal.repaired for each of these seams, and for each file in torn/,
 * that has none yet. Under the lock.
 */
int repair_declare(struct journal *j, const struct seams *seams, bool *any_out, struct error *err);
/* Seams that have been declared. */
int repair_declared(struct seams *out, const struct journal *j, struct error *err);

#endif
