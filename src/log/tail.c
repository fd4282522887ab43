#include <fcntl.h>
#include <unistd.h>

#include "core/fs.h"
#include "log/journal_internal.h"

#define REGION_STEP ((size_t)256 << 10)
#define REGION_TORN_MAX (JOURNAL_APPEND_MAX + RECORD_MAX) /* and what minsky itself adds */

const char *tail_check_next(
	const struct record *rec, const char *origin, uint64_t seq, const char *hash)
{
	char expected[HASH_HEX_SIZE];

	if (strcmp(rec->origin, origin) != 0)
		return "record belongs to another origin";
	if (rec->seq <= seq)
		return "record follows one with a higher or the same seq";
	if (rec->seq != seq + 1)
		return "records are missing before this one";
	record_hash(expected, hash, rec->origin, rec->seq, rec->hlc, rec->bodyhash);
	if (strcmp(expected, rec->hash) != 0)
		return "hash does not match the record and the one before it";
	return NULL;
}

bool tail_break_hash(const struct record *rec, char out[HASH_HEX_SIZE])
{
	static const char type[] = "{\"type\":\"journal.break\",";
	static const char key[] = "\"lastHash\":\"";
	const char *p;

	if (!rec->body || rec->body_len < sizeof(type) ||
		memcmp(rec->body, type, sizeof(type) - 1) != 0)
		return false;
	p = memmem(rec->body, rec->body_len, key, sizeof(key) - 1);
	if (!p)
		return false;
	p += sizeof(key) - 1;
	if ((size_t)(rec->body + rec->body_len - p) < HASH_HEX_SIZE)
		return false;
	memcpy(out, p, HASH_HEX_SIZE - 1);
	out[HASH_HEX_SIZE - 1] = '\0';
	return id_is_hex(out, HASH_HEX_SIZE - 1) && p[HASH_HEX_SIZE - 1] == '"';
}

int tail_holds_hint(bool *out, int fd, const char *origin, const struct hint *h, struct error *err)
{
	char expected[HASH_HEX_SIZE];
	struct record rec;
	uint64_t len = h->size - h->start;
	size_t got;
	char *line;
	int r;

	*out = false;
	if (h->size <= h->start || len > RECORD_MAX)
		return 0;
	line = malloc((size_t)len);
	if (!line)
		return error_nomem(err);
	r = read_at(fd, h->segment, line, (size_t)len, h->start, &got, err);
	if (r == 0 && got == len && !record_parse(&rec, line, got)) {
		record_hash(expected, h->prev, origin, rec.seq, rec.hlc, rec.bodyhash);
		*out = strcmp(rec.origin, origin) == 0 && rec.seq == h->seq && rec.hlc == h->hlc &&
			strcmp(rec.hash, h->hash) == 0 && strcmp(expected, h->hash) == 0;
	}
	free(line);
	return r;
}

/* Note every record that begins in the first `step` bytes of the window. */
static void search_window(
	struct region *out, const char *buf, size_t len, size_t step, const char *origin)
{
	static const char begin[] = "{\"origin\":\"";
	const char *p = buf, *end = buf + len, *nl = NULL;

	while ((p = memmem(p, (size_t)(end - p), begin, sizeof(begin) - 1)) && p < buf + step) {
		struct record rec;

		if (!nl || nl < p)
			nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			return;
		if (!record_parse(&rec, p, (size_t)(nl - p) + 1)) {
			out->holds_record = true;
			if (strcmp(rec.origin, origin) == 0) {
				out->seq = rec.seq > out->seq ? rec.seq : out->seq;
				out->hlc = rec.hlc > out->hlc ? rec.hlc : out->hlc;
			}
		}
		p++;
	}
}

int region_read(struct region *out, int fd, const char *name, const char *origin, uint64_t from,
	uint64_t to, struct error *err)
{
	struct region region = { .holds_record = false };
	char *buf = malloc(REGION_STEP + RECORD_MAX);
	struct hash digest;
	int r = 0;

	if (!buf)
		return error_nomem(err);
	hash_init(&digest);
	for (uint64_t at = from; at < to; at += REGION_STEP) {
		size_t step = to - at < REGION_STEP ? (size_t)(to - at) : REGION_STEP;
		size_t want = to - at < REGION_STEP + RECORD_MAX ? (size_t)(to - at)
								 : REGION_STEP + RECORD_MAX;
		size_t got;

		r = read_at(fd, name, buf, want, at, &got, err);
		if (r < 0)
			break;
		hash_add(&digest, buf, got < step ? got : step);
		search_window(&region, buf, got, step, origin);
		if (got < want)
			break;
	}
	hash_final(&digest, region.digest);
	free(buf);
	if (r == 0)
		*out = region;
	return r;
}

