#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "backends/postgres_store.h"
#include "core/clock.h"

/* What one statement carries. */
#define FLUSH_ROWS 1000
#define FLUSH_BYTES ((size_t)2 << 20)
#define ROLLBACK_MS 2000

static const uint32_t row_types[ROW_COLUMNS] = {
	[ROW_SESSION] = PG_ARRAY_UUID,
	[ROW_EVENTS] = PG_ARRAY_INT8,
	[ROW_NAME] = PG_ARRAY_TEXT,
	[ROW_TASK] = PG_ARRAY_TEXT,
	[ROW_TASK_KEY] = PG_ARRAY_TEXT,
	[ROW_BRANCH] = PG_ARRAY_TEXT,
	[ROW_DESCRIPTION] = PG_ARRAY_TEXT,
	[ROW_STATUS] = PG_ARRAY_TEXT,
	[ROW_DELETED] = PG_ARRAY_BOOL,
	[ROW_PR] = PG_ARRAY_TEXT,
	[ROW_CREATED] = PG_ARRAY_INT8,
	[ROW_ACTIVITY] = PG_ARRAY_INT8,
	[ROW_DOC] = PG_ARRAY_TEXT,
};

/* In the order of session, lest two writers wait for each other; of one put twice the later. */
static const char put_sql[] =
	"insert into minsky.session_p1 as s (repo, session, n_events, name, task, task_key, "
	"branch, "
	"description, status, deleted, pr, created_at, activity_at, doc) "
	"select distinct on (u.session) $1::uuid, u.session, u.n_events, u.name, u.task, "
	"u.task_key, u.branch, u.description, u.status, u.deleted, u.pr, u.created_at, "
	"u.activity_at, u.doc from unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], "
	"$6::text[], $7::text[], $8::text[], $9::text[], $10::boolean[], $11::text[], "
	"$12::bigint[], $13::bigint[], $14::text[]) with ordinality as u(session, n_events, name, "
	"task, task_key, branch, description, status, deleted, pr, created_at, activity_at, doc, "
	"i) "
	"order by u.session, u.i desc on conflict (repo, session) do update set "
	"n_events = excluded.n_events, name = excluded.name, task = excluded.task, "
	"task_key = excluded.task_key, branch = excluded.branch, "
	"description = excluded.description, status = excluded.status, "
	"deleted = excluded.deleted, pr = excluded.pr, created_at = excluded.created_at, "
	"activity_at = excluded.activity_at, doc = excluded.doc "
	"where s.n_events <= excluded.n_events";

void pg_rows_init(struct pg_rows *rows)
{
	for (size_t i = 0; i < ROW_COLUMNS; i++)
		rows->columns[i] = (struct pg_column)PG_COLUMN_INIT;
	rows->n = rows->bytes = 0;
}

void pg_rows_release(struct pg_rows *rows)
{
	for (size_t i = 0; i < ROW_COLUMNS; i++)
		pg_column_release(&rows->columns[i]);
	pg_rows_init(rows);
}

static void rows_clear(struct pg_rows *rows)
{
	for (size_t i = 0; i < ROW_COLUMNS; i++)
		pg_column_begin(&rows->columns[i], row_types[i]);
	rows->n = rows->bytes = 0;
}

static void add_text(struct pg_rows *rows, enum pg_row_column column, const char *text)
{
	pg_column_add_text(&rows->columns[column], text, text ? strlen(text) : 0);
}

