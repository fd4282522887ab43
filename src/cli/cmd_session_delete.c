/* minsky session delete, restore */
#include <unistd.h>

#include "cli/open.h"
#include "cli/output.h"
#include "session/delete.h"

static const char *repo_path, *override;
static bool dry_run;

static const struct option_desc delete_options[] = {
	{ OPTION_STRING, 0, "override", &override, "REASON",
		"delete even if work could be lost; the reason is recorded" },
	{ OPTION_FLAG, 0, "dry-run", &dry_run, NULL,
		"show whether it would be deleted, without deleting it" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const struct option_desc restore_options[] = {
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int print(struct repo *repo, const struct session *s, const char *word, struct error *err)
{
	struct app *app = app_of(repo);

	if (app->json)
		return output_outcome_json(repo, word, s, err);
	app_row(app, "session", s->name);
	app_row(app, "outcome", word);
	return 0;
}

static int run_delete(struct app *app, int argc, const char **argv, struct error *err)
{
	char cwd[4096];
	const struct delete_request req = {
		.override = override, .dry_run = dry_run, .cwd = getcwd(cwd, sizeof(cwd))
	};
	struct delete_result result = { .purged = 0 };
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL };
	int r;

	(void)argc;
	if (override && !*override)
		return error_set(err, ERR_USAGE, "--override requires a reason");
	r = open_session(&repo, app, repo_path, argv[0], &s, err);
	if (r == 0) {
		r = session_delete(&repo, &s, &req, &result, err);
		app_outcome(app, &result.outcome);
	}
	if (r == 0)
		r = print(&repo, &result.session, dry_run ? "would be deleted" : "deleted", err);
	delete_result_release(&result);
	session_release(&s);
	repo_release(&repo);
	return r;
}

static int run_restore(struct app *app, int argc, const char **argv, struct error *err)
{
	struct restore_result result = { .session = { .name = NULL } };
	struct repo repo = REPO_INIT;
	int r = open_repo(&repo, app, repo_path, err);

	(void)argc;
	if (r == 0) {
		r = session_restore(&repo, argv[0], &result, err);
		app_outcome(app, &result.outcome);
	}
	if (r == 0)
		r = print(&repo, &result.session, "restored", err);
	restore_result_release(&result);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_session_delete = {
	.name = "session delete",
	.summary = "delete a session, unless work could be lost (exit 4)",
	.usage = "NAME|ID|TASK",
	.details = "Uncommitted, untracked, stashed, unpushed or unmerged work prevents the "
		   "deletion, and so does\n"
		   "any error of git. The workspace is moved to the trash.",
	.options = delete_options,
	.min_args = 1,
	.max_args = 1,
	.json = true,
	.run = run_delete,
};
const struct cmd cmd_session_restore = {
	.name = "session restore",
	.summary = "restore a deleted session from the trash",
	.usage = "NAME|ID",
	.options = restore_options,
	.min_args = 1,
	.max_args = 1,
	.json = true,
	.run = run_restore,
};
