/* minsky init: make the repository known, and offer the hooks for it. */
#include "cli/context.h"
#include "cli/hook_setup.h"

static bool with_hooks, without_hooks;

static const struct option_desc options[] = {
	{ OPTION_FLAG, 0, "hooks", &with_hooks, NULL, "install the hooks without asking" },
	{ OPTION_FLAG, 0, "skip-hooks", &without_hooks, NULL, "do not ask about hooks" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct context c = CONTEXT_INIT;
	struct git_repo git = { .top = NULL };
	bool made = false, hooks = with_hooks, there = false;
	struct jsonw w;
	int r;

	(void)argc;
	r = context_open(&c, app, argc ? argv[0] : NULL, err);
	if (r == 0)
		r = git_repo_open(&git, argc ? argv[0] : ".", err);
	if (r == 0)
		r = context_adopt(&c, &git, &made, err);
	if (r < 0)
		goto out;
	app_say(app, made ? "this repository is known now" : "this repository was known already");
	there = hook_there(&c, c.common_dir.data, git.bare);
	if (!hooks && !there && !without_hooks) {
		hooks = app_confirm(app, "install minsky's hooks in this repository?");
		if (!hooks)
			app_say(app,
				"no hooks here; 'minsky hooks install' adds them, and commands "
				"notice changes without them too");
	}
	if (hooks)
		r = hook_setup(&c, c.common_dir.data, c.pointer.clone, NULL, git.bare, err);
	if (r < 0)
		goto out;
	if (app->json) {
		app_json_begin(app, &w);
		jsonw_kstring(&w, "repository", c.repo.id);
		jsonw_kstring(&w, "name", c.repo.name);
		jsonw_kstring(&w, "journal", c.repo.journal);
		jsonw_kbool(&w, "new", made);
		jsonw_kbool(&w, "hooks", hooks || there);
		app_json_end(app, &w);
	} else {
		app_row(app, "repository", c.repo.name);
		app_row(app, "journal", c.repo.journal);
	}
out:
	git_repo_release(&git);
	context_release(&c);
	return r;
}

const struct cmd cmd_init = {
	.name = "init",
	.summary = "make a repository known to minsky, and offer its hooks",
	.usage = "[DIRECTORY]",
	.options = options,
	.max_args = 1,
	.json = true,
	.run = run,
};
