#include "backends/sqlite_check.h"
#include "backends/sqlite_db.h"
#include "backends/sqlite_query.h"
#include "backends/sqlite_rows.h"
#include "backends/sqlite_schema.h"
#include "core/module.h"

/*
 * A row holds the canonical JSON of the record, which is the record, and columns that repeat what
 * can be asked of it. Rows and heads change in one transaction, begun IMMEDIATE so that whoever
 * reads before writing has the write lock already.
 */
struct sqlite_backend {
	struct backend base;
	struct db db;
	bool in_batch;
	int64_t repo; /* of the batch: its row in `repository` */
	struct buf record, task; /* what a statement was last bound to */
};

static const struct backend_ops backend_sqlite;

static struct sqlite_backend *self(struct backend *b)
{
	return (struct sqlite_backend *)(void *)b;
}

static void sqlite_rollback(struct backend *backend)
{
	struct sqlite_backend *b = self(backend);
	struct error ignored = ERROR_INIT;

	/* After some failures SQLite has rolled back by itself. */
	if (b->in_batch && !sqlite3_get_autocommit(b->db.handle))
		(void)db_run(&b->db, DB_ROLLBACK, &ignored);
	b->in_batch = false;
}

static void sqlite_close(struct backend *backend)
{
	struct sqlite_backend *b = self(backend);

	if (!b)
		return;
	sqlite_rollback(backend);
	db_release(&b->db);
	buf_release(&b->record);
	buf_release(&b->task);
	free(b);
}

static int sqlite_open(struct backend **out, const struct config *config, struct error *err)
{
	struct sqlite_backend *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return error_nomem(err);
	b->base.ops = &backend_sqlite;
	b->record = b->task = (struct buf)BUF_INIT;
	r = db_init(&b->db, config, err);
	if (r < 0)
		sqlite_close(&b->base);
	else
		*out = &b->base;
	return r;
}

static int find_repository(
	struct db *db, const char *repo_id, int64_t *out, bool *found_out, struct error *err)
{
	sqlite3_stmt *s;
	int r = db_get(db, DB_REPOSITORY, &s, err);

	if (r < 0)
		return r;
	db_bind_text(s, 1, repo_id);
	r = db_step(db, s, found_out, err);
	if (r == 0 && *found_out)
		*out = sqlite3_column_int64(s, 0);
	db_reset(s);
	return r;
}

static int add_repository(struct db *db, const char *repo_id, int64_t *out, struct error *err)
{
	sqlite3_stmt *s;
	bool row;
	int r = db_get(db, DB_ADD_REPOSITORY, &s, err);

	if (r < 0)
		return r;
	db_bind_text(s, 1, repo_id);
	r = db_step(db, s, &row, err);
	if (r == 0)
		*out = sqlite3_last_insert_rowid(db->handle);
	db_reset(s);
	return r;
}

static int sqlite_begin(struct backend *backend, const char *repo_id, struct error *err)
{
	struct sqlite_backend *b = self(backend);
	bool found = false;
	int version, r;

	if (b->in_batch)
		return error_set(err, ERR_BUSY, "a batch is already open");
	if (!id_is_hex(repo_id, ID_HEX_SIZE - 1))
		return error_set(err, ERR_USAGE, "not a repository's id: '%s'", repo_id);
	r = db_open_to_write(&b->db, err);
	if (r == 0)
		r = db_run(&b->db, DB_BEGIN, err);
	if (r < 0)
		return r;
	b->in_batch = true;
	/* A newer minsky may have been here since we opened it. */
	r = schema_version(&b->db, &version, err);
	if (r == 0)
		r = find_repository(&b->db, repo_id, &b->repo, &found, err);
	if (r == 0 && !found)
		r = add_repository(&b->db, repo_id, &b->repo, err);
	if (r < 0)
		sqlite_rollback(backend);
	return r;
}

static int need_batch(const struct sqlite_backend *b, struct error *err)
{
	return b->in_batch ? 0 : error_set(err, ERR_USAGE, "no batch is open");
}

