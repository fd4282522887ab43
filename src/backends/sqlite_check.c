#include "backends/sqlite_check.h"

#include <stdarg.h>

#include "backends/sqlite_schema.h"

struct checking {
	struct db *db;
	backend_finding_fn *fn;
	void *arg;
};

PRINTFLIKE(2, 3)
static void tell(const struct checking *c, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	c->fn(c->arg, line);
}

typedef int row_fn(const struct checking *c, sqlite3_stmt *s, struct error *err);

static int each_row(const struct checking *c, const char *sql, row_fn *fn, struct error *err)
{
	sqlite3_stmt *s = NULL;
	bool row = true;
	int rc = sqlite3_prepare_v2(c->db->handle, sql, -1, &s, NULL);
	int r = rc == SQLITE_OK ? 0 : db_error(c->db, rc, err);

	while (r == 0) {
		r = db_step(c->db, s, &row, err);
		if (r < 0 || !row)
			break;
		r = fn(c, s, err);
	}
	sqlite3_finalize(s);
	return r;
}

static int damage(const struct checking *c, sqlite3_stmt *s, struct error *err)
{
	const char *text = db_text(s, 0);

	(void)err;
	if (!text || strcmp(text, "ok") != 0)
		tell(c, "damage: %s", text ? text : "?");
	return 0;
}

static int reference(const struct checking *c, sqlite3_stmt *s, struct error *err)
{
	(void)err;
	tell(c, "a row of '%s' does not belong to a repository", db_text(s, 0));
	return 0;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Columns: id, record, name, task, branch, status, pr, created, active. */
static bool agrees(sqlite3_stmt *s, const struct session *session, const char *task)
{
	return same(db_text(s, 0), session->id) && same(db_text(s, 2), session->name) &&
		same(db_text(s, 3), task) && same(db_text(s, 4), session->branch) &&
		same(db_text(s, 5), session_status_name(session_status(session))) &&
		same(db_text(s, 6), session_pr_state_name(session_pr_state(session))) &&
		sqlite3_column_int64(s, 7) == session->created_at &&
		sqlite3_column_int64(s, 8) == session->last_activity_at;
}

static int columns(const struct checking *c, sqlite3_stmt *s, struct error *err)
{
	const char *id = db_text(s, 0), *record = db_text(s, 1);
	struct session session = { .name = NULL };
	struct error bad = ERROR_INIT;
	struct buf task = BUF_INIT;
	int r = session_from_json(&session, record ? record : "",
		record ? (size_t)sqlite3_column_bytes(s, 1) : 0, &bad);

	if (r == ERR_CORRUPT) {
		tell(c, "session '%s': its record cannot be read: %s", id ? id : "?", bad.msg);
		r = 0;
	} else if (r < 0) {
		*err = bad;
	} else {
		r = schema_task(session.task_id, &task, err);
		if (r == 0 && !agrees(s, &session, session.task_id ? task.data : NULL))
			tell(c, "session '%s': its columns do not match its record", id ? id : "?");
	}
	session_release(&session);
	buf_release(&task);
	return r;
}

int check_store(struct db *db, backend_finding_fn *fn, void *arg, struct error *err)
{
	const struct checking c = { db, fn, arg };
	int r = each_row(&c, "PRAGMA integrity_check", damage, err);

	if (r == 0)
		r = each_row(&c, "PRAGMA foreign_key_check", reference, err);
	if (r == 0)
		r = each_row(&c,
			"SELECT id, record, name, task, branch, status, pr, created, active"
			" FROM session ORDER BY repository, id",
			columns, err);
	return r;
}
