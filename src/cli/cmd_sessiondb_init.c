/* minsky sessiondb init: make what a backend needs before it can be used, or print how. */
#include "backends/module.h"
#include "backends/registry.h"
#include "cli/open.h"
#include "repo/repo.h"

static bool print_sql;
static struct option_list members;

static const struct option_desc options[] = {
	{ OPTION_FLAG, 0, "print-sql", &print_sql, NULL, "print the SQL instead of running it" },
	{ OPTION_LIST, 0, "member", &members, "ROLE",
		"make this role a member of the team; can be repeated" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int find(const struct backend_admin **out, const char *name, struct error *err)
{
	const struct backend_module *m = NULL;
	const struct backend_ops *ops;
	/* Says what there is when the name is unknown; of a module that is there it is the same. */
	int r = registry_find(&ops, name, err);

	if (r == 0 && module_load(&m, name, err) < 0) {
		error_clear(err);
		m = NULL;
	}
	if (r == 0 && (!m || !m->admin)) {
		error_set(err, ERR_USAGE, "backend '%s' needs no setup", name);
		r = error_hint(err, "its store is created when it is first used");
	}
	if (r == 0)
		*out = m->admin;
	return r;
}

static void report(struct app *app, const char *name, const char *location, int from, int to)
{
	char schema[64];
	struct jsonw w;

	if (!app->json) {
		app_row(app, "database", location);
		(void)snprintf(schema, sizeof(schema), "%d%s", to,
			!from               ? ", new"
				: from < to ? ", upgraded"
					    : ", unchanged");
		app_row(app, "schema", schema);
		for (size_t i = 0; i < members.n; i++)
			app_row(app, "member", members.v[i]);
		return;
	}
	app_json_begin(app, &w);
	jsonw_kstring(&w, "backend", name);
	jsonw_kstring(&w, "location", location);
	jsonw_ku64(&w, "from", (uint64_t)from);
	jsonw_ku64(&w, "to", (uint64_t)to);
	jsonw_key(&w, "members");
	jsonw_begin_array(&w);
	for (size_t i = 0; i < members.n; i++)
		jsonw_string(&w, members.v[i]);
	jsonw_end_array(&w);
	app_json_end(app, &w);
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	const struct backend_admin *admin;
	struct buf location = BUF_INIT;
	int from = 0, to = 0, r;

	(void)argc;
	if (print_sql && app->json)
		return error_set(err, ERR_USAGE, "--print-sql prints SQL, not JSON");
	r = find(&admin, argv[0], err);
	if (r == 0 && print_sql) {
		r = admin->script(&app->out, members.v, err);
		goto out;
	}
	if (r == 0)
		r = open_config(&repo, app, err);
	if (r == 0)
		r = admin->set_up(repo.config, members.v, &from, &to, &location, err);
	if (r == 0)
		report(app, argv[0], location.data, from, to);
out:
	buf_release(&location);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_sessiondb_init = {
	.name = "sessiondb init",
	.summary = "set up or upgrade a team's database",
	.usage = "BACKEND",
	.details = "The backend must be postgres. The command connects to sessiondb.hub or "
		   "sessiondb.postgres.*, as\n"
		   "a role that can create roles and owns the database.",
	.options = options,
	.min_args = 1,
	.max_args = 1,
	.json = true,
	.run = run,
};
