/*
 * sqlite_rows.h - what the statements of the sqlite backend find, as heads and sessions.
 *
 * A row that cannot be what we wrote is ERR_CORRUPT.
 */
#ifndef BACKENDS_SQLITE_ROWS_H
#define BACKENDS_SQLITE_ROWS_H

#include "backends/sqlite_db.h"
#include "core/backend.h"

/* All of the following step through a statement that is bound; the caller resets it. */
int rows_heads(struct db *db, sqlite3_stmt *s, struct heads *out, struct error *err);
/* The best of the rows for a key; ERR_NOTFOUND if none is an answer. */
int rows_choose(struct db *db, sqlite3_stmt *s, enum session_key kind, const char *key,
	struct session *out, struct error *err);
/* Every row that is an answer to the query; *out is to be released also on failure. */
int rows_collect(struct db *db, sqlite3_stmt *s, const struct session_query *q,
	struct session_set *out, struct error *err);

/* The rows of a repository as read_state() writes them, by id. */
int rows_write(struct db *db, const char *repo_id, struct buf *out, struct error *err);

#endif
