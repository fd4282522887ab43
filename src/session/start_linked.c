#include "session/start_linked.h"

#include <unistd.h>

#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "git/worktree.h"
#include "hooks/observe/observe.h"
#include "repo/hook_setup.h"

/* 16 `git worktree add` at once: two of three failed when it was tried. */
static int lock(const char *common_dir, int *fd_out, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, common_dir, "minsky/worktrees.lock");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_lock(path.data, 30000, fd_out, err);
	buf_release(&path);
	return r;
}

int start_check_linked(const char *remote, struct error *err)
{
	if (remote && !strcmp(remote, "origin"))
		return 0;
	if (remote)
		error_refuse(err, "no-origin",
			"a linked work tree needs a remote 'origin'; this repository's is '%s'",
			remote);
	else
		error_refuse(err, "no-origin",
			"a linked work tree needs a remote 'origin'; this repository has none");
	return error_hint(err, "leave out --worktree to create a clone");
}

int start_add(struct repo *repo, const struct workspace_plan *plan, const char *workspace,
	struct error *err)
{
	int fd = -1, r = lock(repo->common_dir.data, &fd, err);

	if (r < 0)
		return r;
	r = worktree_add(plan, workspace, err);
	close(fd);
	return r < 0 ? r : worktree_fill(plan, workspace, err);
}

int start_link(struct repo *repo, struct outcome *outcome, const struct workspace_plan *plan,
	const char *workspace, const char *id, const char *name, bool *linked_out,
	struct error *err)
{
	int r;

	*linked_out = true;
	r = start_add(repo, plan, workspace, err);
	return r < 0 ? r
		     : start_tie(repo, outcome, repo->common_dir.data, workspace, id, name, err);
}

int start_unlink(const char *common_dir, const char *workspace, const char *temporary,
	const char *branch, const char *base_oid, struct error *err)
{
	int fd = -1, r = lock(common_dir, &fd, err);

	if (r < 0)
		return r;
	r = worktree_undo(common_dir, workspace, temporary, branch, base_oid, err);
	close(fd);
	return r;
}

static int find(const char *workspace, struct buf *git_dir, struct buf *common, struct buf *top,
	struct error *err)
{
	int r = gitdir_find(workspace, false, git_dir, common, top, err);

	if (r == 0 &&
		(strcmp(git_dir->data, common->data) == 0 || strcmp(top->data, workspace) != 0))
		r = error_set(err, ERR_NOTFOUND, "'%s' is not a linked work tree", workspace);
	return r;
}

int start_pass(struct repo *repo, const char *common_dir, const char *workspace, struct error *err)
{
	struct observation bell = { .common_dir = common_dir, .via = "cli", .timeout_ms = 5000 };
	struct pointer pointer = POINTER_INIT;
	struct buf git_dir = BUF_INIT, common = BUF_INIT, top = BUF_INIT;
	int r = find(workspace, &git_dir, &common, &top, err);

	if (r == 0)
		r = pointer_read(&pointer, common_dir, err);
	bell.git_dir = git_dir.data;
	bell.pointer = &pointer;
	if (r == 0)
		r = observe_pass(&bell, repo->journal, err);
	pointer_release(&pointer);
	buf_release(&git_dir);
	buf_release(&common);
	buf_release(&top);
	return r;
}

int start_tie(struct repo *repo, struct outcome *outcome, const char *common_dir,
	const char *workspace, const char *id, const char *name, struct error *err)
{
	struct pointer pointer = POINTER_INIT;
	struct buf git_dir = BUF_INIT, common = BUF_INIT, top = BUF_INIT;
	int r = start_pass(repo, common_dir, workspace, err);

	if (r == 0)
		r = find(workspace, &git_dir, &common, &top, err);
	if (r == 0)
		r = pointer_read(&pointer, common_dir, err);
	if (r < 0)
		goto out;
	free(pointer.name);
	pointer.name = strdup(name);
	if (!pointer.name) {
		r = error_nomem(err);
		goto out;
	}
	(void)memcpy(pointer.session, id, sizeof(pointer.session));
	/* Those of a work tree, also where the repository itself is bare. */
	r = hook_setup(repo, common_dir, pointer.clone, NULL, false, err);
	if (r < 0 && r != ERR_NOMEM) {
		outcome_warn(outcome,
			"no hooks were installed in the repository: %s; the next command records "
			"what happens",
			err->msg);
		error_clear(err);
		r = 0;
	}
	/* Last: it says that all of this was done. */
	if (r == 0)
		r = pointer_write_linked(&pointer, git_dir.data, workspace, err);
out:
	pointer_release(&pointer);
	buf_release(&git_dir);
	buf_release(&common);
	buf_release(&top);
	return r;
}

bool start_is_usable(const char *workspace, const char *id, const char *branch)
{
	struct buf git_dir = BUF_INIT, common = BUF_INIT, top = BUF_INIT;
	struct pointer pointer = POINTER_INIT;
	struct error ignored = ERROR_INIT;
	bool usable = find(workspace, &git_dir, &common, &top, &ignored) == 0;

	if (usable && pointer_enter(&pointer, git_dir.data, &ignored) == 0 && pointer.session[0])
		usable = !strcmp(pointer.session, id);
	else
		usable = usable && branch && worktree_is_filled(workspace, branch);
	pointer_release(&pointer);
	buf_release(&git_dir);
	buf_release(&common);
	buf_release(&top);
	return usable;
}
