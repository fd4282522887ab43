/*
 * Making a session of what is there. The work tree is marked as the session's first, then the
 * session is journaled, then its history: killed in between, adopting again takes the same id, or
 * says that it is a session and tells what is missing of its history.
 */
#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "core/names.h"
#include "git/commits.h"
#include "git/refs.h"
#include "git/worktree.h"
#include "hooks/observe/observe.h"
#include "repo/emit.h"
#include "repo/hook_setup.h"
#include "repo/reconcile.h"
#include "session/start_linked.h"
#include "session/starting.h"

struct adopting {
	struct starting t;
	struct buf git_dir, common, top;
	struct buf fork; /* where branch and base part */
	char *tip;
	bool linked;
	bool remote_only; /* the branch is not one of the repository yet */
};

static int already(struct repo *repo, const struct session *s, size_t *events_out,
	const struct adopting *a, struct error *err)
{
	struct buf ref = BUF_INIT;
	int r;

	buf_addf(&ref, "refs/heads/%s", s->branch);
	r = buf_check(&ref, err);
	/* An adoption that was interrupted may have left history untold. */
	if (r == 0)
		r = reconcile_session_history(repo, a->git_dir.data, a->common.data,
			a->linked ? ref.data : NULL, events_out, err);
	buf_release(&ref);
	if (r < 0)
		return r;
	error_refuse(err, "is-a-session", "this is the workspace of session '%s' already", s->name);
	return error_hint(err, "continue there: cd \"$(minsky session dir %s)\"", s->name);
}

/* The id that a killed adoption left in the work tree, or a new one. ERR_REFUSED for a session's.
 */
static int choose_id(struct adopting *a, size_t *events_out, struct error *err)
{
	struct repo *repo = a->t.repo;
	struct pointer p = POINTER_INIT;
	struct session s = { .name = NULL };
	int r = pointer_read(&p, a->common.data, err);

	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	/* A work tree of a session's clone is that session's affair. */
	if (r == 0 && a->linked && p.session[0]) {
		r = error_refuse(err, "is-a-session",
			"'%s' is a work tree of the workspace of session '%s'", a->top.data,
			p.name ? p.name : p.session);
		goto out;
	}
	if (r == 0 && a->linked)
		r = pointer_enter(&p, a->git_dir.data, err);
	if (r < 0)
		goto out;
	if (!p.session[0]) {
		r = id_uuid7(a->t.id, clock_now_ms(), err);
		goto out;
	}
	r = repo->backend->ops->get(repo->backend, repo_store(repo), KEY_ID, p.session, &s, err);
	if (r == 0) {
		r = already(repo, &s, events_out, a, err);
	} else if (r == ERR_NOTFOUND) {
		error_clear(err);
		memcpy(a->t.id, p.session, sizeof(a->t.id));
		r = 0;
	}
out:
	session_release(&s);
	pointer_release(&p);
	return r;
}

/* Where the branch left its base; where the base is when nobody knows. */
static int find_fork(struct adopting *a, const char *dir, struct error *err)
{
	int r = git_merge_base(dir, a->tip, a->t.base_oid, &a->fork, err);

	if (r == 0 && !a->fork.len)
		buf_adds(&a->fork, a->t.base_oid);
	return r < 0 ? r : buf_check(&a->fork, err);
}

/*
 * Where there is no remote, the base is what is checked out, and of a linked work tree that is the
 * branch in question: the main work tree's counts.
 */
static int choose_base(struct adopting *a, const char *main_dir, struct error *err)
{
	struct starting *t = &a->t;
	struct git_repo main = { .top = NULL };
	int r;

	if (t->remote || t->wanted_base || !strcmp(t->git.git_dir, t->git.common_dir))
		return starting_choose_base(t, err);
	r = git_repo_open(&main, main_dir, err);
	if (r == 0) {
		t->base_git = &main;
		r = starting_choose_base(t, err);
		t->base_git = NULL;
	}
	git_repo_release(&main);
	return r;
}

