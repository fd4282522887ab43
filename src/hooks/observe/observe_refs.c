/*
 * The part of the bell that looks at every branch and tracking ref. Deletions leave no line, and
 * some refs have no log: only comparing with what was there the last time finds them. Nothing is
 * compared while the directories of refs and logs, and packed-refs, are as they were.
 */
#include <sys/stat.h>

#include "core/fs.h"
#include "core/oid.h"
#include "hooks/observe/pending.h"

/* git may write twice within one tick of a file system's clock. */
#define RACY_NS 100000000

static const char *const roots[] = { "refs/heads", "refs/remotes", "logs/refs/heads",
	"logs/refs/remotes" };
#define N_ROOTS (sizeof(roots) / sizeof(*roots))

/* 0 when it is not there. */
static int64_t mtime_of(const char *common_dir, const char *name)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int64_t mtime = 0;

	fs_join(&path, common_dir, name);
	if (!path.failed && stat(path.data, &st) == 0)
		mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	buf_release(&path);
	return mtime;
}

bool refs_unchanged(const struct pending *t)
{
	for (size_t i = 0; i < t->cursor.n_dirs; i++) {
		const struct cursor_dir *dir = &t->cursor.dirs[i];

		if (mtime_of(t->b->common_dir, dir->path) != dir->mtime)
			return false;
	}
	return t->cursor.n_dirs > 0;
}

/* Symbolic: it follows a tracking ref that tells its own story. */
static bool is_remote_head(const char *ref)
{
	size_t len = strlen(ref);

	return !strncmp(ref, "refs/remotes/", 13) && len > 5 && !strcmp(ref + len - 5, "/HEAD");
}

struct listing {
	struct pending *t;
	int64_t newest;
	branch_fn *each;
};

static int list_one(void *arg, const char *name, bool directory, int64_t mtime, struct error *err)
{
	struct listing *l = arg;

	if (directory) {
		if (mtime > l->newest)
			l->newest = mtime;
		return cursor_add_dir(&l->t->cursor, name, mtime, err);
	}
	if (strncmp(name, "logs/", 5) != 0 || !ref_name_ok(name + 5) || is_remote_head(name + 5))
		return 0;
	return l->each(l->t, name + 5, err);
}

/* Call `each` for every log, and note the directories, before anything in them is read. */
static int list_all(struct pending *t, branch_fn *each, struct error *err)
{
	struct listing l = { .t = t, .each = each };
	struct timespec now;
	int64_t packed = mtime_of(t->b->common_dir, "packed-refs");
	int r = 0;

	cursor_clear_dirs(&t->cursor);
	for (size_t i = 0; r == 0 && i < N_ROOTS; i++) {
		if (!mtime_of(t->b->common_dir, roots[i]))
			r = cursor_add_dir(&t->cursor, roots[i], 0, err);
		else
			r = ref_walk(t->b->common_dir, roots[i], true, list_one, &l, err);
	}
	if (r == 0)
		r = cursor_add_dir(&t->cursor, "packed-refs", packed, err);
	if (packed > l.newest)
		l.newest = packed;
	/* The file system's clock, not minsky's. */
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec - l.newest < RACY_NS)
		cursor_clear_dirs(&t->cursor);
	return r;
}

static bool is_ref(const struct cursor_log *log)
{
	return !log->head;
}

/* What a bell reads stays in the small file: here, or in a linked work tree. */
static int cool(struct pending *t, struct error *err)
{
	int r = pending_load_linked(t, err);

	for (size_t i = 0; r == 0 && i < t->cursor.n; i++) {
		struct cursor_log *log = &t->cursor.v[i];

		log->hot = !is_ref(log) || ref_is_pr(log->name) ||
			!strcmp(log->name, t->at->branch.data);
	}
	for (size_t i = 0; r == 0 && i < t->linked.n; i++) {
		struct cursor_log *log = cursor_find(&t->cursor, t->linked.v[i].branch);

		if (log)
			log->hot = true;
	}
	return r;
}

/* The place in the log of a work tree that was removed means nothing for the next of its name. */
static int forget_linked(struct pending *t, struct error *err)
{
	static const char prefix[] = "worktrees/";
	int r = 0;

	for (size_t i = t->cursor.n; r == 0 && i > 0; i--) {
		struct buf path = BUF_INIT;

		if (strncmp(t->cursor.v[i - 1].name, prefix, strlen(prefix)) != 0)
			continue;
		fs_join(&path, t->b->common_dir, t->cursor.v[i - 1].name);
		r = buf_check(&path, err);
		if (r == 0 && !fs_exists(path.data))
			cursor_remove(&t->cursor, t->cursor.v[i - 1].name);
		buf_release(&path);
	}
	return r;
}

