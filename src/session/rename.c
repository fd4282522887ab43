#include "session/rename.h"

#include <unistd.h>

#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "core/invariant.h"
#include "core/names.h"
#include "git/refs.h"
#include "git/workspace.h"
#include "git/worktree.h"
#include "repo/emit.h"
#include "session/delete.h"
#include "session/pr_refresh.h"
#include "session/recover.h"

struct renaming {
	struct repo *repo;
	struct session *s;
	const struct rename_request *req;
	struct outcome *outcome;
	bool name, branch, move; /* what there is to do */
	struct buf place; /* where the workspace will be */
};

static int check_name(struct renaming *n, struct error *err)
{
	struct session other = { .name = NULL };
	int r = name_check_session(n->req->name, err);

	if (r < 0 || !n->name)
		return r;
	r = n->repo->backend->ops->get(
		n->repo->backend, repo_store(n->repo), KEY_NAME, n->req->name, &other, err);
	if (r == 0) {
		r = error_refuse(err, "name-taken", "session '%s' already exists", n->req->name);
		error_hint(err, "its workspace is '%s'", other.workspace ? other.workspace : "?");
	} else if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	session_release(&other);
	return r;
}

/* git does not move a work tree with submodules in it. */
static int check_modules(struct renaming *n, struct error *err)
{
	struct buf git_dir = BUF_INIT, common = BUF_INIT, modules = BUF_INIT;
	int r = gitdir_find(n->s->workspace, false, &git_dir, &common, NULL, err);

	fs_join(&modules, git_dir.data, "modules");
	if (r == 0)
		r = buf_check(&modules, err);
	if (r == 0 && fs_is_dir(modules.data)) {
		error_refuse(err, "has-submodules",
			"git cannot move '%s', a work tree with submodules", n->s->workspace);
		error_reason(err, "has-submodules");
		r = error_hint(err, "leave out --move: the directory keeps its name");
	}
	buf_release(&git_dir);
	buf_release(&common);
	buf_release(&modules);
	return r;
}

/* As when a session is started: not in the way of anybody's branch, here or on the remote. */
static int check_branch(struct renaming *n, struct error *err)
{
	struct git_repo main = { .top = NULL }, own = { .top = NULL };
	struct buf dir = BUF_INIT, ref = BUF_INIT;
	char *remote = NULL, *url = NULL, *oid = NULL;
	int r = repo_main_dir(n->repo, n->s, &dir, err);

	if (r == 0)
		r = git_repo_open(&main, dir.data, err);
	if (r == 0)
		r = git_repo_remote(&main, &remote, &url, err);
	if (r == 0)
		r = workspace_check_branch(&main, remote, n->req->name, err);
	if (r == 0)
		r = git_repo_open(&own, n->s->workspace, err);
	buf_addf(&ref, "refs/heads/%s", n->req->name);
	if (r == 0)
		r = buf_check(&ref, err);
	if (r == 0)
		r = git_repo_ref(own.common_dir, ref.data, &oid, err);
	if (r == 0 && oid) {
		r = error_refuse(err, "branch-taken", "the workspace already has a branch '%s'",
			n->req->name);
		error_hint(err, "leave out --branch, or rename that branch first");
	}
	free(remote);
	free(url);
	free(oid);
	git_repo_release(&main);
	git_repo_release(&own);
	buf_release(&dir);
	buf_release(&ref);
	return r;
}

static int check_move(struct renaming *n, struct error *err)
{
	const char *slash = strrchr(n->s->workspace, '/');
	int r;

	buf_add(&n->place, n->s->workspace, (size_t)(slash - n->s->workspace));
	buf_addf(&n->place, "/%s", n->req->name);
	r = buf_check(&n->place, err);
	if (r < 0)
		return r;
	if (fs_exists(n->place.data))
		return error_refuse(err, "already-exists", "'%s' already exists", n->place.data);
	r = find_processes(n->s->workspace, n->outcome, err);
	if (r == 0 && n->outcome->n_reasons) {
		r = error_refuse(
			err, "in-use", "a process runs in the workspace of '%s'", n->s->name);
		error_hint(err, "end it first, or leave out --move");
	}
	return r;
}

