#include "history/retell.h"

#include "core/array.h"
#include "history/filter.h"
#include "log/redact.h"
#include "repo/reconcile.h"

/* When was the record learnt that stands before this one? *ms_out is 0 when none does. */
static int time_before(struct journal *j, uint64_t seq, int64_t *ms_out, struct error *err)
{
	struct journal_reader *reader = NULL;
	const struct record *record = NULL;
	struct head head = { .seq = 0 };
	int r = journal_reader_open(&reader, j, NULL, seq - 1, NULL, err);

	if (r == 0)
		journal_reader_head(reader, &head);
	journal_reader_close(reader);
	reader = NULL;
	*ms_out = 0;
	if (r < 0 || !head.seq)
		return r;
	r = journal_reader_open(&reader, j, NULL, head.seq - 1, NULL, err);
	if (r == 0)
		r = journal_reader_next(reader, &record, err);
	if (r == 0 && record)
		*ms_out = record_hlc_ms(record->hlc);
	journal_reader_close(reader);
	return r;
}

int retell_lost(struct repo *repo, uint64_t seq, size_t *events_out, struct error *err)
{
	struct reconcile rec = { .show = NULL };
	int64_t since;
	int r = time_before(repo->journal, seq, &since, err);

	/* git counts in seconds. */
	if (r == 0)
		r = reconcile_lost(repo, since / 1000 * 1000, &rec, err);
	if (r == 0)
		*events_out = rec.events;
	return r;
}

/* An event that was told again: its record, and what it is about. */
struct retold {
	uint64_t seq;
	struct buf about;
	bool back;
};

struct retold_list {
	struct retold *v;
	size_t n;
};

static void list_release(struct retold_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		buf_release(&list->v[i].about);
	free(list->v);
}

/* Where git recorded it, but for the number, and when. */
static void add_about(struct buf *out, const struct event *e)
{
	buf_addf(out, "%s %s %s %s %s %lld", e->type_name, e->src.clone, e->src.ref, e->src.old_oid,
		e->src.new_oid, (long long)e->at);
}

static int list_add(
	struct retold_list *list, uint64_t seq, const struct event *e, struct error *err)
{
	if (!ARRAY_GROW_SHORT(list->v, list->n))
		return error_nomem(err);
	list->v[list->n] = (struct retold){ .seq = seq, .about = BUF_INIT };
	add_about(&list->v[list->n].about, e);
	return buf_check(&list->v[list->n++].about, err);
}

/* One record brings back one event. */
static int mark_back(struct retold_list *list, const struct event *e, struct error *err)
{
	struct buf about = BUF_INIT;
	int r;

	add_about(&about, e);
	r = buf_check(&about, err);
	for (size_t i = 0; r == 0 && i < list->n; i++) {
		if (list->v[i].back || strcmp(list->v[i].about.data, about.data) != 0)
			continue;
		list->v[i].back = true;
		break;
	}
	buf_release(&about);
	return r;
}

static int walk(struct journal *j, struct retold_list *list, bool again, struct error *err)
{
	struct journal_reader *reader = NULL;
	int r = journal_reader_open(&reader, j, NULL, 0, NULL, err);

	while (r == 0) {
		const struct record *record;
		struct event e;

		r = journal_reader_next(reader, &record, err);
		if (r < 0 || !record)
			break;
		if (log_decode(&e, record, &r, err) && e.has_src &&
			json_get_bool(e.data, "again", false) == again)
			r = again ? list_add(list, record->seq, &e, err) : mark_back(list, &e, err);
		event_release(&e);
	}
	journal_reader_close(reader);
	return r;
}

int retell_withdraw(struct journal *j, size_t *events_out, struct error *err)
{
	struct retold_list list = { .v = NULL };
	size_t n = 0;
	int r = walk(j, &list, true, err);

	if (r == 0 && list.n)
		r = walk(j, &list, false, err);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		bool changed = false;

		if (list.v[i].back)
			r = journal_redact(j, journal_origin(j), list.v[i].seq,
				"recorded again, and the first record was restored", &changed, err);
		n += changed;
	}
	list_release(&list);
	if (r == 0)
		*events_out = n;
	return r;
}
