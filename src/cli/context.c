#include "cli/context.h"

#include <unistd.h>

#include "backends/registry.h"
#include "cli/reconcile.h"
#include "core/fs.h"
#include "core/paths.h"
#include "git/gitcmd.h"
#include "hooks/cursor.h"
#include "hooks/linked.h"
#include "hooks/worker.h"
#include "log/projector.h"

void context_release(struct context *c)
{
	struct error ignored = ERROR_INIT;

	/* A command looks at its own session; the mark stands for all the others. */
	if (c->facts_needed)
		(void)worker_start(c->repo.journal, WORKER_FACTS, &ignored);
	if (c->journal)
		team_flush(c);
	team_release(c);
	labels_release(&c->labels);
	journal_close(c->journal);
	config_free(c->config);
	repo_release(&c->repo);
	pointer_release(&c->pointer);
	buf_release(&c->state);
	buf_release(&c->git_dir);
	buf_release(&c->common_dir);
	buf_release(&c->top);
	buf_release(&c->tracking_of);
	buf_release(&c->tracking);
	near_release(&c->cursors);
	near_release(&c->workspaces);
	*c = (struct context)CONTEXT_INIT;
}

const char *context_workspace_git(const struct context *c, const struct session *s)
{
	const struct repo_clone *clone =
		s->clone_id ? repo_find_clone(&c->repo, s->clone_id) : NULL;

	return clone ? clone->path : NULL;
}

const char *context_main_git(const struct context *c, const struct session *s)
{
	const struct repo_clone *clone =
		s && s->main_clone_id ? repo_find_clone(&c->repo, s->main_clone_id) : NULL;

	if (clone)
		return clone->path;
	if (c->common_dir.len && (!c->pointer.session[0] || c->pointer.top))
		return c->common_dir.data;
	return c->repo.main_path;
}

int context_main_dir(
	const struct context *c, const struct session *s, struct buf *out, struct error *err)
{
	const char *path = context_main_git(c, s);
	size_t len;

	if (!path)
		return error_set(err, ERR_NOTFOUND, "the main repository is not known");
	len = strlen(path);
	buf_clear(out);
	if (len > 5 && strcmp(path + len - 5, "/.git") == 0)
		buf_add(out, path, len - 5);
	else
		buf_add(out, path, len);
	return buf_check(out, err);
}

bool context_main_is_origin(const struct context *c, const struct session *s)
{
	struct error ignored = ERROR_INIT;
	struct buf dir = BUF_INIT;
	bool same;

	same = s->repo_url && context_main_dir(c, s, &dir, &ignored) == 0 &&
		strcmp(dir.data, s->repo_url) == 0;
	buf_release(&dir);
	return same;
}

static void ask_tracking(const struct context *c, const struct session *s, struct buf *out)
{
	struct git_repo git = { .top = NULL };
	struct error ignored = ERROR_INIT;
	struct buf dir = BUF_INIT;
	char *name = NULL, *url = NULL;

	if (context_main_dir(c, s, &dir, &ignored) == 0 &&
		git_repo_open(&git, dir.data, &ignored) == 0 &&
		git_repo_remote(&git, &name, &url, &ignored) == 0 && name)
		buf_addf(out, "refs/remotes/%s/", name);
	free(name);
	free(url);
	git_repo_release(&git);
	buf_release(&dir);
}

const char *context_main_tracking(struct context *c, const struct session *s)
{
	static const char usual[] = "refs/remotes/origin/";
	const char *main_git = context_main_git(c, s);
	struct buf dir = BUF_INIT;

	if (!main_git || context_main_is_origin(c, s))
		return usual;
	if (!c->tracking_of.len || strcmp(c->tracking_of.data, main_git) != 0) {
		buf_clear(&c->tracking_of);
		buf_clear(&c->tracking);
		buf_adds(&c->tracking_of, main_git);
		/* Every clone has this one, and git never packs it. */
		fs_join(&dir, main_git, "refs/remotes/origin/HEAD");
		if (!dir.failed && !fs_exists(dir.data))
			ask_tracking(c, s, &c->tracking);
		buf_release(&dir);
	}
	return c->tracking.len && !c->tracking.failed ? c->tracking.data : usual;
}

