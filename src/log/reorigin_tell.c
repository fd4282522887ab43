#include "log/reorigin.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "core/array.h"
#include "core/clock.h"
#include "core/fs.h"
#include "log/journal_internal.h"
#include "log/verify_redact.h"

#define FLUSH_AT ((size_t)256 << 10)
#define FORKED_TWICE "another machine used the same numbers"

/* Segments of the new origin, as they are written. */
struct pending {
	struct place place;
	struct journal *j;
	const struct head *common;
	char origin[ID_HEX_SIZE];
	bool new_clock;

	int fd; /* of the segment that is being written; -1 before the first */
	struct hint end; /* what `head` will say */
	uint64_t size; /* of that segment, what is in `lines` included */
	struct buf lines; /* not yet written */
	uint64_t *was; /* [i]: seq that record i + 2 had */
	size_t n_was, cap_was;
};

static int flush(struct pending *t, struct error *err)
{
	int r = t->lines.len ? fs_write_all(t->fd, t->lines.data, t->lines.len, err) : 0;

	buf_clear(&t->lines);
	return r;
}

static int close_segment(struct pending *t, struct error *err)
{
	int r = 0;

	if (t->fd < 0)
		return 0;
	r = flush(t, err);
	if (r == 0 && fsync(t->fd) < 0)
		r = error_errno(err, "cannot sync '%s/%s'", t->place.path, t->end.segment);
	if (close(t->fd) < 0 && r == 0)
		r = error_errno(err, "cannot close '%s/%s'", t->place.path, t->end.segment);
	t->fd = -1;
	return r;
}

static int open_segment(struct pending *t, struct error *err)
{
	struct segment s;
	int r = close_segment(t, err);

	if (r < 0)
		return r;
	segment_name(&s, t->origin, t->end.seq + 1);
	memcpy(t->end.segment, s.name, sizeof(s.name));
	t->size = 0;
	return place_open_file(&t->fd, &t->place, s.name, O_WRONLY | O_CREAT | O_EXCL, err);
}

/* `bodyhash` stands for a body that is blank. */
static int add(struct pending *t, uint64_t hlc, const char *body, size_t len, const char *bodyhash,
	struct error *err)
{
	size_t before;
	int r = 0;

	if (t->fd < 0 || t->size + len + RECORD_ENVELOPE_MAX > t->j->segment_max)
		r = open_segment(t, err);
	if (r < 0)
		return r;
	before = t->lines.len;
	memcpy(t->end.prev, t->end.hash, sizeof(t->end.prev));
	t->end.seq++;
	t->end.hlc = hlc;
	if (body)
		record_format(&t->lines, t->end.prev, t->origin, t->end.seq, hlc, body, len);
	else
		record_format_blank(&t->lines, t->end.prev, t->origin, t->end.seq, hlc, bodyhash);
	r = buf_check(&t->lines, err);
	if (r < 0)
		return r;
	record_hash_of_line(t->end.hash, t->lines.data + before, t->lines.len - before);
	t->end.start = t->size;
	t->size += t->lines.len - before;
	t->end.size = t->size;
	return t->lines.len >= FLUSH_AT ? flush(t, err) : 0;
}

static uint64_t clock_behind(uint64_t last)
{
	int64_t now = clock_now_ms();
	uint64_t wall = now > 0 ? (uint64_t)now << 16 : 0;

	return wall > last ? wall : last + 1;
}

/* journal.forked has to come before the first of the others by its clock, too. */
static int add_forked(struct pending *t, uint64_t first_hlc, uint64_t common_hlc, struct error *err)
{
	struct parent parent = { .seq = t->common->seq, .hlc = common_hlc };
	bool same_clock = first_hlc && !t->new_clock;
	struct buf body = BUF_INIT;
	int r;

	memcpy(parent.origin, t->common->origin, sizeof(parent.origin));
	r = torn_tail_forked_body(&body, &parent, FORKED_TWICE, err);
	if (r == 0)
		r = add(t, same_clock ? first_hlc - 1 : clock_behind(common_hlc), body.data,
			body.len, NULL, err);
	buf_release(&body);
	return r;
}

