#include "core/array.h"
#include "log/repair_internal.h"

static int compare(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static bool follows(const struct origin_repair *o, const char *hash, const struct candidate *c)
{
	char expected[HASH_HEX_SIZE];

	record_hash(expected, hash, o->origin, c->seq, c->hlc, c->bodyhash);
	return strcmp(expected, c->hash) == 0;
}

static int by_seq(const void *key, const void *element)
{
	uint64_t a = *(const uint64_t *)key, b = ((const struct candidate *)element)->seq;

	return (a > b) - (a < b);
}

/* The first of those with at least this seq. */
static size_t lower(const struct origin_repair *o, uint64_t seq)
{
	size_t at;

	(void)ARRAY_FIND(&seq, o->v, o->n, by_seq, &at);
	return at;
}

static void link_neighbours(struct origin_repair *o)
{
	for (size_t i = 0; i < o->n; i++) {
		struct candidate *c = &o->v[i];

		c->linked = c->linked || c->breaks;
		for (size_t k = lower(o, c->seq + 1); k < o->n && o->v[k].seq == c->seq + 1; k++)
			if (follows(o, c->hash, &o->v[k]))
				c->linked = o->v[k].linked = true;
	}
}

/*
 * Behind a gap the hash before a record is not known. It belongs here if a neighbour vouches for
 * it, or, if it has none, if seq and clock both lie where they should: a bit that flipped in
 * either makes a number that would put others aside.
 */
static bool belongs(const struct origin_repair *o, size_t i, uint64_t last, uint64_t hlc)
{
	const struct candidate *c = &o->v[i];

	/* With its predecessor at hand, only a break may go on from somewhere else. */
	if (c->seq == last + 1 && !c->breaks)
		return false;
	if (c->linked)
		return true;
	if (c->hlc <= hlc)
		return false;
	for (size_t k = i + 1; k < o->n; k++)
		if (o->v[k].linked && (o->v[k].seq == c->seq || o->v[k].hlc <= c->hlc))
			return false;
	return true;
}

static int take(struct origin_repair *o, size_t i, struct error *err)
{
	struct candidate *c = &o->v[i];
	struct buf line = BUF_INIT;
	struct record rec;
	int r;

	c->chosen = true;
	o->chosen[o->n_chosen++] = i;
	for (size_t k = lower(o, c->seq); k < o->n && o->v[k].seq == c->seq; k++)
		o->v[k].doubled = strcmp(o->v[k].hash, c->hash) == 0 &&
			strcmp(o->v[k].bodyhash, c->bodyhash) == 0;
	r = repair_line(o, c, &line, err);
	if (r == 0 && !record_parse(&rec, line.data, line.len))
		r = redactions_add_record(&o->redactions, &rec, err);
	buf_release(&line);
	return r;
}

static int add_seam(struct origin_repair *o, uint64_t last, const char *last_hash, uint64_t next,
	const char *next_hash, struct error *err)
{
	struct seam seam = { .last = last, .next = next };

	memcpy(seam.origin, o->origin, sizeof(seam.origin));
	(void)snprintf(seam.last_hash, sizeof(seam.last_hash), "%s", last_hash);
	(void)snprintf(seam.next_hash, sizeof(seam.next_hash), "%s", next_hash);
	return seams_add(&o->seams, &seam, err);
}

int repair_choose(struct origin_repair *o, struct error *err)
{
	const char *hash = HASH_ZERO;
	uint64_t last = 0, hlc = 0;
	int r = 0;

	if (o->n)
		qsort(o->v, o->n, sizeof(*o->v), compare);
	link_neighbours(o);
	o->chosen = calloc(o->n ? o->n : 1, sizeof(*o->chosen));
	if (!o->chosen)
		return error_nomem(err);
	for (;;) {
		size_t i = lower(o, last + 1);

		while (i < o->n && o->v[i].seq == last + 1 && !follows(o, hash, &o->v[i]))
			i++;
		if (i >= o->n || o->v[i].seq != last + 1) {
			for (i = lower(o, last + 1); i < o->n; i++)
				if (belongs(o, i, last, hlc))
					break;
			if (i >= o->n)
				break;
			o->v[i].seam = true;
			r = add_seam(o, last, hash, o->v[i].seq, o->v[i].hash, err);
		}
		if (r == 0)
			r = take(o, i, err);
		if (r < 0)
			return r;
		last = o->v[i].seq;
		hlc = o->v[i].hlc;
		hash = o->v[i].hash;
	}
	redactions_sort(&o->redactions);
	/* Whoever writes to this origin goes on behind a break; nobody does to the others. */
	if (o->claimed > last)
		r = add_seam(o, last, hash, o->claimed + 1, "", err);
	return r;
}
