#include "backends/postgres_store.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/names.h"

struct pg_store *pg_store_self(struct backend *b)
{
	return (struct pg_store *)(void *)b;
}

int64_t pg_store_deadline(void)
{
	return clock_monotonic_ms() + PG_STORE_DEADLINE_MS;
}

int pg_store_check_repo(const char *repo_id, struct error *err)
{
	if (id_is_hex(repo_id, ID_HEX_SIZE - 1))
		return 0;
	return error_set(err, ERR_USAGE, "not a repository's id: '%s'", repo_id);
}

int pg_store_corrupt(const struct pg_store *s, struct error *err)
{
	error_wrap(err, "cannot use database '%s'", pg_pool_settings(s->pool)->location);
	return error_hint(err, "its rows can be created again: minsky sessiondb rebuild");
}

int pg_store_decode(const struct pg_store *s, const char *doc, size_t len, struct session *out,
	struct error *err)
{
	int r = json_check_depth(doc, len, STATE_MAX_DEPTH, err);

	if (r == 0)
		r = session_row_from_json(out, doc, len, err);
	/* Whatever a row that others write says: where things are here is not for it to say. */
	if (r == 0)
		session_drop_place(out);
	return r == ERR_CORRUPT ? pg_store_corrupt(s, err) : r;
}

int pg_store_task_key(struct buf *out, const char *task, struct error *err)
{
	size_t before = out->len;

	/* What is no task's id is only equal to itself. */
	if (name_task_id(task, out, err) < 0) {
		error_clear(err);
		buf_truncate(out, before);
		buf_adds(out, task);
	}
	return buf_check(out, err);
}

struct reading {
	const char *sql;
	const struct pg_params *params;
	PGresult *res;
};

static int read_once(struct pg_conn *conn, int64_t deadline, void *arg, struct error *err)
{
	struct reading *q = arg;

	return pg_query(conn, q->sql, q->params, deadline, &q->res, err);
}

static int read_within(struct pg_store *s, const char *repo_id, const char *sql,
	const struct pg_params *p, int ms, PGresult **out, struct error *err)
{
	struct reading q = { .sql = sql, .params = p };
	int r;

	if (s->conn && strcmp(s->repo, repo_id) == 0) {
		r = pg_batch_flush(s, err);
		if (r == 0)
			r = pg_query(s->conn, sql, p, pg_store_deadline(), &q.res, err);
	} else {
		r = pg_pool_run(s->pool, clock_monotonic_ms() + ms, read_once, &q, err);
	}
	if (r == 0)
		*out = q.res;
	return r;
}

int pg_store_read(struct pg_store *s, const char *repo_id, const char *sql,
	const struct pg_params *p, PGresult **out, struct error *err)
{
	return read_within(s, repo_id, sql, p, PG_STORE_READ_MS, out, err);
}

int pg_store_heads(
	const struct pg_store *s, const PGresult *res, int at, struct heads *out, struct error *err)
{
	struct heads heads = HEADS_INIT;
	int r = 0;

	for (int i = 0; r == 0 && i < PQntuples(res); i++) {
		const char *origin, *hash;
		int64_t seq;

		if (PQgetisnull(res, i, at + 1))
			continue;
		if (!pg_column_text(res, i, at, &origin) || !id_is_hex(origin, ID_HEX_SIZE - 1) ||
			!pg_column_int(res, i, at + 1, &seq) || seq < 0 ||
			!pg_column_text(res, i, at + 2, &hash) ||
			!id_is_hex(hash, HASH_HEX_SIZE - 1)) {
			error_set(err, ERR_CORRUPT, "a head has no usable origin, seq or hash");
			r = pg_store_corrupt(s, err);
		} else {
			r = heads_set(&heads, origin, (uint64_t)seq, hash, err);
		}
	}
	if (r < 0)
		heads_release(&heads);
	else
		*out = heads;
	return r;
}

static int store_open(struct backend **out, const struct config *config, struct error *err)
{
	struct pg_store *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return error_nomem(err);
	s->base.ops = &backend_postgres;
	pg_rows_init(&s->rows);
	r = pg_pool_open(&s->pool, config, PG_FOR_BACKEND, err);
	if (r < 0) {
		free(s);
		return r;
	}
	*out = &s->base;
	return 0;
}

static void store_close(struct backend *b)
{
	struct pg_store *s = pg_store_self(b);

	if (!s)
		return;
	pg_batch_rollback(b);
	pg_rows_release(&s->rows);
	pg_pool_close(s->pool);
	free(s);
}

