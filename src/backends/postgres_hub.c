/* The hub's operations but for pushing and pulling: who is known, and how far each origin is. */
#include "backends/postgres_hub.h"

#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

#define UNHEX(column) "replace(" column "::text, '-', '')"

struct pg_hub *pg_hub_self(struct hub *h)
{
	return (struct pg_hub *)(void *)h;
}

int64_t pg_hub_deadline(const struct pg_hub *h)
{
	return clock_monotonic_ms() + h->deadline_ms;
}

struct call {
	const char *sql;
	const struct pg_params *params;
	PGresult *res;
};

static int call(struct pg_conn *conn, int64_t deadline, void *arg, struct error *err)
{
	struct call *c = arg;

	return pg_query(conn, c->sql, c->params, deadline, &c->res, err);
}

int pg_hub_call(struct pg_hub *h, const char *sql, const struct pg_params *params, PGresult **out,
	struct error *err)
{
	struct call c = { .sql = sql, .params = params };
	int r = pg_pool_run(h->pool, pg_hub_deadline(h), call, &c, err);

	if (r == 0)
		*out = c.res;
	return r;
}

int pg_hub_check_id(const char *id, const char *what, struct error *err)
{
	if (id_is_hex(id, ID_HEX_SIZE - 1))
		return 0;
	return error_set(err, ERR_USAGE, "not %s: '%s'", what, id);
}

int pg_hub_corrupt(const struct pg_hub *h, const char *what, struct error *err)
{
	error_set(err, ERR_CORRUPT, "database '%s': %s", pg_pool_settings(h->pool)->location, what);
	return error_hint(
		err, "the administrator should check whether it was restored only in part");
}

static int nothing(struct pg_conn *conn, int64_t deadline, void *arg, struct error *err)
{
	(void)conn;
	(void)deadline;
	(void)arg;
	(void)err;
	return 0;
}

static int hub_open(
	struct hub **out, const struct config *config, int deadline_ms, struct error *err)
{
	struct pg_hub *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return error_nomem(err);
	h->base.ops = &hub_postgres;
	r = pg_pool_open(&h->pool, config, PG_FOR_HUB, err);
	if (r < 0)
		goto out;
	h->deadline_ms = deadline_ms > 0 ? deadline_ms : PG_HUB_DEADLINE_MS;
	r = pg_pool_run(h->pool, pg_hub_deadline(h), nothing, NULL, err);
	if (r < 0)
		goto out;
	*out = &h->base;
	h = NULL;
out:
	if (h)
		pg_pool_close(h->pool);
	free(h);
	return r;
}

static void hub_close(struct hub *hub)
{
	struct pg_hub *h = pg_hub_self(hub);

	if (!h)
		return;
	PQclear(h->heads);
	pg_pool_close(h->pool);
	free(h);
}

static int hub_join(
	struct hub *hub, const struct hub_repo *repo, char key_out[ID_HEX_SIZE], struct error *err)
{
	struct pg_hub *h = pg_hub_self(hub);
	struct pg_params p = { .n = 0 };
	struct pg_column urls = PG_COLUMN_INIT;
	const char *key;
	PGresult *res = NULL;
	int r = pg_hub_check_id(repo->id, "a repository's id", err);

	if (r < 0)
		return r;
	pg_column_begin(&urls, PG_ARRAY_TEXT);
	for (size_t i = 0; i < repo->n_urls; i++)
		pg_column_add_text(&urls, repo->urls[i], strlen(repo->urls[i]));
	pg_column_end(&urls);
	pg_text(&p, repo->id);
	pg_text(&p, repo->name ? repo->name : "");
	pg_array(&p, &urls.data, PG_ARRAY_TEXT);
	r = buf_check(&urls.data, err);
	if (r == 0)
		r = pg_hub_call(h, "select " UNHEX("minsky.join_repo($1, $2, $3)"), &p, &res, err);
	if (r == 0 && (!pg_column_text(res, 0, 0, &key) || !id_is_hex(key, ID_HEX_SIZE - 1)))
		r = pg_hub_corrupt(h, "it has no valid key for this repository", err);
	if (r == 0)
		memcpy(key_out, key, ID_HEX_SIZE);
	PQclear(res);
	pg_column_release(&urls);
	return r;
}

