/* minsky session delete, restore */
#include <unistd.h>

#include "cli/output.h"
#include "core/paths.h"
#include "session/delete.h"
#include "session/pr_refresh.h"
#include "session/purge.h"
#include "session/trash.h"

static const char *repo_path, *override;
static bool dry_run;

static const struct option_desc delete_options[] = {
	{ OPTION_STRING, 0, "override", &override, "REASON",
		"delete although work could be lost; the reason is journaled" },
	{ OPTION_FLAG, 0, "dry-run", &dry_run, NULL, "only say whether it would be deleted" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY", "the repository (the one we are in)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const struct option_desc restore_options[] = {
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY", "the repository (the one we are in)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int print(struct repo *repo, const struct session *s, const char *word, struct error *err)
{
	struct app *app = repo->app;

	if (app->json)
		return output_outcome_json(repo, word, s, err);
	app_row(app, "session", s->name);
	app_row(app, "outcome", word);
	return 0;
}

/* The command's own directory, and that of the shell it came from, must not vanish. */
static int check_outside(const struct session *s, struct error *err)
{
	char cwd[4096];

	if (!s->workspace || !s->workspace[0] || !getcwd(cwd, sizeof(cwd)))
		return 0;
	if (path_below(cwd, s->workspace)) {
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

/* A workspace that was gone already is in no trash. */
static bool is_kept(struct repo *repo, const struct session *s)
{
	enum trash_state state = TRASH_NOTHING;
	struct error ignored = ERROR_INIT;
	struct buf where = BUF_INIT;
	bool kept = trash_look(repo, s, &state, &where, &ignored) == 0 && state == TRASH_KEPT;

	buf_release(&where);
	return kept;
}

/* What was deleted long ago makes room. That it fails is no failure of this command. */
static void tidy(struct repo *repo, const struct session *s)
{
	const struct purge_request req = { .keep_ms = purge_keep(repo) };
	const char *keep = config_get(repo->config, "trash.keep");
	struct error failed = ERROR_INIT;
	size_t n = 0;
	int r;

	if (req.keep_ms && is_kept(repo, s))
		app_say(repo->app,
			"its workspace is in the trash for %s; 'minsky session restore %s' brings "
			"it back",
			keep, s->name);
	r = purge_sessions(repo, &req, count, &n, &failed);
	if (r < 0 && r != ERR_BUSY)
		app_warn(repo->app, "cannot purge the trash: %s", failed.msg);
	else if (n)
		app_say(repo->app, "purged from the trash: %zu deleted %s ago or earlier", n, keep);
}

static int run_delete(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL };
	int r;

	if (override && !*override)
		return error_set(err, ERR_USAGE, "--override wants a reason");
	r = repo_find_session(&repo, app, repo_path, argv[0], &s, err);
	(void)argc;
	if (r == 0)
		r = session_want_local(&repo, &s, "delete it", err);
	if (r == 0)
		r = check_outside(&s, err);
	if (r == 0)
		r = pr_refresh(&repo, &s, PR_REFRESH_FORCE, err);
	if (r == 0)
		r = remove_session(&repo, &s, override, dry_run, err);
	if (r == 0) {
		struct session now = { .name = NULL };

		r = repo.backend->ops->get(
			repo.backend, repo_store(&repo), KEY_ID, s.id, &now, err);
		if (r == 0)
			r = print(&repo, &now, dry_run ? "would be deleted" : "deleted", err);
		session_release(&now);
	}
	if (r == 0 && !dry_run)
		tidy(&repo, &s);
	session_release(&s);
	repo_release(&repo);
	return r;
}

static int run_restore(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct session s = { .name = NULL }, now = { .name = NULL };
	int r = repo_open(&repo, app, repo_path, err);

	(void)argc;
	if (r == 0 && !repo.known)
		r = error_set(err, ERR_NOTFOUND, "this repository has no sessions");
	if (r == 0)
		r = remove_find_deleted(&repo, argv[0], false, &s, err);
	if (r == 0)
		r = session_want_local(&repo, &s, "restore it", err);
	if (r == 0)
		r = restore_session(&repo, &s, err);
	if (r == 0)
		r = repo.backend->ops->get(
			repo.backend, repo_store(&repo), KEY_ID, s.id, &now, err);
	if (r == 0)
		r = print(&repo, &now, "restored", err);
	session_release(&s);
	session_release(&now);
	repo_release(&repo);
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
