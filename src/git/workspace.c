/*
 * How a workspace is made: one `git clone --no-checkout` whose refspecs bring the main repository's
 * branches and its tracking refs (as those of minsky and of origin) in one packed transaction, the
 * configuration file written anew, and one `git switch -c` that checks out. Two processes, however
 * many refs there are. Nothing uses the place until the caller renames it, so nothing is synced.
 */
#include "git/workspace.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/dir.h"
#include "core/fs.h"
#include "git/gitcmd.h"
#include "git/modules.h"
#include "git/workspace_config.h"

#define SMALL_FILE_MAX ((size_t)16 << 20)
#define KEYS_DEPTH_MAX 8

/*
 * Objects of another owner are copied, not linked: the owner could change them under us, and the
 * kernel may forbid it anyway.
 */
static bool is_foreign(const struct git_repo *r, struct error *err, int *rc_out)
{
	struct buf objects = BUF_INIT;
	struct stat st;
	bool foreign = false;

	fs_join(&objects, r->common_dir, "objects");
	*rc_out = buf_check(&objects, err);
	if (*rc_out == 0 && stat(objects.data, &st) < 0)
		*rc_out = error_errno(err, "cannot access '%s'", objects.data);
	else if (*rc_out == 0)
		foreign = st.st_uid != geteuid();
	buf_release(&objects);
	return foreign;
}

/*
 * Without --local, which means the same for a path but fails where hard links cannot be made
 * instead of copying. The repository's own choice of formats does not follow the user's defaults,
 * which may be ones that we cannot read.
 */
static int run_clone(const struct workspace_plan *plan, const char *dir, struct error *err)
{
	struct git_cmd cmd = { .args = { GIT_WORDS("-c", "init.defaultRefFormat=files", "clone",
						 "--quiet", "--no-checkout", "--no-reject-shallow",
						 "--template=", "--origin"),
				       plan->remote ? GIT_WORD("minsky") : GIT_WORD("origin") } };
	struct buf spec = BUF_INIT;
	size_t n = 9;
	bool foreign;
	int rc;

	foreign = is_foreign(plan->main, err, &rc);
	if (rc < 0)
		return rc;
	if (foreign)
		cmd.args[n++] = GIT_WORD("--no-hardlinks");
	if (plan->remote) {
		buf_addf(&spec, "remote.minsky.fetch=+refs/remotes/%s/*:refs/remotes/origin/*",
			plan->remote);
		cmd.args[n++] = GIT_WORD("--config");
		cmd.args[n++] = GIT_SETTING(spec.data);
	}
	cmd.args[n++] = GIT_WORD("--");
	cmd.args[n++] = GIT_PATH(git_repo_path(plan->main));
	cmd.args[n] = GIT_PATH(dir);
	rc = buf_check(&spec, err);
	if (rc == 0)
		rc = git_must(&cmd, NULL, err);
	buf_release(&spec);
	return rc;
}

/* Content of <git_dir>/<name>, or ERR_NOTFOUND. */
static int read_below(const char *git_dir, const char *name, struct buf *out, struct error *err)
{
	struct buf path = BUF_INIT;
	int rc;

	fs_join(&path, git_dir, name);
	rc = buf_check(&path, err);
	if (rc == 0)
		rc = fs_read(path.data, SMALL_FILE_MAX, out, err);
	buf_release(&path);
	return rc;
}

static int write_below(const char *git_dir, const char *name, const struct buf *text, mode_t mode,
	struct error *err)
{
	struct buf path = BUF_INIT;
	int rc;

	fs_join(&path, git_dir, name);
	rc = buf_check(&path, err);
	if (rc == 0)
		rc = fs_replace(path.data, text->data, text->len, mode, false, err);
	buf_release(&path);
	return rc;
}

static int make_dir(const char *git_dir, const char *name, struct error *err)
{
	struct buf path = BUF_INIT;
	int rc;

	fs_join(&path, git_dir, name);
	rc = buf_check(&path, err);
	if (rc == 0 && mkdir(path.data, 0777) < 0 && errno != EEXIST)
		rc = error_errno(err, "cannot create directory '%s'", path.data);
	buf_release(&path);
	return rc;
}

/* The main repository's configuration may hold credentials: ours is no more readable than it. */
static mode_t config_mode(const struct git_repo *r)
{
	struct buf path = BUF_INIT;
	struct stat st;
	mode_t mode = 0600;

	fs_join(&path, r->common_dir, "config");
	if (!path.failed && stat(path.data, &st) == 0)
		mode = (st.st_mode & 0644) | 0600;
	buf_release(&path);
	return mode;
}

