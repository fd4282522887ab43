/* minsky journal log, and session log: the same with the session given. */
#include "cli/context.h"
#include "cli/log_print.h"

static const char *session, *type, *since, *until, *repo;
static unsigned long count;
static bool reverse;

#define WHAT_AND_WHEN                                                                              \
	{ OPTION_STRING, 't', "type", &type, "TYPE", "events of this type: pr, pr.created" },      \
		{ OPTION_STRING, 0, "since", &since, "TIME", "learnt at or after TIME" },          \
		{ OPTION_STRING, 0, "until", &until, "TIME", "learnt at or before TIME" },         \
		{ OPTION_COUNT, 'n', "count", &count, "N", "the newest N" },                       \
		{ OPTION_FLAG, 0, "reverse", &reverse, NULL, "newest first" },                     \
	{                                                                                          \
		OPTION_STRING, 0, "repo", &repo, "DIRECTORY", "the repository (the one we are in)" \
	}

static const struct option_desc journal_options[] = {
	{ OPTION_STRING, 's', "session", &session, "NAME", "events of one session" },
	WHAT_AND_WHEN,
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const struct option_desc session_options[] = {
	WHAT_AND_WHEN,
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int print(struct context *c, const char *wanted, struct error *err)
{
	struct log_filter filter = { .session = wanted,
		.type = type,
		.since = since,
		.until = until,
		.count = count,
		.reverse = reverse };

	return log_print(c, &filter, err);
}

static int run_journal(struct app *app, int argc, const char **argv, struct error *err)
{
	struct context c = CONTEXT_INIT;
	int r = context_open(&c, app, repo, err);

	(void)argc;
	(void)argv;
	if (r == 0 && !c.known) {
		r = error_set(err, ERR_NOTFOUND, "this repository has no journal");
		error_hint(err, "'minsky init' or 'minsky session start' begin one");
	}
	if (r == 0)
		r = print(&c, session, err);
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
	"TIME is a date, a time or an age such as 90m, 2h, 3d. With --json each line is a "        \
	"record of\nthe journal as it stands there."

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
