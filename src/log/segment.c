#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/array.h"
#include "core/fs.h"
#include "core/invariant.h"
#include "log/journal_internal.h"

#define SCAN_BUFFER (2 * (size_t)RECORD_MAX)

void segment_name(struct segment *out, const char *origin, uint64_t first)
{
	(void)snprintf(out->origin, sizeof(out->origin), "%s", origin);
	out->first = first;
	(void)snprintf(out->name, sizeof(out->name), "%.32s.%020" PRIu64 ".log", origin, first);
}

bool segment_parse(struct segment *out, const char *name)
{
	char origin[ID_HEX_SIZE];
	struct segment s;
	uint64_t first = 0;

	if (strlen(name) != SEGMENT_NAME_SIZE - 1)
		return false;
	memcpy(origin, name, ID_HEX_SIZE - 1);
	origin[ID_HEX_SIZE - 1] = '\0';
	if (!id_is_hex(origin, ID_HEX_SIZE - 1))
		return false;
	for (const char *p = name + ID_HEX_SIZE; p < name + ID_HEX_SIZE + 20; p++) {
		if (*p < '0' || *p > '9' || first > UINT64_MAX / 10 - 1)
			return false;
		first = first * 10 + (uint64_t)(*p - '0');
	}
	segment_name(&s, origin, first);
	if (!first || strcmp(s.name, name) != 0)
		return false;
	*out = s;
	return true;
}

static int compare_segments(const void *a, const void *b)
{
	return strcmp(((const struct segment *)a)->name, ((const struct segment *)b)->name);
}

static int add_segment(struct segments *list, size_t *cap, const struct segment *s)
{
	if (!ARRAY_GROW(list->v, list->n, *cap))
		return ERR_NOMEM;
	list->v[list->n++] = *s;
	return 0;
}

/* The open directory itself is read: what its offset is belongs to this function alone. */
static int collect(
	struct segments *out, const struct place *p, const char *origin, struct error *err)
{
	_Alignas(struct dirent64) char entries[4096];
	size_t cap = 0;

	if (lseek(p->fd, 0, SEEK_SET) < 0)
		return error_errno(err, "cannot read directory '%s'", p->path);
	for (;;) {
		ssize_t got = getdents64(p->fd, (void *)entries, sizeof(entries));

		if (got < 0)
			return error_errno(err, "cannot read directory '%s'", p->path);
		if (!got)
			return 0;
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *entry = (const void *)(entries + at);
			struct segment s;

			at += entry->d_reclen;
			if (!segment_parse(&s, entry->d_name) ||
				(origin && strcmp(s.origin, origin) != 0))
				continue;
			if (add_segment(out, &cap, &s) < 0)
				return error_nomem(err);
		}
	}
}

/* The list that is held. */
static struct {
	bool on, valid;
	dev_t dev;
	ino_t ino;
	struct segments list;
	size_t cap;
} peers_held;

void segments_forget(void)
{
	segments_release(&peers_held.list);
	peers_held.valid = false;
	peers_held.cap = 0;
}

void segments_hold(void)
{
	segments_forget();
	peers_held.on = true;
}

void segments_unhold(void)
{
	segments_forget();
	peers_held.on = false;
}

static bool is_held(const struct place *p)
{
	struct stat st;

	return peers_held.valid && p->peers && fstat(p->fd, &st) == 0 &&
		st.st_dev == peers_held.dev && st.st_ino == peers_held.ino;
}

static int by_name(const void *key, const void *element)
{
	return strcmp(key, ((const struct segment *)element)->name);
}

void segments_added(const struct place *p, const struct segment *s)
{
	size_t at;

	if (!is_held(p) || ARRAY_FIND(s->name, peers_held.list.v, peers_held.list.n, by_name, &at))
		return;
	if (!ARRAY_GROW(peers_held.list.v, peers_held.list.n, peers_held.cap)) {
		segments_forget();
		return;
	}
	ARRAY_OPEN(peers_held.list.v, peers_held.list.n, at);
	peers_held.list.v[at] = *s;
	peers_held.list.n++;
}

