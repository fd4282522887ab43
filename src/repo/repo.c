#include "repo/repo.h"

#include <unistd.h>

#include "backends/memory.h"
#include "backends/registry.h"
#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "core/owner.h"
#include "core/paths.h"
#include "git/worktree.h"
#include "hooks/observe/cursor.h"
#include "hooks/observe/linked.h"
#include "hooks/observe/worker.h"
#include "log/projector.h"
#include "repo/reconcile.h"

void repo_release(struct repo *repo)
{
	struct error ignored = ERROR_INIT;

	/* A command looks at its own session; the mark stands for all the others. */
	if (repo->facts_needed)
		(void)worker_start(repo->file.journal, WORKER_FACTS, &ignored);
	if (repo->journal)
		repo_hub_flush(repo);
	repo_hub_release(repo);
	display_names_release(&repo->display_names);
	journal_close(repo->journal);
	config_free(repo->config);
	repo_file_release(&repo->file);
	pointer_release(&repo->pointer);
	buf_release(&repo->state);
	buf_release(&repo->git_dir);
	buf_release(&repo->common_dir);
	buf_release(&repo->top);
	buf_release(&repo->tracking_of);
	buf_release(&repo->tracking);
	origins_release(&repo->origins);
	stat_cache_release(&repo->cursors);
	stat_cache_release(&repo->workspaces);
	*repo = (struct repo)REPO_INIT;
}

const char *repo_dir(const struct repo *repo)
{
	return repo->top.len ? repo->top.data : repo->common_dir.data;
}

const char *repo_workspace_git(const struct repo *repo, const struct session *s)
{
	const struct repo_file_clone *clone =
		s->clone_id ? repo_file_find_clone(&repo->file, s->clone_id) : NULL;

	return clone ? clone->path : NULL;
}

const char *repo_main_git(const struct repo *repo, const struct session *s)
{
	const struct repo_file_clone *clone =
		s && s->main_clone_id ? repo_file_find_clone(&repo->file, s->main_clone_id) : NULL;

	if (clone)
		return clone->path;
	if (repo->common_dir.len && (!repo->pointer.session[0] || repo->pointer.top))
		return repo->common_dir.data;
	return repo->file.main_path;
}

int repo_main_dir(
	const struct repo *repo, const struct session *s, struct buf *out, struct error *err)
{
	const char *path = repo_main_git(repo, s);
	size_t len;

	if (!path)
		return error_set(err, ERR_NOTFOUND, "the main repository is unknown");
	len = strlen(path);
	buf_clear(out);
	if (len > 5 && strcmp(path + len - 5, "/.git") == 0)
		buf_add(out, path, len - 5);
	else
		buf_add(out, path, len);
	return buf_check(out, err);
}

bool repo_main_is_origin(const struct repo *repo, const struct session *s)
{
	struct error ignored = ERROR_INIT;
	struct buf dir = BUF_INIT;
	bool same;

	same = s->repo_url && repo_main_dir(repo, s, &dir, &ignored) == 0 &&
		strcmp(dir.data, s->repo_url) == 0;
	buf_release(&dir);
	return same;
}

static void ask_tracking(const struct repo *repo, const struct session *s, struct buf *out)
{
	struct git_repo git = { .top = NULL };
	struct error ignored = ERROR_INIT;
	struct buf dir = BUF_INIT;
	char *name = NULL, *url = NULL;

	if (repo_main_dir(repo, s, &dir, &ignored) == 0 &&
		git_repo_open(&git, dir.data, &ignored) == 0 &&
		git_repo_remote(&git, &name, &url, &ignored) == 0 && name)
		buf_addf(out, "refs/remotes/%s/", name);
	free(name);
	free(url);
	git_repo_release(&git);
	buf_release(&dir);
}