/*
 * A log says more than its ref, and is ahead of it for a moment: git holds <ref>.lock, appends,
 * then renames. Only where nobody is at it has the ref been moved without a line.
 */
static int compare_logged(struct pending *t, const struct ref *ref, struct error *err)
{
	const struct cursor_log *log = cursor_find(&t->cursor, ref->name);
	struct buf path = BUF_INIT, lock = BUF_INIT;
	struct stat st;
	struct oid oid;
	bool refreshed;
	int r;

	if (oid_equal(&log->oid, &ref->oid))
		return 0;
	buf_addf(&path, "%s/logs/%s", t->b->common_dir, ref->name);
	buf_addf(&lock, "%s/%s.lock", t->b->common_dir, ref->name);
	r = path.failed ? error_nomem(err) : buf_check(&lock, err);
	refreshed = r == 0 && !fs_exists(lock.data) &&
		(stat(path.data, &st) < 0 || (uint64_t)st.st_size == log->place.offset);
	if (r == 0)
		r = ref_read(t->b->common_dir, ref->name, &oid, err);
	if (r == 0 && refreshed && oid_equal(&oid, &ref->oid))
		r = observe_difference(t, ref->name, &oid, err);
	buf_release(&lock);
	buf_release(&path);
	return r;
}

/* Refs that are there, then those that are not any more. */
static int compare(struct pending *t, const struct refs *refs, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < refs->n; i++) {
		const struct cursor_log *log = cursor_find(&t->cursor, refs->v[i].name);

		if (!log || !log->seen)
			r = observe_difference(t, refs->v[i].name, &refs->v[i].oid, err);
		else
			r = compare_logged(t, &refs->v[i], err);
	}
	for (size_t i = 0; r == 0 && i < t->cursor.n; i++) {
		const struct cursor_log *log = &t->cursor.v[i];

		if (is_ref(log) && !log->seen && !oid_is_none(&log->oid) &&
			!refs_find(refs, log->name))
			r = observe_difference(t, log->name, &OID_NONE, err);
	}
	return r;
}

int observe_refs(struct pending *t, struct error *err)
{
	struct refs refs = { .v = NULL };
	int r = cursor_load_refs(&t->cursor, journal_dir(t->j), t->b->pointer->clone, err);

	if (r == 0)
		r = list_all(t, observe_log, err);
	/* What a log has not yet told must not be told as a difference. */
	if (r < 0 || t->more)
		return r;
	r = refs_load(&refs, t->b->common_dir, err);
	if (r == 0)
		r = compare(t, &refs, err);
	if (r == 0)
		r = cool(t, err);
	if (r == 0)
		r = forget_linked(t, err);
	t->moved = true;
	refs_release(&refs);
	return r;
}

static int register_log(struct pending *t, const char *ref, struct error *err)
{
	struct buf path = BUF_INIT;
	struct cursor_log *log = cursor_add(&t->cursor, ref);
	int r;

	if (!log)
		return error_nomem(err);
	buf_addf(&path, "%s/logs/%s", t->b->common_dir, ref);
	r = buf_check(&path, err);
	if (r == 0)
		r = reflog_skip(path.data, &log->place, err);
	if (r < 0 && err->code == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	buf_release(&path);
	return r;
}

int refs_register_one(struct pending *t, const char *ref, struct error *err)
{
	struct cursor_log *log;
	int r = register_log(t, ref, err);

	if (r < 0)
		return r;
	log = cursor_find(&t->cursor, ref);
	log->hot = true;
	return ref_read(t->b->common_dir, ref, &log->oid, err);
}

int refs_register(struct pending *t, struct error *err)
{
	struct refs refs = { .v = NULL };
	int r = list_all(t, register_log, err);

	if (r == 0)
		r = refs_load(&refs, t->b->common_dir, err);
	for (size_t i = 0; r == 0 && i < refs.n; i++) {
		struct cursor_log *log = cursor_add(&t->cursor, refs.v[i].name);

		if (!log)
			r = error_nomem(err);
		else
			log->oid = refs.v[i].oid;
	}
	if (r == 0)
		r = cool(t, err);
	refs_release(&refs);
	return r;
}
