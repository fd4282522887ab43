/* minsky sessiondb check, rebuild and export: the store of sessions beside the journal. */
#include <sys/stat.h>

#include "backends/registry.h"
#include "cli/open.h"
#include "core/clock.h"
#include "core/fs.h"
#include "history/as_of.h"
#include "history/store_check.h"
#include "log/projector.h"
#include "repo/hub.h"

static const char *repo_path, *when;
static bool all;

static const struct option_desc options[] = {
	{ OPTION_FLAG, 'a', "all", &all, NULL, "every registered repository" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const struct option_desc export_options[] = {
	{ OPTION_STRING, 0, "as-of", &when, "TIME|SEQ",
		"as they were at this time, from the journal" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

/* What is done with one repository; w is NULL without --json. */
typedef int store_fn(struct repo *repo, struct jsonw *w, struct error *err);

static int no_sessions(struct error *err)
{
	error_set(err, ERR_NOTFOUND, "this repository has no sessions");
	return error_hint(err, "start one: minsky session start NAME");
}

struct every {
	struct jsonw *w;
	store_fn *fn;
};

static int each_one(struct repo *repo, void *arg, struct error *err)
{
	const struct every *every = arg;

	return every->fn(repo, every->w, err);
}

static int each(
	struct app *app, struct jsonw *w, const char *state, store_fn *fn, struct error *err)
{
	struct every every = { w, fn };

	return visit_all(app, state, each_one, &every, err);
}

/* The repository that is meant, or with --all every one, as a list "stores". */
static int run_on(struct app *app, store_fn *fn, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct jsonw writer, *w = app->json ? &writer : NULL;
	int r = open_repo(&repo, app, repo_path, err);

	if (r == ERR_NOTFOUND && all && !repo_path) {
		error_clear(err);
		r = 0;
	}
	if (r == 0 && !all && !repo.known)
		r = no_sessions(err);
	if (r == 0 && w) {
		app_json_begin(app, w);
		jsonw_key(w, "stores");
		jsonw_begin_array(w);
	}
	if (r == 0)
		r = all ? each(app, w, repo.state.data, fn, err) : fn(&repo, w, err);
	if (r == 0 && w) {
		jsonw_end_array(w);
		app_json_end(app, w);
	}
	repo_release(&repo);
	return r;
}

static void add_store(struct repo *repo, struct jsonw *w, const char *backend, const char *location)
{
	jsonw_begin_object(w);
	jsonw_kstring(w, "repository", repo->file.id);
	jsonw_kstring_opt(w, "name", repo->file.name);
	jsonw_kstring(w, "backend", backend);
	jsonw_kstring(w, "location", location);
}

static void check_json(struct repo *repo, struct jsonw *w, const struct store_check *check)
{
	add_store(repo, w, check->backend, check->location.data);
	jsonw_ku64(w, "sessions", check->sessions);
	jsonw_ku64(w, "behind", check->behind);
	jsonw_kbool(w, "good", check->n == 0);
	jsonw_key(w, "findings");
	jsonw_begin_array(w);
	for (size_t i = 0; i < check->n; i++) {
		const struct check_finding *f = &check->v[i];

		jsonw_begin_object(w);
		jsonw_kstring(w, "kind", check_kind_name(f->kind));
		jsonw_kstring_opt(w, "sessionId", f->id[0] ? f->id : NULL);
		jsonw_kstring_opt(w, "session", f->name);
		jsonw_kstring_opt(w, "what", f->what);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
	jsonw_end_object(w);
}

static void check_text(struct repo *repo, const struct store_check *check)
{
	struct app *app = app_of(repo);
	char text[64];

	app_row(app, "repository", repo->file.name ? repo->file.name : repo->file.id);
	app_row(app, "backend", check->backend);
	app_row(app, "store", check->location.data);
	(void)snprintf(text, sizeof(text), "%zu", check->sessions);
	app_row(app, "sessions", text);
	if (check->behind) {
		(void)snprintf(text, sizeof(text), "%llu record%s behind the journal",
			(unsigned long long)check->behind, check->behind == 1 ? "" : "s");
		app_row(app, "heads", text);
	} else {
		app_row(app, "heads", "those of the journal");
	}
	for (size_t i = 0; i < check->n; i++) {
		const struct check_finding *f = &check->v[i];

		buf_addf(&app->out, "%-12s", check_kind_name(f->kind));
		if (f->id[0]) {
			app_text(app, f->name ? f->name : f->id);
			buf_adds(&app->out, f->what ? ": " : "");
		}
		if (f->what)
			app_text(app, f->what);
		buf_addch(&app->out, '\n');
	}
	if (!check->n)
		app_row(app, "good", "the store matches the journal");
}

static int check_one(struct repo *repo, struct jsonw *w, struct error *err)
{
	struct store_check check = { .location = BUF_INIT };
	int r = store_check(&check, repo, err);

	if (r == 0 && w)
		check_json(repo, w, &check);
	else if (r == 0)
		check_text(repo, &check);
	if (r == 0 && check.n) {
		app_of(repo)->damaged = true;
		app_say(app_of(repo),
			"rebuild the store from the journal: minsky sessiondb rebuild");
	}
	store_check_release(&check);
	return r;
}

static int run_check(struct app *app, int argc, const char **argv, struct error *err)
{
	(void)argc;
	(void)argv;
	return run_on(app, check_one, err);
}

/* A damaged file is never written: it goes aside, with what SQLite keeps beside it. */
static int set_aside(struct repo *repo, const char *path, struct error *err)
{
	static const char *const endings[] = { "", "-wal", "-shm", "-journal" };
	char at[CLOCK_TEXT_SIZE];
	struct buf from = BUF_INIT, to = BUF_INIT;
	int r = 0;

	registry_close_all();
	repo->backend = NULL;
	clock_format(clock_now_ms(), at);
	for (size_t i = 0; r == 0 && i < sizeof(endings) / sizeof(*endings); i++) {
		buf_clear(&from);
		buf_clear(&to);
		buf_addf(&from, "%s%s", path, endings[i]);
		buf_addf(&to, "%s.damaged-%s%s", path, at, endings[i]);
		r = buf_check(&from, err);
		if (r == 0)
			r = buf_check(&to, err);
		if (r == 0 && fs_exists(from.data))
			r = fs_rename_new(from.data, to.data, err);
	}
	if (r == 0)
		app_warn(app_of(repo), "the store was damaged; it was renamed to '%s.damaged-%s'",
			path, at);
	buf_release(&from);
	buf_release(&to);
	return r;
}

static int empty_store(struct repo *repo, struct error *err)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int r = repo_empty_backend(repo, err);

	if (r == ERR_CORRUPT && repo->backend) {
		struct error damage = *err;

		r = repo->backend->ops->location(repo->backend, &path, err);
		if (r == 0 &&
			(path.data[0] != '/' || stat(path.data, &st) < 0 || !S_ISREG(st.st_mode))) {
			*err = damage;
			r = damage.code;
		} else if (r == 0) {
			error_clear(err);
			r = set_aside(repo, path.data, err);
		}
	}
	buf_release(&path);
	return r;
}

static int count_sessions(struct repo *repo, size_t *out, struct error *err)
{
	const struct session_query every = { .deleted = true };
	struct session_set set = { NULL, 0 };
	int r = repo->backend->ops->list(repo->backend, repo_store(repo), &every, &set, err);

	if (r == 0)
		*out = set.n;
	session_set_release(&set);
	return r;
}

static int rebuild_one(struct repo *repo, struct jsonw *w, struct error *err)
{
	struct buf location = BUF_INIT;
	size_t n = 0;
	int r = repo_hub_ask(repo, err);

	if (r == 0 && repo->hub.kind == REPO_HUB_SHARED) {
		r = error_refuse(err, "shared-store", "a team's database is shared by all members");
		return error_hint(err, "to update it: minsky sync");
	}
	if (r == 0)
		r = empty_store(repo, err);
	if (r == 0)
		r = repo_project(repo, err);
	if (r == 0)
		r = count_sessions(repo, &n, err);
	if (r == 0)
		r = repo->backend->ops->location(repo->backend, &location, err);
	if (r == 0 && w) {
		add_store(repo, w, repo->backend->ops->name, location.data);
		jsonw_ku64(w, "sessions", n);
		jsonw_end_object(w);
	} else if (r == 0) {
		app_row(app_of(repo), "repository",
			repo->file.name ? repo->file.name : repo->file.id);
		app_row(app_of(repo), "store", location.data);
		buf_addf(&app_of(repo)->out, "%-12s%zu\n", "sessions", n);
	}
	buf_release(&location);
	return r;
}

static int run_rebuild(struct app *app, int argc, const char **argv, struct error *err)
{
	(void)argc;
	(void)argv;
	return run_on(app, rebuild_one, err);
}

/* Rows as read_state() gives them, by id. */
static int write_rows(struct jsonw *w, const struct session *v, size_t n, struct error *err)
{
	struct buf row = BUF_INIT;
	int r = 0;

	jsonw_key(w, "sessions");
	jsonw_begin_array(w);
	for (size_t i = 0; r == 0 && i < n; i++) {
		buf_clear(&row);
		r = session_row_to_json(&row, &v[i], err);
		if (r == 0)
			jsonw_raw(w, row.data, row.len);
	}
	jsonw_end_array(w);
	buf_release(&row);
	return r;
}

static int by_id(const void *a, const void *b)
{
	const struct session *sa = a, *sb = b;

	return strcmp(sa->id, sb->id);
}

static int write_state(struct repo *repo, const struct heads *heads, const struct session *v,
	size_t n, const struct as_of *then, struct error *err)
{
	struct buf text = BUF_INIT;
	struct jsonw w;
	int r = heads_to_json(&text, heads, err);

	app_json_begin(app_of(repo), &w);
	jsonw_kstring(&w, "repository", repo->file.id);
	jsonw_kstring_opt(&w, "name", repo->file.name);
	if (then)
		as_of_json(&w, then);
	jsonw_key(&w, "heads");
	jsonw_raw(&w, text.data, text.len);
	if (r == 0)
		r = write_rows(&w, v, n, err);
	app_json_end(app_of(repo), &w);
	buf_release(&text);
	return r;
}

static int export_then(struct repo *repo, struct error *err)
{
	struct as_of then = { .ms = 0 };
	struct session *v;
	int r = as_of_fold(&then, repo, when, err);

	if (r < 0)
		return r;
	v = then.replay.v;
	if (then.replay.n)
		qsort(v, then.replay.n, sizeof(*v), by_id);
	r = write_state(repo, &then.replay.heads, v, then.replay.n, &then, err);
	as_of_release(&then);
	return r;
}

static int export_now(struct repo *repo, struct error *err)
{
	struct session_set set = { NULL, 0 };
	struct heads heads = HEADS_INIT;
	struct buf text = BUF_INIT;
	int r = repo_project(repo, err);

	if (r == 0)
		r = repo->backend->ops->read_state(repo->backend, repo_store(repo), &text, err);
	if (r == 0)
		r = state_from_json(&heads, &set, text.data, text.len, err);
	if (r == 0)
		r = write_state(repo, &heads, set.v, set.n, NULL, err);
	session_set_release(&set);
	heads_release(&heads);
	buf_release(&text);
	return r;
}

static int run_export(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	int r = open_repo(&repo, app, repo_path, err);

	(void)argc;
	(void)argv;
	if (r == 0 && !repo.known)
		r = no_sessions(err);
	if (r == 0)
		r = when ? export_then(&repo, err) : export_now(&repo, err);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_sessiondb_check = {
	.name = "sessiondb check",
	.summary = "compare the session store with the journal, and check it for damage",
	.options = options,
	.json = true,
	.run = run_check,
};
const struct cmd cmd_sessiondb_rebuild = {
	.name = "sessiondb rebuild",
	.summary = "rebuild the session store from the journal",
	.options = options,
	.json = true,
	.run = run_rebuild,
};
const struct cmd cmd_sessiondb_export = {
	.name = "sessiondb export",
	.summary = "print all sessions of a repository as one document",
	.options = export_options,
	.json = true,
	.run = run_export,
};
