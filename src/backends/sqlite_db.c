#include "backends/sqlite_db.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "backends/place.h"
#include "backends/sqlite_schema.h"
#include "core/fs.h"

/* KiB of pages in memory: a batch of the projector touches as much. */
#define CACHE_KIB 16000

#define ROW "record, hlc, origin, seq, events, frozen, id, place"
#define FROM_SESSION " FROM session WHERE repository = (SELECT n FROM repository WHERE id = ?1)"

const char *const db_sql[DB_STATEMENTS] = {
	[DB_BEGIN] = "BEGIN IMMEDIATE",
	[DB_BEGIN_READ] = "BEGIN",
	[DB_COMMIT] = "COMMIT",
	[DB_ROLLBACK] = "ROLLBACK",
	[DB_REPOSITORY] = "SELECT n FROM repository WHERE id = ?1",
	[DB_ADD_REPOSITORY] = "INSERT INTO repository (id) VALUES (?1)",
	[DB_HEADS] = "SELECT origin, seq, hash FROM head"
		     " WHERE repository = (SELECT n FROM repository WHERE id = ?1) ORDER BY origin",
	[DB_DROP_HEADS] = "DELETE FROM head WHERE repository = ?1",
	[DB_ADD_HEAD] = "INSERT INTO head (repository, origin, seq, hash) VALUES (?1, ?2, ?3, ?4)",
	[DB_PUT] = "INSERT INTO session (repository, id, name, task, branch, status, pr, created,"
		   " active, record, hlc, origin, seq, events, frozen, place)"
		   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
		   " ON CONFLICT (repository, id) DO UPDATE SET name = excluded.name,"
		   " task = excluded.task, branch = excluded.branch, status = excluded.status,"
		   " pr = excluded.pr, created = excluded.created, active = excluded.active,"
		   " record = excluded.record, hlc = excluded.hlc, origin = excluded.origin,"
		   " seq = excluded.seq, events = excluded.events, frozen = excluded.frozen,"
		   " place = excluded.place",
	[DB_REMOVE] = "DELETE FROM session WHERE repository = ?1 AND id = ?2",
	[DB_REMOVE_ALL] = "DELETE FROM session WHERE repository = ?1",
	[DB_ALL] = "SELECT " ROW FROM_SESSION " ORDER BY id",
	[DB_BY_ID] = "SELECT " ROW FROM_SESSION " AND id = ?2",
	[DB_BY_NAME] = "SELECT " ROW FROM_SESSION " AND name = ?2",
	[DB_BY_TASK] = "SELECT " ROW FROM_SESSION " AND task = ?2",
};

int db_init(struct db *db, const struct config *config, struct error *err)
{
	const char *path = config_get(config, "sessiondb.sqlite.path");
	static const char *const modes[] = { "off", "normal", "full", "extra" };
	const char *mode = config_get(config, "sessiondb.sqlite.synchronous");

	*db = (struct db){ .path = BUF_INIT, .synchronous = "normal" };
	if (!path || !*path)
		return error_set(err, ERR_USAGE, "sessiondb.sqlite.path is not set");
	db->wal = config_get_bool(config, "sessiondb.sqlite.wal");
	db->busy_ms = (int)config_get_ms(config, "sessiondb.sqlite.busyTimeout");
	for (size_t i = 0; mode && i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(mode, modes[i]) == 0)
			db->synchronous = modes[i];
	return place_resolve(&db->path, path, err);
}

static void close_handle(struct db *db)
{
	for (size_t i = 0; i < DB_STATEMENTS; i++) {
		sqlite3_finalize(db->statements[i]);
		db->statements[i] = NULL;
	}
	(void)sqlite3_close(db->handle);
	db->handle = NULL;
	db->as_it_stands = false;
}

void db_release(struct db *db)
{
	close_handle(db);
	buf_release(&db->path);
}

static enum error_code code_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	default:
		return ERR_IO;
	}
}

static int hint_corrupt(struct error *err)
{
	return error_hint(err,
		"it was left unchanged; move it away, and minsky creates a new one from the "
		"journal");
}

