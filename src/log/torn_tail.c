#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/event.h"
#include "core/fs.h"
#include "core/jsonw.h"
#include "log/journal_internal.h"

#define COPY_STEP ((size_t)64 << 10)

static int make_torn_dir(const struct journal *j, struct buf *path, struct error *err)
{
	int r;

	fs_join(path, j->own.path, "torn");
	r = buf_check(path, err);
	if (r == 0)
		r = fs_mkdirs(path->data, 0700, err);
	if (r == 0)
		r = fs_check_private_dir(path->data, err);
	return r;
}

/* Is that copy just these bytes? */
static bool holds(const struct journal *j, const char *kept, int fd_of, uint64_t from, uint64_t to)
{
	struct error ignored = ERROR_INIT;
	char *a = malloc(COPY_STEP), *b = malloc(COPY_STEP);
	size_t got_a = 0, got_b = 0;
	uint64_t at = 0, size = 0;
	bool same = false;
	int fd = -1;

	if (!a || !b || place_open_file(&fd, &j->own, kept, O_RDONLY, &ignored) < 0 ||
		file_size(fd, kept, &size, &ignored) < 0 || size != to - from)
		goto out;
	for (same = true; same && at < size; at += got_a) {
		size_t n = size - at < COPY_STEP ? (size_t)(size - at) : COPY_STEP;

		same = read_at(fd, kept, a, n, at, &got_a, &ignored) == 0 &&
			read_at(fd_of, kept, b, n, from + at, &got_b, &ignored) == 0 &&
			got_a == n && got_b == n && memcmp(a, b, n) == 0;
	}
out:
	if (fd >= 0)
		close(fd);
	free(a);
	free(b);
	return same;
}

/*
 * A new file torn/<segment>.<offset>, numbered if another copy has that name. *fd_out is -1 when
 * one that holds just these bytes is there: of somebody who was killed before the next step.
 */
static int create_copy(int *fd_out, const struct journal *j, const char *segment, int fd_of,
	uint64_t from, uint64_t to, struct buf *kept, struct error *err)
{
	for (unsigned n = 1; n < 1000; n++) {
		int fd;

		buf_clear(kept);
		buf_addf(kept, "torn/%s.%" PRIu64, segment, from);
		if (n > 1)
			buf_addf(kept, "-%u", n);
		if (kept->failed)
			return error_nomem(err);
		fd = openat(j->own.fd, kept->data,
			O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd >= 0) {
			*fd_out = fd;
			return 0;
		}
		if (errno != EEXIST)
			return error_errno(err, "cannot create '%s/%s'", j->own.path, kept->data);
		if (holds(j, kept->data, fd_of, from, to)) {
			*fd_out = -1;
			return 0;
		}
	}
	return error_set(err, ERR_IO, "'%s/torn' contains too many copies", j->own.path);
}

int torn_tail_copy(
	int to, int from, const char *name, uint64_t begin, uint64_t end, struct error *err)
{
	char *buf = malloc(COPY_STEP);
	int r = 0;

	if (!buf)
		return error_nomem(err);
	while (r == 0 && begin < end) {
		size_t n = end - begin < COPY_STEP ? (size_t)(end - begin) : COPY_STEP;
		size_t got;

		r = read_at(from, name, buf, n, begin, &got, err);
		if (r == 0 && got != n)
			r = error_set(err, ERR_IO, "'%s' was truncated while it was read", name);
		if (r == 0)
			r = fs_write_all(to, buf, n, err);
		begin += n;
	}
	free(buf);
	return r;
}

int torn_tail_keep(const struct journal *j, int fd, const char *segment, uint64_t from, uint64_t to,
	struct buf *kept, struct error *err)
{
	struct buf dir = BUF_INIT;
	int copy = -1, r;

	r = make_torn_dir(j, &dir, err);
	if (r == 0)
		r = create_copy(&copy, j, segment, fd, from, to, kept, err);
	if (r == 0 && copy < 0)
		r = fs_sync_dir(dir.data, err);
	if (r < 0 || copy < 0)
		goto out;
	r = torn_tail_copy(copy, fd, segment, from, to, err);
	if (r == 0 && fsync(copy) < 0)
		r = error_errno(err, "cannot sync '%s/%s'", j->own.path, kept->data);
	if (close(copy) < 0 && r == 0)
		r = error_errno(err, "cannot write '%s/%s'", j->own.path, kept->data);
	if (r == 0)
		r = fs_sync_dir(dir.data, err);
	if (r < 0)
		(void)unlinkat(j->own.fd, kept->data, 0);
out:
	buf_release(&dir);
	return r;
}

