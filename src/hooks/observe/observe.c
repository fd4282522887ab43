#include "hooks/observe/observe.h"

#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"
#include "core/gitfiles/operation.h"
#include "core/oid.h"
#include "hooks/observe/classify.h"
#include "hooks/observe/pending.h"

int pending_open(
	struct pending *t, const struct observation *b, struct journal *j, struct error *err)
{
	int r;

	*t = (struct pending){ .b = b,
		.j = j,
		.cursor = CURSOR_INIT,
		.bodies = BUF_INIT,
		.now = clock_now_ms(),
		.deadline = clock_monotonic_ms() + b->timeout_ms };
	t->at = &t->own;
	r = tree_open(&t->own, b->git_dir, b->common_dir, err);
	t->own.rebasing = !b->no_rebase && operation_is_rebase(b->git_dir);
	memcpy(t->own.session, b->pointer->session, sizeof(t->own.session));
	return r;
}

/* <journal>/cursors is made by whoever needs it first. */
int pending_lock(const struct pending *t, int *fd_out, struct error *err)
{
	const char *dir = journal_dir(t->j);
	struct buf path = BUF_INIT;
	int r;

	r = cursor_lock(dir, t->b->pointer->clone, pending_time_left(t), fd_out, err);
	if (r == 0 || err->code == ERR_BUSY)
		return r;
	fs_join(&path, dir, "cursors");
	if (!path.failed && !fs_exists(path.data)) {
		error_clear(err);
		r = fs_mkdirs(path.data, 0700, err);
		if (r == 0)
			r = cursor_lock(
				dir, t->b->pointer->clone, pending_time_left(t), fd_out, err);
	}
	buf_release(&path);
	return r;
}

/* From now on; `branch` is what it names. */
static int register_head(
	struct pending *t, const char *git_dir, const char *branch, struct error *err)
{
	char *name = tree_head_name(git_dir, t->b->common_dir);
	struct cursor_log *log = name ? cursor_add(&t->cursor, name) : NULL;
	struct buf path = BUF_INIT;
	int r = log ? 0 : error_nomem(err);

