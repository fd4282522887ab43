/*
 * journal.h - the append-only journal of one repository on this machine.
 *
 * A directory: `origin` (who writes here), segments <origin>.<first seq>.log, peers/ (other
 * machines' segments, verbatim), `head` (a hint of where the end is), `lock`, torn/ (bytes that
 * were cut off a torn tail), cursors/ (how far hooks have read). journal.c's first comment is the
 * specification of the files, of torn and corrupt, and of what an acknowledged append promises.
 *
 * journal_append() returns 0 only when every line is on disk. Readers never take the lock.
 *
 * What can go wrong: ERR_NOTFOUND (no journal there), ERR_REFUSED (foreign, linked, or writable by
 * others), ERR_BUSY (lock deadline), ERR_IO, ERR_CORRUPT (the message names file, line, offset;
 * the hint names `minsky journal verify`).
 */
#ifndef LOG_JOURNAL_H
#define LOG_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/heads.h"
#include "core/own_origins.h"
#include "log/record.h"

struct journal;

/*
 * Make an empty journal at dir with a new origin; its parent exists or is made. The caller appends
 * journal.opened. ERR_REFUSED if there is one already.
 */
int journal_create(const char *dir, struct error *err);
/*
 * Cheap: reads `origin` alone. Opening for reading needs no write access. What is open belongs to
 * one process: a child that used it, too, would move the place in the directory that the parent
 * reads.
 */
int journal_open(struct journal **out, const char *dir, struct error *err);
void journal_close(struct journal *j);

const char *journal_dir(const struct journal *j);
/* Changes in journal_append() when the directory turns out to be a copy. */
const char *journal_origin(const struct journal *j);
/* The origin that this one goes on from (hash left empty); false if it is the first. */
bool journal_parent(const struct journal *j, struct head *out);
/* The origin whose records above that seq the journal's origin tells again (reorigin.h). */
bool journal_moved(const struct journal *j, struct head *out);

/*
 * The origins of this machine: the journal's, and those that it went on from, as far as it did.
 * Release *out.
 */
int journal_own(struct journal *j, struct own_origins *out, struct error *err);

/* A body to append; bytes as event_encode() made them. */
struct journal_entry {
	const char *body;
	size_t len;
};

/* What one append may write, envelopes included: a torn tail can never be longer. */
#define JOURNAL_APPEND_MAX (8u << 20)

/*
 * Append the entries in order, as one write and one sync. ERR_USAGE, before the lock, for a body
 * that is over 64 KiB, no UTF-8, no object, or holds a newline or NUL, and for more than
 * JOURNAL_APPEND_MAX bytes in all. `timeout_ms` bounds the wait for the
 * lock (-1: no bound). The hybrid clock is max(now, last + 1). On success *last_out (may be NULL)
 * is the head behind the last entry.
 */
int journal_append(struct journal *j, const struct journal_entry *entries, size_t n, int timeout_ms,
	struct head *last_out, struct error *err);

/*
 * The last good record of this machine's origin, from the end of the newest segment: does not grow
 * with history. seq 0 and HASH_ZERO when empty. ERR_CORRUPT when the tail is damaged (not torn).
 */
int journal_head(struct journal *j, struct head *out, struct error *err);
/*
 * Of every origin here that has a record, own and peers'. Of a damaged one it is the last good
 * record before the damage; reading on from there says what is wrong.
 */
int journal_heads(struct journal *j, struct heads *out, struct error *err);

struct journal_reader;

/*
 * Read one origin's records with seq > after, in order, across segments, checking hashes and
 * chain. `origin` NULL = own. Memory stays at one record. If `after` > 0 and expect_hash is not
 * NULL, the record `after` must carry that hash (ERR_CORRUPT otherwise: restored or forked).
 * ERR_NOTFOUND when `after` lies beyond the end. It may be one that repair has declared lost, if no
 * hash is expected.
 */
int journal_reader_open(struct journal_reader **out, struct journal *j, const char *origin,
	uint64_t after, const char *expect_hash, struct error *err);
/*
 * *record_out = the next record, or NULL at the end (a torn tail counts as the end). It and its
 * body stay valid until the next call. ERR_CORRUPT at damage.
 */
int journal_reader_next(
	struct journal_reader *r, const struct record **record_out, struct error *err);
/* Where the record that next() returned last stands. */
const char *journal_reader_file(const struct journal_reader *r);
uint64_t journal_reader_offset(const struct journal_reader *r);
/* Behind which record it stands; seq 0: before the first. */
void journal_reader_head(const struct journal_reader *r, struct head *out);
/* The verbatim line of that record, newline included. */
const char *journal_reader_line(const struct journal_reader *r, size_t *len_out);
void journal_reader_close(struct journal_reader *r);

#endif
