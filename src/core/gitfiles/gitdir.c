#include "core/gitfiles/gitdir.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/pointer.h"

/* "<base>/<path>", or `path` alone when it is absolute. */
static void join_from(struct buf *out, const char *base, const char *path)
{
	if (path[0] == '/') {
		buf_clear(out);
		buf_adds(out, path);
	} else {
		fs_join(out, base, path);
	}
}

static bool has(const char *dir, const char *name, bool directory)
{
	struct buf path = BUF_INIT;
	struct stat st;
	bool found;

	fs_join(&path, dir, name);
	/* HEAD may be a symbolic link to a branch that is not born yet. */
	found = directory ? stat(path.data, &st) == 0 && S_ISDIR(st.st_mode)
			  : lstat(path.data, &st) == 0 && !S_ISDIR(st.st_mode);
	buf_release(&path);
	return found;
}

static bool is_git_dir(const char *dir)
{
	return has(dir, "HEAD", false) &&
		(has(dir, "commondir", false) ||
			(has(dir, "objects", true) && has(dir, "refs", true)));
}

/* Is one of the components ".git"? git puts no such name into a work tree. */
static bool in_git_dir(const char *path)
{
	for (const char *at = path; (at = strstr(at, "/.git")); at += 5)
		if (at[5] == '/' || !at[5])
			return true;
	return false;
}

/* Has one of the directories above `dir`, a real path, a .git that is a repository or names one? */
static bool below_work_tree(const char *dir)
{
	struct buf at = BUF_INIT, git = BUF_INIT;
	bool found = false;
	char *slash;

	buf_adds(&at, dir);
	while (!found && !at.failed && (slash = strrchr(at.data, '/')) && at.len > 1) {
		buf_truncate(&at, slash == at.data ? 1 : (size_t)(slash - at.data));
		fs_join(&git, at.data, ".git");
		found = !git.failed && fs_exists(git.data) &&
			(!fs_is_dir(git.data) || is_git_dir(git.data));
		if (at.len == 1)
			break;
	}
	buf_release(&at);
	buf_release(&git);
	return found;
}

bool gitdir_embedded(const char *dir)
{
	struct buf real = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool embedded = false;

	if (!has(dir, ".git", true) && !has(dir, ".git", false) && is_git_dir(dir) &&
		fs_realpath(dir, &real, &ignored) == 0)
		embedded = !in_git_dir(real.data) && below_work_tree(real.data) &&
			!pointer_bound(real.data);
	buf_release(&real);
	return embedded;
}

/* The first line of a small file, without its newline and what precedes it. */
static int read_line(const char *path, const char *prefix, struct buf *out, struct error *err)
{
	struct buf text = BUF_INIT;
	size_t skip = strlen(prefix);
	int r = fs_read(path, 2 * PATH_MAX, &text, err);

	if (r < 0)
		goto out;
	while (text.len && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
		buf_truncate(&text, text.len - 1);
	if (text.len <= skip || strncmp(text.data, prefix, skip) != 0) {
		r = error_set(
			err, ERR_CORRUPT, "'%s' does not contain the path of a directory", path);
		goto out;
	}
	buf_clear(out);
	buf_add(out, text.data + skip, text.len - skip);
	r = buf_check(out, err);
out:
	buf_release(&text);
	return r;
}

int gitdir_common(const char *git_dir, struct buf *out, struct error *err)
{
	struct buf line = BUF_INIT;
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, git_dir, "commondir");
	r = buf_check(&path, err);
	if (r < 0)
		goto out;
	r = read_line(path.data, "", &line, err);
	if (r < 0 && err->code == ERR_NOTFOUND) {
		error_clear(err);
		buf_clear(out);
		buf_adds(out, git_dir);
		r = buf_check(out, err);
		goto out;
	}
	if (r < 0)
		goto out;
	join_from(&path, git_dir, line.data);
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_realpath(path.data, out, err);
out:
	buf_release(&path);
	buf_release(&line);
	return r;
}

static int find_common(const char *git_dir, bool use_env, struct buf *out, struct error *err)
{
	const char *given = use_env ? getenv("GIT_COMMON_DIR") : NULL;

	return given && *given ? fs_realpath(given, out, err) : gitdir_common(git_dir, out, err);
}