	fs_join(&path, git_dir, "logs/HEAD");
	if (r == 0)
		r = buf_check(&path, err);
	if (r < 0)
		goto out;
	log->hot = true;
	log->head = operation_is_rebase(git_dir) ? 'r' : *branch ? 'a' : 'd';
	if (*branch)
		r = ref_read(t->b->common_dir, branch, &log->oid, err);
	if (r == 0 && *branch) {
		free(log->branch);
		log->branch = strdup(branch);
		if (!log->branch)
			r = error_nomem(err);
	}
	if (r == 0)
		r = reflog_skip(path.data, &log->place, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
out:
	free(name);
	buf_release(&path);
	return r;
}

static int register_main_head(struct pending *t, struct error *err)
{
	struct buf branch = BUF_INIT;
	int r = head_read(t->b->common_dir, &branch, err);

	if (r == 0)
		r = register_head(t, t->b->common_dir, branch.data, err);
	buf_release(&branch);
	return r;
}

static int start(struct pending *t, struct error *err)
{
	struct head head;
	int r = journal_head(t->j, &head, err);

	/* Nothing is known yet, so nothing can be shown to be new. */
	if (t->b->show)
		return 0;
	if (r == 0)
		r = pending_load_linked(t, err);
	if (r < 0)
		return r;
	t->cursor.seq = head.seq;
	t->cursor.all = true;
	r = refs_register(t, err);
	if (r == 0)
		r = register_main_head(t, err);
	for (size_t i = 0; r == 0 && i < t->linked.n; i++)
		r = register_head(t, t->linked.v[i].git_dir, t->linked.v[i].branch, err);
	if (r == 0)
		r = cursor_save(&t->cursor, journal_dir(t->j), t->b->pointer->clone, true, err);
	return r;
}

/* One bell at a time looks at a clone. */
static int locked(const struct observation *b, struct journal *j,
	int (*fn)(struct pending *t, struct error *err), struct error *err)
{
	struct pending t;
	int lock = -1;
	int r = pending_open(&t, b, j, err);

	if (r == 0)
		r = pending_lock(&t, &lock, err);
	if (r == 0)
		r = fn(&t, err);
	if (lock >= 0)
		close(lock);
	pending_release(&t);
	return r;
}

int observe_start(const struct observation *b, struct journal *j, struct error *err)
{
	return locked(b, j, start, err);
}

static int pass(struct pending *t, struct error *err)
{
	int r = cursor_load(&t->cursor, journal_dir(t->j), t->b->pointer->clone, true, err);

	if (r == ERR_NOTFOUND || r == ERR_CORRUPT) {
		error_clear(err);
		return start(t, err);
	}
	if (r == 0)
		r = register_head(t, t->b->git_dir, t->at->branch.data, err);
	if (r == 0 && t->at->branch.len)
		r = refs_register_one(t, t->at->branch.data, err);
	if (r == 0)
		r = cursor_save(&t->cursor, journal_dir(t->j), t->b->pointer->clone, true, err);
	return r;
}

int observe_pass(const struct observation *b, struct journal *j, struct error *err)
{
	return locked(b, j, pass, err);
}

static int observe_pr_log(
	void *arg, const char *name, bool directory, int64_t mtime, struct error *err)
{
	struct pending *t = arg;

	(void)mtime;
	if (directory || !ref_name_ok(name + strlen("logs/")))
		return 0;
	return observe_log(t, name + strlen("logs/"), err);
}

/* The logs of PR branches, and whether one that was known is gone. */
static int observe_prs(struct pending *t, struct error *err)
{
	static const char *const dirs[] = { "logs/refs/heads/pr", "logs/refs/remotes/origin/pr" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(dirs) / sizeof(*dirs); i++)
		r = ref_walk(t->b->common_dir, dirs[i], false, observe_pr_log, t, err);
	for (size_t i = 0; i < t->cursor.n; i++) {
		struct cursor_log *log = &t->cursor.v[i];

		if (log->hot && !log->seen && log->place.offset && ref_is_pr(log->name))
			log->check = true;
	}
	return r;
}

/* Refs whose log is not there: gone, or without logs. */
static int observe_unlogged(struct pending *t, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < t->cursor.n; i++) {
		struct cursor_log *log = &t->cursor.v[i];
		struct oid oid;

		if (!log->check || log->seen)
			continue;
		r = ref_read(t->b->common_dir, log->name, &oid, err);
		if (r == 0)
			r = observe_difference(t, log->name, &oid, err);
	}
	return r;
}

static bool next_line(const char **at, const char *end, struct buf *line)
{
	const char *newline;

	if (*at == end)
		return false;
	newline = memchr(*at, '\n', (size_t)(end - *at));
	buf_clear(line);
	buf_add(line, *at, (size_t)((newline ? newline : end) - *at));
	*at = newline ? newline + 1 : end;
	return true;
}

/* One "old new ref" line of post-receive. A ref with a log is told from there. */
static int observe_pushed_line(struct pending *t, char *line, struct error *err)
{
	char *new_oid = strchr(line, ' ');
	char *ref = new_oid ? strchr(new_oid + 1, ' ') : NULL;
	struct cursor_log *log;
	struct pending_event *event;
	bool remote;
	int r;

	if (!ref)
		return 0;
	*new_oid++ = '\0';
	*ref++ = '\0';
	if (strlen(line) != strlen(new_oid) || !oid_is_valid(line) || !oid_is_valid(new_oid) ||
		!ref_name_ok(ref) || !ref_short(ref, &remote))
		return 0;
	if (log_exists(t, ref))
		return observe_log(t, ref, err);
	r = log_find(t, ref, &log, err);
	if (r < 0)
		return r;
	/* A command has compared the refs since. */
	if (log && oid_is(&log->oid, oid_is_zero(new_oid) ? "" : new_oid))
		return 0;
	log = cursor_add(&t->cursor, ref);
	if (!log)
		return error_nomem(err);
	event = pending_add(t, EVENT_UNKNOWN, ref, line, new_oid, ++log->place.count, t->now);
	if (!event)
		return error_nomem(err);
	event->type = classify_difference(&event->data, ref, line, new_oid, "push", false);
	oid_set(&log->oid, oid_is_zero(new_oid) ? NULL : new_oid);
	log->hot = true;
	log->check = false;
	t->moved = true;
	return 0;
}

