#include "log/verify.h"

#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "core/fs.h"
#include "log/journal_internal.h"
#include "log/verify_notes.h"
#include "log/verify_redact.h"

#define RETRIES 1000

#define ADVICE_RESTORE                                                                             \
	"the records before it are good; 'minsky journal repair' restores or declares the rest"
#define ADVICE_TORN "nothing: readers end before it, and the next append keeps it in torn/"

/* What has been seen of one origin. */
struct chain {
	uint64_t seq; /* highest so far */
	char hash[HASH_HEX_SIZE]; /* as that record says */
	char computed[HASH_HEX_SIZE]; /* as it should be; the next one may follow either */
	bool unsure; /* lines before this one could not be read */
};

struct verify {
	struct verify_result result;
	verify_fn *found;
	void *arg;
	struct redactions redactions;
	struct notes notes;
	struct scan scan;
	struct buf path; /* of the file that is being looked at */

	const struct place *own;
	const struct place *place;
	bool peers;
	struct segment segment;
	bool newest; /* of its origin */
	int fd;
	struct line line;
	uint64_t number; /* of that line, from 1 */
	struct hint hint; /* known: it is about this origin */
	struct chain chain;
};

static void report(struct verify *v, uint64_t line, uint64_t offset, bool damage, const char *what,
	const char *advice)
{
	struct verify_finding finding = { .file = v->path.data,
		.line = line,
		.offset = offset,
		.damage = damage,
		.what = what,
		.advice = advice };

	v->result.damaged += damage;
	if (v->found)
		v->found(v->arg, &finding);
}

static void report_line(struct verify *v, const char *what)
{
	report(v, v->number, v->line.offset, true, what, ADVICE_RESTORE);
}

static void report_missing(struct verify *v, uint64_t from, uint64_t to, const char *where)
{
	char what[128];

	(void)snprintf(what, sizeof(what), "records %" PRIu64 " to %" PRIu64 " are missing %s",
		from, to, where);
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
		report_line(v, "record stands behind one with a higher or the same seq");
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
		report_line(v, "hash does not fit the record and the one before it");
	else if (v->hint.known && rec->seq == v->hint.seq && strcmp(rec->hash, v->hint.hash) != 0)
		report_line(v, "record is not the one that was remembered: the file was replaced");
	if (v->number == 1 && rec->seq != v->segment.first && v->result.damaged == before)
		report_line(v, "seq does not fit the name of the file");
	memcpy(c->hash, rec->hash, sizeof(c->hash));
	memcpy(c->computed, expected, sizeof(c->computed));
	c->seq = rec->seq;
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
		return "line does not end";
	case LINE_LONG:
		return "line is longer than any record";
	case LINE_END:
	case LINE_WHOLE:
		break;
	}
	what = record_parse(rec, v->line.text, v->line.len);
	if (!what && strcmp(rec->origin, v->segment.origin) != 0)
		what = "record is of another origin";
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
		report(v, v->number, v->line.offset, false, "append was cut off half-way",
			ADVICE_TORN);
		*done_out = true;
		return 0;
	}
	/* One finding for a run of them. */
	if (!v->chain.unsure)
		report_line(v, what);
	v->chain.unsure = true;
	return 0;
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

