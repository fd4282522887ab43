/*
 * peers.h - verified copies of other machines' records.
 *
 * What comes from a hub is believed only as far as it can be checked: each record must follow our
 * last copy of its origin, without a hole, with the hash that its content and its predecessor give
 * and a clock that goes on. It is then stored as the bytes that its own machine wrote. A page is
 * synced once; killed anywhere, the next import goes on behind the last good record.
 *
 * The journal's own clock is raised above what was imported, so that an event of this machine sorts
 * behind everything that it could have known; a clock that is more than five minutes ahead of ours
 * is not followed. Bodies that an imported event.redacted names are blanked here too, if it counts.
 *
 * Errors: ERR_CORRUPT when a record contradicts the chain, ERR_REFUSED for this machine's own
 * origin, ERR_BUSY (lock deadline), ERR_IO.
 */
#ifndef LOG_PEERS_H
#define LOG_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "log/journal.h"

#define PEERS_PAGE_BYTES (1u << 20)
#define PEERS_CLOCK_AHEAD_MS 300000

struct peer_import;
struct redactions;

/*
 * Continue our copy of an origin; a torn end is cut off first. `known` is the highest seq that can
 * be had again: damage at the end of the copy is set aside and imported anew if that lies below
 * (ERR_CORRUPT otherwise: `minsky journal repair` saves what it can).
 */
int peer_import_open(struct peer_import **out, struct journal *j, const char *origin,
	uint64_t known, int timeout_ms, struct error *err);
/* Behind everything that was added, flushed or not. */
void peer_import_head(const struct peer_import *p, struct head *out);
/*
 * One record; its hashes are checked, not made. Stored with the page that it is on: when that is
 * full, or in peer_import_flush(). One that we have already is passed over if it is the same.
 */
int peer_import_add(struct peer_import *p, const struct record *rec, struct error *err);
/* On disk, all of it. */
int peer_import_flush(struct peer_import *p, struct error *err);
/* Without a flush what was not flushed is dropped. Accepts NULL. */
void peer_import_close(struct peer_import *p);

/* Note records whose bodies could not stand in a journal, "<origin> <seq>" lines: the file `odd`.
 */
int peers_add_odd(const struct journal *j, const struct buf *lines, struct error *err);
/* The file's text, "" if there is none; a newline stands in front of each line. */
int peers_odd(struct buf *out, const char *journal_dir, struct error *err);

struct peer_blank {
	char origin[ID_HEX_SIZE];
	uint64_t seq;
	char by[ID_HEX_SIZE]; /* whose redaction it is */
};

/* For an import: note what is to be blanked, before its records are written. */
int peers_add_blanks(const struct journal *j, const struct redactions *more, struct error *err);
/* Redactions that were imported and that some copy still waits for; free(*out). */
int peers_blanks(
	struct peer_blank **out, size_t *n_out, const struct journal *j, struct error *err);
/*
 * Blank our copies of these records: those of which the origin itself says so, and those of which
 * an origin says so whose owner is a keeper of the hub (origins.h). What others say is forgotten,
 * and nobody's word from elsewhere blanks a record of this journal's own. *n_out bodies went:
 * stores of sessions have to be filled anew. A record that is not here yet stays noted for the next
 * time.
 */
int peers_blank(struct journal *j, size_t *n_out, struct error *err);

#endif
