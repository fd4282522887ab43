#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "core/fs.h"
#include "log/verify_internal.h"

#define RETRIES 1000
#define PROGRESS_LINES 1024

void verify_report(struct verify *v, uint64_t line, uint64_t offset, bool damage, const char *what,
	const char *advice)
{
	struct verify_finding finding = { .file = v->path.data,
		.line = line,
		.offset = offset,
		.damage = damage,
		.what = what,
		.advice = advice };

	v->result.damaged += damage;
	if (v->options->found)
		v->options->found(v->options->arg, &finding);
}

static void report_line(struct verify *v, const char *what)
{
	verify_report(v, v->number, v->line.offset, true, what, ADVICE_RESTORE);
}

static void report_missing(struct verify *v, uint64_t from, uint64_t to, const char *where)
{
	char what[128];

	if (from == to)
		(void)snprintf(what, sizeof(what), "record %" PRIu64 " is missing %s", from, where);
	else
		(void)snprintf(what, sizeof(what),
			"records %" PRIu64 " to %" PRIu64 " are missing %s", from, to, where);
	report_line(v, what);
}

static int note_blank(struct verify *v, const struct record *rec, struct error *err)
{
	struct blank blank = { .key = { .hlc = rec->hlc, .seq = rec->seq },
		.peers = v->peers,
		.line = v->number,
		.offset = v->line.offset };

	memcpy(blank.key.origin, rec->origin, sizeof(blank.key.origin));
	memcpy(blank.segment, v->segment.name, sizeof(blank.segment));
	v->result.redacted++;
	return redactions_add_blank(&v->redactions, &blank, err);
}

static int note_parent(struct verify *v, const struct record *rec, struct error *err)
{
	struct claim claim = { .peers = v->peers, .line = v->number, .offset = v->line.offset };

	if (rec->seq != 1 || !notes_parent(&claim, rec))
		return 0;
	memcpy(claim.segment, v->segment.name, sizeof(claim.segment));
	return notes_add_claim(&v->notes, &claim, err);
}

/*
 * Does it follow what the record before says, or what that one should have said? *expected is
 * what its own hash should be.
 */
static bool follows(const struct chain *c, const struct record *rec, const char *first_hash,
	char expected[HASH_HEX_SIZE])
{
	char other[HASH_HEX_SIZE];

	record_hash(expected, first_hash ? first_hash : c->hash, rec->origin, rec->seq, rec->hlc,
		rec->bodyhash);
	if (strcmp(expected, rec->hash) == 0)
		return true;
	if (first_hash || strcmp(c->hash, c->computed) == 0)
		return false;
	record_hash(other, c->computed, rec->origin, rec->seq, rec->hlc, rec->bodyhash);
	return strcmp(other, rec->hash) == 0;
}

/* Is it one that repair has joined to the record before it? */
static int check_seam(struct verify *v, const struct record *rec, bool *out, struct error *err)
{
	const struct chain *c = &v->chain;
	struct seam seam = { .last = c->seq, .next = rec->seq };
	int r = 0;

	if (!tail_check_next(rec, rec->origin, c->seq, c->hash))
		return 0;
	r = seam_allows(out, v->own, c->seq, c->hash, rec, err);
	if (r < 0 || !*out)
		return r;
	memcpy(seam.origin, rec->origin, sizeof(seam.origin));
	memcpy(seam.last_hash, c->hash, sizeof(seam.last_hash));
	memcpy(seam.next_hash, rec->hash, sizeof(seam.next_hash));
	return seams_add(&v->notes.used, &seam, err);
}

/* A line that is a record of this origin: is it the one that has to stand here? */
static int check_record(struct verify *v, const struct record *rec, struct error *err)
{
	struct chain *c = &v->chain;
	char broken[HASH_HEX_SIZE], expected[HASH_HEX_SIZE];
	bool is_break = v->number == 1 && tail_break_hash(rec, broken);
	bool known = !c->unsure, fits, sewn = false;
	uint64_t before = v->result.damaged;
	struct seam seam;
	int r = 0;

	if (rec->seq <= c->seq) {
		report_line(v, "record follows one with a higher or the same seq");
		return 0;
	}
	if (known && v->number == 1)
		r = check_seam(v, rec, &sewn, err);
	if (r < 0)
		return r;
	known = known && !sewn;
	if (known && rec->seq != c->seq + 1) {
		report_missing(v, c->seq + 1, rec->seq - 1, "before this one");
		known = false;
	}
	fits = follows(c, rec, is_break ? broken : NULL, expected);
	if ((is_break || known) && !fits)
		report_line(v, "hash does not match the record and the one before it");
	else if (v->hint.known && rec->seq == v->hint.seq && strcmp(rec->hash, v->hint.hash) != 0)
		report_line(v, "record differs from the remembered one: the file was replaced");
	if (v->number == 1 && rec->seq != v->segment.first && v->result.damaged == before)
		report_line(v, "seq does not match the name of the file");
	memcpy(c->hash, rec->hash, sizeof(c->hash));
	memcpy(c->computed, expected, sizeof(c->computed));
	if (rec->hlc <= c->hlc)
		verify_report(v, v->number, v->line.offset, false,
			"clock does not increase from the record before",
			"nothing to do: a faulty program wrote it, and its seq still says where it "
			"belongs");
	c->seq = rec->seq;
	c->hlc = rec->hlc;
	c->unsure = false;
	v->result.records++;
	if (!rec->body)
		return note_blank(v, rec, err);
	if (seam_of_record(&seam, rec))
		r = seams_add(&v->notes.declared, &seam, err);
	if (r == 0)
		r = note_parent(v, rec, err);
	return r < 0 ? r : redactions_add_record(&v->redactions, rec, err);
}