static int check_segment(struct verify *v, struct error *err)
{
	int r;

	fs_join(&v->path, v->place->path, v->segment.name);
	r = buf_check(&v->path, err);
	if (r == 0)
		r = place_open_file(&v->fd, v->place, v->segment.name, O_RDONLY, err);
	if (r < 0)
		return r;
	r = check_lines(v, err);
	close(v->fd);
	v->result.segments++;
	v->result.bytes += v->scan.offset;
	if (r == 0 && v->number == 0)
		report(v, 0, 0, true, "file is empty", ADVICE_RESTORE);
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
		report(v, 0, 0, true, "the newest segment is missing", ADVICE_RESTORE);
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

static int check_blanks(
	struct verify *v, const struct place *own, const struct place *peers, struct error *err)
{
	redactions_sort(&v->redactions);
	for (size_t i = 0; i < v->redactions.n_blanks; i++) {
		const struct blank *b = &v->redactions.blanks[i];
		int r;

		if (redactions_cover(&v->redactions, b))
			continue;
		fs_join(&v->path, b->peers ? peers->path : own->path, b->segment);
		r = buf_check(&v->path, err);
		if (r < 0)
			return r;
		report(v, b->line, b->offset, true,
			"body is blank, and no later event.redacted says why", ADVICE_RESTORE);
	}
	return 0;
}

/* The head of a parent is forgotten with its last append; its child remembers. */
static int check_parents(
	struct verify *v, const struct place *own, const struct place *peers, struct error *err)
{
	for (size_t i = 0; i < v->notes.n_claims; i++) {
		const struct claim *c = &v->notes.claims[i];
		char what[128];
		int r;

		if (notes_holds(&v->notes, c))
			continue;
		fs_join(&v->path, c->peers ? peers->path : own->path, c->segment);
		r = buf_check(&v->path, err);
		if (r < 0)
			return r;
		(void)snprintf(what, sizeof(what),
			"continues record %" PRIu64 " of origin %.8s, which is not here", c->seq,
			c->origin);
		report(v, c->line, c->offset, true, what, ADVICE_RESTORE);
	}
	return 0;
}

static int check_seams(struct verify *v, struct error *err)
{
	for (size_t i = 0; i < v->notes.used.n; i++) {
		const struct seam *s = &v->notes.used.v[i];
		char what[128];
		int r;

		if (seams_has(&v->notes.declared, s))
			continue;
		fs_join(&v->path, v->own->path, "seams");
		r = buf_check(&v->path, err);
		if (r < 0)
			return r;
		(void)snprintf(what, sizeof(what),
			"joins records %" PRIu64 " and %" PRIu64
			" of origin %.8s, and no journal.repaired says why",
			s->last, s->next, s->origin);
		report(v, 0, 0, true, what, ADVICE_RESTORE);
	}
	return 0;
}

static int check_machine(struct verify *v, const struct journal *j, struct error *err)
{
	char machine[ID_HEX_SIZE];
	int r;

	origin_machine(machine);
	if (!machine[0] || !j->machine[0] || strcmp(machine, j->machine) == 0)
		return 0;
	fs_join(&v->path, j->own.path, "origin");
	r = buf_check(&v->path, err);
	if (r == 0)
		report(v, 0, 0, false, "was written on another machine",
			"nothing, if the disk has moved or this is a container; never let two "
			"machines write here");
	return r;
}

static int check_suspect(struct verify *v, const struct place *p, struct error *err)
{
	struct hint mark;
	bool there;
	int r = suspect_read(&mark, &there, p, err);

	if (r < 0 || !there)
		return r;
	fs_join(&v->path, p->path, "suspect");
	r = buf_check(&v->path, err);
	if (r == 0)
		report(v, 0, 0, false, "an append failed and could not be undone",
			"check the disk; the next append cuts off what it left behind");
	return r;
}

int journal_verify(struct journal *j, struct verify_result *out, verify_fn *found, void *arg,
	struct error *err)
{
	struct verify v = { .found = found, .arg = arg, .own = &j->own, .path = BUF_INIT };
	struct place peers = { .path = NULL };
	bool there = false;
	int r;

	r = scan_init(&v.scan, err);
	if (r == 0)
		r = check_place(&v, &j->own, false, err);
	if (r == 0)
		r = place_open_peers(&peers, j, &there, err);
	if (r == 0 && there)
		r = check_place(&v, &peers, true, err);
	if (r == 0)
		r = check_blanks(&v, &j->own, &peers, err);
	if (r == 0)
		r = check_parents(&v, &j->own, &peers, err);
	if (r == 0)
		r = check_seams(&v, err);
	if (r == 0)
		r = check_machine(&v, j, err);
	if (r == 0)
		r = check_suspect(&v, &j->own, err);
	if (r == 0)
		*out = v.result;
	scan_release(&v.scan);
	place_release(&peers);
	redactions_release(&v.redactions);
	notes_release(&v.notes);
	buf_release(&v.path);
	return r;
}
