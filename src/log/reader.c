#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "core/fs.h"
#include "log/journal_internal.h"
#include "log/seam.h"

#define BISECT_STOP 4096
#define RETRIES 1000

struct journal_reader {
	struct journal *j;
	struct place peers; /* path NULL unless that is where this origin's segments are */
	const struct place *place;
	bool own; /* the origin that `head` is about */
	char origin[ID_HEX_SIZE];

	int fd; /* of the current segment; -1 before the first */
	struct segment segment;
	struct buf path; /* of the current segment */
	struct scan scan;
	uint64_t at; /* end of the last good record in it */

	uint64_t seq; /* of the last record */
	char hash[HASH_HEX_SIZE];

	struct record record;
	struct line line;
};

static int corrupt(const struct journal_reader *r, const char *what, struct error *err)
{
	error_set(err, ERR_CORRUPT, "journal '%s', byte %" PRIu64 ": %s",
		r->fd < 0 ? r->place->path : r->path.data, r->at, what);
	return error_hint(err, "for details: minsky journal verify");
}

static int missing(const struct journal_reader *r, uint64_t next, struct error *err)
{
	error_set(err, ERR_CORRUPT,
		"journal '%s', byte %" PRIu64 ": records %" PRIu64 " to %" PRIu64 " are missing",
		r->fd < 0 ? r->place->path : r->path.data, r->at, r->seq + 1, next - 1);
	return error_hint(err, "for details: minsky journal verify");
}

static int seek_in_segment(struct journal_reader *r, uint64_t after, bool newer,
	const char *expect_hash, struct error *err);

static int enter(struct journal_reader *r, const struct segment *s, struct error *err)
{
	int fd, e;

	e = place_open_file(&fd, r->place, s->name, O_RDONLY, err);
	if (e < 0)
		return e;
	fs_join(&r->path, r->place->path, s->name);
	e = buf_check(&r->path, err);
	if (e < 0) {
		close(fd);
		return e;
	}
	if (r->fd >= 0)
		close(r->fd);
	r->fd = fd;
	r->segment = *s;
	r->at = 0;
	scan_seek(&r->scan, fd, r->segment.name, 0);
	return 0;
}

/* The segment behind the current one (the first if there is no current one); *found_out false. */
static int next_segment(
	const struct journal_reader *r, struct segment *out, bool *found_out, struct error *err)
{
	struct segments list = { .v = NULL };
	int e = segments_list(&list, r->place, r->origin, err);

	if (e < 0)
		return e;
	*found_out = false;
	for (size_t i = 0; i < list.n && !*found_out; i++) {
		if (r->fd >= 0 && list.v[i].first <= r->segment.first)
			continue;
		*out = list.v[i];
		*found_out = true;
	}
	segments_release(&list);
	return 0;
}

/* Read one line; *what_out is NULL if it is the next record, which is then in r->record. */
static int read_line(struct journal_reader *r, const char **what_out, struct error *err)
{
	const char *what = NULL;
	int e = scan_next(&r->scan, &r->line, err);

	if (e < 0)
		return e;
	switch (r->line.kind) {
	case LINE_END:
		what = "journal ends";
		break;
	case LINE_PARTIAL:
		what = "line is not terminated";
		break;
	case LINE_LONG:
		what = "line is longer than any record";
		break;
	case LINE_WHOLE:
		what = record_parse(&r->record, r->line.text, r->line.len);
		if (!what)
			what = tail_check_next(&r->record, r->origin, r->seq, r->hash);
		else
			break;
		/* Where repair has left a seam, a segment begins. */
		if (what && !r->at && strcmp(r->record.origin, r->origin) == 0) {
			bool allowed;

			e = seam_allows(&allowed, &r->j->own, r->seq, r->hash, &r->record, err);
			if (e < 0)
				return e;
			what = allowed ? NULL : what;
		}
		break;
	}
	*what_out = what;
	return 0;
}