/* A branch that only the remote has, as last fetched or as it is now. */
static int find_on_remote(struct adopting *a, struct error *err)
{
	struct starting *t = &a->t;
	struct buf ref = BUF_INIT;
	int r = 0;

	a->remote_only = true;
	if (t->remote) {
		buf_addf(&ref, "refs/remotes/%s/%s", t->remote, t->branch);
		r = buf_check(&ref, err);
		if (r == 0)
			r = git_repo_ref(t->git.common_dir, ref.data, &a->tip, err);
		if (r == 0 && !a->tip)
			r = git_repo_fetch_branch(
				&t->git, t->remote, t->branch, t->repo->caller->watched, err);
		if (r == 0 && !a->tip)
			r = git_repo_ref(t->git.common_dir, ref.data, &a->tip, err);
	}
	if (r == ERR_NOTFOUND || (r == 0 && !a->tip))
		r = error_set(err, ERR_NOTFOUND,
			t->remote ? "there is no branch '%s', here or on '%s'"
				  : "there is no branch '%s' in this repository",
			t->branch, t->remote);
	buf_release(&ref);
	return r;
}

static int look(struct adopting *a, struct error *err)
{
	struct starting *t = &a->t;
	struct buf ref = BUF_INIT, dir = BUF_INIT;
	int r = git_repo_remote(&t->git, &t->remote, &t->remote_url, err);

	if (r == 0)
		r = repo_main_dir(t->repo, NULL, &dir, err);
	if (r == 0)
		r = repo_url_parse(&t->url, t->remote_url ? t->remote_url : dir.data, err);
	if (r == 0)
		r = choose_base(a, dir.data, err);
	buf_addf(&ref, "refs/heads/%s", t->branch);
	if (r == 0)
		r = buf_check(&ref, err);
	if (r == 0)
		r = git_repo_ref(t->git.common_dir, ref.data, &a->tip, err);
	if (r == 0 && !a->tip)
		r = find_on_remote(a, err);
	if (r == 0 && !strcmp(t->branch, t->base.branch)) {
		error_refuse(err, "is-the-base", "'%s' is the base branch", t->branch);
		r = error_hint(err, "if the work is for another branch, give it with --base");
	}
	if (r == 0)
		r = find_fork(a, git_repo_dir(&t->git), err);
	if (r == 0)
		r = starting_check_taken(t, err);
	buf_release(&ref);
	buf_release(&dir);
	return r;
}

static int mark(struct adopting *a, struct error *err)
{
	struct starting *t = &a->t;
	struct pointer p = POINTER_INIT;
	int r = pointer_read(&p, a->common.data, err);

	if (r < 0)
		goto out;
	memcpy(t->clone, p.clone, sizeof(t->clone));
	memcpy(p.session, t->id, sizeof(p.session));
	free(p.name);
	p.name = strdup(t->name.data);
	if (!p.name)
		r = error_nomem(err);
	else if (a->linked)
		r = pointer_write_linked(&p, a->git_dir.data, a->top.data, err);
	else
		r = pointer_write(&p, a->common.data, err);
	if (r == 0 && !a->linked)
		r = repo_add_clone(t->repo, t->clone, a->common.data, t->id, err);
out:
	pointer_release(&p);
	return r;
}

/* The clone that the others were made from. */
static const char *main_clone(const struct repo *repo, const struct adopting *a)
{
	if (a->linked)
		return a->t.clone;
	for (size_t i = 0; i < repo->file.n_clones; i++)
		if (repo->file.main_path &&
			!strcmp(repo->file.clones[i].path, repo->file.main_path))
			return repo->file.clones[i].id;
	return NULL;
}

static int tell_history(struct adopting *a, size_t *events_out, struct error *err)
{
	struct buf ref = BUF_INIT;
	int r;

	/* Of a clone everything is its own; of a linked work tree its branch and its HEAD are. */
	buf_addf(&ref, "refs/heads/%s", a->t.branch);
	r = buf_check(&ref, err);
	if (r == 0)
		r = reconcile_session_history(a->t.repo, a->git_dir.data, a->common.data,
			a->linked ? ref.data : NULL, events_out, err);
	buf_release(&ref);
	return r;
}

