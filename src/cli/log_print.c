#include "cli/log_print.h"
#include "cli/open.h"

#include <unistd.h>

#include "cli/output.h"
#include "core/array.h"
#include "core/clock.h"
#include "history/point.h"

#define FLUSH_AT 65536

/* Lines that have to wait, since order or count ask for what comes later: a ring when counted. */
struct kept {
	char **v;
	size_t n, cap;
	size_t first; /* the oldest */
};

static void append_cache_release(struct kept *k)
{
	for (size_t i = 0; i < k->n; i++)
		free(k->v[i]);
	free(k->v);
}

static int keep(struct kept *k, size_t limit, const char *line, size_t len, struct error *err)
{
	char *copy = strndup(line, len);

	if (!copy)
		return error_nomem(err);
	if (limit && k->n == limit) {
		free(k->v[k->first]);
		k->v[k->first] = copy;
		k->first = (k->first + 1) % limit;
		return 0;
	}
	if (!ARRAY_GROW(k->v, k->n, k->cap)) {
		free(copy);
		return error_nomem(err);
	}
	k->v[k->n++] = copy;
	return 0;
}

static const char *name_of(void *arg, const char *id)
{
	return history_names_get(arg, id);
}

/* What was kept and says nothing. */
static void add_standing(const struct log_show *show, const struct event *e)
{
	if (e->odd)
		buf_addf(&show->app->out, "  (odd: %s)",
			e->odd_member ? e->odd_member : "it names no session that can be");
	else if (show->names && !history_names_heeded(show->names, e))
		buf_adds(&show->app->out, "  (without effect)");
}

void log_show(struct log_show *show, const struct record *record, const struct event *e,
	const char *line, size_t len)
{
	struct app *app = show->app;
	const char *session = e && e->session ? e->session : "";
	char place[HISTORY_PLACE_SIZE];

	if (app->json) {
		buf_add(&app->out, line, len);
		return;
	}
	history_place(place, show->own, record->origin, record->seq);
	if (!e) {
		output_blank_line(app, place, record_hlc_ms(record->hlc), record->body != NULL);
	} else if (show->grouped) {
		if (!show->begun || strcmp(session, show->session) != 0)
			output_group_title(
				app, session, history_names_get(show->names, session), show->begun);
		(void)snprintf(show->session, sizeof(show->session), "%s", session);
		output_event_in_group(app, place, e, show->now);
	} else {
		output_event_line(app, place, e, name_of, show->names);
	}
	if (e)
		add_standing(show, e);
	show->begun = true;
	buf_addch(&app->out, '\n');
}

struct printing {
	struct log_show show;
	const struct history_filter *filter;
	const struct log_order *order;
	struct kept kept;
};

static int take(struct printing *p, const struct record *record, const char *line, size_t len,
	struct error *err)
{
	struct event e;
	bool readable;
	int r;

	readable = log_decode(&e, record, &r, err);
	if (r < 0)
		return r;
	if (readable)
		r = history_names_learn(p->show.names, &e, err);
	if (r < 0 || !history_filter_fits(p->filter, record, readable ? &e : NULL))
		goto out;
	if (p->order->count || p->order->reverse) {
		r = keep(&p->kept, p->order->count, line, len, err);
	} else {
		log_show(&p->show, record, readable ? &e : NULL, line, len);
		if (p->show.app->out.len > FLUSH_AT)
			r = app_flush(p->show.app, err);
	}
out:
	event_release(&e);
	return r;
}

static int show_kept(struct printing *p, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < p->kept.n; i++) {
		size_t at = p->order->reverse ? p->kept.n - 1 - i : i;
		const char *line = p->kept.v[(p->kept.first + at) % p->kept.n];
		size_t len = strlen(line);
		struct record record;
		struct event e;
		bool readable;

		/* It was good when it was read. */
		if (record_parse(&record, line, len))
			continue;
		readable = log_decode(&e, &record, &r, err);
		if (r == 0)
			log_show(&p->show, &record, readable ? &e : NULL, line, len);
		event_release(&e);
		if (r == 0 && p->show.app->out.len > FLUSH_AT)
			r = app_flush(p->show.app, err);
	}
	return r;
}

int log_open(struct repo *repo, struct app *app, const char *path, struct error *err)
{
	int r = open_repo(repo, app, path, err);

	if (r == 0 && !repo->known) {
		r = error_set(err, ERR_NOTFOUND, "this repository has no journal");
		error_hint(err, "create one: minsky init");
	}
	return r;
}

int log_prepare(
	struct repo *repo, struct history_filter *f, struct history_names *names, struct error *err)
{
	int r = history_names_load(names, repo, err);

	/* The journal can be read whatever has become of the store. */
	if (r < 0 && r != ERR_NOMEM && !f->session) {
		app_warn(app_of(repo), "cannot show the names of sessions: %s", err->msg);
		error_clear(err);
		r = 0;
	}
	return r < 0 ? r : history_filter_prepare(f, names, repo->journal, err);
}

int log_print(struct repo *repo, struct history_filter *filter, const struct log_order *order,
	struct error *err)
{
	struct history_names names = { .v = NULL };
	struct printing p = { .show = { .app = app_of(repo),
				      .names = &names,
				      .own = journal_origin(repo->journal),
				      .grouped = isatty(STDOUT_FILENO),
				      .now = clock_now_ms() },
		.filter = filter,
		.order = order };
	struct history_walk *walk = NULL;
	const struct record *record;
	struct error damage = ERROR_INIT;
	int r = log_prepare(repo, filter, &names, err);

	if (r == 0) {
		r = history_walk_open(&walk, repo->journal, &filter->range, err);
		if (r == ERR_NOTFOUND && filter->from)
			r = history_point_missing(filter->from, err);
	}
	while (r == 0) {
		const char *line;
		size_t len;

		r = history_walk_next(walk, &record, err);
		if (r < 0 || !record)
			break;
		line = history_walk_line(walk, &len);
		r = take(&p, record, line, len, err);
	}
	/* What was read before the damage is the answer all the same. */
	if (r == ERR_CORRUPT) {
		damage = *err;
		r = 0;
	}
	if (r == 0)
		r = show_kept(&p, err);
	if (r == 0 && damage.code != ERR_OK) {
		r = app_flush(app_of(repo), err);
		*err = r < 0 ? *err : damage;
		r = err->code;
	}
	history_walk_close(walk);
	history_names_release(&names);
	append_cache_release(&p.kept);
	return r;
}
