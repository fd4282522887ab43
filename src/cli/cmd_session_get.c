/* minsky session get, dir, inspect: one session, by name, id or task, or the one we are in. */
#include "cli/open.h"
#include "cli/output.h"
#include "history/as_of.h"
#include "repo/health.h"
#include "session/pr_refresh.h"
#include "session/start.h"

static const char *repo_path, *when;

static const struct option_desc get_options[] = {
	{ OPTION_STRING, 0, "as-of", &when, "TIME|SEQ", "as it was at this time" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const struct option_desc no_options[] = {
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int print(
	struct repo *repo, const struct session *s, const struct as_of *then, struct error *err)
{
	struct jsonw w;
	int r;

	if (!app_of(repo)->json) {
		if (then)
			output_as_of(app_of(repo), then);
		return output_session_text(repo, s, then ? then->ms : 0, err);
	}
	app_json_begin(app_of(repo), &w);
	if (then)
		as_of_json(&w, then);
	jsonw_key(&w, "session");
	r = output_session_json(repo, &w, s, then ? then->ms : 0, err);
	app_json_end(app_of(repo), &w);
	return r;
}

static int get(struct app *app, const char *key, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL };
	int r = open_session(&repo, app, repo_path, key, &s, err);

	if (r == 0 && !s.started && !s.deleted) {
		struct outcome outcome = { .unwell = false };

		r = start_recover(&repo, &outcome, err);
		app_outcome(app, &outcome);
		outcome_release(&outcome);
		if (r == 0) {
			session_release(&s);
			s = (struct session){ .name = NULL };
			repo_release(&repo);
			r = open_session(&repo, app, repo_path, key, &s, err);
		}
	}
	if (r == 0)
		r = pr_refresh(&repo, &s, PR_REFRESH_USUAL, err);
	if (r == 0)
		r = print(&repo, &s, NULL, err);
	session_release(&s);
	repo_release(&repo);
	return r;
}

static int get_then(struct app *app, const char *key, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct as_of then = { .ms = 0 };
	const struct session *s = NULL;
	int r = open_as_of(&repo, app, repo_path, key, when, &then, &s, err);

	if (r == 0)
		r = print(&repo, s, &then, err);
	as_of_release(&then);
	repo_release(&repo);
	return r;
}

static int run_get(struct app *app, int argc, const char **argv, struct error *err)
{
	if (when)
		return get_then(app, argc ? argv[0] : NULL, err);
	return get(app, argc ? argv[0] : NULL, err);
}

static int run_inspect(struct app *app, int argc, const char **argv, struct error *err)
{
	return get(app, argc ? argv[0] : NULL, err);
}

static int run_dir(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL };
	struct jsonw w;
	int r = open_session(&repo, app, repo_path, argc ? argv[0] : NULL, &s, err);

	/* To a script it is simply not there. */
	if (r == 0 && session_want_local(&repo, &s, "ask for it", err) < 0)
		r = err->code = ERR_NOTFOUND;
	if (r == 0 && !s.workspace)
		r = error_set(err, ERR_NOTFOUND, "session '%s' has no workspace", s.name);
	if (r == 0 && session_health(&repo, &s) == HEALTH_LOST)
		app_warn(app, "the directory of the workspace does not exist");
	if (r == 0 && app->json) {
		app_json_begin(app, &w);
		jsonw_kstring(&w, "session", s.name);
		jsonw_kstring(&w, "workspace", s.workspace);
		app_json_end(app, &w);
	} else if (r == 0) {
		/* As it is: the answer is for $(...), not for eyes. */
		buf_addf(&app->out, "%s\n", s.workspace);
	}
	session_release(&s);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_session_get = {
	.name = "session get",
	.summary = "show a session and the state of its PR",
	.usage = "[NAME|ID|TASK]",
	.options = get_options,
	.max_args = 1,
	.json = true,
	.run = run_get,
};
const struct cmd cmd_session_dir = {
	.name = "session dir",
	.summary = "print the directory of a session's workspace",
	.usage = "[NAME|ID|TASK]",
	.options = options,
	.max_args = 1,
	.json = true,
	.run = run_dir,
};
const struct cmd cmd_session_inspect = {
	.name = "session inspect",
	.summary = "show the session of the current workspace, or the one that is named",
	.usage = "[NAME|ID|TASK]",
	.options = no_options,
	.max_args = 1,
	.json = true,
	.run = run_inspect,
};
