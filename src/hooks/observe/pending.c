#include "hooks/observe/pending.h"

#include "core/array.h"
#include "core/clock.h"
#include "core/fs.h"
#include "core/invariant.h"
#include "core/oid.h"

/* No log has so many lines, and git was not there before: seconds since 1970. */
#define HISTORY_FROM INT64_C(1000000000)

static void events_clear(struct pending *t)
{
	for (size_t i = 0; i < t->n_events; i++) {
		free(t->events[i].ref);
		buf_release(&t->events[i].data);
	}
	t->n_events = 0;
	tree_clear(&t->own);
	for (size_t i = 0; i < t->n_others; i++)
		tree_clear(&t->others[i]);
}

void pending_clear(struct pending *t)
{
	events_clear(t);
	buf_clear(&t->bodies);
	t->n_batch = 0;
	t->more = false;
	t->rewritten = false;
	t->moved = false;
}

void pending_release(struct pending *t)
{
	events_clear(t);
	free(t->events);
	tree_release(&t->own);
	for (size_t i = 0; i < t->n_others; i++)
		tree_release(&t->others[i]);
	free(t->others);
	free(t->batch);
	buf_release(&t->bodies);
	linked_release(&t->linked);
	cursor_release(&t->cursor);
}

int pending_time_left(const struct pending *t)
{
	int64_t left = t->deadline - clock_monotonic_ms();

	return left > 0 ? (int)left : 0;
}

struct pending_event *pending_add(struct pending *t, enum event_type type, const char *ref,
	const char *old_oid, const char *new_oid, uint64_t n, int64_t at)
{
	struct pending_event *event;

	if (!ARRAY_GROW(t->events, t->n_events, t->cap_events))
		return NULL;
	INVARIANT(ref && *ref);
	event = &t->events[t->n_events];
	*event = (struct pending_event){
		.type = type, .n = n, .at = at, .data = BUF_INIT, .reread = t->rereading
	};
	event->ref = strdup(ref);
	if (!event->ref)
		return NULL;
	oid_set(&event->old_oid, old_oid);
	oid_set(&event->new_oid, new_oid);
	t->n_events++;
	return event;
}

/* Does this ref decide what is merged: a PR branch, or one that a session is based on? */
static bool needs_facts(const struct pending *t, const char *ref)
{
	bool remote;
	const char *branch = ref_short(ref, &remote);

	if (branch && remote) {
		branch = strchr(branch, '/');
		branch = branch ? branch + 1 : NULL;
	}
	if (!branch)
		return false;
	return ref_is_pr(ref) || watched_base_has(journal_dir(t->j), branch);
}

static void add_last(struct buf *data, const char *member)
{
	if (data->len)
		buf_truncate(data, data->len - 1);
	buf_adds(data, data->len > 1 ? "," : data->len ? "" : "{");
	buf_addf(data, "%s}", member);
}

/* How long this process has been at work, as the last member of data. */
static void add_time(const struct pending *t, struct buf *data)
{
	int64_t us = clock_monotonic_us() - t->b->started_us;
	char member[40];

	if (!t->b->started_us || us < 0)
		return;
	(void)snprintf(member, sizeof(member), "\"us\":%lld", (long long)us);
	add_last(data, member);
}

/* Told behind events that are younger; the ref may have moved on since. */
static void add_again(const struct pending *t, struct pending_event *event)
{
	const struct cursor_log *log = t->lost ? cursor_find(t->known, event->ref) : NULL;

	if (t->lost)
		add_last(&event->data, "\"again\":true");
	if (log && !oid_equal(&log->oid, &event->new_oid))
		add_last(&event->data, "\"past\":true");
}

int pending_load_linked(struct pending *t, struct error *err)
{
	int r = t->linked_loaded ? 0 : linked_load(&t->linked, t->b->common_dir, err);

	t->linked_loaded = r == 0;
	return r;
}

/*
 * The same step twice in one second, which git can do, is two events: then the number goes on
 * beyond the last second there is.
 */
static void number_history(
	const struct pending *t, const struct pending_event *event, struct event_src *src)
{
	struct buf text = BUF_INIT;
	bool taken = true;

	src->n = (uint64_t)(event->at > HISTORY_FROM * 1000 ? event->at / 1000 : HISTORY_FROM);
	while (taken) {
		buf_clear(&text);
		event_encode_src(&text, src);
		taken = text.len && t->bodies.len &&
			memmem(t->bodies.data, t->bodies.len, text.data, text.len);
		if (taken)
			src->n += (uint64_t)1 << 38;
	}
	buf_release(&text);
}

