/* minsky session adopt */
#include "cli/output.h"
#include "core/fs.h"
#include "core/names.h"
#include "session/start.h"

static const char *name, *task, *description, *base, *repo_path;
static bool worktree;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "name", &name, "NAME", "name of the session (the branch's)" },
	{ OPTION_STRING, 't', "task", &task, "ID", "the task that it is for: 123, #123, task#123" },
	{ OPTION_STRING, 'd', "description", &description, "TEXT", "what it is about" },
	{ OPTION_STRING, 0, "base", &base, "BRANCH", "branch that it is for (the default branch)" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY", "the repository of a BRANCH" },
	{ OPTION_FLAG, 'w', "worktree", &worktree, NULL,
		"give a BRANCH a linked work tree of the repository instead of a clone" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

/* A branch may have slashes, a session's name may not. */
static int choose_name(const char *branch, struct buf *out, struct error *err)
{
	buf_clear(out);
	buf_adds(out, name ? name : branch);
	for (char *at = out->data; !name && (at = strchr(at, '/'));)
		*at = '-';
	return out->failed ? buf_check(out, err) : name_check_session(out->data, err);
}

static int print(struct repo *repo, const struct session *s, size_t events, struct error *err)
{
	struct app *app = repo->app;
	struct jsonw w;
	int r;

	if (app->json) {
		app_json_begin(app, &w);
		jsonw_ku64(&w, "events", events);
		jsonw_key(&w, "session");
		r = output_session_json(repo, &w, s, err);
		app_json_end(app, &w);
		return r;
	}
	app_say(app, "session '%s' adopted; %zu events of its past were told", s->name, events);
	return output_session_text(repo, s, err);
}

/* The repository is that of the work tree, and has to be known, or to be a clone of a known one. */
static int open_path(struct repo *repo, struct git_repo *git, struct app *app, const char *path,
	struct error *err)
{
	bool joins = true;
	int r = repo_open(repo, app, path, err);

	if (r == 0)
		r = git_repo_open(git, path, err);
	if (r == 0 && !repo->known && strcmp(repo->git_dir.data, repo->common_dir.data) == 0)
		r = repo_would_join(repo, git, &joins, err);
	if (r == 0 && !joins) {
		error_set(err, ERR_REFUSED, "'%s' is a clone of no repository that minsky knows",
			path);
		r = error_hint(err,
			"run minsky init in the repository; or adopt a branch of this one: "
			"minsky session adopt BRANCH");
	}
	if (r == 0 && !git->branch) {
		error_set(err, ERR_REFUSED, "no branch is checked out in '%s'", path);
		r = error_hint(err, "git switch -c NAME makes one");
	}
	return r < 0 ? r : repo_register(repo, git, NULL, err);
}

static int open_branch(struct repo *repo, struct git_repo *git, struct app *app, struct error *err)
{
	int r = repo_open(repo, app, repo_path, err);

	if (r == 0 && repo->pointer.session[0]) {
		error_set(err, ERR_REFUSED, "this is the workspace of session '%s'",
			repo->pointer.name ? repo->pointer.name : repo->pointer.session);
		r = error_hint(err, "name the repository with --repo");
	}
	if (r == 0)
		r = git_repo_open(git, repo_path ? repo_path : ".", err);
	return r < 0 ? r : repo_register(repo, git, NULL, err);
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct start_request req = { .description = description, .base = base };
	struct buf chosen = BUF_INIT, task_id = BUF_INIT, real = BUF_INIT;
	struct repo repo = REPO_INIT;
	struct git_repo git = { .top = NULL };
	struct session s = { .name = NULL };
	bool is_path = fs_is_dir(argv[0]);
	size_t events = 0;
	int r = 0;

	(void)argc;
	if (task)
		r = name_task_id(task, &task_id, err);
	if (r == 0 && is_path)
		r = fs_realpath(argv[0], &real, err);
	if (r == 0)
		r = is_path ? open_path(&repo, &git, app, real.data, err)
			    : open_branch(&repo, &git, app, err);
	if (r == 0)
		r = choose_name(is_path ? git.branch : argv[0], &chosen, err);
	if (r < 0)
		goto out;
	req.name = chosen.data;
	req.task = task ? task_id.data : NULL;
	req.branch = is_path ? git.branch : argv[0];
	req.worktree = is_path
		? strcmp(repo.git_dir.data, repo.common_dir.data) != 0
		: worktree || !strcmp(config_get(repo.config, "session.mode"), "worktree");
	r = adopt_session(&repo, &git, &req, is_path ? real.data : NULL, &s, &events, err);
	if (r == 0)
		r = print(&repo, &s, events, err);
out:
	session_release(&s);
	git_repo_release(&git);
	repo_release(&repo);
	buf_release(&chosen);
	buf_release(&task_id);
	buf_release(&real);
	return r;
}

const struct cmd cmd_session_adopt = {
	.name = "session adopt",
	.summary = "make a session of a clone, work tree or branch that is there, with its history",
	.usage = "PATH|BRANCH",
	.details = "What is a directory is taken as PATH.",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.json = true,
	.run = run,
};
