#include "log/batch.h"

#include "core/array.h"
#include "core/invariant.h"
#include "core/json.h"

#include <stdint.h>

void batch_release(struct batch *b)
{
	for (size_t i = 0; i < b->cap; i++) {
		if (!b->table[i])
			continue;
		family_release(&b->table[i]->family);
		free(b->table[i]->stored);
		free(b->table[i]);
	}
	free(b->table);
	for (size_t i = 0; i < b->n_queued; i++)
		event_release(&b->queue[i]);
	free(b->queue);
	*b = (struct batch){
		.backend = b->backend, .repo_id = b->repo_id, .own = b->own, .only_own = b->only_own
	};
}

/* FNV-1a. Ids that others chose can collide at worst: a slow batch, never a wrong one. */
static size_t slot_of(const struct batch *b, const char *id)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (const char *p = id; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	i = (size_t)(h ^ h >> 32) & (b->cap - 1);
	while (b->table[i] && strcmp(b->table[i]->id, id) != 0)
		i = (i + 1) & (b->cap - 1);
	return i;
}

static int grow(struct batch *b, struct error *err)
{
	struct batch bigger = *b;

	bigger.cap = b->cap ? 2 * b->cap : 64;
	bigger.table = calloc(bigger.cap, sizeof(*bigger.table));
	if (!bigger.table)
		return error_nomem(err);
	for (size_t i = 0; i < b->cap; i++)
		if (b->table[i])
			bigger.table[slot_of(&bigger, b->table[i]->id)] = b->table[i];
	free(b->table);
	*b = bigger;
	return 0;
}

static int fetch_row(const struct batch *b, const char *id, struct touched *t, bool *found_out,
	struct error *err)
{
	struct session s = { .name = NULL };
	int r = b->backend->ops->get(b->backend, b->repo_id, KEY_ID, id, &s, err);

	*found_out = r == 0;
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		return 0;
	}
	if (r == 0 && !ARRAY_GROW_SHORT(t->family.v, t->family.n)) {
		session_release(&s);
		return error_nomem(err);
	}
	if (r == 0)
		t->family.v[t->family.n++] = s;
	return r;
}

/* The rows of other origins that began a session of that id. */
static int fetch_rivals(const struct batch *b, struct touched *t, struct error *err)
{
	const char *list = t->family.v[0].rivals;
	struct json_slice v;
	size_t pos = 0;
	bool more = list != NULL, found;
	int r = 0;

	while (r == 0 && more) {
		char owner[ID_HEX_SIZE] = "", id[ID_UUID_SIZE];

		r = json_next_element(list, strlen(list), &pos, &v, &more, err);
		if (r < 0 || !more)
			break;
		if (v.len != ID_HEX_SIZE + 1)
			continue;
		memcpy(owner, v.at + 1, ID_HEX_SIZE - 1);
		session_rival_id(owner, t->id, id);
		r = fetch_row(b, id, t, &found, err);
		if (r == 0 && found && !ARRAY_GROW_SHORT(t->stored, t->n_stored))
			r = error_nomem(err);
		if (r == 0 && found)
			memcpy(t->stored[t->n_stored++], id, ID_UUID_SIZE);
	}
	return r;
}

/* The stored records, or none if nothing is known of it. */
static int fetch(const struct batch *b, const char *id, struct touched **out, struct error *err)
{
	struct touched *t = calloc(1, sizeof(*t));
	bool found = false;
	int r;

	if (!t)
		return error_nomem(err);
	memcpy(t->id, id, ID_UUID_SIZE);
	r = fetch_row(b, id, t, &found, err);
	if (r == 0 && found)
		r = fetch_rivals(b, t, err);
	if (r < 0) {
		family_release(&t->family);
		free(t->stored);
		free(t);
		return r;
	}
	*out = t;
	return 0;
}

static int find(struct batch *b, const char *id, struct touched **out, struct error *err)
{
	size_t i;
	int r = 0;

	if (b->n >= b->cap / 2)
		r = grow(b, err);
	if (r < 0)
		return r;
	INVARIANT(b->n < b->cap);
	i = slot_of(b, id);
	if (!b->table[i]) {
		r = fetch(b, id, &b->table[i], err);
		if (r < 0)
			return r;
		b->n++;
	}
	*out = b->table[i];
	return 0;
}

