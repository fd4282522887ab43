/* minsky journal repair */
#include "backends/registry.h"
#include "cli/open.h"
#include "history/retell.h"
#include "log/repair.h"
#include "repo/reconcile.h"
#include "repo/repair_hub.h"

static const char *repo_path;
static bool dry_run;
static struct option_list from;

static const struct option_desc options[] = {
	{ OPTION_FLAG, 0, "dry-run", &dry_run, NULL,
		"show what would be done, without changing anything" },
	{ OPTION_LIST, 0, "from", &from, "DIRECTORY",
		"restore missing records from this copy of the journal; can be repeated" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

struct steps {
	struct app *app;
	struct jsonw *w;
	const char *own; /* this machine's origin */
	uint64_t first_lost; /* of it; 0: none */
	size_t withdrawn, retold; /* see retell.h */
};

static const char *kind_name(const struct repair_step *s)
{
	return s->kind == REPAIR_SET_ASIDE ? "set-aside"
					   : (s->kind == REPAIR_RESTORED ? "restored" : "lost");
}

static void add_json(struct jsonw *w, const struct repair_step *s)
{
	jsonw_begin_object(w);
	jsonw_kstring(w, "what", kind_name(s));
	jsonw_kstring(w, "origin", s->origin);
	if (s->kind == REPAIR_SET_ASIDE) {
		jsonw_kstring(w, "file", s->file);
		jsonw_ku64(w, "offset", s->offset);
		jsonw_ku64(w, "bytes", s->bytes);
		jsonw_kstring_opt(w, "kept", s->kept);
	} else {
		jsonw_ku64(w, "from", s->from);
		jsonw_ku64(w, "to", s->to);
	}
	jsonw_end_object(w);
}

static void told(void *arg, const struct repair_step *s)
{
	struct steps *out = arg;
	struct app *app = out->app;

	if (s->kind == REPAIR_LOST && strcmp(s->origin, out->own) == 0 &&
		(!out->first_lost || s->from < out->first_lost))
		out->first_lost = s->from;
	if (app->json) {
		add_json(out->w, s);
		return;
	}
	if (s->kind != REPAIR_SET_ASIDE && s->from == s->to) {
		buf_addf(&app->out, "%s: record %llu of origin %.8s\n", kind_name(s),
			(unsigned long long)s->from, s->origin);
		return;
	}
	if (s->kind != REPAIR_SET_ASIDE) {
		buf_addf(&app->out, "%s: records %llu to %llu of origin %.8s\n", kind_name(s),
			(unsigned long long)s->from, (unsigned long long)s->to, s->origin);
		return;
	}
	buf_addf(&app->out, "moved aside: %llu bytes at byte %llu of ",
		(unsigned long long)s->bytes, (unsigned long long)s->offset);
	app_text(app, s->file);
	if (s->kept[0]) {
		buf_adds(&app->out, ", in ");
		app_text(app, s->kept);
	}
	buf_addch(&app->out, '\n');
}

/* What the store remembers. One that cannot be asked does not keep the journal from its repair. */
static void ask_store(struct repo *repo, struct heads *heads)
{
	struct error ignored = ERROR_INIT;

	if (registry_open(&repo->backend, repo->config, &ignored) < 0 ||
		repo->backend->ops->heads(repo->backend, repo_store(repo), heads, &ignored) < 0)
		app_warn(app_of(repo), "cannot read the session store: %s", ignored.msg);
}

/* Is everything that the store was filled with still in the journal, as it was? */
static int store_fits(struct repo *repo, const struct heads *heads, bool *out, struct error *err)
{
	int r = 0;

	*out = true;
	for (size_t i = 0; r == 0 && *out && i < heads->n; i++) {
		const struct head *h = &heads->v[i];
		struct journal_reader *reader = NULL;

		r = journal_reader_open(&reader, repo->journal, h->origin, h->seq, h->hash, err);
		journal_reader_close(reader);
		if (r == ERR_CORRUPT || r == ERR_NOTFOUND) {
			error_clear(err);
			*out = false;
			r = 0;
		}
	}
	return r;
}

/* The store folded another journal than there is now: it is filled from the beginning. */
static int refill(struct repo *repo, const struct heads *heads, bool changed, struct error *err)
{
	bool fits;
	int r = store_fits(repo, heads, &fits, err);

	if (r < 0 || !repo->backend)
		return r;
	if (changed || !fits)
		r = repo_empty_backend(repo, err);
	return r;
}

static void add_source(struct repair_options *how, const char **sources, const char *dir)
{
	for (size_t i = 0; i < how->n_from; i++)
		sources[i] = how->from[i];
	sources[how->n_from++] = dir;
	how->from = sources;
}

static int repair(
	struct repo *repo, struct repair_result *result, struct steps *steps, struct error *err)
{
	struct heads remembered = HEADS_INIT;
	struct repair_options how = {
		.dry_run = dry_run, .from = from.v, .n_from = from.n, .remembered = &remembered
	};
	struct repair_hub hub = REPAIR_HUB_INIT;
	const char **sources = NULL;
	int r;

	ask_store(repo, &remembered);
	r = repair_hub_ask(&hub, repo, &remembered, err);
	if (r == 0 && hub.ready) {
		sources = calloc(from.n + 1, sizeof(*sources));
		if (!sources)
			r = error_nomem(err);
		else
			add_source(&how, sources, hub.dir.data);
	}
	if (r == 0)
		r = journal_repair(repo->journal, &how, result, told, steps, err);
	if (r == 0 && !dry_run && result->restored)
		r = retell_withdraw(repo->journal, &steps->withdrawn, err);
	if (r == 0 && !dry_run)
		r = refill(repo, &remembered, result->changed, err);
	if (r == 0 && !dry_run)
		r = reconcile_all(repo, NULL, err);
	if (r == 0 && !dry_run && steps->first_lost)
		r = retell_lost(repo, steps->first_lost, &steps->retold, err);
	if (r == 0 && !dry_run && repo->backend)
		r = repo_project(repo, err);
	free(sources);
	repair_hub_release(&hub);
	heads_release(&remembered);
	return r;
}

static void print_result(const struct steps *steps, const struct repair_result *result)
{
	struct app *app = steps->app;
	struct jsonw *w = steps->w;

	if (app->json) {
		jsonw_end_array(w);
		jsonw_kbool(w, "dryRun", dry_run);
		jsonw_ku64(w, "restored", result->restored);
		jsonw_ku64(w, "lost", result->lost);
		jsonw_ku64(w, "setAside", result->set_aside);
		jsonw_ku64(w, "retold", steps->retold);
		jsonw_ku64(w, "withdrawn", steps->withdrawn);
		app_json_end(app, w);
		return;
	}
	if (!result->origins)
		buf_adds(&app->out, "nothing to repair\n");
	else
		buf_addf(&app->out, "%s%llu records restored, %llu lost\n",
			dry_run ? "would be: " : "", (unsigned long long)result->restored,
			(unsigned long long)result->lost);
	if (steps->withdrawn)
		buf_addf(&app->out, "%zu events of an earlier repair redacted\n", steps->withdrawn);
	if (steps->retold)
		buf_addf(
			&app->out, "%zu events recorded again from git's reflogs\n", steps->retold);
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repair_result result = { .origins = 0 };
	struct repo repo = REPO_INIT;
	struct jsonw w;
	struct steps steps = { .app = app, .w = &w };
	int r = open_repo(&repo, app, repo_path, err);

	(void)argc;
	(void)argv;
	if (r == 0 && !repo.known)
		r = error_set(err, ERR_NOTFOUND, "this repository has no journal");
	if (r < 0)
		goto out;
	if (app->json) {
		app_json_begin(app, &w);
		jsonw_key(&w, "steps");
		jsonw_begin_array(&w);
	}
	steps.own = journal_origin(repo.journal);
	r = repair(&repo, &result, &steps, err);
	if (r == 0)
		print_result(&steps, &result);
out:
	repo_release(&repo);
	return r;
}

const struct cmd cmd_journal_repair = {
	.name = "journal repair",
	.summary = "repair a damaged journal",
	.options = options,
	.json = true,
	.run = run,
};
