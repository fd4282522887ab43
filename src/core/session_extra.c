#include "core/array.h"
#include "core/session_shape.h"

/*
 * Unknown members are kept as the text of one object, sorted by the bytes of the decoded keys, keys
 * and values as they came, nothing in between: {"a":1,"b":{ "as": "it came" }}.
 */

int extra_changes_add(struct extra_changes *c, const struct json_slice *key,
	const struct json_slice *value, struct error *err)
{
	if (!ARRAY_GROW(c->v, c->n, c->cap))
		return error_nomem(err);
	c->v[c->n++] = (struct extra_change){ *key, *value };
	return 0;
}

/* An index, so that equal keys keep their order whatever qsort does. */
struct place {
	const struct extra_change *change;
	size_t at;
};

static int by_key(const void *a, const void *b)
{
	const struct place *pa = a, *pb = b;
	int c = json_key_order(&pa->change->key, &pb->change->key);

	return c ? c : (pa->at > pb->at) - (pa->at < pb->at);
}

static void write_members(struct buf *out, const struct place *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct extra_change *c = v[i].change;

		if (i + 1 < n && json_key_order(&c->key, &v[i + 1].change->key) == 0)
			continue;
		if (!c->value.len)
			continue;
		buf_adds(out, out->len ? ",\"" : "{\"");
		buf_add(out, c->key.at, c->key.len);
		buf_adds(out, "\":");
		buf_add(out, c->value.at, c->value.len);
	}
	if (out->len)
		buf_addch(out, '}');
}

static int collect(struct extra_changes *all, const char *extra, const struct extra_changes *c,
	struct error *err)
{
	struct json_slice key, value;
	size_t pos = 0;
	bool more = extra != NULL;
	int r = 0;

	while (more) {
		r = json_next_member(extra, strlen(extra), &pos, &key, &value, &more, err);
		if (r == 0 && more)
			r = extra_changes_add(all, &key, &value, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; r == 0 && i < c->n; i++)
		r = extra_changes_add(all, &c->v[i].key, &c->v[i].value, err);
	return r;
}

int extra_apply(char **extra, const struct extra_changes *c, struct error *err)
{
	struct extra_changes all = { .v = NULL };
	struct buf text = BUF_INIT;
	struct place *order = NULL;
	int r = collect(&all, *extra, c, err);

	if (r < 0 || !all.n)
		goto out;
	order = malloc(all.n * sizeof(*order));
	if (!order) {
		r = error_nomem(err);
		goto out;
	}
	for (size_t i = 0; i < all.n; i++)
		order[i] = (struct place){ &all.v[i], i };
	qsort(order, all.n, sizeof(*order), by_key);
	write_members(&text, order, all.n);
	r = buf_check(&text, err);
	if (r < 0)
		goto out;
	free(*extra);
	*extra = text.len ? buf_detach(&text) : NULL;
out:
	buf_release(&text);
	free(order);
	free(all.v);
	return r;
}