/* At a whole end, or at something that is no record, with nothing newer behind it. */
static int judge_end(struct journal_reader *r, const struct hint *hint, const char *what,
	bool *retry_out, struct error *err)
{
	bool claimed = hint->known && hint->seq > r->seq &&
		strncmp(hint->segment, r->origin, ID_HEX_SIZE - 1) == 0;
	enum tail_state state;
	struct region region;
	uint64_t size;
	int e;

	*retry_out = false;
	if (r->line.kind == LINE_END && r->fd >= 0 && !r->at)
		return corrupt(r, "file is empty", err);
	if (r->line.kind == LINE_END)
		return claimed ? corrupt(r, "records that were written are missing at the end", err)
			       : 0;
	if (claimed || !r->at)
		return corrupt(r, what, err);
	e = file_size(r->fd, r->segment.name, &size, err);
	if (e < 0)
		return e;
	if (size <= r->at) {
		*retry_out = true;
		return 0;
	}
	e = region_classify(&state, &region, r->fd, r->segment.name, r->origin, r->at, size, err);
	if (e < 0)
		return e;
	if (state == TAIL_DAMAGED) {
		/* Unless its writer has just completed the line that was read too early. */
		scan_seek(&r->scan, r->fd, r->segment.name, r->at);
		e = read_line(r, &what, err);
		scan_seek(&r->scan, r->fd, r->segment.name, r->at);
		if (e < 0 || what)
			return e < 0 ? e : corrupt(r, what, err);
	}
	*retry_out = state != TAIL_TORN;
	return 0;
}

/*
 * The segment may have been replaced, by one in which a body is blank or that was repaired. Go on
 * in the new one, behind the record that was read last.
 */
static int follow_replaced(struct journal_reader *r, bool *replaced_out, struct error *err)
{
	struct segment segment = r->segment;
	struct stat held, seen;
	int e;

	*replaced_out = false;
	if (fstat(r->fd, &held) < 0)
		return error_errno(err, "cannot access '%s'", r->path.data);
	if (fstatat(r->place->fd, segment.name, &seen, AT_SYMLINK_NOFOLLOW) < 0 ||
		(held.st_dev == seen.st_dev && held.st_ino == seen.st_ino))
		return 0;
	e = enter(r, &segment, err);
	if (e == 0 && r->seq >= segment.first)
		e = seek_in_segment(r, r->seq, false, r->hash, err);
	if (e < 0)
		return e;
	scan_seek(&r->scan, r->fd, r->segment.name, r->at);
	*replaced_out = true;
	return 0;
}

/*
 * No record could be read at r->at. What `head` claims and which segments there are is asked
 * first, and the file read again after that: what they promise is then on disk, so that a writer
 * at work is never mistaken for damage.
 */
static int refresh(struct journal_reader *r, bool *end_out, struct error *err)
{
	struct hint hint = { .known = false };
	const char *what = "journal ends";
	struct segment next;
	bool more, retry = false;
	int e = 0;

	*end_out = false;
	if (r->fd >= 0) {
		bool replaced;

		e = follow_replaced(r, &replaced, err);
		if (e < 0 || replaced)
			return e;
	}
	if (r->own)
		e = hint_read(&hint, &r->j->own, err);
	if (e == 0)
		e = next_segment(r, &next, &more, err);
	if (e < 0)
		return e;
	r->line.kind = LINE_END;
	if (r->fd >= 0) {
		scan_seek(&r->scan, r->fd, r->segment.name, r->at);
		e = read_line(r, &what, err);
		scan_seek(&r->scan, r->fd, r->segment.name, r->at);
		if (e < 0 || !what)
			return e;
	}
	if (more && r->line.kind == LINE_END) {
		bool leads = next.first == r->seq + 1;

		if (!leads)
			e = seam_leads(
				&leads, &r->j->own, r->origin, r->seq, r->hash, next.first, err);
		if (e == 0 && !leads)
			e = missing(r, next.first, err);
		return e < 0 ? e : enter(r, &next, err);
	}
	if (more)
		return corrupt(r, what, err);
	e = judge_end(r, &hint, what, &retry, err);
	*end_out = e == 0 && !retry;
	return e;
}

