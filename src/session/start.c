#include "session/starting.h"

#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"
#include "core/names.h"
#include "core/text.h"
#include "git/gitarg.h"
#include "git/gitcmd.h"
#include "git/modules.h"
#include "git/workspace.h"
#include "hooks/observe/observe.h"
#include "repo/emit.h"
#include "repo/hook_carry.h"
#include "repo/hook_setup.h"
#include "session/pr_refresh.h"
#include "session/recover.h"
#include "session/setup.h"
#include "session/start_linked.h"

void start_result_release(struct start_result *res)
{
	outcome_release(&res->outcome);
	session_release(&res->session);
	*res = (struct start_result){ .events = 0 };
}

void starting_init(struct starting *t, struct repo *repo, struct outcome *outcome)
{
	*t = (struct starting){ .repo = repo,
		.outcome = outcome,
		.name = BUF_INIT,
		.task = BUF_INIT,
		.url = REPO_URL_INIT,
		.workspace = BUF_INIT,
		.temporary = BUF_INIT,
		.lock = BUF_INIT,
		.lock_fd = -1 };
}

void starting_release(struct starting *t)
{
	git_repo_release(&t->git);
	buf_release(&t->name);
	buf_release(&t->task);
	free(t->remote);
	free(t->remote_url);
	repo_url_release(&t->url);
	git_base_release(&t->base);
	buf_release(&t->workspace);
	buf_release(&t->temporary);
	if (t->lock_fd >= 0) {
		unlink(t->lock.data);
		close(t->lock_fd);
	}
	buf_release(&t->lock);
}

int starting_root(struct repo *repo, struct buf *out, struct error *err)
{
	const char *configured = config_get(repo->config, "session.workspaceRoot");
	struct buf slug = BUF_INIT, root = BUF_INIT;
	int r;

	buf_clear(out);
	if (configured)
		buf_adds(&root, configured);
	else
		fs_join(&root, repo->state.data, "sessions");
	/* git names places by their real paths, and so do we: a link may be on the way there. */
	r = buf_check(&root, err);
	if (r == 0)
		r = fs_mkdirs(root.data, 0700, err);
	if (r == 0)
		r = fs_realpath(root.data, out, err);
	name_dir_slug(repo->file.name, &slug);
	/* The id keeps two repositories of one name apart, as it does for their journals. */
	buf_addf(out, "/%s-%.8s", slug.data, repo->file.id);
	if (slug.failed)
		out->failed = true;
	buf_release(&slug);
	buf_release(&root);
	return r < 0 ? r : buf_check(out, err);
}

int starting_check_taken(struct starting *t, struct error *err)
{
	struct repo *repo = t->repo;
	struct session s = { .name = NULL };
	int r;

	r = repo->backend->ops->get(
		repo->backend, repo_store(repo), KEY_NAME, t->name.data, &s, err);
	if (r == 0) {
		r = error_refuse(err, "name-taken", "session '%s' already exists", t->name.data);
		if (session_is_local(repo, &s))
			error_hint(err, "its workspace is '%s'", s.workspace ? s.workspace : "?");
		else
			error_hint(err, "it is %s's; choose another name", session_whose(repo, &s));
	} else if (r == ERR_NOTFOUND) {
		r = 0;
	}
	session_release(&s);
	if (r < 0 || !t->task.len)
		return r;
	r = repo->backend->ops->get(
		repo->backend, repo_store(repo), KEY_TASK, t->task.data, &s, err);
	if (r == 0) {
		r = error_refuse(err, "task-taken", "task %s has the session '%s' already",
			t->task.data, s.name);
		if (session_is_local(repo, &s))
			error_hint(err, "continue there: cd \"$(minsky session dir %s)\"",
				display_name(repo, &s));
		else
			error_hint(err, "it is %s's", session_whose(repo, &s));
	} else if (r == ERR_NOTFOUND) {
		r = 0;
	}
	session_release(&s);
	return r;
}

