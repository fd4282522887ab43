#include "log/batch.h"

#include "core/array.h"

#include <stdint.h>

void batch_release(struct batch *b)
{
	for (size_t i = 0; i < b->cap; i++) {
		if (!b->table[i])
			continue;
		session_release(&b->table[i]->session);
		free(b->table[i]);
	}
	free(b->table);
	for (size_t i = 0; i < b->n_queued; i++)
		event_release(&b->queue[i]);
	free(b->queue);
	*b = (struct batch){ .backend = b->backend, .repo_id = b->repo_id };
}

/* FNV-1a. Ids that others chose can collide at worst: a slow batch, never a wrong one. */
static size_t slot_of(const struct batch *b, const char *id)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (const char *p = id; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	i = (size_t)(h ^ h >> 32) & (b->cap - 1);
	while (b->table[i] && strcmp(b->table[i]->session.id, id) != 0)
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
			bigger.table[slot_of(&bigger, b->table[i]->session.id)] = b->table[i];
	free(b->table);
	*b = bigger;
	return 0;
}

/* The stored record, or one of which nothing is known. */
static int fetch(const struct batch *b, const char *id, struct touched **out, struct error *err)
{
	struct touched *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return error_nomem(err);
	r = b->backend->ops->get(b->backend, b->repo_id, KEY_ID, id, &t->session, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		memcpy(t->session.id, id, ID_UUID_SIZE);
		r = 0;
	}
	if (r < 0) {
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

static int apply(struct batch *b, const struct event *e, struct error *err)
{
	struct touched *t;
	int r = find(b, e->session, &t, err);

	if (r < 0 || t->late)
		return r;
	if (t->session.n_events && event_key_compare(&e->key, &t->session.last_key) <= 0) {
		t->late = true;
		b->n_late++;
		return 0;
	}
	return session_apply(&t->session, e, err);
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

		if (t && t->late &&
			memmem(record->body, record->body_len, t->session.id, ID_UUID_SIZE - 1))
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

static int refold(struct batch *b, struct journal *j, const struct heads *heads, struct error *err)
{
	struct events events = { .v = NULL };
	struct session_set set = { .v = NULL };
	int r = 0;

	for (size_t i = 0; r == 0 && i < heads->n; i++)
		r = collect_origin(b, &events, j, &heads->v[i], err);
	if (r == 0)
		r = session_fold(&set, events.v, events.n, err);
	for (size_t i = 0; r == 0 && i < set.n; i++) {
		struct touched *t = b->table[slot_of(b, set.v[i].id)];
		struct session old = t->session;

		t->session = set.v[i];
		set.v[i] = old;
	}
	session_set_release(&set);
	events_release(&events);
	return r;
}

static int by_id(const void *a, const void *b)
{
	const struct touched *const *ta = a, *const *tb = b;

	return strcmp((*ta)->session.id, (*tb)->session.id);
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
		if (b->table[i])
			sorted[n++] = b->table[i];
	qsort(sorted, n, sizeof(*sorted), by_id);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = b->backend->ops->put(b->backend, &sorted[i]->session, err);
	free(sorted);
	return r;
}
