#include "history/replay.h"

#include "core/array.h"
#include "core/backend.h"
#include "history/filter.h"
#include "history/walk.h"

void replay_release(struct replay *r)
{
	for (size_t i = 0; i < r->n; i++)
		session_release(&r->v[i]);
	free(r->v);
	free(r->table);
	heads_release(&r->heads);
	*r = (struct replay){ .v = NULL };
}

/* FNV-1a. */
static size_t slot_of(const struct replay *r, const char *id)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (const char *p = id; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	i = (size_t)(h ^ h >> 32) & (r->table_size - 1);
	while (r->table[i] && strcmp(r->v[r->table[i] - 1].id, id) != 0)
		i = (i + 1) & (r->table_size - 1);
	return i;
}

static int grow(struct replay *r, struct error *err)
{
	size_t *table, cap = r->cap;

	if (!ARRAY_GROW(r->v, r->n, cap))
		return error_nomem(err);
	table = calloc(2 * cap, sizeof(*table));
	if (!table)
		return error_nomem(err);
	free(r->table);
	r->table = table;
	r->table_size = 2 * cap;
	r->cap = cap;
	for (size_t i = 0; i < r->n; i++)
		r->table[slot_of(r, r->v[i].id)] = i + 1;
	return 0;
}

const struct session *replay_find(const struct replay *r, const char *id)
{
	size_t i = r->table_size ? r->table[slot_of(r, id)] : 0;

	return i ? &r->v[i - 1] : NULL;
}

static const struct session *best(
	const struct replay *r, enum session_key kind, const char *key, bool deleted)
{
	const struct session *hit = NULL;

	for (size_t i = 0; i < r->n; i++) {
		const struct session *s = &r->v[i];
		struct session alive = *s;

		if (deleted)
			alive.deleted = false;
		if (session_key_matches(kind, key, &alive) &&
			(!hit || session_key_prefers(kind, s, hit)))
			hit = s;
	}
	return hit;
}

const struct session *replay_look_up(const struct replay *r, const char *key, bool deleted)
{
	const struct session *s = id_is_uuid(key) ? replay_find(r, key) : NULL;

	for (int dead = 0; dead < (deleted ? 2 : 1) && !s; dead++) {
		s = best(r, KEY_NAME, key, dead);
		if (!s)
			s = best(r, KEY_TASK, key, dead);
	}
	return s;
}

static int fetch(struct replay *r, const char *id, struct session **out, struct error *err)
{
	size_t slot;
	int e = r->n == r->cap ? grow(r, err) : 0;

	if (e < 0)
		return e;
	slot = slot_of(r, id);
	if (!r->table[slot]) {
		r->v[r->n] = (struct session){ .name = NULL };
		memcpy(r->v[r->n].id, id, ID_UUID_SIZE);
		r->n++;
		r->table[slot] = r->n;
	}
	*out = &r->v[r->table[slot] - 1];
	return 0;
}

static int apply(struct replay *r, const struct replay_wish *wish, const struct record *record,
	const struct event *e, struct error *err)
{
	struct buf before = BUF_INIT;
	struct session *s = NULL;
	int result;

	if (e && e->session && (!wish->session || strcmp(e->session, wish->session) == 0)) {
		result = fetch(r, e->session, &s, err);
		if (result == 0 && wish->fn && s->n_events)
			result = session_to_json(&before, s, err);
		if (result == 0)
			result = session_apply(s, e, err);
		if (result < 0)
			goto out;
	}
	result = wish->fn ? wish->fn(wish->arg, record, e, s, before.len ? before.data : "{}", err)
			  : 0;
out:
	buf_release(&before);
	return result;
}

static bool is_at(const struct history_point *until, const struct record *record)
{
	return !until->by_time && record->seq == until->seq &&
		strcmp(record->origin, until->origin) == 0;
}

static int take(struct replay *r, const struct replay_wish *wish, const struct record *record,
	struct error *err)
{
	struct event e;
	bool readable;
	int result;

	readable = log_decode(&e, record, &result, err);
	r->unknown += readable ? e.type == EVENT_UNKNOWN : record->body != NULL;
	if (result == 0)
		result = apply(r, wish, record, readable ? &e : NULL, err);
	event_release(&e);
	r->at = record_hlc_ms(record->hlc);
	return result < 0 ? result
			  : heads_set(&r->heads, record->origin, record->seq, record->hash, err);
}

static int not_there(const struct history_point *until, struct error *err)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)until->seq);
	return history_point_missing(text, err);
}

static bool is_beyond(const struct heads *upto, const struct record *record)
{
	const struct head *h = upto ? heads_find(upto, record->origin) : NULL;

	return upto && (!h || record->seq > h->seq);
}

static int walk_all(struct replay *r, struct history_walk *walk, const struct replay_wish *wish,
	struct error *err)
{
	const struct history_point *until = wish->until;
	const struct record *record;

	for (;;) {
		int result = history_walk_next(walk, &record, err);

		if (result < 0)
			return result;
		if (!record)
			return until && !until->by_time ? not_there(until, err) : 0;
		if (until && until->by_time && record_hlc_ms(record->hlc) > until->ms)
			return 0;
		if (is_beyond(wish->upto, record))
			continue;
		result = take(r, wish, record, err);
		if (result < 0 || (until && is_at(until, record)))
			return result;
	}
}

int replay_run(
	struct replay *out, struct journal *j, const struct replay_wish *wish, struct error *err)
{
	const struct log_range all = { .origin = "" };
	struct replay r = { .v = NULL };
	struct history_walk *walk = NULL;
	int result = history_walk_open(&walk, j, &all, err);

	if (result == 0)
		result = walk_all(&r, walk, wish, err);
	history_walk_close(walk);
	if (result < 0 && result != ERR_CORRUPT)
		replay_release(&r);
	*out = r;
	return result;
}
