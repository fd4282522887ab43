/* minsky sync: notice everything that git did, decide what is merged, bring the backend up. */
#include <unistd.h>

#include "cli/back_fill.h"
#include "cli/settle.h"
#include "cli/start.h"
#include "core/fs.h"
#include "hooks/bell.h"

static const char *repo, *journal;
static bool facts;
static struct back_fill filling;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "repo", &repo, "DIRECTORY", "the repository (the one we are in)" },
	{ OPTION_STRING, 0, "since", &filling.since, "TIME",
		"tell also what happened before minsky knew a clone, from then on" },
	{ OPTION_FLAG, 'n', "dry-run", &filling.dry_run, NULL, "only show what would be added" },
	{ OPTION_FLAG, 0, "facts", &facts, NULL,
		"as hooks start it: in the background, one at a time" },
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
	buf_release(&path);
	return r;
}

static int run_sync(struct context *c, struct error *err)
{
	struct head before, after;
	struct jsonw w;
	uint64_t events;
	int r = journal_head(c->journal, &before, err);

	if (r == 0)
		r = start_recover(c, err);
	if (r == 0)
		r = back_fill(c, &filling, err);
	if (r == 0)
		r = settle_all(c, err);
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
		app_json_end(c->app, &w);
	} else {
		buf_addf(&c->app->out, "%llu new events, %llu in all\n", (unsigned long long)events,
			(unsigned long long)after.seq);
	}
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
			: filling.dry_run ? back_fill(&c, &filling, err)
					  : run_sync(&c, err);
	/* All of them were just looked at. */
	c.facts_needed = false;
	context_release(&c);
	return r;
}

const struct cmd cmd_sync = {
	.name = "sync",
	.summary = "notice what git did in every workspace, and what has been merged",
	.options = options,
	.json = true,
	.run = run,
};