int region_classify(enum tail_state *state_out, struct region *out, int fd, const char *name,
	const char *origin, uint64_t from, uint64_t to, struct error *err)
{
	struct region first;
	uint64_t size;
	int r;

	r = region_read(&first, fd, name, origin, from, to, err);
	if (r == 0)
		r = region_read(out, fd, name, origin, from, to, err);
	if (r == 0)
		r = file_size(fd, name, &size, err);
	if (r < 0)
		return r;
	if (size != to || strcmp(first.digest, out->digest) != 0)
		*state_out = TAIL_CHANGING;
	else if (out->holds_record || to - from > REGION_TORN_MAX)
		*state_out = TAIL_DAMAGED;
	else
		*state_out = TAIL_TORN;
	return 0;
}

/* The last line of an older segment that is a record of this origin, from its last few. */
static int last_record(bool *found, struct tail *t, const struct place *p,
	const struct segment *segment, struct error *err)
{
	size_t want = REGION_STEP, got;
	char *buf = NULL, *end;
	uint64_t size;
	int fd, r;

	*found = false;
	r = place_open_file(&fd, p, segment->name, O_RDONLY, err);
	if (r < 0)
		return r;
	r = file_size(fd, segment->name, &size, err);
	if (r < 0)
		goto out;
	want = size < want ? (size_t)size : want;
	buf = malloc(want + 1);
	if (!buf) {
		r = error_nomem(err);
		goto out;
	}
	r = read_at(fd, segment->name, buf, want, size - want, &got, err);
	if (r < 0)
		goto out;
	end = got ? memrchr(buf, '\n', got) : NULL;
	while (end && !*found) {
		char *before = memrchr(buf, '\n', (size_t)(end - buf));
		char *line = before ? before + 1 : buf;
		struct record rec;

		if (!record_parse(&rec, line, (size_t)(end - line) + 1) &&
			strcmp(rec.origin, segment->origin) == 0) {
			t->seq = rec.seq;
			t->hlc = rec.hlc;
			memcpy(t->hash, rec.hash, sizeof(t->hash));
			*found = true;
		}
		end = before;
	}
out:
	free(buf);
	close(fd);
	return r;
}

/*
 * The first record of a segment: behind a journal.break it follows the hash that its body names;
 * else the last record of the segment before, as far as that can be read.
 */
static const char *check_first(const struct record *rec, const struct tail *t)
{
	char hash[HASH_HEX_SIZE];

	if (strcmp(rec->origin, t->segment.origin) != 0)
		return "record belongs to another origin";
	if (rec->seq != t->segment.first)
		return "seq does not match the name of the file";
	if (tail_break_hash(rec, hash))
		return tail_check_next(rec, t->segment.origin, rec->seq - 1, hash);
	if (t->seq == rec->seq - 1)
		return tail_check_next(rec, t->segment.origin, t->seq, t->hash);
	return NULL;
}

static const char *check_line(
	const struct line *line, struct record *rec, const struct tail *t, const struct hint *h)
{
	const char *what;

	if (line->kind == LINE_PARTIAL)
		return "line is not terminated";
	if (line->kind == LINE_LONG)
		return "line is longer than any record";
	what = record_parse(rec, line->text, line->len);
	if (what)
		return what;
	what = t->good ? tail_check_next(rec, t->segment.origin, t->seq, t->hash)
		       : check_first(rec, t);
	if (!what && h && rec->seq == h->seq && strcmp(rec->hash, h->hash) != 0)
		what = "record differs from the remembered one";
	return what;
}

/* Read on from t->good; t->what says why that ended, if not at the end of the file. */
static int walk_lines(struct tail *t, struct scan *scan, const struct hint *h, struct error *err)
{
	scan_seek(scan, scan->fd, t->segment.name, t->good);
	for (;;) {
		struct record rec;
		struct line line;
		int r = scan_next(scan, &line, err);

		t->what = NULL;
		if (r < 0 || line.kind == LINE_END)
			return r;
		t->what = check_line(&line, &rec, t, h);
		if (t->what)
			return 0;
		t->good = line.next;
		t->seq = rec.seq;
		t->hlc = rec.hlc;
		memcpy(t->hash, rec.hash, sizeof(t->hash));
	}
}

/* What stands behind t->good, once nothing more can be read there. */
static int judge(struct tail *t, struct scan *scan, const struct hint *h, struct error *err)
{
	uint64_t good = t->good;
	struct region region;
	int r;

	r = file_size(scan->fd, t->segment.name, &t->size, err);
	if (r < 0)
		return r;
	if (t->size < t->good || (!t->what && t->size > t->good)) {
		t->state = TAIL_CHANGING;
		return 0;
	}
	r = region_classify(&t->state, &region, scan->fd, t->segment.name, t->segment.origin,
		t->good, t->size, err);
	/* Without the lock, the line may have been read before its writer had completed it. */
	if (r == 0 && t->state == TAIL_DAMAGED) {
		r = walk_lines(t, scan, h, err);
		if (t->good != good)
			t->state = TAIL_CHANGING;
	}
	if (r < 0)
		return r;
	if (!t->what && t->state == TAIL_TORN)
		t->state = TAIL_CLEAN;
	t->claimed_seq = region.seq;
	t->claimed_hlc = region.hlc;
	memcpy(t->bad_digest, region.digest, sizeof(t->bad_digest));
	memcpy(t->bad_segment, t->segment.name, sizeof(t->bad_segment));
	/* A segment is created with its first record in it. */
	if (!t->good && t->state != TAIL_CHANGING) {
		t->state = TAIL_DAMAGED;
		t->what = t->what ? t->what : "file is empty";
		if (t->claimed_seq < t->segment.first)
			t->claimed_seq = t->segment.first;
	}
	return 0;
}

