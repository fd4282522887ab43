#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"
#include "core/invariant.h"
#include "core/text.h"
#include "log/append_cache.h"

/* The lines of one append, numbered and chained as they are added. */
struct batch {
	struct buf lines;
	const char *origin;
	uint64_t first; /* seq of the first line */
	uint64_t seq, hlc; /* of the last */
	size_t last_at; /* where it begins in `lines` */
	char prev[HASH_HEX_SIZE];
	char hash[HASH_HEX_SIZE];
};

#define NOTES_MAX 2

/* One append under the lock. */
struct append {
	const struct journal *j;
	uint64_t floor; /* somebody remembers a record of that number */
	struct tail tail;
	struct batch batch;
	bool known; /* what is kept tells everything that has to be looked at */
	bool fresh; /* needs a new segment */
	bool created; /* ... and has got it */
	bool suspect; /* a mark stands, and goes when the new segment is there */
	bool covered; /* `head` names this segment: its directory entry is synced */
	int fd; /* the newest segment, for appending; -1: not open */
	int head_fd; /* `head`, for writing; -1: not open */
	uint64_t clock; /* as clock_read() has it */
	struct hint last; /* where the last record of the batch stands now */
	struct buf notes[NOTES_MAX]; /* bodies of journal.repaired */
	size_t n_notes;
};

static int check_entry(const struct journal_entry *e, struct error *err)
{
	if (e->len > EVENT_MAX_BODY)
		return error_set(err, ERR_USAGE, "event is longer than 64 KiB (%zu bytes)", e->len);
	if (e->len < 2 || e->body[0] != '{' || e->body[e->len - 1] != '}')
		return error_set(err, ERR_USAGE, "event is not a JSON object");
	if (memchr(e->body, '\n', e->len) || memchr(e->body, '\0', e->len))
		return error_set(err, ERR_USAGE, "event contains a newline or NUL byte");
	if (!text_is_utf8(e->body, e->len))
		return error_set(err, ERR_USAGE, "event is not UTF-8");
	return 0;
}

static int check_entries(const struct journal_entry *entries, size_t n, struct error *err)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++) {
		int r = check_entry(&entries[i], err);

		if (r < 0)
			return r;
		total += entries[i].len + RECORD_ENVELOPE_MAX;
	}
	if (total > JOURNAL_APPEND_MAX) {
		error_set(err, ERR_USAGE, "%zu events are too many for one append", n);
		return error_hint(err, "append them in several steps of at most 8 MiB");
	}
	return 0;
}

static int batch_add(struct batch *b, const char *body, size_t len, struct error *err)
{
	int64_t now = clock_now_ms();
	uint64_t wall = now > 0 ? (uint64_t)now << 16 : 0;

	if (b->hlc == UINT64_MAX)
		return error_set(err, ERR_CORRUPT, "the journal's clock is at its maximum");
	b->seq++;
	b->hlc = wall > b->hlc ? wall : b->hlc + 1;
	b->last_at = b->lines.len;
	memcpy(b->prev, b->hash, sizeof(b->prev));
	record_format(&b->lines, b->prev, b->origin, b->seq, b->hlc, body, len);
	if (b->lines.failed)
		return error_nomem(err);
	INVARIANT(b->lines.len > b->last_at);
	record_hash_of_line(b->hash, b->lines.data + b->last_at, b->lines.len - b->last_at);
	return 0;
}

static int note_repaired(struct append *a, const char *segment, uint64_t offset, struct error *err)
{
	struct buf kept = BUF_INIT;
	uint64_t bytes;
	int r;

	r = torn_tail_cut(a->j, segment, offset, &bytes, &kept, err);
	if (r == 0 && bytes) {
		INVARIANT(a->n_notes < NOTES_MAX);
		r = torn_tail_repaired_body(
			&a->notes[a->n_notes], segment, offset, bytes, kept.data, err);
		a->n_notes++;
	}
	buf_release(&kept);
	return r;
}

/*
 * An append before this one failed and could not take its bytes back. Cut them off; whether the
 * pages of that file can be trusted is unknown, so what comes next goes to a new one. A mark of
 * size 0 names a segment whose creation failed: its name will be used again, so the mark has to
 * go, durably, before that.
 */