static int add_row(struct pg_rows *rows, const struct session *s, struct error *err)
{
	struct buf doc = BUF_INIT, task = BUF_INIT;
	int r = session_shared_row_to_json(&doc, s, err);

	if (r == 0 && s->task_id)
		r = pg_store_task_key(&task, s->task_id, err);
	if (r < 0)
		goto out;
	pg_column_add_uuid(&rows->columns[ROW_SESSION], s->id);
	pg_column_add_int8(&rows->columns[ROW_EVENTS],
		s->n_events > INT64_MAX ? INT64_MAX : (int64_t)s->n_events);
	add_text(rows, ROW_NAME, s->name);
	add_text(rows, ROW_TASK, s->task_id);
	add_text(rows, ROW_TASK_KEY, s->task_id ? task.data : NULL);
	add_text(rows, ROW_BRANCH, s->branch);
	add_text(rows, ROW_DESCRIPTION, s->description);
	add_text(rows, ROW_STATUS, session_status_name(session_status(s)));
	pg_column_add_bool(&rows->columns[ROW_DELETED], s->deleted);
	add_text(rows, ROW_PR, session_pr_state_name(session_pr_state(s)));
	pg_column_add_int8(&rows->columns[ROW_CREATED], s->created_at);
	pg_column_add_int8(&rows->columns[ROW_ACTIVITY], s->last_activity_at);
	pg_column_add_text(&rows->columns[ROW_DOC], doc.data, doc.len);
	rows->n++;
	rows->bytes += doc.len;
	for (size_t i = 0; r == 0 && i < ROW_COLUMNS; i++)
		r = buf_check(&rows->columns[i].data, err);
out:
	buf_release(&doc);
	buf_release(&task);
	return r;
}

/* The answer to the statement that is on its way, if there is one. */
static int receive(struct pg_store *s, struct error *err)
{
	PGresult *res = NULL;
	int r = s->conn->sent ? pg_receive(s->conn, pg_store_deadline(), &res, err) : 0;

	PQclear(res);
	return r;
}

/* libpq has copied the rows when this returns. */
static int send_rows(struct pg_store *s, struct error *err)
{
	struct pg_params p = { .n = 0 };
	int r = receive(s, err);

	if (r < 0 || !s->rows.n)
		return r;
	pg_text(&p, s->repo);
	for (size_t i = 0; i < ROW_COLUMNS; i++) {
		pg_column_end(&s->rows.columns[i]);
		pg_array(&p, &s->rows.columns[i].data, row_types[i]);
	}
	r = pg_send(s->conn, put_sql, &p, pg_store_deadline(), err);
	rows_clear(&s->rows);
	return r;
}

int pg_batch_flush(struct pg_store *s, struct error *err)
{
	int r = send_rows(s, err);

	return r < 0 ? r : receive(s, err);
}

struct beginning {
	const char *repo;
	PGresult *res;
};

static int begin_once(struct pg_conn *conn, int64_t deadline, void *arg, struct error *err)
{
	struct beginning *b = arg;
	struct buf sql = BUF_INIT;
	int r;

	buf_addf(&sql,
		"begin; set local lock_timeout = '3s'; "
		"set local idle_in_transaction_session_timeout = '60s'; "
		"insert into minsky.store_p1 as s (repo) values ('%s') "
		"on conflict (repo) do update set batches = s.batches + 1; "
		"select replace(h.origin::text, '-', ''), h.seq, encode(h.hash, 'hex'), "
		"exists (select from minsky.session_p1 where repo = '%s') "
		"from (select 1) one left join minsky.head_p1 h on h.repo = '%s'",
		b->repo, b->repo, b->repo);
	r = buf_check(&sql, err);
	if (r == 0)
		r = pg_script(conn, sql.data, deadline, &b->res, err);
	buf_release(&sql);
	return r;
}

int pg_batch_begin(struct backend *backend, const char *repo_id, struct error *err)
{
	struct pg_store *s = pg_store_self(backend);
	struct beginning b = { .repo = repo_id };
	struct pg_conn *conn = NULL;
	int r;

	if (s->conn)
		return error_set(err, ERR_BUSY, "a batch is already open");
	r = pg_store_check_repo(repo_id, err);
	if (r == 0)
		r = pg_pool_run_keep(s->pool, pg_store_deadline(), begin_once, &b, &conn, err);
	if (r < 0)
		return r;
	r = pg_store_heads(s, b.res, 0, &s->heads, err);
	s->empty = PQgetvalue(b.res, 0, 3)[0] == 'f';
	PQclear(b.res);
	s->conn = conn;
	memcpy(s->repo, repo_id, ID_HEX_SIZE);
	rows_clear(&s->rows);
	if (r < 0)
		pg_batch_rollback(backend);
	return r;
}

void pg_batch_forget(struct pg_store *s)
{
	PQclear(s->fetched);
	free(s->wanted);
	s->fetched = NULL;
	s->wanted = NULL;
	s->n_wanted = 0;
}

