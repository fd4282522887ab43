/*
 * minsky sync: notice everything that git did, decide what is merged, bring the backend up, and
 * exchange events with the team's hub.
 */
#include <unistd.h>

#include "cli/back_fill.h"
#include "cli/flush.h"
#include "cli/progress.h"
#include "cli/settle.h"
#include "cli/start.h"
#include "core/fs.h"
#include "hooks/bell.h"

static const char *repo, *journal;
static bool facts, flush;
static struct back_fill filling;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "repo", &repo, "DIRECTORY", "the repository (the one we are in)" },
	{ OPTION_STRING, 0, "since", &filling.since, "TIME",
		"tell also what happened before minsky knew a clone, from then on" },
	{ OPTION_FLAG, 'n', "dry-run", &filling.dry_run, NULL, "only show what would be added" },
	{ OPTION_FLAG, 0, "facts", &facts, NULL,
		"as hooks start it: in the background, one at a time" },
	{ OPTION_FLAG, 0, "flush", &flush, NULL,
		"as hooks start it: only give the hub what was written" },
	{ OPTION_STRING, 0, "repo-journal", &journal, "DIRECTORY",
		"the repository of this journal" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

/*
 * The hooks' worker. Whoever comes second leaves: the first looks at the mark again before it goes,
 * and a mark that is set after that starts another one.
 */
static int run_worker(struct context *c, struct error *err)
{
	struct buf path = BUF_INIT;
	struct error busy = ERROR_INIT;
	int fd = -1, r = 0;

	fs_join(&path, c->repo.journal, "worker.lock");
	if (fs_lock(path.data, 0, &fd, &busy) == 0) {
		while (r == 0 && facts_marked(c->repo.journal))
			r = settle_all(c, err);
		close(fd);
	}
	/* What the hook has told, which started us. */
	c->wrote = true;
	buf_release(&path);
	return r;
}

/* What both exchanges of one run come to. */
struct synced {
	bool hub; /* there is one */
	uint64_t pushed, pulled, forked, unpushed;
	enum exchange_trouble trouble;
	char what[256];
	struct progress progress;
};

static void tell(void *arg, const struct exchange_progress *p)
{
	struct synced *s = arg;

	progress_tell(&s->progress, p->pushed + p->pulled, p->to_push + p->to_pull);
}

static int exchange(struct context *c, struct synced *s, struct error *err)
{
	const struct team_wish wish = {
		.deadline_ms = TEAM_SYNC_MS, .patient = true, .tell = tell, .arg = s
	};
	struct exchange_result got = { .complete = true };
	int r;

	progress_begin(&s->progress, c->app, "exchanging");
	r = team_exchange(c, &wish, &got, err);
	progress_end(&s->progress);
	if (r < 0)
		return r;
	s->pushed += got.done.pushed;
	s->pulled += got.done.pulled;
	s->forked += got.forked;
	s->unpushed = got.unpushed;
	s->trouble = got.trouble;
	memcpy(s->what, got.what, sizeof(s->what));
	exchange_release(&got);
	return 0;
}

static int do_all(struct context *c, struct synced *s, struct error *err)
{
	struct error down = ERROR_INIT;
	int r = team_ask(c, err);

	s->hub = r == 0 && c->team.kind != TEAM_NONE;
	/* Whoever asks for this learns of a failure; the work that is left is done all the same. */
	c->team.told = true;
	if (s->hub && exchange(c, s, &down) == ERR_NOTFOUND) {
		s->hub = false;
		error_clear(&down);
	}
	if (r == 0)
		r = start_recover(c, err);
	if (r == 0)
		r = back_fill(c, &filling, err);
	if (r == 0)
		r = settle_all(c, err);
	if (r == 0 && s->hub && down.code == ERR_OK && team_moved(c))
		r = exchange(c, s, &down) < 0 ? 0 : context_project(c, err);
	c->wrote = false;
	if (r == 0 && down.code != ERR_OK) {
		*err = down;
		r = down.code;
	}
	return r;
}

static void print_hub_json(struct context *c, const struct synced *s, struct jsonw *w)
{
	jsonw_key(w, "hub");
	jsonw_begin_object(w);
	jsonw_kstring(w, "location", c->team.state.location);
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

static void print_hub(struct context *c, const struct synced *s)
{
	struct app *app = c->app;

	if (s->forked)
		app_say(app,
			"another copy of this journal goes on elsewhere: %llu events are told "
			"again under a new origin",
			(unsigned long long)s->forked);
	if (s->trouble)
		app_warn(app, "%s", s->what);
	buf_addf(&app->out, "%llu pushed, %llu pulled: ", (unsigned long long)s->pushed,
		(unsigned long long)s->pulled);
	app_text(app, c->team.state.location);
	buf_addch(&app->out, '\n');
}

static int run_sync(struct context *c, struct error *err)
{
	struct synced s = { .hub = false };
	struct head before, after;
	struct jsonw w;
	uint64_t events;
	int r = journal_head(c->journal, &before, err);

	if (r == 0)
		r = do_all(c, &s, err);
	if (r == 0)
		r = journal_head(c->journal, &after, err);
	if (r < 0)
		return r;
	/* A journal that turned out to be a copy goes on under another origin, from 1. */
	events = strcmp(before.origin, after.origin) ? after.seq : after.seq - before.seq;
	if (c->app->json) {
		app_json_begin(c->app, &w);
		jsonw_ku64(&w, "events", events);
		jsonw_ku64(&w, "seq", after.seq);
		if (s.hub)
			print_hub_json(c, &s, &w);
		app_json_end(c->app, &w);
	} else {
		buf_addf(&c->app->out, "%llu new event%s, %llu in all\n",
			(unsigned long long)events, events == 1 ? "" : "s",
			(unsigned long long)after.seq);
		if (s.hub)
			print_hub(c, &s);
	}
	if (s.trouble > EXCHANGE_REDACT)
		c->app->unwell = true;
	return 0;
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct context c = CONTEXT_INIT;
	int r = journal ? context_open_journal(&c, app, journal, err)
			: context_open(&c, app, repo, err);

	(void)argc;
	(void)argv;
	if (r == 0 && !c.known) {
		r = error_set(err, ERR_NOTFOUND, "this repository has no journal");
		error_hint(err, "'minsky init' or 'minsky session start' begin one");
	}
	if (r == 0)
		r = facts                 ? run_worker(&c, err)
			: flush           ? flush_run(&c, err)
			: filling.dry_run ? back_fill(&c, &filling, err)
					  : run_sync(&c, err);
	/* All of them were just looked at. */
	c.facts_needed = false;
	context_release(&c);
	return r;
}

const struct cmd cmd_sync = {
	.name = "sync",
	.summary = "notice what git did everywhere and what is merged; exchange it with a team",
	.options = options,
	.json = true,
	.run = run,
};
