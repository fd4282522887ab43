/*
 * record.h - one line of a journal segment: the envelope around an event's body.
 *
 *	{"origin":"<32 hex>","seq":12,"hlc":"<16 hex>","bodyhash":"<64 hex>","hash":"<64 hex>",
 *	 "body":{...}}\n
 *
 * These members in this order, without spaces; any other byte is damage. bodyhash is SHA-256 of
 * the body's bytes; hash is SHA-256 of "<previous hash>\n<origin>\n<seq>\n<hlc>\n<bodyhash>\n".
 * A redacted record has the body null and keeps both hashes.
 */
#ifndef LOG_RECORD_H
#define LOG_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/event.h"
#include "core/hash.h"
#include "core/id.h"

#define RECORD_ENVELOPE_MAX 300
#define RECORD_MAX (EVENT_MAX_BODY + RECORD_ENVELOPE_MAX)

struct record {
	char origin[ID_HEX_SIZE];
	uint64_t seq;
	uint64_t hlc;
	char bodyhash[HASH_HEX_SIZE];
	char hash[HASH_HEX_SIZE];
	const char *body; /* borrowed from the line; NULL when redacted */
	size_t body_len;
};

/* The hash that a record must carry behind `prev`. */
void record_hash(char out[HASH_HEX_SIZE], const char *prev, const char *origin, uint64_t seq,
	uint64_t hlc, const char *bodyhash);
/* Append the whole line for a body that follows the record with hash `prev`. */
void record_format(struct buf *line, const char *prev, const char *origin, uint64_t seq,
	uint64_t hlc, const char *body, size_t body_len);
/* The same for a redacted record: its body is known by its hash alone. */
void record_format_blank(struct buf *line, const char *prev, const char *origin, uint64_t seq,
	uint64_t hlc, const char *bodyhash);
/* The hash in a line that was just formatted. */
void record_hash_of_line(char out[HASH_HEX_SIZE], const char *line, size_t len);
/* Append the line of a record that has its hashes already; the same bytes as when it was made. */
void record_write(struct buf *line, const struct record *r);
/* What a hub gave, as a record; the body stays where it is. */
struct hub_record;
void hub_record_get(struct record *out, const char *origin, const struct hub_record *in);
/*
 * Parse a line (its newline included in len). Checks the envelope and that bodyhash fits the body;
 * the chain is the caller's. Returns NULL if it is good, else what is wrong, as a constant text.
 */
const char *record_parse(struct record *out, const char *line, size_t len);
/* Milliseconds of a hybrid clock value. */
int64_t record_hlc_ms(uint64_t hlc);

#endif
