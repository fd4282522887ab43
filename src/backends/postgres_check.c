/*
 * What reading does not meet: columns that do not say what their row's record says, events that do
 * not follow one another, heads that are not at the end of their origin.
 */
#include <stdarg.h>
#include <string.h>

#include "backends/postgres_store.h"
#include "core/clock.h"

/* Every row and every event is looked at. */
#define CHECK_MS (INT64_C(10) * 60 * 1000)

struct checking {
	struct pg_store *store;
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

static bool is_text(const PGresult *res, int column, const char *expected)
{
	const char *text = NULL;

	if (!pg_column_text(res, 0, column, &text))
		return !expected;
	return expected && strcmp(text, expected) == 0;
}

static bool is_int(const PGresult *res, int column, int64_t expected)
{
	int64_t v;

	return pg_column_int(res, 0, column, &v) && v == expected;
}

/* Columns: session, doc, n_events, name, task, branch, description, status, deleted, pr, ... */
static bool agrees(const PGresult *res, const struct session *s)
{
	return is_text(res, 0, s->id) && is_int(res, 2, (int64_t)s->n_events) &&
		is_text(res, 3, s->name) && is_text(res, 4, s->task_id) &&
		is_text(res, 5, s->branch) && is_text(res, 6, s->description) &&
		is_text(res, 7, session_status_name(session_status(s))) &&
		is_text(res, 8, s->deleted ? "t" : "f") &&
		is_text(res, 9, session_pr_state_name(session_pr_state(s))) &&
		is_int(res, 10, s->created_at) && is_int(res, 11, s->last_activity_at);
}

static void check_row(const struct checking *c, const PGresult *res)
{
	struct session s = { .name = NULL };
	struct error err = ERROR_INIT;
	const char *id = PQgetvalue(res, 0, 0);

	if (pg_store_decode(
		    c->store, PQgetvalue(res, 0, 1), (size_t)PQgetlength(res, 0, 1), &s, &err) < 0)
		tell(c, "the row of session %s cannot be read: %s", id, err.msg);
	else if (!agrees(res, &s))
		tell(c, "the columns of session %s do not match its record", id);
	session_release(&s);
}

static int check_rows(struct pg_conn *conn, int64_t deadline, void *arg, struct error *err)
{
	static const char sql[] =
		"select session, doc, n_events, name, task, branch, description, status, deleted, "
		"pr, created_at, activity_at from minsky.session_p1";
	const struct checking *c = arg;
	PGresult *res = NULL;
	int r = pg_send(conn, sql, &(struct pg_params){ .n = 0 }, deadline, err);

	if (r < 0)
		return r;
	(void)PQsetSingleRowMode(conn->c);
	for (;;) {
		r = pg_receive_row(conn, deadline, &res, err);
		if (r < 0 || !res)
			return r;
		check_row(c, res);
		PQclear(res);
	}
}

static int check_events(struct pg_conn *conn, int64_t deadline, void *arg, struct error *err)
{
	static const char sql[] =
		"select replace(origin::text, '-', ''), seq from (select origin, seq, hlc, body, "
		"encode(hash, 'hex') as hash, encode(body_hash, 'hex') as body_hash, "
		"coalesce(lag(encode(hash, 'hex')) over w, repeat('0', 64)) as before, "
		"coalesce(lag(seq) over w, 0) as seq_before from minsky.event "
		"window w as (partition by repo, origin order by seq)) e "
		"where seq <> seq_before + 1 or hash <> encode(sha256(convert_to(concat(before, "
		"e'\\n', replace(origin::text, '-', ''), e'\\n', seq, e'\\n', "
		"lpad(to_hex(hlc), 16, '0'), e'\\n', body_hash, e'\\n'), 'UTF8')), 'hex') "
		"or (body is not null and "
		"body_hash <> encode(sha256(convert_to(body, 'UTF8')), 'hex')) limit 100";
	const struct checking *c = arg;
	PGresult *res = NULL;
	int r = pg_query(conn, sql, &(struct pg_params){ .n = 0 }, deadline, &res, err);

	for (int i = 0; r == 0 && i < PQntuples(res); i++)
		tell(c,
			"event %.8s:%s does not follow the one before it, or differs from what was "
			"pushed",
			PQgetvalue(res, i, 0), PQgetvalue(res, i, 1));
	PQclear(res);
	return r;
}

static int check_heads(struct pg_conn *conn, int64_t deadline, void *arg, struct error *err)
{
	static const char sql[] =
		"select replace(o.origin::text, '-', '') from minsky.origin o left join lateral "
		"(select seq, hash from minsky.event e where e.repo = o.repo "
		"and e.origin = o.origin order by seq desc limit 1) e on true "
		"where o.head <> coalesce(e.seq, 0) or (o.head > 0 and o.head_hash <> e.hash) "
		"limit 100";
	const struct checking *c = arg;
	PGresult *res = NULL;
	int r = pg_query(conn, sql, &(struct pg_params){ .n = 0 }, deadline, &res, err);

	for (int i = 0; r == 0 && i < PQntuples(res); i++)
		tell(c, "the head of origin %.8s is not its last event", PQgetvalue(res, i, 0));
	PQclear(res);
	return r;
}

int pg_store_check(struct backend *b, backend_finding_fn *fn, void *arg, struct error *err)
{
	static pg_work_fn *const parts[] = { check_rows, check_events, check_heads };
	struct checking c = { .store = pg_store_self(b), .fn = fn, .arg = arg };
	int64_t deadline = clock_monotonic_ms() + CHECK_MS;
	int r = 0;

	/* Each once: what was told would be told again. */
	for (size_t i = 0; r == 0 && i < sizeof(parts) / sizeof(*parts); i++) {
		struct pg_conn *conn;

		r = pg_pool_take(c.store->pool, deadline, &conn, err);
		if (r < 0)
			break;
		r = parts[i](conn, deadline, &c, err);
		pg_pool_put(c.store->pool, conn);
	}
	return r;
}