const char *repo_main_tracking(struct repo *repo, const struct session *s)
{
	static const char usual[] = "refs/remotes/origin/";
	const char *main_git = repo_main_git(repo, s);
	struct buf dir = BUF_INIT;

	if (!main_git || repo_main_is_origin(repo, s))
		return usual;
	if (!repo->tracking_of.len || strcmp(repo->tracking_of.data, main_git) != 0) {
		buf_clear(&repo->tracking_of);
		buf_clear(&repo->tracking);
		buf_adds(&repo->tracking_of, main_git);
		/* Every clone has this one, and git never packs it. */
		fs_join(&dir, main_git, "refs/remotes/origin/HEAD");
		if (!dir.failed && !fs_exists(dir.data))
			ask_tracking(repo, s, &repo->tracking);
		buf_release(&dir);
	}
	return repo->tracking.len && !repo->tracking.failed ? repo->tracking.data : usual;
}

/* Journal and repo.json of a pointer that was read. */
static int open_known(struct repo *repo, const char *journal, struct error *err)
{
	int r;

	r = repo_file_load(&repo->file, journal, err);
	if (r == 0)
		r = journal_open(&repo->journal, journal, err);
	/* Not "not found", which is what a directory outside any repository is. */
	if (r == ERR_NOTFOUND) {
		err->code = ERR_CORRUPT;
		error_hint(err,
			"restore '%s' from a backup, or start a new journal: remove the directory "
			"'minsky' in the git directory of the repository",
			journal);
	}
	if (r < 0)
		return error_wrap(err, "journal of this repository");
	repo->known = true;
	return 0;
}

int repo_change_file(struct repo *repo, repo_file_change_fn *fn, const void *arg, struct error *err)
{
	struct repo_file fresh = REPO_FILE_INIT;
	struct buf lock = BUF_INIT;
	int fd = -1, r;

	fs_join(&lock, repo->file.journal, "repo.lock");
	r = fs_lock(lock.data, 30000, &fd, err);
	if (r == 0)
		r = repo_file_load(&fresh, repo->file.journal, err);
	if (r == 0)
		r = fn(&fresh, arg, err);
	if (r == 0)
		r = repo_file_save(&fresh, err);
	if (r == 0) {
		struct repo_file old = repo->file;

		repo->file = fresh;
		fresh = old;
	}
	if (fd >= 0)
		close(fd);
	repo_file_release(&fresh);
	buf_release(&lock);
	return r;
}

struct new_clone {
	const char *id, *path, *session;
};

static int add_clone(struct repo_file *repo, const void *arg, struct error *err)
{
	const struct new_clone *n = arg;

	return repo_file_add_clone(repo, n->id, n->path, n->session, err);
}

int repo_add_clone(
	struct repo *repo, const char *id, const char *path, const char *session, struct error *err)
{
	const struct new_clone n = { id, path, session };

	return repo_change_file(repo, add_clone, &n, err);
}

/*
 * The pointer says which clone of the journal this is; the journal has to know it. That it knows it
 * at another place is what a move, a copy and a hook that has written the pointer alone look like.
 */
static int check_bond(const struct repo *repo, struct error *err)
{
	if (repo_file_find_clone(&repo->file, repo->pointer.clone))
		return 0;
	error_refuse(err, "unknown-clone", "the journal '%s' does not list '%s' as a clone",
		repo->file.journal, repo->common_dir.data);
	return error_hint(err, "to register it: rm '%s/minsky/journal' && minsky init",
		repo->common_dir.data);
}

