/* Reads the log of HEAD, and which branches its lines speak of; observe_head.c tells what they
 * mean.
 */
#include "core/array.h"
#include "core/oid.h"
#include "core/text.h"
#include "hooks/observe/classify.h"
#include "hooks/observe/pending.h"

static int keep_line(void *arg, const struct reflog_entry *e, struct error *err)
{
	struct pending *t = arg;
	struct head_entry *h;

	if (e->n > t->at->limit)
		return 1;
	if (!ARRAY_GROW(t->at->lines, t->at->n_lines, t->at->cap_lines))
		return error_nomem(err);
	h = &t->at->lines[t->at->n_lines];
	h->line = *e;
	h->message = malloc(e->message_len + 1);
	if (!h->message)
		return error_nomem(err);
	memcpy(h->message, e->message, e->message_len);
	h->message[e->message_len] = '\0';
	h->line.message = h->message;
	if (++t->at->n_lines < LINES_PER_ROUND)
		return 0;
	t->more = true;
	return 1;
}

static int forget_walk(struct pending *t, struct cursor_log *log, struct error *err)
{
	char *branch = NULL;

	if (t->at->branch.len) {
		branch = strdup(t->at->branch.data);
		if (!branch)
			return error_nomem(err);
	}
	free(log->branch);
	log->branch = branch;
	log->head = branch ? 'a' : t->at->rebasing ? 'r' : 'd';
	log->rebased = OID_NONE;
	t->at->fresh = true;
	return 0;
}

int head_collect(struct pending *t, struct error *err)
{
	struct buf path = BUF_INIT;
	struct cursor_log *log;
	enum reflog_state state;
	struct reflog_place place;
	bool resumed = false;
	int r;

	buf_addf(&path, "%s/logs/HEAD", t->at->git_dir);
	log = cursor_add(&t->cursor, t->at->name);
	if (path.failed || !log) {
		r = error_nomem(err);
		goto out;
	}
	log->hot = true;
	if (!log->head) {
		log->head = t->at->branch.len ? 'a' : 'd';
		t->moved = true;
	}
	place = log->place;
	t->at->fresh = !place.offset && !log->branch;
	t->at->reread = false;
	r = history_limits(
		t, t->at->git_dir, "HEAD", t->at->name, &t->at->first, &t->at->limit, err);
	if (r == 0)
		r = reflog_read(path.data, &place, keep_line, t, &state, err);
	if (r < 0 || state == REFLOG_MISSING)
		goto out;
	if (place.offset != log->place.offset || strcmp(place.anchor, log->place.anchor) != 0)
		t->moved = true;
	if (state == REFLOG_REWRITTEN && !oid_is_none(&log->oid)) {
		struct reflog_place again = log->place;

		r = reflog_resume(path.data, &again, &log->oid, &resumed, err);
		if (r == 0) {
			place = again;
			if (!resumed)
				place = (struct reflog_place){ .count = log->place.count };
			t->rewritten = true;
			t->at->reread = true;
			resumed = true;
			r = reflog_read(path.data, &place, keep_line, t, &state, err);
		}
		if (r < 0)
			goto out;
	}
	log->place = place;
	/* Lines are lost; those that are left say where HEAD was, and else it is where it was. */
	if (state == REFLOG_REWRITTEN || resumed) {
		r = forget_walk(t, log, err);
		if (r < 0)
			goto out;
	}
	if (t->at->n_lines)
		log->oid = t->at->lines[t->at->n_lines - 1].line.new_oid;
out:
	buf_release(&path);
	return r;
}

int head_branch_exists(struct pending *t, const char *ref, bool *out, struct error *err)
{
	const struct cursor_log *log = cursor_find(&t->cursor, ref);
	struct oid oid;
	int r = 0;

	*out = (log && log->seen) || log_exists(t, ref);
	if (!*out) {
		r = ref_read(t->b->common_dir, ref, &oid, err);
		*out = r == 0 && !oid_is_none(&oid);
	}
	if (r == 0 && !*out)
		r = log_moving(t, ref, out, err);
	return r;
}

bool head_left_branch(const char *from)
{
	return !oid_is_valid(from);
}

bool head_branch_named(struct pending *t, const char *name, struct buf *out)
{
	struct error ignored = ERROR_INIT;
	struct oid oid;

	buf_clear(out);
	buf_addf(out, "refs/heads/%s", name);
	if (out->failed || !*name || !ref_name_ok(out->data))
		return false;
	return cursor_find(&t->cursor, out->data) || log_exists(t, out->data) ||
		(ref_read(t->b->common_dir, out->data, &oid, &ignored) == 0 && !oid_is_none(&oid));
}

int head_branches(struct pending *t, branch_fn *fn, struct error *err)
{
	const struct cursor_log *log = cursor_find(&t->cursor, t->at->name);
	struct buf ref = BUF_INIT;
	int r = 0;

	/* fn may add to the cursor, which moves its entries. */
	if (log && log->branch)
		buf_adds(&ref, log->branch);
	if (t->at->branch.len)
		r = fn(t, t->at->branch.data, err);
	if (r == 0 && (ref.failed || (ref.len && strcmp(ref.data, t->at->branch.data) != 0)))
		r = ref.failed ? error_nomem(err) : fn(t, ref.data, err);
	for (size_t i = 0; r == 0 && i < t->at->n_lines; i++) {
		struct head_line line;

		r = classify_head(&line, &t->at->lines[i].line, err);
		if (r < 0)
			break;
		if (line.step == HEAD_SWITCHED && head_branch_named(t, line.from.data, &ref))
			r = fn(t, ref.data, err);
		if (r == 0 && line.step == HEAD_SWITCHED &&
			head_branch_named(t, line.to.data, &ref))
			r = fn(t, ref.data, err);
		if (r == 0 && line.step == HEAD_RETURNED && line.to.len &&
			ref_name_ok(line.to.data))
			r = fn(t, line.to.data, err);
		head_line_release(&line);
	}
	buf_release(&ref);
	return r;
}

int head_gone(struct pending *t, bool *out, struct error *err)
{
	const struct cursor_log *log = cursor_find(&t->cursor, t->at->name);
	struct buf ref = BUF_INIT;
	bool moved = false, there = true;
	int r = 0;

	for (size_t i = 0; i < t->at->n_lines; i++)
		moved = moved ||
			!oid_equal(&t->at->lines[i].line.old_oid, &t->at->lines[i].line.new_oid);
	if (!moved)
		return 0;
	if (log && log->branch)
		r = head_branch_exists(t, log->branch, &there, err);
	for (size_t i = 0; r == 0 && there && i < t->at->n_lines; i++) {
		struct head_line line;

		r = classify_head(&line, &t->at->lines[i].line, err);
		if (r < 0)
			break;
		buf_clear(&ref);
		buf_addf(&ref, "refs/heads/%s", line.from.data);
		if (line.step == HEAD_SWITCHED && head_left_branch(line.from.data) && !ref.failed &&
			ref_name_ok(ref.data))
			r = head_branch_exists(t, ref.data, &there, err);
		head_line_release(&line);
	}
	if (r == 0 && !there)
		*out = true;
	buf_release(&ref);
	return r;
}
