/* minsky session start */
#include "cli/open.h"
#include "cli/output.h"
#include "session/start.h"

static const char *task, *description, *branch, *base, *repo_path;
static bool quiet, worktree;

static const struct option_desc options[] = {
	{ OPTION_STRING, 't', "task", &task, "ID", "task of the session: 123, #123 or task#123" },
	{ OPTION_STRING, 'd', "description", &description, "TEXT", "description of the session" },
	{ OPTION_STRING, 'b', "branch", &branch, "NAME",
		"name of the branch (default: the name of the session)" },
	{ OPTION_STRING, 0, "base", &base, "BRANCH",
		"branch to start from (default: the default branch)" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_FLAG, 'w', "worktree", &worktree, NULL,
		"create a linked work tree instead of a clone" },
	{ OPTION_FLAG, 'q', "quiet", &quiet, NULL, "print only the directory of the workspace" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int print(struct repo *repo, const struct session *s, struct error *err)
{
	struct app *app = app_of(repo);
	struct jsonw w;
	int r = 0;

	if (app->json) {
		app_json_begin(app, &w);
		jsonw_key(&w, "session");
		r = output_session_json(repo, &w, s, 0, err);
		app_json_end(app, &w);
	} else if (quiet) {
		buf_addf(&app->out, "%s\n", s->workspace);
	} else {
		app_say(app, "session '%s' started; go there: cd \"$(minsky session dir %s)\"",
			s->name, s->name);
		r = output_session_text(repo, s, 0, err);
	}
	return r;
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	const struct start_request req = { .name = argc ? argv[0] : NULL,
		.task = task,
		.description = description,
		.branch = branch,
		.base = base,
		.mode = worktree ? START_MODE_WORKTREE : START_MODE_SETTING };
	struct start_result result = { .events = 0 };
	struct repo repo = REPO_INIT;
	int r;

	app->quiet = quiet;
	r = start_check(&req, err);
	if (r == 0)
		r = open_repo(&repo, app, repo_path, err);
	if (r == 0) {
		r = session_start(&repo, &req, &result, err);
		app_outcome(app, &result.outcome);
	}
	if (r == 0)
		r = print(&repo, &result.session, err);
	start_result_release(&result);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_session_start = {
	.name = "session start",
	.summary = "start a session: a workspace on its own branch, for one task",
	.usage = "[NAME]",
	.details = "Without NAME, the session is named task-ID, or after its description.",
	.options = options,
	.max_args = 1,
	.json = true,
	.run = run,
};