static const char *parse_line(const struct verify *v, struct record *rec)
{
	const char *what;

	switch (v->line.kind) {
	case LINE_PARTIAL:
		return "line is not terminated";
	case LINE_LONG:
		return "line is longer than any record";
	case LINE_END:
	case LINE_WHOLE:
		break;
	}
	what = record_parse(rec, v->line.text, v->line.len);
	if (!what && strcmp(rec->origin, v->segment.origin) != 0)
		what = "record belongs to another origin";
	return what;
}

/* A line is read too early if its writer has not completed it yet. */
static int completed_since(struct verify *v, bool *out, struct error *err)
{
	struct record rec;
	int r;

	scan_seek(&v->scan, v->fd, v->segment.name, v->line.offset);
	r = scan_next(&v->scan, &v->line, err);
	*out = r == 0 && v->line.kind != LINE_END && !parse_line(v, &rec);
	return r;
}

/*
 * A line that is none, with only such behind it as far as we know. At the end of the newest
 * segment it may be a torn append (*done_out), or one that is under way (*again_out).
 */
static int check_bad(
	struct verify *v, const char *what, bool *done_out, bool *again_out, struct error *err)
{
	enum tail_state state = TAIL_DAMAGED;
	struct region region;
	uint64_t size;
	int r = 0;

	*done_out = *again_out = false;
	if (v->newest && v->number > 1 && !v->chain.unsure) {
		r = file_size(v->fd, v->segment.name, &size, err);
		if (r == 0 && size <= v->line.offset)
			state = TAIL_CHANGING;
		else if (r == 0)
			r = region_classify(&state, &region, v->fd, v->segment.name,
				v->segment.origin, v->line.offset, size, err);
	}
	if (r == 0 && state == TAIL_DAMAGED && v->newest)
		r = completed_since(v, again_out, err);
	if (r < 0)
		return r;
	if (state == TAIL_CHANGING || *again_out) {
		*again_out = true;
		return 0;
	}
	if (state == TAIL_TORN && !(v->hint.known && v->hint.seq > v->chain.seq)) {
		v->result.torn++;
		verify_report(
			v, v->number, v->line.offset, false, "append was interrupted", ADVICE_TORN);
		*done_out = true;
		return 0;
	}
	/* One finding for a run of them. */
	if (!v->chain.unsure)
		report_line(v, what);
	v->chain.unsure = true;
	return 0;
}

static void tell_progress(const struct verify *v, uint64_t here)
{
	if (v->options->progress)
		v->options->progress(v->options->arg, v->result.bytes + here, v->total);
}

static int check_lines(struct verify *v, struct error *err)
{
	int tries = 0;

	v->number = 0;
	scan_seek(&v->scan, v->fd, v->segment.name, 0);
	for (;;) {
		bool done = false, again = false;
		struct record rec;
		const char *what;
		int r = scan_next(&v->scan, &v->line, err);

		if (r < 0 || v->line.kind == LINE_END)
			return r;
		v->number++;
		if (v->number % PROGRESS_LINES == 0)
			tell_progress(v, v->line.next);
		what = parse_line(v, &rec);
		if (what)
			r = check_bad(v, what, &done, &again, err);
		else
			r = check_record(v, &rec, err);
		if (r < 0 || done)
			return r;
		if (again) {
			if (++tries > RETRIES)
				return error_set(err, ERR_BUSY,
					"'%s' changes faster than it can be read", v->path.data);
			v->number--;
			scan_seek(&v->scan, v->fd, v->segment.name, v->line.offset);
		}
	}
}

/* Reads the segment that is open as v->fd, unless an earlier run has. */
static int check_open(struct verify *v, struct error *err)
{
	struct verify_marks before = verify_state_marks(v);
	struct stat st, after;
	bool known;
	int r;

	if (fstat(v->fd, &st) < 0)
		return error_errno(err, "cannot access '%s'", v->path.data);
	r = verify_state_adopt(v, &st, &known, err);
	if (r < 0)
		return r;
	if (known) {
		v->result.bytes += (uint64_t)st.st_size;
		return 0;
	}
	r = check_lines(v, err);
	v->result.bytes += v->scan.offset;
	if (r == 0 && v->number == 0)
		verify_report(v, 0, 0, true, "file is empty", ADVICE_RESTORE);
	/* The newest one will grow. */
	if (r == 0 && !v->newest && fstat(v->fd, &after) == 0 &&
		after.st_ctim.tv_sec == st.st_ctim.tv_sec &&
		after.st_ctim.tv_nsec == st.st_ctim.tv_nsec)
		verify_state_keep(v, &st, &before);
	return r;
}

