/*
 * minsky sync: notice everything that git did, decide what is merged, bring the backend up, and
 * exchange events with the team's hub.
 */
#include "cli/open.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "git/gitcmd.h"
#include "history/names.h"
#include "repo/flush.h"
#include "session/sync.h"

static const char *repo_path, *journal, *since;
static bool facts, flush, dry_run;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_STRING, 0, "since", &since, "TIME",
		"also record what happened since TIME before a clone was registered" },
	{ OPTION_FLAG, 'n', "dry-run", &dry_run, NULL,
		"show which events would be recorded, without recording them" },
	{ OPTION_FLAG, 0, "facts", &facts, NULL, "used by hooks: determine which PRs are merged" },
	{ OPTION_FLAG, 0, "flush", &flush, NULL,
		"used by hooks: only exchange events with the hub" },
	{ OPTION_STRING, 0, "repo-journal", &journal, "DIRECTORY",
		"the repository with this journal" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static void print_exchange_json(struct repo *repo, const struct sync_result *s, struct jsonw *w)
{
	jsonw_key(w, "hub");
	jsonw_begin_object(w);
	jsonw_kstring(w, "location", repo->hub.state.location);
	jsonw_ku64(w, "pushed", s->pushed);
	jsonw_ku64(w, "pulled", s->pulled);
	jsonw_ku64(w, "unpushed", s->unpushed);
	if (s->forked)
		jsonw_ku64(w, "forked", s->forked);
	if (s->trouble) {
		jsonw_kstring(w, "trouble", exchange_trouble_name(s->trouble));
		jsonw_kstring(w, "message", s->what);
	}
	jsonw_end_object(w);
}

static void print_exchange(struct repo *repo, const struct sync_result *s)
{
	struct app *app = app_of(repo);

	buf_addf(&app->out, "%llu pushed, %llu pulled: ", (unsigned long long)s->pushed,
		(unsigned long long)s->pulled);
	app_text(app, repo->hub.state.location);
	buf_addch(&app->out, '\n');
}

static void tell(void *arg, const struct exchange_progress *p)
{
	progress_tell(arg, p->pushed + p->pulled, p->to_push + p->to_pull);
}

static int run_sync(struct repo *repo, struct error *err)
{
	struct app *app = app_of(repo);
	struct progress progress;
	const struct sync_request req = { .since = since, .tell = tell, .arg = &progress };
	struct sync_result s = { .hub = false };
	struct jsonw w;
	int r;

	progress_begin(&progress, app, "exchanging");
	r = session_sync(repo, &req, &s, err);
	progress_end(&progress);
	app_outcome(app, &s.outcome);
	outcome_release(&s.outcome);
	if (r < 0)
		return r;
	if (app->json) {
		app_json_begin(app, &w);
		jsonw_ku64(&w, "events", s.events);
		jsonw_ku64(&w, "seq", s.seq);
		if (s.hub)
			print_exchange_json(repo, &s, &w);
		app_json_end(app, &w);
		return 0;
	}
	buf_addf(&app->out, "%llu new event%s, %llu in all\n", (unsigned long long)s.events,
		s.events == 1 ? "" : "s", (unsigned long long)s.seq);
	if (s.hub)
		print_exchange(repo, &s);
	return 0;
}

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

static int run_dry(struct repo *repo, struct error *err)
{
	struct app *app = app_of(repo);
	struct showing s = { .app = app };
	const struct back_fill fill = { .since = since, .show = show, .show_arg = &s };
	size_t events = 0;
	int r = history_names_load(&s.names, repo, err);

	if (r < 0)
		goto out;
	if (app->json) {
		app_json_begin(app, &s.w);
		jsonw_key(&s.w, "wouldAdd");
		jsonw_begin_array(&s.w);
	}
	r = back_fill(repo, &fill, &events, err);
	if (r < 0)
		goto out;
	if (app->json) {
		jsonw_end_array(&s.w);
		jsonw_ku64(&s.w, "events", events);
		app_json_end(app, &s.w);
	} else {
		buf_addf(&app->out, "%zu events would be recorded\n", events);
	}
out:
	history_names_release(&s.names);
	return r;
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	int r;

	/* Others, or a timer, may have started it: nothing that it fetches starts a program. */
	git_unattended();
	r = journal ? open_journal(&repo, app, journal, err)
		    : open_repo(&repo, app, repo_path, err);

	(void)argc;
	(void)argv;
	if (r == 0 && !repo.known) {
		r = error_set(err, ERR_NOTFOUND, "this repository has no journal");
		error_hint(err, "create one: minsky init");
	}
	if (r == 0)
		r = facts         ? session_sync_facts(&repo, err)
			: flush   ? flush_run(&repo, err)
			: dry_run ? run_dry(&repo, err)
				  : run_sync(&repo, err);
	/* All of them were just looked at. */
	repo.facts_needed = false;
	repo_release(&repo);
	return r;
}

const struct cmd cmd_sync = {
	.name = "sync",
	.summary = "record what git did, and exchange events with a team",
	.options = options,
	.json = true,
	.run = run,
};
