/* minsky session start */
#include "cli/output.h"
#include "core/names.h"
#include "core/text.h"
#include "session/setup.h"
#include "session/start.h"

static const char *task, *description, *branch, *base, *repo_path;
static bool quiet, worktree;

static const struct option_desc options[] = {
	{ OPTION_STRING, 't', "task", &task, "ID", "the task that it is for: 123, #123, task#123" },
	{ OPTION_STRING, 'd', "description", &description, "TEXT", "what it is about" },
	{ OPTION_STRING, 'b', "branch", &branch, "NAME",
		"name of its branch (the session's name)" },
	{ OPTION_STRING, 0, "base", &base, "BRANCH", "branch to start from (the default branch)" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY", "the repository (the one we are in)" },
	{ OPTION_FLAG, 'w', "worktree", &worktree, NULL,
		"a linked work tree of the repository instead of a clone" },
	{ OPTION_FLAG, 'q', "quiet", &quiet, NULL,
		"print the workspace's directory, say nothing else" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

/* The name that was given, or one made of the task or the description. */
static int choose_name(const char *given, const char *task_id, struct buf *out, struct error *err)
{
	buf_clear(out);
	if (given)
		buf_adds(out, given);
	else if (task_id)
		buf_addf(out, "task-%s", task_id);
	else if (description)
		return name_slug(description, out, err);
	else
		return error_set(err, ERR_USAGE, "a session wants a name, --task or --description");
	return buf_check(out, err);
}

static int refuse_inside(const struct repo *repo, struct error *err)
{
	struct buf dir = BUF_INIT, quoted = BUF_INIT;
	struct error ignored = ERROR_INIT;

	error_set(err, ERR_REFUSED, "this is the workspace of session '%s'",
		repo->pointer.name ? repo->pointer.name : repo->pointer.session);
	if (repo->file.main_path && repo_main_dir(repo, NULL, &dir, &ignored) == 0) {
		text_add_quoted(&quoted, dir.data);
		error_hint(err, "start it from the repository: minsky session start --repo %s",
			quoted.data);
	}
	buf_release(&dir);
	buf_release(&quoted);
	return err->code;
}

static int print(struct repo *repo, const struct session *s, struct error *err)
{
	struct app *app = repo->app;
	struct jsonw w;
	int r = 0;

	if (app->json) {
		app_json_begin(app, &w);
		jsonw_key(&w, "session");
		r = output_session_json(repo, &w, s, err);
		app_json_end(app, &w);
	} else if (quiet) {
		buf_addf(&app->out, "%s\n", s->workspace);
	} else {
		app_say(app, "session '%s' started; go there: cd \"$(minsky session dir %s)\"",
			s->name, s->name);
		r = output_session_text(repo, s, err);
	}
	return r;
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct start_request req = { .description = description };
	struct buf name = BUF_INIT, task_id = BUF_INIT;
	struct repo repo = REPO_INIT;
	struct git_repo git = { .top = NULL };
	struct session s = { .name = NULL };
	const char *configured;
	int r = 0;

	app->quiet = quiet;
	if (task)
		r = name_task_id(task, &task_id, err);
	if (r == 0)
		r = choose_name(argc ? argv[0] : NULL, task ? task_id.data : NULL, &name, err);
	if (r == 0)
		r = name_check_session(name.data, err);
	if (r == 0 && branch)
		r = name_check_branch(branch, err);
	if (r == 0)
		r = repo_open(&repo, app, repo_path, err);
	if (r == 0 && repo.known && repo.pointer.session[0])
		r = refuse_inside(&repo, err);
	if (r == 0)
		r = git_repo_open(&git, repo_path ? repo_path : ".", err);
	if (r == 0)
		r = repo_register(&repo, &git, NULL, err);
	if (r == 0)
		r = start_recover(&repo, err);
	if (r < 0)
		goto out;
	req.name = name.data;
	req.task = task ? task_id.data : NULL;
	req.branch = branch;
	configured = config_get(repo.config, "session.base");
	req.base = base ? base : configured && *configured ? configured : NULL;
	req.worktree = worktree || !strcmp(config_get(repo.config, "session.mode"), "worktree");
	r = start_session(&repo, &git, &req, &s, err);
	if (r == ERR_NOTFOUND && req.base && !base)
		error_wrap(err, "session.base (%s)", config_origin(repo.config, "session.base"));
	if (r == 0)
		r = setup_run(&repo, &s, err);
	if (r == 0)
		r = print(&repo, &s, err);
out:
	session_release(&s);
	git_repo_release(&git);
	repo_release(&repo);
	buf_release(&name);
	buf_release(&task_id);
	return r;
}

const struct cmd cmd_session_start = {
	.name = "session start",
	.summary = "start a session: a workspace on its own branch, for one task",
	.usage = "[NAME]",
	.details = "Without NAME the session is called task-ID, or after its description.",
	.options = options,
	.max_args = 1,
	.json = true,
	.run = run,
};
