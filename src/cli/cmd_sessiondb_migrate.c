/* minsky sessiondb migrate: another backend is filled from the journal; the old one stays. */
#include "backends/registry.h"
#include "cli/open.h"
#include "history/store_check.h"
#include "repo/emit.h"
#include "repo/hub.h"

static const char *repo_path;
static bool dry_run, no_verify;

static const struct option_desc to_options[] = {
	{ OPTION_FLAG, 'n', "dry-run", &dry_run, NULL, "show both stores, without writing" },
	{ OPTION_FLAG, 0, "no-verify", &no_verify, NULL,
		"do not compare the new store with the journal" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const struct option_desc status_options[] = {
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

/* The repository with another backend than the one that is configured. */
static int open_with(struct repo *repo, struct app *app, const char *backend, struct error *err)
{
	const struct option_list kept = app->settings;
	struct buf setting = BUF_INIT;
	int r;

	if (kept.n == OPTION_LIST_MAX)
		return error_set(err, ERR_USAGE, "too many settings on the command line");
	buf_addf(&setting, "sessiondb.backend=%s", backend);
	app->settings.v[app->settings.n++] = setting.data;
	r = buf_check(&setting, err);
	if (r == 0)
		r = open_repo(repo, app, repo_path, err);
	app->settings = kept;
	buf_release(&setting);
	return r;
}

static int open_known(struct repo *repo, struct app *app, struct error *err)
{
	int r = open_repo(repo, app, repo_path, err);

	if (r == 0 && !repo->known) {
		r = error_set(err, ERR_NOTFOUND, "this repository has no sessions");
		error_hint(err, "start one: minsky session start NAME");
	}
	return r;
}

/* What backend.migrated says of the new store: the digest is that of its whole state. */
static int note(struct repo *repo, const char *from, const char *to, const struct heads *heads,
	const char *digest, struct error *err)
{
	struct buf text = BUF_INIT;
	struct jsonw *w;
	struct emit e;
	int r = heads_to_json(&text, heads, err);

	emit_init(&e);
	if (r == 0) {
		w = emit_begin(&e, EVENT_BACKEND_MIGRATED, NULL);
		jsonw_kstring(w, "from", from);
		jsonw_kstring(w, "to", to);
		jsonw_key(w, "heads");
		jsonw_raw(w, text.data, text.len);
		jsonw_kstring(w, "digest", digest);
		r = emit_end(&e, err);
	}
	if (r == 0)
		r = emit_append(&e, repo, err);
	emit_release(&e);
	buf_release(&text);
	return r;
}

static int verify(const struct store_check *check, struct error *err)
{
	if (!check->n)
		return 0;
	error_set(err, ERR_CORRUPT, "%zu things in '%s' differ from the journal", check->n,
		check->location.data);
	return error_hint(err, "to list them, run 'minsky sessiondb check' with that backend");
}

static void report(struct app *app, const struct repo *from, const char *to,
	const struct store_check *check, const char *digest)
{
	const char *old = config_get(from->config, "sessiondb.backend");
	char text[32];
	struct jsonw w;

	if (app->json) {
		app_json_begin(app, &w);
		jsonw_kstring(&w, "from", old);
		jsonw_kstring(&w, "to", to);
		jsonw_kstring(&w, "location", check->location.data);
		jsonw_ku64(&w, "sessions", check->sessions);
		jsonw_kstring_opt(&w, "digest", digest);
		jsonw_kbool(&w, "verified", digest && !no_verify);
		jsonw_kbool(&w, "dryRun", dry_run);
		app_json_end(app, &w);
		return;
	}
	app_row(app, "from", old);
	app_row(app, "to", to);
	app_row(app, "store", check->location.data);
	(void)snprintf(text, sizeof(text), "%zu", check->sessions);
	app_row(app, "sessions", text);
	app_row(app, "digest", digest);
	if (digest)
		app_say(app, "to use it from now on: minsky config set sessiondb.backend %s", to);
}

/* Fill and compare; *heads and the digest are those of the new store then. */
static int fill(struct repo *target, struct store_check *check, struct heads *heads,
	char digest[HASH_HEX_SIZE], struct error *err)
{
	struct buf text = BUF_INIT;
	const struct backend_ops *ops;
	int r = repo_project(target, err);

	if (r == 0 && repo_hub_degraded(target)) {
		r = error_set(err, ERR_BACKEND, "the team's database does not answer");
		error_hint(err, "for details: minsky status");
	}
	if (r < 0)
		return r;
	ops = target->backend->ops;
	r = store_check(check, target, err);
	if (r == 0 && !no_verify)
		r = verify(check, err);
	if (r == 0)
		r = ops->heads(target->backend, repo_store(target), heads, err);
	if (r == 0)
		r = ops->read_state(target->backend, repo_store(target), &text, err);
	if (r == 0)
		hash_bytes(text.data, text.len, digest);
	buf_release(&text);
	return r;
}

static int run_to(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT, target = REPO_INIT;
	struct store_check check = { .location = BUF_INIT };
	struct heads heads = HEADS_INIT;
	char digest[HASH_HEX_SIZE];
	const char *to = argv[0], *from;
	int r = open_known(&repo, app, err);

	(void)argc;
	if (r < 0)
		goto out;
	from = config_get(repo.config, "sessiondb.backend");
	if (strcmp(from, to) == 0) {
		r = error_set(err, ERR_USAGE, "'%s' is the backend in use", to);
		goto out;
	}
	/* What others have told goes along. */
	r = dry_run ? 0 : repo_project(&repo, err);
	if (r == 0)
		r = open_with(&target, app, to, err);
	if (r == 0)
		r = dry_run ? store_check(&check, &target, err)
			    : fill(&target, &check, &heads, digest, err);
	if (r == 0 && !dry_run)
		r = note(&target, from, to, &heads, digest, err);
	if (r == 0)
		report(app, &repo, to, &check, dry_run ? NULL : digest);
out:
	store_check_release(&check);
	heads_release(&heads);
	repo_release(&target);
	repo_release(&repo);
	return r;
}

static void show(struct app *app, struct jsonw *w, const char *name, bool configured,
	const struct store_check *check, const struct error *bad)
{
	if (w) {
		jsonw_begin_object(w);
		jsonw_kstring(w, "backend", name);
		jsonw_kbool(w, "configured", configured);
		jsonw_kstring_opt(w, "location", check->location.len ? check->location.data : NULL);
		if (bad->code == ERR_OK) {
			jsonw_ku64(w, "sessions", check->sessions);
			jsonw_ku64(w, "behind", check->behind);
			jsonw_kbool(w, "good", check->n == 0);
		} else {
			jsonw_kstring(w, "problem", bad->msg);
		}
		jsonw_end_object(w);
		return;
	}
	buf_addf(&app->out, "%c %-9s ", configured ? '*' : ' ', name);
	if (bad->code != ERR_OK)
		app_text(app, bad->msg);
	else
		buf_addf(&app->out, "%zu session%s, %llu record%s behind%s  ", check->sessions,
			check->sessions == 1 ? "" : "s", (unsigned long long)check->behind,
			check->behind == 1 ? "" : "s",
			check->n ? ", differs from the journal" : "");
	if (bad->code == ERR_OK)
		app_text(app, check->location.data);
	buf_addch(&app->out, '\n');
}

static int status_of(
	struct app *app, struct jsonw *w, const char *name, bool configured, struct error *err)
{
	struct store_check check = { .location = BUF_INIT };
	struct repo repo = REPO_INIT;
	struct error bad = ERROR_INIT;
	int r = open_with(&repo, app, name, &bad);

	if (r == 0)
		(void)store_check(&check, &repo, &bad);
	show(app, w, name, configured, &check, &bad);
	store_check_release(&check);
	repo_release(&repo);
	return buf_check(&app->out, err);
}

static int run_status(struct app *app, int argc, const char **argv, struct error *err)
{
	static const char *const usual[] = { "json", "sqlite" };
	struct repo repo = REPO_INIT;
	struct jsonw writer, *w = app->json ? &writer : NULL;
	const char *now;
	bool listed = false;
	int r = open_known(&repo, app, err);

	(void)argc;
	(void)argv;
	if (r < 0)
		goto out;
	now = config_get(repo.config, "sessiondb.backend");
	if (w) {
		app_json_begin(app, w);
		jsonw_key(w, "stores");
		jsonw_begin_array(w);
	}
	for (size_t i = 0; r == 0 && i < sizeof(usual) / sizeof(*usual); i++) {
		bool configured = strcmp(usual[i], now) == 0;

		listed = listed || configured;
		r = status_of(app, w, usual[i], configured, err);
	}
	if (r == 0 && !listed)
		r = status_of(app, w, now, true, err);
	if (r == 0 && w) {
		jsonw_end_array(w);
		app_json_end(app, w);
	}
out:
	repo_release(&repo);
	return r;
}

const struct cmd cmd_sessiondb_migrate_to = {
	.name = "sessiondb migrate to",
	.summary = "fill the store of another backend from the journal, and verify it",
	.usage = "BACKEND",
	.details = "The old store is not changed. To use the new one, set sessiondb.backend.",
	.options = to_options,
	.min_args = 1,
	.max_args = 1,
	.json = true,
	.run = run_to,
};
const struct cmd cmd_sessiondb_migrate_status = {
	.name = "sessiondb migrate status",
	.summary = "show the stores of this repository and their state",
	.options = status_options,
	.json = true,
	.run = run_status,
};
