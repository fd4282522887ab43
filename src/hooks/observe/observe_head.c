/*
 * The log of HEAD tells what no branch's log does: switches, and commits on a detached HEAD. It
 * also has every line of the branch that was checked out, in the order in which things happened;
 * those are told once, from the branch's log.
 *
 * Whether HEAD was attached at a line follows from the lines before it, never from finding the same
 * line in a branch's log or not: git writes the two one after the other, and a reader may come in
 * between. Lines of a rebase up to its end are steps that an abort takes back.
 */
#include "core/jsonw.h"
#include "core/oid.h"
#include "core/text.h"
#include "hooks/observe/classify.h"
#include "hooks/observe/pending.h"

/* Where HEAD is while its lines are gone through. */
struct walking {
	char mode; /* as in the cursor: 'a', 'd', 'r' */
	struct buf branch; /* full ref name, "" when detached */
	bool gone; /* it is no more: what was done on it, HEAD's log alone tells */
};

static int note_gone(struct pending *t, struct walking *w, struct error *err)
{
	bool there = true;
	int r = 0;

	if (w->mode == 'a' && w->branch.len)
		r = head_branch_exists(t, w->branch.data, &there, err);
	w->gone = !there;
	return r;
}

/* What HEAD was on between the switch in line `at` and the next one: that says what it left. */
static bool was_on_branch(struct pending *t, size_t at, const char *name)
{
	struct error ignored = ERROR_INIT;
	bool found = false, same = false;

	for (size_t i = at + 1; i < t->n_heads && !found; i++) {
		struct head_line line;

		if (classify_head(&line, &t->heads[i].line, &ignored) < 0)
			return false;
		found = line.step == HEAD_SWITCHED;
		same = found && !strcmp(line.from.data, name);
		head_line_release(&line);
	}
	return same && head_left_branch(name);
}

static void add_shown(struct jsonw *w, const char *key, const char *name)
{
	struct buf clean = BUF_INIT;

	text_add_scrubbed(&clean, name, strlen(name));
	jsonw_kstring(w, key, clean.data);
	buf_release(&clean);
}

static int observe_switch(struct pending *t, const struct reflog_entry *e, const char *from,
	const char *to, bool time_unknown, struct error *err)
{
	struct pending_event *event = pending_add(t, EVENT_BRANCH_SWITCHED, t->head_name,
		e->old_oid.hex, e->new_oid.hex, e->n, e->at);
	struct jsonw w;

	if (!event)
		return error_nomem(err);
	jsonw_init(&w, &event->data, false);
	jsonw_begin_object(&w);
	add_shown(&w, "from", from);
	add_shown(&w, "to", to);
	if (time_unknown)
		jsonw_kbool(&w, "timeUnknown", true);
	jsonw_end_object(&w);
	return pending_encode(t, event, err);
}

/* Everything of that branch up to tale `last`, in the order of its log. */
static int observe_through(struct pending *t, const char *ref, size_t last, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i <= last; i++)
		if (!t->events[i].told && !strcmp(t->events[i].ref, ref))
			r = pending_encode(t, &t->events[i], err);
	return r;
}

/* A branch comes into being before HEAD switches to it. */
static int observe_creation(struct pending *t, const char *ref, struct error *err)
{
	for (size_t i = 0; i < t->n_events; i++) {
		struct pending_event *event = &t->events[i];

		if (event->told || strcmp(event->ref, ref) != 0)
			continue;
		return event->type == EVENT_BRANCH_CREATED ? pending_encode(t, event, err) : 0;
	}
	return 0;
}

/* The branch that is left is not the one that HEAD was on: `switch --orphan` writes no line. */
static int step_unlogged(struct pending *t, struct walking *w, const struct reflog_entry *e,
	const char *from, struct error *err)
{
	struct cursor_log *log = cursor_find(&t->cursor, t->head_name);
	struct reflog_entry between = *e;

	if (w->mode != 'a' || !w->branch.len || t->known || !head_left_branch(from) ||
		!strcmp(w->branch.data + strlen("refs/heads/"), from))
		return 0;
	between.new_oid = between.old_oid;
	between.n = ++log->place.count;
	return observe_switch(t, &between, w->branch.data + strlen("refs/heads/"), from, true, err);
}