static int hub_enroll(struct hub *hub, const char *key, const char *origin, const char *host,
	const struct head *parent, struct error *err)
{
	struct pg_params p = { .n = 0 };
	PGresult *res = NULL;
	int r = pg_hub_check_id(key, "a repository's key", err);

	if (r == 0)
		r = pg_hub_check_id(origin, "an origin", err);
	if (r < 0)
		return r;
	pg_text(&p, key);
	pg_text(&p, origin);
	pg_text(&p, host ? host : "");
	pg_text(&p, parent ? parent->origin : NULL);
	if (parent)
		pg_int(&p, (int64_t)parent->seq);
	else
		pg_text(&p, NULL);
	r = pg_hub_call(
		pg_hub_self(hub), "select minsky.enroll($1, $2, $3, $4, $5)", &p, &res, err);
	PQclear(res);
	return r;
}

static int hub_retire(struct hub *hub, const char *key, const char *origin, struct error *err)
{
	struct pg_params p = { .n = 0 };
	PGresult *res = NULL;
	int r;

	pg_text(&p, key);
	pg_text(&p, origin);
	r = pg_hub_call(
		pg_hub_self(hub), "select minsky.retire($1::uuid, $2::uuid)", &p, &res, err);
	PQclear(res);
	return r;
}

static int read_head(const struct pg_hub *h, const PGresult *res, int row, struct heads *heads,
	struct error *err)
{
	const char *origin, *hash;
	int64_t seq;

	if (!pg_column_text(res, row, 0, &origin) || !id_is_hex(origin, ID_HEX_SIZE - 1) ||
		!pg_column_int(res, row, 1, &seq) || seq < 0 ||
		!pg_column_text(res, row, 2, &hash) || !id_is_hex(hash, HASH_HEX_SIZE - 1))
		return pg_hub_corrupt(h, "an origin has no valid head", err);
	return seq ? heads_set(heads, origin, (uint64_t)seq, hash, err) : 0;
}

static int hub_heads(struct hub *hub, const char *key, struct heads *out, struct error *err)
{
	static const char sql[] = "select " UNHEX(
		"o.origin") ", o.head, encode(o.head_hash, 'hex'), o.db_role, "
			    "coalesce(m.kind = 'keeper', false), o.retired from minsky.origin o "
			    "left join minsky.member m on m.db_role = o.db_role "
			    "where o.repo = $1::uuid order by o.origin";
	struct pg_hub *h = pg_hub_self(hub);
	struct heads heads = HEADS_INIT;
	struct pg_params p = { .n = 0 };
	PGresult *res = NULL;
	int r;

	pg_text(&p, key);
	r = pg_hub_call(h, sql, &p, &res, err);
	for (int i = 0; r == 0 && i < PQntuples(res); i++)
		r = read_head(h, res, i, &heads, err);
	if (r < 0) {
		PQclear(res);
		heads_release(&heads);
		return r;
	}
	PQclear(h->heads);
	h->heads = res;
	*out = heads;
	return 0;
}

/* What heads() has read: asking once more would be another answer, and another wait. */
static int hub_owners(
	struct hub *hub, const char *key, hub_owner_fn *fn, void *arg, struct error *err)
{
	const PGresult *res = pg_hub_self(hub)->heads;
	int r = 0;

	(void)key;
	for (int i = 0; r == 0 && res && i < PQntuples(res); i++) {
		struct hub_owner o = { .who = "" };
		const char *keeper = "", *retired = "";

		(void)pg_column_text(res, i, 0, &o.origin);
		(void)pg_column_text(res, i, 3, &o.who);
		(void)pg_column_text(res, i, 4, &keeper);
		(void)pg_column_text(res, i, 5, &retired);
		o.keeper = *keeper == 't';
		o.retired = *retired == 't';
		r = fn(arg, &o, err);
	}
	return r;
}

