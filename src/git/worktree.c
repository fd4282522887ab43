#include "git/worktree.h"

#include <string.h>
#include <unistd.h>

#include "core/dir.h"
#include "core/fs.h"
#include "git/gitcmd.h"

#define GIT_FILE_MAX 8192

static const char *start_of(const struct workspace_plan *plan)
{
	return plan->tip ? plan->tip : plan->base_oid;
}

int worktree_add(const struct workspace_plan *plan, const char *dir, struct error *err)
{
	const struct git_cmd cmd = { .dir = git_repo_dir(plan->main),
		.args = { GIT_WORDS("-c", "checkout.guess=false", "worktree", "add", "--quiet",
				  "--detach", "--no-checkout", "--"),
			GIT_PATH(dir), GIT_OID(start_of(plan)) } };

	return git_must(&cmd, NULL, err);
}

/* What HEAD of a work tree names: "refs/heads/x", or "" when it is detached. */
static int read_branch(const char *dir, struct buf *out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("symbolic-ref", "--quiet", "HEAD") } };
	int status, r;

	buf_clear(out);
	r = git_run(&cmd, out, NULL, &status, err);
	if (r == 0 && status)
		buf_clear(out);
	git_chomp(out);
	return r < 0 ? r : buf_check(out, err);
}

/* Full name of a branch against what HEAD names. */
static bool is_branch(const struct buf *head, const char *branch)
{
	return !strncmp(head->data, "refs/heads/", 11) && !strcmp(head->data + 11, branch);
}

int worktree_fill(const struct workspace_plan *plan, const char *dir, struct error *err)
{
	struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("-c", "submodule.recurse=false", "switch", "--quiet",
			"--discard-changes", "--no-guess") } };
	struct buf said = BUF_INIT, head = BUF_INIT;
	size_t n = 6;
	int status, r;

	if (!plan->existing) {
		cmd.args[n++] = GIT_WORD("--no-track");
		cmd.args[n++] = GIT_WORD("-c");
	}
	cmd.args[n++] = GIT_BRANCH(plan->branch);
	if (!plan->existing)
		cmd.args[n++] = GIT_OID(start_of(plan));
	r = git_run(&cmd, NULL, &said, &status, err);
	if (r < 0 || !status)
		goto out;
	/* HEAD is moved last: the branch is checked out, and a hook was not content. */
	r = read_branch(dir, &head, err);
	if (r == 0 && !is_branch(&head, plan->branch))
		r = git_failed(&cmd, status, &said, ERR_GIT, err);
out:
	buf_release(&said);
	buf_release(&head);
	return r;
}

bool worktree_is_filled(const char *dir, const char *branch)
{
	struct buf head = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool is = read_branch(dir, &head, &ignored) == 0 && is_branch(&head, branch);

	buf_release(&head);
	return is;
}

/* Is there nothing in it but a .git? */
static bool is_bare_start(const char *dir)
{
	struct error ignored = ERROR_INIT;
	struct dir d = DIR_INIT;
	const char *name = NULL;
	bool alone = dir_open(&d, dir, &ignored) == 0;

	/* What cannot be read to its end may hold anything. */
	do {
		alone = alone && dir_next(&d, &name, &ignored) == 0 &&
			(!name || !strcmp(name, ".git"));
	} while (alone && name);
	dir_close(&d);
	return alone;
}

/* It holds nothing, or a .git that names our repository or was not written to its end. */
static bool remove_unborn(const char *common_dir, const char *dir)
{
	struct buf file = BUF_INIT, expected = BUF_INIT, content = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool ours;

	if (rmdir(dir) == 0)
		return true;
	fs_join(&file, dir, ".git");
	buf_addf(&expected, "gitdir: %s/worktrees/", common_dir);
	ours = !file.failed && !expected.failed && is_bare_start(dir) &&
		fs_read(file.data, GIT_FILE_MAX, &content, &ignored) == 0 &&
		!strncmp(content.data, expected.data,
			content.len < expected.len ? content.len : expected.len);
	ours = ours && unlink(file.data) == 0 && rmdir(dir) == 0;
	buf_release(&file);
	buf_release(&expected);
	buf_release(&content);
	return ours;
}

/* The first line of <dir>/<name>; false if there is none. */
static bool first_line(const char *dir, const char *name, struct buf *out)
{
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT;
	bool got;

	buf_clear(out);
	fs_join(&path, dir, name);
	got = !path.failed && fs_read(path.data, GIT_FILE_MAX, out, &ignored) == 0;
	git_chomp(out);
	buf_release(&path);
	return got && out->len > 0;
}

