#include "backends/overlay.h"

#include <stdlib.h>
#include <string.h>

#include "core/array.h"

struct overlay {
	struct backend base;
	struct backend_ops ops; /* under the name of the shared one */
	struct backend *shared, *own;
	char own_repo[ID_HEX_SIZE];
};

static struct overlay *of(struct backend *b)
{
	return (struct overlay *)(void *)b;
}

static void lay_close(struct backend *b)
{
	free(b);
}

static int lay_get(struct backend *b, const char *repo_id, enum session_key kind, const char *key,
	struct session *out, struct error *err)
{
	struct overlay *o = of(b);
	int r = o->own->ops->get(o->own, o->own_repo, kind, key, out, err);

	if (r != ERR_NOTFOUND)
		return r;
	error_clear(err);
	return o->shared->ops->get(o->shared, repo_id, kind, key, out, err);
}

static int compare_for(const void *a, const void *b, void *query)
{
	return session_query_compare(query, a, b);
}

static bool is_own(const struct session_set *own, const char *id)
{
	for (size_t i = 0; i < own->n; i++)
		if (strcmp(own->v[i].id, id) == 0)
			return true;
	return false;
}

/* The rows of the shared set whose sessions are not our own, behind the own ones. */
static int add_others(struct session_set *set, struct session_set *shared,
	const struct session_set *own, struct error *err)
{
	size_t cap = set->n;

	for (size_t i = 0; i < shared->n; i++) {
		if (is_own(own, shared->v[i].id))
			continue;
		if (!ARRAY_GROW(set->v, set->n, cap))
			return error_nomem(err);
		set->v[set->n++] = shared->v[i];
		shared->v[i] = (struct session){ .name = NULL };
	}
	return 0;
}

static void cut(struct session_set *set, const struct session_query *query)
{
	size_t from = query->offset < set->n ? query->offset : set->n;
	size_t n = set->n - from;

	if (query->limit && query->limit < n)
		n = query->limit;
	for (size_t i = 0; i < set->n; i++)
		if (i < from || i >= from + n)
			session_release(&set->v[i]);
	if (n)
		memmove(set->v, set->v + from, n * sizeof(*set->v));
	set->n = n;
}

static int lay_list(struct backend *b, const char *repo_id, const struct session_query *query,
	struct session_set *out, struct error *err)
{
	const struct session_query everything = { .deleted = true };
	struct session_set set = { NULL, 0 }, shared = { NULL, 0 }, own = { NULL, 0 };
	struct session_query whole = *query;
	struct overlay *o = of(b);
	int r;

	/* A page of two lists is a page of what they are together. */
	whole.offset = 0;
	whole.limit = query->limit ? query->limit + query->offset : 0;
	r = o->own->ops->list(o->own, o->own_repo, &everything, &own, err);
	if (r == 0 && whole.limit)
		whole.limit += own.n;
	if (r == 0)
		r = o->shared->ops->list(o->shared, repo_id, &whole, &shared, err);
	whole.limit = 0;
	if (r == 0)
		r = o->own->ops->list(o->own, o->own_repo, &whole, &set, err);
	if (r == 0)
		r = add_others(&set, &shared, &own, err);
	if (r == 0 && set.n)
		qsort_r(set.v, set.n, sizeof(*set.v), compare_for, &whole);
	session_set_release(&shared);
	session_set_release(&own);
	if (r < 0) {
		session_set_release(&set);
		return r;
	}
	cut(&set, query);
	*out = set;
	return 0;
}

static int lay_heads(struct backend *b, const char *repo_id, struct heads *out, struct error *err)
{
	return of(b)->shared->ops->heads(of(b)->shared, repo_id, out, err);
}

static int lay_location(struct backend *b, struct buf *out, struct error *err)
{
	return of(b)->shared->ops->location(of(b)->shared, out, err);
}

static int lay_read_state(
	struct backend *b, const char *repo_id, struct buf *out, struct error *err)
{
	return of(b)->shared->ops->read_state(of(b)->shared, repo_id, out, err);
}

static int lay_write_state(
	struct backend *b, const char *repo_id, const char *text, size_t len, struct error *err)
{
	static const char empty[] = "{\"heads\":[],\"sessions\":[]}";
	struct overlay *o = of(b);
	int r = o->shared->ops->write_state(o->shared, repo_id, text, len, err);

	/* Whoever fills the one anew means the other too. */
	return r < 0 ? r
		     : o->own->ops->write_state(o->own, o->own_repo, empty, sizeof(empty) - 1, err);
}

static int lay_check(struct backend *b, backend_finding_fn *fn, void *arg, struct error *err)
{
	const struct backend_ops *ops = of(b)->shared->ops;

	return ops->check ? ops->check(of(b)->shared, fn, arg, err) : 0;
}

static int lay_begin(struct backend *b, const char *repo_id, struct error *err)
{
	return of(b)->shared->ops->begin(of(b)->shared, repo_id, err);
}

static int lay_put(struct backend *b, const struct session *s, struct error *err)
{
	return of(b)->shared->ops->put(of(b)->shared, s, err);
}

static int lay_remove(struct backend *b, const char *session_id, struct error *err)
{
	return of(b)->shared->ops->remove(of(b)->shared, session_id, err);
}

static int lay_commit(struct backend *b, const struct heads *heads, struct error *err)
{
	return of(b)->shared->ops->commit(of(b)->shared, heads, err);
}

static void lay_rollback(struct backend *b)
{
	of(b)->shared->ops->rollback(of(b)->shared);
}

static const struct backend_ops overlay_ops = {
	.close = lay_close,
	.begin = lay_begin,
	.put = lay_put,
	.remove = lay_remove,
	.commit = lay_commit,
	.rollback = lay_rollback,
	.heads = lay_heads,
	.get = lay_get,
	.list = lay_list,
	.location = lay_location,
	.read_state = lay_read_state,
	.write_state = lay_write_state,
	.check = lay_check,
};

int overlay_open(struct backend **out, struct backend *shared, struct backend *own,
	const char *own_repo, struct error *err)
{
	struct overlay *o = calloc(1, sizeof(*o));

	if (!o)
		return error_nomem(err);
	o->ops = overlay_ops;
	o->ops.name = shared->ops->name;
	o->base.ops = &o->ops;
	o->shared = shared;
	o->own = own;
	memcpy(o->own_repo, own_repo, ID_HEX_SIZE);
	*out = &o->base;
	return 0;
}
