#include "core/gitfiles/reflog.h"

#include "core/invariant.h"
#include "core/oid.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES 65536
#define CHUNK 16384
#define LAST_SECOND 253402300799 /* of the year 9999 */

static int read_at(int fd, const char *path, uint64_t offset, char *out, size_t len,
	size_t *got_out, struct error *err)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(fd, out + got, len - got, (off_t)(offset + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "cannot read '%s'", path);
		if (!n)
			break;
		got += (size_t)n;
	}
	*got_out = got;
	return 0;
}

/*
 * A line without message gains a TAB when git rewrites the log. Of a very long line the end alone
 * counts, so that looking back from an offset reads a bounded number of bytes.
 */
static void line_digest(const char *line, size_t len, char out[HASH_HEX_SIZE])
{
	if (len && line[len - 1] == '\t')
		len--;
	if (len > LINE_MAX_BYTES) {
		line += len - LINE_MAX_BYTES;
		len = LINE_MAX_BYTES;
	}
	hash_bytes(line, len, out);
}

/*
 * The line whose newline is the byte before `end`: where it begins and its digest. *digest is ""
 * when that byte is no newline. `work` holds LINE_MAX_BYTES + 3 bytes.
 */
static int line_before(int fd, const char *path, uint64_t end, char *work, uint64_t *start_out,
	char digest[HASH_HEX_SIZE], struct error *err)
{
	const size_t max = LINE_MAX_BYTES + 3;
	size_t want = 512;

	digest[0] = '\0';
	*start_out = end;
	for (;;) {
		uint64_t from = end > want ? end - want : 0;
		size_t len = (size_t)(end - from);
		const char *newline;
		size_t got;
		int r = read_at(fd, path, from, work, len, &got, err);

		if (r < 0)
			return r;
		if (!len || got < len || work[len - 1] != '\n')
			return 0;
		newline = memrchr(work, '\n', len - 1);
		if (newline || !from || want == max) {
			const char *line = newline ? newline + 1 : work;

			*start_out = from + (uint64_t)(line - work);
			line_digest(line, (size_t)(work + len - 1 - line), digest);
			return 0;
		}
		want = want * 8 < max ? want * 8 : max;
	}
}

/* Behind the last newline before `limit`; 0 if there is none. */
static int newline_before(
	int fd, const char *path, uint64_t limit, char *work, uint64_t *end_out, struct error *err)
{
	uint64_t end = limit;

	while (end) {
		size_t len = end > LINE_MAX_BYTES ? LINE_MAX_BYTES : (size_t)end;
		const char *newline;
		size_t got;
		int r = read_at(fd, path, end - len, work, len, &got, err);

		if (r < 0)
			return r;
		newline = memrchr(work, '\n', got);
		if (newline) {
			end = end - len + (uint64_t)(newline - work) + 1;
			break;
		}
		end -= len;
	}
	*end_out = end;
	return 0;
}

/* Behind the last complete line. */
static int complete_end(int fd, const char *path, char *work, uint64_t *end_out, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_errno(err, "cannot access '%s'", path);
	return newline_before(fd, path, (uint64_t)st.st_size, work, end_out, err);
}

/* Where reading goes on: *found_out = false when the anchor is nowhere in the file. */
static int find_place(int fd, const char *path, const struct reflog_place *place, char *work,
	uint64_t *offset_out, bool *found_out, struct error *err)
{
	char digest[HASH_HEX_SIZE];
	uint64_t start, end = 0;
	int r;

	*offset_out = place->offset;
	*found_out = true;
	if (!place->offset && !place->anchor[0])
		return 0;
	r = line_before(fd, path, place->offset, work, &start, digest, err);
	if (r < 0 || (digest[0] && !strcmp(digest, place->anchor)))
		return r;
	r = complete_end(fd, path, work, &end, err);
	if (r < 0)
		return r;
	while (end) {
		r = line_before(fd, path, end, work, &start, digest, err);
		if (r < 0)
			return r;
		if (digest[0] && !strcmp(digest, place->anchor)) {
			*offset_out = end;
			return 0;
		}
		/* In a very long line `start` is not its beginning, and no newline precedes it. */
		if (!digest[0])
			r = newline_before(fd, path, end, work, &start, err);
		if (r < 0)
			return r;
		end = start;
	}
	*found_out = false;
	return 0;
}