static uint64_t ignored(const struct touched *t)
{
	uint64_t n = 0;

	for (size_t i = 0; i < t->family.n; i++)
		n += t->family.v[i].without_effect;
	return n;
}

static int apply(struct batch *b, const struct event *e, struct error *err)
{
	struct touched *t;
	uint64_t before;
	int r = find(b, e->session, &t, err);

	if (r < 0 || t->late)
		return r;
	if (family_is_late(&t->family, e)) {
		t->late = true;
		b->n_late++;
		return 0;
	}
	before = ignored(t);
	r = family_apply(&t->family, e, b->own, err);
	b->without_effect += ignored(t) - before;
	return r;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The sessions of the queue that the batch does not have yet, each once. */
static int prefetch(struct batch *b, struct error *err)
{
	const char *ids[BATCH_QUEUE];
	size_t n = 0, unique = 0;

	for (size_t i = 0; i < b->n_queued; i++)
		if (!b->cap || !b->table[slot_of(b, b->queue[i].session)])
			ids[n++] = b->queue[i].session;
	qsort(ids, n, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < n; i++)
		if (!unique || strcmp(ids[unique - 1], ids[i]) != 0)
			ids[unique++] = ids[i];
	/* One costs as much to announce as to ask for. */
	return unique > 1 ? b->backend->ops->prefetch(b->backend, ids, unique, err) : 0;
}

static int drain(struct batch *b, struct error *err)
{
	int r = prefetch(b, err);

	for (size_t i = 0; i < b->n_queued; i++) {
		if (r == 0)
			r = apply(b, &b->queue[i], err);
		event_release(&b->queue[i]);
	}
	b->n_queued = 0;
	return r;
}

int batch_apply(struct batch *b, struct event *e, struct error *err)
{
	struct event event = *e;
	int r = 0;

	*e = (struct event){ .type = EVENT_UNKNOWN };
	if (event.session && b->backend->ops->prefetch) {
		if (!b->queue)
			b->queue = calloc(BATCH_QUEUE, sizeof(*b->queue));
		if (b->queue) {
			INVARIANT(b->n_queued < BATCH_QUEUE);
			b->queue[b->n_queued++] = event;
			return b->n_queued == BATCH_QUEUE ? drain(b, err) : 0;
		}
		r = error_nomem(err);
	} else if (event.session) {
		r = apply(b, &event, err);
	}
	event_release(&event);
	return r;
}

struct events {
	struct event *v;
	size_t n, cap;
};

static void events_release(struct events *events)
{
	for (size_t i = 0; i < events->n; i++)
		event_release(&events->v[i]);
	free(events->v);
}

static int events_add(struct events *events, struct event *e, struct error *err)
{
	if (!ARRAY_GROW(events->v, events->n, events->cap))
		return error_nomem(err);
	events->v[events->n++] = *e;
	*e = (struct event){ .type = EVENT_UNKNOWN };
	return 0;
}

static bool is_late(const struct batch *b, const char *id)
{
	size_t i = id ? slot_of(b, id) : 0;

	return id && b->table[i] && b->table[i]->late;
}

/*
 * Most records of a long journal are about other sessions; with a few late ones they are told
 * apart without decoding. An id is written as it is unless somebody wrote it with escapes.
 */
static bool may_matter(const struct batch *b, const struct record *record)
{
	if (!record->body)
		return false;
	if (b->n_late > 4 || memchr(record->body, '\\', record->body_len))
		return true;
	for (size_t i = 0; i < b->cap; i++) {
		const struct touched *t = b->table[i];

		if (t && t->late && memmem(record->body, record->body_len, t->id, ID_UUID_SIZE - 1))
			return true;
	}
	return false;
}

static int collect(const struct batch *b, struct events *events, const struct record *record,
	struct error *err)
{
	struct event_key key = { .hlc = record->hlc, .seq = record->seq };
	struct event e = { .type = EVENT_UNKNOWN };
	int r;

	if (!may_matter(b, record))
		return 0;
	memcpy(key.origin, record->origin, sizeof(key.origin));
	r = event_decode(&e, record->body, record->body_len, &key, err);
	if (r == ERR_CORRUPT) {
		error_clear(err);
		return 0;
	}
	if (r == 0 && is_late(b, e.session))
		r = events_add(events, &e, err);
	event_release(&e);
	return r;
}

static int collect_origin(const struct batch *b, struct events *events, struct journal *j,
	const struct head *until, struct error *err)
{
	struct journal_reader *reader;
	const struct record *record;
	int r = journal_reader_open(&reader, j, until->origin, 0, NULL, err);

	if (r < 0)
		return r;
	do {
		r = journal_reader_next(reader, &record, err);
		if (r == 0 && record)
			r = collect(b, events, record, err);
	} while (r == 0 && record && record->seq < until->seq);
	journal_reader_close(reader);
	return r;
}

/* The folded sessions of one id go back where they were taken from. */
static int replace(struct batch *b, struct session_set *set, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < b->cap; i++)
		if (b->table[i] && b->table[i]->late)
			family_release(&b->table[i]->family);
	/* The one with the id itself comes first in its family. */
	for (int rivals = 0; rivals < 2; rivals++) {
		for (size_t i = 0; r == 0 && i < set->n; i++) {
			struct session *s = &set->v[i];
			struct session_family *f;
			size_t at;

			if ((s->claimed_id[0] != '\0') != rivals || !s->id[0])
				continue;
			at = slot_of(b, session_told_id(s));
			/* Only what is late was folded anew. */
			INVARIANT(b->table[at] && b->table[at]->late);
			f = &b->table[at]->family;
			if (!ARRAY_GROW_SHORT(f->v, f->n))
				return error_nomem(err);
			f->v[f->n++] = *s;
			*s = (struct session){ .name = NULL };
		}
	}
	return r;
}