/* Where a clone is now belongs into repo.json too; a copy becomes a clone of its own. */
static int refresh_place(struct repo *repo, struct error *err)
{
	enum pointer_place place;
	char clone[ID_HEX_SIZE];
	int r;

	memcpy(clone, repo->pointer.clone, sizeof(clone));
	r = check_bond(repo, err);
	if (r < 0)
		return r;
	r = pointer_update(&repo->pointer, repo->common_dir.data, true, &place, err);
	if (r == 0 && place == POINTER_REPLACED)
		r = cursor_inherit(repo->file.journal, clone, repo->pointer.clone, err);
	if (r == 0 && place != POINTER_HERE)
		r = repo_add_clone(repo, repo->pointer.clone, repo->common_dir.data,
			repo->pointer.session, err);
	/* Copied: that a session stays with the original has been settled. */
	if (r == 0 && (place == POINTER_MOVED || place == POINTER_REPLACED) &&
		repo->pointer.session[0])
		r = observe_found(repo->journal, &repo->pointer, repo->common_dir.data,
			repo->top.data, "cli", 5000, err);
	if (r == 0 && strcmp(repo->git_dir.data, repo->common_dir.data) != 0)
		r = pointer_enter(&repo->pointer, repo->git_dir.data, err);
	if (r == 0 && repo->pointer.top)
		r = observe_found(repo->journal, &repo->pointer, repo->git_dir.data, repo->top.data,
			"cli", 5000, err);
	return r;
}

/*
 * The repository of a linked work tree was moved: git knows how to put right what the two say of
 * each other, once it is told where to look.
 */
static void repair_linked(struct repo *repo, const struct session *s)
{
	struct buf dir = BUF_INIT, git_dir = BUF_INIT, common = BUF_INIT;
	struct error err = ERROR_INIT;

	if (!fs_is_dir(s->workspace) ||
		gitdir_find(s->workspace, false, &git_dir, &common, NULL, &err) == 0 ||
		repo_main_dir(repo, s, &dir, &err) < 0 || !fs_is_dir(dir.data))
		goto out;
	error_clear(&err);
	if (worktree_repair(dir.data, s->workspace, &err) == 0)
		caller_say(repo->caller,
			"the repository of '%s' has moved: repaired its work tree '%s'", s->name,
			s->workspace);
	else
		caller_warn(repo->caller,
			"the work tree '%s' belongs to a repository that does not exist: %s; to "
			"repair it: git -C '%s' worktree repair '%s'",
			s->workspace, err.msg, dir.data, s->workspace);
out:
	buf_release(&dir);
	buf_release(&git_dir);
	buf_release(&common);
}

int repo_follow(struct repo *repo, const struct session *s, struct error *err)
{
	const char *known = repo_workspace_git(repo, s);
	struct pointer pointer = POINTER_INIT;
	struct error ignored = ERROR_INIT;
	struct buf git = BUF_INIT;
	int r = 0;

	if (!known || s->deleted || !s->workspace)
		return 0;
	if (session_is_linked(s) && session_is_local(repo, s))
		repair_linked(repo, s);
	if (fs_is_dir(known))
		return 0;
	fs_join(&git, s->workspace, ".git");
	if (!git.failed && pointer_read(&pointer, git.data, &ignored) == 0 &&
		!strcmp(pointer.clone, s->clone_id))
		r = repo_add_clone(repo, s->clone_id, git.data, s->id, err);
	pointer_release(&pointer);
	buf_release(&git);
	return r;
}

int repo_open(struct repo *repo, const struct caller *caller, const char *path, struct error *err)
{
	struct buf real = BUF_INIT;
	int r;

	repo->caller = caller;
	r = paths_state(&repo->state, err);
	if (r == 0)
		r = owner_check(repo->state.data, err);
	if (r < 0)
		return r;
	r = fs_realpath(path ? path : ".", &real, err);
	if (r < 0)
		goto out;
	r = gitdir_find(real.data, false, &repo->git_dir, &repo->common_dir, &repo->top, err);
	if (r < 0) {
		if (r == ERR_NOTFOUND)
			error_hint(err, "change to a git repository, or give one with --repo");
		goto out;
	}
	r = pointer_read(&repo->pointer, repo->common_dir.data, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = repo_load_config(repo, err);
		goto out;
	}
	if (r < 0)
		goto out;
	r = open_known(repo, repo->pointer.journal, err);
	if (r == 0)
		r = refresh_place(repo, err);
	if (r == 0)
		r = repo_load_config(repo, err);
out:
	buf_release(&real);
	return r;
}

