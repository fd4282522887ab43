/* minsky journal verify */
#include "cli/open.h"
#include "cli/progress.h"
#include "log/verify.h"
#include "repo/repo.h"
#include "repo/seal.h"

static const char *repo_path, *against;
static bool resume, all;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "against", &against, "REF", "also compare with this seal" },
	{ OPTION_FLAG, 'a', "all", &all, NULL, "verify the chains of all machines (always done)" },
	{ OPTION_FLAG, 0, "resume", &resume, NULL,
		"skip what an earlier run has read and has not changed since" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

struct findings {
	struct app *app;
	struct jsonw *w;
	struct progress progress;
};

static void add_json(struct jsonw *w, const struct verify_finding *f)
{
	jsonw_begin_object(w);
	jsonw_kstring(w, "file", f->file);
	jsonw_ku64(w, "line", f->line);
	jsonw_ku64(w, "offset", f->offset);
	jsonw_kbool(w, "damage", f->damage);
	jsonw_kstring(w, "what", f->what);
	jsonw_kstring_opt(w, "advice", f->advice);
	jsonw_end_object(w);
}

static void found(void *arg, const struct verify_finding *f)
{
	struct findings *out = arg;
	struct app *app = out->app;

	if (app->json) {
		add_json(out->w, f);
		return;
	}
	app_text(app, f->file);
	if (f->line)
		buf_addf(&app->out, ":%llu (byte %llu)", (unsigned long long)f->line,
			(unsigned long long)f->offset);
	buf_adds(&app->out, ": ");
	app_text(app, f->what);
	buf_addch(&app->out, '\n');
	if (f->advice) {
		buf_adds(&app->out, "  ");
		app_text(app, f->advice);
		buf_addch(&app->out, '\n');
	}
}

static void show_progress(void *arg, uint64_t bytes, uint64_t total)
{
	struct findings *out = arg;

	progress_tell(&out->progress, bytes, total);
}

static void print_result(struct app *app, struct jsonw *w, const struct verify_result *v)
{
	if (app->json) {
		jsonw_end_array(w);
		jsonw_ku64(w, "records", v->records);
		jsonw_ku64(w, "bytes", v->bytes);
		jsonw_ku64(w, "segments", v->segments);
		jsonw_ku64(w, "origins", v->origins);
		jsonw_ku64(w, "damaged", v->damaged);
		jsonw_ku64(w, "torn", v->torn);
		jsonw_ku64(w, "redacted", v->redacted);
		jsonw_ku64(w, "known", v->known);
		app_json_end(app, w);
		return;
	}
	app_count(app, v->records, "record");
	buf_adds(&app->out, " in ");
	app_count(app, v->segments, "segment");
	buf_adds(&app->out, " of ");
	app_count(app, v->origins, "origin");
	buf_addf(&app->out, ", %llu bytes: ", (unsigned long long)v->bytes);
	if (v->damaged)
		buf_addf(&app->out, "%llu damaged\n", (unsigned long long)v->damaged);
	else
		buf_adds(&app->out, "good\n");
	if (v->known)
		buf_addf(&app->out,
			"%llu segments were verified by an earlier run and are unchanged\n",
			(unsigned long long)v->known);
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct verify_result result;
	struct jsonw w;
	struct findings out = { .app = app, .w = &w };
	const struct verify_options how = { .found = found,
		.progress = show_progress,
		.arg = &out,
		.keep = true,
		.resume = resume };
	int r = open_repo(&repo, app, repo_path, err);

	(void)argc;
	(void)argv;
	if (r == 0 && !repo.known)
		r = error_set(err, ERR_NOTFOUND, "this repository has no journal");
	if (r < 0)
		goto out;
	if (app->json) {
		app_json_begin(app, &w);
		jsonw_key(&w, "findings");
		jsonw_begin_array(&w);
	}
	progress_begin(&out.progress, app, "verifying");
	r = journal_verify(repo.journal, &how, &result, err);
	progress_end(&out.progress);
	if (r == 0 && against)
		r = seal_check(&repo, against, &result, found, &out, err);
	if (r < 0)
		goto out;
	print_result(app, &w, &result);
	app->damaged = result.damaged > 0;
out:
	repo_release(&repo);
	return r;
}

const struct cmd cmd_journal_verify = {
	.name = "journal verify",
	.summary = "check every record of the journal (exit 6 if damaged)",
	.options = options,
	.json = true,
	.run = run,
};