static int refold(struct batch *b, struct journal *j, const struct heads *heads, struct error *err)
{
	struct events events = { .v = NULL };
	struct session_set set = { .v = NULL };
	int r = 0;

	for (size_t i = 0; r == 0 && i < heads->n; i++)
		r = collect_origin(b, &events, j, &heads->v[i], err);
	if (r == 0)
		r = session_fold(&set, events.v, events.n, b->own, err);
	if (r == 0)
		r = replace(b, &set, err);
	session_set_release(&set);
	events_release(&events);
	return r;
}

static int by_id(const void *a, const void *b)
{
	const struct touched *const *ta = a, *const *tb = b;

	return strcmp((*ta)->id, (*tb)->id);
}

static bool is_put(const struct touched *t, const char *id)
{
	for (size_t i = 0; i < t->family.n; i++)
		if (strcmp(t->family.v[i].id, id) == 0)
			return true;
	return false;
}

static int put_family(const struct batch *b, const struct touched *t, struct error *err)
{
	const struct backend_ops *ops = b->backend->ops;
	int r = 0;

	if (b->only_own && (!t->family.n || !own_origins_has(b->own, t->family.v[0].owner)))
		return 0;
	for (size_t i = 0; r == 0 && i < (b->only_own ? 1 : t->family.n); i++)
		r = ops->put(b->backend, &t->family.v[i], err);
	for (size_t i = 0; r == 0 && i < t->n_stored; i++) {
		if (is_put(t, t->stored[i]))
			continue;
		r = ops->remove(b->backend, t->stored[i], err);
		if (r == ERR_NOTFOUND) {
			error_clear(err);
			r = 0;
		}
	}
	return r;
}

int batch_put(struct batch *b, struct journal *j, const struct heads *heads, struct error *err)
{
	const struct touched **sorted;
	size_t n = 0;
	int r = b->n_queued ? drain(b, err) : 0;

	if (r == 0 && b->n_late)
		r = refold(b, j, heads, err);

	if (r < 0 || !b->n)
		return r;
	sorted = malloc(b->n * sizeof(*sorted));
	if (!sorted)
		return error_nomem(err);
	for (size_t i = 0; i < b->cap; i++)
		if (b->table[i]) {
			INVARIANT(n < b->n);
			sorted[n++] = b->table[i];
		}
	qsort(sorted, n, sizeof(*sorted), by_id);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = put_family(b, sorted[i], err);
	free(sorted);
	return r;
}
