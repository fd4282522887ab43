/* minsky session update */
#include "cli/open.h"
#include "cli/output.h"
#include "cli/pr_cmd.h"
#include "core/names.h"
#include "session/update.h"

static const char *repo_path, *base;
static bool fetch, dry_run;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "base", &base, "BRANCH", "change the base branch to this branch" },
	{ OPTION_FLAG, 0, "fetch", &fetch, NULL, "fetch the base branch from the remote first" },
	{ OPTION_FLAG, 0, "dry-run", &dry_run, NULL, "show what would be done, without doing it" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int print(struct repo *repo, const struct session *s, const struct update_result *result,
	struct error *err)
{
	const char *outcome = !result->how ? "unchanged" : dry_run ? "would be updated" : "updated";
	struct app *app = app_of(repo);
	struct jsonw w;
	int r = 0;

	if (app->json) {
		app_json_begin(app, &w);
		jsonw_kstring(&w, "outcome", outcome);
		if (result->how) {
			jsonw_kstring(&w, "how", result->how);
			jsonw_kstring(&w, "from", result->from.hex);
			jsonw_kstring(&w, "to", result->to.hex);
		}
		jsonw_key(&w, "session");
		r = output_session_json(repo, &w, s, 0, err);
		app_json_end(app, &w);
		return r;
	}
	app_row(app, "session", s->name);
	app_row(app, "base", s->base_branch);
	app_row(app, "outcome", outcome);
	app_row(app, "how", result->how);
	if (result->how)
		buf_addf(&app->out, "%-12s%s..%s\n", "branch", output_short(result->from.hex),
			output_short(result->to.hex));
	return 0;
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	const struct update_request req = { .base = base, .fetch = fetch, .dry_run = dry_run };
	struct update_result result = { .how = NULL };
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL };
	int r = base ? name_check_branch(base, err) : 0;

	if (r == 0)
		r = open_session(&repo, app, repo_path, argc ? argv[0] : NULL, &s, err);
	if (r == 0) {
		r = session_update(&repo, &s, &req, &result, err);
		app_outcome(app, &result.outcome);
	}
	if (r == 0)
		r = print(&repo, &s, &result, err);
	outcome_release(&result.outcome);
	session_release(&s);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_session_update = {
	.name = "session update",
	.summary = "merge the base branch into a session's branch",
	.usage = "[NAME|ID|TASK]",
	.details = "Conflicts are determined before anything changes (exit 4, and the files are "
		   "listed). Uncommitted\n"
		   "changes are kept; if they would be overwritten, the command is refused.",
	.options = options,
	.max_args = 1,
	.json = true,
	.run = run,
};
