#include "history/back_fill.h"

#include "cli/output.h"
#include "core/clock.h"
#include "core/event.h"
#include "history/names.h"
#include "repo/reconcile.h"

struct showing {
	struct app *app;
	struct history_names names;
	struct jsonw w;
};

static const char *name_of(void *arg, const char *id)
{
	return history_names_get(arg, id);
}

static int show(void *arg, const char *body, size_t len, struct error *err)
{
	const struct event_key nowhere = { .seq = 0 };
	struct showing *s = arg;
	struct event e;
	int r;

	if (s->app->json) {
		jsonw_raw(&s->w, body, len);
		return 0;
	}
	r = event_decode(&e, body, len, &nowhere, err);
	if (r < 0)
		return r;
	output_event_line(s->app, "+", &e, name_of, &s->names);
	buf_addch(&s->app->out, '\n');
	event_release(&e);
	return 0;
}

static int fill(struct repo *repo, const struct back_fill *b, int64_t since, struct reconcile *rec,
	struct error *err)
{
	int r = b->since ? reconcile_history(repo, since, rec, err) : 0;

	return r < 0 ? r : reconcile_all(repo, rec, err);
}

static int show_all(struct repo *repo, const struct back_fill *b, int64_t since, struct error *err)
{
	struct showing s = { .app = repo->app };
	struct reconcile rec = { .show = show, .show_arg = &s, .shown = BUF_INIT };
	int r = history_names_load(&s.names, repo, err);

	if (r < 0)
		goto out;
	if (repo->app->json) {
		app_json_begin(repo->app, &s.w);
		jsonw_key(&s.w, "wouldAdd");
		jsonw_begin_array(&s.w);
	}
	r = fill(repo, b, since, &rec, err);
	if (r < 0)
		goto out;
	if (repo->app->json) {
		jsonw_end_array(&s.w);
		jsonw_ku64(&s.w, "events", rec.events);
		app_json_end(repo->app, &s.w);
	} else {
		buf_addf(&repo->app->out, "%zu events would be added\n", rec.events);
	}
out:
	buf_release(&rec.shown);
	history_names_release(&s.names);
	return r;
}

int back_fill(struct repo *repo, const struct back_fill *b, struct error *err)
{
	struct reconcile rec = { .show = NULL };
	int64_t since = 0;
	int r = b->since ? clock_parse_user(b->since, clock_now_ms(), &since, err) : 0;

	if (r < 0)
		return r;
	return b->dry_run ? show_all(repo, b, since, err) : fill(repo, b, since, &rec, err);
}
