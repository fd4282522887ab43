#include <sys/stat.h>

#include "core/fs.h"
#include "core/oid.h"
#include "hooks/observe/classify.h"
#include "hooks/observe/pending.h"

static void log_path(struct buf *out, const struct pending *t, const char *ref)
{
	buf_clear(out);
	buf_addf(out, "%s/logs/%s", t->b->common_dir, ref);
}

bool log_exists(const struct pending *t, const char *ref)
{
	struct buf path = BUF_INIT;
	struct stat st;
	bool there;

	log_path(&path, t, ref);
	there = !path.failed && stat(path.data, &st) == 0 && S_ISREG(st.st_mode);
	buf_release(&path);
	return there;
}

/* An entry that says: this ref is gone. Its numbers go on if it comes back. */
static bool is_gone(const struct cursor_log *log)
{
	return oid_is_none(&log->oid) && !log->place.offset && !log->place.anchor[0];
}

static void set_gone(struct cursor_log *log)
{
	log->oid = OID_NONE;
	log->place.offset = 0;
	log->place.anchor[0] = '\0';
}

int log_find(struct pending *t, const char *ref, struct cursor_log **out, struct error *err)
{
	struct cursor_log *log = cursor_find(&t->cursor, ref);
	int r = 0;

	if (!log && !t->cursor.all) {
		r = cursor_load_refs(&t->cursor, journal_dir(t->j), t->b->pointer->clone, err);
		log = cursor_find(&t->cursor, ref);
	}
	if (r == 0)
		*out = log;
	return r;
}

static int touch(struct pending *t, const char *ref, struct cursor_log **out, struct error *err)
{
	int r = log_find(t, ref, out, err);

	if (r < 0)
		return r;
	if (!*out)
		*out = cursor_add(&t->cursor, ref);
	if (!*out)
		return error_nomem(err);
	(*out)->hot = true;
	return 0;
}

int observe_difference(struct pending *t, const char *ref, const struct oid *oid, struct error *err)
{
	struct cursor_log *log = NULL;
	struct pending_event *event;
	bool moved = false;
	struct oid zero = OID_NONE;
	int r = log_find(t, ref, &log, err);

	if (r < 0 || (log ? oid_equal(&log->oid, oid) : oid_is_none(oid)))
		return r;
	if (oid_is_none(oid) && log->place.offset)
		r = log_follow(t, ref, &moved, err);
	if (r < 0 || moved)
		return r;
	r = touch(t, ref, &log, err);
	if (r < 0)
		return r;
	memset(zero.hex, '0', strlen(oid_is_none(oid) ? log->oid.hex : oid->hex));
	event = pending_add(t, EVENT_UNKNOWN, ref, oid_is_none(&log->oid) ? zero.hex : log->oid.hex,
		oid_is_none(oid) ? zero.hex : oid->hex, log->place.count + 1, t->now);
	if (!event)
		return error_nomem(err);
	event->type = classify_difference(
		&event->data, ref, event->old_oid.hex, event->new_oid.hex, "update", true);
	log->place.count++;
	if (oid_is_none(oid))
		set_gone(log);
	else
		log->oid = *oid;
	t->moved = true;
	return 0;
}

struct collecting {
	struct pending *t;
	const char *ref;
	uint64_t skip_to; /* entries with a lower number belong to another branch */
	uint64_t limit; /* those with a higher one are not wanted */
	size_t lines;
	struct oid oid;
	struct buf name; /* full name that the branch had at this line; "": `ref` */
};

static int collect(void *arg, const struct reflog_entry *e, struct error *err)
{
	struct collecting *c = arg;
	struct buf data = BUF_INIT;
	struct buf from = BUF_INIT, to = BUF_INIT;
	bool copied;
	enum event_type type;
	struct pending_event *event;

	if (e->n > c->limit)
		return 1;
	c->oid = e->new_oid;
	if (e->n < c->skip_to)
		return 0;
	if (oid_equal(&e->old_oid, &e->new_oid) && classify_rename(e, &from, &to, &copied) &&
		!copied) {
		buf_clear(&c->name);
		buf_adds(&c->name, to.data);
	}
	buf_release(&from);
	buf_release(&to);
	if (c->name.failed)
		return error_nomem(err);
	type = classify_line(&data, c->name.len ? c->name.data : c->ref, e);
	if (type != EVENT_UNKNOWN) {
		event = pending_add(
			c->t, type, c->ref, e->old_oid.hex, e->new_oid.hex, e->n, e->at);
		if (!event) {
			buf_release(&data);
			return error_nomem(err);
		}
		event->data = data;
	}
	if (++c->lines < LINES_PER_ROUND)
		return 0;
	c->t->more = true;
	return 1;
}

/* What a log that was not there before says of its own past. */
struct inheritance {
	struct pending *t;
	struct cursor_log *from; /* the first known branch that this one was made of by renaming */
	char *from_name;
	uint64_t renamed_n, copied_n;
	struct buf *name; /* that it had in its first line */
};

static int look_for_past(void *arg, const struct reflog_entry *e, struct error *err)
{
	struct inheritance *in = arg;
	struct buf from = BUF_INIT;
	struct buf to = BUF_INIT;
	struct cursor_log *log = NULL;
	bool copied;
	int r = 0;

	if (!oid_equal(&e->old_oid, &e->new_oid) || !classify_rename(e, &from, &to, &copied))
		goto out;
	if (copied) {
		in->copied_n = e->n;
		free(in->from_name);
		in->from_name = NULL;
		buf_clear(in->name);
		goto out;
	}
	if (!in->name->len)
		buf_adds(in->name, from.data);
	r = log_find(in->t, from.data, &log, err);
	if (r < 0 || in->from_name || !log || is_gone(log))
		goto out;
	in->renamed_n = e->n;
	in->from_name = strdup(from.data);
	if (!in->from_name)
		r = error_nomem(err);
out:
	buf_release(&to);
	buf_release(&from);
	return r;
}

