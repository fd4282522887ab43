/*
 * The order of a repair, under the journal's lock:
 *
 *	1. what an append does first: another origin in a copy, a torn end set aside, and behind a
 *	   damaged end, or one that is older than what a backend remembers, a journal.break;
 *	2. for every origin that does not read to its end: choose its records, keep all other
 *	   bytes in torn/, synced, and then write the segments that have to differ;
 *	3. append a journal.repaired for every seam and every file in torn/ that has none;
 *	4. replace `seams`, from which moment readers pass.
 *
 * Each step starts from what is on disk, so that it does not matter where the last one was killed.
 */
#include "log/repair.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/array.h"
#include "core/fs.h"
#include "log/repair_internal.h"

struct repair {
	struct journal *j;
	const struct repair_options *options;
	repair_fn *tell;
	void *arg;
	struct repair_result result;
	struct place *places; /* the journal's own first; then peers/, then those of `from` */
	size_t n_places;
	size_t n_here; /* so many of them are the journal's */
	struct seams seams; /* of the file, and what replaces it */
	struct seams ends; /* losses at an end, of which readers need not know */
	struct seams declared;
};

static int add_place(struct repair *r, const char *path, struct error *err)
{
	struct place p = { .fd = -1 };
	int e;

	if (!ARRAY_GROW_SHORT(r->places, r->n_places))
		return error_nomem(err);
	p.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p.fd < 0)
		return errno == ENOENT
			? error_set(err, ERR_NOTFOUND, "there is no directory '%s'", path)
			: error_errno(err, "cannot open '%s'", path);
	p.path = strdup(path);
	if (!p.path) {
		e = error_nomem(err);
		close(p.fd);
		return e;
	}
	r->places[r->n_places++] = p;
	return 0;
}

/* A journal, or a copy of one, with the peers/ in it. */
static int add_copy(struct repair *r, const char *dir, struct error *err)
{
	struct buf peers = BUF_INIT;
	int e = add_place(r, dir, err);

	fs_join(&peers, dir, "peers");
	if (e == 0 && peers.failed)
		e = error_nomem(err);
	if (e == 0 && fs_is_dir(peers.data))
		e = add_place(r, peers.data, err);
	buf_release(&peers);
	return e;
}

static void tell_step(struct repair *r, const struct repair_step *step)
{
	if (r->tell)
		r->tell(r->arg, step);
}

struct keeping {
	struct repair *r;
	const struct origin_repair *o;
};

static int keep(void *arg, const struct source *s, uint64_t from, uint64_t to, struct error *err)
{
	const struct keeping *k = arg;
	struct repair_step step = {
		.kind = REPAIR_SET_ASIDE, .origin = k->o->origin, .offset = from, .bytes = to - from
	};
	struct buf kept = BUF_INIT, path = BUF_INIT;
	int e = 0;

	fs_join(&path, s->place->path, s->segment.name);
	if (!k->r->options->dry_run)
		e = torn_tail_keep(k->r->j, s->fd, s->segment.name, from, to, &kept, err);
	if (e == 0)
		e = buf_check(&path, err);
	if (e == 0) {
		step.file = path.data;
		step.kept = kept.data;
		tell_step(k->r, &step);
		k->r->result.set_aside++;
	}
	buf_release(&kept);
	buf_release(&path);
	return e;
}

static void tell_restored(struct repair *r, const struct origin_repair *o)
{
	struct repair_step step = { .kind = REPAIR_RESTORED, .origin = o->origin };

	for (size_t i = 0; i <= o->n_chosen; i++) {
		const struct candidate *c = i < o->n_chosen ? &o->v[o->chosen[i]] : NULL;
		/* Of the same record in several files, one that is here was chosen. */
		bool restored = c && !o->sources[c->source].here;

		if (step.from && (!restored || c->seq != step.to + 1)) {
			tell_step(r, &step);
			r->result.restored += step.to - step.from + 1;
			step.from = 0;
		}
		if (!restored)
			continue;
		step.from = step.from ? step.from : c->seq;
		step.to = c->seq;
	}
}

