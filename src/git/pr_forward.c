/* Moving a base branch of the main repository, with the work tree that is on it. */

#include "core/dir.h"
#include "core/fs.h"
#include "core/gitfiles/operation.h"
#include "git/gitcmd.h"
#include "git/pr.h"

/* The work tree that has refs/heads/<branch> checked out, into `out`; left empty if there is none.
 */
static int find_work_tree(const char *dir, const char *branch, struct buf *out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("worktree", "list", "--porcelain", "-z") } };
	struct buf list = BUF_INIT;
	const char *path = NULL;
	bool here = false, gone = false;
	int rc;

	rc = git_must(&cmd, &list, err);
	/* "worktree <path>\0HEAD <oid>\0branch refs/heads/<name>\0prunable <why>\0\0" for each */
	for (size_t at = 0; rc == 0 && at < list.len; at += strlen(list.data + at) + 1) {
		const char *line = list.data + at;

		if (strncmp(line, "worktree ", 9) == 0) {
			path = line + 9;
			here = gone = false;
		} else if (strncmp(line, "branch refs/heads/", 18) == 0) {
			here = strcmp(line + 18, branch) == 0;
		} else if (strncmp(line, "prunable", 8) == 0) {
			gone = true;
		} else if (!line[0] && path && here && !gone) {
			buf_adds(out, path);
			break;
		}
	}
	if (rc == 0)
		rc = buf_check(out, err);
	buf_release(&list);
	return rc;
}

static int check_no_rebase(const char *common_dir, const char *branch, struct error *err)
{
	struct buf path = BUF_INIT, one = BUF_INIT;
	bool found = operation_is_rebase_of(common_dir, branch);
	struct dir d = DIR_INIT;
	const char *name;
	int rc;

	fs_join(&path, common_dir, "worktrees");
	rc = buf_check(&path, err);
	if (rc == 0 && !found)
		rc = dir_open_or_empty(&d, path.data, err);
	while (rc == 0 && !found && (rc = dir_next(&d, &name, err)) == 0 && name) {
		fs_join(&one, path.data, name);
		rc = buf_check(&one, err);
		found = rc == 0 && name[0] != '.' && operation_is_rebase_of(one.data, branch);
	}
	if (rc == 0 && found) {
		error_refuse(err, "in-progress", "branch '%s' is being rebased", branch);
		error_reason(err, "in-progress");
		rc = error_hint(err, "finish it first, or abort it: git rebase --abort");
	}
	dir_close(&d);
	buf_release(&path);
	buf_release(&one);
	return rc;
}

/*
 * Bring the commit here, unreferenced: the branch points at it a moment later. Protocol 2 serves
 * any object by its id.
 */
static int fetch(const char *main_dir, const char *from_dir, const char *oid, struct error *err)
{
	const struct git_cmd cmd = { .dir = main_dir,
		.args = { GIT_WORDS("-c", "protocol.version=2", "-c", "gc.auto=0", "-c",
				  "maintenance.auto=false", "fetch", "--quiet", "--no-tags",
				  "--no-write-fetch-head", "--no-recurse-submodules", "--"),
			GIT_REMOTE(from_dir), GIT_REFSPEC(oid) } };

	return git_must(&cmd, NULL, err);
}

static int is_ancestor(const char *dir, const char *a, const char *b, bool *out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("merge-base", "--is-ancestor", "--end-of-options"), GIT_OID(a),
			GIT_OID(b) } };
	struct buf errout = BUF_INIT;
	int status, rc;

	rc = git_run(&cmd, NULL, &errout, &status, err);
	if (rc == 0 && status > 1)
		rc = git_failed(&cmd, status, &errout, ERR_GIT, err);
	if (rc == 0)
		*out = status == 0;
	buf_release(&errout);
	return rc;
}

static int merge_in(const char *work_tree, const char *oid, struct error *err)
{
	static const char *const env[] = { "GIT_REFLOG_ACTION=minsky: approve", NULL };
	const struct git_cmd cmd = { .dir = work_tree,
		.args = { GIT_WORDS("merge", "--quiet", "--ff-only", "--no-autostash", "--no-stat",
				  "--end-of-options"),
			GIT_OID(oid) },
		.env = env };
	struct buf errout = BUF_INIT;
	int status, rc;

	rc = git_run(&cmd, NULL, &errout, &status, err);
	if (rc == 0 && status != 0) {
		rc = git_failed(&cmd, status, &errout, ERR_REFUSED, err);
		error_wrap(err, "work tree '%s' cannot be updated", work_tree);
		if (git_says_in_the_way(&errout))
			error_hint(err, "commit or stash the changes there, then try again");
	}
	buf_release(&errout);
	return rc;
}

static int move_ref(
	const char *dir, const char *ref, const char *oid, const char *old, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("update-ref", "-m", "minsky: approve", "--end-of-options"),
			GIT_REF(ref), GIT_OID(oid), GIT_OID(old) } };
	int rc = git_must(&cmd, NULL, err);

	if (rc == ERR_GIT && strstr(err->msg, "but expected")) {
		err->code = rc = ERR_REFUSED;
		error_reason(err, "branch-moved");
	}
	return rc;
}