/* What is not known here may be a branch that only the remote has. */
static int named_base(struct starting *t, const struct git_repo *git, struct error *err)
{
	struct error missing = ERROR_INIT;
	int r = git_repo_named_base(git, t->wanted_base, &t->base, err);

	if (r != ERR_NOTFOUND || !t->remote || !git_arg_fits(GIT_ARG_BRANCH, t->wanted_base))
		return r;
	missing = *err;
	r = git_repo_fetch_branch(git, t->remote, t->wanted_base, t->repo->caller->watched, err);
	if (r == 0)
		return git_repo_named_base(git, t->wanted_base, &t->base, err);
	if (r == ERR_GIT && !git_interrupted())
		outcome_warn(t->outcome, "cannot fetch it from '%s': %s", t->remote, err->msg);
	if (!git_interrupted())
		*err = missing;
	return err->code;
}

/* Which of several remotes is followed is not to be guessed by the user. */
static int tell_remote(struct starting *t, struct error *err)
{
	struct buf names = BUF_INIT;
	size_t n = 0;
	int r = git_repo_remotes(&t->git, &names, &n, err);

	if (r == 0 && !t->remote && n)
		outcome_warn(t->outcome,
			"none of the remotes (%s) is used, since none is named origin or upstream: "
			"PRs stay in this repository; to use one: git remote rename NAME origin",
			names.data);
	else if (r == 0 && n > 1 && strcmp(t->remote, "origin") != 0)
		outcome_note(
			t->outcome, "of the remotes (%s), '%s' is used", names.data, t->remote);
	buf_release(&names);
	return r;
}

int starting_choose_base(struct starting *t, struct error *err)
{
	const struct git_repo *git = t->base_git ? t->base_git : &t->git;
	const struct git_base *b = &t->base;
	int r;

	r = t->wanted_base ? named_base(t, git, err) : git_repo_default_base(git, &t->base, err);
	if (r < 0)
		return r;
	t->base_tip = b->remote_oid ? b->remote_oid : b->local_oid;
	t->base_oid = b->start_oid ? b->start_oid : t->base_tip;
	if (!t->base_oid) {
		error_set(err, ERR_NOTFOUND, "the base branch '%s' has no commit", b->branch);
		return error_hint(err, "give another one with --base");
	}
	if (b->start_oid)
		outcome_note(t->outcome, "starting from '%s' (%.8s); the base is '%s'",
			t->wanted_base, b->start_oid, b->branch);
	else if (b->remote_oid && b->local_oid && strcmp(b->remote_oid, b->local_oid) != 0)
		outcome_note(t->outcome,
			"starting from %s/%s as last fetched (%.8s); your local %s is at "
			"%.8s",
			t->remote, b->branch, b->remote_oid, b->branch, b->local_oid);
	return 0;
}

int starting_choose_places(struct starting *t, struct error *err)
{
	struct buf root = BUF_INIT;
	int r = starting_root(t->repo, &root, err);

	if (r < 0)
		goto out;
	r = fs_mkdirs(root.data, 0700, err);
	if (r == 0)
		r = fs_check_private_dir(root.data, err);
	if (r < 0)
		goto out;
	fs_join(&t->workspace, root.data, t->name.data);
	buf_clear(&t->temporary);
	buf_addf(&t->temporary, "%s/.%s.tmp", root.data, t->id);
	if (t->workspace.failed || t->temporary.failed) {
		r = error_nomem(err);
		goto out;
	}
	if (fs_exists(t->workspace.data)) {
		r = error_refuse(err, "already-exists", "'%s' already exists", t->workspace.data);
		error_hint(err,
			"it does not belong to a session: move it away, or choose another name");
	}
out:
	buf_release(&root);
	return r;
}

/* Everything that can be known before anything is made. */
static int prepare(struct starting *t, struct error *err)
{
	struct buf dir = BUF_INIT;
	int r = id_uuid7(t->id, clock_now_ms(), err);

	if (r == 0)
		r = git_repo_remote(&t->git, &t->remote, &t->remote_url, err);
	if (r == 0)
		r = tell_remote(t, err);
	if (r == 0 && t->worktree)
		r = start_check_linked(t->remote, err);
	if (r == 0)
		r = repo_main_dir(t->repo, NULL, &dir, err);
	if (r == 0)
		r = repo_url_parse(&t->url, t->remote_url ? t->remote_url : dir.data, err);
	if (r == 0)
		r = starting_choose_base(t, err);
	if (r == 0)
		r = starting_check_taken(t, err);
	if (r == 0)
		r = workspace_check_branch(&t->git, t->remote, t->branch, err);
	if (r == 0)
		r = starting_choose_places(t, err);
	buf_release(&dir);
	return r;
}

