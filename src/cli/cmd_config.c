/* minsky config get, show and path: what counts, where it comes from, and where it may be written.
 */
#include "cli/config_here.h"
#include "cli/open.h"
#include "core/fs.h"
#include "core/paths.h"

static bool origin, user, repository;

static const struct option_desc get_options[] = {
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const struct option_desc show_options[] = {
	{ OPTION_FLAG, 'o', "origin", &origin, NULL,
		"show the source of each value, and which values are ignored and why" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const struct option_desc path_options[] = {
	{ OPTION_FLAG, 0, "user", &user, NULL, "print only the path of the user's file" },
	{ OPTION_FLAG, 0, "repo", &repository, NULL,
		"print only the path of the repository's file" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

int config_open_here(struct repo *repo, struct app *app, struct error *err)
{
	int r = open_repo(repo, app, NULL, err);

	/* Outside any repository there are still the other levels. */
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = open_config(repo, app, err);
	}
	return r;
}

const char *config_note_text(enum config_note_kind kind)
{
	switch (kind) {
	case CONFIG_NOTE_UNTRUSTED:
		return "not trusted; to trust it: minsky trust";
	case CONFIG_NOTE_EXPOSED:
		return "a credential that others can read; run 'chmod 600' on the file";
	case CONFIG_NOTE_BRANCH:
		return "another branch determines the store; to use this one: minsky trust";
	case CONFIG_NOTE_OVERRIDDEN:
		return "overridden";
	case CONFIG_NOTE_UNKNOWN:
		return "unknown key";
	}
	return "";
}

/* The value without its secrets into `out`; *masked_out: were there any? */
static int shown(struct buf *out, const struct config_key *key, const char *value, bool *masked_out,
	struct error *err)
{
	int r;

	buf_clear(out);
	config_add_shown(out, key, value);
	r = buf_check(out, err);
	if (r == 0)
		*masked_out = strcmp(out->data, value) != 0;
	return r;
}

static int add_setting_json(struct jsonw *w, const struct config *config,
	const struct config_key *key, struct error *err)
{
	const char *value = config_get(config, key->name);
	struct buf text = BUF_INIT;
	bool masked = false;
	int r = value ? shown(&text, key, value, &masked, err) : 0;

	jsonw_kstring(w, "key", key->name);
	if (r == 0 && value)
		jsonw_kstring(w, "value", text.data);
	if (masked)
		jsonw_kbool(w, "masked", true);
	jsonw_kstring(w, "level", config_level_name(config_level(config, key->name)));
	jsonw_kstring(w, "origin", config_origin(config, key->name));
	jsonw_kstring(w, "variable", key->variable);
	buf_release(&text);
	return r;
}

static int print_value(struct app *app, const struct config *config, const struct config_key *key,
	struct error *err)
{
	const char *value = config_get(config, key->name);
	struct buf text = BUF_INIT;
	bool masked = false;
	struct jsonw w;
	int r = 0;

	if (!value) {
		error_set(err, ERR_NOTFOUND, "'%s' is not set, and has no default", key->name);
		return error_hint(err, "set it: minsky config set %s VALUE", key->name);
	}
	if (app->json) {
		app_json_begin(app, &w);
		r = add_setting_json(&w, config, key, err);
		app_json_end(app, &w);
		return r;
	}
	r = shown(&text, key, value, &masked, err);
	app_text(app, text.data);
	buf_addch(&app->out, '\n');
	if (r == 0 && masked)
		app_say(app, "secrets in it are not shown");
	buf_release(&text);
	return r;
}

static int get_run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	const struct config_key *key = NULL;
	int r = config_find_key(&key, argv[0], err);

	(void)argc;
	if (r == 0)
		r = config_open_here(&repo, app, err);
	if (r == 0)
		r = print_value(app, repo.config, key, err);
	repo_release(&repo);
	return r;
}

static int add_note_json(struct jsonw *w, const struct config_note *n, struct error *err)
{
	struct buf text = BUF_INIT;
	bool masked = false;
	int r = n->key ? shown(&text, n->key, n->value, &masked, err) : 0;

	jsonw_begin_object(w);
	jsonw_kstring(w, "key", n->key ? n->key->name : n->name);
	if (r == 0 && n->key)
		jsonw_kstring(w, "value", text.data);
	if (masked)
		jsonw_kbool(w, "masked", true);
	jsonw_kstring(w, "level", config_level_name(n->level));
	jsonw_kstring(w, "origin", n->origin);
	jsonw_kstring(w, "reason", config_note_name(n->kind));
	jsonw_end_object(w);
	buf_release(&text);
	return r;
}

static int show_json(struct app *app, const struct config *config, struct error *err)
{
	const struct config_note *n;
	struct jsonw w;
	int r = 0;

	app_json_begin(app, &w);
	jsonw_key(&w, "settings");
	jsonw_begin_array(&w);
	for (size_t i = 0; i < n_config_keys && r == 0; i++) {
		jsonw_begin_object(&w);
		r = add_setting_json(&w, config, &config_keys[i], err);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_key(&w, "ignored");
	jsonw_begin_array(&w);
	for (size_t i = 0; r == 0 && (n = config_note(config, i)); i++)
		r = add_note_json(&w, n, err);
	jsonw_end_array(&w);
	app_json_end(app, &w);
	return r;
}

static int show_row(struct app *app, const struct config_key *key, const char *name,
	const char *value, const char *from, const char *why, struct error *err)
{
	struct buf text = BUF_INIT;
	bool masked = false;
	int r = key ? shown(&text, key, value, &masked, err) : 0;

	app_text(app, name);
	buf_addf(&app->out, "%*s ", (int)(strlen(name) < 32 ? 32 - strlen(name) : 0), "");
	app_text(app, text.data);
	if (from) {
		buf_adds(&app->out, "  (");
		app_text(app, from);
		if (why)
			buf_addf(&app->out, ": %s", why);
		buf_addch(&app->out, ')');
	}
	buf_addch(&app->out, '\n');
	buf_release(&text);
	return r;
}

static int show_text(struct app *app, const struct config *config, struct error *err)
{
	const struct config_note *n;
	int r = 0;

	for (size_t i = 0; i < n_config_keys && r == 0; i++) {
		const struct config_key *key = &config_keys[i];
		const char *value = config_get(config, key->name);

		if (value)
			r = show_row(app, key, key->name, value,
				origin ? config_origin(config, key->name) : NULL, NULL, err);
	}
	if (!origin || !config_note(config, 0))
		return r;
	buf_adds(&app->out,
		"\n"
		"ignored:\n");
	for (size_t i = 0; r == 0 && (n = config_note(config, i)); i++)
		r = show_row(app, n->key, n->key ? n->key->name : n->name, n->value, n->origin,
			config_note_text(n->kind), err);
	return r;
}

static int show_run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	int r;

	(void)argc;
	(void)argv;
	if (origin || app->json)
		repo.settings = SETTINGS_QUIET;
	r = config_open_here(&repo, app, err);
	if (r == 0)
		r = app->json ? show_json(app, repo.config, err) : show_text(app, repo.config, err);
	repo_release(&repo);
	return r;
}

static void path_json(struct jsonw *w, const char *name, const char *path, bool there)
{
	jsonw_key(w, name);
	jsonw_begin_object(w);
	jsonw_kstring(w, "path", path);
	jsonw_kbool(w, "exists", there);
	jsonw_end_object(w);
}

static void print_paths(struct app *app, const char *users, const char *repositorys, bool there)
{
	struct jsonw w;

	if (app->json) {
		app_json_begin(app, &w);
		if (users)
			path_json(&w, "user", users, fs_exists(users));
		if (repositorys)
			path_json(&w, "repository", repositorys, there);
		app_json_end(app, &w);
	} else if (user != repository) {
		app_text(app, user ? users : repositorys);
		buf_addch(&app->out, '\n');
	} else {
		app_row(app, "user", users);
		app_row(app, "repository", repositorys);
	}
}

static int path_run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct config_sources sources = { .repository_file = NULL };
	struct buf users = BUF_INIT, file = BUF_INIT, text = BUF_INIT;
	const char **names = NULL;
	bool no_user = user != repository && !user, no_file = user != repository && user;
	int r = 0;

	(void)argc;
	(void)argv;
	repo.settings = SETTINGS_UNREAD;
	if (!no_user)
		r = paths_config_file(&users, err);
	if (r == 0 && !no_file)
		r = repository ? open_repo(&repo, app, NULL, err)
			       : config_open_here(&repo, app, err);
	if (r == 0 && !no_file)
		r = repo_config_sources(&repo, &sources, &file, &text, &names, err);
	if (r == 0)
		print_paths(app, no_user ? NULL : users.data,
			no_file ? NULL : sources.repository_file,
			sources.repository_text ? text.len > 0 : file.len && fs_exists(file.data));
	free(names);
	repo_release(&repo);
	buf_release(&users);
	buf_release(&file);
	buf_release(&text);
	return r;
}

const struct cmd cmd_config_get = {
	.name = "config get",
	.summary = "print the value of a setting",
	.usage = "KEY",
	.options = get_options,
	.min_args = 1,
	.max_args = 1,
	.json = true,
	.run = get_run,
};

const struct cmd cmd_config_show = {
	.name = "config show",
	.summary = "list all settings and their sources",
	.options = show_options,
	.json = true,
	.run = show_run,
};

const struct cmd cmd_config_path = {
	.name = "config path",
	.summary = "print where the configuration files are",
	.options = path_options,
	.json = true,
	.run = path_run,
};