static int hub_hash_at(struct hub *hub, const char *key, const char *origin, uint64_t seq,
	char hash_out[HASH_HEX_SIZE], struct error *err)
{
	static const char sql[] = "select encode(hash, 'hex') from minsky.event "
				  "where repo = $1::uuid and origin = $2::uuid and seq = $3";
	struct pg_hub *h = pg_hub_self(hub);
	struct pg_params p = { .n = 0 };
	PGresult *res = NULL;
	const char *hash = "";
	int r;

	pg_text(&p, key);
	pg_text(&p, origin);
	pg_int(&p, seq > INT64_MAX ? INT64_MAX : (int64_t)seq);
	r = pg_hub_call(h, sql, &p, &res, err);
	if (r == 0 && PQntuples(res) == 0)
		r = error_set(err, ERR_NOTFOUND, "the hub has no event %.8s:%llu", origin,
			(unsigned long long)seq);
	else if (r == 0 &&
		(!pg_column_text(res, 0, 0, &hash) || !id_is_hex(hash, HASH_HEX_SIZE - 1)))
		r = pg_hub_corrupt(h, "an event has no valid hash", err);
	if (r == 0)
		memcpy(hash_out, hash, HASH_HEX_SIZE);
	PQclear(res);
	return r;
}

static int hub_redact(
	struct hub *hub, const char *key, const char *origin, uint64_t seq, struct error *err)
{
	struct pg_params p = { .n = 0 };
	PGresult *res = NULL;
	int r;

	pg_text(&p, key);
	pg_text(&p, origin);
	pg_int(&p, seq > INT64_MAX ? INT64_MAX : (int64_t)seq);
	r = pg_hub_call(
		pg_hub_self(hub), "select minsky.redact($1::uuid, $2::uuid, $3)", &p, &res, err);
	if (r == ERR_REFUSED)
		error_hint(err,
			"a keeper of the database can do this: minsky_keeper, and kind 'keeper' in "
			"minsky.member");
	PQclear(res);
	return r;
}

static int hub_instance(struct hub *hub, struct buf *out, struct error *err)
{
	struct pg_params p = { .n = 0 };
	PGresult *res = NULL;
	const char *id;
	int r = pg_hub_call(pg_hub_self(hub), "select instance_id from minsky.meta", &p, &res, err);

	if (r == 0 && !pg_column_text(res, 0, 0, &id))
		r = pg_hub_corrupt(pg_hub_self(hub), "minsky.meta is empty", err);
	if (r == 0) {
		buf_adds(out, id);
		r = buf_check(out, err);
	}
	PQclear(res);
	return r;
}

static int hub_clock_skew(struct hub *hub, int64_t *out, struct error *err)
{
	struct pg_hub *h = pg_hub_self(hub);
	struct pg_params p = { .n = 0 };
	int64_t sent = clock_now_ms(), now;
	PGresult *res = NULL;
	int r = pg_hub_call(
		h, "select (extract(epoch from clock_timestamp()) * 1000)::bigint", &p, &res, err);

	if (r == 0 && !pg_column_int(res, 0, 0, &now))
		r = pg_hub_corrupt(h, "it does not return the time", err);
	else if (r == 0)
		*out = now - (sent + clock_now_ms()) / 2;
	PQclear(res);
	return r;
}

static int hub_location(struct hub *hub, struct buf *out, struct error *err)
{
	buf_adds(out, pg_pool_settings(pg_hub_self(hub)->pool)->location);
	return buf_check(out, err);
}

const struct hub_ops hub_postgres = {
	.name = "postgres",
	.open = hub_open,
	.close = hub_close,
	.join = hub_join,
	.enroll = hub_enroll,
	.retire = hub_retire,
	.heads = hub_heads,
	.owners = hub_owners,
	.push = pg_hub_push,
	.pull = pg_hub_pull,
	.hash_at = hub_hash_at,
	.redact = hub_redact,
	.instance = hub_instance,
	.clock_skew = hub_clock_skew,
	.location = hub_location,
};