static int observe_pushed(struct pending *t, struct error *err)
{
	const char *at = t->b->pushed;
	struct buf line = BUF_INIT;
	int r = 0;

	while (r == 0 && at && next_line(&at, t->b->pushed + t->b->pushed_len, &line))
		r = line.failed ? error_nomem(err) : observe_pushed_line(t, line.data, err);
	buf_release(&line);
	return r;
}

static int collect(struct pending *t, struct error *err)
{
	int r = head_collect(t, err);

	return r < 0 ? r : head_branches(t, observe_log, err);
}

/* The other work trees, from here on in this look and its further rounds. */
static int join(struct pending *t, struct error *err)
{
	bool joined = t->all_trees;
	int r = trees_open(t, err);

	return r < 0 || joined ? r : trees_each(t, 1, collect, err);
}

static int one_round(
	struct pending *t, bool first, struct observe_result *result, struct error *err)
{
	/* Somebody was killed while telling, in whichever work tree. */
	bool refs_too = t->b->all_refs || t->cursor.dirty;
	int r = 0;

	pending_clear(t);
	for (size_t i = 0; i < t->cursor.n; i++)
		t->cursor.v[i].seen = t->cursor.v[i].check = false;
	if (first)
		r = observe_pushed(t, err);
	if (r == 0)
		r = trees_each(t, 0, collect, err);
	if (r == 0)
		r = observe_prs(t, err);
	if (r == 0 && !refs_too)
		r = head_gone(t, &refs_too, err);
	if (r == 0 && (refs_too || trees_foreign(t)))
		r = join(t, err);
	refs_too = refs_too && !refs_unchanged(t);
	if (r == 0 && refs_too)
		r = observe_refs(t, err);
	if (r == 0 && !t->more)
		r = observe_unlogged(t, err);
	if (r == 0)
		r = observe_heads(t, err);
	if (r == 0)
		r = pending_append(t, &result->events, err);
	if (r == 0 && !t->b->show && (t->moved || t->cursor.dirty))
		r = cursor_save(&t->cursor, journal_dir(t->j), t->b->pointer->clone, refs_too, err);
	if (r == 0)
		t->cursor.dirty = false;
	return r;
}

static int answer(struct pending *t, struct observe_result *result, struct error *err)
{
	int r = cursor_load(
		&t->cursor, journal_dir(t->j), t->b->pointer->clone, t->b->all_refs, err);

	/* What happened while nobody kept count is not told: it may be years. */
	if (r < 0 && (err->code == ERR_NOTFOUND || err->code == ERR_CORRUPT)) {
		error_clear(err);
		return start(t, err);
	}
	for (bool first = true; r == 0 && (first || t->more); first = false)
		r = one_round(t, first, result, err);
	return r;
}

int observe(const struct observation *b, struct journal *j, struct observe_result *out,
	struct error *err)
{
	struct observe_result result = { .events = 0 };
	struct pending t;
	int lock = -1;
	int r = pending_open(&t, b, j, err);

	if (r == 0)
		r = pending_lock(&t, &lock, err);
	if (r == 0)
		r = answer(&t, &result, err);
	if (lock >= 0)
		close(lock);
	result.facts_needed = t.facts_needed;
	pending_release(&t);
	if (r == 0)
		*out = result;
	return r;
}

void observe_forget(const char *journal_dir, const char *clone)
{
	cursor_forget(journal_dir, clone);
}
