/* minsky session purge */
#include "cli/open.h"
#include "cli/output.h"
#include "core/clock.h"
#include "core/duration.h"
#include "session/purge.h"

#define LOCK_MS 30000

static const char *repo_path, *older_than;
static bool all, dry_run;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "older-than", &older_than, "DURATION",
		"those deleted longer ago than this (default: trash.keep)" },
	{ OPTION_FLAG, 'a', "all", &all, NULL, "those of every registered repository" },
	{ OPTION_FLAG, 0, "dry-run", &dry_run, NULL,
		"list what would be removed, without removing it" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

struct purged {
	struct app *app;
	struct jsonw w;
	size_t n;
};

static int show(void *arg, const struct session *s, const char *where, struct error *err)
{
	struct purged *p = arg;
	struct buf line = BUF_INIT;
	char at[CLOCK_TEXT_SIZE], age[32];
	int r;

	p->n++;
	if (p->app->json) {
		clock_format(s->deleted_at, at);
		jsonw_begin_object(&p->w);
		jsonw_kstring_opt(&p->w, "session", s->name);
		jsonw_kstring(&p->w, "sessionId", s->id);
		jsonw_kstring(&p->w, "deletedAt", at);
		jsonw_kstring(&p->w, "trash", where);
		jsonw_end_object(&p->w);
		return 0;
	}
	clock_format_age(s->deleted_at, clock_now_ms(), age);
	buf_addf(&line, "deleted %s, %s", age, where);
	r = buf_check(&line, err);
	if (r == 0)
		app_row(p->app, s->name ? s->name : s->id, line.data);
	buf_release(&line);
	return r;
}

struct purging {
	struct purge_request req;
	struct purged *shown;
};

static int purge_one(struct repo *repo, void *arg, struct error *err)
{
	const struct purging *p = arg;

	return session_purge(repo, &p->req, show, p->shown, err);
}

static int check_usage(const char *key, int64_t *keep_ms, struct error *err)
{
	if (key && (older_than || all))
		return error_set(err, ERR_USAGE, "--%s cannot be used with a session",
			all ? "all" : "older-than");
	if (all && repo_path)
		return error_set(err, ERR_USAGE, "--all and --repo cannot be used together");
	if (older_than && !duration_parse(older_than, keep_ms)) {
		error_set(err, ERR_USAGE, "--older-than: '%s' is not a duration", older_than);
		return error_hint(
			err, "write a number with a unit: 200ms, 90s, 5m, 12h, 14d or 2w");
	}
	return 0;
}

static void print(struct purged *p, const struct repo *repo)
{
	struct app *app = p->app;

	if (app->json) {
		jsonw_end_array(&p->w);
		app_json_end(app, &p->w);
	} else if (!p->n) {
		const char *age = older_than ? older_than : config_get(repo->config, "trash.keep");

		if (*age == '0')
			app_say(app, "the trash is empty");
		else
			app_say(app, "nothing in the trash was deleted at least %s ago", age);
	}
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	const char *key = argc ? argv[0] : NULL;
	struct repo repo = REPO_INIT;
	struct purged p = { .app = app };
	struct purging purging = { .shown = &p };
	int64_t keep_ms = PURGE_KEEP;
	int r = check_usage(key, &keep_ms, err);

	if (r < 0)
		return r;
	r = open_repo(&repo, app, repo_path, err);
	if (r == ERR_NOTFOUND && all) {
		error_clear(err);
		r = open_config(&repo, app, err);
	}
	if (r == 0 && !all && !repo.known)
		r = error_set(err, ERR_NOTFOUND, "this repository has no sessions");
	if (r == 0 && app->json) {
		app_json_begin(app, &p.w);
		jsonw_kstring(&p.w, "outcome", dry_run ? "would be purged" : "purged");
		jsonw_key(&p.w, "sessions");
		jsonw_begin_array(&p.w);
	}
	purging.req = (struct purge_request){
		.key = key, .keep_ms = keep_ms, .dry_run = dry_run, .lock_ms = LOCK_MS
	};
	if (r == 0)
		r = all ? visit_all(app, repo.state.data, purge_one, &purging, err)
			: purge_one(&repo, &purging, err);
	if (r == 0)
		print(&p, &repo);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_session_purge = {
	.name = "session purge",
	.summary = "remove deleted workspaces for good",
	.usage = "[NAME|ID]",
	.details = "If a session is given, only its workspace is removed, no matter when it was "
		   "deleted. Deleting\n"
		   "a session purges the trash automatically. What is removed cannot be restored.",
	.options = options,
	.min_args = 0,
	.max_args = 1,
	.json = true,
	.run = run,
};