/* Journal and repo.json of a pointer that was read. */
static int open_known(struct context *c, const char *journal, struct error *err)
{
	int r;

	r = repo_load(&c->repo, journal, err);
	if (r == 0)
		r = journal_open(&c->journal, journal, err);
	/* Not "not found", which is what a directory outside any repository is. */
	if (r == ERR_NOTFOUND) {
		err->code = ERR_CORRUPT;
		error_hint(err,
			"bring '%s' back from a backup; without the directory 'minsky' "
			"in its git directory the repository begins a new one",
			journal);
	}
	if (r < 0)
		return error_wrap(err, "journal of this repository");
	c->known = true;
	return 0;
}

int context_change_repo(struct context *c, repo_change_fn *fn, const void *arg, struct error *err)
{
	struct repo fresh = REPO_INIT;
	struct buf lock = BUF_INIT;
	int fd = -1, r;

	fs_join(&lock, c->repo.journal, "repo.lock");
	r = fs_lock(lock.data, 30000, &fd, err);
	if (r == 0)
		r = repo_load(&fresh, c->repo.journal, err);
	if (r == 0)
		r = fn(&fresh, arg, err);
	if (r == 0)
		r = repo_save(&fresh, err);
	if (r == 0) {
		struct repo old = c->repo;

		c->repo = fresh;
		fresh = old;
	}
	if (fd >= 0)
		close(fd);
	repo_release(&fresh);
	buf_release(&lock);
	return r;
}

struct new_clone {
	const char *id, *path, *session;
};

static int add_clone(struct repo *repo, const void *arg, struct error *err)
{
	const struct new_clone *n = arg;

	return repo_add_clone(repo, n->id, n->path, n->session, err);
}

int context_add_clone(
	struct context *c, const char *id, const char *path, const char *session, struct error *err)
{
	const struct new_clone n = { id, path, session };

	return context_change_repo(c, add_clone, &n, err);
}

/* Where a clone is now belongs into repo.json too; a copy becomes a clone of its own. */
static int settle_place(struct context *c, struct error *err)
{
	enum pointer_place place;
	char clone[ID_HEX_SIZE];
	int r;

	memcpy(clone, c->pointer.clone, sizeof(clone));
	r = pointer_settle(&c->pointer, c->common_dir.data, true, &place, err);
	if (r == 0 && place == POINTER_REPLACED)
		r = cursor_inherit(c->repo.journal, clone, c->pointer.clone, err);
	if (r == 0 && place != POINTER_HERE)
		r = context_add_clone(
			c, c->pointer.clone, c->common_dir.data, c->pointer.session, err);
	/* Copied: that a session stays with the original has been settled. */
	if (r == 0 && (place == POINTER_MOVED || place == POINTER_REPLACED) &&
		c->pointer.session[0])
		r = found_tell(
			c->journal, &c->pointer, c->common_dir.data, c->top.data, "cli", 5000, err);
	if (r == 0 && strcmp(c->git_dir.data, c->common_dir.data) != 0)
		r = pointer_enter(&c->pointer, c->git_dir.data, err);
	if (r == 0 && c->pointer.top)
		r = found_tell(
			c->journal, &c->pointer, c->git_dir.data, c->top.data, "cli", 5000, err);
	return r;
}

int context_follow(struct context *c, const struct session *s, struct error *err)
{
	const char *known = context_workspace_git(c, s);
	struct pointer pointer = POINTER_INIT;
	struct error ignored = ERROR_INIT;
	struct buf git = BUF_INIT;
	int r = 0;

	if (!known || fs_is_dir(known) || s->deleted || !s->workspace)
		return 0;
	fs_join(&git, s->workspace, ".git");
	if (!git.failed && pointer_read(&pointer, git.data, &ignored) == 0 &&
		!strcmp(pointer.clone, s->clone_id))
		r = context_add_clone(c, s->clone_id, git.data, s->id, err);
	pointer_release(&pointer);
	buf_release(&git);
	return r;
}