static int sqlite_put(struct backend *backend, const struct session *s, struct error *err)
{
	struct sqlite_backend *b = self(backend);
	sqlite3_stmt *put;
	bool row;
	int r = need_batch(b, err);

	if (r == 0)
		r = db_get(&b->db, DB_PUT, &put, err);
	if (r < 0)
		return r;
	r = schema_bind_session(put, s, &b->record, &b->task, err);
	if (r == 0) {
		(void)sqlite3_bind_int64(put, 1, b->repo);
		db_bind_text(put, 2, s->id);
		r = db_step(&b->db, put, &row, err);
	}
	db_reset(put);
	return r;
}

/* One of the statements that are about the batch's repository, and perhaps one id. */
static int change(struct sqlite_backend *b, enum db_statement which, const char *id, int *n_out,
	struct error *err)
{
	sqlite3_stmt *s;
	bool row;
	int r = db_get(&b->db, which, &s, err);

	if (r < 0)
		return r;
	(void)sqlite3_bind_int64(s, 1, b->repo);
	if (id)
		db_bind_text(s, 2, id);
	r = db_step(&b->db, s, &row, err);
	if (r == 0)
		*n_out = sqlite3_changes(b->db.handle);
	db_reset(s);
	return r;
}

static int no_session(const char *key, struct error *err)
{
	return error_set(err, ERR_NOTFOUND, "no session '%s'", key);
}

static int sqlite_remove(struct backend *backend, const char *session_id, struct error *err)
{
	struct sqlite_backend *b = self(backend);
	int n = 0, r = need_batch(b, err);

	if (r == 0)
		r = change(b, DB_REMOVE, session_id, &n, err);
	return r == 0 && !n ? no_session(session_id, err) : r;
}

static int set_heads(struct sqlite_backend *b, const struct heads *heads, struct error *err)
{
	sqlite3_stmt *add;
	bool row;
	int n, r = change(b, DB_DROP_HEADS, NULL, &n, err);

	if (r == 0)
		r = db_get(&b->db, DB_ADD_HEAD, &add, err);
	for (size_t i = 0; r == 0 && i < heads->n; i++) {
		const struct head *h = &heads->v[i];

		(void)sqlite3_bind_int64(add, 1, b->repo);
		db_bind_text(add, 2, h->origin);
		(void)sqlite3_bind_int64(add, 3, (int64_t)h->seq);
		db_bind_text(add, 4, h->hash);
		r = db_step(&b->db, add, &row, err);
		db_reset(add);
	}
	return r;
}

static int sqlite_commit(struct backend *backend, const struct heads *heads, struct error *err)
{
	struct sqlite_backend *b = self(backend);
	int r = need_batch(b, err);

	if (r < 0)
		return r;
	r = set_heads(b, heads, err);
	if (r == 0)
		r = db_run(&b->db, DB_COMMIT, err);
	if (r < 0)
		sqlite_rollback(backend);
	b->in_batch = false;
	return r;
}

static int sqlite_heads(
	struct backend *backend, const char *repo_id, struct heads *out, struct error *err)
{
	struct db *db = &self(backend)->db;
	sqlite3_stmt *s;
	bool there;
	int r = db_open_to_read(db, &there, err);

	if (r < 0)
		return r;
	if (!there) {
		*out = (struct heads)HEADS_INIT;
		return 0;
	}
	r = db_get(db, DB_HEADS, &s, err);
	if (r < 0)
		return r;
	db_bind_text(s, 1, repo_id);
	r = rows_heads(db, s, out, err);
	db_reset(s);
	return r;
}

static int sqlite_get(struct backend *backend, const char *repo_id, enum session_key kind,
	const char *key, struct session *out, struct error *err)
{
	static const enum db_statement by[] = {
		[KEY_ID] = DB_BY_ID,
		[KEY_NAME] = DB_BY_NAME,
		[KEY_TASK] = DB_BY_TASK,
	};
	struct db *db = &self(backend)->db;
	struct buf task = BUF_INIT;
	sqlite3_stmt *s = NULL;
	bool there;
	int r = db_open_to_read(db, &there, err);

	if (r == 0 && !there)
		return no_session(key, err);
	if (r == 0)
		r = db_get(db, by[kind], &s, err);
	if (r == 0)
		r = schema_task(kind == KEY_TASK ? key : NULL, &task, err);
	if (r < 0)
		goto out;
	db_bind_text(s, 1, repo_id);
	db_bind_text(s, 2, kind == KEY_TASK ? task.data : key);
	r = rows_choose(db, s, kind, key, out, err);
out:
	db_reset(s);
	buf_release(&task);
	return r;
}