/* What is true of the old origin's files alone. */
static bool is_of_files(const struct record *rec)
{
	static const char *const types[] = { "{\"type\":\"journal.break\"",
		"{\"type\":\"journal.forked\"" };

	for (size_t i = 0; rec->body && i < sizeof(types) / sizeof(*types); i++)
		if (rec->body_len > strlen(types[i]) &&
			memcmp(rec->body, types[i], strlen(types[i])) == 0)
			return true;
	return false;
}

static int by_number(const void *key, const void *element)
{
	uint64_t a = *(const uint64_t *)key, b = *(const uint64_t *)element;

	return (a > b) - (a < b);
}

/* The new number of a record that is told again; 0 if it is not. */
static uint64_t seq_now(const struct pending *t, uint64_t was)
{
	size_t at;

	return ARRAY_FIND(&was, t->was, t->n_was, by_number, &at) ? at + 2 : 0;
}

/* An event.redacted names a record; one that is told again has another name now. */
static int rename_redacted(
	const struct pending *t, const struct record *rec, struct buf *body, struct error *err)
{
	struct redactions one = { .v = NULL };
	struct buf name = BUF_INIT;
	const char *at;
	int r = redactions_add_record(&one, rec, err);
	uint64_t now;

	if (r < 0 || !one.n || strcmp(one.v[0].origin, t->common->origin) != 0)
		goto out;
	now = seq_now(t, one.v[0].seq);
	if (!now)
		goto out;
	buf_addf(&name, "\"data\":{\"origin\":\"%s\",\"seq\":%" PRIu64 ",", one.v[0].origin,
		one.v[0].seq);
	r = buf_check(&name, err);
	at = r == 0 ? memmem(rec->body, rec->body_len, name.data, name.len) : NULL;
	if (r == 0 && !at)
		r = error_set(err, ERR_CORRUPT,
			"record %" PRIu64 " redacts another one in an unknown way", rec->seq);
	if (r < 0)
		goto out;
	buf_add(body, rec->body, (size_t)(at - rec->body));
	buf_addf(body, "\"data\":{\"origin\":\"%s\",\"seq\":%" PRIu64 ",", t->origin, now);
	at += name.len;
	buf_add(body, at, (size_t)(rec->body + rec->body_len - at));
	r = buf_check(body, err);
out:
	buf_release(&name);
	redactions_release(&one);
	return r;
}

static int tell(struct pending *t, const struct record *rec, struct error *err)
{
	uint64_t hlc = t->new_clock ? clock_behind(t->end.hlc) : rec->hlc;
	struct buf renamed = BUF_INIT;
	int r;

	if (!ARRAY_GROW(t->was, t->n_was, t->cap_was))
		return error_nomem(err);
	r = rename_redacted(t, rec, &renamed, err);
	if (r == 0 && renamed.len)
		r = add(t, hlc, renamed.data, renamed.len, NULL, err);
	else if (r == 0)
		r = add(t, hlc, rec->body, rec->body_len, rec->bodyhash, err);
	if (r == 0)
		t->was[t->n_was++] = rec->seq;
	buf_release(&renamed);
	return r;
}

/* The clock of the record `common`, which has to be here just so. */
static int check_common(struct pending *t, uint64_t *hlc_out, struct error *err)
{
	const struct head *common = t->common;
	struct journal_reader *reader = NULL;
	const struct record *rec = NULL;
	int r;

	*hlc_out = 0;
	if (!common->seq)
		return 0;
	r = journal_reader_open(&reader, t->j, common->origin, common->seq - 1, NULL, err);
	if (r == 0)
		r = journal_reader_next(reader, &rec, err);
	if (r == ERR_NOTFOUND || (r == 0 && (!rec || strcmp(rec->hash, common->hash) != 0)))
		r = error_set(err, ERR_CORRUPT,
			"record %" PRIu64 " of origin %.8s is not the one that others have",
			common->seq, common->origin);
	if (r == 0)
		*hlc_out = rec->hlc;
	journal_reader_close(reader);
	return r;
}