static void end(struct pg_store *s)
{
	pg_batch_forget(s);
	pg_pool_put(s->pool, s->conn);
	s->conn = NULL;
	heads_release(&s->heads);
	pg_rows_release(&s->rows);
}

void pg_batch_rollback(struct backend *backend)
{
	struct pg_store *s = pg_store_self(backend);
	struct error ignored = ERROR_INIT;
	PGresult *res = NULL;

	if (!s->conn)
		return;
	/* A connection in any other state is closed, which the server takes for a rollback. */
	if (!s->conn->broken && !s->conn->sent)
		(void)pg_script(
			s->conn, "rollback", clock_monotonic_ms() + ROLLBACK_MS, &res, &ignored);
	PQclear(res);
	end(s);
}

static int in_batch(const struct pg_store *s, struct error *err)
{
	return s->conn ? 0 : error_set(err, ERR_USAGE, "no batch is open");
}

int pg_batch_put(struct backend *backend, const struct session *session, struct error *err)
{
	struct pg_store *s = pg_store_self(backend);
	int r = in_batch(s, err);

	if (r == 0)
		r = add_row(&s->rows, session, err);
	if (r < 0)
		return r;
	s->empty = false;
	if (s->n_wanted)
		pg_batch_forget(s);
	if (s->rows.n < FLUSH_ROWS && s->rows.bytes < FLUSH_BYTES)
		return 0;
	return send_rows(s, err);
}

int pg_batch_remove(struct backend *backend, const char *session_id, struct error *err)
{
	struct pg_store *s = pg_store_self(backend);
	struct pg_params p = { .n = 0 };
	PGresult *res = NULL;
	int r = in_batch(s, err);

	if (r == 0)
		r = pg_batch_flush(s, err);
	if (r < 0)
		return r;
	pg_batch_forget(s);
	if (!id_is_uuid(session_id))
		return error_set(err, ERR_NOTFOUND, "no session '%s'", session_id);
	pg_text(&p, s->repo);
	pg_text(&p, session_id);
	r = pg_query(s->conn,
		"delete from minsky.session_p1 where repo = $1::uuid and session = $2::uuid", &p,
		pg_store_deadline(), &res, err);
	if (r == 0 && strcmp(PQcmdTuples(res), "0") == 0)
		r = error_set(err, ERR_NOTFOUND, "no session '%s'", session_id);
	PQclear(res);
	return r;
}

static int commit_sql(
	struct buf *out, const struct pg_store *s, const struct heads *heads, struct error *err)
{
	for (size_t i = 0; i < heads->n; i++) {
		const struct head *h = &heads->v[i];

		if (!id_is_hex(h->origin, ID_HEX_SIZE - 1) ||
			!id_is_hex(h->hash, HASH_HEX_SIZE - 1) || h->seq > INT64_MAX)
			return error_set(err, ERR_USAGE, "a head that cannot be stored");
		buf_addf(out, "%s('%s', '%s', %" PRIu64 ", '\\x%s')",
			i ? ", "
			  : "insert into minsky.head_p1 as h (repo, origin, seq, hash) values ",
			s->repo, h->origin, h->seq, h->hash);
	}
	if (heads->n)
		buf_adds(out,
			" on conflict (repo, origin) do update set seq = excluded.seq, "
			"hash = excluded.hash where h.seq < excluded.seq; ");
	buf_adds(out, "commit");
	return buf_check(out, err);
}

int pg_batch_commit(struct backend *backend, const struct heads *heads, struct error *err)
{
	struct pg_store *s = pg_store_self(backend);
	struct buf sql = BUF_INIT;
	PGresult *res = NULL;
	int r = in_batch(s, err);

	if (r < 0)
		return r;
	r = commit_sql(&sql, s, heads, err);
	if (r == 0)
		r = pg_batch_flush(s, err);
	if (r == 0)
		r = pg_script(s->conn, sql.data, pg_store_deadline(), &res, err);
	if (r == 0 && strcmp(PQcmdStatus(res), "COMMIT") != 0)
		r = error_set(err, ERR_BACKEND, "database '%s' did not commit",
			pg_pool_settings(s->pool)->location);
	PQclear(res);
	buf_release(&sql);
	if (r < 0)
		pg_batch_rollback(backend);
	else
		end(s);
	return r;
}
