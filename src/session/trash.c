#include "session/trash.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "git/worktree.h"
#include "session/start_linked.h"

static int trash_dirs(
	struct repo *repo, const struct session *s, struct buf out[2], struct error *err)
{
	const char *slash = strrchr(s->workspace, '/');
	int r;

	fs_join(&out[0], repo->state.data, "trash");
	buf_add(&out[1], s->workspace, slash ? (size_t)(slash - s->workspace) : 0);
	buf_adds(&out[1], "/.trash");
	r = buf_check(&out[0], err);
	return r < 0 ? r : buf_check(&out[1], err);
}

/* "<dir>/<id>" -> "<dir>/.<id>.<suffix>" */
static int aside(const char *where, const char *suffix, struct buf *out, struct error *err)
{
	const char *id = strrchr(where, '/') + 1;

	buf_clear(out);
	buf_addf(out, "%.*s.%s.%s", (int)(id - where), where, id, suffix);
	return buf_check(out, err);
}

static int look_in(const char *dir, const char *id, enum trash_state *out, struct buf *where,
	struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	*out = TRASH_NOTHING;
	fs_join(where, dir, id);
	r = buf_check(where, err);
	if (r == 0 && fs_is_dir(where->data))
		*out = TRASH_KEPT;
	if (r == 0 && *out == TRASH_NOTHING)
		r = aside(where->data, "purge", &path, err);
	if (r == 0 && *out == TRASH_NOTHING && fs_exists(path.data))
		*out = TRASH_LEAVING;
	if (r == 0 && *out == TRASH_NOTHING)
		r = aside(where->data, "gone", &path, err);
	if (r == 0 && *out == TRASH_NOTHING && fs_exists(path.data))
		*out = TRASH_GONE;
	buf_release(&path);
	return r;
}

int trash_look(struct repo *repo, const struct session *s, enum trash_state *state_out,
	struct buf *where, struct error *err)
{
	struct buf dirs[2] = { BUF_INIT, BUF_INIT };
	enum trash_state state = TRASH_NOTHING;
	int r = s->workspace ? trash_dirs(repo, s, dirs, err) : 0;

	for (size_t i = 0; r == 0 && s->workspace && state == TRASH_NOTHING && i < 2; i++)
		r = look_in(dirs[i].data, s->id, &state, where, err);
	if (r == 0)
		*state_out = state;
	buf_release(&dirs[0]);
	buf_release(&dirs[1]);
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
	const struct session *s, const char *trash, struct outcome *outcome, struct error *err)
{
	bool attached = false;
	int r = worktree_unshelve(trash, s->workspace, s->branch, &attached, err);

	if (r == 0)
		r = rename_mark(s->workspace, "minsky/deleted", "minsky/session", err);
	if (r == 0 && !attached)
		outcome_warn(outcome,
			"the branch '%s' has moved, or is checked out elsewhere; HEAD is detached "
			"at its old commit",
			s->branch);
	return r;
}

/* Marked as deleted, but here. */
bool trash_is_half(const struct session *s)
{
	struct buf git_dir = BUF_INIT, common = BUF_INIT, mark = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool half = gitdir_find(s->workspace, false, &git_dir, &common, NULL, &ignored) == 0;

	fs_join(&mark, git_dir.data, "minsky/deleted");
	half = half && !mark.failed && fs_exists(mark.data);
	buf_release(&git_dir);
	buf_release(&common);
	buf_release(&mark);
	return half;
}

int trash_finish(
	const struct session *s, struct outcome *outcome, bool *done_out, struct error *err)
{
	int r = unshelve_linked(s, NULL, outcome, err);

	*done_out = r == 0;
	return r;
}

int trash_put(struct repo *repo, const struct session *s, struct buf *where, struct error *err)
{
	struct buf dirs[2] = { BUF_INIT, BUF_INIT };
	struct stat here, there;
	const char *dir;
	int r = trash_dirs(repo, s, dirs, err);

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
		fs_join(where, dir, s->id);
		r = buf_check(where, err);
	}
	if (r == 0)
		r = session_is_linked(s) ? shelve_linked(s, where->data, err)
					 : fs_rename_new(s->workspace, where->data, err);
out:
	buf_release(&dirs[0]);
	buf_release(&dirs[1]);
	return r;
}

static int find_kept(
	struct repo *repo, const struct session *s, struct buf *where, struct error *err)
{
	enum trash_state state;
	int r = trash_look(repo, s, &state, where, err);

	if (r < 0 || state == TRASH_KEPT)
		return r;
	r = error_set(err, ERR_NOTFOUND, "the workspace of '%s' is not in the trash", s->name);
	return state != TRASH_NOTHING ? error_hint(err, "it was purged") : r;
}

int trash_check(struct repo *repo, const struct session *s, struct error *err)
{
	struct buf where = BUF_INIT;
	int r = find_kept(repo, s, &where, err);

	if (r == 0 && fs_exists(s->workspace))
		r = error_refuse(err, "already-exists", "'%s' already exists", s->workspace);
	buf_release(&where);
	return r;
}

int trash_take_out(
	struct repo *repo, const struct session *s, struct outcome *outcome, struct error *err)
{
	struct buf where = BUF_INIT;
	int r = find_kept(repo, s, &where, err);

	if (r == 0)
		r = session_is_linked(s) ? unshelve_linked(s, where.data, outcome, err)
					 : fs_rename_new(where.data, s->workspace, err);
	buf_release(&where);
	return r;
}

static int step(const char *from, const char *to, struct error *err)
{
	if (rename(from, to) == 0)
		return 0;
	if (errno == ENOENT)
		return error_set(err, ERR_NOTFOUND, "'%s' does not exist any more", from);
	return error_errno(err, "cannot rename '%s' to '%s'", from, to);
}

int trash_leave(const char *where, struct error *err)
{
	struct buf leaving = BUF_INIT;
	int r = aside(where, "purge", &leaving, err);

	if (r == 0)
		r = step(where, leaving.data, err);
	buf_release(&leaving);
	return r;
}

int trash_told(const char *where, struct error *err)
{
	struct buf leaving = BUF_INIT, gone = BUF_INIT;
	int r = aside(where, "purge", &leaving, err);

	if (r == 0)
		r = aside(where, "gone", &gone, err);
	if (r == 0)
		r = step(leaving.data, gone.data, err);
	buf_release(&leaving);
	buf_release(&gone);
	return r;
}

int trash_remove(struct repo *repo, const struct session *s, const char *where, struct error *err)
{
	const char *common = session_is_linked(s) ? repo_workspace_git(repo, s) : NULL;
	struct buf gone = BUF_INIT;
	int r = aside(where, "gone", &gone, err);

	/* What git keeps of a work tree names the place that it had in the trash. */
	if (r == 0 && common && fs_is_dir(common))
		r = start_unlink(common, where, gone.data, NULL, NULL, err);
	if (r == 0)
		r = fs_remove_tree(gone.data, err);
	buf_release(&gone);
	return r;
}