static bool parse_seconds(const char **at, const char *end, int64_t *out)
{
	const char *p = *at;
	int64_t value = 0;

	if (p == end || *p < '0' || *p > '9')
		return false;
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		if (value <= LAST_SECOND)
			value = value * 10 + (*p - '0');
	*at = p;
	*out = value > LAST_SECOND ? LAST_SECOND : value;
	return true;
}

/* `len` without the newline. False for a line that git would not read either. */
static bool parse_line(const char *line, size_t len, struct reflog_entry *out)
{
	const char *end = line + len;
	size_t digits = oid_digits(line, len);
	const char *p;
	int64_t seconds;

	if (!digits || len < 2 * digits + 2 || line[digits] != ' ' || line[2 * digits + 1] != ' ' ||
		!oid_parse(&out->old_oid, line, digits) ||
		!oid_parse(&out->new_oid, line + digits + 1, digits))
		return false;
	p = memchr(line + 2 * digits + 2, '>', len - 2 * digits - 2);
	if (!p || end - p < 2 || p[1] != ' ')
		return false;
	p += 2;
	if (!parse_seconds(&p, end, &seconds))
		return false;
	if (end - p < 6 || p[0] != ' ' || (p[1] != '+' && p[1] != '-'))
		return false;
	p += 6;
	if (p < end && *p == '\t')
		p++;
	out->at = seconds * 1000;
	out->message = p;
	out->message_len = (size_t)(end - p);
	return true;
}

struct reading {
	int fd;
	const char *path;
	struct reflog_place place;
	bool too_long; /* the front of the line at `pending` has been dropped */
	bool stopped;
	uint64_t read_to;
	uint64_t size; /* of the file: what is added while it is read waits for the next bell */
	struct buf pending; /* bytes from place.offset on, or the end of a line too long */
};

static int take_line(struct reading *s, const char *line, size_t len, uint64_t end, reflog_fn *fn,
	void *arg, struct error *err)
{
	struct reflog_entry entry;
	int r;

	if (!s->too_long && len <= LINE_MAX_BYTES && parse_line(line, len, &entry)) {
		entry.n = s->place.count + 1;
		r = fn(arg, &entry, err);
		if (r < 0)
			return r;
		s->stopped = r > 0;
	}
	s->too_long = false;
	s->place.offset = end;
	s->place.count++;
	return 0;
}

/* Deliver the complete lines in `pending`; keep the rest. */
static int take_lines(struct reading *s, reflog_fn *fn, void *arg, struct error *err)
{
	size_t at = 0;
	const char *last = NULL;
	size_t last_len = 0;

	while (!s->stopped) {
		const char *line = s->pending.data + at;
		const char *newline = memchr(line, '\n', s->pending.len - at);
		uint64_t end;
		int r;

		if (!newline)
			break;
		end = s->read_to - (s->pending.len - at) + (uint64_t)(newline + 1 - line);
		r = take_line(s, line, (size_t)(newline - line), end, fn, arg, err);
		if (r < 0)
			return r;
		last = line;
		last_len = (size_t)(newline - line);
		at += last_len + 1;
	}
	if (last)
		line_digest(last, last_len, s->place.anchor);
	INVARIANT(at <= s->pending.len && s->read_to >= s->pending.len - at);
	if (s->pending.len - at > LINE_MAX_BYTES + 1) {
		at = s->pending.len - LINE_MAX_BYTES - 1;
		s->too_long = true;
	}
	memmove(s->pending.data, s->pending.data + at, s->pending.len - at);
	buf_truncate(&s->pending, s->pending.len - at);
	return 0;
}