static void tell_lost(struct repair *r, const struct origin_repair *o)
{
	struct repair_step step = { .kind = REPAIR_LOST, .origin = o->origin };

	for (size_t i = 0; i < o->seams.n; i++) {
		const struct seam *s = &o->seams.v[i];

		if (s->next == s->last + 1 || seams_has(&r->declared, s))
			continue;
		step.from = s->last + 1;
		step.to = s->next - 1;
		tell_step(r, &step);
		r->result.lost += s->next - s->last - 1;
	}
}

static uint64_t claimed_of(const struct repair *r, const char *origin, struct error *err)
{
	const struct head *known =
		r->options->remembered ? heads_find(r->options->remembered, origin) : NULL;
	const struct journal *j = r->j;
	uint64_t claimed = known ? known->seq : 0;
	struct hint hint;
	struct tail t;

	if (strcmp(origin, j->parent.origin) == 0 && j->parent.seq > claimed)
		claimed = j->parent.seq;
	if (strcmp(origin, j->origin) != 0)
		return claimed;
	/* Else there is a break by now. */
	if (!r->options->dry_run || hint_read(&hint, &j->own, err) < 0 ||
		tail_find(&t, &j->own, origin, &hint, err) < 0)
		return 0;
	return t.claimed_seq > claimed ? t.claimed_seq : claimed;
}

/* Put the seams of an origin in the place of those it had. */
static int exchange_seams(struct repair *r, const struct origin_repair *o, struct error *err)
{
	struct seams seams = { .v = NULL };
	int e = 0;

	for (size_t i = 0; e == 0 && i < r->seams.n; i++)
		if (strcmp(r->seams.v[i].origin, o->origin) != 0)
			e = seams_add(&seams, &r->seams.v[i], err);
	for (size_t i = 0; e == 0 && i < o->seams.n; i++)
		e = seams_add(o->seams.v[i].next_hash[0] ? &seams : &r->ends, &o->seams.v[i], err);
	if (e < 0) {
		seams_release(&seams);
		return e;
	}
	seams_release(&r->seams);
	r->seams = seams;
	return 0;
}

static int repair_origin(struct repair *r, size_t place, const char *origin, struct error *err)
{
	struct origin_repair o = { .j = r->j, .place = &r->places[place] };
	struct keeping k = { r, &o };
	uint64_t before = r->result.set_aside + r->result.restored + r->result.lost;
	bool changed = false;
	int e;

	memcpy(o.origin, origin, sizeof(o.origin));
	o.claimed = claimed_of(r, origin, err);
	e = repair_find(&o, &r->places[place], true, err);
	for (size_t i = 0; e == 0 && i < r->n_places; i++)
		if (i != place)
			e = repair_find(&o, &r->places[i], false, err);
	if (e == 0)
		e = repair_choose(&o, err);
	if (e == 0)
		e = repair_stretches(&o, keep, &k, err);
	if (e == 0)
		e = repair_write(&o, r->options->dry_run, &changed, err);
	if (e == 0) {
		tell_restored(r, &o);
		tell_lost(r, &o);
		e = exchange_seams(r, &o, err);
	}
	if (e == 0 &&
		(changed || r->result.set_aside + r->result.restored + r->result.lost != before)) {
		r->result.origins++;
		r->result.changed = true;
	}
	origin_repair_release(&o);
	return e;
}

