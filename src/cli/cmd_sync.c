/*
 * minsky sync: notice everything that git did, decide what is merged, bring the backend up, and
 * exchange events with the team's hub.
 */
#include <unistd.h>

#include "cli/progress.h"
#include "core/fs.h"
#include "git/gitcmd.h"
#include "history/back_fill.h"
#include "hooks/observe/observe.h"
#include "repo/flush.h"
#include "session/pr_refresh.h"
#include "session/start.h"

static const char *repo_path, *journal;
static bool facts, flush;
static struct back_fill filling;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY", "the repository (the one we are in)" },
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
static int run_worker(struct repo *repo, struct error *err)
{
	struct buf path = BUF_INIT;
	struct error busy = ERROR_INIT;
	int fd = -1, r = 0;

	fs_join(&path, repo->file.journal, "worker.lock");
	if (fs_lock(path.data, 0, &fd, &busy) == 0) {
		while (r == 0 && pr_stale(repo->file.journal))
			r = pr_refresh_all(repo, err);
		close(fd);
	}
	/* What the hook has told, which started us. */
	repo->wrote = true;
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

static int exchange(struct repo *repo, struct synced *s, struct error *err)
{
	const struct repo_hub_wish wish = {
		.deadline_ms = TEAM_SYNC_MS, .patient = true, .tell = tell, .arg = s
	};
	struct exchange_result got = { .complete = true };
	int r;

	progress_begin(&s->progress, repo->app, "exchanging");
	r = repo_hub_exchange(repo, &wish, &got, err);
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

static int do_all(struct repo *repo, struct synced *s, struct error *err)
{
	struct error down = ERROR_INIT;
	int r = repo_hub_ask(repo, err);

	s->hub = r == 0 && repo->hub.kind != REPO_HUB_NONE;
	/* Whoever asks for this learns of a failure; the work that is left is done all the same. */
	repo->hub.told = true;
	if (s->hub && exchange(repo, s, &down) == ERR_NOTFOUND) {
		s->hub = false;
		error_clear(&down);
	}
	if (r == 0)
		r = start_recover(repo, err);
	if (r == 0)
		r = back_fill(repo, &filling, err);
	if (r == 0)
		r = pr_refresh_all(repo, err);
	if (r == 0 && s->hub && down.code == ERR_OK && repo_hub_moved(repo))
		r = exchange(repo, s, &down) < 0 ? 0 : repo_project(repo, err);
	repo->wrote = false;
	if (r == 0 && down.code != ERR_OK) {
		*err = down;
		r = down.code;
	}
	return r;
}

static void print_exchange_json(struct repo *repo, const struct synced *s, struct jsonw *w)
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

static void print_exchange(struct repo *repo, const struct synced *s)
{
	struct app *app = repo->app;

	if (s->forked)
		app_say(app,
			"another copy of this journal goes on elsewhere: %llu events are told "
			"again under a new origin",
			(unsigned long long)s->forked);
	if (s->trouble)
		app_warn(app, "%s", s->what);
	buf_addf(&app->out, "%llu pushed, %llu pulled: ", (unsigned long long)s->pushed,
		(unsigned long long)s->pulled);
	app_text(app, repo->hub.state.location);
	buf_addch(&app->out, '\n');
}

static int run_sync(struct repo *repo, struct error *err)
{
	struct synced s = { .hub = false };
	struct head before, after;
	struct jsonw w;
	uint64_t events;
	int r = journal_head(repo->journal, &before, err);

	if (r == 0)
		r = do_all(repo, &s, err);
	if (r == 0)
		r = journal_head(repo->journal, &after, err);
	if (r < 0)
		return r;
	/* A journal that turned out to be a copy goes on under another origin, from 1. */
	events = strcmp(before.origin, after.origin) ? after.seq : after.seq - before.seq;
	if (repo->app->json) {
		app_json_begin(repo->app, &w);
		jsonw_ku64(&w, "events", events);
		jsonw_ku64(&w, "seq", after.seq);
		if (s.hub)
			print_exchange_json(repo, &s, &w);
		app_json_end(repo->app, &w);
	} else {
		buf_addf(&repo->app->out, "%llu new event%s, %llu in all\n",
			(unsigned long long)events, events == 1 ? "" : "s",
			(unsigned long long)after.seq);
		if (s.hub)
			print_exchange(repo, &s);
	}
	if (s.trouble > EXCHANGE_REDACT)
		repo->app->unwell = true;
	return 0;
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	int r;

	/* Others, or a timer, may have started it: nothing that it fetches starts a program. */
	git_unattended();
	r = journal ? repo_open_journal(&repo, app, journal, err)
		    : repo_open(&repo, app, repo_path, err);

	(void)argc;
	(void)argv;
	if (r == 0 && !repo.known) {
		r = error_set(err, ERR_NOTFOUND, "this repository has no journal");
		error_hint(err, "'minsky init' or 'minsky session start' begin one");
	}
	if (r == 0)
		r = facts                 ? run_worker(&repo, err)
			: flush           ? flush_run(&repo, err)
			: filling.dry_run ? back_fill(&repo, &filling, err)
					  : run_sync(&repo, err);
	/* All of them were just looked at. */
	repo.facts_needed = false;
	repo_release(&repo);
	return r;
}

const struct cmd cmd_sync = {
	.name = "sync",
	.summary = "notice what git did everywhere and what is merged; exchange it with a team",
	.options = options,
	.json = true,
	.run = run,
};
