/*
 * The log of HEAD tells what no branch's log does: switches, and commits on a detached HEAD. It
 * also has every line of the branch that was checked out, in the order in which things happened;
 * those are told once, from the branch's log.
 *
 * Whether HEAD was attached at a line follows from the lines before it, never from finding the same
 * line in a branch's log or not: git writes the two one after the other, and a reader may come in
 * between. Lines of a rebase up to its end are steps that an abort takes back.
 */
#include "core/fs.h"
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
	struct oid rebased; /* where a detached HEAD was before it was rebased; "" */
	size_t rebase_end; /* the first line behind the rebase; SIZE_MAX: no line is */
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

	for (size_t i = at + 1; i < t->at->n_lines && !found; i++) {
		struct head_line line;

		if (classify_head(&line, &t->at->lines[i].line, &ignored) < 0)
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
	struct pending_event *event = pending_add(
		t, EVENT_BRANCH_SWITCHED, t->at->name, e->old_oid.hex, e->new_oid.hex, e->n, e->at);
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
	struct cursor_log *log = cursor_find(&t->cursor, t->at->name);
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
	const struct reflog_entry *e = &t->at->lines[at].line;
	struct buf ref = BUF_INIT;
	bool branch = head_branch_named(t, line->to.data, &ref);
	int r = 0;

	if (w->mode == 'r')
		goto out;
	r = step_unlogged(t, w, e, line->from.data, err);
	/* `switch --detach x` looks like `switch x`; of the last one HEAD itself knows. */
	if (last && !t->at->branch.len)
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
	event = pending_add(t, type, t->at->name, e->old_oid.hex, e->new_oid.hex, e->n, e->at);
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

/*
 * git writes a line when a rebase has put a branch where it belongs, and when it is given up. After
 * one of a detached HEAD, and after `rebase --quit`, there is none: then the rebase ends with the
 * last line that it wrote, if it is not under way any more.
 */
static void find_rebase_end(const struct pending *t, struct walking *w, size_t from)
{
	const struct tree *tree = t->at;
	struct error ignored = ERROR_INIT;
	bool returned = false;
	size_t end = from, i;

	for (i = from; i < tree->n_lines && !returned; i++) {
		struct head_line line;

		if (classify_head(&line, &tree->lines[i].line, &ignored) < 0)
			break;
		head_line_release(&line);
		if (line.step == HEAD_REBASE && i > from)
			break;
		returned = line.step == HEAD_RETURNED;
		if (classify_rebase_step(&tree->lines[i].line))
			end = i + 1;
	}
	w->rebase_end = end;
	if (returned || (i == tree->n_lines && (t->more || tree->rebasing)))
		w->rebase_end = SIZE_MAX;
}

/* A rebase is over, and no line said so; `e` led to where HEAD was then. */
static int leave_rebase(struct pending *t, struct walking *w, const struct reflog_entry *e,
	bool time_unknown, struct error *err)
{
	struct pending_event *event;
	int r = 0;

	if (!oid_is_none(&w->rebased) && !oid_is_none(&e->new_oid) &&
		!oid_equal(&w->rebased, &e->new_oid)) {
		event = pending_add(t, EVENT_COMMITS_REWRITTEN, t->at->name, w->rebased.hex,
			e->new_oid.hex, e->n, e->at);
		if (!event)
			return error_nomem(err);
		classify_rebased(&event->data, w->rebased.hex, e->new_oid.hex, time_unknown);
		r = pending_encode(t, event, err);
	}
	w->rebased = OID_NONE;
	w->rebase_end = SIZE_MAX;
	w->mode = 'd';
	buf_clear(&w->branch);
	return r;
}

/* Lines behind a rebase that wrote no last one are no part of it. */
static int leave_rebase_before(struct pending *t, struct walking *w, size_t at, struct error *err)
{
	struct reflog_entry first;

	if (w->mode != 'r' || at != w->rebase_end)
		return 0;
	if (at)
		return leave_rebase(t, w, &t->at->lines[at - 1].line, false, err);
	/* All of its own lines have been seen: where they led to, the next one begins. */
	first = t->at->lines[0].line;
	first.new_oid = first.old_oid;
	first.n--;
	return leave_rebase(t, w, &first, false, err);
}

/* The rebase of a branch is told by its log, and whose it is by the HEAD that did it. */
static int tell_rebase(struct pending *t, const char *ref, const struct oid *oid, struct error *err)
{
	for (size_t i = 0; i < t->n_events; i++) {
		const struct pending_event *event = &t->events[i];

		if (!event->told && event->type == EVENT_COMMITS_REWRITTEN &&
			!strcmp(event->ref, ref) && oid_equal(&event->new_oid, oid))
			return observe_through(t, ref, i, err);
	}
	return 0;
}

static int step(struct pending *t, struct walking *w, size_t at, bool last, struct error *err)
{
	const struct reflog_entry *e = &t->at->lines[at].line;
	struct head_line line;
	bool renamed;
	int r = leave_rebase_before(t, w, at, err);

	if (r == 0)
		r = classify_head(&line, e, err);
	if (r < 0)
		return r;
	switch (line.step) {
	case HEAD_SWITCHED:
		r = step_switch(t, w, at, &line, last, err);
		break;
	case HEAD_REBASE:
		if (!w->branch.len)
			w->rebased = e->old_oid;
		w->mode = 'r';
		find_rebase_end(t, w, at);
		break;
	case HEAD_RETURNED:
		w->mode = line.to.len ? 'a' : 'd';
		w->rebased = OID_NONE;
		buf_clear(&w->branch);
		buf_adds(&w->branch, line.to.data);
		r = note_gone(t, w, err);
		if (r == 0)
			r = tell_rebase(t, line.to.data, &e->new_oid, err);
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

	for (size_t i = 0; i < t->at->n_lines; i++)
		if (!strncmp(t->at->lines[i].message, moving, strlen(moving)))
			last = i;
	return t->more ? SIZE_MAX : last;
}

static const char *shown(const char *ref)
{
	bool remote;
	const char *name = ref_short(ref, &remote);

	return name ? name : ref;
}

/* git holds HEAD.lock, writes the line, then HEAD: in between the line alone is right. */
static bool is_switching(const struct pending *t)
{
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT, branch = BUF_INIT;
	bool is;

	fs_join(&path, t->at->git_dir, "HEAD.lock");
	is = path.failed || fs_exists(path.data) ||
		head_read(t->at->git_dir, &branch, &ignored) < 0 ||
		strcmp(branch.data, t->at->branch.data) != 0;
	buf_release(&path);
	buf_release(&branch);
	return is;
}

/*
 * HEAD names another branch than its log led to: `switch --orphan` writes no line, and with
 * GIT_REFLOG_ACTION a switch's line does not say where to.
 */
static int arrive(struct pending *t, struct walking *w, struct cursor_log *log, struct error *err)
{
	struct reflog_entry e = { .at = t->now };
	int r = 0;

	if (t->at->rebasing) {
		if (!t->at->branch.len)
			w->mode = 'r';
		return 0;
	}
	if (w->mode == 'r') {
		e.n = log->place.count;
		e.at = t->at->n_lines ? t->at->lines[t->at->n_lines - 1].line.at : t->now;
		e.new_oid = log->oid;
		r = leave_rebase(t, w, &e, !t->at->n_lines, err);
		if (r < 0)
			return r;
	}
	if (((w->mode == 'a') != (t->at->branch.len > 0) ||
		    strcmp(w->branch.data, t->at->branch.data) != 0) &&
		is_switching(t))
		return 0;
	if (w->mode == 'a' && w->branch.len && t->at->branch.len && !oid_is_none(&log->oid) &&
		strcmp(w->branch.data, t->at->branch.data) != 0) {
		e.old_oid = log->oid;
		e.new_oid = log->oid;
		e.n = ++log->place.count;
		r = observe_switch(
			t, &e, shown(w->branch.data), shown(t->at->branch.data), true, err);
	}
	w->mode = t->at->branch.len ? 'a' : 'd';
	buf_clear(&w->branch);
	buf_adds(&w->branch, t->at->branch.data);
	return r;
}

/* Put where HEAD is into the cursor. */
static int remember(
	struct pending *t, const struct walking *w, struct cursor_log *log, struct error *err)
{
	char *branch = NULL;

	if (log->head == w->mode && !strcmp(log->branch ? log->branch : "", w->branch.data) &&
		oid_equal(&log->rebased, &w->rebased))
		return 0;
	if (w->branch.len) {
		branch = strdup(w->branch.data);
		if (!branch)
			return error_nomem(err);
	}
	free(log->branch);
	log->branch = branch;
	log->head = w->mode;
	log->rebased = w->rebased;
	t->moved = true;
	return 0;
}

/* Of a log that is read from its first line, the first switch says what HEAD was on until then. */
static int find_first(struct pending *t, struct walking *w, struct error *err)
{
	bool found = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->at->n_lines && !found; i++) {
		struct head_line line;

		r = classify_head(&line, &t->at->lines[i].line, err);
		if (r < 0)
			break;
		found = line.step == HEAD_SWITCHED;
		if (found && !head_left_branch(line.from.data)) {
			w->mode = 'd';
			buf_clear(&w->branch);
		} else if (found) {
			w->mode = 'a';
			buf_clear(&w->branch);
			buf_addf(&w->branch, "refs/heads/%s", line.from.data);
		}
		head_line_release(&line);
	}
	return r < 0 ? r : buf_check(&w->branch, err);
}

static int observe_head(struct pending *t, struct error *err)
{
	struct cursor_log *log = cursor_find(&t->cursor, t->at->name);
	struct walking w = { .mode = log->head, .branch = BUF_INIT, .rebase_end = SIZE_MAX };
	size_t last = last_switch(t);
	int r = 0;

	if (log->branch)
		buf_adds(&w.branch, log->branch);
	w.rebased = log->rebased;
	if (t->at->fresh)
		r = find_first(t, &w, err);
	if (w.mode == 'r')
		find_rebase_end(t, &w, 0);
	if (r == 0 && t->at->n_lines)
		r = note_gone(t, &w, err);
	t->walking = true;
	t->rereading = t->at->reread;
	for (size_t i = 0; r == 0 && i < t->at->n_lines; i++)
		r = step(t, &w, i, i == last, err);
	t->walking = false;
	t->rereading = false;
	/* A commit comes before the switch that only the next one noticed. */
	for (size_t i = 0; r == 0 && i < t->n_events; i++)
		if (!t->n_others || !strcmp(t->events[i].ref, t->at->branch.data))
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

int observe_heads(struct pending *t, struct error *err)
{
	int r = trees_each(t, 0, observe_head, err);

	for (size_t i = 0; r == 0 && i < t->n_events; i++)
		r = pending_encode(t, &t->events[i], err);
	return r;
}