static int tell_all(struct pending *t, uint64_t common_hlc, struct moved *moved, struct error *err)
{
	const struct head *common = t->common;
	struct journal_reader *reader = NULL;
	const struct record *rec = NULL;
	bool begun = false;
	int r = journal_reader_open(
		&reader, t->j, common->origin, common->seq, common->seq ? common->hash : NULL, err);

	while (r == 0) {
		r = journal_reader_next(reader, &rec, err);
		if (r < 0 || !rec)
			break;
		moved->to = rec->seq;
		if (is_of_files(rec))
			continue;
		if (!begun)
			r = add_forked(t, rec->hlc, common_hlc, err);
		begun = true;
		if (r == 0)
			r = tell(t, rec, err);
	}
	if (r == 0 && !begun)
		r = add_forked(t, 0, common_hlc, err);
	journal_reader_close(reader);
	return r;
}

/* All that the new origin begins with, on disk, where nobody looks for it yet. */
static int prepare(struct pending *t, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, t->j->own.path, REORIGIN_DIR);
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_remove_tree(path.data, err);
	if (r == 0)
		r = fs_mkdirs(path.data, 0700, err);
	if (r == 0)
		r = place_open(&t->place, &path, err);
	buf_release(&path);
	return r;
}

static int decide(struct pending *t, struct error *err)
{
	struct moved moved = { .from = t->common->seq, .to = t->common->seq, .pending = true };
	struct parent parent = { .seq = t->common->seq };
	int r;

	memcpy(moved.origin, t->common->origin, sizeof(moved.origin));
	memcpy(parent.origin, t->common->origin, sizeof(parent.origin));
	r = check_common(t, &parent.hlc, err);
	if (r == 0)
		r = prepare(t, err);
	if (r == 0)
		r = tell_all(t, parent.hlc, &moved, err);
	if (r == 0)
		r = close_segment(t, err);
	if (r < 0)
		return r;
	hint_write(&t->end, -1, &t->place, t->j->boot);
	if (fsync(t->place.fd) < 0)
		return error_errno(err, "cannot sync directory '%s'", t->place.path);
	return origin_write(t->j, t->origin, &parent, &moved, err);
}

static int reorigin(struct journal *j, const struct head *common, bool new_clock, uint64_t *told,
	struct error *err)
{
	struct pending t = { .j = j,
		.common = common,
		.new_clock = new_clock,
		.fd = -1,
		.lines = BUF_INIT,
		.end = { .known = true, .hash = HASH_ZERO } };
	int r;

	/* A torn end, or bytes that an append could not take back, must not be read as an end. */
	r = append_locked(j, NULL, 0, 0, NULL, err);
	if (r == 0)
		r = id_random_hex(t.origin, err);
	if (r == 0)
		r = decide(&t, err);
	if (r == 0)
		r = reorigin_finish(j, err);
	if (r == 0)
		*told = t.n_was;
	if (t.fd >= 0)
		close(t.fd);
	place_release(&t.place);
	buf_release(&t.lines);
	free(t.was);
	return r;
}

int journal_reorigin(struct journal *j, const struct head *common, bool new_clock, int timeout_ms,
	struct reorigin_result *out, struct error *err)
{
	struct reorigin_result result = { .told = 0 };
	int lock, r;

	r = journal_lock(j, timeout_ms, &lock, err);
	if (r < 0)
		return r;
	r = origin_settle(j, err);
	if (r < 0)
		goto out;
	if (strcmp(common->origin, j->origin) == 0)
		r = reorigin(j, common, new_clock, &result.told, err);
	else if (strcmp(common->origin, j->moved.origin) != 0 || j->moved.from != common->seq)
		r = error_refuse(err, "foreign-origin", "the journal does not write to origin %.8s",
			common->origin);
	if (r == 0)
		r = journal_head(j, &result.head, err);
	if (r == 0)
		*out = result;
out:
	close(lock);
	return r;
}
