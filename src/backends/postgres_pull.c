/*
 * Pulling: pages of one origin, read row by row, so that neither side holds more than a page. A
 * connection that is cut in the middle of one is replaced, and the rest asked for.
 */
#include <string.h>

#include "backends/postgres_hub.h"
#include "core/clock.h"

#define PAGE 5000

struct pull {
	struct pg_hub *hub;
	const char *key, *origin;
	uint64_t after, upto; /* `after` moves on with every record that was handed over */
	hub_record_fn *fn;
	void *arg;
	int stopped; /* what fn returned */
	bool end; /* the hub has no more */
};

static bool read_record(const PGresult *res, struct hub_record *out)
{
	const char *hlc, *bodyhash, *hash, *session, *type;
	int64_t seq, version = 0;
	char *end;

	if (!pg_column_int(res, 0, 0, &seq) || seq < 1 || !pg_column_text(res, 0, 1, &hlc) ||
		!pg_column_text(res, 0, 2, &bodyhash) || !id_is_hex(bodyhash, HASH_HEX_SIZE - 1) ||
		!pg_column_text(res, 0, 3, &hash) || !id_is_hex(hash, HASH_HEX_SIZE - 1))
		return false;
	*out = (struct hub_record){ .seq = (uint64_t)seq };
	out->hlc = strtoull(hlc, &end, 10);
	memcpy(out->bodyhash, bodyhash, HASH_HEX_SIZE);
	memcpy(out->hash, hash, HASH_HEX_SIZE);
	if (pg_column_text(res, 0, 4, &out->body))
		out->body_len = (size_t)PQgetlength(res, 0, 4);
	if (pg_column_text(res, 0, 5, &session) && strlen(session) == ID_UUID_SIZE - 1)
		memcpy(out->session, session, ID_UUID_SIZE);
	if (pg_column_text(res, 0, 6, &type))
		out->type = type;
	if (pg_column_int(res, 0, 7, &version))
		out->version = (int)version;
	return !*end;
}

static int hand_over(struct pull *p, const PGresult *res, struct error *err)
{
	struct hub_record record;

	if (!read_record(res, &record))
		return pg_hub_corrupt(p->hub, "an event is not valid", err);
	if (record.seq != p->after + 1) {
		pg_hub_corrupt(p->hub, "the events of an origin have a gap", err);
		return error_wrap(err, "after %.8s:%llu", p->origin, (unsigned long long)p->after);
	}
	p->stopped = p->fn(p->arg, p->origin, &record, err);
	if (p->stopped >= 0)
		p->after = record.seq;
	return p->stopped < 0 ? p->stopped : 0;
}

static int page(struct pg_conn *conn, int64_t deadline, void *arg, struct error *err)
{
	static const char sql[] =
		"select seq, hlc, encode(body_hash, 'hex'), encode(hash, 'hex'), body, session, "
		"type, v "
		"from minsky.event where repo = $1::uuid and origin = $2::uuid and seq > $3 "
		"and seq <= $4 order by seq limit $5";
	struct pg_params params = { .n = 0 };
	struct pull *p = arg;
	PGresult *res = NULL;
	int n = 0, r;

	pg_text(&params, p->key);
	pg_text(&params, p->origin);
	pg_int(&params, (int64_t)p->after);
	pg_int(&params, (int64_t)p->upto);
	pg_int(&params, PAGE);
	r = pg_send(conn, sql, &params, deadline, err);
	if (r < 0)
		return r;
	(void)PQsetSingleRowMode(conn->c);
	do {
		r = pg_receive_row(conn, deadline, &res, err);
		if (r < 0 || !res)
			break;
		n++;
		r = hand_over(p, res, err);
		PQclear(res);
		/* What is done with a row is not the server's time. */
		deadline = pg_hub_deadline(p->hub);
	} while (r == 0);
	if (r == 0)
		p->end = n < PAGE;
	return r;
}

int pg_hub_pull(struct hub *hub, const char *key, const char *origin, uint64_t after, uint64_t upto,
	hub_record_fn *fn, void *arg, struct error *err)
{
	struct pull p = { .hub = pg_hub_self(hub),
		.key = key,
		.origin = origin,
		.after = after,
		.upto = upto > INT64_MAX ? INT64_MAX : upto,
		.fn = fn,
		.arg = arg };
	int r = pg_hub_check_id(key, "a repository's key", err);

	if (r == 0)
		r = pg_hub_check_id(origin, "an origin", err);
	while (r == 0 && !p.end && p.after < p.upto)
		r = pg_pool_run(p.hub->pool, pg_hub_deadline(p.hub), page, &p, err);
	return r;
}