int repo_open_journal(
	struct repo *repo, const struct caller *caller, const char *journal, struct error *err)
{
	int r;

	repo->caller = caller;
	r = paths_state(&repo->state, err);
	if (r == 0)
		r = owner_check(journal, err);
	if (r == 0)
		r = open_known(repo, journal, err);
	if (r == 0)
		r = repo_load_config(repo, err);
	return r;
}

int repo_empty_backend(struct repo *repo, struct error *err)
{
	int r = repo->backend ? 0 : registry_open(&repo->backend, repo->config, err);

	return r < 0 ? r : projector_reset(repo->backend, repo_store(repo), err);
}

const char *repo_store(const struct repo *repo)
{
	const char *key = repo->hub.kind == REPO_HUB_SHARED && !repo_hub_degraded(repo)
		? repo_file_hub_key(&repo->file, repo->hub.id)
		: NULL;

	return key ? key : repo->file.id;
}

/* A store of our own: as far as the journal goes. */
static int project_store(struct repo *repo, struct projector_result *result, struct error *err)
{
	int r = repo->backend ? 0 : registry_open(&repo->backend, repo->config, err);

	if (r == 0 && repo->stale_store) {
		r = repo_empty_backend(repo, err);
		repo->stale_store = r < 0;
	}
	return r < 0 ? r : projector_run(repo->journal, repo->backend, repo->file.id, result, err);
}

/* What is in the journal is done: while somebody else has the store, it answers alone. */
static int project_memory(struct repo *repo, struct projector_result *result, struct error *err)
{
	int r = 0;

	if (!repo->hub.memory) {
		caller_warn(repo->caller, "%s; using the journal", err->msg);
		error_clear(err);
		r = memory_open(&repo->hub.memory, err);
	}
	if (r < 0)
		return r;
	repo->backend = repo->hub.memory;
	return projector_run(repo->journal, repo->backend, repo->file.id, result, err);
}

static int project_local(struct repo *repo, struct error *err)
{
	struct projector_result result = { 0 };
	int r = repo->hub.memory ? ERR_BUSY : project_store(repo, &result, err);

	if (r == ERR_BUSY && repo->caller->require_backend) {
		err->code = ERR_BACKEND;
		return ERR_BACKEND;
	}
	if (r == ERR_BUSY)
		r = project_memory(repo, &result, err);
	if (r == 0 && result.unknown)
		caller_say(repo->caller,
			"%llu events are of a type that this version does not know; they are kept",
			(unsigned long long)result.unknown);
	return r;
}

int repo_project(struct repo *repo, struct error *err)
{
	int r = repo_hub_project(repo, err);

	if (r == 0 && repo->hub.kind != REPO_HUB_SHARED)
		r = project_local(repo, err);
	display_names_release(&repo->display_names);
	if (r == 0 && repo->hub.pulled) {
		repo->hub.pulled = 0;
		display_names_report(repo);
	}
	return r;
}

/* A repository that somebody broke must not stand in the way of the record and of the others. */
static int ring_or_warn(struct repo *repo, const char *common_dir, struct error *err)
{
	int r = common_dir ? reconcile_clone(repo, common_dir, NULL, err) : 0;

	if (r == ERR_NOTFOUND) {
		caller_warn(
			repo->caller, "cannot read what git did in '%s': %s", common_dir, err->msg);
		error_clear(err);
		r = 0;
	}
	return r;
}

int repo_catch_up(struct repo *repo, const struct session *s, struct error *err)
{
	const char *main_git = repo_main_git(repo, s);
	const char *workspace = s ? repo_workspace_git(repo, s) : NULL;
	int r = ring_or_warn(repo, main_git, err);

	if (r == 0 && workspace && (!main_git || strcmp(workspace, main_git) != 0))
		r = ring_or_warn(repo, workspace, err);
	return r < 0 ? r : repo_project(repo, err);
}
