/* Pushing: one statement, whose effect depends on nothing but the head that the hub has. */
#include <string.h>

#include "backends/postgres_hub.h"

struct columns {
	struct pg_column hlc, session, type, version, bodyhash, body;
};

static const struct {
	const char *word;
	enum hub_status status;
} statuses[] = {
	{ "ok", HUB_OK },
	{ "behind", HUB_BEHIND },
	{ "gap", HUB_GAP },
	{ "fork", HUB_FORK },
	{ "unknown-origin", HUB_UNKNOWN_ORIGIN },
	{ "clock-ahead", HUB_CLOCK_AHEAD },
	{ "retired", HUB_RETIRED },
	{ "bad-batch", HUB_BAD_BATCH },
};

static void columns_release(struct columns *c)
{
	pg_column_release(&c->hlc);
	pg_column_release(&c->session);
	pg_column_release(&c->type);
	pg_column_release(&c->version);
	pg_column_release(&c->bodyhash);
	pg_column_release(&c->body);
}

static void add_record(struct columns *c, const struct hub_record *r)
{
	/* Beyond what the server can count is far ahead of its clock too. */
	pg_column_add_int8(&c->hlc, r->hlc > INT64_MAX ? INT64_MAX : (int64_t)r->hlc);
	pg_column_add_uuid(&c->session, r->session);
	pg_column_add_text(&c->type, r->type, r->type ? strlen(r->type) : 0);
	pg_column_add_int4(&c->version, r->version);
	pg_column_add_text(&c->bodyhash, r->bodyhash, strlen(r->bodyhash));
	pg_column_add_text(&c->body, r->body, r->body_len);
}

static int fill(struct columns *c, const struct hub_record *records, size_t n, struct error *err)
{
	struct pg_column *all[] = { &c->hlc, &c->session, &c->type, &c->version, &c->bodyhash,
		&c->body };
	static const uint32_t types[] = { PG_ARRAY_INT8, PG_ARRAY_UUID, PG_ARRAY_TEXT,
		PG_ARRAY_INT4, PG_ARRAY_TEXT, PG_ARRAY_TEXT };
	int r = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		pg_column_begin(all[i], types[i]);
	for (size_t i = 0; i < n; i++)
		add_record(c, &records[i]);
	for (size_t i = 0; r == 0 && i < sizeof(all) / sizeof(*all); i++) {
		pg_column_end(all[i]);
		r = buf_check(&all[i]->data, err);
	}
	return r;
}

static bool parse_status(const char *word, enum hub_status *out)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		if (strcmp(statuses[i].word, word) == 0) {
			*out = statuses[i].status;
			return true;
		}
	}
	return false;
}

static int read_answer(const struct pg_hub *h, const PGresult *res, const char *origin,
	enum hub_status *status_out, struct head *head_out, struct error *err)
{
	struct head head = { .seq = 0 };
	const char *word, *hash;
	int64_t seq;

	if (!pg_column_text(res, 0, 0, &word) || !pg_column_int(res, 0, 1, &seq) || seq < 0 ||
		!pg_column_text(res, 0, 2, &hash) || !id_is_hex(hash, HASH_HEX_SIZE - 1) ||
		!parse_status(word, status_out))
		return pg_hub_corrupt(h, "push() returned no valid answer", err);
	memcpy(head.origin, origin, sizeof(head.origin));
	memcpy(head.hash, hash, sizeof(head.hash));
	head.seq = (uint64_t)seq;
	*head_out = head;
	return 0;
}

static int check(
	const struct head *base, const struct hub_record *records, size_t n, struct error *err)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++) {
		bytes += records[i].body ? records[i].body_len : 0;
		if (records[i].seq != base->seq + 1 + i)
			return error_set(err, ERR_USAGE, "the pushed events have a gap at %llu",
				(unsigned long long)records[i].seq);
	}
	if (!n || n > HUB_BATCH_RECORDS || (bytes > HUB_BATCH_BYTES && n > 1))
		return error_set(err, ERR_USAGE, "a push of %zu events and %zu bytes", n, bytes);
	return base->seq > (uint64_t)INT64_MAX - n
		? error_set(err, ERR_USAGE, "such a seq cannot be stored")
		: 0;
}

int pg_hub_push(struct hub *hub, const char *key, const struct head *base,
	const struct hub_record *records, size_t n, enum hub_status *status_out,
	struct head *head_out, struct error *err)
{
	static const char sql[] = "select status, head, head_hash from minsky.push($1, $2, $3, $4, "
				  "$5, $6, $7, $8, $9, $10, $11)";
	struct pg_hub *h = pg_hub_self(hub);
	struct columns c = { PG_COLUMN_INIT, PG_COLUMN_INIT, PG_COLUMN_INIT, PG_COLUMN_INIT,
		PG_COLUMN_INIT, PG_COLUMN_INIT };
	struct pg_params p = { .n = 0 };
	enum hub_status status = HUB_OK;
	PGresult *res = NULL;
	struct head head = { .seq = 0 };
	int r = check(base, records, n, err);

	if (r == 0)
		r = fill(&c, records, n, err);
	if (r < 0)
		goto out;
	pg_text(&p, key);
	pg_text(&p, base->origin);
	pg_int(&p, (int64_t)base->seq);
	pg_text(&p, base->seq ? base->hash : HASH_ZERO);
	pg_text(&p, records[n - 1].hash);
	pg_array(&p, &c.hlc.data, PG_ARRAY_INT8);
	pg_array(&p, &c.session.data, PG_ARRAY_UUID);
	pg_array(&p, &c.type.data, PG_ARRAY_TEXT);
	pg_array(&p, &c.version.data, PG_ARRAY_INT4);
	pg_array(&p, &c.bodyhash.data, PG_ARRAY_TEXT);
	pg_array(&p, &c.body.data, PG_ARRAY_TEXT);
	r = pg_hub_call(h, sql, &p, &res, err);
	if (r == 0)
		r = read_answer(h, res, base->origin, &status, &head, err);
	if (r < 0)
		goto out;
	/* An answer was lost on the way, and what it was about is there. */
	if (status == HUB_BEHIND && head.seq == base->seq + n &&
		strcmp(head.hash, records[n - 1].hash) == 0)
		status = HUB_OK;
	*status_out = status;
	*head_out = head;
out:
	PQclear(res);
	columns_release(&c);
	return r;
}