int journal_reader_next(
	struct journal_reader *r, const struct record **record_out, struct error *err)
{
	for (int i = 0; i < RETRIES; i++) {
		const char *what = "journal ends";
		bool end;
		int e = 0;

		if (r->fd >= 0)
			e = read_line(r, &what, err);
		if (e < 0)
			return e;
		if (!what) {
			r->at = r->line.next;
			r->seq = r->record.seq;
			memcpy(r->hash, r->record.hash, sizeof(r->hash));
			*record_out = &r->record;
			return 0;
		}
		e = refresh(r, &end, err);
		if (e < 0)
			return e;
		if (end) {
			*record_out = NULL;
			return 0;
		}
	}
	return error_set(err, ERR_BUSY, "'%s' changes faster than it can be read", r->place->path);
}

/* The first good record that begins behind `from` and before `to`; *found_out false if none. */
static int record_behind(struct journal_reader *r, uint64_t from, uint64_t to, struct record *rec,
	uint64_t *at_out, bool *found_out, struct error *err)
{
	struct line line;
	int e;

	*found_out = false;
	scan_seek(&r->scan, r->fd, r->segment.name, from);
	e = scan_next(&r->scan, &line, err); /* the end of a line, most likely */
	while (e == 0 && line.kind != LINE_END) {
		e = scan_next(&r->scan, &line, err);
		if (e < 0 || line.offset >= to)
			break;
		if (line.kind == LINE_WHOLE && !record_parse(rec, line.text, line.len) &&
			strcmp(rec->origin, r->origin) == 0) {
			*at_out = line.offset;
			*found_out = true;
			break;
		}
	}
	return e;
}

/* Narrow [0, size) down to a place before the record `after`, close to it. */
static int bisect(struct journal_reader *r, uint64_t after, uint64_t *at_out, struct error *err)
{
	uint64_t lo = 0, hi, at;
	int e = file_size(r->fd, r->segment.name, &hi, err);

	while (e == 0 && hi - lo > BISECT_STOP) {
		uint64_t mid = lo + (hi - lo) / 2;
		struct record rec;
		bool found;

		e = record_behind(r, mid, hi, &rec, &at, &found, err);
		if (e == 0 && found && rec.seq <= after)
			lo = at;
		else
			hi = mid;
	}
	*at_out = lo;
	return e;
}

static int not_there(struct journal_reader *r, uint64_t after, bool beyond, struct error *err)
{
	struct hint hint = { .known = false };
	int e = r->own ? hint_read(&hint, &r->j->own, err) : 0;

	if (e < 0)
		return e;
	if (beyond || (hint.known && hint.seq >= after)) {
		error_set(err, ERR_CORRUPT,
			"journal '%s': record %" PRIu64 " is missing or damaged",
			r->fd < 0 ? r->place->path : r->path.data, after);
		return error_hint(err, "for details: minsky journal verify");
	}
	return error_set(
		err, ERR_NOTFOUND, "journal '%s' has no record %" PRIu64, r->place->path, after);
}

/* In the current segment: stand behind the record `after`. */
static int seek_in_segment(struct journal_reader *r, uint64_t after, bool newer,
	const char *expect_hash, struct error *err)
{
	bool beyond = newer;
	uint64_t at;
	int e = bisect(r, after, &at, err);

	if (e < 0)
		return e;
	scan_seek(&r->scan, r->fd, r->segment.name, at);
	for (;;) {
		struct record rec;
		struct line line;

		e = scan_next(&r->scan, &line, err);
		if (e < 0)
			return e;
		if (line.kind == LINE_END || line.kind == LINE_PARTIAL)
			return not_there(r, after, beyond, err);
		if (line.kind == LINE_LONG || record_parse(&rec, line.text, line.len) ||
			strcmp(rec.origin, r->origin) != 0)
			continue;
		if (rec.seq > after)
			beyond = true;
		if (rec.seq != after)
			continue;
		r->at = line.offset;
		if (expect_hash && strcmp(rec.hash, expect_hash) != 0)
			return corrupt(r, "record differs from the remembered one", err);
		r->at = line.next;
		r->seq = rec.seq;
		memcpy(r->hash, rec.hash, sizeof(r->hash));
		return 0;
	}
}

