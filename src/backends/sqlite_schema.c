#include "backends/sqlite_schema.h"

#include <inttypes.h>

#include "core/backend.h"
#include "core/names.h"

/* What version 3 consists of; an index for each of the questions that are asked often. */
static const char tables[] =
	"CREATE TABLE repository (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);"
	"CREATE TABLE head ("
	" repository INTEGER NOT NULL REFERENCES repository (n),"
	" origin TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,"
	" PRIMARY KEY (repository, origin)) WITHOUT ROWID;"
	"CREATE TABLE session ("
	" repository INTEGER NOT NULL REFERENCES repository (n),"
	" id TEXT NOT NULL, name TEXT, task TEXT, branch TEXT, status TEXT NOT NULL,"
	" pr TEXT NOT NULL, created INTEGER NOT NULL, active INTEGER NOT NULL,"
	" record TEXT NOT NULL,"
	" hlc TEXT NOT NULL, origin TEXT NOT NULL, seq INTEGER NOT NULL,"
	" events INTEGER NOT NULL, frozen INTEGER NOT NULL, place TEXT,"
	" UNIQUE (repository, id));"
	"CREATE INDEX session_name ON session (repository, name);"
	"CREATE INDEX session_task ON session (repository, task) WHERE task IS NOT NULL;"
	"CREATE INDEX session_branch ON session (repository, branch) WHERE branch IS NOT NULL;"
	"CREATE INDEX session_status ON session (repository, status);"
	"CREATE INDEX session_active ON session (repository, active, id);"
	"CREATE INDEX session_created ON session (repository, created, id);";

static int is_not_ours(struct db *db, struct error *err)
{
	error_set(err, ERR_UNSUPPORTED,
		"cannot use session store '%s': it is a database of another program",
		db->path.data);
	return error_hint(err, "set sessiondb.sqlite.path to another file");
}

int schema_version(struct db *db, int *version_out, struct error *err)
{
	int64_t version, application = 0, tables_there = 0;
	int r = db_number(db, "PRAGMA user_version", &version, err);

	if (r == 0)
		r = db_number(db, "PRAGMA application_id", &application, err);
	if (r == 0)
		r = db_number(db, "SELECT count(*) FROM sqlite_schema", &tables_there, err);
	if (r < 0)
		return r;
	if (application != SCHEMA_APPLICATION) {
		if (tables_there || version || application)
			return is_not_ours(db, err);
		*version_out = 0;
		return 0;
	}
	if (version > SCHEMA_VERSION) {
		error_set(err, ERR_UNSUPPORTED,
			"cannot use session store '%s': it has schema %" PRId64
			", this minsky knows %d",
			db->path.data, version, SCHEMA_VERSION);
		return error_hint(err,
			"use a newer version of minsky, or another file (sessiondb.sqlite.path)");
	}
	if (version < 1 || !tables_there)
		return db_corrupt(db, "its tables are missing", err);
	*version_out = (int)version;
	return 0;
}

int schema_task(const char *task_id, struct buf *out, struct error *err)
{
	struct error no_number = ERROR_INIT;

	buf_clear(out);
	if (!task_id)
		return 0;
	if (name_task_id(task_id, out, &no_number) < 0) {
		buf_clear(out);
		buf_adds(out, task_id);
	}
	return buf_check(out, err);
}

static int bind_place(sqlite3_stmt *s, const struct session *session, struct error *err)
{
	struct buf place = BUF_INIT;
	int r = 0;

	if (session_has_place(session))
		r = session_place_to_json(&place, session, err);
	if (r == 0 && place.len)
		(void)sqlite3_bind_text64(
			s, 16, place.data, place.len, SQLITE_TRANSIENT, SQLITE_UTF8);
	else
		(void)sqlite3_bind_null(s, 16);
	buf_release(&place);
	return r;
}

int schema_bind_session(sqlite3_stmt *s, const struct session *session, struct buf *record,
	struct buf *task, struct error *err)
{
	char hlc[17];
	int r;

	buf_clear(record);
	r = session_to_json(record, session, err);
	if (r == 0)
		r = schema_task(session->task_id, task, err);
	if (r < 0)
		return r;
	(void)snprintf(hlc, sizeof(hlc), "%016" PRIx64, session->last_key.hlc);
	db_bind_text(s, 3, session->name);
	db_bind_text(s, 4, session->task_id ? task->data : NULL);
	db_bind_text(s, 5, session->branch);
	db_bind_text(s, 6, session_status_name(session_status(session)));
	db_bind_text(s, 7, session_pr_state_name(session_pr_state(session)));
	(void)sqlite3_bind_int64(s, 8, session->created_at);
	(void)sqlite3_bind_int64(s, 9, session->last_activity_at);
	(void)sqlite3_bind_text64(s, 10, record->data, record->len, SQLITE_STATIC, SQLITE_UTF8);
	(void)sqlite3_bind_text(s, 11, hlc, -1, SQLITE_TRANSIENT);
	db_bind_text(s, 12, session->last_key.origin);
	(void)sqlite3_bind_int64(s, 13, (int64_t)session->last_key.seq);
	(void)sqlite3_bind_int64(s, 14, (int64_t)session->n_events);
	(void)sqlite3_bind_int(s, 15, session->frozen);
	return bind_place(s, session, err);
}

static int mark(struct db *db, struct error *err)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d",
		SCHEMA_APPLICATION, SCHEMA_VERSION);
	return db_exec(db, sql, err);
}

/*
 * Rows of older versions were folded without asking who said what. They are a copy of what the
 * journals say, and are made anew from those.
 */
static int begin_anew(struct db *db, int version, struct error *err)
{
	int r = db_exec(db, "DROP TABLE session; DROP TABLE head", err);

	if (r == 0 && version > 1)
		r = db_exec(db, "DROP TABLE repository", err);
	return r < 0 ? r : db_exec(db, tables, err);
}

static int update_within(struct db *db, struct error *err)
{
	int version = 0, r = schema_version(db, &version, err);

	if (r < 0 || version == SCHEMA_VERSION)
		return r;
	r = version == 0 ? db_exec(db, tables, err) : begin_anew(db, version, err);
	return r < 0 ? r : mark(db, err);
}

int schema_update(struct db *db, struct error *err)
{
	int r = db_run(db, DB_BEGIN, err);

	if (r < 0)
		return r;
	r = update_within(db, err);
	if (r == 0)
		r = db_run(db, DB_COMMIT, err);
	if (r < 0 && !sqlite3_get_autocommit(db->handle)) {
		struct error ignored = ERROR_INIT;

		(void)db_run(db, DB_ROLLBACK, &ignored);
	}
	return r;
}