int context_open(struct context *c, struct app *app, const char *path, struct error *err)
{
	struct buf real = BUF_INIT;
	int r;

	c->app = app;
	r = paths_state(&c->state, err);
	if (r < 0)
		return r;
	r = fs_realpath(path ? path : ".", &real, err);
	if (r < 0)
		goto out;
	r = gitdir_find(real.data, false, &c->git_dir, &c->common_dir, &c->top, err);
	if (r < 0) {
		if (r == ERR_NOTFOUND)
			error_hint(err, "go into a git repository, or name one with --repo");
		goto out;
	}
	r = pointer_read(&c->pointer, c->common_dir.data, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = context_load_config(c, err);
		goto out;
	}
	if (r < 0)
		goto out;
	r = open_known(c, c->pointer.journal, err);
	if (r == 0)
		r = settle_place(c, err);
	if (r == 0)
		r = context_load_config(c, err);
out:
	buf_release(&real);
	return r;
}

int context_open_journal(struct context *c, struct app *app, const char *journal, struct error *err)
{
	int r;

	c->app = app;
	r = paths_state(&c->state, err);
	if (r == 0)
		r = open_known(c, journal, err);
	if (r == 0)
		r = context_load_config(c, err);
	return r;
}

int context_empty_backend(struct context *c, struct error *err)
{
	int r = c->backend ? 0 : registry_open(&c->backend, c->config, err);

	return r < 0 ? r : projector_reset(c->backend, context_store(c), err);
}

const char *context_store(const struct context *c)
{
	const char *key = c->team.kind == TEAM_SHARED && !team_degraded(c)
		? repo_hub_key(&c->repo, c->team.id)
		: NULL;

	return key ? key : c->repo.id;
}

/* A store of our own: as far as the journal goes. */
static int project_local(struct context *c, struct error *err)
{
	struct projector_result result = { 0 };
	int r = c->backend ? 0 : registry_open(&c->backend, c->config, err);

	if (r == 0 && c->stale_store) {
		r = context_empty_backend(c, err);
		c->stale_store = r < 0;
	}
	if (r == 0)
		r = projector_run(c->journal, c->backend, c->repo.id, &result, err);
	if (r == 0 && result.unknown)
		app_say(c->app,
			"%llu events are of a kind that this version does not know; they "
			"are kept",
			(unsigned long long)result.unknown);
	return r;
}

int context_project(struct context *c, struct error *err)
{
	int r = team_project(c, err);

	if (r == 0 && c->team.kind != TEAM_SHARED)
		r = project_local(c, err);
	labels_release(&c->labels);
	if (r == 0 && c->team.pulled) {
		c->team.pulled = 0;
		labels_tell(c);
	}
	return r;
}

/* A repository that somebody broke must not stand in the way of the record and of the others. */
static int ring_or_warn(struct context *c, const char *common_dir, struct error *err)
{
	int r = common_dir ? reconcile_clone(c, common_dir, NULL, err) : 0;

	if (r == ERR_NOTFOUND) {
		app_warn(c->app, "cannot see what git did in '%s': %s", common_dir, err->msg);
		error_clear(err);
		r = 0;
	}
	return r;
}

int context_catch_up(struct context *c, const struct session *s, struct error *err)
{
	const char *main_git = context_main_git(c, s);
	const char *workspace = s ? context_workspace_git(c, s) : NULL;
	int r = ring_or_warn(c, main_git, err);

	if (r == 0 && workspace && (!main_git || strcmp(workspace, main_git) != 0))
		r = ring_or_warn(c, workspace, err);
	return r < 0 ? r : context_project(c, err);
}
