#include "log/journal_internal.h"
#include "log/verify_notes.h"

#define FORKS_MAX 32

/* Did that origin go on from another one? Its first record says so. */
static int find_parent(struct journal *j, struct claim *at, bool *found_out, struct error *err)
{
	struct journal_reader *reader = NULL;
	const struct record *rec = NULL;
	int r = journal_reader_open(&reader, j, at->origin, 0, NULL, err);

	if (r == 0)
		r = journal_reader_next(reader, &rec, err);
	*found_out = r == 0 && rec && notes_parent(at, rec);
	journal_reader_close(reader);
	/* What cannot be read says nothing of any place. */
	if (r == ERR_CORRUPT || r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	return r;
}

int journal_own(struct journal *j, struct own_origins *out, struct error *err)
{
	struct own_origins own = OWN_ORIGINS_INIT;
	struct claim at = { .seq = j->parent.seq };
	bool more = j->parent.origin[0] != '\0';
	int r = own_origins_add(&own, j->origin, UINT64_MAX, err);

	memcpy(at.origin, j->parent.origin, sizeof(at.origin));
	for (int i = 0; r == 0 && more && i < FORKS_MAX; i++) {
		r = own_origins_add(&own, at.origin, at.seq, err);
		if (r == 0)
			r = find_parent(j, &at, &more, err);
	}
	if (r < 0)
		own_origins_release(&own);
	else
		*out = own;
	return r;
}
