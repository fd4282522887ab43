/* minsky session rename */
#include <unistd.h>

#include "cli/open.h"
#include "cli/output.h"
#include "repo/display_name.h"
#include "session/pr_refresh.h"
#include "session/rename.h"

static const char *repo_path;
static bool branch, move;

static const struct option_desc options[] = {
	{ OPTION_FLAG, 0, "branch", &branch, NULL, "also rename the session's git branch" },
	{ OPTION_FLAG, 0, "move", &move, NULL,
		"also move its workspace to a directory of that name" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct rename_request req = { .name = argv[argc - 1], .branch = branch, .move = move };
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL };
	struct rename_result result = { .done = false };
	const char *outcome;
	int r = open_session(&repo, app, repo_path, argc == 2 ? argv[0] : NULL, &s, err);

	if (r == 0) {
		r = session_rename(&repo, &s, &req, &result, err);
		app_outcome(app, &result.outcome);
	}
	if (r < 0)
		goto out;
	outcome = result.done ? "renamed" : "unchanged";
	if (app->json) {
		r = output_outcome_json(&repo, outcome, &s, err);
	} else {
		app_row(app, "session", s.name);
		app_row(app, "branch", s.branch);
		app_row(app, "workspace", s.workspace);
		app_row(app, "outcome", outcome);
	}
out:
	outcome_release(&result.outcome);
	session_release(&s);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_session_rename = {
	.name = "session rename",
	.summary = "rename a session",
	.usage = "[NAME|ID|TASK] NEW",
	.details = "The history and the PRs are kept. An open PR keeps its branch; the next one "
		   "will be on pr/NEW.\n"
		   "Branch and directory keep their names unless --branch or --move is given.",
	.options = options,
	.min_args = 1,
	.max_args = 2,
	.json = true,
	.run = run,
};
