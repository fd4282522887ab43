/* minsky status: what there is here, and how the exchange with the team stands. Nothing is asked.
 */
#include <inttypes.h>

#include "backends/registry.h"
#include "cli/context.h"

static const char *repo;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "repo", &repo, "DIRECTORY", "the repository (the one we are in)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

struct status {
	struct heads heads;
	uint64_t records;
	const char *backend;
	struct buf location; /* of the backend */
};

static int look(struct context *c, struct status *s, struct error *err)
{
	int r = journal_heads(c->journal, &s->heads, err);

	if (r == 0)
		r = team_ask(c, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s->heads.n; i++)
		s->records += s->heads.v[i].seq;
	s->backend = config_get(c->config, "sessiondb.backend");
	/* A team's database is not worth waiting for. */
	if (c->team.kind == TEAM_SHARED) {
		buf_adds(&s->location, c->team.state.location);
		return buf_check(&s->location, err);
	}
	r = registry_open(&c->backend, c->config, err);
	return r < 0 ? r : c->backend->ops->location(c->backend, &s->location, err);
}

static void print_json(struct context *c, const struct status *s)
{
	struct jsonw w;

	app_json_begin(c->app, &w);
	jsonw_kstring(&w, "repository", c->repo.id);
	jsonw_kstring(&w, "name", c->repo.name);
	jsonw_kstring(&w, "journal", c->repo.journal);
	jsonw_kstring(&w, "origin", journal_origin(c->journal));
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
	jsonw_kbool(&w, "shared", c->team.kind == TEAM_SHARED);
	jsonw_end_object(&w);
	if (c->team.kind != TEAM_NONE)
		team_print_json(c, &w);
	app_json_end(c->app, &w);
}

static void print(struct context *c, const struct status *s)
{
	struct app *app = c->app;
	struct buf line = BUF_INIT;

	app_row(app, "repository", c->repo.name);
	app_row(app, "id", c->repo.id);
	app_row(app, "journal", c->repo.journal);
	buf_addf(&line, "%" PRIu64 " of %zu origin%s, own %.8s", s->records, s->heads.n,
		s->heads.n == 1 ? "" : "s", journal_origin(c->journal));
	app_row(app, "records", line.data);
	buf_clear(&line);
	buf_addf(&line, "%s%s%s%s", s->backend, s->location.len ? ", " : "", s->location.data,
		c->team.kind == TEAM_SHARED ? " (shared)" : "");
	app_row(app, "backend", line.data);
	if (c->team.kind == TEAM_NONE)
		app_row(app, "hub", "none");
	else
		team_print(c);
	buf_release(&line);
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct context c = CONTEXT_INIT;
	struct status s = { .location = BUF_INIT };
	int r = context_open(&c, app, repo, err);

	(void)argc;
	(void)argv;
	if (r == 0 && !c.known) {
		r = error_set(err, ERR_NOTFOUND, "this repository has no journal");
		error_hint(err, "'minsky init' or 'minsky session start' begin one");
	}
	if (r == 0)
		r = look(&c, &s, err);
	if (r == 0 && app->json)
		print_json(&c, &s);
	else if (r == 0)
		print(&c, &s);
	heads_release(&s.heads);
	buf_release(&s.location);
	context_release(&c);
	return r;
}

const struct cmd cmd_status = {
	.name = "status",
	.summary = "show what there is here: journal, store, hub, and what has not been exchanged",
	.options = options,
	.json = true,
	.run = run,
};
