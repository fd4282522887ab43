/*
 * A branch that is being renamed. git moves its log to logs/refs/.tmp-renamed-log, takes the ref
 * away, moves the log to its new place, and writes the new ref with a line in the log, in this
 * order. Whoever looks in between sees a branch that is gone, and later one that is new.
 */
#include <sys/stat.h>
#include <time.h>

#include "core/fs.h"
#include "hooks/observe/classify.h"
#include "hooks/observe/pending.h"

/* A git that was killed leaves the log there for good. */
#define RENAME_SECONDS 10

static bool rename_runs(const struct pending *t)
{
	struct buf path = BUF_INIT;
	struct timespec now;
	struct stat st;
	bool runs;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	fs_join(&path, t->b->common_dir, "logs/refs/.tmp-renamed-log");
	runs = !path.failed && stat(path.data, &st) == 0 &&
		now.tv_sec - st.st_ctim.tv_sec < RENAME_SECONDS;
	buf_release(&path);
	return runs;
}

struct search {
	struct pending *t;
	const struct reflog_place *place;
	struct buf *found;
};

static int look_for_copy(void *arg, const struct reflog_entry *e, struct error *err)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	bool copied = false, *out = arg;

	(void)err;
	*out = *out || (classify_rename(e, &from, &to, &copied) && copied);
	buf_release(&from);
	buf_release(&to);
	return 0;
}

/* Has this log, which is new here, the line that was read last where it was read? */
static int look_at_log(
	void *arg, const char *name, bool directory, int64_t mtime, struct error *err)
{
	struct search *s = arg;
	const char *ref = name + strlen("logs/");
	struct reflog_place place = *s->place;
	const struct cursor_log *known;
	enum reflog_state state;
	struct buf path = BUF_INIT;
	bool copied = false;
	int r;

	(void)mtime;
	if (directory || s->found->len || !ref_name_ok(ref))
		return 0;
	known = cursor_find(&s->t->cursor, ref);
	if (known && (!oid_is_none(&known->oid) || known->place.offset))
		return 0;
	fs_join(&path, s->t->b->common_dir, name);
	r = buf_check(&path, err);
	if (r == 0)
		r = reflog_read(path.data, &place, look_for_copy, &copied, &state, err);
	if (r == 0 && state == REFLOG_OK && !copied)
		buf_adds(s->found, ref);
	buf_release(&path);
	return r;
}

/* The name that the log of `ref` has now, as far as somebody moved it; "" if nobody did. */
static int find_log(struct pending *t, const char *ref, const struct reflog_place *place,
	struct buf *out, struct error *err)
{
	struct search s = { .t = t, .place = place, .found = out };
	bool remote;
	int r;

	buf_clear(out);
	if (!place->offset || !ref_short(ref, &remote))
		return 0;
	/* What the other file of the cursor knows is not new. */
	r = cursor_load_refs(&t->cursor, journal_dir(t->j), t->b->pointer->clone, err);
	if (r == 0)
		r = ref_walk(t->b->common_dir, remote ? "logs/refs/remotes" : "logs/refs/heads",
			true, look_at_log, &s, err);
	return r < 0 ? r : buf_check(out, err);
}

int log_moving(struct pending *t, const char *ref, bool *out, struct error *err)
{
	const struct cursor_log *log = cursor_find(&t->cursor, ref);
	struct reflog_place place = log ? log->place : (struct reflog_place){ .offset = 0 };
	struct buf name = BUF_INIT;
	struct oid oid = OID_NONE;
	int r = 0;

	*out = place.offset && rename_runs(t);
	if (!*out)
		r = find_log(t, ref, &place, &name, err);
	if (r == 0 && name.len)
		r = ref_read(t->b->common_dir, name.data, &oid, err);
	if (r == 0 && name.len && oid_is_none(&oid))
		*out = true;
	buf_release(&name);
	return r;
}

int log_follow(struct pending *t, const char *ref, bool *out, struct error *err)
{
	const struct cursor_log *log = cursor_find(&t->cursor, ref);
	struct reflog_place place = log ? log->place : (struct reflog_place){ .offset = 0 };
	struct buf name = BUF_INIT;
	int r = log_moving(t, ref, out, err);

	/* The next look is to compare again. */
	if (r == 0 && *out)
		cursor_clear_dirs(&t->cursor);
	if (r < 0 || *out)
		return r;
	r = find_log(t, ref, &place, &name, err);
	if (r == 0 && name.len)
		r = observe_log(t, name.data, err);
	log = cursor_find(&t->cursor, ref);
	*out = r == 0 && name.len && log && oid_is_none(&log->oid);
	buf_release(&name);
	return r;
}
