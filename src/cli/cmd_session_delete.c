/* minsky session delete, restore */
#include <unistd.h>

#include "cli/output.h"
#include "cli/purge.h"
#include "cli/remove.h"
#include "cli/settle.h"

static const char *repo, *override;
static bool dry_run;

static const struct option_desc delete_options[] = {
	{ OPTION_STRING, 0, "override", &override, "REASON",
		"delete although work could be lost; the reason is journaled" },
	{ OPTION_FLAG, 0, "dry-run", &dry_run, NULL, "only say whether it would be deleted" },
	{ OPTION_STRING, 0, "repo", &repo, "DIRECTORY", "the repository (the one we are in)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const struct option_desc restore_options[] = {
	{ OPTION_STRING, 0, "repo", &repo, "DIRECTORY", "the repository (the one we are in)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int print(struct context *c, const struct session *s, const char *word, struct error *err)
{
	struct app *app = c->app;

	if (app->json)
		return output_outcome_json(c, word, s, err);
	app_row(app, "session", s->name);
	app_row(app, "outcome", word);
	return 0;
}

/* The command's own directory, and that of the shell it came from, must not vanish. */
static int check_outside(const struct session *s, struct error *err)
{
	char cwd[4096];
	size_t len = s->workspace ? strlen(s->workspace) : 0;

	if (!len || !getcwd(cwd, sizeof(cwd)))
		return 0;
	if (strncmp(cwd, s->workspace, len) == 0 && (!cwd[len] || cwd[len] == '/')) {
		error_set(err, ERR_REFUSED, "we are inside the workspace of '%s'", s->name);
		return error_hint(err, "go somewhere else first");
	}
	return 0;
}

static int count(void *arg, const struct session *s, const char *where, struct error *err)
{
	(void)s;
	(void)where;
	(void)err;
	++*(size_t *)arg;
	return 0;
}

/* What was deleted long ago makes room. That it fails is no failure of this command. */
static void tidy(struct context *c, const struct session *s)
{
	const struct purge_request req = { .keep_ms = purge_keep(c) };
	const char *keep = config_get(c->config, "trash.keep");
	struct error failed = ERROR_INIT;
	size_t n = 0;
	int r;

	if (req.keep_ms)
		app_say(c->app,
			"its workspace is in the trash for %s; 'minsky session restore %s' brings "
			"it back",
			keep, s->name);
	r = purge_sessions(c, &req, count, &n, &failed);
	if (r < 0 && r != ERR_BUSY)
		app_warn(c->app, "cannot purge the trash: %s", failed.msg);
	else if (n)
		app_say(c->app, "purged from the trash: %zu deleted %s ago or earlier", n, keep);
}

static int run_delete(struct app *app, int argc, const char **argv, struct error *err)
{
	struct context c = CONTEXT_INIT;
	struct session s = { .name = NULL };
	int r;

	if (override && !*override)
		return error_set(err, ERR_USAGE, "--override wants a reason");
	r = context_find_session(&c, app, repo, argv[0], &s, err);
	(void)argc;
	if (r == 0)
		r = session_want_local(&c, &s, "delete it", err);
	if (r == 0)
		r = check_outside(&s, err);
	if (r == 0)
		r = settle_session(&c, &s, SETTLE_FORCE, err);
	if (r == 0)
		r = remove_session(&c, &s, override, dry_run, err);
	if (r == 0) {
		struct session now = { .name = NULL };

		r = c.backend->ops->get(c.backend, context_store(&c), KEY_ID, s.id, &now, err);
		if (r == 0)
			r = print(&c, &now, dry_run ? "would be deleted" : "deleted", err);
		session_release(&now);
	}
	if (r == 0 && !dry_run)
		tidy(&c, &s);
	session_release(&s);
	context_release(&c);
	return r;
}

static int run_restore(struct app *app, int argc, const char **argv, struct error *err)
{
	struct context c = CONTEXT_INIT;
	struct session s = { .name = NULL }, now = { .name = NULL };
	int r = context_open(&c, app, repo, err);

	(void)argc;
	if (r == 0 && !c.known)
		r = error_set(err, ERR_NOTFOUND, "this repository has no sessions");
	if (r == 0)
		r = remove_find_deleted(&c, argv[0], false, &s, err);
	if (r == 0)
		r = session_want_local(&c, &s, "restore it", err);
	if (r == 0)
		r = restore_session(&c, &s, err);
	if (r == 0)
		r = c.backend->ops->get(c.backend, context_store(&c), KEY_ID, s.id, &now, err);
	if (r == 0)
		r = print(&c, &now, "restored", err);
	session_release(&s);
	session_release(&now);
	context_release(&c);
	return r;
}

const struct cmd cmd_session_delete = {
	.name = "session delete",
	.summary = "delete a session; refuses (exit 4) when work could be lost with it",
	.usage = "NAME|ID|TASK",
	.details =
		"Uncommitted, untracked, stashed, unpushed and unmerged work stand against it, and "
		"so does\nany error of git. The workspace goes to the trash.",
	.options = delete_options,
	.min_args = 1,
	.max_args = 1,
	.json = true,
	.run = run_delete,
};
const struct cmd cmd_session_restore = {
	.name = "session restore",
	.summary = "bring a deleted session back from the trash",
	.usage = "NAME|ID",
	.options = restore_options,
	.min_args = 1,
	.max_args = 1,
	.json = true,
	.run = run_restore,
};
