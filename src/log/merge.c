#include "log/merge.h"

#include <sys/resource.h>

#include "core/invariant.h"

struct source {
	struct journal_reader *reader; /* NULL when it has ended */
	const struct record *next;
};

struct merge {
	struct source *sources;
	size_t n;
	struct source *given; /* whose record is with the caller */
	struct heads heads;
	struct heads limit; /* read no further than this; only if `limited` */
	bool limited;
	struct error damage;
};

void merge_close(struct merge *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		journal_reader_close(m->sources[i].reader);
	free(m->sources);
	heads_release(&m->heads);
	heads_release(&m->limit);
	free(m);
}

static bool is_beyond(const struct merge *m, const struct record *rec)
{
	const struct head *limit = m->limited ? heads_find(&m->limit, rec->origin) : NULL;

	return limit && rec->seq > limit->seq;
}

static int advance(struct merge *m, struct source *s, struct error *err)
{
	int r = journal_reader_next(s->reader, &s->next, err);

	if (r == 0 && s->next && is_beyond(m, s->next))
		s->next = NULL;
	if (r == ERR_CORRUPT) {
		if (m->damage.code == ERR_OK)
			m->damage = *err;
		error_clear(err);
		s->next = NULL;
		r = 0;
	}
	if (r == 0 && !s->next) {
		journal_reader_close(s->reader);
		s->reader = NULL;
	}
	return r;
}

static int disagree(int r, struct error *err)
{
	if (r != ERR_CORRUPT && r != ERR_NOTFOUND)
		return r;
	error_wrap(err, "the session store does not match the journal");
	err->code = ERR_CORRUPT;
	return error_hint(err,
		"the store was restored from a backup or belongs to another journal, or the "
		"journal is damaged: run 'minsky journal verify', and if it reports no damage, "
		"'minsky sessiondb rebuild'");
}

static int add_source(struct merge *m, struct journal *j, const char *origin, struct error *err)
{
	struct source *s = &m->sources[m->n];
	const struct head *from = heads_find(&m->heads, origin);
	int r = journal_reader_open(
		&s->reader, j, origin, from ? from->seq : 0, from ? from->hash : NULL, err);

	if (r < 0)
		return from ? disagree(r, err) : r;
	m->n++;
	return advance(m, s, err);
}

static int check_known(const struct heads *origins, const struct heads *from, struct error *err)
{
	for (size_t i = 0; i < from->n; i++) {
		if (heads_find(origins, from->v[i].origin))
			continue;
		error_set(err, ERR_CORRUPT, "the journal has no record of origin '%.8s'",
			from->v[i].origin);
		return disagree(ERR_CORRUPT, err);
	}
	return 0;
}

/* One file is open for each origin that has something to say. */
static void raise_files(size_t n)
{
	struct rlimit limit;

	if (n < 256 || getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool is_there(const struct heads *from, const struct head *end)
{
	const struct head *h = heads_find(from, end->origin);

	return h && h->seq == end->seq && strcmp(h->hash, end->hash) == 0;
}

static int open_merge(struct merge **out, struct journal *j, const struct heads *origins,
	const struct heads *from, bool limited, bool behind, struct error *err)
{
	struct merge *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return error_nomem(err);
	m->limited = limited;
	m->sources = calloc(origins->n ? origins->n : 1, sizeof(*m->sources));
	if (!m->sources) {
		r = error_nomem(err);
		goto out;
	}
	r = heads_copy(&m->heads, from, err);
	if (r == 0 && limited)
		r = heads_copy(&m->limit, origins, err);
	raise_files(origins->n);
	for (size_t i = 0; r == 0 && i < origins->n; i++)
		if (!behind || !is_there(from, &origins->v[i]))
			r = add_source(m, j, origins->v[i].origin, err);
	if (r < 0)
		goto out;
	*out = m;
	m = NULL;
out:
	merge_close(m);
	return r;
}

int merge_open(struct merge **out, struct journal *j, const struct heads *origins,
	const struct heads *from, struct error *err)
{
	int r = check_known(origins, from, err);

	return r < 0 ? r : open_merge(out, j, origins, from, false, false, err);
}

int merge_open_behind(struct merge **out, struct journal *j, const struct heads *origins,
	const struct heads *upto, const struct heads *from, struct error *err)
{
	int r = upto ? 0 : check_known(origins, from, err);

	return r < 0 ? r : open_merge(out, j, upto ? upto : origins, from, upto != NULL, true, err);
}

static bool comes_before(const struct record *a, const struct record *b)
{
	int c;

	if (a->hlc != b->hlc)
		return a->hlc < b->hlc;
	c = strcmp(a->origin, b->origin);
	return c ? c < 0 : a->seq < b->seq;
}

int merge_next(struct merge *m, const struct record **record_out, struct error *err)
{
	struct source *first = NULL;
	int r;

	if (m->given) {
		r = advance(m, m->given, err);
		if (r < 0)
			return r;
		m->given = NULL;
	}
	for (size_t i = 0; i < m->n; i++) {
		struct source *s = &m->sources[i];

		INVARIANT(!s->next || s->reader);
		if (s->next && (!first || comes_before(s->next, first->next)))
			first = s;
	}
	*record_out = NULL;
	if (!first)
		return 0;
	r = heads_set(&m->heads, first->next->origin, first->next->seq, first->next->hash, err);
	if (r < 0)
		return r;
	m->given = first;
	*record_out = first->next;
	return 0;
}

const char *merge_line(const struct merge *m, size_t *len_out)
{
	INVARIANT(m->given && m->given->reader);
	return journal_reader_line(m->given->reader, len_out);
}

const struct heads *merge_heads(const struct merge *m)
{
	return &m->heads;
}

const struct error *merge_damage(const struct merge *m)
{
	return &m->damage;
}