static int check_segment(struct verify *v, struct error *err)
{
	int r;

	fs_join(&v->path, v->place->path, v->segment.name);
	r = buf_check(&v->path, err);
	if (r == 0)
		r = place_open_file(&v->fd, v->place, v->segment.name, O_RDONLY, err);
	if (r < 0)
		return r;
	r = check_open(v, err);
	close(v->fd);
	v->result.segments++;
	tell_progress(v, 0);
	return r;
}

/* Behind the last segment of the origin that `head` is about. */
static int check_remembered(struct verify *v, struct error *err)
{
	int r;

	if (!v->hint.known || v->hint.seq <= v->chain.seq || v->chain.unsure)
		return 0;
	fs_join(&v->path, v->place->path, v->hint.segment);
	r = buf_check(&v->path, err);
	if (r < 0)
		return r;
	if (strcmp(v->hint.segment, v->segment.name) != 0) {
		verify_report(v, 0, 0, true, "the newest segment is missing", ADVICE_RESTORE);
		return 0;
	}
	v->number++;
	v->line.offset = v->line.next;
	report_missing(v, v->chain.seq + 1, v->hint.seq, "at the end");
	return 0;
}

static void begin_origin(struct verify *v, const struct hint *hint, const char *origin)
{
	v->chain = (struct chain){ .hash = HASH_ZERO, .computed = HASH_ZERO };
	v->hint = (struct hint){ .known = false };
	if (!v->peers && hint->known && strncmp(hint->segment, origin, ID_HEX_SIZE - 1) == 0)
		v->hint = *hint;
}

static int check_place(struct verify *v, const struct place *p, bool peers, struct error *err)
{
	struct hint hint = { .known = false };
	struct segments list = { .v = NULL };
	bool seen = false;
	int r = 0;

	v->place = p;
	v->peers = peers;
	v->segment = (struct segment){ .first = 0 };
	/* Before the files, so that what it claims is in them. */
	if (!peers)
		r = hint_read(&hint, p, err);
	if (r == 0)
		r = segments_list(&list, p, NULL, err);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		const struct segment *s = &list.v[i];
		bool first = i == 0 || strcmp(list.v[i - 1].origin, s->origin) != 0;

		if (first) {
			begin_origin(v, &hint, s->origin);
			v->result.origins++;
			seen = seen || v->hint.known;
		}
		v->segment = *s;
		v->newest = i + 1 == list.n || strcmp(list.v[i + 1].origin, s->origin) != 0;
		r = check_segment(v, err);
		if (r == 0 && v->newest)
			r = check_remembered(v, err);
		if (r == 0 && v->newest)
			r = notes_add_end(&v->notes, s->origin, v->chain.seq, v->chain.hash, err);
	}
	if (r == 0 && hint.known && !seen) {
		begin_origin(v, &hint, hint.segment);
		v->segment = (struct segment){ .first = 0 };
		r = check_remembered(v, err);
	}
	segments_release(&list);
	return r;
}

static uint64_t size_of(const struct place *p)
{
	struct segments list = { .v = NULL };
	struct error ignored = ERROR_INIT;
	uint64_t total = 0;
	struct stat st;

	if (segments_list(&list, p, NULL, &ignored) < 0)
		return 0;
	for (size_t i = 0; i < list.n; i++)
		if (fstatat(p->fd, list.v[i].name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			total += (uint64_t)st.st_size;
	segments_release(&list);
	return total;
}

int journal_verify(struct journal *j, const struct verify_options *options,
	struct verify_result *out, struct error *err)
{
	struct verify v = {
		.options = options, .state = { .fd = -1 }, .own = &j->own, .path = BUF_INIT
	};
	struct place peers = { .path = NULL };
	bool there = false;
	int r;

	r = scan_init(&v.scan, err);
	if (r == 0)
		r = place_open_peers(&peers, j, &there, err);
	if (r < 0)
		goto out;
	if (options->progress)
		v.total = size_of(&j->own) + (there ? size_of(&peers) : 0);
	if (options->keep)
		verify_state_open(&v);
	r = check_place(&v, &j->own, false, err);
	if (r == 0 && there)
		r = check_place(&v, &peers, true, err);
	if (r == 0)
		r = verify_claims(&v, j, &peers, err);
	if (r == 0)
		*out = v.result;
out:
	verify_state_close(&v);
	scan_release(&v.scan);
	place_release(&peers);
	redactions_release(&v.redactions);
	notes_release(&v.notes);
	buf_release(&v.path);
	return r;
}
