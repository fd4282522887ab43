/* minsky status: what there is here, and how the exchange with the team stands. Nothing is asked.
 */
#include <inttypes.h>

#include "backends/registry.h"
#include "cli/open.h"
#include "cli/print_hub.h"
#include "repo/repo.h"

static const char *repo_path;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

struct status {
	struct heads heads;
	uint64_t records;
	const char *backend;
	struct buf location; /* of the backend */
};

static int look(struct repo *repo, struct status *s, struct error *err)
{
	int r = journal_heads(repo->journal, &s->heads, err);

	if (r == 0)
		r = repo_hub_ask(repo, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s->heads.n; i++)
		s->records += s->heads.v[i].seq;
	s->backend = config_get(repo->config, "sessiondb.backend");
	/* A team's database is not worth waiting for. */
	if (repo->hub.kind == REPO_HUB_SHARED) {
		buf_adds(&s->location, repo->hub.state.location);
		return buf_check(&s->location, err);
	}
	r = registry_open(&repo->backend, repo->config, err);
	return r < 0 ? r : repo->backend->ops->location(repo->backend, &s->location, err);
}

static void print_json(struct repo *repo, const struct status *s)
{
	struct jsonw w;

	app_json_begin(app_of(repo), &w);
	jsonw_kstring(&w, "repository", repo->file.id);
	jsonw_kstring(&w, "name", repo->file.name);
	jsonw_kstring(&w, "journal", repo->file.journal);
	jsonw_kstring(&w, "origin", journal_origin(repo->journal));
	jsonw_key(&w, "heads");
	jsonw_begin_array(&w);
	for (size_t i = 0; i < s->heads.n; i++) {
		jsonw_begin_object(&w);
		jsonw_kstring(&w, "origin", s->heads.v[i].origin);
		jsonw_ku64(&w, "seq", s->heads.v[i].seq);
		jsonw_kstring(&w, "hash", s->heads.v[i].hash);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_key(&w, "backend");
	jsonw_begin_object(&w);
	jsonw_kstring(&w, "name", s->backend);
	jsonw_kstring_opt(&w, "location", s->location.data);
	jsonw_kbool(&w, "shared", repo->hub.kind == REPO_HUB_SHARED);
	jsonw_end_object(&w);
	if (repo->hub.kind != REPO_HUB_NONE)
		print_hub_json(repo, &w);
	app_json_end(app_of(repo), &w);
}

static void print(struct repo *repo, const struct status *s)
{
	struct app *app = app_of(repo);
	struct buf line = BUF_INIT;

	app_row(app, "repository", repo->file.name);
	app_row(app, "id", repo->file.id);
	app_row(app, "journal", repo->file.journal);
	buf_addf(&line, "%" PRIu64 " of %zu origin%s, own %.8s", s->records, s->heads.n,
		s->heads.n == 1 ? "" : "s", journal_origin(repo->journal));
	app_row(app, "records", line.data);
	buf_clear(&line);
	buf_addf(&line, "%s%s%s%s", s->backend, s->location.len ? ", " : "", s->location.data,
		repo->hub.kind == REPO_HUB_SHARED ? " (shared)" : "");
	app_row(app, "backend", line.data);
	if (repo->hub.kind == REPO_HUB_NONE)
		app_row(app, "hub", "none");
	else
		print_hub(repo);
	buf_release(&line);
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct status s = { .location = BUF_INIT };
	int r = open_repo(&repo, app, repo_path, err);

	(void)argc;
	(void)argv;
	if (r == 0 && !repo.known) {
		r = error_set(err, ERR_NOTFOUND, "this repository has no journal");
		error_hint(err, "create one: minsky init");
	}
	if (r == 0)
		r = look(&repo, &s, err);
	if (r == 0 && app->json)
		print_json(&repo, &s);
	else if (r == 0)
		print(&repo, &s);
	heads_release(&s.heads);
	buf_release(&s.location);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_status = {
	.name = "status",
	.summary = "show the journal, the store and the hub of a repository",
	.options = options,
	.json = true,
	.run = run,
};
