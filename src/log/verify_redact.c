#include "log/verify_redact.h"

#include "core/array.h"
#include "core/json.h"

void redactions_release(struct redactions *r)
{
	free(r->blanks);
	free(r->v);
	*r = (struct redactions){ .v = NULL };
}

int redactions_add_blank(struct redactions *r, const struct blank *b, struct error *err)
{
	if (!ARRAY_GROW(r->blanks, r->n_blanks, r->cap_blanks))
		return error_nomem(err);
	r->blanks[r->n_blanks++] = *b;
	return 0;
}

int redactions_add(struct redactions *r, const struct redaction *one, struct error *err)
{
	if (!ARRAY_GROW(r->v, r->n, r->cap))
		return error_nomem(err);
	r->v[r->n++] = *one;
	return 0;
}

static int add_redaction(struct redactions *r, const char *origin, uint64_t seq,
	const struct record *rec, struct error *err)
{
	struct redaction one = { .seq = seq, .by = { .hlc = rec->hlc, .seq = rec->seq } };

	memcpy(one.origin, origin, sizeof(one.origin));
	memcpy(one.by.origin, rec->origin, sizeof(one.by.origin));
	return redactions_add(r, &one, err);
}

int redactions_add_record(struct redactions *r, const struct record *rec, struct error *err)
{
	static const char type[] = "{\"type\":\"event.redacted\",";
	struct error ignored = ERROR_INIT;
	const struct json *data;
	struct json *body;
	const char *origin;
	uint64_t seq;
	int e = 0;

	if (!rec->body || rec->body_len < sizeof(type) ||
		memcmp(rec->body, type, sizeof(type) - 1) != 0)
		return 0;
	if (json_parse(&body, rec->body, rec->body_len, &ignored) < 0)
		return 0;
	data = json_get(body, "data");
	origin = json_get_string(data, "origin");
	if (origin && id_is_hex(origin, ID_HEX_SIZE - 1) && json_get_u64(data, "seq", &seq))
		e = add_redaction(r, origin, seq, rec, err);
	json_free(body);
	return e;
}

static int compare(const void *a, const void *b)
{
	const struct redaction *x = a, *y = b;
	int c = strcmp(x->origin, y->origin);

	return c ? c : x->seq < y->seq ? -1 : x->seq > y->seq;
}

void redactions_sort(struct redactions *r)
{
	if (r->n)
		qsort(r->v, r->n, sizeof(*r->v), compare);
}

bool redactions_cover(const struct redactions *r, const struct blank *b)
{
	struct redaction key = { .seq = b->key.seq };
	size_t at;

	memcpy(key.origin, b->key.origin, sizeof(key.origin));
	(void)ARRAY_FIND(&key, r->v, r->n, compare, &at);
	for (; at < r->n && compare(&key, &r->v[at]) == 0; at++) {
		const struct event_key *by = &r->v[at].by;

		if (strcmp(by->origin, b->key.origin) == 0 ? by->seq > b->key.seq
							   : by->hlc > b->key.hlc)
			return true;
	}
	return false;
}