static int write_config(const struct workspace_plan *plan, const char *git_dir, struct error *err)
{
	struct buf cloned = BUF_INIT, text = BUF_INIT;
	int rc;

	rc = read_below(git_dir, "config", &cloned, err);
	if (rc < 0)
		goto out;
	workspace_config_text(plan, cloned.data, &text);
	rc = buf_check(&text, err);
	if (rc == 0)
		rc = write_below(git_dir, "config", &text, config_mode(plan->main), err);
out:
	buf_release(&cloned);
	buf_release(&text);
	return rc;
}

static int copy_info(const struct git_repo *r, const char *git_dir, struct error *err)
{
	static const char *const names[] = { "info/exclude", "info/attributes",
		"info/sparse-checkout" };
	int rc;

	rc = make_dir(git_dir, "info", err);
	for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		struct buf text = BUF_INIT;

		/* The patterns of a sparse checkout belong to a work tree. */
		rc = read_below(i < 2 ? r->common_dir : r->git_dir, names[i], &text, err);
		if (rc == 0)
			rc = write_below(git_dir, names[i], &text, 0644, err);
		else if (rc == ERR_NOTFOUND)
			rc = 0;
		buf_release(&text);
	}
	return rc;
}

/* Keys that a filter keeps in the git directory; without them nothing can be checked out. */
static int copy_keys(const char *from, const char *to, int depth, struct error *err)
{
	struct buf a = BUF_INIT, b = BUF_INIT, text = BUF_INIT;
	struct dir d = DIR_INIT;
	const char *name;
	int rc = dir_open(&d, from, err);

	if (rc == ERR_NOTFOUND) {
		error_clear(err);
		return 0;
	}
	if (rc == 0 && depth > KEYS_DEPTH_MAX)
		rc = error_set(err, ERR_IO, "'%s' is nested too deeply", from);
	else if (rc == 0 && mkdir(to, 0700) < 0 && errno != EEXIST)
		rc = error_errno(err, "cannot create directory '%s'", to);
	while (rc == 0 && (rc = dir_next(&d, &name, err)) == 0 && name) {
		fs_join(&a, from, name);
		fs_join(&b, to, name);
		buf_clear(&text);
		rc = a.failed ? error_nomem(err) : buf_check(&b, err);
		if (rc == 0 && fs_is_dir(a.data))
			rc = copy_keys(a.data, b.data, depth + 1, err);
		else if (rc == 0)
			rc = fs_read(a.data, SMALL_FILE_MAX, &text, err);
		if (rc == 0 && !fs_is_dir(a.data))
			rc = fs_replace(b.data, text.data, text.len, 0600, false, err);
	}
	dir_close(&d);
	buf_release(&a);
	buf_release(&b);
	buf_release(&text);
	return rc;
}

/* What filters need to check out: the objects of git-lfs that there are, and git-crypt's keys. */
static int copy_filters(const struct git_repo *r, const char *git_dir, struct error *err)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	size_t n;
	int rc;

	fs_join(&from, r->common_dir, "git-crypt");
	fs_join(&to, git_dir, "git-crypt");
	rc = from.failed ? error_nomem(err) : buf_check(&to, err);
	if (rc == 0)
		rc = copy_keys(from.data, to.data, 0, err);
	if (rc == 0)
		rc = lfs_share(r->common_dir, git_dir, &n, err);
	buf_release(&from);
	buf_release(&to);
	return rc;
}

/*
 * clone turned <remote>/HEAD into a plain ref; make it the symbolic one that it is there. Symbolic
 * refs are always files of their own, also where all other refs are packed.
 */
static int copy_remote_head(
	const struct workspace_plan *plan, const char *git_dir, struct error *err)
{
	struct buf name = BUF_INIT, prefix = BUF_INIT, text = BUF_INIT, ours = BUF_INIT;
	int rc;

	buf_addf(&name, "refs/remotes/%s/HEAD", plan->remote);
	buf_addf(&prefix, "ref: refs/remotes/%s/", plan->remote);
	rc = buf_check(&name, err);
	if (rc == 0)
		rc = buf_check(&prefix, err);
	if (rc == 0)
		rc = read_below(plan->main->common_dir, name.data, &text, err);
	if (rc == ERR_NOTFOUND) {
		rc = 0;
		goto out;
	}
	if (rc < 0 || strncmp(text.data, prefix.data, prefix.len) != 0)
		goto out;
	buf_addf(&ours, "ref: refs/remotes/origin/%s", text.data + prefix.len);
	rc = buf_check(&ours, err);
	if (rc == 0)
		rc = make_dir(git_dir, "refs/remotes", err);
	if (rc == 0)
		rc = make_dir(git_dir, "refs/remotes/origin", err);
	if (rc == 0)
		rc = write_below(git_dir, "refs/remotes/origin/HEAD", &ours, 0644, err);
out:
	buf_release(&name);
	buf_release(&prefix);
	buf_release(&text);
	buf_release(&ours);
	return rc;
}