static int step_switch(struct pending *t, struct walking *w, size_t at,
	const struct head_line *line, bool last, struct error *err)
{
	const struct reflog_entry *e = &t->heads[at].line;
	struct buf ref = BUF_INIT;
	bool branch = head_branch_named(t, line->to.data, &ref);
	int r = 0;

	if (w->mode == 'r')
		goto out;
	r = step_unlogged(t, w, e, line->from.data, err);
	/* `switch --detach x` looks like `switch x`; of the last one HEAD itself knows. */
	if (last && !t->head_branch.len)
		branch = false;
	if (!branch && ref.len && !ref.failed && ref_name_ok(ref.data))
		branch = was_on_branch(t, at, line->to.data);
	if (r == 0 && branch)
		r = observe_creation(t, ref.data, err);
	if (r == 0 && strcmp(line->from.data, line->to.data) != 0)
		r = observe_switch(t, e, line->from.data, line->to.data, false, err);
	w->mode = branch ? 'a' : 'd';
	buf_clear(&w->branch);
	if (branch)
		buf_adds(&w->branch, ref.data);
	if (r == 0)
		r = note_gone(t, w, err);
out:
	buf_release(&ref);
	return r;
}

static int step_commit(
	struct pending *t, const struct walking *w, const struct reflog_entry *e, struct error *err)
{
	struct buf data = BUF_INIT;
	enum event_type type;
	struct pending_event *event;

	if (w->mode == 'r' || oid_equal(&e->old_oid, &e->new_oid))
		return 0;
	for (size_t i = 0; i < t->n_events; i++) {
		event = &t->events[i];
		if (event->told || strncmp(event->ref, "refs/heads/", 11) != 0)
			continue;
		/* A fast-forward repeats the ids of the other branch's commit. */
		if ((!w->branch.len || w->gone || !strcmp(event->ref, w->branch.data)) &&
			oid_equal(&event->old_oid, &e->old_oid) &&
			oid_equal(&event->new_oid, &e->new_oid))
			return observe_through(t, event->ref, i, err);
	}
	if (w->mode != 'd' && !w->gone)
		return 0;
	type = classify_line(&data, w->gone ? w->branch.data : NULL, e);
	if (type == EVENT_UNKNOWN)
		return 0;
	event = pending_add(t, type, t->head_name, e->old_oid.hex, e->new_oid.hex, e->n, e->at);
	if (!event) {
		buf_release(&data);
		return error_nomem(err);
	}
	event->data = data;
	return pending_encode(t, event, err);
}

/* HEAD's own branch got another name. */
static int follow_rename(struct pending *t, struct walking *w, const struct reflog_entry *e,
	bool *renamed_out, struct error *err)
{
	struct buf from = BUF_INIT;
	struct buf to = BUF_INIT;
	bool copied;
	int r = 0;

	*renamed_out = classify_rename(e, &from, &to, &copied) && !copied;
	if (*renamed_out && !strcmp(from.data, w->branch.data)) {
		buf_clear(&w->branch);
		buf_adds(&w->branch, to.data);
		r = note_gone(t, w, err);
	}
	buf_release(&to);
	buf_release(&from);
	return r;
}

static int step(struct pending *t, struct walking *w, size_t at, bool last, struct error *err)
{
	const struct reflog_entry *e = &t->heads[at].line;
	struct head_line line;
	bool renamed;
	int r = classify_head(&line, e, err);

	if (r < 0)
		return r;
	switch (line.step) {
	case HEAD_SWITCHED:
		r = step_switch(t, w, at, &line, last, err);
		break;
	case HEAD_REBASE:
		w->mode = 'r';
		break;
	case HEAD_RETURNED:
		w->mode = line.to.len ? 'a' : 'd';
		buf_clear(&w->branch);
		buf_adds(&w->branch, line.to.data);
		r = note_gone(t, w, err);
		break;
	case HEAD_STAYS:
		r = follow_rename(t, w, e, &renamed, err);
		if (r == 0 && !renamed)
			r = step_commit(t, w, e, err);
		break;
	}
	head_line_release(&line);
	return r;
}

