#include "cli/open.h"

#include "core/fs.h"
#include "session/recover.h"

struct app *app_of(const struct repo *repo)
{
	return repo->caller->arg;
}

static void say(void *arg, const char *line)
{
	app_say(arg, "%s", line);
}

static void warn(void *arg, const char *line)
{
	app_warn(arg, "%s", line);
}

const struct caller *app_caller(struct app *app)
{
	struct error ignored = ERROR_INIT;

	app->caller.settings = app->settings.v;
	app->caller.watched = app_talks(app);
	app->caller.say = say;
	app->caller.warn = warn;
	app->caller.arg = app;
	if (!app->program.len && fs_realpath("/proc/self/exe", &app->program, &ignored) < 0)
		buf_clear(&app->program);
	app->caller.program = app->program.len ? app->program.data : NULL;
	return &app->caller;
}

void app_outcome(struct app *app, struct outcome *outcome)
{
	struct error ignored = ERROR_INIT;

	for (size_t i = 0; i < outcome->n_words; i++) {
		const struct reason *word = &outcome->words[i];

		if (strcmp(word->category, OUTCOME_WARNING) == 0)
			app_warn(app, "%s", word->text);
		else
			app_say(app, "%s", word->text);
	}
	for (size_t i = 0; i < outcome->n_reasons; i++)
		(void)app_add_reason(
			app, outcome->reasons[i].category, outcome->reasons[i].text, &ignored);
	app->unwell |= outcome->unwell;
}

/* How answers look is a setting as well. */
static int apply_looks(const struct repo *repo, int r, struct error *err)
{
	const char *color, *pager;
	struct app *app;

	if (r < 0 || !repo->config)
		return r;
	app = app_of(repo);
	color = config_get(repo->config, "color");
	pager = config_get(repo->config, "pager");
	if (color && strcmp(color, "auto") != 0)
		app->color = !strcmp(color, "always");
	free(app->pager);
	app->pager = pager ? strdup(pager) : NULL;
	return pager && !app->pager ? error_nomem(err) : 0;
}

int open_repo(struct repo *repo, struct app *app, const char *path, struct error *err)
{
	return apply_looks(repo, repo_open(repo, app_caller(app), path, err), err);
}

int open_journal(struct repo *repo, struct app *app, const char *journal, struct error *err)
{
	return apply_looks(repo, repo_open_journal(repo, app_caller(app), journal, err), err);
}

/* Somebody was interrupted while he moved its workspace. */
static int recover(struct repo *repo, const struct session *s, struct error *err)
{
	struct outcome outcome = { .unwell = false };
	int r = session_recover(repo, s, &outcome, err);

	app_outcome(app_of(repo), &outcome);
	outcome_release(&outcome);
	return r;
}

int open_session(struct repo *repo, struct app *app, const char *path, const char *key,
	struct session *out, struct error *err)
{
	struct session s = { .name = NULL };
	int r = repo_find_session(repo, app_caller(app), path, key, &s, err);

	r = apply_looks(repo, r, err);
	if (r == 0)
		r = recover(repo, &s, err);
	if (r < 0) {
		session_release(&s);
		return r;
	}
	*out = s;
	return 0;
}

int open_as_of(struct repo *repo, struct app *app, const char *path, const char *key,
	const char *when, struct as_of *a, const struct session **out, struct error *err)
{
	return apply_looks(
		repo, as_of_find(repo, app_caller(app), path, key, when, a, out, err), err);
}

int open_config(struct repo *repo, struct app *app, struct error *err)
{
	if (repo->caller == &caller_silent)
		repo->caller = app_caller(app);
	return apply_looks(repo, repo_load_config(repo, err), err);
}

int visit_all(struct app *app, const char *state, repo_fn *fn, void *arg, struct error *err)
{
	size_t left_out = 0;
	int r = repo_visit_all(app_caller(app), state, fn, arg, &left_out, err);

	app->damaged |= left_out > 0;
	return r;
}