/*
 * clone made one local branch, the main repository's current one. It stays if it is the base and
 * stands where the session starts; else the base is put there, and a stranger goes.
 */
static int refresh_base(
	const struct workspace_plan *plan, const char *dir, const char *git_dir, struct error *err)
{
	static const char prefix[] = "ref: refs/heads/";
	struct buf head = BUF_INIT, oid = BUF_INIT, input = BUF_INIT;
	const char *made = NULL;
	int rc;

	rc = read_below(git_dir, "HEAD", &head, err);
	if (rc < 0)
		goto out;
	git_chomp(&head);
	if (strncmp(head.data, prefix, strlen(prefix)) == 0) {
		rc = read_below(git_dir, head.data + strlen("ref: "), &oid, err);
		if (rc == 0)
			made = head.data + strlen(prefix);
		else if (rc != ERR_NOTFOUND)
			goto out;
		rc = 0;
		git_chomp(&oid);
	}
	if (made && plan->base_branch && strcmp(made, plan->base_branch) == 0 &&
		strcmp(oid.data, plan->base_oid) == 0)
		goto out;
	if (plan->base_branch)
		rc = git_input_update(
			&input, "refs/heads/", plan->base_branch, plan->base_oid, err);
	if (rc == 0 && made && (!plan->base_branch || strcmp(made, plan->base_branch) != 0))
		rc = git_input_delete(&input, "refs/heads/", made, err);
	if (rc == 0 && input.len) {
		struct git_cmd cmd = { .dir = dir,
			.args = { GIT_WORDS("update-ref", "-m", "minsky: start", "--stdin") },
			.input = input.data,
			.input_len = input.len };

		rc = git_must(&cmd, NULL, err);
	}
out:
	buf_release(&head);
	buf_release(&oid);
	buf_release(&input);
	return rc;
}

/*
 * There is nothing to discard; but without that, switch takes a short cut that fills no work tree
 * when it seems to be there already, and succeeds although files could not be written because
 * their objects cannot be read.
 */
static int check_out(const struct workspace_plan *plan, const char *dir, struct error *err)
{
	bool talk = !plan->quiet && isatty(STDERR_FILENO);
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("-c", "submodule.recurse=false", "switch", "--quiet",
				  "--discard-changes"),
			talk ? GIT_WORD("--progress") : GIT_WORD("--no-progress"),
			GIT_WORDS("--no-track", "-c"), GIT_BRANCH(plan->branch),
			GIT_OID(plan->tip ? plan->tip : plan->base_oid) },
		.talk = talk };

	return git_must(&cmd, NULL, err);
}

int workspace_clone(const struct workspace_plan *plan, const char *dir, struct error *err)
{
	struct buf git_dir = BUF_INIT;
	struct error ignored = ERROR_INIT;
	struct stat st;
	int rc;

	if (lstat(dir, &st) == 0)
		return error_refuse(err, "already-exists", "'%s' already exists", dir);
	fs_join(&git_dir, dir, ".git");
	rc = buf_check(&git_dir, err);
	if (rc == 0)
		rc = run_clone(plan, dir, err);
	if (rc < 0)
		goto out; /* git took away what it had made */
	rc = write_config(plan, git_dir.data, err);
	if (rc == 0)
		rc = copy_info(plan->main, git_dir.data, err);
	if (rc == 0)
		rc = copy_filters(plan->main, git_dir.data, err);
	if (rc == 0 && plan->remote)
		rc = copy_remote_head(plan, git_dir.data, err);
	if (rc == 0)
		rc = refresh_base(plan, dir, git_dir.data, err);
	if (rc == 0)
		rc = check_out(plan, dir, err);
	if (rc < 0)
		(void)fs_remove_tree(dir, &ignored);
out:
	if (rc < 0)
		error_wrap(err, "cannot create workspace '%s'", dir);
	buf_release(&git_dir);
	return rc;
}
