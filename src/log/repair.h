/*
 * repair.h - brings a damaged journal back into a state that reads from end to end.
 *
 * Every record that is valid is kept, and those that are missing are taken from other copies of
 * the same origin where the chain proves them. Bytes that are no record go to torn/; what no copy
 * has is declared lost (seam.h). Segments are written anew beside the old ones and renamed over
 * them; nothing is edited in place. Killed anywhere, it comes to the same result when it is run
 * again; run on a journal that is in order, it changes nothing.
 */
#ifndef LOG_REPAIR_H
#define LOG_REPAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/heads.h"
#include "log/journal.h"

struct repair_options {
	bool dry_run; /* nothing is written; `kept` is empty in what is told */
	const char *const *from; /* directories that hold other copies of the journal */
	size_t n_from;
	const struct heads *remembered; /* by a backend; may be NULL */
};

struct repair_step {
	enum { REPAIR_SET_ASIDE, REPAIR_RESTORED, REPAIR_LOST } kind;
	const char *origin;
	const char *file; /* set aside: the segment's path */
	uint64_t offset, bytes;
	const char *kept; /* below the journal's directory */
	uint64_t from, to; /* restored, lost: seq, both included */
};

typedef void repair_fn(void *arg, const struct repair_step *step);

struct repair_result {
	uint64_t origins; /* in which there was something to do */
	uint64_t restored, lost; /* records */
	uint64_t set_aside; /* stretches of bytes */
	bool changed; /* stores of sessions have to be filled anew */
};

int journal_repair(struct journal *j, const struct repair_options *options,
	struct repair_result *out, repair_fn *tell, void *arg, struct error *err);

#endif