/* Does it read to its end, and does that reach as far as anybody remembers? */
static int needs_repair(struct repair *r, const char *origin, bool *out, struct error *err)
{
	struct journal_reader *reader = NULL;
	const struct record *rec = NULL;
	uint64_t last = 0;
	int e;

	*out = false;
	for (size_t i = 0; i < r->seams.n; i++)
		if (strcmp(r->seams.v[i].origin, origin) == 0)
			*out = true;
	if (*out)
		return 0;
	e = journal_reader_open(&reader, r->j, origin, 0, NULL, err);
	while (e == 0) {
		e = journal_reader_next(reader, &rec, err);
		if (e < 0 || !rec)
			break;
		last = rec->seq;
	}
	journal_reader_close(reader);
	if (e == 0)
		*out = claimed_of(r, origin, err) > last;
	if (e == ERR_CORRUPT) {
		error_clear(err);
		*out = true;
		e = 0;
	}
	return e;
}

static int repair_place(struct repair *r, size_t place, struct error *err)
{
	struct segments list = { .v = NULL }, own = { .v = NULL };
	int e = segments_list(&list, &r->places[place], NULL, err);

	for (size_t i = 0; e == 0 && i < list.n; i++) {
		const char *origin = list.v[i].origin;
		bool needed = false;

		if (i && strcmp(list.v[i - 1].origin, origin) == 0)
			continue;
		/* What readers take from the journal itself stands in peers/ as a copy only. */
		e = segments_list(&own, &r->places[0], origin, err);
		if (e < 0)
			break;
		if (place == 0 || !own.n)
			e = needs_repair(r, origin, &needed, err);
		segments_release(&own);
		if (e == 0 && needed)
			e = repair_origin(r, place, origin, err);
	}
	segments_release(&list);
	return e;
}

static int declare(struct repair *r, const struct seams *before, struct error *err)
{
	bool any = false, same = before->n == r->seams.n;
	int e = 0;

	for (size_t i = 0; e == 0 && i < r->seams.n; i++)
		e = seams_add(&r->ends, &r->seams.v[i], err);
	if (e == 0)
		e = repair_declare(r->j, &r->ends, &any, err);

	for (size_t i = 0; i < r->seams.n; i++)
		same = same && seams_has(before, &r->seams.v[i]);
	if (e == 0 && !same)
		e = seams_save(&r->seams, &r->j->own, err);
	r->result.changed = r->result.changed || any || !same;
	return e;
}

static int run(struct repair *r, struct error *err)
{
	const struct head *mine = NULL;
	struct seams before = { .v = NULL };
	int e = 0;

	if (!r->options->dry_run) {
		e = origin_settle(r->j, err);
		if (e == 0 && r->options->remembered)
			mine = heads_find(r->options->remembered, r->j->origin);
		if (e == 0)
			e = append_locked(r->j, NULL, 0, mine ? mine->seq : 0, NULL, err);
	}
	if (e == 0)
		e = add_copy(r, r->j->own.path, err);
	r->n_here = r->n_places;
	for (size_t i = 0; e == 0 && i < r->options->n_from; i++)
		e = add_copy(r, r->options->from[i], err);
	if (e == 0)
		e = repair_declared(&r->declared, r->j, err);
	if (e == 0)
		e = seams_load(&r->seams, &r->j->own, err);
	if (e == 0)
		e = seams_load(&before, &r->j->own, err);
	for (size_t i = 0; e == 0 && i < r->n_here; i++)
		e = repair_place(r, i, err);
	if (e == 0 && !r->options->dry_run)
		e = declare(r, &before, err);
	seams_release(&before);
	return e;
}

int journal_repair(struct journal *j, const struct repair_options *options,
	struct repair_result *out, repair_fn *tell, void *arg, struct error *err)
{
	struct repair r = { .j = j, .options = options, .tell = tell, .arg = arg };
	int lock = -1, e = 0;

	if (!options->dry_run)
		e = journal_lock(j, 30000, &lock, err);
	if (e == 0)
		e = run(&r, err);
	if (e == 0)
		*out = r.result;
	for (size_t i = 0; i < r.n_places; i++)
		place_release(&r.places[i]);
	free(r.places);
	seams_release(&r.seams);
	seams_release(&r.ends);
	seams_release(&r.declared);
	if (lock >= 0)
		close(lock);
	return e;
}
