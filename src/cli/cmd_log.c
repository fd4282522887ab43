/* minsky journal log, and session log: the same with the session given. */
#include "cli/context.h"
#include "cli/log_print.h"

static struct log_filter filter;
static const char *repo;
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
		OPTION_STRING, 0, "repo", &repo, "DIRECTORY", "the repository (the one we are in)" \
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

static int print(struct context *c, const char *wanted, struct error *err)
{
	struct log_order order = { .count = count, .reverse = reverse };

	filter.session = wanted;
	return log_print(c, &filter, &order, err);
}

static int run_journal(struct app *app, int argc, const char **argv, struct error *err)
{
	struct context c = CONTEXT_INIT;
	int r = log_open(&c, app, repo, err);

	(void)argc;
	(void)argv;
	if (r == 0 && all && filter.own)
		r = error_set(err, ERR_USAGE, "--all and --own are opposites");
	if (r == 0)
		r = print(&c, filter.session, err);
	context_release(&c);
	return r;
}

static int run_session(struct app *app, int argc, const char **argv, struct error *err)
{
	struct context c = CONTEXT_INIT;
	struct session s = { .name = NULL };
	int r;

	/* By name first among the living; log_print knows the deleted ones too. */
	r = context_find_session(&c, app, repo, argc ? argv[0] : NULL, &s, err);
	if (r == 0)
		r = context_catch_up(&c, &s, err);
	if (r == 0) {
		r = print(&c, s.id, err);
	} else if (r == ERR_NOTFOUND && argc && c.known) {
		error_clear(err);
		r = print(&c, argv[0], err);
	}
	session_release(&s);
	context_release(&c);
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