/* Walk from t->good to the end, or to what is wrong there. */
static int walk(struct tail *t, int fd, const struct hint *h, struct error *err)
{
	struct scan scan;
	int r;

	r = scan_init(&scan, err);
	if (r < 0)
		return r;
	scan.fd = fd;
	r = walk_lines(t, &scan, h, err);
	if (r == 0)
		r = judge(t, &scan, h, err);
	scan_release(&scan);
	return r;
}

/* `writable_out`, where it is wanted: appending to *fd_out is possible. */
static int open_newest(int *fd_out, uint64_t *size_out, bool *writable_out, const struct place *p,
	const char *name, struct error *err)
{
	if (writable_out) {
		*writable_out =
			place_open_sized(fd_out, size_out, p, name, O_RDWR | O_APPEND, err) == 0;
		if (*writable_out)
			return 0;
		error_clear(err);
	}
	return place_open_sized(fd_out, size_out, p, name, O_RDONLY, err);
}

static int tail_of(struct tail *t, int *fd_out, const struct place *p, const struct segments *list,
	const struct hint *h, struct error *err)
{
	const struct segment *newest = &list->v[list->n - 1];
	bool trusted = false, found = false, writable = false;
	uint64_t size;
	int fd, r;

	t->segment = *newest;
	r = open_newest(&fd, &size, fd_out ? &writable : NULL, p, newest->name, err);
	if (r < 0)
		return r;
	if (h && strcmp(h->segment, newest->name) == 0 && size >= h->size)
		r = tail_holds_hint(&trusted, fd, newest->origin, h, err);
	if (r < 0)
		goto out;
	if (trusted) {
		t->good = h->size;
		t->seq = h->seq;
		t->hlc = h->hlc;
		memcpy(t->hash, h->hash, sizeof(t->hash));
		if (size == h->size) {
			t->size = size;
			goto out;
		}
	}
	for (size_t i = list->n - 1; r == 0 && !trusted && !found && i > 0; i--)
		r = last_record(&found, t, p, &list->v[i - 1], err);
	if (r == 0)
		r = walk(t, fd, h, err);
out:
	if (r == 0 && writable)
		*fd_out = fd;
	else
		close(fd);
	return r;
}

static int find_among(struct tail *out, int *fd_out, const struct place *p, const char *origin,
	const struct segments *list, const struct hint *hint, struct error *err)
{
	const struct hint *h = NULL;
	struct tail t = { .state = TAIL_CLEAN, .hash = HASH_ZERO };
	int r = 0;

	if (hint && hint->known && strncmp(hint->segment, origin, ID_HEX_SIZE - 1) == 0)
		h = hint;
	if (list->n)
		r = tail_of(&t, fd_out, p, list, h, err);
	if (r < 0)
		return r;
	if (t.claimed_seq < t.seq)
		t.claimed_seq = t.seq;
	if (t.claimed_hlc < t.hlc)
		t.claimed_hlc = t.hlc;
	if (h && t.state != TAIL_CHANGING && h->seq > t.seq) {
		t.state = TAIL_DAMAGED;
		if (!t.what)
			t.what = "records that were written are missing at the end";
		if (strcmp(h->segment, t.segment.name) > 0) {
			memcpy(t.bad_segment, h->segment, sizeof(t.bad_segment));
			hash_bytes("", 0, t.bad_digest);
			t.what = "the newest segment is missing";
		}
		if (t.claimed_seq < h->seq)
			t.claimed_seq = h->seq;
		if (t.claimed_hlc < h->hlc)
			t.claimed_hlc = h->hlc;
	}
	*out = t;
	return 0;
}

int tail_find(struct tail *out, const struct place *p, const char *origin, const struct hint *hint,
	struct error *err)
{
	return tail_find_open(out, NULL, p, origin, hint, err);
}

int tail_find_open(struct tail *out, int *fd_out, const struct place *p, const char *origin,
	const struct hint *hint, struct error *err)
{
	struct segments list = { .v = NULL };
	int r;

	if (fd_out)
		*fd_out = -1;
	r = segments_list(&list, p, origin, err);
	if (r == 0)
		r = find_among(out, fd_out, p, origin, &list, hint, err);
	segments_release(&list);
	return r;
}

int tail_find_among(struct tail *out, const struct place *p, const char *origin,
	const struct segments *list, const struct hint *hint, struct error *err)
{
	return find_among(out, NULL, p, origin, list, hint, err);
}