static int plan(struct renaming *n, struct error *err)
{
	const struct session *s = n->s;
	const char *slash = s->workspace ? strrchr(s->workspace, '/') : NULL;
	int r;

	n->name = strcmp(s->name, n->req->name) != 0;
	n->branch = n->req->branch && strcmp(s->branch, n->req->name) != 0;
	n->move = n->req->move && slash && strcmp(slash + 1, n->req->name) != 0;
	r = check_name(n, err);
	if (r == 0 && (n->branch || n->move) && !fs_is_dir(s->workspace))
		r = error_refuse(
			err, "workspace-missing", "the workspace of '%s' does not exist", s->name);
	if (r == 0 && n->branch)
		r = check_branch(n, err);
	if (r == 0 && n->move)
		r = check_move(n, err);
	if (r == 0 && n->move && session_is_linked(s))
		r = check_modules(n, err);
	return r;
}

/* git keeps where its work trees are, and moves them itself. */
static int move_linked(struct renaming *n, struct error *err)
{
	struct buf dir = BUF_INIT;
	int r = repo_main_dir(n->repo, n->s, &dir, err);

	if (r == 0)
		r = worktree_move(dir.data, n->s->workspace, n->place.data, err);
	buf_release(&dir);
	return r;
}

/* `back`: it did not come to that. */
static int record(struct renaming *n, bool back, struct error *err)
{
	struct pr_places places;
	struct buf branch = BUF_INIT;
	struct jsonw *w;
	struct emit e;
	int r;

	emit_init(&e);
	buf_addf(&branch, "pr/%s", back ? n->s->name : n->req->name);
	r = buf_check(&branch, err);
	if (r == 0)
		r = pr_places_look_at(n->repo, n->s, branch.data, &places, err);
	if (r < 0)
		goto out;
	w = emit_begin(&e, EVENT_SESSION_RENAMED, n->s->id);
	jsonw_kstring(w, "from", back ? n->req->name : n->s->name);
	jsonw_kstring(w, "name", back ? n->s->name : n->req->name);
	if (n->branch)
		jsonw_kstring(w, "branch", back ? n->s->branch : n->req->name);
	if (n->move)
		jsonw_kstring(w, "workspace", back ? n->s->workspace : n->place.data);
	pr_write_seen(w, places.now);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, n->repo, err);
out:
	emit_release(&e);
	buf_release(&branch);
	return r;
}

/*
 * The branch says by its log that it was renamed, whoever is killed then. Where the workspace is to
 * be, the journal says first: the next command finishes that.
 */
static int rename_locked(struct renaming *n, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int r = plan(n, err);

	if (r == 0 && n->branch)
		r = git_rename_branch(n->s->workspace, n->s->branch, n->req->name, err);
	if (r < 0)
		return r;
	if (n->name || n->branch || n->move)
		r = record(n, false, err);
	if (r == 0 && n->move) {
		r = session_is_linked(n->s)
			? move_linked(n, err)
			: workspace_move_clone(n->repo, n->s, n->s->workspace, n->place.data, err);
		if (r < 0 && !fs_is_dir(n->place.data))
			(void)record(n, true, &ignored);
	}
	if (r < 0 && n->branch && fs_is_dir(n->s->workspace))
		(void)git_rename_branch(n->s->workspace, n->req->name, n->s->branch, &ignored);
	return r;
}

int session_rename(struct repo *repo, struct session *s, const struct rename_request *req,
	struct rename_result *out, struct error *err)
{
	struct renaming n = {
		.repo = repo, .s = s, .req = req, .outcome = &out->outcome, .place = BUF_INIT
	};
	struct buf gate = BUF_INIT;
	int fd = -1, r = session_want_local(repo, s, "rename it", err);

	INVARIANT(repo->backend && req->name);
	if (r == 0)
		r = pr_refresh(repo, s, PR_REFRESH_USUAL, err);
	if (r == 0 && (!s->started || !s->branch)) {
		r = error_refuse(err, "not-started", "session '%s' is not started yet", s->name);
		error_hint(err, "for details: minsky session get %s", s->name);
	}
	if (r < 0)
		return r;
	/* As in starting one: a name is looked for and taken by one process at a time. */
	fs_join(&gate, repo->file.journal, "names.lock");
	r = fs_lock(gate.data, 30000, &fd, err);
	if (r == 0)
		r = repo_project(repo, err);
	if (r == 0)
		r = rename_locked(&n, err);
	if (fd >= 0)
		close(fd);
	if (r == 0)
		out->done = n.name || n.branch || n.move;
	if (r == 0)
		r = pr_refresh(repo, s, PR_REFRESH_USUAL, err);
	buf_release(&gate);
	buf_release(&n.place);
	return r;
}
