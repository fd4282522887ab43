/*
 * hub.h - where the machines of a team exchange the events of their repositories.
 *
 * A hub holds, for every repository and origin, a prefix of that origin's records, verbatim, and
 * its head. It decides nothing: order, meaning and conflicts are computed from the events. A push
 * is one statement, a compare-and-set on (head, hash) of one origin, so that a retry is harmless
 * and a machine that disappears half-way holds no lock. A pull reads what lies above the heads
 * that the caller has.
 *
 * Two machines that cloned the same remote have different repository ids. A hub knows a
 * repository by one key; hub_ops.join() finds it by the canonical remote URLs, or makes the given
 * id the key.
 *
 * Ownership as in backend.h. What can go wrong: ERR_BACKEND (no answer in time, or a passing state
 * of the server: try later), ERR_REFUSED (authentication, TLS, not a member, another's origin:
 * trying again makes no sense until settings or grants change), ERR_UNSUPPORTED (newer schema),
 * ERR_USAGE (settings), ERR_CORRUPT (what the hub holds contradicts its own chain).
 */
#ifndef CORE_HUB_H
#define CORE_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/heads.h"
#include "core/id.h"

struct config;
struct hub;

/* A record on its way: everything of the envelope, and what the hub files it under. */
struct hub_record {
	uint64_t seq;
	uint64_t hlc;
	char bodyhash[HASH_HEX_SIZE];
	char hash[HASH_HEX_SIZE];
	const char *body; /* NULL: redacted */
	size_t body_len;
	char session[ID_UUID_SIZE]; /* "" if the event is about no session */
	const char *type; /* push only; NULL for a redacted one */
	int version;
};

/* At most so much in one push. */
#define HUB_BATCH_RECORDS 500
#define HUB_BATCH_BYTES (1u << 20)

enum hub_status {
	HUB_OK,
	HUB_BEHIND, /* the hub is further than `base`: an answer was lost, or a fork */
	HUB_GAP, /* the hub has less than `base`: it lost data */
	HUB_FORK, /* same seq, another hash */
	HUB_UNKNOWN_ORIGIN, /* enroll it first */
	HUB_CLOCK_AHEAD, /* an hlc is more than five minutes ahead of the server's clock */
	HUB_RETIRED,
	HUB_BAD_BATCH, /* the chain or the hlc of what was sent is wrong */
};

struct hub_repo {
	const char *id; /* this machine's repository id, 32 hex */
	const char *name;
	const char *const *urls; /* canonical */
	size_t n_urls;
};

/* Whose an origin is: the account that the hub knows its writer by. */
struct hub_owner {
	const char *origin, *who;
	bool keeper; /* may blank what others wrote */
	bool retired; /* takes no more records */
};

typedef int hub_owner_fn(void *arg, const struct hub_owner *owner, struct error *err);
typedef int hub_record_fn(
	void *arg, const char *origin, const struct hub_record *record, struct error *err);

struct hub_ops {
	const char *name;

	/* Connects within deadline_ms, which bounds every later call as well; 0: the settings'. */
	int (*open)(
		struct hub **out, const struct config *config, int deadline_ms, struct error *err);
	void (*close)(struct hub *h); /* accepts NULL */

	/* The key of a repository here, 32 hex; known by URL, else by id, else made. */
	int (*join)(struct hub *h, const struct hub_repo *repo, char key_out[ID_HEX_SIZE],
		struct error *err);
	/* An origin belongs to the role that enrolled it. parent may be NULL. Idempotent. */
	int (*enroll)(struct hub *h, const char *key, const char *origin, const char *host,
		const struct head *parent, struct error *err);
	/* No more will come from it. Idempotent. */
	int (*retire)(struct hub *h, const char *key, const char *origin, struct error *err);

	/* One snapshot of every origin's head. */
	int (*heads)(struct hub *h, const char *key, struct heads *out, struct error *err);
	/* Of every origin that heads() spoke of last, in order. NULL: a hub that knows no accounts.
	 */
	int (*owners)(
		struct hub *h, const char *key, hub_owner_fn *fn, void *arg, struct error *err);
	/*
	 * Records base->seq + 1, ... of base->origin. All of them or none. *head_out is the hub's
	 * head of that origin afterwards (seq 0 and HASH_ZERO if it has none), whatever the status.
	 */
	int (*push)(struct hub *h, const char *key, const struct head *base,
		const struct hub_record *records, size_t n, enum hub_status *status_out,
		struct head *head_out, struct error *err);
	/* Each record with after < seq <= upto, in order; stops when fn returns negative. */
	int (*pull)(struct hub *h, const char *key, const char *origin, uint64_t after,
		uint64_t upto, hub_record_fn *fn, void *arg, struct error *err);
	/* The hash that the hub has at seq. ERR_NOTFOUND if it has none. */
	int (*hash_at)(struct hub *h, const char *key, const char *origin, uint64_t seq,
		char hash_out[HASH_HEX_SIZE], struct error *err);

	/* Blank one body there too; ERR_REFUSED without the right. Idempotent. */
	int (*redact)(struct hub *h, const char *key, const char *origin, uint64_t seq,
		struct error *err);

	/* Of the database: changes when it was restored from a backup by the book. */
	int (*instance)(struct hub *h, struct buf *out, struct error *err);
	/* Milliseconds that the server's clock is ahead of ours. */
	int (*clock_skew)(struct hub *h, int64_t *out, struct error *err);
	/* What to tell a person: host and database; never a password. */
	int (*location)(struct hub *h, struct buf *out, struct error *err);
};

/* Embedded first by every implementation. */
struct hub {
	const struct hub_ops *ops;
};

#endif