void starting_write_record(struct jsonw *w, const struct starting *t)
{
	jsonw_kstring(w, "name", t->name.data);
	jsonw_kstring(w, "repo", t->repo->file.id);
	jsonw_kstring(w, "repoName", t->url.repo_name);
	jsonw_kstring(w, "repoUrl", t->url.url);
	jsonw_kstring(w, "branch", t->branch);
	jsonw_kstring(w, "baseBranch", t->base.branch);
	jsonw_kstring_opt(w, "taskId", t->task.len ? t->task.data : NULL);
	jsonw_kstring_opt(w, "description", t->description);
	jsonw_kstring(w, "workspace", t->workspace.data);
	jsonw_kstring(w, "backendType", t->url.backend_type);
	if (t->url.github_owner) {
		jsonw_key(w, "github");
		jsonw_begin_object(w);
		jsonw_kstring(w, "owner", t->url.github_owner);
		jsonw_kstring(w, "repo", t->url.github_repo);
		jsonw_end_object(w);
	}
	if (t->url.auth_method) {
		jsonw_key(w, "remote");
		jsonw_begin_object(w);
		jsonw_kstring(w, "authMethod", t->url.auth_method);
		jsonw_end_object(w);
	}
	jsonw_kstring(w, "mode", t->worktree ? "worktree" : "clone");
}

/* The intent. From here on the name is taken, and a crash leaves something to recover. */
static int reserve(struct starting *t, struct error *err)
{
	struct jsonw *w;
	struct emit e;
	int r;

	emit_init(&e);
	buf_addf(&t->lock, "%s/start.%s.lock", t->repo->file.journal, t->id);
	r = fs_lock(t->lock.data, 0, &t->lock_fd, err);
	if (r == 0 && !t->worktree)
		r = id_random_hex(t->clone, err);
	if (r == 0) {
		w = emit_begin(&e, EVENT_SESSION_STARTING, t->id);
		starting_write_record(w, t);
		/* To take it back, or to finish it, one has to know where its repository is. */
		if (t->worktree) {
			jsonw_kstring(w, "clone", t->repo->pointer.clone);
			jsonw_kstring(w, "mainClone", t->repo->pointer.clone);
			jsonw_kstring(w, "base", t->base_oid);
		} else {
			/* What is committed before the start is recorded is the session's. */
			jsonw_kstring(w, "clone", t->clone);
		}
		r = emit_end(&e, err);
	}
	if (r == 0)
		r = emit_append(&e, t->repo, err);
	emit_release(&e);
	return r;
}

static int clone_pointer(struct pointer *out, struct repo *repo, const char *id, const char *name,
	const char *clone, struct error *err)
{
	memcpy(out->repo, repo->file.id, sizeof(out->repo));
	memcpy(out->clone, clone, sizeof(out->clone));
	memcpy(out->session, id, sizeof(out->session));
	out->name = strdup(name);
	out->journal = strdup(repo->file.journal);
	return out->name && out->journal ? 0 : error_nomem(err);
}

int starting_watch_clone(struct repo *repo, const char *dir, const char *id, const char *name,
	const char *clone, struct error *err)
{
	struct pointer pointer = POINTER_INIT;
	struct buf git = BUF_INIT;
	struct observation bell = { .via = "cli", .all_refs = true, .timeout_ms = 5000 };
	int r = clone_pointer(&pointer, repo, id, name, clone, err);

	fs_join(&git, dir, ".git");
	bell.git_dir = bell.common_dir = git.data;
	bell.pointer = &pointer;
	if (r == 0)
		r = buf_check(&git, err);
	if (r == 0)
		r = observe_start(&bell, repo->journal, err);
	if (r == 0)
		r = pointer_write(&pointer, git.data, err);
	buf_release(&git);
	pointer_release(&pointer);
	return r;
}