static int store_heads(struct backend *b, const char *repo_id, struct heads *out, struct error *err)
{
	static const char sql[] = "select replace(origin::text, '-', ''), seq, encode(hash, 'hex') "
				  "from minsky.head_p1 where repo = $1::uuid";
	struct pg_store *s = pg_store_self(b);
	struct pg_params p = { .n = 0 };
	PGresult *res = NULL;
	int r = pg_store_check_repo(repo_id, err);

	if (r < 0)
		return r;
	/* Nobody else moves them meanwhile. */
	if (s->conn && strcmp(s->repo, repo_id) == 0)
		return heads_copy(out, &s->heads, err);
	pg_text(&p, repo_id);
	r = pg_store_read(s, repo_id, sql, &p, &res, err);
	if (r == 0)
		r = pg_store_heads(s, res, 0, out, err);
	PQclear(res);
	return r;
}

static int store_location(struct backend *b, struct buf *out, struct error *err)
{
	buf_adds(out, pg_pool_settings(pg_store_self(b)->pool)->location);
	return buf_check(out, err);
}

/* Heads and rows in one statement, so that they are of one moment. */
static int store_read_state(
	struct backend *b, const char *repo_id, struct buf *out, struct error *err)
{
	static const char sql[] =
		"select doc, id, seq, hash from ("
		"select null as doc, replace(origin::text, '-', '') as id, seq, "
		"encode(hash, 'hex') as hash from minsky.head_p1 where repo = $1::uuid "
		"union all select doc, session::text, null, null from minsky.session_p1 "
		"where repo = $1::uuid) t order by doc is null desc, id collate \"C\"";
	struct pg_store *s = pg_store_self(b);
	struct pg_params p = { .n = 0 };
	struct heads heads = HEADS_INIT;
	PGresult *res = NULL;
	bool first = true;
	int r = pg_store_check_repo(repo_id, err);

	if (r < 0)
		return r;
	pg_text(&p, repo_id);
	r = read_within(s, repo_id, sql, &p, PG_STORE_DEADLINE_MS, &res, err);
	if (r == 0)
		r = pg_store_heads(s, res, 1, &heads, err);
	buf_adds(out, "{\"heads\":");
	if (r == 0)
		r = heads_to_json(out, &heads, err);
	buf_adds(out, ",\"sessions\":[");
	for (int i = 0; r == 0 && i < PQntuples(res); i++) {
		struct session session = { .name = NULL };

		if (PQgetisnull(res, i, 0))
			continue;
		/* A row that cannot be read is not handed on as if it could. */
		r = pg_store_decode(
			s, PQgetvalue(res, i, 0), (size_t)PQgetlength(res, i, 0), &session, err);
		session_release(&session);
		buf_adds(out, first ? "\n" : ",\n");
		buf_add(out, PQgetvalue(res, i, 0), (size_t)PQgetlength(res, i, 0));
		first = false;
	}
	buf_adds(out, "\n]}\n");
	PQclear(res);
	heads_release(&heads);
	return r < 0 ? r : buf_check(out, err);
}

static int clear_repo(struct pg_store *s, struct error *err)
{
	struct buf sql = BUF_INIT;
	PGresult *res = NULL;
	int r;

	buf_addf(&sql,
		"delete from minsky.session_p1 where repo = '%s'; "
		"delete from minsky.head_p1 where repo = '%s'",
		s->repo, s->repo);
	r = buf_check(&sql, err);
	if (r == 0)
		r = pg_script(s->conn, sql.data, pg_store_deadline(), &res, err);
	PQclear(res);
	buf_release(&sql);
	s->empty = true;
	return r;
}

static int store_write_state(
	struct backend *b, const char *repo_id, const char *text, size_t len, struct error *err)
{
	struct session_set set = { .v = NULL };
	struct heads heads = HEADS_INIT;
	int r = state_from_json(&heads, &set, text, len, err);

	if (r < 0)
		return r;
	r = pg_batch_begin(b, repo_id, err);
	if (r < 0)
		goto out;
	r = clear_repo(pg_store_self(b), err);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = pg_batch_put(b, &set.v[i], err);
	if (r == 0)
		r = pg_batch_commit(b, &heads, err);
	else
		pg_batch_rollback(b);
out:
	heads_release(&heads);
	session_set_release(&set);
	return r;
}

const struct backend_ops backend_postgres = {
	.name = "postgres",
	.open = store_open,
	.close = store_close,
	.begin = pg_batch_begin,
	.put = pg_batch_put,
	.remove = pg_batch_remove,
	.commit = pg_batch_commit,
	.rollback = pg_batch_rollback,
	.heads = store_heads,
	.get = pg_store_get,
	.list = pg_store_list,
	.location = store_location,
	.read_state = store_read_state,
	.write_state = store_write_state,
	.check = pg_store_check,
	.prefetch = pg_store_prefetch,
};
