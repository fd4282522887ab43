/* minsky session pr close, pr reopen */
#include "cli/open.h"
#include "cli/output.h"
#include "cli/pr_cmd.h"
#include "session/pr_close.h"

static const char *repo_path;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

typedef int end_fn(struct repo *repo, struct session *s, bool *done_out, struct error *err);

static int run(
	struct app *app, const char *key, end_fn *act, const char *outcome, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL };
	bool done = false;
	int r = open_session(&repo, app, repo_path, key, &s, err);

	if (r == 0)
		r = act(&repo, &s, &done, err);
	if (r == 0)
		r = pr_cmd_print(&repo, &s, done ? outcome : "unchanged", err);
	session_release(&s);
	repo_release(&repo);
	return r;
}

static int run_close(struct app *app, int argc, const char **argv, struct error *err)
{
	return run(app, argc ? argv[0] : NULL, pr_close, "closed", err);
}

static int run_reopen(struct app *app, int argc, const char **argv, struct error *err)
{
	return run(app, argc ? argv[0] : NULL, pr_reopen, "reopened", err);
}

const struct cmd cmd_session_pr_close = {
	.name = "session pr close",
	.summary = "close a session's PR without merging it",
	.usage = "[NAME|ID|TASK]",
	.details = "The PR branch is deleted, also on the remote; its commit is kept in the "
		   "workspace. 'minsky\n"
		   "session pr reopen' reopens the PR, 'minsky session pr create' creates another "
		   "one.",
	.options = options,
	.max_args = 1,
	.json = true,
	.run = run_close,
};
const struct cmd cmd_session_pr_reopen = {
	.name = "session pr reopen",
	.summary = "reopen a closed PR, or one whose branch was deleted",
	.usage = "[NAME|ID|TASK]",
	.options = options,
	.max_args = 1,
	.json = true,
	.run = run_reopen,
};
