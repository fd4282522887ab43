#include "history/replay.h"

#include "core/array.h"
#include "core/backend.h"
#include "history/filter.h"
#include "history/walk.h"

static void families_release(struct replay *r)
{
	for (size_t i = 0; i < r->n_families; i++)
		family_release(&r->families[i].f);
	free(r->families);
	free(r->table);
	r->families = NULL;
	r->table = NULL;
	r->n_families = r->cap = r->table_size = 0;
}

void replay_release(struct replay *r)
{
	for (size_t i = 0; i < r->n; i++)
		session_release(&r->v[i]);
	free(r->v);
	families_release(r);
	own_origins_release(&r->own);
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
	while (r->table[i] && strcmp(r->families[r->table[i] - 1].id, id) != 0)
		i = (i + 1) & (r->table_size - 1);
	return i;
}

static int grow(struct replay *r, struct error *err)
{
	size_t *table, cap = r->cap;

	if (!ARRAY_GROW(r->families, r->n_families, cap))
		return error_nomem(err);
	table = calloc(2 * cap, sizeof(*table));
	if (!table)
		return error_nomem(err);
	free(r->table);
	r->table = table;
	r->table_size = 2 * cap;
	r->cap = cap;
	for (size_t i = 0; i < r->n_families; i++)
		r->table[slot_of(r, r->families[i].id)] = i + 1;
	return 0;
}

const struct session *replay_find(const struct replay *r, const char *id)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->v[i].id, id) == 0)
			return &r->v[i];
	return NULL;
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

static int fetch(struct replay *r, const char *id, struct session_family **out, struct error *err)
{
	size_t slot;
	int e = r->n_families == r->cap ? grow(r, err) : 0;

	if (e < 0)
		return e;
	slot = slot_of(r, id);
	if (!r->table[slot]) {
		r->families[r->n_families] = (struct replay_family){ .id = "" };
		memcpy(r->families[r->n_families].id, id, ID_UUID_SIZE);
		r->n_families++;
		r->table[slot] = r->n_families;
	}
	*out = &r->families[r->table[slot] - 1].f;
	return 0;
}

static int apply(struct replay *r, const struct replay_wish *wish, const struct record *record,
	const struct event *e, struct error *err)
{
	struct session_family *f = NULL;
	const struct session *s = NULL;
	struct buf before = BUF_INIT;
	int result;

	if (e && e->session && (!wish->session || strcmp(e->session, wish->session) == 0)) {
		result = fetch(r, e->session, &f, err);
		s = result == 0 ? family_of(f, e, &r->own) : NULL;
		if (s && wish->fn && s->n_events)
			result = session_to_json(&before, s, err);
		if (result == 0)
			result = family_apply(f, e, &r->own, err);
		if (result < 0)
			goto out;
		s = family_of(f, e, &r->own);
	}
	result = wish->fn ? wish->fn(wish->arg, record, e, s, before.len ? before.data : "{}", err)
			  : 0;
out:
	buf_release(&before);
	return result;
}

/* The sessions themselves, now that no more events come. */
static int flatten(struct replay *r, struct error *err)
{
	size_t cap = 0;

	for (size_t i = 0; i < r->n_families; i++) {
		struct session_family *f = &r->families[i].f;

		for (size_t k = 0; k < f->n; k++) {
			if (!ARRAY_GROW(r->v, r->n, cap))
				return error_nomem(err);
			r->v[r->n++] = f->v[k];
			f->v[k] = (struct session){ .name = NULL };
		}
	}
	families_release(r);
	return 0;
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
	struct error no_memory = ERROR_INIT;
	int result = wish->shared ? 0 : journal_own(j, &r.own, err);

	if (result == 0)
		result = history_walk_open(&walk, j, &all, err);
	if (result == 0)
		result = walk_all(&r, walk, wish, err);
	history_walk_close(walk);
	if (flatten(&r, &no_memory) < 0) {
		*err = no_memory;
		result = err->code;
	}
	if (result < 0 && result != ERR_CORRUPT)
		replay_release(&r);
	*out = r;
	return result;
}