/* Does git keep `admin` for the work tree `dir`? */
static bool is_kept_for(const char *admin, const char *dir)
{
	struct buf line = BUF_INIT, git_file = BUF_INIT;
	bool is;

	fs_join(&git_file, dir, ".git");
	is = first_line(admin, "gitdir", &line) && !git_file.failed &&
		!strcmp(line.data, git_file.data);
	buf_release(&line);
	buf_release(&git_file);
	return is;
}

static bool is_finished(const char *admin)
{
	struct buf line = BUF_INIT;
	bool is = first_line(admin, "commondir", &line) && first_line(admin, "HEAD", &line);

	buf_release(&line);
	return is;
}

/*
 * One that git came to an end with is moved to `temporary` in one step: killed while it removes the
 * files, `git worktree remove` may leave some without a .git, and nobody could tell whose they are.
 */
static int set_aside(
	const char *common_dir, const char *dir, const char *temporary, struct error *err)
{
	struct buf line = BUF_INIT, expected = BUF_INIT;
	bool ours;
	int r;

	buf_addf(&expected, "gitdir: %s/worktrees/", common_dir);
	ours = first_line(dir, ".git", &line) && !expected.failed &&
		!strncmp(line.data, expected.data, expected.len);
	r = ours ? fs_rename_new(dir, temporary, err) : 0;
	buf_release(&line);
	buf_release(&expected);
	return r;
}

/*
 * `git worktree add`, killed while it wrote what it keeps of a work tree, leaves a directory that
 * `git worktree remove` refuses; an empty commondir even makes each `git worktree` command of the
 * repository fail. What is in `dir` besides is somebody's, and everything stays.
 */
static int undo_kept(const char *common_dir, const char *admin, const char *dir,
	const char *temporary, struct error *err)
{
	struct buf locked = BUF_INIT;
	int r = 0;

	/* `git gc` takes what is left of it if we do not come to the end, but nothing locked. */
	fs_join(&locked, admin, "locked");
	if (!locked.failed)
		(void)unlink(locked.data);
	if (is_finished(admin))
		r = set_aside(common_dir, dir, temporary, err);
	else if (!fs_exists(dir) || remove_unborn(common_dir, dir))
		r = fs_remove_tree(admin, err);
	buf_release(&locked);
	return r;
}

static int undo_each_kept(
	const char *common_dir, const char *dir, const char *temporary, struct error *err)
{
	struct buf all = BUF_INIT, admin = BUF_INIT;
	struct dir d = DIR_INIT;
	const char *name;
	int r;

	fs_join(&all, common_dir, "worktrees");
	r = buf_check(&all, err);
	if (r == 0)
		r = dir_open_or_empty(&d, all.data, err);
	while (r == 0 && (r = dir_next(&d, &name, err)) == 0 && name) {
		if (name[0] == '.')
			continue;
		fs_join(&admin, all.data, name);
		if (!admin.failed && is_kept_for(admin.data, dir))
			r = undo_kept(common_dir, admin.data, dir, temporary, err);
	}
	dir_close(&d);
	buf_release(&all);
	buf_release(&admin);
	return r;
}

static int delete_branch(
	const char *common_dir, const char *branch, const char *oid, struct error *err)
{
	struct buf ref = BUF_INIT;
	struct git_cmd cmd = { .dir = common_dir, .args = { GIT_WORDS("update-ref", "-d") } };
	int status, r;

	buf_addf(&ref, "refs/heads/%s", branch);
	r = buf_check(&ref, err);
	cmd.args[2] = GIT_REF(ref.data);
	cmd.args[3] = GIT_OID(oid);
	if (r == 0)
		r = git_run(&cmd, NULL, NULL, &status, err);
	buf_release(&ref);
	return r;
}

int worktree_undo(const char *common_dir, const char *dir, const char *temporary,
	const char *branch, const char *base_oid, struct error *err)
{
	const struct git_cmd remove = { .dir = common_dir,
		.args = { GIT_WORDS("worktree", "remove", "--force", "--force", "--"),
			GIT_PATH(dir) } };
	int status, r = fs_remove_tree(temporary, err);

	if (r == 0)
		r = undo_each_kept(common_dir, dir, temporary, err);
	if (r == 0 && fs_exists(dir))
		(void)remove_unborn(common_dir, dir);
	/* Also, and most often, of a directory that is gone: then of what git keeps of it. */
	if (r == 0)
		r = git_run(&remove, NULL, NULL, &status, err);
	if (r == 0)
		r = fs_remove_tree(temporary, err);
	return r < 0 || !branch || !base_oid ? r : delete_branch(common_dir, branch, base_oid, err);
}