int db_error(struct db *db, int rc, struct error *err)
{
	enum error_code code = code_of(rc);

	error_set(err, code, "cannot use session store '%s': %s", db->path.data,
		db->handle ? sqlite3_errmsg(db->handle) : sqlite3_errstr(rc));
	if (code == ERR_CORRUPT)
		hint_corrupt(err);
	else if (code == ERR_BUSY)
		error_hint(err,
			"another program is writing to it; try again (the setting "
			"sessiondb.sqlite.busyTimeout is the time to wait)");
	return code;
}

int db_corrupt(struct db *db, const char *what, struct error *err)
{
	error_set(err, ERR_CORRUPT, "cannot use session store '%s': %s", db->path.data, what);
	return hint_corrupt(err);
}

int db_in_store(struct db *db, int r, struct error *err)
{
	if (r != ERR_CORRUPT)
		return r;
	error_wrap(err, "cannot use session store '%s'", db->path.data);
	return hint_corrupt(err);
}

int db_get(struct db *db, enum db_statement which, sqlite3_stmt **out, struct error *err)
{
	if (!db->statements[which]) {
		int rc = sqlite3_prepare_v3(db->handle, db_sql[which], -1,
			SQLITE_PREPARE_PERSISTENT, &db->statements[which], NULL);

		if (rc != SQLITE_OK)
			return db_error(db, rc, err);
	}
	*out = db->statements[which];
	return 0;
}

int db_step(struct db *db, sqlite3_stmt *s, bool *row_out, struct error *err)
{
	int rc = sqlite3_step(s);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return db_error(db, rc, err);
	*row_out = rc == SQLITE_ROW;
	return 0;
}

void db_reset(sqlite3_stmt *s)
{
	if (!s)
		return;
	(void)sqlite3_reset(s);
	(void)sqlite3_clear_bindings(s);
}

int db_run(struct db *db, enum db_statement which, struct error *err)
{
	sqlite3_stmt *s = NULL;
	bool row;
	int r = db_get(db, which, &s, err);

	if (r < 0)
		return r;
	r = db_step(db, s, &row, err);
	db_reset(s);
	return r;
}

int db_exec(struct db *db, const char *sql, struct error *err)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : db_error(db, rc, err);
}

int db_number(struct db *db, const char *sql, int64_t *out, struct error *err)
{
	sqlite3_stmt *s = NULL;
	bool row = false;
	int rc = sqlite3_prepare_v2(db->handle, sql, -1, &s, NULL);
	int r = rc == SQLITE_OK ? db_step(db, s, &row, err) : db_error(db, rc, err);

	if (r == 0)
		*out = row ? sqlite3_column_int64(s, 0) : 0;
	sqlite3_finalize(s);
	return r;
}

void db_bind_text(sqlite3_stmt *s, int at, const char *text)
{
	/* A failure leaves NULL, which the table's constraints or the row's reader refuse. */
	if (text)
		(void)sqlite3_bind_text(s, at, text, -1, SQLITE_STATIC);
	else
		(void)sqlite3_bind_null(s, at);
}

const char *db_text(sqlite3_stmt *s, int column)
{
	return (const char *)sqlite3_column_text(s, column);
}

/* Settings of the connection; none changes the file, one reads it. */
static int configure(struct db *db, struct error *err)
{
	struct buf sql = BUF_INIT;
	int r;

	(void)sqlite3_extended_result_codes(db->handle, 1);
	(void)sqlite3_busy_timeout(db->handle, db->busy_ms);
	(void)sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
	buf_addf(&sql,
		"PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
		"PRAGMA cell_size_check = ON; PRAGMA cache_size = -%d; PRAGMA synchronous = %s",
		CACHE_KIB, db->synchronous);
	r = buf_check(&sql, err);
	if (r == 0)
		r = db_exec(db, sql.data, err);
	buf_release(&sql);
	return r;
}

/* The handle is there also when this fails, to be asked for the reason; close it. */
static int open_handle(struct db *db, const char *name, int flags, struct error *err)
{
	int rc = sqlite3_open_v2(name, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);

	return rc == SQLITE_OK ? configure(db, err) : db_error(db, rc, err);
}

static bool has_wal(const struct db *db)
{
	struct buf name = BUF_INIT;
	bool there;

	buf_addf(&name, "%s-wal", db->path.data);
	there = name.failed || fs_exists(name.data);
	buf_release(&name);
	return there;
}