/* Is the number in this body's `src` one of history? */
static bool is_history(const char *body, size_t len)
{
	static const char key[] = ",\"n\":";
	const char *n = memmem(body, len, key, sizeof(key) - 1);

	return n && strtoull(n + sizeof(key) - 1, NULL, 10) >= (uint64_t)HISTORY_FROM;
}

/*
 * A session's clone is all its own. Of a clone that has sessions in linked work trees, what went
 * by HEAD is that work tree's, and a branch is the session's that has it checked out.
 */
static int find_session(
	struct pending *t, const struct pending_event *event, const char **out, struct error *err)
{
	const struct pointer *p = t->b->pointer;
	bool own = t->walking || !strcmp(event->ref, t->at->name) ||
		!strcmp(event->ref, t->at->branch.data);
	int r = 0;

	*out = NULL;
	if (own) {
		*out = t->at->session[0] ? t->at->session : NULL;
	} else if (p->session[0] && !p->top) {
		*out = p->session;
	} else if (!strncmp(event->ref, "refs/heads/", 11)) {
		r = pending_load_linked(t, err);
		*out = r == 0 ? linked_session(&t->linked, event->ref) : NULL;
	}
	return r;
}

int pending_encode(struct pending *t, struct pending_event *event, struct error *err)
{
	struct event_src src = { .clone = t->b->pointer->clone,
		.ref = event->ref,
		.old_oid = event->old_oid.hex,
		.new_oid = event->new_oid.hex,
		.n = event->n };
	struct event_draft draft = {
		.type = event->type, .at = event->at, .via = t->b->via, .src = &src
	};
	struct batch_entry entry;
	struct actor actor;
	int r;

	INVARIANT(event->ref && t->at);
	if (event->told || event->type == EVENT_UNKNOWN)
		return 0;
	event->told = true;
	if (event->at < t->since ||
		(t->lost && !strcmp(event->ref, t->at->name) && event->n < t->at->first))
		return 0;
	if (t->known)
		number_history(t, event, &src);
	add_time(t, &event->data);
	add_again(t, event);
	draft.data = event->data.data;
	draft.data_len = event->data.len;
	r = buf_check(&event->data, err);
	if (r == 0 && !ARRAY_GROW(t->batch, t->n_batch, t->cap_batch))
		r = error_nomem(err);
	if (r == 0)
		r = find_session(t, event, &draft.session, err);
	if (r < 0)
		return r;
	actor_from_environment(&actor);
	entry.body = t->bodies.len;
	r = event_encode(&t->bodies, &draft, &actor, err);
	/* A branch named like a secret must not keep everything behind it from being told. */
	if (r < 0 && err->code == ERR_USAGE) {
		error_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	entry.len = t->bodies.len - entry.body;
	entry.src = t->bodies.len;
	event_encode_src(&t->bodies, &src);
	entry.src_len = t->bodies.len - entry.src;
	entry.reread = event->reread;
	INVARIANT(t->n_batch < t->cap_batch);
	t->batch[t->n_batch++] = entry;
	if (!t->facts_needed && event->type != EVENT_BRANCH_SWITCHED && needs_facts(t, event->ref))
		t->facts_needed = true;
	return buf_check(&t->bodies, err);
}

/* Does the body hold this stretch of text, from `key` up to `len` bytes behind it? */
static bool holds(const struct record *record, const char *text, const char *key, size_t len)
{
	const char *at = strstr(text, key);

	return at && memmem(record->body, record->body_len, at, strlen(key) + len);
}

/*
 * The same type, time and commits, in whatever number and under whatever name: a branch may have
 * been renamed since then.
 */
static void batch_drop_alike(struct pending *t, const struct record *record)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n_batch; i++) {
		const struct batch_entry *e = &t->batch[i];
		const char *body = t->bodies.data + e->body, *src = t->bodies.data + e->src;
		size_t type = strcspn(body, ","),
		       oid = strcspn(strstr(src, "\"old\":\"") + 7, "\"");

		if (record->body_len < type || memcmp(record->body, body, type) != 0 ||
			!holds(record, body, "\"at\":\"", CLOCK_TEXT_SIZE - 1) ||
			!holds(record, src, "\"old\":\"", 2 * oid + strlen("\",\"new\":\"\"")))
			t->batch[kept++] = *e;
	}
	t->n_batch = kept;
}

