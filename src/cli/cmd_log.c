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
		"only events of this type, such as pr or pr.created" },                            \
		{ OPTION_STRING, 0, "actor", &filter.actor, "NAME",                                \
			"only events by this user, host or agent" },                               \
		{ OPTION_STRING, 0, "branch", &filter.branch, "BRANCH",                            \
			"only events about this branch" },                                         \
		{ OPTION_STRING, 0, "since", &filter.since, "TIME",                                \
			"only events recorded at or after TIME" },                                 \
		{ OPTION_STRING, 0, "until", &filter.until, "TIME",                                \
			"only events recorded at or before TIME" },                                \
		{ OPTION_STRING, 0, "from", &filter.from, "SEQ", "start at this record" },         \
		{ OPTION_STRING, 0, "to", &filter.to, "SEQ", "stop after this record" },           \
		{ OPTION_COUNT, 'n', "count", &count, "N", "show the newest N" },                  \
		{ OPTION_FLAG, 0, "reverse", &reverse, NULL, "show the newest event first" },      \
	{                                                                                          \
		OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",                                 \
			"the repository (default: the current one)"                                \
	}

static const struct option_desc journal_options[] = {
	{ OPTION_STRING, 's', "session", &filter.session, "NAME", "only events of this session" },
	{ OPTION_FLAG, 'a', "all", &all, NULL, "events of all machines (default)" },
	{ OPTION_FLAG, 0, "own", &filter.own, NULL, "only events recorded on this machine" },
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
		r = error_set(err, ERR_USAGE, "--all and --own cannot be used together");
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
	"TIME is a date, a time or an age such as 90m, 2h, 3d; SEQ is the number of a record "     \
	"of\nthis machine, or ORIGIN:SEQ. With --json, each line is one record of the journal, "   \
	"unchanged."

const struct cmd cmd_journal_log = {
	.name = "journal log",
	.summary = "show what happened in a repository",
	.details = DETAILS,
	.options = journal_options,
	.json = true,
	.run = run_journal,
};
const struct cmd cmd_session_log = {
	.name = "session log",
	.summary = "show what happened in a session",
	.usage = "[NAME|ID|TASK]",
	.details = DETAILS,
	.options = session_options,
	.max_args = 1,
	.json = true,
	.run = run_session,
};
