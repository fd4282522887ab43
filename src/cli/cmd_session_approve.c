/* minsky session approve, pr approve, pr merge */
#include "cli/open.h"
#include "cli/output.h"
#include "cli/pr_cmd.h"
#include "session/approve.h"

static const char *repo_path, *head;
static bool yes;

#define HEAD                                                                                       \
	{                                                                                          \
		OPTION_STRING, 0, "head", &head, "OID",                                            \
			"only if the PR is still at this commit, the one you reviewed"             \
	}
#define YES                                                                                        \
	{                                                                                          \
		OPTION_FLAG, 'y', "yes", &yes, NULL,                                               \
			"do not ask before the first push to the base branch of a remote"          \
	}
#define REPO                                                                                       \
	{                                                                                          \
		OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",                                 \
			"the repository (default: the current one)"                                \
	}
#define END                                                                                        \
	{                                                                                          \
		OPTION_END, 0, NULL, NULL, NULL, NULL                                              \
	}

static const struct option_desc land_options[] = { HEAD, YES, REPO, END };
static const struct option_desc approve_options[] = { HEAD, REPO, END };

static int print_landed(struct repo *repo, const struct session *s,
	const struct approve_result *result, struct error *err)
{
	const struct pr *pr = session_pr(s);
	struct app *app = app_of(repo);
	struct jsonw w;
	int r = 0;

	if (app->json) {
		app_json_begin(app, &w);
		jsonw_kbool(&w, "mainBehind", result->main_behind);
		jsonw_key(&w, "session");
		r = output_session_json(repo, &w, s, 0, err);
		app_json_end(app, &w);
		return r;
	}
	if (!pr)
		return output_gone(s, err);
	app_row(app, "session", s->name);
	buf_addf(&app->out, "%-12s", "pr");
	output_pr_line(app, pr, 0);
	buf_addf(&app->out, "\n%-12s", "base");
	app_text(app, s->base_branch);
	buf_addf(&app->out, " is at %s\n", output_short(pr->head));
	return 0;
}

/* Asks for what is missing, and does it again. */
static int approve(struct repo *repo, struct session *s, const struct approve_request *asked,
	struct approve_result *result, struct error *err)
{
	struct approve_request req = *asked;
	struct app *app = app_of(repo);
	int r = session_approve(repo, s, &req, result, err);

	if (r == ERR_REFUSED && result->needs_consent.len &&
		app_confirm(app, "%s?", result->needs_consent.data)) {
		error_clear(err);
		approve_result_release(result);
		req.consent = CONSENT_FROM_NOW_ON;
		r = session_approve(repo, s, &req, result, err);
	}
	app_outcome(app, &result->outcome);
	return r;
}

static int run(
	struct app *app, const char *key, const struct approve_request *req, struct error *err)
{
	struct approve_result result = APPROVE_RESULT_INIT;
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL };
	int r = open_session(&repo, app, repo_path, key, &s, err);

	if (r == 0)
		r = approve(&repo, &s, req, &result, err);
	if (r == 0 && req->what == APPROVE_ONLY)
		r = pr_cmd_print(&repo, &s, result.unchanged ? "unchanged" : "approved", err);
	else if (r == 0)
		r = print_landed(&repo, &s, &result, err);
	approve_result_release(&result);
	session_release(&s);
	repo_release(&repo);
	return r;
}

static int run_both(struct app *app, int argc, const char **argv, struct error *err)
{
	struct approve_request req = {
		.what = APPROVE_AND_LAND, .head = head, .consent = yes ? CONSENT_ONCE : CONSENT_NONE
	};

	return run(app, argc ? argv[0] : NULL, &req, err);
}

static int run_approve(struct app *app, int argc, const char **argv, struct error *err)
{
	struct approve_request req = { .what = APPROVE_ONLY, .head = head };

	return run(app, argc ? argv[0] : NULL, &req, err);
}

static int run_merge(struct app *app, int argc, const char **argv, struct error *err)
{
	struct approve_request req = {
		.what = LAND_APPROVED, .head = head, .consent = yes ? CONSENT_ONCE : CONSENT_NONE
	};

	return run(app, argc ? argv[0] : NULL, &req, err);
}

const struct cmd cmd_session_approve = {
	.name = "session approve",
	.summary = "approve and merge a session's PR",
	.usage = "[NAME|ID|TASK]",
	.details = "With a remote, one atomic push moves its base branch forward and deletes the "
		   "PR branch;\n"
		   "then the main repository is updated. Nothing is forced: if the base has moved, "
		   "the command\n"
		   "is refused (exit 4) and nothing has changed.",
	.options = land_options,
	.max_args = 1,
	.json = true,
	.run = run_both,
};
const struct cmd cmd_session_pr_approve = {
	.name = "session pr approve",
	.summary = "approve a session's PR at its current commit, without merging it",
	.usage = "[NAME|ID|TASK]",
	.details = "The approval applies to that commit only, and lapses when the PR moves.",
	.options = approve_options,
	.max_args = 1,
	.json = true,
	.run = run_approve,
};
const struct cmd cmd_session_pr_merge = {
	.name = "session pr merge",
	.summary = "merge a session's approved PR",
	.usage = "[NAME|ID|TASK]",
	.details = "Like 'minsky session approve', but refuses (exit 4) a PR that is not approved, "
		   "or has moved\n"
		   "since.",
	.options = land_options,
	.max_args = 1,
	.json = true,
	.run = run_merge,
};
