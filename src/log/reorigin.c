/*
 * The half of a new origin that comes after the decision; journal.c has the order of all of it.
 * Every step looks at what is on disk, so that it does not matter where the last one was killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/libc.h"
#include "log/journal_internal.h"

/* Where the records up to `last` end in a segment; *last_out is the seq of the last one of them. */
static int find_end(uint64_t *end_out, uint64_t *last_out, int fd, const struct segment *s,
	uint64_t last, struct error *err)
{
	struct line line = { .kind = LINE_WHOLE };
	uint64_t end = 0, seq = 0;
	struct scan scan;
	int r = scan_init(&scan, err);

	if (r < 0)
		return r;
	scan_seek(&scan, fd, s->name, 0);
	while (r == 0 && line.kind != LINE_END && seq < last) {
		struct record rec;

		r = scan_next(&scan, &line, err);
		if (r < 0 || line.kind != LINE_WHOLE || record_parse(&rec, line.text, line.len) ||
			rec.seq > last)
			break;
		end = line.next;
		seq = rec.seq;
	}
	scan_release(&scan);
	*end_out = end;
	*last_out = seq;
	return r;
}

/* The first `end` bytes, under the same name in peers/. */
static int copy_head(const struct journal *j, const struct place *peers, int fd,
	const struct segment *s, uint64_t end, struct error *err)
{
	static const char temporary[] = "new.tmp";
	int to, r;

	if (unlinkat(peers->fd, temporary, 0) < 0 && errno != ENOENT)
		return error_errno(err, "cannot remove '%s/%s'", peers->path, temporary);
	r = place_open_file(&to, peers, temporary, O_WRONLY | O_CREAT | O_EXCL, err);
	if (r < 0)
		return r;
	r = torn_tail_copy(to, fd, s->name, 0, end, err);
	if (r == 0 && fsync(to) < 0)
		r = error_errno(err, "cannot sync");
	if (close(to) < 0 && r == 0)
		r = error_errno(err, "cannot close");
	if (r == 0 && renameat2(peers->fd, temporary, peers->fd, s->name, 0) < 0)
		r = error_errno(err, "cannot rename");
	if (r == 0 && fsync(peers->fd) < 0)
		r = error_errno(err, "cannot sync the directory");
	return r < 0 ? error_wrap(err, "cannot copy '%s/%s' to peers/", j->own.path, s->name) : 0;
}

/* Records up to j->moved.from go to peers/, what stands behind them to torn/. */
static int move_segment(const struct journal *j, const struct place *peers, const struct segment *s,
	struct error *err)
{
	struct buf kept = BUF_INIT;
	uint64_t size, end, last;
	int fd, r;

	r = place_open_file(&fd, &j->own, s->name, O_RDONLY, err);
	if (r < 0)
		return r;
	r = find_end(&end, &last, fd, s, j->moved.from, err);
	if (r == 0)
		r = file_size(fd, s->name, &size, err);
	if (r == 0 && end == size && last < j->moved.from) {
		if (renameat2(j->own.fd, s->name, peers->fd, s->name, 0) < 0)
			r = error_errno(err, "cannot move '%s/%s' to peers/", j->own.path, s->name);
		goto out;
	}
	if (r == 0 && end < size)
		r = torn_tail_keep(j, fd, s->name, end, size, &kept, err);
	/* A new file even of all of it: this one may be read-only, and others will be added. */
	if (r == 0 && end)
		r = copy_head(j, peers, fd, s, end, err);
	if (r == 0 && unlinkat(j->own.fd, s->name, 0) < 0)
		r = error_errno(err, "cannot remove '%s/%s'", j->own.path, s->name);
out:
	close(fd);
	buf_release(&kept);
	return r;
}

/*
 * From the newest to the oldest. Readers look into peers/ only when nothing is left here: a kill
 * in between leaves them a journal that ends early, until the next one to open it goes on.
 */
static int move_old(const struct journal *j, const struct place *peers, struct error *err)
{
	struct segments list = { .v = NULL };
	int r = segments_list(&list, &j->own, j->moved.origin, err);

	if (r < 0)
		return r;
	for (size_t i = list.n; r == 0 && i > 0; i--) {
		r = move_segment(j, peers, &list.v[i - 1], err);
		if (r == 0 && (fsync(peers->fd) < 0 || fsync(j->own.fd) < 0))
			r = error_errno(err, "cannot sync directory '%s'", j->own.path);
	}
	segments_release(&list);
	return r;
}

/* One could not be written, perhaps; then that of the old origin goes. */
static int move_head(const struct journal *j, const struct place *fresh, struct error *err)
{
	struct hint hint;
	int r;

	if (renameat2(fresh->fd, "head", j->own.fd, "head", 0) == 0)
		return 0;
	if (errno != ENOENT)
		return error_errno(err, "cannot move '%s/head'", fresh->path);
	r = hint_read(&hint, &j->own, err);
	if (r == 0 && hint.known && strncmp(hint.segment, j->moved.origin, ID_HEX_SIZE - 1) == 0 &&
		unlinkat(j->own.fd, "head", 0) < 0)
		r = error_errno(err, "cannot remove '%s/head'", j->own.path);
	return r;
}

static int sync_own(const struct journal *j, struct error *err)
{
	return fsync(j->own.fd) < 0 ? error_errno(err, "cannot sync directory '%s'", j->own.path)
				    : 0;
}

/*
 * `head` speaks of segments that have to be there; and the old one must be gone, durably, before
 * "moving" is.
 */
static int move_new(const struct journal *j, const struct place *fresh, struct error *err)
{
	struct segments list = { .v = NULL };
	int r = segments_list(&list, fresh, NULL, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < list.n; i++)
		if (renameat2(fresh->fd, list.v[i].name, j->own.fd, list.v[i].name, 0) < 0)
			r = error_errno(err, "cannot move '%s/%s'", fresh->path, list.v[i].name);
	segments_release(&list);
	if (r == 0)
		r = sync_own(j, err);
	if (r == 0)
		r = move_head(j, fresh, err);
	return r < 0 ? r : sync_own(j, err);
}

static int open_below(
	struct place *out, const struct journal *j, const char *name, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, j->own.path, name);
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_mkdirs(path.data, 0700, err);
	if (r == 0)
		r = fs_check_private_dir(path.data, err);
	if (r == 0)
		r = place_open(out, &path, err);
	buf_release(&path);
	return r;
}

int reorigin_finish(struct journal *j, struct error *err)
{
	struct place peers = { .path = NULL }, fresh = { .path = NULL };
	struct moved moved = j->moved;
	int r;

	if (!moved.pending)
		return 0;
	r = open_below(&peers, j, "peers", err);
	if (r == 0)
		r = open_below(&fresh, j, REORIGIN_DIR, err);
	if (r == 0)
		r = move_old(j, &peers, err);
	if (r == 0)
		r = move_new(j, &fresh, err);
	if (r == 0)
		r = fs_remove_tree(fresh.path, err);
	moved.pending = false;
	if (r == 0)
		r = origin_write(j, j->origin, &j->parent, &moved, err);
	place_release(&peers);
	place_release(&fresh);
	return r < 0
		? error_wrap(err, "cannot complete the new origin of journal '%s'", j->own.path)
		: 0;
}

void reorigin_resume(struct journal *j)
{
	struct error ignored = ERROR_INIT;
	int lock;

	if (!j->moved.pending || journal_lock(j, 1000, &lock, &ignored) < 0)
		return;
	(void)origin_settle(j, &ignored);
	close(lock);
}