/* After it was renamed: git's own note of where it is. */
static int repair(const char *dir, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir, .args = { GIT_WORDS("worktree", "repair") } };

	return git_must(&cmd, NULL, err);
}

static int head_oid(const char *dir, struct buf *out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("rev-parse", "--quiet", "--verify", "HEAD^{commit}") } };
	int status, r;

	buf_clear(out);
	r = git_run(&cmd, out, NULL, &status, err);
	if (r == 0 && status)
		buf_clear(out);
	git_chomp(out);
	return r < 0 ? r : buf_check(out, err);
}

int worktree_shelve(const char *dir, const char *trash, struct error *err)
{
	struct buf oid = BUF_INIT;
	struct error ignored = ERROR_INIT;
	int r = head_oid(dir, &oid, err);
	const struct git_cmd lock = { .dir = trash,
		.args = { GIT_WORDS("worktree", "lock", "--reason",
				  "deleted by minsky: session restore", "--"),
			GIT_PATH(trash) } };
	const struct git_cmd detach = { .dir = trash,
		.args = { GIT_WORDS("update-ref", "--no-deref", "-m", "minsky: delete", "HEAD"),
			GIT_OID(oid.data) } };

	if (r == 0)
		r = fs_rename_new(dir, trash, err);
	if (r < 0)
		goto out;
	r = repair(trash, err);
	if (r == 0)
		r = git_must(&lock, NULL, err);
	if (r == 0 && oid.len)
		r = git_must(&detach, NULL, err);
	if (r < 0 && fs_rename_new(trash, dir, &ignored) == 0)
		(void)repair(dir, &ignored);
out:
	buf_release(&oid);
	return r;
}

/* Has this or another work tree, or nobody, got the branch? */
static int is_free(
	const char *dir, const char *branch, const char *oid, bool *out, struct error *err)
{
	struct buf ref = BUF_INIT, answer = BUF_INIT;
	struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("for-each-ref", "--format=%(objectname) %(worktreepath)") } };
	int r;

	buf_addf(&ref, "refs/heads/%s", branch);
	r = buf_check(&ref, err);
	cmd.args[2] = GIT_PATTERN(ref.data);
	if (r == 0)
		r = git_must(&cmd, &answer, err);
	git_chomp(&answer);
	/* Nothing behind the space. */
	*out = r == 0 && *oid && answer.len == strlen(oid) + 1 &&
		!strncmp(answer.data, oid, strlen(oid));
	buf_release(&ref);
	buf_release(&answer);
	return r;
}

int worktree_unshelve(const char *trash, const char *dir, const char *branch, bool *attached_out,
	struct error *err)
{
	const struct git_cmd unlock = { .dir = dir,
		.args = { GIT_WORDS("worktree", "unlock", "--"), GIT_PATH(dir) } };
	struct buf oid = BUF_INIT, ref = BUF_INIT;
	const struct error none = ERROR_INIT;
	struct git_cmd attach = { .dir = dir,
		.args = { GIT_WORDS("symbolic-ref", "-m", "minsky: restore", "HEAD") } };
	struct error ignored = none;
	int status, r = trash ? fs_rename_new(trash, dir, err) : 0;

	*attached_out = false;
	if (r < 0)
		goto out;
	r = repair(dir, err);
	if (r == 0)
		r = git_run(&unlock, NULL, NULL, &status, err);
	if (r == 0)
		r = head_oid(dir, &oid, err);
	if (r == 0)
		r = is_free(dir, branch, oid.data, attached_out, err);
	buf_addf(&ref, "refs/heads/%s", branch);
	if (r == 0)
		r = buf_check(&ref, err);
	attach.args[4] = GIT_REF(ref.data);
	if (r == 0 && *attached_out)
		r = git_must(&attach, NULL, err);
	if (r < 0 && trash && fs_rename_new(dir, trash, &ignored) == 0)
		(void)repair(trash, &ignored);
out:
	buf_release(&oid);
	buf_release(&ref);
	return r;
}

int worktree_move(const char *main_dir, const char *from, const char *to, struct error *err)
{
	const struct git_cmd cmd = { .dir = main_dir,
		.args = { GIT_WORDS("worktree", "move", "--"), GIT_PATH(from), GIT_PATH(to) } };

	return git_must(&cmd, NULL, err);
}

int worktree_repair(const char *main_dir, const char *dir, struct error *err)
{
	const struct git_cmd cmd = { .dir = main_dir,
		.args = { GIT_WORDS("worktree", "repair", "--"), GIT_PATH(dir) } };

	return git_must(&cmd, NULL, err);
}
