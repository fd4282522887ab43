/* minsky journal log, and session log: the same with the session given. */
#include "cli/log_print.h"
#include "cli/open.h"
#include "repo/repo.h"

static struct history_filter filter;
static const char *repo_path;
static unsigned long count;
static bool reverse, all;

#define WHAT_AND_WHEN                                                                              \
	{ OPTION_STRING, 't', "type", &filter.type, "TYPE",                                        \
		"events of this type: pr, pr.created" },                                           \
		{ OPTION_STRING, 0, "actor", &filter.actor, "NAME",                                \
			"by this user, host or agent" },                                           \
		{ OPTION_STRING, 0, "branch", &filter.branch, "BRANCH", "about this branch" },     \
		{ OPTION_STRING, 0, "since", &filter.since, "TIME", "learnt at or after TIME" },   \
		{ OPTION_STRING, 0, "until", &filter.until, "TIME", "learnt at or before TIME" },  \
		{ OPTION_STRING, 0, "from", &filter.from, "SEQ", "from this record on" },          \
		{ OPTION_STRING, 0, "to", &filter.to, "SEQ", "up to this record" },                \
		{ OPTION_COUNT, 'n', "count", &count, "N", "the newest N" },                       \
		{ OPTION_FLAG, 0, "reverse", &reverse, NULL, "newest first" },                     \
	{                                                                                          \
		OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",                                 \
			"the repository (the one we are in)"                                       \
	}

static const struct option_desc journal_options[] = {
	{ OPTION_STRING, 's', "session", &filter.session, "NAME", "events of one session" },
	{ OPTION_FLAG, 'a', "all", &all, NULL, "everybody's events, which is so without --own" },
	{ OPTION_FLAG, 0, "own", &filter.own, NULL, "only what was written on this machine" },
	WHAT_AND_WHEN,
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const struct option_desc session_options[] = {
	WHAT_AND_WHEN,
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int print(struct repo *repo, const char *wanted, struct error *err)
{
	struct log_order order = { .count = count, .reverse = reverse };

	filter.session = wanted;
	return log_print(repo, &filter, &order, err);
}

static int run_journal(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	int r = log_open(&repo, app, repo_path, err);

	(void)argc;
	(void)argv;
	if (r == 0 && all && filter.own)
		r = error_set(err, ERR_USAGE, "--all and --own are opposites");
	if (r == 0)
		r = print(&repo, filter.session, err);
	repo_release(&repo);
	return r;
}

static int run_session(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL };
	int r;

	/* By name first among the living; log_print knows the deleted ones too. */
	r = open_session(&repo, app, repo_path, argc ? argv[0] : NULL, &s, err);
	if (r == 0)
		r = repo_catch_up(&repo, &s, err);
	if (r == 0) {
		r = print(&repo, s.id, err);
	} else if (r == ERR_NOTFOUND && argc && repo.known) {
		error_clear(err);
		r = print(&repo, argv[0], err);
	}
	session_release(&s);
	repo_release(&repo);
	return r;
}

#define DETAILS                                                                                    \
	"TIME is a date, a time or an age such as 90m, 2h, 3d; SEQ the number of a record, or "    \
	"ORIGIN:SEQ.\nWith --json each line is a record of the journal as it stands there."

const struct cmd cmd_journal_log = {
	.name = "journal log",
	.summary = "show what happened, oldest first",
	.details = DETAILS,
	.options = journal_options,
	.json = true,
	.run = run_journal,
};
const struct cmd cmd_session_log = {
	.name = "session log",
	.summary = "show what happened in a session, oldest first",
	.usage = "[NAME|ID|TASK]",
	.details = DETAILS,
	.options = session_options,
	.max_args = 1,
	.json = true,
	.run = run_session,
};