/* Its past was told last, and where the branch is now may not be in it. */
static int correct_head(struct adopting *a, struct error *err)
{
	struct starting *t = &a->t;
	struct session s = { .name = NULL };
	struct jsonw *w;
	struct emit e;
	int r = repo_project(t->repo, err);

	emit_init(&e);
	if (r == 0)
		r = t->repo->backend->ops->get(
			t->repo->backend, repo_store(t->repo), KEY_ID, t->id, &s, err);
	if (r < 0 || (s.head && !strcmp(s.head, a->tip)))
		goto out;
	w = emit_begin(&e, EVENT_SESSION_UPDATED, t->id);
	jsonw_kstring(w, "how", "adopt");
	jsonw_key(w, "set");
	jsonw_begin_object(w);
	jsonw_kstring(w, "head", a->tip);
	jsonw_end_object(w);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, t->repo, err);
out:
	session_release(&s);
	emit_release(&e);
	return r;
}

static int adopt_hooks(struct adopting *a, struct error *err)
{
	struct starting *t = &a->t;
	int r = hook_setup(t->repo, a->common.data, t->clone, a->linked ? NULL : t->id, false, err);

	if (r < 0 && r != ERR_NOMEM) {
		outcome_warn(t->outcome,
			"no hooks were installed: %s; the next command records what happens",
			err->msg);
		error_clear(err);
		r = 0;
	}
	return r;
}

/* A work tree that is there. */
static int adopt_path(struct adopting *a, const char *path, size_t *events_out, struct error *err)
{
	struct starting *t = &a->t;
	int r = gitdir_find(path, false, &a->git_dir, &a->common, &a->top, err);

	if (r < 0)
		return r;
	a->linked = strcmp(a->git_dir.data, a->common.data) != 0;
	t->worktree = a->linked;
	buf_adds(&t->workspace, a->top.data);
	if (!a->linked && t->repo->file.main_path &&
		!strcmp(t->repo->file.main_path, a->common.data)) {
		error_refuse(err, "is-main-repository", "'%s' is the main repository", a->top.data);
		return error_hint(err, "adopt one of its branches: minsky session adopt BRANCH");
	}
	r = a->linked ? start_check_linked(t->remote, err) : 0;
	if (r == ERR_REFUSED)
		error_hint(err, "adopt a branch instead: minsky session adopt BRANCH");
	if (r == 0)
		r = choose_id(a, events_out, err);
	if (r == 0)
		r = mark(a, err);
	if (r == 0)
		r = starting_record_success(
			&a->t, main_clone(a->t.repo, a), a->tip, a->fork.data, true, err);
	/* What nobody has noticed yet is the session's already. */
	if (r == 0)
		r = reconcile_clone(t->repo, a->common.data, NULL, err);
	if (r == 0)
		r = tell_history(a, events_out, err);
	if (r == 0)
		r = correct_head(a, err);
	return r < 0 ? r : adopt_hooks(a, err);
}