/* Is `dir` the top of a work tree, or a bare repository? Sets *git_dir if so. */
static int look_here(const char *dir, struct buf *git_dir, bool *bare_out, struct error *err)
{
	struct buf path = BUF_INIT;
	struct buf line = BUF_INIT;
	struct stat st = { .st_mode = 0 };
	bool linked;
	int r;

	fs_join(&path, dir, ".git");
	r = buf_check(&path, err);
	if (r < 0)
		goto out;
	linked = lstat(path.data, &st) == 0 && S_ISLNK(st.st_mode);
	if (linked ? stat(path.data, &st) == 0 && S_ISREG(st.st_mode) : S_ISREG(st.st_mode)) {
		linked = true;
		r = read_line(path.data, "gitdir: ", &line, err);
		if (r < 0)
			goto out;
		join_from(&path, dir, line.data);
		r = buf_check(&path, err);
		if (r < 0)
			goto out;
	}
	if (is_git_dir(path.data)) {
		*bare_out = false;
		/* `dir` is a real path already, and so is a directory in it. */
		if (linked)
			r = fs_realpath(path.data, git_dir, err);
		else
			buf_adds(git_dir, path.data);
		if (r == 0)
			r = buf_check(git_dir, err);
	} else if (is_git_dir(dir) && gitdir_embedded(dir)) {
		error_refuse(err, "hidden-bare-repository",
			"'%s' looks like a bare repository in the work tree of another one", dir);
		r = error_hint(err,
			"change to another directory; if the repository is yours, move it out of "
			"that work tree");
	} else if (is_git_dir(dir)) {
		*bare_out = true;
		r = fs_realpath(dir, git_dir, err);
	} else {
		r = error_set(err, ERR_NOTFOUND, "'%s' is not in a git repository", dir);
	}
out:
	buf_release(&line);
	buf_release(&path);
	return r;
}

static int find_upwards(
	const char *start, struct buf *dir, struct buf *git_dir, bool *bare_out, struct error *err)
{
	for (;;) {
		char *slash;
		int r = look_here(dir->data, git_dir, bare_out, err);

		if (r == 0 || err->code != ERR_NOTFOUND)
			return r;
		if (!strcmp(dir->data, "/"))
			return error_set(
				err, ERR_NOTFOUND, "'%s' is not in a git repository", start);
		error_clear(err);
		slash = strrchr(dir->data, '/');
		buf_truncate(dir, slash == dir->data ? 1 : (size_t)(slash - dir->data));
	}
}

static int find_given(const char *given, const struct buf *dir, struct buf *git_dir,
	struct buf *top, struct error *err)
{
	const char *tree = getenv("GIT_WORK_TREE");
	struct buf path = BUF_INIT;
	int r;

	join_from(&path, dir->data, given);
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_realpath(path.data, git_dir, err);
	if (r == 0 && !is_git_dir(git_dir->data))
		r = error_set(err, ERR_NOTFOUND, "'%s' is not a git directory", git_dir->data);
	if (r < 0)
		goto out;
	buf_clear(top);
	if (tree && *tree) {
		join_from(&path, dir->data, tree);
		r = fs_realpath(path.data, top, err);
	} else if (strcmp(git_dir->data, dir->data) != 0) {
		buf_adds(top, dir->data);
		r = buf_check(top, err);
	}
out:
	buf_release(&path);
	return r;
}

static void swap(struct buf *a, struct buf *b)
{
	struct buf tmp = *a;

	*a = *b;
	*b = tmp;
}

int gitdir_find(const char *dir, bool use_env, struct buf *git_dir_out, struct buf *common_dir_out,
	struct buf *top_out, struct error *err)
{
	const char *given = use_env ? getenv("GIT_DIR") : NULL;
	struct buf at = BUF_INIT;
	struct buf git_dir = BUF_INIT;
	struct buf common = BUF_INIT;
	struct buf top = BUF_INIT;
	bool bare = false;
	int r;

	r = fs_realpath(dir, &at, err);
	if (r < 0)
		goto out;
	if (given && *given) {
		r = find_given(given, &at, &git_dir, &top, err);
	} else {
		r = find_upwards(dir, &at, &git_dir, &bare, err);
		if (r == 0 && !bare)
			swap(&top, &at);
	}
	if (r < 0)
		goto out;
	r = find_common(git_dir.data, given && *given, &common, err);
	if (r < 0)
		goto out;
	swap(git_dir_out, &git_dir);
	swap(common_dir_out, &common);
	if (top_out)
		swap(top_out, &top);
out:
	buf_release(&top);
	buf_release(&common);
	buf_release(&git_dir);
	buf_release(&at);
	return r;
}

int gitdir_linked_top(const char *git_dir, struct buf *out, struct error *err)
{
	static const char suffix[] = "/.git";
	struct buf path = BUF_INIT, text = BUF_INIT;
	int r;

	fs_join(&path, git_dir, "gitdir");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_read(path.data, 2 * PATH_MAX, &text, err);
	if (r < 0)
		goto out;
	while (text.len && text.data[text.len - 1] == '\n')
		buf_truncate(&text, text.len - 1);
	if (text.len > strlen(suffix) && !strcmp(text.data + text.len - strlen(suffix), suffix))
		buf_truncate(&text, text.len - strlen(suffix));
	buf_clear(out);
	/* git 2.48 and newer may write it relative to this directory. */
	if (text.len && text.data[0] != '/')
		buf_addf(out, "%s/", git_dir);
	buf_add(out, text.data, text.len);
	r = buf_check(out, err);
out:
	buf_release(&path);
	buf_release(&text);
	return r;
}
