/*
 * hub_state.h - how the exchange with a hub stands: <journal>/push/.
 *
 *	lock		held by whoever exchanges; the others leave it to the holder
 *	due		empty; its time says from when on hooks may start the next try. Not there:
 *			no hub is known, or nothing can help but a change of the settings
 *	<hub>.state	"minsky-hub 1", then lines "<key> <value>": see struct hub_state
 *
 * All of it can be lost: it says when to try, never what the hub has.
 */
#ifndef LOG_HUB_STATE_H
#define LOG_HUB_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/id.h"

#define HUB_ID_SIZE 17
#define HUB_RETRY_MAX_MS 300000

struct hub_state {
	int64_t tried_at, done_at; /* ms; 0: never */
	int64_t next_try; /* not before, for what runs by itself; INT64_MAX: never by itself */
	uint64_t fails; /* in a row */
	int64_t took_ms; /* the last try */
	char failure[32]; /* name of the last one's kind, "" if it went well */
	char message[512]; /* and what it said; no secrets */
	char settings[HUB_ID_SIZE]; /* digest of those that were in force */
	char instance[64]; /* of the database, as it was last */
	char location[256];
	int64_t skew; /* ms that the server's clock was ahead of ours */
	uint64_t unpushed; /* own records that it did not have */
	char origin[ID_HEX_SIZE]; /* own head then */
	uint64_t seq;
};

/* Zeroes if there is none, or none that can be read. `hub` is 16 hex digits: the file's name. */
void hub_state_read(struct hub_state *out, const char *journal, const char *hub);
int hub_state_write(
	const struct hub_state *s, const char *journal, const char *hub, struct error *err);

/* min(5 min, 1 s * 2^fails) * (0.5 .. 1.5) from now on; what settings cannot cure alone: never. */
void hub_state_failed(struct hub_state *s, int code, const char *message, int64_t now);
void hub_state_succeeded(struct hub_state *s, int64_t now);

/* ERR_BUSY: somebody else is at it. The directory is made. */
int hub_state_lock(const char *journal, int timeout_ms, int *fd_out, struct error *err);

/* Tell the hooks: from when on, or (INT64_MAX) not at all. */
int hub_due_set(const char *journal, int64_t ms, struct error *err);
/* One stat: may a try be started now? */
bool hub_due(const char *journal, int64_t now);

#endif
