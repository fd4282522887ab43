/*
 * backend.h - where session records are stored, with the heads that they correspond to.
 *
 * A backend stores records; it does not know what an event means. The projector folds events and
 * hands the records over, so adding a backend is writing one file that implements backend_ops
 * and passing tests/backends/. One store may hold many repositories: every operation names the
 * repository that it is about, and never sees another's rows.
 *
 * Ownership: the caller owns everything it passes in and may free it when the call returns.
 * Records and texts handed out belong to the caller. Out-parameters are untouched on failure.
 *
 * What a storage interface for sessions usually offers is here under these names:
 *
 *	initialize			open (lazily: the first operation may be what finds fault)
 *	readState, writeState		read_state, write_state
 *	readEntity			get
 *	writeEntity, deleteEntity	begin, put or remove, commit: never without heads
 *	listEntities			list
 *	getStorageLocation		location
 *
 * What can go wrong: ERR_CORRUPT for a store whose bytes cannot be understood (it is then never
 * written: an unreadable store is not an empty one), ERR_UNSUPPORTED for a schema newer than
 * ours, ERR_BACKEND when a server does not answer, ERR_BUSY when its lock is not to be had.
 */
#ifndef CORE_BACKEND_H
#define CORE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/heads.h"
#include "core/session.h"

struct config;
struct backend;

enum session_sort {
	SORT_ACTIVITY, /* newest activity first */
	SORT_CREATED, /* newest first */
	SORT_NAME, /* a to z */
};

/* Of the newest pull request. A branch that is gone without a verdict is no pull request. */
#define SESSION_PR_STATES(X)                                                                       \
	X(ANY, "")                                                                                 \
	X(NONE, "none")                                                                            \
	X(OPEN, "open") /* approved or not */                                                      \
	X(MERGED, "merged")                                                                        \
	X(CLOSED, "closed")

enum session_pr_state {
#define X(id, name) PR_STATE_##id,
	SESSION_PR_STATES(X)
#undef X
};

/* Never PR_STATE_ANY. */
enum session_pr_state session_pr_state(const struct session *s);
const char *session_pr_state_name(enum session_pr_state state);
/* False for "" too. */
bool session_pr_state_parse(const char *name, enum session_pr_state *out);

/*
 * Every member that is set narrows the answer; NULL and 0 do not. Deleted sessions are left out
 * unless `deleted` is set or `status` asks for one status. A session whose name is not known yet
 * (its events came before the one that started it) is no answer to any query. Of two sessions with
 * the same time the one with the higher id comes first; of two with the same name the lower.
 */
struct session_query {
	const char *status; /* a status name */
	const char *task_id; /* any spelling */
	const char *branch;
	const char *text; /* part of name, task, branch or description; case of a to z does not
			     matter */
	enum session_pr_state pr;
	bool deleted; /* include deleted sessions */
	int64_t created_since, active_since; /* ms: then or later */
	int64_t created_before, active_before; /* ms: earlier */
	enum session_sort sort;
	size_t offset;
	size_t limit; /* 0: all */
};

enum session_key {
	KEY_ID,
	KEY_NAME, /* of a session that is not deleted; of several, the one that claimed it first */
	KEY_TASK, /* any spelling; newest session of that task that is not deleted */
};

typedef void backend_finding_fn(void *arg, const char *text);

struct backend_ops {
	const char *name; /* what the user writes in sessiondb.backend */

	/* Must. Open the store that the configuration names; make it if it is not there. */
	int (*open)(struct backend **out, const struct config *config, struct error *err);
	/* Must. Accepts NULL; rolls back an open batch. */
	void (*close)(struct backend *b);