static int hold_now(const struct place *p, struct error *err)
{
	struct segments list = { .v = NULL };
	struct stat st;
	int r = fstat(p->fd, &st) < 0 ? error_errno(err, "cannot access '%s'", p->path)
				      : collect(&list, p, NULL, err);

	if (r < 0) {
		segments_release(&list);
		return r;
	}
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), compare_segments);
	segments_forget();
	peers_held.list = list;
	peers_held.cap = list.n;
	peers_held.dev = st.st_dev;
	peers_held.ino = st.st_ino;
	peers_held.valid = true;
	return 0;
}

/* A copy of the part of the held list that is the origin's. */
static int from_held(struct segments *out, const char *origin, struct error *err)
{
	size_t first = 0, end;

	if (origin)
		(void)ARRAY_FIND(origin, peers_held.list.v, peers_held.list.n, by_name, &first);
	for (end = first; end < peers_held.list.n; end++)
		if (origin && strcmp(peers_held.list.v[end].origin, origin) != 0)
			break;
	*out = (struct segments){ .v = NULL };
	if (end == first)
		return 0;
	out->v = malloc((end - first) * sizeof(*out->v));
	if (!out->v)
		return error_nomem(err);
	memcpy(out->v, peers_held.list.v + first, (end - first) * sizeof(*out->v));
	out->n = end - first;
	return 0;
}

int segments_list(
	struct segments *out, const struct place *p, const char *origin, struct error *err)
{
	struct segments list = { .v = NULL };
	int r = 0;

	if (peers_held.on && p->peers && !is_held(p))
		r = hold_now(p, err);
	if (r < 0)
		return r;
	if (is_held(p))
		return from_held(out, origin, err);
	r = collect(&list, p, origin, err);

	if (r < 0) {
		segments_release(&list);
		return r;
	}
	if (list.n)
		qsort(list.v, list.n, sizeof(*list.v), compare_segments);
	*out = list;
	return 0;
}

void segments_release(struct segments *s)
{
	free(s->v);
	*s = (struct segments){ .v = NULL };
}

int place_open(struct place *out, struct buf *path, struct error *err)
{
	struct place p = { .fd = open(
				   path->data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) };

	if (p.fd < 0)
		return error_errno(err, "cannot open '%s'", path->data);
	p.path = buf_detach(path);
	if (!p.path) {
		close(p.fd);
		return error_nomem(err);
	}
	*out = p;
	return 0;
}

int place_open_peers(struct place *out, const struct journal *j, bool *there_out, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, j->own.path, "peers");
	r = buf_check(&path, err);
	if (r < 0)
		goto out;
	r = fs_check_private_dir(path.data, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		*there_out = false;
		r = 0;
		goto out;
	}
	if (r < 0)
		goto out;
	r = place_open(out, &path, err);
	*there_out = r == 0;
	if (r == 0)
		out->peers = true;
out:
	buf_release(&path);
	return r;
}

void place_release(struct place *p)
{
	if (p->path)
		close(p->fd);
	free(p->path);
	*p = (struct place){ .path = NULL };
}

int place_open_sized(int *fd_out, uint64_t *size_out, const struct place *p, const char *name,
	int flags, struct error *err)
{
	struct stat st;
	int fd, r = 0;

	fd = openat(p->fd, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0) {
		if (errno == ENOENT)
			return error_set(
				err, ERR_NOTFOUND, "there is no file '%s/%s'", p->path, name);
		if (errno == ELOOP)
			return error_refuse(
				err, "symbolic-link", "'%s/%s' is a symbolic link", p->path, name);
		return error_errno(err, "cannot open '%s/%s'", p->path, name);
	}
	if (fstat(fd, &st) < 0)
		r = error_errno(err, "cannot access '%s/%s'", p->path, name);
	else if (!S_ISREG(st.st_mode))
		r = error_refuse(err, "not-a-file", "'%s/%s' is not a regular file", p->path, name);
	else if (st.st_uid != geteuid())
		r = error_refuse(
			err, "foreign-owner", "'%s/%s' belongs to another user", p->path, name);
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		r = error_refuse(
			err, "writable-by-others", "'%s/%s' is writable by others", p->path, name);
	if (r < 0) {
		close(fd);
		return r;
	}
	*fd_out = fd;
	*size_out = (uint64_t)st.st_size;
	return 0;
}

int place_open_file(
	int *fd_out, const struct place *p, const char *name, int flags, struct error *err)
{
	uint64_t size;

	return place_open_sized(fd_out, &size, p, name, flags, err);
}