static int forward(const char *main_dir, const char *common_dir, const char *base, const char *ref,
	const char *old, const char *oid, struct error *err)
{
	struct buf work_tree = BUF_INIT;
	bool contained = false, forward_only;
	int rc;

	rc = is_ancestor(main_dir, old, oid, &forward_only, err);
	if (rc == 0 && !forward_only)
		rc = is_ancestor(main_dir, oid, old, &contained, err);
	if (rc < 0 || contained)
		return rc;
	if (!forward_only) {
		error_refuse(err, "base-diverged",
			"branch '%s' cannot be fast-forwarded: it has commits that are not in "
			"'%.12s'",
			base, oid);
		error_reason(err, "base-diverged");
		rc = error_hint(err, "update '%s', then refresh the PR", base);
	}
	if (rc == 0)
		rc = check_no_rebase(common_dir, base, err);
	if (rc == 0)
		rc = find_work_tree(main_dir, base, &work_tree, err);
	if (rc == 0)
		rc = work_tree.len ? merge_in(work_tree.data, oid, err)
				   : move_ref(main_dir, ref, oid, old, err);
	buf_release(&work_tree);
	return rc;
}

/* The common git directory and the tip of a ref ("" if there is none), in one question. */
static int look_up(const char *dir, const char *ref, struct buf *common_dir, struct buf *oid,
	struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("rev-parse", "--path-format=absolute", "--git-common-dir",
				  "--quiet", "--verify", "--end-of-options"),
			GIT_REF(ref) } };
	struct buf out = BUF_INIT, errout = BUF_INIT;
	const char *nl;
	int status, rc;

	rc = git_run(&cmd, &out, &errout, &status, err);
	if (rc < 0)
		goto out;
	nl = strchr(out.data, '\n');
	if (!nl || status > 1) {
		rc = git_failed(&cmd, status, &errout, ERR_GIT, err);
		goto out;
	}
	buf_add(common_dir, out.data, (size_t)(nl - out.data));
	buf_adds(oid, nl + 1);
	git_chomp(oid);
	rc = buf_check(common_dir, err);
	if (rc == 0)
		rc = buf_check(oid, err);
out:
	buf_release(&out);
	buf_release(&errout);
	return rc;
}

int pr_forward(const char *main_dir, const char *from_dir, const char *base, const char *oid,
	struct error *err)
{
	struct buf ref = BUF_INIT, common_dir = BUF_INIT, old = BUF_INIT;
	int rc;

	buf_addf(&ref, "refs/heads/%s", base);
	rc = buf_check(&ref, err);
	if (rc == 0)
		rc = look_up(main_dir, ref.data, &common_dir, &old, err);
	if (rc == 0 && !old.len)
		rc = error_set(
			err, ERR_NOTFOUND, "there is no branch '%s' in '%s'", base, main_dir);
	if (rc == 0 && strcmp(old.data, oid) != 0) {
		rc = from_dir ? fetch(main_dir, from_dir, oid, err) : 0;
		if (rc == 0)
			rc = forward(main_dir, common_dir.data, base, ref.data, old.data, oid, err);
	}
	buf_release(&ref);
	buf_release(&common_dir);
	buf_release(&old);
	return rc;
}

int pr_drop_branch(const char *dir, const char *branch, const char *oid, struct error *err)
{
	struct buf ref = BUF_INIT;
	struct git_cmd cmd = { .dir = dir };
	int rc;

	buf_addf(&ref, "refs/heads/%s", branch);
	cmd.args[0] = GIT_WORD("update-ref");
	cmd.args[1] = GIT_WORD("-d");
	cmd.args[2] = GIT_REF(ref.data);
	cmd.args[3] = GIT_OID(oid);
	rc = buf_check(&ref, err);
	if (rc == 0)
		rc = git_must(&cmd, NULL, err);
	buf_release(&ref);
	return rc;
}

static int delete_branch(
	const char *dir, const char *branch, const char *oid, bool dry_run, struct error *err)
{
	struct buf ref = BUF_INIT, common_dir = BUF_INIT, old = BUF_INIT, work_tree = BUF_INIT;
	int rc;

	buf_addf(&ref, "refs/heads/%s", branch);
	rc = buf_check(&ref, err);
	if (rc == 0)
		rc = look_up(dir, ref.data, &common_dir, &old, err);
	if (rc < 0 || !old.len)
		goto out;
	if (strcmp(old.data, oid) != 0) {
		error_refuse(
			err, "branch-moved", "branch '%s' has moved to '%.12s'", branch, old.data);
		rc = error_reason(err, "branch-moved");
		goto out;
	}
	rc = find_work_tree(dir, branch, &work_tree, err);
	if (rc == 0 && work_tree.len) {
		error_refuse(err, "branch-checked-out", "branch '%s' is checked out in '%s'",
			branch, work_tree.data);
		error_reason(err, "branch-checked-out");
		rc = error_hint(err, "switch to another branch there: git switch OTHER");
	}
	if (rc == 0 && !dry_run)
		rc = pr_drop_branch(dir, branch, oid, err);
out:
	buf_release(&ref);
	buf_release(&common_dir);
	buf_release(&old);
	buf_release(&work_tree);
	return rc;
}

int pr_delete_branch(const char *dir, const char *branch, const char *oid, struct error *err)
{
	return delete_branch(dir, branch, oid, false, err);
}

int pr_check_branch(const char *dir, const char *branch, const char *oid, struct error *err)
{
	return delete_branch(dir, branch, oid, true, err);
}
