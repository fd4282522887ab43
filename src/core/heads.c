#include "core/heads.h"

#include "core/array.h"

void heads_release(struct heads *h)
{
	free(h->v);
	*h = (struct heads)HEADS_INIT;
}

static int by_origin(const void *key, const void *element)
{
	return strcmp(key, ((const struct head *)element)->origin);
}

const struct head *heads_find(const struct heads *h, const char *origin)
{
	size_t at;

	return ARRAY_FIND(origin, h->v, h->n, by_origin, &at) ? &h->v[at] : NULL;
}

int heads_set(
	struct heads *h, const char *origin, uint64_t seq, const char *hash, struct error *err)
{
	struct head head = { .seq = seq };
	size_t at;

	if (strlen(origin) >= sizeof(head.origin) || strlen(hash) >= sizeof(head.hash))
		return error_set(
			err, ERR_CORRUPT, "not an origin and a hash: '%s' '%s'", origin, hash);
	memcpy(head.origin, origin, strlen(origin));
	memcpy(head.hash, hash, strlen(hash));
	if (!ARRAY_FIND(origin, h->v, h->n, by_origin, &at)) {
		if (!ARRAY_GROW_SHORT(h->v, h->n))
			return error_nomem(err);
		ARRAY_OPEN(h->v, h->n, at);
		h->n++;
	}
	h->v[at] = head;
	return 0;
}

int heads_copy(struct heads *out, const struct heads *h, struct error *err)
{
	struct head *v = NULL;

	if (h->n) {
		v = malloc(h->n * sizeof(*v));
		if (!v)
			return error_nomem(err);
		memcpy(v, h->v, h->n * sizeof(*v));
	}
	*out = (struct heads){ .v = v, .n = h->n };
	return 0;
}

bool heads_equal(const struct heads *a, const struct heads *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (a->v[i].seq != b->v[i].seq || strcmp(a->v[i].origin, b->v[i].origin) != 0 ||
			strcmp(a->v[i].hash, b->v[i].hash) != 0)
			return false;
	}
	return true;
}

bool heads_cover(const struct heads *a, const struct heads *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct head *h = heads_find(a, b->v[i].origin);

		if (b->v[i].seq && (!h || h->seq < b->v[i].seq))
			return false;
	}
	return true;
}
