#include "session/recover.h"

#include <unistd.h>

#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "git/worktree.h"
#include "hooks/observe/linked.h"
#include "session/trash.h"

int workspace_move_clone(struct repo *repo, const struct session *s, const char *from,
	const char *to, struct error *err)
{
	struct pointer pointer = POINTER_INIT;
	enum pointer_place where;
	struct buf git = BUF_INIT;
	int r = fs_rename_new(from, to, err);

	if (r < 0)
		return r;
	fs_join(&git, to, ".git");
	r = buf_check(&git, err);
	if (r == 0)
		r = pointer_read(&pointer, git.data, err);
	if (r == 0)
		r = pointer_update(&pointer, git.data, true, &where, err);
	if (r == 0)
		r = repo_add_clone(repo, pointer.clone, git.data, s->id, err);
	pointer_release(&pointer);
	buf_release(&git);
	return r;
}

/* The clone is where its own file and the list of clones say, and not where the record does. */
static int finish_clone(
	struct repo *repo, const struct session *s, bool *done_out, struct error *err)
{
	static const char suffix[] = "/.git";
	const char *git = repo_workspace_git(repo, s);
	struct pointer pointer = POINTER_INIT;
	struct error ignored = ERROR_INIT;
	struct buf top = BUF_INIT;
	int r = 0;

	if (!git || !fs_is_dir(git) || strlen(git) <= strlen(suffix) ||
		strcmp(git + strlen(git) - strlen(suffix), suffix) != 0)
		return 0;
	if (pointer_read(&pointer, git, &ignored) == 0 && !strcmp(pointer.session, s->id) &&
		pointer_where(&pointer, git) == POINTER_HERE) {
		buf_add(&top, git, strlen(git) - strlen(suffix));
		r = top.failed ? error_nomem(err)
			       : workspace_move_clone(repo, s, top.data, s->workspace, err);
		*done_out = r == 0;
	}
	pointer_release(&pointer);
	buf_release(&top);
	return r;
}

/* A person who moved it has moved it away from where the record says, and not from elsewhere. */
static bool was_last_at(const struct linked *l)
{
	struct pointer pointer = POINTER_INIT;
	struct error ignored = ERROR_INIT;
	struct buf top = BUF_INIT;
	bool was = fs_realpath(l->top, &top, &ignored) == 0 &&
		pointer_enter(&pointer, l->git_dir, &ignored) == 0 && pointer.top &&
		!strcmp(pointer.top, top.data);

	pointer_release(&pointer);
	buf_release(&top);
	return was;
}

/* git knows the work tree to be at another place, and it is there. */
static int finish_linked(
	struct repo *repo, const struct session *s, bool *done_out, struct error *err)
{
	const char *common = repo_workspace_git(repo, s);
	struct linked_list linked = { .v = NULL };
	struct buf dir = BUF_INIT;
	int r = common && fs_is_dir(common) ? linked_load(&linked, common, err) : 0;

	if (r == 0 && linked.n)
		r = repo_main_dir(repo, s, &dir, err);
	for (size_t i = 0; r == 0 && i < linked.n; i++) {
		const struct linked *l = &linked.v[i];

		if (strcmp(l->session, s->id) != 0 || !fs_is_dir(l->top) ||
			!strcmp(l->top, s->workspace) || !was_last_at(l))
			continue;
		r = worktree_move(dir.data, l->top, s->workspace, err);
		*done_out = r == 0;
		break;
	}
	linked_release(&linked);
	buf_release(&dir);
	return r;
}

static int finish(struct repo *repo, const struct session *s, struct outcome *outcome,
	bool *done_out, struct error *err)
{
	enum trash_state state = TRASH_NOTHING;
	struct buf where = BUF_INIT;
	int r = 0;

	if (fs_exists(s->workspace)) {
		r = session_is_linked(s) ? trash_finish(s, outcome, done_out, err) : 0;
		goto out;
	}
	r = trash_look(repo, s, &state, &where, err);
	if (r == 0 && state == TRASH_KEPT) {
		r = trash_take_out(repo, s, outcome, err);
		*done_out = r == 0;
	} else if (r == 0) {
		r = session_is_linked(s) ? finish_linked(repo, s, done_out, err)
					 : finish_clone(repo, s, done_out, err);
	}
out:
	buf_release(&where);
	return r;
}

static bool is_whole(const struct session *s)
{
	return fs_is_dir(s->workspace) && (!session_is_linked(s) || !trash_is_half(s));
}

int session_recover(
	struct repo *repo, const struct session *s, struct outcome *outcome, struct error *err)
{
	struct error busy = ERROR_INIT;
	struct buf gate = BUF_INIT;
	bool done = false;
	int fd = -1, r = 0;

	if (!s->started || s->deleted || !s->workspace || !session_is_local(repo, s) || is_whole(s))
		return 0;
	fs_join(&gate, repo->file.journal, "names.lock");
	r = buf_check(&gate, err);
	/* Somebody may be at it. */
	if (r == 0 && fs_lock(gate.data, 0, &fd, &busy) == 0)
		r = finish(repo, s, outcome, &done, err);
	if (r == 0 && done)
		outcome_note(outcome, "the operation on '%s' was interrupted; it is completed now",
			s->name);
	/* It shows as lost. */
	if (r < 0 && r != ERR_NOMEM) {
		outcome_warn(outcome, "cannot move the workspace of '%s' to its place: %s", s->name,
			err->msg);
		error_clear(err);
		r = 0;
	}
	if (fd >= 0)
		close(fd);
	buf_release(&gate);
	return r;
}

int session_recover_all(struct repo *repo, struct outcome *outcome, struct error *err)
{
	struct session_query query = { .sort = SORT_NAME };
	struct session_set set = { NULL, 0 };
	int r = repo_project(repo, err);

	if (r == 0)
		r = repo->backend->ops->list(repo->backend, repo_store(repo), &query, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = session_recover(repo, &set.v[i], outcome, err);
	session_set_release(&set);
	return r;
}