/*
 * A store in WAL mode needs files beside it even to be read. Where they cannot be made, and no
 * writer has left one, the file is all there is and can be read by itself.
 */
static int open_as_it_stands(struct db *db, int *version_out, struct error *err)
{
	struct buf uri = BUF_INIT;
	int r;

	error_clear(err);
	close_handle(db);
	buf_adds(&uri, "file:");
	for (const char *p = db->path.data; *p; p++) {
		if (strchr("%?#", *p))
			buf_addf(&uri, "%%%02X", (unsigned char)*p);
		else
			buf_addch(&uri, *p);
	}
	buf_adds(&uri, "?immutable=1");
	r = buf_check(&uri, err);
	if (r == 0)
		r = open_handle(db, uri.data, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
	if (r == 0)
		r = schema_version(db, version_out, err);
	db->as_it_stands = r == 0;
	buf_release(&uri);
	return r;
}

static bool may_not_write(struct db *db)
{
	int rc = sqlite3_extended_errcode(db->handle) & 0xff;

	return rc == SQLITE_CANTOPEN || rc == SQLITE_READONLY;
}

static int open_file(struct db *db, int *version_out, struct error *err)
{
	int r = open_handle(db, db->path.data, SQLITE_OPEN_READWRITE, err);

	(void)stat(db->path.data, &db->seen);
	if (r == 0)
		r = schema_version(db, version_out, err);
	if (r == ERR_IO && may_not_write(db) && !has_wal(db))
		r = open_as_it_stands(db, version_out, err);
	if (r < 0)
		close_handle(db);
	return r;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static bool same_content(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Is the open file, if there is one, the one at our path? */
static bool is_open(struct db *db)
{
	struct stat now;

	if (!db->handle)
		return false;
	if (!sqlite3_get_autocommit(db->handle))
		return true;
	if (stat(db->path.data, &now) == 0 && same_file(&now, &db->seen) &&
		(!db->as_it_stands || same_content(&now, &db->seen)))
		return true;
	close_handle(db);
	return false;
}

int db_open_to_read(struct db *db, bool *there_out, struct error *err)
{
	int version = 0, r = 0;

	if (!is_open(db)) {
		if (!fs_exists(db->path.data)) {
			*there_out = false;
			return 0;
		}
		r = open_file(db, &version, err);
		if (r == 0 && version && version < SCHEMA_VERSION)
			r = schema_update(db, err);
		if (r < 0 || !version) {
			close_handle(db);
			*there_out = false;
			return r;
		}
	}
	*there_out = true;
	return 0;
}

/* Ours alone from the start; SQLite itself would ask the umask. */
static int make_file(const struct db *db, struct error *err)
{
	int fd, r = place_make_parent(db->path.data, err);

	if (r < 0)
		return r;
	fd = open(db->path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno != EEXIST)
		return error_errno(err, "cannot create session store '%s'", db->path.data);
	if (fd >= 0)
		close(fd);
	return 0;
}

/*
 * The mode is a property of the file and is changed when nobody else has it open; somebody who has
 * is reason enough to leave it for the next time.
 */
static void set_journal_mode(struct db *db)
{
	(void)sqlite3_exec(db->handle,
		db->wal ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = DELETE", NULL, NULL,
		NULL);
}

/* SQLite begins a transaction in a file that it cannot write, and fails at the first change. */
static int must_be_writable(struct db *db, struct error *err)
{
	if (!sqlite3_db_readonly(db->handle, "main"))
		return 0;
	error_set(err, ERR_IO, "cannot write session store '%s': it is read-only", db->path.data);
	return error_hint(err, "check the permissions of the file and of its directory");
}

int db_open_to_write(struct db *db, struct error *err)
{
	int version = 0, r = 0;

	if (is_open(db) && !db->as_it_stands)
		return must_be_writable(db, err);
	close_handle(db);
	if (!fs_exists(db->path.data))
		r = make_file(db, err);
	if (r == 0)
		r = open_file(db, &version, err);
	if (r == 0)
		r = must_be_writable(db, err);
	if (r == 0 && version < SCHEMA_VERSION)
		r = schema_update(db, err);
	if (r < 0)
		close_handle(db);
	else
		set_journal_mode(db);
	return r;
}
