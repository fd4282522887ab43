/*
 * reflog.h - reads git's reflogs forward from a remembered place.
 *
 * A line is "old SP new SP name <email> SP seconds SP zone [TAB message] LF"; ids have 40 or 64
 * digits, lines have no length limit (a longer one than 64 KiB is skipped and counted). A place is
 * a byte offset plus the digest of the line before it, with a trailing TAB stripped: gc and expire
 * rewrite every log, drop lines anywhere, and add that TAB to lines without a message.
 */
#ifndef CORE_GITFILES_REFLOG_H
#define CORE_GITFILES_REFLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/oid.h"

struct reflog_entry {
	struct oid old_oid;
	struct oid new_oid;
	int64_t at; /* ms; what the committer's clock said */
	uint64_t n; /* its number: place.count behind it */
	const char *message; /* borrowed; "" if none; untrusted, may hold secrets */
	size_t message_len;
};

struct reflog_place {
	uint64_t offset;
	uint64_t count; /* entries read so far in this log, ever */
	char anchor[HASH_HEX_SIZE]; /* digest of the line that ends at offset; "" at the start */
};

enum reflog_state {
	REFLOG_OK,
	REFLOG_MISSING, /* no such file */
	REFLOG_REWRITTEN, /* the anchor is nowhere: compare refs instead */
};

/* Negative: fail. Positive: stop behind this entry; the rest waits for the next reading. */
typedef int reflog_fn(void *arg, const struct reflog_entry *entry, struct error *err);

/*
 * Call fn for every complete line behind *place, in order, and move *place on. A line without its
 * newline is still being written: it waits. When REWRITTEN, nothing was called and *place is the
 * file's end. A line that is no reflog entry is counted and passed over.
 */
int reflog_read(const char *path, struct reflog_place *place, reflog_fn *fn, void *arg,
	enum reflog_state *state_out, struct error *err);
/*
 * After REWRITTEN: `oid` is what the last entry that was read led to. Move *place (its count
 * stays) to the first entry that goes on from there, else to behind the last one that leads there.
 * Entries that were read before may follow.
 */
int reflog_resume(const char *path, struct reflog_place *place, const struct oid *oid,
	bool *found_out, struct error *err);
/* Does the file end at the place, with the line that was read last? ERR_NOTFOUND. */
int reflog_at_place(
	const char *path, const struct reflog_place *place, bool *out, struct error *err);
/* Move *place to the end of the file without looking at what is in it. ERR_NOTFOUND. */
int reflog_skip(const char *path, struct reflog_place *place, struct error *err);

#endif