static void batch_drop(struct pending *t, const char *body, size_t len)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n_batch; i++) {
		const struct batch_entry *e = &t->batch[i];

		if (!memmem(body, len, t->bodies.data + e->src, e->src_len))
			t->batch[kept++] = *e;
	}
	t->n_batch = kept;
}

static int drop_from(struct pending *t, const char *origin, uint64_t after, const struct buf *mine,
	struct error *err)
{
	struct journal_reader *reader = NULL;
	int r = journal_reader_open(&reader, t->j, origin, after, NULL, err);

	while (r == 0 && t->n_batch) {
		const struct record *record;

		r = journal_reader_next(reader, &record, err);
		if (r < 0 || !record)
			break;
		if (!record->body && t->lost && record_hlc_ms(record->hlc) >= t->since)
			t->n_batch = 0;
		if (!record->body || !memmem(record->body, record->body_len, mine->data, mine->len))
			continue;
		if (t->lost)
			batch_drop_alike(t, record);
		else if (!t->known || is_history(record->body, record->body_len))
			batch_drop(t, record->body, record->body_len);
		if (!t->lost && !t->known)
			told_drop(t, record->body, record->body_len, false);
	}
	journal_reader_close(reader);
	/* Damage, or a journal that was replaced: an event told twice is better than one lost. */
	if (r < 0 && (err->code == ERR_CORRUPT || err->code == ERR_NOTFOUND)) {
		error_clear(err);
		r = 0;
	}
	return r;
}

/*
 * Take out of the batch what was appended before a crash: records above the cursor's seq. In a
 * journal that was forked off another one the seq may still be the parent's, so that more is
 * looked at than has to be.
 */
static int drop_told(struct pending *t, struct error *err)
{
	struct buf mine = BUF_INIT;
	struct head parent;
	bool forked = journal_parent(t->j, &parent);
	int r;

	buf_addf(&mine, "\"src\":{\"clone\":\"%s\"", t->b->pointer->clone);
	r = buf_check(&mine, err);
	if (r == 0 && forked)
		r = drop_from(t, parent.origin, t->cursor.seq, &mine, err);
	if (r == 0)
		r = drop_from(t, NULL, forked ? 0 : t->cursor.seq, &mine, err);
	buf_release(&mine);
	return r;
}

/* As many as one append should hold, from `first` on. */
static int append_some(struct pending *t, size_t first, size_t *n_out, struct error *err)
{
	struct journal_entry *entries = calloc(t->n_batch - first, sizeof(*entries));
	size_t n = 0, bytes = 0;
	struct head last;
	int r;

	if (!entries)
		return error_nomem(err);
	while (first + n < t->n_batch) {
		const struct batch_entry *e = &t->batch[first + n];

		bytes += e->len + RECORD_ENVELOPE_MAX;
		if (n && bytes > JOURNAL_APPEND_MAX / 2)
			break;
		entries[n].body = t->bodies.data + e->body;
		entries[n++].len = e->len;
	}
	r = journal_append(t->j, entries, n, pending_time_left(t), &last, err);
	free(entries);
	if (r < 0)
		return r;
	t->cursor.seq = last.seq;
	*n_out = n;
	return 0;
}

static int show(const struct pending *t, size_t *shown_out, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->n_batch; i++, ++*shown_out) {
		const struct batch_entry *e = &t->batch[i];

		r = t->b->show(t->b->show_arg, t->bodies.data + e->body, e->len, err);
	}
	return r;
}

int pending_append(struct pending *t, size_t *appended_out, struct error *err)
{
	int r = 0;

	if (t->cursor.dirty && t->n_batch)
		r = drop_told(t, err);
	if (r == 0 && t->rewritten && t->n_batch && !t->known)
		r = rewritten_drop_told(t, err);
	if (r < 0 || !t->n_batch)
		return r;
	if (t->b->show)
		return show(t, appended_out, err);
	/* History leaves the clone's cursor where it is. */
	r = t->known ? 0
		     : cursor_set_dirty(&t->cursor, journal_dir(t->j), t->b->pointer->clone, err);
	for (size_t at = 0, n = 0; r == 0 && at < t->n_batch; at += n) {
		r = append_some(t, at, &n, err);
		if (r == 0)
			*appended_out += n;
	}
	return r;
}