/* The clone's branch has the log that it has in the repository, instead of one line. */
static int copy_log(struct adopting *a, const char *dir, struct error *err)
{
	struct buf from = BUF_INIT, to = BUF_INIT, text = BUF_INIT;
	int r;

	buf_addf(&from, "%s/logs/refs/heads/%s", a->t.git.common_dir, a->t.branch);
	buf_addf(&to, "%s/.git/logs/refs/heads/%s", dir, a->t.branch);
	r = from.failed ? error_nomem(err) : buf_check(&to, err);
	if (r == 0)
		r = fs_read(from.data, 1 << 30, &text, err);
	if (r == 0 && text.len)
		r = fs_replace(to.data, text.data, text.len, 0644, false, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	buf_release(&from);
	buf_release(&to);
	buf_release(&text);
	return r;
}

static int make_workspace(struct adopting *a, struct error *err)
{
	struct starting *t = &a->t;
	struct workspace_plan plan = starting_plan(t);
	struct error ignored = ERROR_INIT;
	int r;

	plan.tip = a->tip;
	if (t->worktree) {
		plan.existing = !a->remote_only;
		plan.base_oid = a->tip;
		/* One that was killed here has left what git keeps of a work tree that is gone. */
		if (!fs_exists(t->workspace.data))
			(void)start_unlink(t->git.common_dir, t->workspace.data, t->temporary.data,
				NULL, NULL, &ignored);
		r = start_add(t->repo, &plan, t->workspace.data, err);
		if (r == 0)
			r = starting_fill(t, t->workspace.data, err);
		if (r == 0)
			r = start_pass(t->repo, t->git.common_dir, t->workspace.data, err);
		if (r < 0)
			(void)start_unlink(t->git.common_dir, t->workspace.data, t->temporary.data,
				NULL, NULL, &ignored);
		return r;
	}
	r = workspace_clone(&plan, t->temporary.data, err);
	if (r == 0)
		r = starting_fill(t, t->temporary.data, err);
	if (r == 0)
		r = copy_log(a, t->temporary.data, err);
	if (r == 0)
		r = fs_rename_new(t->temporary.data, t->workspace.data, err);
	if (r < 0)
		(void)fs_remove_tree(t->temporary.data, &ignored);
	return r;
}

/* A clone's cursor begins with its pointer; mark() makes the rest. */
static int begin_clone(struct adopting *a, struct error *err)
{
	struct starting *t = &a->t;
	struct pointer p = POINTER_INIT;
	struct observation bell = { .via = "cli", .all_refs = true, .timeout_ms = 5000 };
	struct buf git = BUF_INIT;
	int r;

	fs_join(&git, t->workspace.data, ".git");
	bell.git_dir = bell.common_dir = git.data;
	bell.pointer = &p;
	memcpy(p.repo, t->repo->file.id, sizeof(p.repo));
	p.journal = strdup(t->repo->file.journal);
	r = p.journal ? buf_check(&git, err) : error_nomem(err);
	if (r == 0)
		r = id_random_hex(p.clone, err);
	if (r == 0)
		r = observe_start(&bell, t->repo->journal, err);
	if (r == 0)
		r = pointer_write(&p, git.data, err);
	pointer_release(&p);
	buf_release(&git);
	return r;
}

static int adopt_branch(struct adopting *a, size_t *events_out, struct error *err)
{
	struct starting *t = &a->t;
	struct buf where = BUF_INIT;
	bool here;
	int r = git_checked_out_at(git_repo_dir(&t->git), t->branch, &where, err);

	here = r == 0 && t->git.top && !strcmp(where.data, t->git.top);
	/* The work tree that has it is the one to adopt, also where we are in it. */
	here = here && !strcmp(t->git.git_dir, t->git.common_dir);
	if (r == 0 && where.len && !here && fs_is_dir(where.data)) {
		r = adopt_path(a, where.data, events_out, err);
		goto out;
	}
	if (r == 0 && here && t->worktree) {
		r = error_refuse(err, "branch-checked-out", "'%s' is checked out in '%s'",
			t->branch, where.data);
		error_hint(err, "switch to another branch there first: git switch OTHER");
	}
	if (r == 0)
		r = t->worktree ? start_check_linked(t->remote, err) : 0;
	if (r == 0)
		r = id_uuid7(t->id, clock_now_ms(), err);
	if (r == 0)
		r = starting_choose_places(t, err);
	if (r == 0)
		r = make_workspace(a, err);
	if (r == 0 && !t->worktree)
		r = begin_clone(a, err);
	if (r < 0)
		goto out;
	buf_clear(&where);
	buf_adds(&where, t->workspace.data);
	buf_clear(&t->workspace);
	r = buf_check(&where, err);
	if (r == 0)
		r = adopt_path(a, where.data, events_out, err);
out:
	buf_release(&where);
	return r;
}

/* A branch may have slashes, a session's name may not. */
static int choose_name(struct starting *t, const struct start_request *req, struct error *err)
{
	int r = req->task ? name_task_id(req->task, &t->task, err) : 0;

	if (r < 0)
		return r;
	buf_adds(&t->name, req->name ? req->name : t->branch);
	for (char *at = t->name.data; !req->name && (at = strchr(at, '/'));)
		*at = '-';
	return t->name.failed ? error_nomem(err) : name_check_session(t->name.data, err);
}

/* The repository is that of the work tree, and has to be known, or to be a clone of a known one. */
static int check_path(struct starting *t, const char *path, struct error *err)
{
	struct repo *repo = t->repo;
	bool joins = true;
	int r = 0;

	if (!repo->known && strcmp(repo->git_dir.data, repo->common_dir.data) == 0)
		r = repo_would_join(repo, &t->git, &joins, err);
	if (r == 0 && !joins) {
		error_refuse(err, "unknown-repository",
			"'%s' is not a clone of a registered repository", path);
		return error_hint(err,
			"run 'minsky init' in its repository, or adopt a branch of the current "
			"one: minsky session adopt BRANCH");
	}
	if (r == 0 && !t->git.branch) {
		error_refuse(err, "branch-checked-out", "no branch is checked out in '%s'", path);
		return error_hint(err, "create one: git switch -c NAME");
	}
	return r;
}

static int check_branch(const struct starting *t, struct error *err)
{
	const struct repo *repo = t->repo;

	if (!repo->pointer.session[0])
		return 0;
	error_refuse(err, "inside-workspace", "this is the workspace of session '%s'",
		repo->pointer.name ? repo->pointer.name : repo->pointer.session);
	return error_hint(err, "give the repository with --repo");
}

static int begin(
	struct starting *t, const struct start_request *req, const char *path, struct error *err)
{
	struct repo *repo = t->repo;
	int r = path ? 0 : check_branch(t, err);

	if (r == 0)
		r = git_repo_open(&t->git, path ? path : repo_dir(repo), err);
	if (r == 0 && path)
		r = check_path(t, path, err);
	if (r == 0)
		r = repo_register(repo, &t->git, NULL, err);
	if (r < 0)
		return r;
	starting_choose(t, req);
	if (path)
		t->worktree = strcmp(repo->git_dir.data, repo->common_dir.data) != 0;
	t->branch = path ? t->git.branch : req->branch;
	return choose_name(t, req, err);
}

int session_adopt(struct repo *repo, const struct start_request *req, const char *path,
	struct start_result *out, struct error *err)
{
	struct adopting a = {
		.git_dir = BUF_INIT, .common = BUF_INIT, .top = BUF_INIT, .fork = BUF_INIT
	};
	struct buf gate = BUF_INIT;
	int gate_fd = -1, r;

	starting_init(&a.t, repo, &out->outcome);
	r = begin(&a.t, req, path, err);
	if (r == 0) {
		fs_join(&gate, repo->file.journal, "names.lock");
		r = fs_lock(gate.data, 30000, &gate_fd, err);
	}
	if (r == 0)
		r = repo_project(repo, err);
	if (r == 0)
		r = look(&a, err);
	if (r == 0)
		r = path ? adopt_path(&a, path, &out->events, err)
			 : adopt_branch(&a, &out->events, err);
	if (r == 0)
		r = repo_project(repo, err);
	if (r == 0)
		r = repo->backend->ops->get(
			repo->backend, repo_store(repo), KEY_ID, a.t.id, &out->session, err);
	if (gate_fd >= 0)
		close(gate_fd);
	starting_release(&a.t);
	free(a.tip);
	buf_release(&a.git_dir);
	buf_release(&a.common);
	buf_release(&a.top);
	buf_release(&a.fork);
	buf_release(&gate);
	return r;
}
