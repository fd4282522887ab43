#include "cli/remove.h"

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "cli/emit.h"
#include "cli/settle.h"
#include "core/fs.h"
#include "core/text.h"
#include "git/workspace.h"
#include "git/worktree.h"
#include "hooks/refs.h"

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (!path[len] || path[len] == '/');
}

/* Somebody who works in there would find the floor gone. */
int remove_find_processes(struct context *c, const char *workspace, struct error *err)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int r = 0;

	if (!proc)
		return 0;
	while (r == 0 && (entry = readdir(proc))) {
		char link[300], cwd[4096];
		struct buf text = BUF_INIT;
		ssize_t n;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		(void)snprintf(link, sizeof(link), "/proc/%.250s/cwd", entry->d_name);
		n = readlink(link, cwd, sizeof(cwd) - 1);
		if (n <= 0)
			continue;
		cwd[n] = '\0';
		if (!is_below(cwd, workspace))
			continue;
		buf_addf(&text, "process %.20s works in '%s'", entry->d_name, cwd);
		r = app_add_reason(c->app, "in-use", text.data, err);
		buf_release(&text);
	}
	closedir(proc);
	return r;
}

/* The branch's work is in its base, or it has none. "Cannot tell" counts against deleting. */
static int find_unmerged(struct context *c, struct session *s, struct error *err)
{
	struct buf ref = BUF_INIT, text = BUF_INIT;
	enum merge_answer answer = MERGE_UNKNOWN;
	struct error why = ERROR_INIT;
	char tip[65];
	int r = 0;

	buf_addf(&ref, "refs/heads/%s", s->branch);
	if (ref.failed || !context_workspace_git(c, s) ||
		ref_read(context_workspace_git(c, s), ref.data, tip, &why) < 0)
		buf_addf(&text, "cannot read the branch '%s'", s->branch);
	else if (!tip[0] || (s->base_oid && strcmp(tip, s->base_oid) == 0))
		goto out;
	else if (settle_ask_tip(c, s, tip, &answer, &why) < 0)
		buf_addf(&text, "cannot tell whether '%s' is merged: %s", s->branch, why.msg);
	else if (answer == MERGE_NO)
		buf_addf(&text, "'%s' has work that is not in '%s'", s->branch, s->base_branch);
	else if (answer == MERGE_UNKNOWN)
		buf_addf(&text, "cannot tell whether '%s' is in '%s'", s->branch, s->base_branch);
	if (text.len)
		r = app_add_reason(c->app, "unmerged", text.data, err);
out:
	buf_release(&ref);
	buf_release(&text);
	return r;
}

static int find_reasons(struct context *c, struct session *s, struct error *err)
{
	const struct pr *pr = session_pr(s);
	const char *published[2] = { NULL, NULL };
	struct workspace_risks risks = { NULL, 0 };
	int r;

	if (pr && pr->merged_at)
		published[0] = pr->head;
	r = workspace_find_risks(s->workspace, context_main_git(c, s), published, &risks, err);
	for (size_t i = 0; r == 0 && i < risks.n; i++)
		r = app_add_reason(c->app, risks.v[i].category, risks.v[i].text, err);
	workspace_risks_release(&risks);
	if (r == 0)
		r = find_unmerged(c, s, err);
	if (r == 0)
		r = remove_find_processes(c, s->workspace, err);
	return r;
}

/*
 * The trash is <state>/trash. Where workspaces are on another file system, it is beside them, in
 * .trash, since a workspace is moved by renaming it. No session's name begins with a dot.
 */
static int trash_dirs(
	struct context *c, const struct session *s, struct buf out[2], struct error *err)
{
	const char *slash = strrchr(s->workspace, '/');
	int r;

	fs_join(&out[0], c->state.data, "trash");
	buf_add(&out[1], s->workspace, slash ? (size_t)(slash - s->workspace) : 0);
	buf_adds(&out[1], "/.trash");
	r = buf_check(&out[0], err);
	return r < 0 ? r : buf_check(&out[1], err);
}

/* Where a workspace that is in the trash lies. */
static int find_trash(
	struct context *c, const struct session *s, struct buf *out, struct error *err)
{
	struct buf dirs[2] = { BUF_INIT, BUF_INIT };
	int r = trash_dirs(c, s, dirs, err);

	for (size_t i = 0; r == 0 && i < 2; i++) {
		fs_join(out, dirs[i].data, s->id);
		r = buf_check(out, err);
		if (r == 0 && fs_is_dir(out->data))
			goto out;
	}
	if (r == 0)
		r = error_set(
			err, ERR_NOTFOUND, "the workspace of '%s' is not in the trash", s->name);
out:
	buf_release(&dirs[0]);
	buf_release(&dirs[1]);
	return r;
}

/* `overrides`: there were reasons against it. */
static int journal_deleted(struct context *c, const struct session *s, const char *override,
	bool overrides, const char *trash, struct error *err)
{
	struct buf reason = BUF_INIT;
	struct jsonw *w;
	struct emit e;
	int r = 0;

	emit_init(&e);
	if (override)
		text_add_scrubbed(&reason, override, strlen(override));
	if (override && overrides) {
		w = emit_begin(&e, EVENT_OVERRIDE_USED, s->id);
		jsonw_kstring(w, "guard", "session delete");
		jsonw_kstring(w, "reason", reason.data);
		r = emit_end(&e, err);
	}
	if (r == 0) {
		w = emit_begin(&e, EVENT_SESSION_DELETED, s->id);
		jsonw_kstring_opt(w, "reason", reason.data);
		jsonw_kstring_opt(w, "trash", trash);
		r = emit_end(&e, err);
	}
	if (r == 0)
		r = emit_append(&e, c, err);
	emit_release(&e);
	buf_release(&reason);
	return r;
}

