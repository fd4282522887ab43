#include "log/verify_redact.h"

#include "core/json.h"

void redactions_release(struct redactions *r)
{
	free(r->blanks);
	free(r->v);
	*r = (struct redactions){ .v = NULL };
}

/* Room for one more; capacities are powers of two, so n tells when one is used up. */
static void *grow(void *v, size_t n, size_t size)
{
	if (n & (n - 1))
		return v;
	return realloc(v, (n ? 2 * n : 1) * size);
}

int redactions_add_blank(struct redactions *r, const struct blank *b, struct error *err)
{
	struct blank *v = grow(r->blanks, r->n_blanks, sizeof(*v));

	if (!v)
		return error_nomem(err);
	r->blanks = v;
	v[r->n_blanks++] = *b;
	return 0;
}

int redactions_add(struct redactions *r, const struct redaction *one, struct error *err)
{
	struct redaction *v = grow(r->v, r->n, sizeof(*v));

	if (!v)
		return error_nomem(err);
	r->v = v;
	v[r->n++] = *one;
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
	size_t lo = 0, hi = r->n;

	memcpy(key.origin, b->key.origin, sizeof(key.origin));
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare(&r->v[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < r->n && compare(&r->v[lo], &key) == 0; lo++) {
		const struct event_key *by = &r->v[lo].by;

		if (strcmp(by->origin, b->key.origin) == 0 ? by->seq > b->key.seq
							   : by->hlc > b->key.hlc)
			return true;
	}
	return false;
}