static int seek_record(
	struct journal_reader *r, uint64_t after, const char *expect_hash, struct error *err)
{
	struct segments list = { .v = NULL };
	size_t i;
	int e;

	memcpy(r->hash, HASH_ZERO, sizeof(r->hash));
	if (!after) {
		if (r->fd >= 0)
			close(r->fd);
		r->fd = -1;
		return 0;
	}
	e = segments_list(&list, r->place, r->origin, err);
	if (e < 0)
		return e;
	for (i = list.n; i > 0 && list.v[i - 1].first > after; i--)
		;
	if (i == 0) {
		e = not_there(r, after, list.n > 0, err);
	} else {
		e = enter(r, &list.v[i - 1], err);
		if (e == 0)
			e = seek_in_segment(r, after, i < list.n, expect_hash, err);
	}
	segments_release(&list);
	return e;
}

/* A record that repair has declared lost: what is behind it is behind the seam. */
static int seek(
	struct journal_reader *r, uint64_t after, const char *expect_hash, struct error *err)
{
	int e = seek_record(r, after, expect_hash, err);
	struct error ignored = ERROR_INIT;
	uint64_t before;
	bool lost;

	if (expect_hash || (e != ERR_NOTFOUND && e != ERR_CORRUPT) ||
		seam_covers(&lost, &before, &r->j->own, r->origin, after, &ignored) < 0 || !lost)
		return e;
	error_clear(err);
	return seek_record(r, before, NULL, err);
}

/* Own and forked-off origins stand in the journal itself, all others in peers/. */
static int choose_place(struct journal_reader *r, struct error *err)
{
	struct segments list = { .v = NULL };
	bool there = false, here;
	int e;

	r->place = &r->j->own;
	r->own = strcmp(r->origin, r->j->origin) == 0;
	if (r->own)
		return 0;
	e = segments_list(&list, r->place, r->origin, err);
	if (e < 0)
		return e;
	here = list.n > 0;
	segments_release(&list);
	if (here)
		return 0;
	e = place_open_peers(&r->peers, r->j, &there, err);
	if (e == 0 && there)
		r->place = &r->peers;
	return e;
}

int journal_reader_open(struct journal_reader **out, struct journal *j, const char *origin,
	uint64_t after, const char *expect_hash, struct error *err)
{
	struct journal_reader *r;
	int e;

	if (origin && !id_is_hex(origin, ID_HEX_SIZE - 1))
		return error_set(err, ERR_USAGE, "'%s' is not the id of an origin", origin);
	r = calloc(1, sizeof(*r));
	if (!r)
		return error_nomem(err);
	r->j = j;
	r->fd = -1;
	r->path = (struct buf)BUF_INIT;
	memcpy(r->origin, origin ? origin : j->origin, sizeof(r->origin));
	e = scan_init(&r->scan, err);
	if (e == 0)
		e = choose_place(r, err);
	if (e == 0)
		e = seek(r, after, expect_hash, err);
	if (e == 0) {
		if (r->fd >= 0)
			scan_seek(&r->scan, r->fd, r->segment.name, r->at);
		*out = r;
		r = NULL;
	}
	journal_reader_close(r);
	return e;
}

void journal_reader_head(const struct journal_reader *r, struct head *out)
{
	memcpy(out->origin, r->origin, sizeof(out->origin));
	out->seq = r->seq;
	memcpy(out->hash, r->hash, sizeof(out->hash));
}

const char *journal_reader_file(const struct journal_reader *r)
{
	return r->path.data;
}

uint64_t journal_reader_offset(const struct journal_reader *r)
{
	return r->line.offset;
}

const char *journal_reader_line(const struct journal_reader *r, size_t *len_out)
{
	*len_out = r->line.len;
	return r->line.text;
}

void journal_reader_close(struct journal_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	scan_release(&r->scan);
	place_release(&r->peers);
	buf_release(&r->path);
	free(r);
}