	/*
	 * Must. A batch of one repository: put and remove in between, then commit or rollback.
	 * After a crash all of it is there, heads included, or nothing. A batch excludes other
	 * writers of the store until it ends; one is open at a time. remove is ERR_NOTFOUND for a
	 * session that is not there. A commit that fails has rolled back. A store that several
	 * machines share keeps a row that has seen more events than the one that is put, and a head
	 * that is further than the one that is committed.
	 */
	int (*begin)(struct backend *b, const char *repo_id, struct error *err);
	int (*put)(struct backend *b, const struct session *s, struct error *err);
	int (*remove)(struct backend *b, const char *session_id, struct error *err);
	int (*commit)(struct backend *b, const struct heads *heads, struct error *err);
	void (*rollback)(struct backend *b);

	/* Must. The heads of a repository; none if the store has never seen it. */
	int (*heads)(struct backend *b, const char *repo_id, struct heads *out, struct error *err);

	/* Must. ERR_NOTFOUND when there is no such session; inside a batch, what it has put counts.
	 */
	int (*get)(struct backend *b, const char *repo_id, enum session_key kind, const char *key,
		struct session *out, struct error *err);
	/* Must. Matching sessions in order; release the set. */
	int (*list)(struct backend *b, const char *repo_id, const struct session_query *query,
		struct session_set *out, struct error *err);

	/* Must. What to tell a person: a path, or host and database; never a password. */
	int (*location)(struct backend *b, struct buf *out, struct error *err);

	/*
	 * Must. All of one repository as a document, and back: {"heads":[...],"sessions":[...]}.
	 * write_state replaces what the store holds of that repository, heads included.
	 */
	int (*read_state)(
		struct backend *b, const char *repo_id, struct buf *out, struct error *err);
	int (*write_state)(struct backend *b, const char *repo_id, const char *text, size_t len,
		struct error *err);

	/*
	 * May be NULL. Look for damage of the store that reading does not meet; fn is told what
	 * was found, a line each. 0 also if something was.
	 */
	int (*check)(struct backend *b, backend_finding_fn *fn, void *arg, struct error *err);

	/*
	 * May be NULL. The batch is going to get() these by KEY_ID: a store that is far away asks
	 * for them at once. Holds until the next one, or until something is put.
	 */
	int (*prefetch)(
		struct backend *b, const char *const *session_ids, size_t n, struct error *err);
};

/* Embedded first by every implementation. */
struct backend {
	const struct backend_ops *ops;
};

/* For implementations that filter in memory: does s match, and which of two comes first. */
bool session_query_matches(const struct session_query *q, const struct session *s);
int session_query_compare(
	const struct session_query *q, const struct session *a, const struct session *b);
/* The same for one key: is s an answer, and is a rather than b. */
bool session_key_matches(enum session_key kind, const char *key, const struct session *s);
bool session_key_prefers(enum session_key kind, const struct session *a, const struct session *b);
/* "#007" and "7" are one task. NULL is the same as nothing. */
bool task_id_same(const char *a, const char *b);

/*
 * Texts that stores and read_state/write_state have in common:
 *
 *	{"record":{...},"place":{...},"key":{"hlc":"<16 hex>","origin":"<32
 *hex>","seq":12},"events":9}
 *	[{"origin":"<32 hex>","seq":12,"hash":"<64 hex>"}]
 *	{"heads":[...],"sessions":[<rows>]}
 *
 * A row has "frozen":true behind "events" where that is so, and no "place" where there is none. The
 *readers want text that has passed json_check_depth(STATE_MAX_DEPTH), except state_from_json(),
 *which checks it itself; a row of the document may come in any order, and the set is in the
 *document's order.
 */
#define STATE_MAX_DEPTH (JSON_MAX_DEPTH + 8)
int session_row_to_json(struct buf *out, const struct session *s, struct error *err);
/* The same for a store that others write too: without the place. */
int session_shared_row_to_json(struct buf *out, const struct session *s, struct error *err);
int session_row_from_json(struct session *out, const char *text, size_t len, struct error *err);
int heads_to_json(struct buf *out, const struct heads *heads, struct error *err);
int heads_from_json(struct heads *out, const char *text, size_t len, struct error *err);
int state_from_json(struct heads *heads_out, struct session_set *set_out, const char *text,
	size_t len, struct error *err);

#endif
