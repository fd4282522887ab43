/* What differs between two records, member by member. */
#include "history/replay.h"

#include "core/json.h"

struct diff {
	struct buf path;
	replay_diff_fn *fn;
	void *arg;
};

struct member {
	struct json_slice key, value;
	bool there;
};

struct members {
	struct json_slice object;
	size_t pos;
	struct member next;
};

static int advance(struct members *m, struct error *err)
{
	m->next.there = false;
	return m->object.len ? json_next_member(m->object.at, m->object.len, &m->pos, &m->next.key,
				       &m->next.value, &m->next.there, err)
			     : 0;
}

static int compare(struct diff *d, const struct json_slice *before, const struct json_slice *after,
	struct error *err);

/*
 * Can it be entered? Members that this version does not know are kept as they came, so that keys
 * below them may stand in any order: such a value is one value.
 */
static bool is_ordered(const struct json_slice *v)
{
	struct json_slice key, value, last = { NULL, 0 };
	struct error ignored = ERROR_INIT;
	size_t pos = 0;
	bool more;

	if (!v)
		return true;
	if (!json_slice_is(v, '{'))
		return false;
	while (json_next_member(v->at, v->len, &pos, &key, &value, &more, &ignored) == 0) {
		if (!more)
			return true;
		if (last.at && json_key_order(&last, &key) >= 0)
			return false;
		last = key;
	}
	return false;
}

static int differ(struct diff *d, const struct json_slice *key, const struct json_slice *before,
	const struct json_slice *after, struct error *err)
{
	size_t len = d->path.len;
	int r;

	if (before && after && before->len == after->len &&
		memcmp(before->at, after->at, before->len) == 0)
		return 0;
	if (len)
		buf_addch(&d->path, '.');
	buf_add(&d->path, key->at, key->len);
	r = buf_check(&d->path, err);
	if (r == 0 && is_ordered(before) && is_ordered(after))
		r = compare(d, before, after, err);
	else if (r == 0)
		r = d->fn(d->arg, d->path.data, before, after, err);
	buf_truncate(&d->path, len);
	return r;
}

/* Both are objects or absent, with their keys in order; the depth is that of a record. */
static int compare(struct diff *d, const struct json_slice *before, const struct json_slice *after,
	struct error *err)
{
	struct members a = { .object = before ? *before : (struct json_slice){ NULL, 0 } };
	struct members b = { .object = after ? *after : (struct json_slice){ NULL, 0 } };
	int r = advance(&a, err);

	if (r == 0)
		r = advance(&b, err);
	while (r == 0 && (a.next.there || b.next.there)) {
		int order = !a.next.there ? 1
			: !b.next.there   ? -1
					  : json_key_order(&a.next.key, &b.next.key);
		const struct json_slice *key = order <= 0 ? &a.next.key : &b.next.key;

		r = differ(d, key, order <= 0 ? &a.next.value : NULL,
			order >= 0 ? &b.next.value : NULL, err);
		if (r == 0 && order <= 0)
			r = advance(&a, err);
		if (r == 0 && order >= 0)
			r = advance(&b, err);
	}
	return r;
}

int replay_diff(
	const char *before, const char *after, replay_diff_fn *fn, void *arg, struct error *err)
{
	const struct json_slice a = { before, strlen(before) }, b = { after, strlen(after) };
	struct diff d = { .path = BUF_INIT, .fn = fn, .arg = arg };
	int r = compare(&d, &a, &b, err);

	buf_release(&d.path);
	return r;
}
