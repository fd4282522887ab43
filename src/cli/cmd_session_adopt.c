/* minsky session adopt */
#include "cli/open.h"
#include "cli/output.h"
#include "core/fs.h"
#include "session/start.h"

static const char *name, *task, *description, *base, *repo_path;
static bool worktree;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "name", &name, "NAME",
		"name of the session (default: that of the branch)" },
	{ OPTION_STRING, 't', "task", &task, "ID", "task of the session: 123, #123 or task#123" },
	{ OPTION_STRING, 'd', "description", &description, "TEXT", "description of the session" },
	{ OPTION_STRING, 0, "base", &base, "BRANCH", "base branch (default: the default branch)" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository of BRANCH (default: the current one)" },
	{ OPTION_FLAG, 'w', "worktree", &worktree, NULL,
		"create a linked work tree for BRANCH instead of a clone" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int print(struct repo *repo, const struct session *s, size_t events, struct error *err)
{
	struct app *app = app_of(repo);
	struct jsonw w;
	int r;

	if (app->json) {
		app_json_begin(app, &w);
		jsonw_ku64(&w, "events", events);
		jsonw_key(&w, "session");
		r = output_session_json(repo, &w, s, 0, err);
		app_json_end(app, &w);
		return r;
	}
	app_say(app, "session '%s' adopted; %zu events of its history were recorded", s->name,
		events);
	return output_session_text(repo, s, 0, err);
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	bool is_path = fs_is_dir(argv[0]);
	const struct start_request req = { .name = name,
		.task = task,
		.description = description,
		.branch = is_path ? NULL : argv[0],
		.base = base,
		.mode = worktree ? START_MODE_WORKTREE : START_MODE_SETTING };
	struct start_result result = { .events = 0 };
	struct buf real = BUF_INIT;
	struct repo repo = REPO_INIT;
	int r = is_path ? fs_realpath(argv[0], &real, err) : 0;

	(void)argc;
	if (r == 0)
		r = open_repo(&repo, app, is_path ? real.data : repo_path, err);
	if (r == 0) {
		r = session_adopt(&repo, &req, is_path ? real.data : NULL, &result, err);
		app_outcome(app, &result.outcome);
	}
	if (r == 0)
		r = print(&repo, &result.session, result.events, err);
	start_result_release(&result);
	repo_release(&repo);
	buf_release(&real);
	return r;
}

const struct cmd cmd_session_adopt = {
	.name = "session adopt",
	.summary = "make a session from an existing clone, work tree or branch, with its history",
	.usage = "PATH|BRANCH",
	.details = "An argument that is a directory is a PATH, any other one a BRANCH.",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.json = true,
	.run = run,
};
