/*
 * reorigin.h - goes on as a new origin when somebody else gave out the same numbers.
 *
 * Two machines can have one origin when a disk was copied with its inodes. The first that gives its
 * events to others keeps it. The second finds at its first push that record `seq` is the last one
 * that both have, and calls journal_reorigin(): what this journal has above that is told again by a
 * new origin, with the same bodies and clocks, numbered from 2 behind a journal.forked that names
 * origin and seq. Of the old origin the records up to `seq` stay, in peers/ from now on, so that
 * the other machine's can be added to them; the bytes of the others are kept in torn/.
 *
 * Stores that were filled before hold records that are not there any more. projector_run() finds
 * that out by itself and fills them anew.
 */
#ifndef LOG_REORIGIN_H
#define LOG_REORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/heads.h"
#include "log/journal.h"

struct reorigin_result {
	struct head head; /* of the journal's origin afterwards */
	uint64_t told; /* records that it tells again; 0 if another process was faster */
};

/*
 * `common` is the last record that both have: origin, seq and hash, seq 0 if they have none.
 * With `new_clock` the records get clocks of now: for a machine whose clock was far ahead.
 * ERR_CORRUPT if that record is not here with that hash, or if the journal does not read to its end
 * (repair it first); ERR_REFUSED if this journal does not write to that origin. Killed anywhere,
 * the journal is as before, or whoever opens it next finishes this.
 */
int journal_reorigin(struct journal *j, const struct head *common, bool new_clock, int timeout_ms,
	struct reorigin_result *out, struct error *err);

#endif