int starting_tie_clone(struct repo *repo, struct outcome *outcome, const char *workspace,
	const char *id, const char *name, const char *clone, struct error *err)
{
	struct pointer pointer = POINTER_INIT;
	struct buf git = BUF_INIT;
	int r = clone_pointer(&pointer, repo, id, name, clone, err);

	fs_join(&git, workspace, ".git");
	if (r == 0)
		r = buf_check(&git, err);
	if (r == 0)
		r = repo_add_clone(repo, clone, git.data, id, err);
	if (r == 0)
		r = pointer_write(&pointer, git.data, err);
	if (r == 0) {
		r = hook_setup(repo, git.data, clone, id, false, err);
		/* The session works without hooks: what git does is noticed a little later. */
		if (r < 0 && r != ERR_NOMEM) {
			outcome_warn(outcome,
				"no hooks were installed in the workspace: %s; the next command "
				"records what happens",
				err->msg);
			error_clear(err);
			r = 0;
		}
	}
	buf_release(&git);
	pointer_release(&pointer);
	return r;
}

struct workspace_plan starting_plan(const struct starting *t)
{
	return (struct workspace_plan){ .main = &t->git,
		.remote = t->remote,
		.remote_url = t->remote_url,
		.branch = t->branch,
		.base_branch = t->base.branch,
		.base_oid = t->base_tip ? t->base_tip : t->base_oid,
		.tip = t->base_oid,
		.base_is_local = t->base_tip == t->base.local_oid,
		.quiet = !t->repo->caller->watched };
}

/* Say so of each line. */
static void tell_modules(struct starting *t, const char *dir, const struct buf *failed)
{
	for (const char *at = failed->data; *at;) {
		size_t len = strcspn(at, "\n");

		outcome_warn(t->outcome, "submodule %.*s", (int)len, at);
		at += len + (at[len] == '\n');
	}
	if (failed->len)
		outcome_warn(
			t->outcome, "continue there: git -C '%s' submodule update --init", dir);
}

/* Which of the repository's hooks run in a clone. A linked work tree has them by itself. */
static int tell_hooks(struct starting *t, bool carries, struct error *err)
{
	struct buf names = BUF_INIT, dir = BUF_INIT;
	int r = hook_carry_list(&t->git, &names, &dir, err);

	if (r == 0 && names.len)
		outcome_note(t->outcome,
			carries ? "the repository's own hooks run in the workspace: %s (%s)"
				: "the repository's own hooks do not run in the workspace "
				  "(session.hooks is none): %s (%s)",
			names.data, dir.data);
	buf_release(&names);
	buf_release(&dir);
	return r;
}

static int fill_hooks(struct starting *t, const char *dir, struct error *err)
{
	bool carries = !strcmp(config_get(t->repo->config, "session.hooks"), "carry");
	int r = 0;

	if (!t->worktree)
		r = tell_hooks(t, carries, err);
	else if (carries)
		r = hook_carry_linked(&t->git, dir, err);
	if (r < 0 && r != ERR_NOMEM) {
		outcome_warn(t->outcome, "cannot set up the repository's own hooks: %s", err->msg);
		error_clear(err);
		r = 0;
	}
	return r;
}

int starting_fill(struct starting *t, const char *dir, struct error *err)
{
	struct buf made = BUF_INIT, failed = BUF_INIT;
	int r = fill_hooks(t, dir, err);

	if (r < 0 || strcmp(config_get(t->repo->config, "session.submodules"), "yes") != 0)
		return r;
	r = modules_init(t->git.common_dir, dir, &made, &failed, err);
	if (r == 0)
		tell_modules(t, t->workspace.data, &failed);
	/* The session is there without them. */
	if (r < 0 && r != ERR_NOMEM && !git_interrupted()) {
		outcome_warn(t->outcome, "cannot check out submodules: %s", err->msg);
		error_clear(err);
		r = 0;
	}
	buf_release(&made);
	buf_release(&failed);
	return r;
}

