/* minsky config validate: everything that is wrong in each place that settings come from. */
#include <unistd.h>

#include "backends/registry.h"
#include "cli/config_here.h"
#include "cli/open.h"
#include "core/fs.h"
#include "core/paths.h"

static const struct option_desc options[] = {
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

struct findings {
	struct app *app;
	struct jsonw w;
	size_t errors, warnings;
};

static void add(struct findings *f, const char *severity, const char *text)
{
	if (f->app->json) {
		jsonw_begin_object(&f->w);
		jsonw_kstring(&f->w, "severity", severity);
		jsonw_kstring(&f->w, "text", text);
		jsonw_end_object(&f->w);
		return;
	}
	buf_addf(&f->app->out, "%s: ", severity);
	app_text(f->app, text);
	buf_addch(&f->app->out, '\n');
}

static void on_warning(void *arg, const char *text)
{
	struct findings *f = arg;

	f->warnings++;
	add(f, "warning", text);
}

static void on_error(void *arg, const char *text)
{
	struct findings *f = arg;

	f->errors++;
	add(f, "error", text);
}

/* One place by itself, so that nothing is overridden. */
static int look(struct findings *f, struct config_sources *sources, struct error *err)
{
	const struct backend_ops *ops;
	struct config *config = NULL;
	struct buf text = BUF_INIT;
	const char *name;
	int r;

	sources->warn = on_warning;
	sources->wrong = on_error;
	sources->warn_arg = f;
	r = config_load(&config, sources, err);
	name = r == 0 ? config_get(config, "sessiondb.backend") : NULL;
	if (name && registry_find(&ops, name, err) < 0) {
		buf_addf(&text, "%s: %s", config_origin(config, "sessiondb.backend"), err->msg);
		on_error(f, text.data);
		error_clear(err);
	}
	buf_release(&text);
	config_free(config);
	if (r == ERR_USAGE) {
		on_error(f, err->msg);
		error_clear(err);
		r = 0;
	}
	return r;
}

static int look_at_file(struct findings *f, const char *path, struct error *err)
{
	struct config_sources sources = { .user_file = path, .no_environment = true };

	if (!fs_exists(path)) {
		error_set(err, ERR_NOTFOUND, "there is no file '%s'", path);
		return err->code;
	}
	return look(f, &sources, err);
}

static int look_here(struct findings *f, struct repo *repo, struct error *err)
{
	struct config_sources sources = { .repository_file = NULL };
	struct buf file = BUF_INIT, text = BUF_INIT;
	const char **names = NULL;
	int r = repo_config_sources(repo, &sources, &file, &text, &names, err);
	struct config_sources users = { .repository_names = names, .no_environment = true };
	struct config_sources environment = { .user_file = "" };

	sources.user_file = "";
	sources.repository_names = NULL;
	sources.settings = NULL;
	sources.no_environment = true;
	if (r == 0)
		r = look(f, &users, err);
	if (r == 0)
		r = look(f, &sources, err);
	if (r == 0)
		r = look(f, &environment, err);
	free(names);
	buf_release(&file);
	buf_release(&text);
	return r;
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct findings f = { .app = app };
	int r = 0;

	repo.settings = SETTINGS_UNREAD;
	if (!argc)
		r = config_open_here(&repo, app, err);
	if (r < 0)
		goto out;
	if (app->json) {
		app_json_begin(app, &f.w);
		jsonw_key(&f.w, "findings");
		jsonw_begin_array(&f.w);
	}
	r = argc ? look_at_file(&f, argv[0], err) : look_here(&f, &repo, err);
	if (r < 0)
		goto out;
	if (app->json) {
		jsonw_end_array(&f.w);
		jsonw_ku64(&f.w, "errors", f.errors);
		jsonw_ku64(&f.w, "warnings", f.warnings);
		app_json_end(app, &f.w);
	}
	app->unwell = f.errors > 0;
	if (!f.errors && !f.warnings)
		app_say(app, "no errors, no warnings");
out:
	repo_release(&repo);
	return r;
}

const struct cmd cmd_config_validate = {
	.name = "config validate",
	.summary = "check the configuration files",
	.usage = "[FILE]",
	.options = options,
	.max_args = 1,
	.json = true,
	.run = run,
};