static int refresh_suspect(struct append *a, struct error *err)
{
	struct hint mark;
	bool there;
	int r;

	r = suspect_read(&mark, &there, &a->j->own, err);
	if (r < 0 || !there)
		return r;
	a->suspect = a->fresh = true;
	if (!mark.known)
		return 0;
	r = note_repaired(a, mark.segment, mark.size, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	if (r < 0 || mark.size)
		return r;
	r = suspect_remove(&a->j->own, err);
	if (r == 0)
		a->suspect = a->fresh = false;
	return r;
}

/* Where what is kept does not lead to the end, nothing of it counts. */
static int find_kept_end(struct append *a, struct error *err)
{
	struct hint hint;
	int r = hint_read_from(&hint, a->j->kept.head_fd, err);

	if (r == 0)
		r = append_cache_find_end(&a->tail, &a->known, a->j, &hint, err);
	if (r < 0 || !a->known)
		return r;
	a->covered = true;
	a->head_fd = a->j->kept.head_fd;
	a->fd = a->j->kept.segment_fd;
	a->clock = a->j->kept.clock;
	return 0;
}

static int find_end(struct append *a, struct error *err)
{
	struct hint hint;
	int r = 0;

	if (a->known) {
		r = find_kept_end(a, err);
		if (r < 0 || a->known)
			return r;
	}
	r = hint_read_open(&hint, &a->head_fd, &a->j->own, err);
	if (r == 0)
		r = tail_find_open(&a->tail, &a->fd, &a->j->own, a->j->origin, &hint, err);
	if (r < 0)
		return r;
	a->covered = hint.known && strcmp(hint.segment, a->tail.segment.name) == 0;
	if (!a->tail.segment.name[0])
		a->fresh = true;
	if (a->tail.state == TAIL_CHANGING) {
		error_set(err, ERR_IO, "'%s/%s' changed while it was locked", a->j->own.path,
			a->tail.segment.name);
		return error_hint(err, "another program writes to the journal; nothing was stored");
	}
	if (a->floor > a->tail.claimed_seq) {
		a->tail.claimed_seq = a->floor;
		if (a->tail.state != TAIL_DAMAGED) {
			memcpy(a->tail.bad_segment, a->tail.segment.name,
				sizeof(a->tail.bad_segment));
			hash_bytes("", 0, a->tail.bad_digest);
		}
		a->tail.state = TAIL_DAMAGED;
	}
	if (a->tail.state == TAIL_TORN)
		return note_repaired(a, a->tail.segment.name, a->tail.good, err);
	if (a->tail.state == TAIL_DAMAGED)
		a->fresh = true;
	return 0;
}

static int compose(
	struct append *a, const struct journal_entry *entries, size_t n, struct error *err)
{
	const struct tail *t = &a->tail;
	struct error ignored = ERROR_INIT;
	struct batch *b = &a->batch;
	struct buf body = BUF_INIT;
	int r = 0;

	b->origin = a->j->origin;
	b->seq = t->claimed_seq;
	/* Order between machines is not worth an event. */
	if (!a->known)
		(void)clock_read(&a->clock, &a->j->own, &ignored);
	b->hlc = a->clock;
	if (b->hlc < t->claimed_hlc)
		b->hlc = t->claimed_hlc;
	if (b->hlc < a->j->parent.hlc)
		b->hlc = a->j->parent.hlc;
	b->first = b->seq + 1;
	memcpy(b->hash, t->hash, sizeof(b->hash));
	if (t->state == TAIL_DAMAGED) {
		r = torn_tail_break_body(&body, t, err);
		if (r == 0)
			r = batch_add(b, body.data, body.len, err);
	} else if (!t->segment.name[0] && a->j->parent.origin[0]) {
		r = torn_tail_forked_body(&body, &a->j->parent, FORKED_COPY, err);
		if (r == 0)
			r = batch_add(b, body.data, body.len, err);
	}
	for (size_t i = 0; r == 0 && i < a->n_notes; i++)
		r = batch_add(b, a->notes[i].data, a->notes[i].len, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = batch_add(b, entries[i].body, entries[i].len, err);
	INVARIANT(r < 0 || !n || (b->lines.len && b->seq - b->first + 1 >= n));
	buf_release(&body);
	return r;
}

/* The bytes could not be taken back: say so to the next writer, as durably as this disk allows. */
static void mark_suspect(
	const struct append *a, const char *segment, uint64_t size, struct error *err)
{
	struct error second = ERROR_INIT;
	struct hint mark = { .known = true,
		.size = size,
		.seq = a->tail.seq,
		.hlc = a->tail.hlc,
		.prev = HASH_ZERO };

	memcpy(mark.segment, segment, sizeof(mark.segment));
	memcpy(mark.hash, a->tail.hash, sizeof(mark.hash));
	if (suspect_write(&mark, a->j, &second) < 0)
		error_hint(err,
			"the disk also refused to undo it; check it, then run 'minsky "
			"journal verify'");
}

/* More than we can have written is not all ours: the next writer keeps a copy of what it cuts. */
static void take_back(const struct append *a, struct error *err)
{
	const struct tail *t = &a->tail;
	struct error ignored = ERROR_INIT;
	uint64_t size;

	INVARIANT(a->fd >= 0);
	if ((file_size(a->fd, t->segment.name, &size, &ignored) == 0 &&
		    size > t->good + a->batch.lines.len) ||
		ftruncate(a->fd, (off_t)t->good) < 0 || fdatasync(a->fd) < 0)
		mark_suspect(a, t->segment.name, t->good, err);
}

/* One write behind the last good record, one sync; on failure the file is as it was. */
static int extend(struct append *a, struct error *err)
{
	const struct tail *t = &a->tail;
	const struct buf *lines = &a->batch.lines;
	uint64_t size;
	int fd = a->fd, r = 0;

	INVARIANT(t->segment.name[0]);
	if (fd < 0)
		r = place_open_file(&fd, &a->j->own, t->segment.name, O_RDWR | O_APPEND, err);
	if (r < 0)
		return r;
	a->fd = fd;
	r = file_size(fd, t->segment.name, &size, err);
	if (r == 0 && size != t->good)
		r = error_set(err, ERR_IO, "'%s/%s' changed while it was locked", a->j->own.path,
			t->segment.name);
	if (r < 0)
		return r;
	r = fs_write_all(fd, lines->data, lines->len, err);
	if (r == 0)
		r = file_size(fd, t->segment.name, &size, err);
	if (r == 0 && size != t->good + lines->len)
		r = error_set(err, ERR_IO,
			size < t->good + lines->len ? "part of the write is missing"
						    : "it changed while it was locked");
	if (r == 0 && fdatasync(fd) < 0)
		r = error_errno(err, "cannot sync");
	if (r == 0 && !a->covered && fsync(a->j->own.fd) < 0)
		r = error_errno(err, "cannot sync the directory");
	if (r < 0) {
		error_wrap(err, "cannot append to '%s/%s'", a->j->own.path, t->segment.name);
		take_back(a, err);
	}
	return r;
}

/* A segment appears under its name with its first records in it, synced, or not at all. */
static int create_segment(const struct append *a, const struct segment *s, struct error *err)
{
	const struct journal *j = a->j;
	struct buf from = BUF_INIT, to = BUF_INIT;
	bool named = false;
	int r;

	INVARIANT(s->name[0] && a->batch.lines.len);
	fs_join(&from, j->own.path, "new.tmp");
	fs_join(&to, j->own.path, s->name);
	r = from.failed || to.failed ? error_nomem(err)
				     : place_write_new(&j->own, "new.tmp", &a->batch.lines, err);
	if (r == 0)
		r = fs_rename_new(from.data, to.data, err);
	if (r == 0) {
		named = true;
		if (fsync(j->own.fd) < 0)
			r = error_errno(err, "cannot sync directory '%s'", j->own.path);
	}
	if (r < 0) {
		bool undone = unlinkat(j->own.fd, named ? s->name : "new.tmp", 0) == 0;

		/* A standing mark forces the next writer to this very name: it must stay. */
		if (named && (!undone || fsync(j->own.fd) < 0) && !a->suspect)
			mark_suspect(a, s->name, 0, err);
	}
	buf_release(&from);
	buf_release(&to);
	return r;
}

static int store(struct append *a, struct error *err)
{
	const struct batch *b = &a->batch;
	uint64_t base = a->tail.good;
	struct error ignored = ERROR_INIT;
	struct segment s = a->tail.segment;
	struct hint *last = &a->last;
	int r;

	INVARIANT(b->lines.len && b->last_at < b->lines.len);
	if (a->fresh || base + b->lines.len > a->j->segment_max) {
		segment_name(&s, b->origin, b->first);
		base = 0;
		r = create_segment(a, &s, err);
		a->created = true;
		/* A guard against mistakes, no more: nothing depends on it. */
		if (r == 0 && a->tail.segment.name[0])
			(void)!fchmodat(a->j->own.fd, a->tail.segment.name, 0400, 0);
	} else {
		r = extend(a, err);
	}
	if (r < 0)
		return r;
	*last = (struct hint){ .known = true,
		.start = base + b->last_at,
		.size = base + b->lines.len,
		.seq = b->seq,
		.hlc = b->hlc };
	memcpy(last->segment, s.name, sizeof(last->segment));
	memcpy(last->prev, b->prev, sizeof(last->prev));
	memcpy(last->hash, b->hash, sizeof(last->hash));
	hint_write(last, a->head_fd, &a->j->own, a->j->boot);
	/* Left behind, the mark costs the next writer another new segment. */
	if (a->suspect)
		(void)suspect_remove(&a->j->own, &ignored);
	return 0;
}

static void append_init(struct append *a, const struct journal *j)
{
	*a = (struct append){ .j = j, .fd = -1, .head_fd = -1, .batch = { .lines = BUF_INIT } };
	for (size_t i = 0; i < NOTES_MAX; i++)
		a->notes[i] = (struct buf)BUF_INIT;
}

static int append_run(struct append *a, const struct journal_entry *entries, size_t n,
	struct head *last_out, struct error *err)
{
	int r = a->known ? 0 : refresh_suspect(a, err);

	if (r == 0)
		r = find_end(a, err);
	if (r == 0)
		r = compose(a, entries, n, err);
	if (r == 0 && a->batch.lines.len)
		r = store(a, err);
	if (r == 0 && last_out) {
		last_out->seq = a->batch.seq;
		memcpy(last_out->origin, a->j->origin, sizeof(last_out->origin));
		memcpy(last_out->hash, a->batch.hash, sizeof(last_out->hash));
	}
	return r;
}

/* The files are open still if they belong to what is kept. */
static void append_release(struct append *a, bool kept)
{
	if (!kept && a->head_fd >= 0)
		close(a->head_fd);
	/* After the sync, close() has nothing left to report. */
	if (!kept && a->fd >= 0)
		close(a->fd);
	for (size_t i = 0; i < NOTES_MAX; i++)
		buf_release(&a->notes[i]);
	buf_release(&a->batch.lines);
}

int append_locked(const struct journal *j, const struct journal_entry *entries, size_t n,
	uint64_t floor, struct head *last_out, struct error *err)
{
	struct append a;
	int r;

	append_init(&a, j);
	a.floor = floor;
	r = append_run(&a, entries, n, last_out, err);
	append_release(&a, false);
	return r;
}

int journal_lock(const struct journal *j, int timeout_ms, int *fd_out, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, j->own.path, "lock");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_lock_at(j->own.fd, "lock", path.data, timeout_ms, fd_out, err);
	buf_release(&path);
	return r;
}

/* Everything is looked at; what was found may be kept for the next time. Takes over the lock. */
static int append_first(struct journal *j, int lock_fd, const struct journal_entry *entries,
	size_t n, struct head *last_out, struct error *err)
{
	struct append a;
	bool kept = false;
	int r;

	append_init(&a, j);
	r = origin_settle(j, err);
	if (r == 0)
		r = append_run(&a, entries, n, last_out, err);
	if (r == 0 && !a.created && a.fd >= 0 && a.head_fd >= 0)
		kept = append_cache_take(j, lock_fd, a.head_fd, a.fd, a.last.segment, a.clock);
	if (kept) {
		append_cache_note(j, &a.last);
		append_cache_unlock(j);
	} else {
		close(lock_fd);
	}
	append_release(&a, kept);
	return r;
}

/* With what the append before has kept, under the lock that belongs to it. */
static int append_again(struct journal *j, const struct journal_entry *entries, size_t n,
	struct head *last_out, struct error *err)
{
	struct append a;
	bool kept;
	int r;

	INVARIANT(j->kept.here);
	append_init(&a, j);
	a.known = true;
	r = append_run(&a, entries, n, last_out, err);
	kept = a.known;
	if (r == 0 && a.known && !a.created) {
		append_cache_note(j, &a.last);
		append_cache_unlock(j);
	} else {
		append_cache_release(j);
	}
	append_release(&a, kept);
	return r;
}

int journal_append(struct journal *j, const struct journal_entry *entries, size_t n, int timeout_ms,
	struct head *last_out, struct error *err)
{
	bool held = false;
	int fd, r;

	if (!n)
		return last_out ? journal_head(j, last_out, err) : 0;
	r = check_entries(entries, n, err);
	if (r == 0)
		r = append_cache_lock(j, timeout_ms, &held, err);
	if (r == 0 && !held)
		r = journal_lock(j, timeout_ms, &fd, err);
	if (r < 0)
		return r;
	return held ? append_again(j, entries, n, last_out, err)
		    : append_first(j, fd, entries, n, last_out, err);
}