/* Is the work tree a session's? While it is in the trash, it is not. */
static int rename_mark(const char *top, const char *from, const char *to, struct error *err)
{
	struct buf git_dir = BUF_INIT, common = BUF_INIT, old = BUF_INIT, new = BUF_INIT;
	int r = gitdir_find(top, false, &git_dir, &common, NULL, err);

	fs_join(&old, git_dir.data, from);
	fs_join(&new, git_dir.data, to);
	if (r == 0)
		r = old.failed ? error_nomem(err) : buf_check(&new, err);
	if (r == 0 && rename(old.data, new.data) < 0 && errno != ENOENT)
		r = error_errno(err, "cannot rename '%s'", old.data);
	buf_release(&git_dir);
	buf_release(&common);
	buf_release(&old);
	buf_release(&new);
	return r;
}

static int shelve_linked(const struct session *s, const char *trash, struct error *err)
{
	struct error ignored = ERROR_INIT;
	int r = rename_mark(s->workspace, "minsky/session", "minsky/deleted", err);

	if (r == 0)
		r = worktree_shelve(s->workspace, trash, err);
	if (r < 0)
		(void)rename_mark(s->workspace, "minsky/deleted", "minsky/session", &ignored);
	return r;
}

static int unshelve_linked(
	struct context *c, const struct session *s, const char *trash, struct error *err)
{
	bool attached = false;
	int r = worktree_unshelve(trash, s->workspace, s->branch, &attached, err);

	if (r == 0)
		r = rename_mark(s->workspace, "minsky/deleted", "minsky/session", err);
	if (r == 0 && !attached)
		app_warn(c->app,
			"the branch '%s' has moved, or is checked out elsewhere: HEAD is detached "
			"where it was",
			s->branch);
	return r;
}

/*
 * First into the trash, then the event: killed in between, the session shows as lost, deleting it
 * again finds nothing in the way, and nothing is gone.
 */
static int move_to_trash(
	struct context *c, const struct session *s, struct buf *trash, struct error *err)
{
	struct buf dirs[2] = { BUF_INIT, BUF_INIT };
	struct stat here, there;
	const char *dir;
	int r = trash_dirs(c, s, dirs, err);

	if (r == 0)
		r = fs_mkdirs(dirs[0].data, 0700, err);
	if (r < 0)
		goto out;
	dir = dirs[0].data;
	if (lstat(s->workspace, &here) == 0 && stat(dir, &there) == 0 &&
		here.st_dev != there.st_dev) {
		dir = dirs[1].data;
		r = fs_mkdirs(dir, 0700, err);
	}
	if (r == 0) {
		fs_join(trash, dir, s->id);
		r = buf_check(trash, err);
	}
	if (r == 0)
		r = session_is_linked(s) ? shelve_linked(s, trash->data, err)
					 : fs_rename_new(s->workspace, trash->data, err);
out:
	buf_release(&dirs[0]);
	buf_release(&dirs[1]);
	return r;
}

int remove_session(
	struct context *c, struct session *s, const char *override, bool dry_run, struct error *err)
{
	bool there = s->workspace && fs_is_dir(s->workspace);
	struct buf trash = BUF_INIT;
	int r = 0;

	if (there)
		r = find_reasons(c, s, err);
	if (r < 0)
		goto out;
	if (c->app->n_reasons && !override) {
		r = error_set(err, ERR_REFUSED, "deleting session '%s' could lose work", s->name);
		error_hint(err,
			"save it first; or say why it may go: --override 'REASON' (it goes "
			"to the trash)");
		goto out;
	}
	if (dry_run)
		goto out;
	if (there)
		r = move_to_trash(c, s, &trash, err);
	else
		app_say(c->app, "the workspace was gone already");
	if (r == 0)
		r = journal_deleted(
			c, s, override, c->app->n_reasons > 0, there ? trash.data : NULL, err);
	if (r == 0)
		r = context_project(c, err);
out:
	buf_release(&trash);
	return r;
}

int restore_session(struct context *c, struct session *s, struct error *err)
{
	struct session other = { .name = NULL };
	struct buf trash = BUF_INIT;
	struct jsonw *w;
	struct emit e;
	int r;

	emit_init(&e);
	r = c->backend->ops->get(c->backend, context_store(c), KEY_NAME, s->name, &other, err);
	if (r == 0) {
		r = error_set(err, ERR_REFUSED, "there is another session '%s' now", s->name);
		goto out;
	}
	if (r == ERR_NOTFOUND && s->task_id)
		r = c->backend->ops->get(
			c->backend, context_store(c), KEY_TASK, s->task_id, &other, err);
	if (r == 0) {
		r = error_set(err, ERR_REFUSED, "task %s has the session '%s' now", s->task_id,
			other.name);
		goto out;
	}
	if (r != ERR_NOTFOUND)
		goto out;
	error_clear(err);
	r = s->workspace ? find_trash(c, s, &trash, err)
			 : error_set(err, ERR_NOTFOUND, "session '%s' had no workspace", s->name);
	if (r < 0)
		goto out;
	r = session_is_linked(s) ? unshelve_linked(c, s, trash.data, err)
				 : fs_rename_new(trash.data, s->workspace, err);
	if (r < 0)
		goto out;
	w = emit_begin(&e, EVENT_SESSION_RESTORED, s->id);
	jsonw_kstring(w, "workspace", s->workspace);
	jsonw_kstring_opt(w, "clone", s->clone_id);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, c, err);
	if (r == 0)
		r = context_project(c, err);
out:
	session_release(&other);
	emit_release(&e);
	buf_release(&trash);
	return r;
}
