/* minsky init: make the repository known, and offer the hooks for it. */
#include "cli/open.h"
#include "repo/hook_setup.h"
#include "repo/repo.h"

static bool with_hooks, without_hooks;

static const struct option_desc options[] = {
	{ OPTION_FLAG, 0, "hooks", &with_hooks, NULL, "install the hooks without asking" },
	{ OPTION_FLAG, 0, "skip-hooks", &without_hooks, NULL,
		"do not install hooks, and do not ask" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct git_repo git = { .top = NULL };
	bool made = false, hooks = with_hooks, there = false;
	struct jsonw w;
	int r;

	(void)argc;
	r = open_repo(&repo, app, argc ? argv[0] : NULL, err);
	if (r == 0)
		r = git_repo_open(&git, argc ? argv[0] : ".", err);
	if (r == 0)
		r = repo_register(&repo, &git, &made, err);
	if (r < 0)
		goto out;
	app_say(app, made ? "registered this repository" : "this repository is registered already");
	there = hook_there(&repo, repo.common_dir.data, git.bare);
	if (!hooks && !there && !without_hooks) {
		hooks = app_confirm(app, "install minsky's hooks in this repository?");
		if (!hooks)
			app_say(app,
				"no hooks were installed; what happens is recorded by the next "
				"command (to install hooks: minsky hooks install)");
	}
	if (hooks)
		r = hook_setup(
			&repo, repo.common_dir.data, repo.pointer.clone, NULL, git.bare, err);
	if (r < 0)
		goto out;
	if (app->json) {
		app_json_begin(app, &w);
		jsonw_kstring(&w, "repository", repo.file.id);
		jsonw_kstring(&w, "name", repo.file.name);
		jsonw_kstring(&w, "journal", repo.file.journal);
		jsonw_kbool(&w, "new", made);
		jsonw_kbool(&w, "hooks", hooks || there);
		app_json_end(app, &w);
	} else {
		app_row(app, "repository", repo.file.name);
		app_row(app, "journal", repo.file.journal);
	}
out:
	git_repo_release(&git);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_init = {
	.name = "init",
	.summary = "register a repository and install its hooks",
	.usage = "[DIRECTORY]",
	.options = options,
	.max_args = 1,
	.json = true,
	.run = run,
};
