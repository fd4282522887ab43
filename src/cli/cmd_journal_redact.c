/* minsky journal redact */
#include "cli/open.h"
#include "history/point.h"
#include "log/redact.h"
#include "repo/repo.h"

static const char *repo_path, *reason;
static bool yes;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "reason", &reason, "TEXT",
		"the reason, which is recorded in the journal" },
	{ OPTION_FLAG, 'y', "yes", &yes, NULL, "do not ask for confirmation" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int confirm(struct app *app, const char *place, struct error *err)
{
	if (yes || app_confirm(app, "erase the content of record %s for good?", place))
		return 0;
	error_refuse(err, "not-redacted", "record %s was not redacted", place);
	return error_hint(err, "redaction cannot be undone; to confirm it, give --yes");
}

static void print_result(
	struct app *app, const struct history_point *p, const char *place, bool changed)
{
	struct jsonw w;

	if (app->json) {
		app_json_begin(app, &w);
		jsonw_kstring(&w, "origin", p->origin);
		jsonw_ku64(&w, "seq", p->seq);
		jsonw_kstring(&w, "outcome", changed ? "redacted" : "unchanged");
		app_json_end(app, &w);
		return;
	}
	buf_addf(&app->out, "record %s %s\n", place, changed ? "redacted" : "already redacted");
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct history_point p = { .by_time = false };
	bool changed = false;
	int r = open_repo(&repo, app, repo_path, err);

	(void)argc;
	if (r == 0 && !repo.known)
		r = error_set(err, ERR_NOTFOUND, "this repository has no journal");
	if (r == 0 && (!reason || !*reason))
		r = error_set(err, ERR_USAGE, "give the reason with --reason");
	if (r == 0)
		r = history_point_parse(&p, repo.journal, argv[0], false, err);
	if (r == 0)
		r = confirm(app, argv[0], err);
	if (r == 0)
		r = journal_redact(repo.journal, p.origin, p.seq, reason, &changed, err);
	repo.wrote = r == 0;
	if (r == 0)
		r = repo_empty_backend(&repo, err);
	if (r == 0)
		r = repo_project(&repo, err);
	if (r == 0)
		print_result(app, &p, argv[0], changed);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_journal_redact = {
	.name = "journal redact",
	.summary = "erase the content of a record for good",
	.usage = "SEQ",
	.details = "SEQ is the number of a record of this machine, or ORIGIN:SEQ.",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.json = true,
	.run = run,
};