static int make(struct starting *t, struct error *err)
{
	struct workspace_plan plan = starting_plan(t);
	int r;

	if (t->worktree) {
		memcpy(t->clone, t->repo->pointer.clone, sizeof(t->clone));
		r = start_link(t->repo, t->outcome, &plan, t->workspace.data, t->id, t->name.data,
			&t->linked, err);
		return r < 0 ? r : starting_fill(t, t->workspace.data, err);
	}
	r = workspace_clone(&plan, t->temporary.data, err);
	if (r == 0)
		r = starting_fill(t, t->temporary.data, err);
	/* From the moment that it is in its place, somebody may commit there. */
	if (r == 0)
		r = starting_watch_clone(
			t->repo, t->temporary.data, t->id, t->name.data, t->clone, err);
	if (r == 0)
		r = fs_rename_new(t->temporary.data, t->workspace.data, err);
	t->placed = r == 0;
	if (r == 0)
		r = starting_tie_clone(
			t->repo, t->outcome, t->workspace.data, t->id, t->name.data, t->clone, err);
	return r;
}

/*
 * A branch pr/<name> that is there already is not this session's: its name was somebody else's
 * before.
 */
static int write_seen(struct starting *t, struct jsonw *w, struct error *err)
{
	struct session s = { .name = NULL, .clone_id = t->clone, .repo_url = t->url.url };
	struct pr_places places;
	struct buf name = BUF_INIT;
	int r;

	buf_addf(&name, "pr/%s", t->name.data);
	s.main_clone_id = t->repo->pointer.clone;
	r = buf_check(&name, err);
	if (r == 0)
		r = pr_places_look_at(t->repo, &s, name.data, &places, err);
	if (r == 0)
		pr_write_seen(w, places.now);
	buf_release(&name);
	return r;
}

int starting_record_success(struct starting *t, const char *main_clone, const char *head,
	const char *base, bool adopted, struct error *err)
{
	struct jsonw *w;
	struct emit e;
	int r;

	emit_init(&e);
	w = emit_begin(&e, EVENT_SESSION_STARTED, t->id);
	starting_write_record(w, t);
	jsonw_kstring(w, "clone", t->clone);
	jsonw_kstring_opt(w, "mainClone", main_clone);
	jsonw_kstring(w, "head", head);
	jsonw_kstring(w, "base", base);
	if (adopted)
		jsonw_kbool(w, "adopted", true);
	r = write_seen(t, w, err);
	if (r == 0)
		r = emit_end(&e, err);
	if (r == 0)
		r = watched_base_add(t->repo->file.journal, t->base.branch, err);
	if (r == 0)
		r = emit_append(&e, t->repo, err);
	emit_release(&e);
	return r;
}

int starting_record_failure(
	struct repo *repo, const char *id, const char *name, const char *reason, struct error *err)
{
	struct buf clean = BUF_INIT;
	struct jsonw *w;
	struct emit e;
	int r;

	emit_init(&e);
	text_add_scrubbed(&clean, reason, strlen(reason));
	w = emit_begin(&e, EVENT_SESSION_START_FAILED, id);
	jsonw_kstring_opt(w, "name", name);
	jsonw_kstring(w, "reason", clean.data);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, repo, err);
	emit_release(&e);
	buf_release(&clean);
	return r;
}

/* Only what this process made: the temporary clone, and the workspace if our rename put it there.
 */
static void take_back(struct starting *t, const struct error *why)
{
	struct error ignored = ERROR_INIT;
	int r = 0;

	if (t->linked) {
		r = start_unlink(t->repo->common_dir.data, t->workspace.data, t->temporary.data,
			t->branch, t->base_oid, &ignored);
	} else if (!t->worktree) {
		/* Half a workspace, if this is killed, must not pass for one. */
		if (t->placed)
			r = fs_rename_new(t->workspace.data, t->temporary.data, &ignored);
		if (r == 0)
			r = fs_remove_tree(t->temporary.data, &ignored);
	}
	/* What is left of it, the next command takes back: the intent stands. */
	if (r == 0)
		r = starting_record_failure(t->repo, t->id, t->name.data, why->msg, &ignored);
	if (r == 0)
		(void)repo_project(t->repo, &ignored);
}

static int choose_name(
	const struct start_request *req, struct buf *name, struct buf *task, struct error *err)
{
	int r = req->task ? name_task_id(req->task, task, err) : 0;

	if (r < 0)
		return r;
	if (req->name)
		buf_adds(name, req->name);
	else if (task->len)
		buf_addf(name, "task-%s", task->data);
	else if (req->description)
		r = name_slug(req->description, name, err);
	else
		return error_set(err, ERR_USAGE, "a session needs a name, --task or --description");
	if (r == 0)
		r = buf_check(name, err);
	if (r == 0)
		r = name_check_session(name->data, err);
	return r == 0 && req->branch ? name_check_branch(req->branch, err) : r;
}