static size_t last_switch(const struct pending *t)
{
	static const char moving[] = "checkout: moving from ";
	size_t last = SIZE_MAX;

	for (size_t i = 0; i < t->n_heads; i++)
		if (!strncmp(t->heads[i].message, moving, strlen(moving)))
			last = i;
	return t->more ? SIZE_MAX : last;
}

static const char *shown(const char *ref)
{
	bool remote;
	const char *name = ref_short(ref, &remote);

	return name ? name : ref;
}

/*
 * HEAD names another branch than its log led to: `switch --orphan` writes no line, and with
 * GIT_REFLOG_ACTION a switch's line does not say where to.
 */
static int arrive(struct pending *t, struct walking *w, struct cursor_log *log, struct error *err)
{
	struct reflog_entry e = { .at = t->now };
	int r = 0;

	if (t->rebasing) {
		if (!t->head_branch.len)
			w->mode = 'r';
		return 0;
	}
	if (w->mode == 'a' && w->branch.len && t->head_branch.len && !oid_is_none(&log->oid) &&
		strcmp(w->branch.data, t->head_branch.data) != 0) {
		e.old_oid = log->oid;
		e.new_oid = log->oid;
		e.n = ++log->place.count;
		r = observe_switch(
			t, &e, shown(w->branch.data), shown(t->head_branch.data), true, err);
	}
	w->mode = t->head_branch.len ? 'a' : 'd';
	buf_clear(&w->branch);
	buf_adds(&w->branch, t->head_branch.data);
	return r;
}

/* Put where HEAD is into the cursor. */
static int remember(
	struct pending *t, const struct walking *w, struct cursor_log *log, struct error *err)
{
	char *branch = NULL;

	if (log->head == w->mode && !strcmp(log->branch ? log->branch : "", w->branch.data))
		return 0;
	if (w->branch.len) {
		branch = strdup(w->branch.data);
		if (!branch)
			return error_nomem(err);
	}
	free(log->branch);
	log->branch = branch;
	log->head = w->mode;
	t->moved = true;
	return 0;
}

/* Of a log that is read from its first line, the first switch says what HEAD was on until then. */
static int find_first(struct pending *t, struct walking *w, struct error *err)
{
	bool found = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->n_heads && !found; i++) {
		struct head_line line;

		r = classify_head(&line, &t->heads[i].line, err);
		if (r < 0)
			break;
		found = line.step == HEAD_SWITCHED;
		if (found && !head_left_branch(line.from.data)) {
			w->mode = 'd';
		} else if (found) {
			w->mode = 'a';
			buf_addf(&w->branch, "refs/heads/%s", line.from.data);
		}
		head_line_release(&line);
	}
	return r < 0 ? r : buf_check(&w->branch, err);
}

int observe_head(struct pending *t, struct error *err)
{
	struct cursor_log *log = cursor_find(&t->cursor, t->head_name);
	struct walking w = { .mode = log->head, .branch = BUF_INIT };
	size_t last = last_switch(t);
	int r = 0;

	if (log->branch)
		buf_adds(&w.branch, log->branch);
	if (t->head_fresh)
		r = find_first(t, &w, err);
	if (r == 0 && t->n_heads)
		r = note_gone(t, &w, err);
	t->walking = true;
	for (size_t i = 0; r == 0 && i < t->n_heads; i++)
		r = step(t, &w, i, i == last, err);
	t->walking = false;
	for (size_t i = 0; r == 0 && i < t->n_events; i++)
		r = pending_encode(t, &t->events[i], err);
	if (r == 0 && !t->more && !t->known)
		r = arrive(t, &w, log, err);
	if (r == 0)
		r = buf_check(&w.branch, err);
	if (r == 0)
		r = remember(t, &w, log, err);
	buf_release(&w.branch);
	return r;
}
