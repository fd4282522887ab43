/*
 * Submodules: their repositories lie below <git dir>/modules, also those that are not checked out
 * now. What they have committed must be on one of their remotes; what they have not committed shows
 * in the outer git status.
 */
#include <sys/stat.h>

#include "core/dir.h"
#include "core/fs.h"
#include "core/text.h"
#include "git/gitcmd.h"
#include "git/risks.h"

#define MODULE_DEPTH_MAX 32

static int check_module(
	const char *git_dir, const char *shown, struct workspace_risks *r, struct error *err)
{
	struct buf out = BUF_INIT, name = BUF_INIT;
	struct git_cmd cmd;
	int rc;

	text_add_line(&name, shown, strlen(shown));
	rc = buf_check(&name, err);
	/* The work tree that core.worktree names may be gone: no question about it is asked. */
	cmd = (struct git_cmd){ .git_dir = git_dir,
		.args = { GIT_WORDS("-c", "core.bare=true", "-c", "core.worktree=", "rev-list",
			"--max-count=1", "--all", "HEAD", "--not", "--remotes") } };
	if (rc == 0)
		rc = git_must(&cmd, &out, err);
	if (rc < 0)
		rc = rc == ERR_NOMEM ? rc : risk_add_error(r, err);
	else if (out.len)
		rc = risk_add(r, err, "submodule",
			"submodule '%s' has commits or a stash that its remotes do not have",
			name.data);
	buf_release(&out);
	buf_release(&name);
	return rc;
}

static bool is_repository(const char *dir)
{
	struct buf path = BUF_INIT;
	bool yes;

	fs_join(&path, dir, "HEAD");
	yes = !path.failed && fs_exists(path.data);
	fs_join(&path, dir, "objects");
	yes = yes && !path.failed && fs_is_dir(path.data);
	buf_release(&path);
	return yes;
}

static int walk(const char *dir, const char *below, int depth, struct workspace_risks *r,
	struct error *err);

/* A repository, which may have modules of its own, or a directory on the way to one (a/b). */
static int visit(
	const char *path, const char *name, int depth, struct workspace_risks *r, struct error *err)
{
	struct buf modules = BUF_INIT;
	struct stat st;
	int rc;

	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return 0;
	if (!is_repository(path))
		return walk(path, name, depth + 1, r, err);
	rc = check_module(path, name, r, err);
	fs_join(&modules, path, "modules");
	if (rc == 0)
		rc = buf_check(&modules, err);
	if (rc == 0)
		rc = walk(modules.data, name, depth + 1, r, err);
	buf_release(&modules);
	return rc;
}

static int walk(
	const char *dir, const char *below, int depth, struct workspace_risks *r, struct error *err)
{
	struct buf path = BUF_INIT, name = BUF_INIT;
	struct dir d = DIR_INIT;
	const char *entry;
	int rc;

	if (depth > MODULE_DEPTH_MAX)
		return error_set(err, ERR_IO, "'%s' is nested too deeply", dir);
	rc = dir_open_or_empty(&d, dir, err);
	while (rc == 0 && (rc = dir_next(&d, &entry, err)) == 0 && entry) {
		fs_join(&path, dir, entry);
		buf_clear(&name);
		buf_addf(&name, "%s%s%s", below, below[0] ? "/" : "", entry);
		rc = buf_check(&path, err);
		if (rc == 0)
			rc = buf_check(&name, err);
		if (rc == 0)
			rc = visit(path.data, name.data, depth, r, err);
	}
	dir_close(&d);
	buf_release(&path);
	buf_release(&name);
	return rc;
}

int risks_of_modules(const struct risk_place *p, struct workspace_risks *r, struct error *err)
{
	struct buf modules = BUF_INIT;
	int rc;

	/* Of a linked work tree: its own, which go with it. */
	fs_join(&modules, p->git_dir, "modules");
	rc = buf_check(&modules, err);
	if (rc == 0)
		rc = walk(modules.data, "", 0, r, err);
	buf_release(&modules);
	return rc;
}