int start_check(const struct start_request *req, struct error *err)
{
	struct buf name = BUF_INIT, task = BUF_INIT;
	int r = choose_name(req, &name, &task, err);

	buf_release(&name);
	buf_release(&task);
	return r;
}

void starting_choose(struct starting *t, const struct start_request *req)
{
	const char *mode = config_get(t->repo->config, "session.mode");

	t->description = req->description;
	t->wanted_base = req->base;
	t->worktree = req->mode == START_MODE_SETTING ? mode && !strcmp(mode, "worktree")
						      : req->mode == START_MODE_WORKTREE;
}

static int refuse_inside(const struct repo *repo, struct error *err)
{
	struct buf dir = BUF_INIT, quoted = BUF_INIT;
	struct error ignored = ERROR_INIT;

	error_refuse(err, "inside-workspace", "this is the workspace of session '%s'",
		repo->pointer.name ? repo->pointer.name : repo->pointer.session);
	if (repo->file.main_path && repo_main_dir(repo, NULL, &dir, &ignored) == 0) {
		text_add_quoted(&quoted, dir.data);
		error_hint(err, "run it in the repository: minsky session start --repo %s",
			quoted.data);
	}
	buf_release(&dir);
	buf_release(&quoted);
	return err->code;
}

/* What was asked for, checked; the repository known, and nothing in it half started. */
static int begin(struct starting *t, const struct start_request *req, struct error *err)
{
	struct repo *repo = t->repo;
	int r = choose_name(req, &t->name, &t->task, err);

	if (r == 0 && repo->known && repo->pointer.session[0])
		r = refuse_inside(repo, err);
	if (r == 0)
		r = git_repo_open(&t->git, repo_dir(repo), err);
	if (r == 0)
		r = repo_register(repo, &t->git, NULL, err);
	if (r == 0)
		r = start_recover(repo, t->outcome, err);
	if (r == 0)
		r = session_recover_all(repo, t->outcome, err);
	if (r < 0)
		return r;
	starting_choose(t, req);
	t->branch = req->branch ? req->branch : t->name.data;
	return 0;
}

/* One at a time between looking whether the name is free and taking it. */
static int take_name(struct starting *t, struct error *err)
{
	struct buf gate = BUF_INIT;
	int gate_fd = -1, r;

	fs_join(&gate, t->repo->file.journal, "names.lock");
	r = fs_lock(gate.data, 30000, &gate_fd, err);
	if (r == 0)
		r = repo_project(t->repo, err);
	if (r == 0)
		r = prepare(t, err);
	if (r == 0)
		r = reserve(t, err);
	if (gate_fd >= 0)
		close(gate_fd);
	buf_release(&gate);
	return r;
}

static int make_session(struct starting *t, struct error *err)
{
	const char *configured = config_get(t->repo->config, "session.base");
	bool from_setting = !t->wanted_base && configured && *configured;
	int r;

	if (from_setting)
		t->wanted_base = configured;
	r = take_name(t, err);
	if (r == ERR_NOTFOUND && from_setting)
		return error_wrap(
			err, "session.base (%s)", config_origin(t->repo->config, "session.base"));
	if (r < 0)
		return r;
	r = make(t, err);
	if (r == 0)
		r = starting_record_success(
			t, t->repo->pointer.clone, t->base_oid, t->base_oid, false, err);
	if (r < 0)
		take_back(t, err);
	return r < 0 ? r : repo_project(t->repo, err);
}

int session_start(struct repo *repo, const struct start_request *req, struct start_result *out,
	struct error *err)
{
	struct starting t;
	int r;

	starting_init(&t, repo, &out->outcome);
	r = begin(&t, req, err);
	if (r == 0)
		r = make_session(&t, err);
	if (r == 0)
		r = repo->backend->ops->get(
			repo->backend, repo_store(repo), KEY_ID, t.id, &out->session, err);
	starting_release(&t);
	return r < 0 ? r : setup_run(repo, &out->session, &out->outcome, err);
}