int place_write_new(
	const struct place *p, const char *name, const struct buf *content, struct error *err)
{
	int fd = -1, r;

	if (unlinkat(p->fd, name, 0) < 0 && errno != ENOENT)
		return error_errno(err, "cannot remove '%s/%s'", p->path, name);
	r = place_open_file(&fd, p, name, O_WRONLY | O_CREAT | O_EXCL, err);
	if (r < 0)
		return r;
	r = fs_write_all(fd, content->data, content->len, err);
	if (r == 0 && fsync(fd) < 0)
		r = error_errno(err, "cannot sync");
	if (close(fd) < 0 && r == 0)
		r = error_errno(err, "cannot close");
	return r < 0 ? error_wrap(err, "cannot create '%s/%s'", p->path, name) : 0;
}

int file_size(int fd, const char *name, uint64_t *out, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, "cannot access '%s'", name);
	*out = (uint64_t)st.st_size;
	return 0;
}

int read_at(int fd, const char *name, void *buf, size_t n, uint64_t offset, size_t *got_out,
	struct error *err)
{
	size_t got = 0;

	while (got < n) {
		ssize_t k = pread(fd, (char *)buf + got, n - got, (off_t)(offset + got));

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return error_errno(err, "cannot read '%s'", name);
		if (!k)
			break;
		got += (size_t)k;
	}
	*got_out = got;
	return 0;
}

int scan_init(struct scan *s, struct error *err)
{
	*s = (struct scan){ .fd = -1 };
	s->buf = malloc(SCAN_BUFFER);
	return s->buf ? 0 : error_nomem(err);
}

void scan_release(struct scan *s)
{
	free(s->buf);
	*s = (struct scan){ .fd = -1 };
}

void scan_seek(struct scan *s, int fd, const char *name, uint64_t offset)
{
	s->fd = fd;
	s->name = name;
	s->begin = s->end = 0;
	s->offset = offset;
}

/* Read more behind what is buffered. *more_out is false at the end of the file. */
static int fill(struct scan *s, bool *more_out, struct error *err)
{
	size_t held = s->end - s->begin;
	size_t got;
	int r;

	INVARIANT(s->begin <= s->end && s->end <= SCAN_BUFFER);
	/* No room would look like the end of the file. */
	INVARIANT(held < SCAN_BUFFER);
	memmove(s->buf, s->buf + s->begin, held);
	s->begin = 0;
	s->end = held;
	r = read_at(s->fd, s->name, s->buf + held, SCAN_BUFFER - held, s->offset + held, &got, err);
	if (r < 0)
		return r;
	s->end += got;
	*more_out = got > 0;
	return 0;
}

/* Drop bytes up to and including the next newline. */
static int skip_line(struct scan *s, struct line *out, struct error *err)
{
	bool more = true;

	while (more) {
		char *nl = memchr(s->buf + s->begin, '\n', s->end - s->begin);
		size_t n = nl ? (size_t)(nl - (s->buf + s->begin)) + 1 : s->end - s->begin;
		int r;

		s->begin += n;
		s->offset += n;
		if (nl) {
			out->kind = LINE_LONG;
			break;
		}
		r = fill(s, &more, err);
		if (r < 0)
			return r;
	}
	out->len = (size_t)(s->offset - out->offset);
	out->next = s->offset;
	return 0;
}

int scan_next(struct scan *s, struct line *out, struct error *err)
{
	bool more = true;
	char *nl;
	int r;

	*out = (struct line){ .kind = LINE_PARTIAL, .offset = s->offset };
	for (;;) {
		size_t held = s->end - s->begin;

		nl = held ? memchr(s->buf + s->begin, '\n', held) : NULL;
		if (nl || !more)
			break;
		if (held > RECORD_MAX)
			return skip_line(s, out, err);
		r = fill(s, &more, err);
		if (r < 0)
			return r;
	}
	out->text = s->buf + s->begin;
	out->len = nl ? (size_t)(nl - out->text) + 1 : s->end - s->begin;
	out->next = s->offset + out->len;
	if (nl)
		out->kind = LINE_WHOLE;
	else if (!out->len)
		out->kind = LINE_END;
	s->begin += out->len;
	s->offset += out->len;
	return 0;
}