static int read_forward(struct reading *s, reflog_fn *fn, void *arg, struct error *err)
{
	s->read_to = s->place.offset;
	while (!s->stopped && s->read_to < s->size) {
		uint64_t left = s->size - s->read_to;
		size_t want = left < CHUNK ? (size_t)left : CHUNK;
		size_t got;
		int r;

		if (!buf_grow(&s->pending, want))
			return error_nomem(err);
		r = read_at(s->fd, s->path, s->read_to, s->pending.data + s->pending.len, want,
			&got, err);
		if (r < 0)
			return r;
		if (!got)
			break;
		s->pending.len += got;
		s->pending.data[s->pending.len] = '\0';
		s->read_to += got;
		r = take_lines(s, fn, arg, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int open_log(const char *path, int *fd_out, uint64_t *size_out, struct error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return error_set(err, ERR_NOTFOUND, "there is no file '%s'", path);
	if (fd < 0)
		return error_errno(err, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0) {
		r = error_errno(err, "cannot access '%s'", path);
		close(fd);
		return r;
	}
	/* A directory of the branches below this name: no log of that name itself. */
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return error_set(err, ERR_NOTFOUND, "there is no file '%s'", path);
	}
	*fd_out = fd;
	*size_out = (uint64_t)st.st_size;
	return 0;
}

int reflog_read(const char *path, struct reflog_place *place, reflog_fn *fn, void *arg,
	enum reflog_state *state_out, struct error *err)
{
	struct reading s = { .fd = -1, .path = path, .place = *place, .pending = BUF_INIT };
	char work[LINE_MAX_BYTES + 3];
	bool found;
	int r;

	r = open_log(path, &s.fd, &s.size, err);
	if (r < 0 && err->code == ERR_NOTFOUND) {
		error_clear(err);
		*state_out = REFLOG_MISSING;
		return 0;
	}
	if (r < 0)
		return r;
	r = find_place(s.fd, path, place, work, &s.place.offset, &found, err);
	if (r < 0)
		goto out;
	if (found)
		r = read_forward(&s, fn, arg, err);
	else
		r = reflog_skip(path, &s.place, err);
	if (r < 0)
		goto out;
	*place = s.place;
	*state_out = found ? REFLOG_OK : REFLOG_REWRITTEN;
out:
	close(s.fd);
	buf_release(&s.pending);
	return r;
}

struct resuming {
	const struct oid *oid;
	uint64_t before, behind; /* so many entries precede; UINT64_MAX: none fits */
	uint64_t stop;
};

static int look_for_oid(void *arg, const struct reflog_entry *e, struct error *err)
{
	struct resuming *s = arg;

	(void)err;
	if (oid_equal(&e->new_oid, s->oid))
		s->behind = e->n;
	if (oid_equal(&e->old_oid, s->oid) && s->before == UINT64_MAX)
		s->before = e->n - 1;
	return e->n >= s->stop;
}

int reflog_resume(const char *path, struct reflog_place *place, const struct oid *oid,
	bool *found_out, struct error *err)
{
	struct resuming s = {
		.oid = oid, .before = UINT64_MAX, .behind = UINT64_MAX, .stop = UINT64_MAX
	};
	struct reflog_place at = { .offset = 0 };
	enum reflog_state state;
	uint64_t skip;
	int r = reflog_read(path, &at, look_for_oid, &s, &state, err);

	skip = s.before != UINT64_MAX ? s.before : s.behind;
	*found_out = r == 0 && skip != UINT64_MAX;
	if (!*found_out)
		return r;
	at = (struct reflog_place){ .offset = 0 };
	s.stop = skip;
	if (skip)
		r = reflog_read(path, &at, look_for_oid, &s, &state, err);
	if (r == 0) {
		at.count = place->count;
		*place = at;
	}
	return r;
}

int reflog_at_place(
	const char *path, const struct reflog_place *place, bool *out, struct error *err)
{
	char digest[HASH_HEX_SIZE];
	char work[LINE_MAX_BYTES + 3];
	uint64_t start, size;
	int fd, r;

	r = open_log(path, &fd, &size, err);
	if (r < 0)
		return r;
	r = line_before(fd, path, place->offset, work, &start, digest, err);
	if (r == 0)
		*out = size == place->offset && digest[0] && !strcmp(digest, place->anchor);
	close(fd);
	return r;
}

int reflog_skip(const char *path, struct reflog_place *place, struct error *err)
{
	char digest[HASH_HEX_SIZE];
	char work[LINE_MAX_BYTES + 3];
	uint64_t start, end, size;
	int fd, r;

	r = open_log(path, &fd, &size, err);
	if (r < 0)
		return r;
	r = newline_before(fd, path, size, work, &end, err);
	if (r == 0)
		r = line_before(fd, path, end, work, &start, digest, err);
	if (r < 0)
		goto out;
	place->offset = end;
	memcpy(place->anchor, digest, sizeof(digest));
out:
	close(fd);
	return r;
}