/*
 * Where to begin in a log that is new here. A branch that was renamed brings its lines along: those
 * told under the old name are behind the old place. Lines that came by copying are the other
 * branch's. In all other cases everything is new.
 */
static int find_beginning(struct pending *t, const char *ref, const char *path,
	struct reflog_place *place, uint64_t *skip_to, struct buf *name, struct error *err)
{
	struct reflog_place scan = { .offset = 0 };
	struct inheritance in = { .t = t, .name = name };
	enum reflog_state state;
	struct cursor_log *from = NULL;
	int r = reflog_read(path, &scan, look_for_past, &in, &state, err);

	*skip_to = in.copied_n ? place->count + in.copied_n : 0;
	if (r < 0 || !in.from_name)
		goto out;
	r = log_find(t, in.from_name, &from, err);
	if (r < 0 || !from)
		goto out;
	buf_clear(name);
	buf_adds(name, in.from_name);
	scan = from->place;
	if (scan.offset) {
		struct collecting probe = {
			.t = t, .ref = ref, .skip_to = UINT64_MAX, .limit = UINT64_MAX
		};

		r = reflog_read(path, &scan, collect, &probe, &state, err);
		if (r == 0 && state == REFLOG_OK) {
			*place = from->place;
			*skip_to = 0;
		} else {
			*skip_to = place->count + in.renamed_n;
		}
	}
	from->hot = true;
	set_gone(from);
out:
	free(in.from_name);
	return r;
}

/*
 * *place has moved to the end of the log, and is to be where the old one was. When that is not to
 * be found all lines that are left are read: the journal knows which of them were told.
 */
static int read_rewritten(const char *path, const struct cursor_log *log,
	struct reflog_place *place, struct collecting *c, enum reflog_state *state,
	struct error *err)
{
	struct reflog_place resumed = log->place;
	bool found;
	int r = reflog_resume(path, &resumed, &log->oid, &found, err);

	if (r < 0)
		return r;
	if (!found)
		resumed = (struct reflog_place){ .count = log->place.count };
	*place = resumed;
	c->t->rewritten = true;
	c->t->rereading = true;
	r = reflog_read(path, place, collect, c, state, err);
	c->t->rereading = false;
	/* Without a line there is the ref alone to compare. */
	if (r == 0 && !found && !c->lines)
		*state = REFLOG_REWRITTEN;
	return r;
}

static int read_log(struct pending *t, const char *ref, const char *path, struct cursor_log *log,
	struct error *err)
{
	struct collecting c = { .t = t, .ref = ref, .name = BUF_INIT };
	struct reflog_place place = log->place;
	enum reflog_state state;
	struct oid oid;
	uint64_t first;
	int r = history_limits(t, t->b->common_dir, ref, ref, &first, &c.limit, err);

	if (r < 0)
		return r;
	if (is_gone(log)) {
		/* git is still at it: the line says what it does, the ref that it is done. */
		r = ref_read(t->b->common_dir, ref, &oid, err);
		if (r < 0 || oid_is_none(&oid))
			goto out;
		r = find_beginning(t, ref, path, &place, &c.skip_to, &c.name, err);
		if (c.skip_to < first)
			c.skip_to = first;
		/* That may have added entries. */
		if (r == 0)
			r = touch(t, ref, &log, err);
		if (r < 0)
			goto out;
	}
	r = reflog_read(path, &place, collect, &c, &state, err);
	if (r == 0 && state == REFLOG_REWRITTEN && !oid_is_none(&log->oid))
		r = read_rewritten(path, log, &place, &c, &state, err);
	if (r < 0)
		goto out;
	log->seen = state == REFLOG_OK;
	if (state == REFLOG_MISSING) {
		log->check = true;
		goto out;
	}
	log->place = place;
	t->moved = true;
	if (state == REFLOG_OK) {
		if (!oid_is_none(&c.oid))
			log->oid = c.oid;
		/* All lines of a branch that is new here have expired. */
		if (oid_is_none(&log->oid)) {
			log->seen = false;
			log->check = true;
		}
		goto out;
	}
	r = ref_read(t->b->common_dir, ref, &oid, err);
	if (r == 0)
		r = observe_difference(t, ref, &oid, err);
out:
	buf_release(&c.name);
	return r;
}

int observe_log(struct pending *t, const char *ref, struct error *err)
{
	struct buf path = BUF_INIT;
	struct cursor_log *log = NULL;
	struct stat st;
	bool there, same = false;
	int r;

	log_path(&path, t, ref);
	r = buf_check(&path, err);
	if (r == 0)
		r = log_find(t, ref, &log, err);
	if (r < 0)
		goto out;
	there = stat(path.data, &st) == 0 && S_ISREG(st.st_mode);
	/* A log that expired may have gained as many bytes as it lost. */
	if (log && there && log->place.offset && (uint64_t)st.st_size == log->place.offset)
		r = reflog_at_place(path.data, &log->place, &same, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	if (r == 0 && same)
		log->seen = true;
	if (r < 0 || same)
		goto out;
	r = touch(t, ref, &log, err);
	if (r < 0)
		goto out;
	if (there)
		r = read_log(t, ref, path.data, log, err);
	else
		log->check = true;
out:
	buf_release(&path);
	return r;
}
