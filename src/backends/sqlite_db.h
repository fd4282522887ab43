/*
 * sqlite_db.h - the database file behind the sqlite backend: opening it, statements, errors.
 *
 * The file is opened when it is first asked something, and made when it is first written. Nothing
 * is changed in a file before it is known to be ours and of a schema that we know. A file in a
 * place where nothing may be written is read as it stands; what somebody else does to it is seen
 * by opening it again.
 *
 * Failures: as backend.h says; messages name the file.
 */
#ifndef BACKENDS_SQLITE_DB_H
#define BACKENDS_SQLITE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/buf.h"
#include "core/config.h"
#include "core/error.h"

enum db_statement {
	DB_BEGIN,
	DB_BEGIN_READ,
	DB_COMMIT,
	DB_ROLLBACK,
	DB_REPOSITORY,
	DB_ADD_REPOSITORY,
	DB_HEADS,
	DB_DROP_HEADS,
	DB_ADD_HEAD,
	DB_PUT,
	DB_REMOVE,
	DB_REMOVE_ALL,
	DB_ALL,
	DB_BY_ID,
	DB_BY_NAME,
	DB_BY_TASK,
	DB_STATEMENTS,
};

extern const char *const db_sql[DB_STATEMENTS];

struct db {
	struct buf path;
	bool wal;
	int busy_ms;
	const char *synchronous; /* a word of the configuration's table */
	sqlite3 *handle; /* NULL: not open */
	bool as_it_stands; /* opened where nothing may be written */
	struct stat seen; /* then */
	sqlite3_stmt *statements[DB_STATEMENTS]; /* prepared when first used */
};

int db_init(struct db *db, const struct config *config, struct error *err);
/* Closes it, too. */
void db_release(struct db *db);

/* *there_out is false, and nothing is open, where there is no store yet. */
int db_open_to_read(struct db *db, bool *there_out, struct error *err);
/* Makes the store; brings one of an earlier schema up to date. */
int db_open_to_write(struct db *db, struct error *err);

/* Translate the last failure of the handle; `rc` is what SQLite returned. */
int db_error(struct db *db, int rc, struct error *err);
/* Something in the store that cannot be: ERR_CORRUPT. */
int db_corrupt(struct db *db, const char *what, struct error *err);
/* Put the store's name and what to do in front of an error that reading a row gave. */
int db_in_store(struct db *db, int r, struct error *err);

/* A statement, ready to be bound; give it back with db_reset(). */
int db_get(struct db *db, enum db_statement which, sqlite3_stmt **out, struct error *err);
/* *row_out: there is a row to be read. */
int db_step(struct db *db, sqlite3_stmt *s, bool *row_out, struct error *err);
void db_reset(sqlite3_stmt *s);
/* One statement without values and without rows. */
int db_run(struct db *db, enum db_statement which, struct error *err);
int db_exec(struct db *db, const char *sql, struct error *err);
/* The number that a pragma or query gives. */
int db_number(struct db *db, const char *sql, int64_t *out, struct error *err);

/* A bound text stays the caller's until the statement is reset; NULL binds NULL. */
void db_bind_text(sqlite3_stmt *s, int at, const char *text);
const char *db_text(sqlite3_stmt *s, int column);

#endif