int torn_tail_cut(const struct journal *j, const char *segment, uint64_t from, uint64_t *bytes_out,
	struct buf *kept, struct error *err)
{
	uint64_t size;
	int fd, r;

	r = place_open_file(&fd, &j->own, segment, O_RDWR, err);
	if (r < 0)
		return r;
	r = file_size(fd, segment, &size, err);
	if (r < 0)
		goto out;
	if (size > from)
		r = torn_tail_keep(j, fd, segment, from, size, kept, err);
	if (r < 0) {
		error_wrap(err, "cannot move the torn end of '%s' aside", segment);
		goto out;
	}
	if (!from) {
		if (unlinkat(j->own.fd, segment, 0) < 0 || fsync(j->own.fd) < 0)
			r = error_errno(err, "cannot remove '%s/%s'", j->own.path, segment);
	} else if (size > from && ftruncate(fd, (off_t)from) < 0) {
		r = error_errno(err, "cannot truncate '%s/%s'", j->own.path, segment);
	} else if (fdatasync(fd) < 0) {
		r = error_errno(err, "cannot sync '%s/%s'", j->own.path, segment);
	}
	if (r == 0)
		*bytes_out = size > from ? size - from : 0;
out:
	close(fd);
	return r;
}

int torn_tail_body(
	struct buf *body, enum event_type type, const struct buf *data, struct error *err)
{
	struct event_draft draft = { .type = type, .at = clock_now_ms(), .via = "cli" };
	struct actor actor;
	int r = buf_check(data, err);

	if (r < 0)
		return r;
	draft.data = data->data;
	draft.data_len = data->len;
	actor_from_environment(&actor);
	return event_encode(body, &draft, &actor, err);
}

int torn_tail_repaired_body(struct buf *body, const char *segment, uint64_t offset, uint64_t bytes,
	const char *kept, struct error *err)
{
	struct buf data = BUF_INIT;
	struct jsonw w;
	int r;

	jsonw_init(&w, &data, false);
	jsonw_begin_object(&w);
	jsonw_kstring(&w, "segment", segment);
	jsonw_ku64(&w, "offset", offset);
	jsonw_ku64(&w, "bytes", bytes);
	jsonw_kstring(&w, "kept", kept);
	jsonw_end_object(&w);
	r = torn_tail_body(body, EVENT_JOURNAL_REPAIRED, &data, err);
	buf_release(&data);
	return r;
}

int torn_tail_break_body(struct buf *body, const struct tail *t, struct error *err)
{
	bool here = strcmp(t->bad_segment, t->segment.name) == 0;
	struct buf data = BUF_INIT;
	struct jsonw w;
	int r;

	jsonw_init(&w, &data, false);
	jsonw_begin_object(&w);
	jsonw_kstring(&w, "segment", t->bad_segment);
	jsonw_ku64(&w, "offset", here ? t->good : 0);
	jsonw_ku64(&w, "lastSeq", t->seq);
	jsonw_kstring(&w, "lastHash", t->hash);
	jsonw_kstring(&w, "digest", t->bad_digest);
	jsonw_end_object(&w);
	r = torn_tail_body(body, EVENT_JOURNAL_BREAK, &data, err);
	buf_release(&data);
	return r;
}

int torn_tail_forked_body(
	struct buf *body, const struct parent *p, const char *reason, struct error *err)
{
	struct buf data = BUF_INIT;
	struct jsonw w;
	int r;

	jsonw_init(&w, &data, false);
	jsonw_begin_object(&w);
	jsonw_key(&w, "parent");
	jsonw_begin_object(&w);
	jsonw_kstring(&w, "origin", p->origin);
	jsonw_ku64(&w, "seq", p->seq);
	jsonw_end_object(&w);
	jsonw_kstring(&w, "reason", reason);
	jsonw_end_object(&w);
	r = torn_tail_body(body, EVENT_JOURNAL_FORKED, &data, err);
	buf_release(&data);
	return r;
}
