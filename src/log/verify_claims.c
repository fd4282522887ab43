#include "log/verify_internal.h"

#include <inttypes.h>

#include "core/fs.h"
#include "log/peers.h"

/* It came with a body that no journal can hold, and is kept without: odd, not damaged. */
static bool is_odd(const struct buf *odd, const struct blank *b)
{
	char line[ID_HEX_SIZE + 32];
	int n = snprintf(line, sizeof(line), "\n%s %" PRIu64 "\n", b->key.origin, b->key.seq);

	return b->peers && memmem(odd->data, odd->len, line, (size_t)n);
}

static int check_blanks(
	struct verify *v, const struct place *own, const struct place *peers, struct error *err)
{
	struct buf odd = BUF_INIT;
	int r = v->redactions.n_blanks ? peers_odd(&odd, own->path, err) : 0;

	redactions_sort(&v->redactions);
	for (size_t i = 0; r == 0 && i < v->redactions.n_blanks; i++) {
		const struct blank *b = &v->redactions.blanks[i];

		if (redactions_cover(&v->redactions, b) || is_odd(&odd, b))
			continue;
		fs_join(&v->path, b->peers ? peers->path : own->path, b->segment);
		r = buf_check(&v->path, err);
		if (r == 0)
			verify_report(v, b->line, b->offset, true,
				"body is null, but no later event.redacted explains it",
				ADVICE_RESTORE);
	}
	buf_release(&odd);
	return r;
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
		verify_report(v, c->line, c->offset, true, what, ADVICE_RESTORE);
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
		verify_report(v, 0, 0, true, what, ADVICE_RESTORE);
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
		verify_report(v, 0, 0, false, "was written on another machine",
			"nothing to do if the disk was moved or this is a container; never let two "
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
		verify_report(v, 0, 0, false, "an append failed and could not be undone",
			"check the disk; the next append removes what it left");
	return r;
}

int verify_claims(
	struct verify *v, const struct journal *j, const struct place *peers, struct error *err)
{
	int r = check_blanks(v, v->own, peers, err);

	if (r == 0)
		r = check_parents(v, v->own, peers, err);
	if (r == 0)
		r = check_seams(v, err);
	if (r == 0)
		r = check_machine(v, j, err);
	if (r == 0)
		r = check_suspect(v, v->own, err);
	return r;
}