static int sqlite_list(struct backend *backend, const char *repo_id,
	const struct session_query *query, struct session_set *out, struct error *err)
{
	struct db *db = &self(backend)->db;
	struct session_set set = { .v = NULL };
	struct buf sql = BUF_INIT, task = BUF_INIT;
	sqlite3_stmt *s = NULL;
	bool there = false;
	int rc, r = db_open_to_read(db, &there, err);

	if (r == 0 && there) {
		r = query_sql(&sql, query, err);
		rc = r == 0 ? sqlite3_prepare_v2(db->handle, sql.data, -1, &s, NULL) : SQLITE_OK;
		if (rc != SQLITE_OK)
			r = db_error(db, rc, err);
		if (r == 0)
			r = query_bind(s, repo_id, query, &task, err);
		if (r == 0)
			r = rows_collect(db, s, query, &set, err);
	}
	if (r < 0)
		session_set_release(&set);
	else
		*out = set;
	sqlite3_finalize(s);
	buf_release(&sql);
	buf_release(&task);
	return r;
}

static int sqlite_location(struct backend *backend, struct buf *out, struct error *err)
{
	buf_adds(out, self(backend)->db.path.data);
	return buf_check(out, err);
}

/* Within one transaction, so that heads and rows belong together. */
static int write_all(struct backend *backend, const char *repo_id, bool there, struct buf *out,
	struct error *err)
{
	struct heads heads = HEADS_INIT;
	int r = sqlite_heads(backend, repo_id, &heads, err);

	buf_adds(out, "{\"heads\":");
	if (r == 0)
		r = heads_to_json(out, &heads, err);
	buf_adds(out, ",\"sessions\":[");
	if (r == 0 && there)
		r = rows_write(&self(backend)->db, repo_id, out, err);
	buf_adds(out, "\n]}\n");
	heads_release(&heads);
	return r < 0 ? r : buf_check(out, err);
}

static int sqlite_read_state(
	struct backend *backend, const char *repo_id, struct buf *out, struct error *err)
{
	struct sqlite_backend *b = self(backend);
	size_t before = out->len;
	bool there, began = false;
	int r = db_open_to_read(&b->db, &there, err);

	if (r == 0 && there && !b->in_batch) {
		r = db_run(&b->db, DB_BEGIN_READ, err);
		began = r == 0;
	}
	if (r == 0)
		r = write_all(backend, repo_id, there, out, err);
	if (began) {
		struct error ignored = ERROR_INIT;

		(void)db_run(&b->db, DB_ROLLBACK, &ignored);
	}
	if (r < 0)
		buf_truncate(out, before);
	return r;
}

static int sqlite_write_state(struct backend *backend, const char *repo_id, const char *text,
	size_t len, struct error *err)
{
	struct session_set set = { .v = NULL };
	struct heads heads = HEADS_INIT;
	int n, r = state_from_json(&heads, &set, text, len, err);

	if (r == 0)
		r = sqlite_begin(backend, repo_id, err);
	if (r < 0)
		goto out;
	r = change(self(backend), DB_REMOVE_ALL, NULL, &n, err);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = sqlite_put(backend, &set.v[i], err);
	if (r == 0)
		r = sqlite_commit(backend, &heads, err);
	else
		sqlite_rollback(backend);
out:
	heads_release(&heads);
	session_set_release(&set);
	return r;
}

static int sqlite_check(
	struct backend *backend, backend_finding_fn *fn, void *arg, struct error *err)
{
	struct db *db = &self(backend)->db;
	bool there;
	int r = db_open_to_read(db, &there, err);

	return r < 0 || !there ? r : check_store(db, fn, arg, err);
}

static const struct backend_ops backend_sqlite = {
	.name = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.begin = sqlite_begin,
	.put = sqlite_put,
	.remove = sqlite_remove,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.heads = sqlite_heads,
	.get = sqlite_get,
	.list = sqlite_list,
	.location = sqlite_location,
	.read_state = sqlite_read_state,
	.write_state = sqlite_write_state,
	.check = sqlite_check,
};

BACKEND_MODULE_EXPORT const struct backend_module minsky_backend_module = {
	.abi = BACKEND_MODULE_ABI,
	.name = "sqlite",
	.backend = &backend_sqlite,
};
