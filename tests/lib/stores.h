/*
 * stores.h - opening backends and making sessions for tests. Failing is an assertion.
 */
#ifndef TESTS_LIB_STORES_H
#define TESTS_LIB_STORES_H

#include "backends/trace.h"
#include "core/backend.h"
#include "core/config.h"

#define STORES_REPO "11111111111111111111111111111111"
#define STORES_OTHER_REPO "22222222222222222222222222222222"
#define STORES_ORIGIN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/*
 * How the stores of one backend are made and spoiled. `place` is a path in a scratch directory
 * where nothing is yet; a store that is no file uses its text as a name that nobody else has. What
 * is NULL is done for a file at `place`, of a backend with the setting sessiondb.<name>.path.
 */
struct store_kind {
	const char *name;
	/* "key=value\n" for each setting that leads to the store. */
	void (*settings)(struct buf *out, const char *place);
	void (*drop)(const char *place);
	/* Spoil a store that has a session in it, in one way after the other; false: no more. */
	bool (*corrupt)(const char *place, unsigned way);
	/* Make a store with a schema that is newer than the backend's own. Always there. */
	void (*make_newer)(const char *place);
	/* All that is in the store, to see whether somebody has changed it. */
	struct buf (*content)(const char *place);
	/* Nobody may write any more; undone by drop(). */
	void (*make_read_only)(const char *place);
	/* Does location() say where it is? */
	bool (*located)(const char *place, const char *location);
};

extern const struct store_kind *const store_kinds[]; /* NULL-terminated */
extern const struct store_kind stores_json, stores_sqlite;
/* Only in programs that are linked with stores_postgres.c. */
extern const struct store_kind stores_postgres __attribute__((weak));
/* Run SQL on a database file, as nobody else would. */
void stores_sql(const char *place, const char *sql);
/* A module that is not in the list is taken for a file at sessiondb.location. NULL: no such one. */
const struct store_kind *stores_kind(const char *name);

void stores_drop(const struct store_kind *kind, const char *place);
bool stores_corrupt(const struct store_kind *kind, const char *place, unsigned way);
struct buf stores_content(const struct store_kind *kind, const char *place);
void stores_make_read_only(const struct store_kind *kind, const char *place);
bool stores_located(const struct store_kind *kind, const char *place, const char *location);

/* A configuration with this backend, its store at `place`; nothing of the machine's gets in. */
struct config *stores_config(const char *backend, const char *place);
/* Everything that is opened from now on tells its calls. */
void stores_trace(trace_fn *fn, void *arg);
/* A handle of its own, not the registry's; end with stores_close(). */
struct backend *stores_open(const char *backend, const char *place);
void stores_close(struct backend *b);

/* The id of session number n. */
const char *stores_id(unsigned n);
/* A record: sessionId of number n, and the given members ("\"session\":\"x\""). */
struct session stores_session(unsigned n, const char *members);
/* Heads that say: `seq` events of one origin. */
struct heads stores_heads(uint64_t seq);

/* One batch that puts one session and moves the heads. */
void stores_put(struct backend *b, const char *repo_id, const struct session *s, uint64_t seq);
/* The same with stores_session(). */
void stores_add(struct backend *b, const char *repo_id, unsigned n, const char *members);
uint64_t stores_seq(struct backend *b, const char *repo_id);

#endif
