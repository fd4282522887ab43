/* minsky session approve */
#include "cli/approve.h"
#include "cli/output.h"
#include "cli/settle.h"
#include "core/fs.h"

static const char *repo;
static bool yes;

static const struct option_desc options[] = {
	{ OPTION_FLAG, 'y', "yes", &yes, NULL,
		"do not ask before the first push to a remote's base" },
	{ OPTION_STRING, 0, "repo", &repo, "DIRECTORY", "the repository (the one we are in)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct context c = CONTEXT_INIT;
	struct session s = { .name = NULL };
	struct approve_result result;
	struct jsonw w;
	int r = context_find_session(&c, app, repo, argc ? argv[0] : NULL, &s, err);

	if (r == 0)
		r = session_want_local(&c, &s, "approve it", err);
	if (r == 0 && (!s.workspace || !fs_is_dir(s.workspace)))
		r = error_set(err, ERR_REFUSED, "the workspace of '%s' is not there", s.name);
	if (r == 0)
		r = settle_session(&c, &s, false, err);
	if (r == 0)
		r = approve_session(&c, &s, yes, &result, err);
	if (r < 0)
		goto out;
	if (app->json) {
		app_json_begin(app, &w);
		jsonw_kbool(&w, "mainBehind", result.main_behind);
		jsonw_key(&w, "session");
		r = output_session_json(&c, &w, &s, err);
		app_json_end(app, &w);
	} else {
		const struct pr *pr = session_pr(&s);

		app_row(app, "session", s.name);
		buf_addf(&app->out, "%-12s", "pr");
		output_pr_line(app, pr);
		buf_addf(&app->out, "\n%-12s", "base");
		app_text(app, s.base_branch);
		buf_addf(&app->out, " is at %s\n", output_short(pr->head));
	}
out:
	session_release(&s);
	context_release(&c);
	return r;
}

const struct cmd cmd_session_approve = {
	.name = "session approve",
	.summary = "approve a session's PR and land it: the base branch moves to it",
	.usage = "[NAME|ID|TASK]",
	.details =
		"With a remote, one atomic push moves its base branch forward and deletes the PR "
		"branch;\nthen the main repository follows. Nothing is ever forced: a base that "
		"has moved is\nrefused (exit 4), and nothing has changed then.",
	.options = options,
	.max_args = 1,
	.json = true,
	.run = run,
};
