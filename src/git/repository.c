#include "git/repository.h"

#include <strings.h>

#include "core/fs.h"
#include "core/oid.h"
#include "core/text.h"
#include "git/gitcmd.h"
#include "git/gitconfig.h"

#define GIT_NEEDED_MAJOR 2
#define GIT_NEEDED_MINOR 38

void git_repo_release(struct git_repo *r)
{
	free(r->top);
	free(r->git_dir);
	free(r->common_dir);
	free(r->branch);
	free(r->head);
	free(r->config);
	memset(r, 0, sizeof(*r));
}

static int check_version(struct error *err)
{
	int major, minor, rc;

	rc = git_version(&major, &minor, err);
	if (rc < 0)
		return rc;
	if (major > GIT_NEEDED_MAJOR || (major == GIT_NEEDED_MAJOR && minor >= GIT_NEEDED_MINOR))
		return 0;
	error_set(err, ERR_UNSUPPORTED, "git %d.%d is too old", major, minor);
	return error_hint(err, "install git %d.%d or newer", GIT_NEEDED_MAJOR, GIT_NEEDED_MINOR);
}

/* Why did git not open the repository? Its words, in the C locale, are the only answer there is. */
static int explain(const char *path, int status, const struct buf *errout, struct error *err)
{
	const struct git_cmd cmd = { .args = { GIT_WORD("rev-parse") } };
	int rc = git_foreign(errout, err);

	if (rc < 0)
		return rc;
	if (strstr(errout->data, "refstorage"))
		return error_set(err, ERR_UNSUPPORTED,
			"repository '%s' uses reftable, which minsky does not support", path);
	if (strstr(errout->data, "not a git repository")) {
		error_set(err, ERR_NOTFOUND, "'%s' is not inside a git repository", path);
		return error_hint(err, "change to a repository, or give one with --repo");
	}
	if (strstr(errout->data, "cannot change to"))
		return error_set(err, ERR_NOTFOUND, "there is no directory '%s'", path);
	git_failed(&cmd, status, errout, ERR_GIT, err);
	return error_wrap(err, "cannot open repository '%s'", path);
}

/* Lines of git rev-parse, in the order asked. */
enum { L_BARE, L_SHALLOW, L_FORMAT, L_GIT_DIR, L_COMMON_DIR, L_TOP, L_HEAD, L_BRANCH, L_COUNT };

/* Cut into lines; a last one without newline counts. */
static size_t split(char *text, char **lines, size_t max)
{
	size_t n = 0;

	for (char *at = text; *at && n < max;) {
		char *nl = strchr(at, '\n');

		lines[n++] = at;
		if (!nl)
			break;
		*nl = '\0';
		at = nl + 1;
	}
	return n;
}

static int take(char **to, const char *text, struct error *err)
{
	*to = strdup(text);
	return *to ? 0 : error_nomem(err);
}

static int set_head(struct git_repo *r, const char *oid, const char *ref, struct error *err)
{
	static const char prefix[] = "refs/heads/";
	int rc = take(&r->head, oid, err);

	if (rc == 0 && strncmp(ref, prefix, strlen(prefix)) == 0)
		rc = take(&r->branch, ref + strlen(prefix), err);
	return rc;
}

/*
 * For a bare repository and one without commits, where the first question broke off: is there a
 * commit, and which branch is it?
 */
static int ask_head(struct git_repo *r, struct error *err)
{
	const struct git_cmd both = { .dir = git_repo_dir(r),
		.args = { GIT_WORDS("rev-parse", "HEAD", "--symbolic-full-name", "HEAD") } };
	const struct git_cmd name = { .dir = git_repo_dir(r),
		.args = { GIT_WORDS("symbolic-ref", "-q", "--short", "HEAD") } };
	struct buf out = BUF_INIT;
	char *lines[2];
	int status, rc;

	rc = git_run(&both, &out, NULL, &status, err);
	if (rc < 0)
		goto out;
	if (status == 0 && split(out.data, lines, 2) == 2 && oid_is_valid(lines[0])) {
		rc = set_head(r, lines[0], lines[1], err);
		goto out;
	}
	buf_clear(&out);
	rc = git_run(&name, &out, NULL, &status, err);
	git_chomp(&out);
	if (rc == 0 && status == 0)
		rc = take(&r->branch, out.data, err);
out:
	buf_release(&out);
	return rc;
}

/* Paths are kept as JSON text and in files of lines. */
static int check_path(const char *path, const char *line, struct error *err)
{
	const char *wrong = NULL;
	uint32_t cp;

	if (line[0] != '/')
		wrong = "contains a newline";
	for (size_t n; !wrong && *line; line += n) {
		n = text_utf8_char(line, strlen(line), &cp);
		if (!n)
			wrong = "is not UTF-8";
		else if (text_is_control(cp))
			wrong = "contains a control character";
	}
	return wrong
		? error_set(err, ERR_UNSUPPORTED, "the path of repository '%s' %s", path, wrong)
		: 0;
}

static int set_dirs(
	struct git_repo *r, const char *path, char *const *lines, size_t n, struct error *err)
{
	struct buf common = BUF_INIT;
	int rc;

	r->bare = strcmp(lines[L_BARE], "true") == 0;
	r->shallow = strcmp(lines[L_SHALLOW], "true") == 0;
	if (strcmp(lines[L_FORMAT], "sha1") != 0)
		return error_set(err, ERR_UNSUPPORTED,
			"repository '%s' uses %s object ids, which minsky does not support", path,
			lines[L_FORMAT]);
	for (size_t i = L_GIT_DIR; i <= L_TOP && i < n; i++) {
		rc = check_path(path, lines[i], err);
		if (rc < 0)
			return rc;
	}
	rc = take(&r->git_dir, lines[L_GIT_DIR], err);
	if (rc == 0)
		rc = fs_realpath(lines[L_COMMON_DIR], &common, err);
	if (rc == 0 && !(r->common_dir = buf_detach(&common)))
		rc = error_nomem(err);
	if (rc == 0 && !r->bare && n > L_TOP)
		rc = take(&r->top, lines[L_TOP], err);
	if (rc == 0 && !r->bare && !r->top) {
		error_refuse(err, "inside-git-directory", "'%s' is inside a git directory", path);
		rc = error_hint(err, "change to the work tree");
	}
	buf_release(&common);
	return rc;
}

static int ask_places(struct git_repo *r, const char *path, struct error *err)
{
	const struct git_cmd cmd = { .dir = path,
		.args = { GIT_WORDS("rev-parse", "--path-format=absolute", "--is-bare-repository",
			"--is-shallow-repository", "--show-object-format", "--git-dir",
			"--git-common-dir", "--show-toplevel", "HEAD", "--symbolic-full-name",
			"HEAD") } };
	struct buf out = BUF_INIT, errout = BUF_INIT;
	char *lines[L_COUNT + 1];
	size_t n;
	int status, rc;

	rc = git_run(&cmd, &out, &errout, &status, err);
	if (rc < 0)
		goto out;
	n = split(out.data, lines, L_COUNT + 1);
	if (n <= L_COMMON_DIR) {
		rc = explain(path, status, &errout, err);
		goto out;
	}
	/* A newline in a path, behind which another path seems to begin. */
	if (n > (strcmp(lines[L_BARE], "true") == 0 ? L_TOP : L_COUNT))
		rc = error_set(err, ERR_UNSUPPORTED,
			"the path of repository '%s' contains a newline", path);
	else
		rc = set_dirs(r, path, lines, n, err);
	if (rc < 0)
		goto out;
	if (status == 0 && n == L_COUNT && oid_is_valid(lines[L_HEAD]))
		rc = set_head(r, lines[L_HEAD], lines[L_BRANCH], err);
	else
		rc = ask_head(r, err);
out:
	buf_release(&out);
	buf_release(&errout);
	return rc;
}

static bool known_to_libgit2(const struct git_setting *s)
{
	return s->name_len == 4 && memcmp(s->name, "noop", 4) == 0;
}

static int ask_config(struct git_repo *r, const char *path, struct error *err)
{
	const struct git_cmd cmd = { .dir = git_repo_dir(r),
		.args = { GIT_WORDS("config", "-z", "--list", "--show-scope") } };
	struct buf out = BUF_INIT;
	struct git_setting s;
	size_t pos = 0;
	int rc;

	rc = git_must(&cmd, &out, err);
	if (rc < 0)
		goto out;
	while (git_config_next(out.data, out.len, &pos, &s)) {
		if (!git_setting_is_local(&s))
			continue;
		if (git_setting_is(&s, "extensions", NULL, "refstorage") && s.value &&
			strcasecmp(s.value, "files") != 0) {
			rc = error_set(err, ERR_UNSUPPORTED,
				"repository '%s' stores refs in %s, which minsky does not support",
				path, s.value);
			goto out;
		}
		if (git_setting_is(&s, "remote", NULL, "promisor") && git_setting_true(&s))
			r->partial = true;
		if (git_setting_is(&s, "extensions", NULL, "partialclone"))
			r->partial = true;
		if (s.section_len == strlen("extensions") &&
			memcmp(s.section, "extensions", s.section_len) == 0)
			r->libgit2_refuses = r->libgit2_refuses || !known_to_libgit2(&s);
	}
	r->config_len = out.len;
	r->config = buf_detach(&out);
	if (!r->config)
		rc = error_nomem(err);
out:
	buf_release(&out);
	return rc;
}

const char *git_repo_dir(const struct git_repo *r)
{
	return r->top ? r->top : r->git_dir;
}

const char *git_repo_path(const struct git_repo *r)
{
	return r->top && strcmp(r->git_dir, r->common_dir) == 0 ? r->top : r->common_dir;
}

int git_repo_open(struct git_repo *out, const char *path, struct error *err)
{
	struct git_repo r = { .top = NULL };
	int rc;

	rc = check_version(err);
	if (rc == 0)
		rc = ask_places(&r, path, err);
	if (rc == 0)
		rc = ask_config(&r, path, err);
	if (rc == 0) {
		*out = r;
		memset(&r, 0, sizeof(r));
	}
	git_repo_release(&r);
	return rc;
}

int git_repo_ref(const char *git_dir, const char *ref, char **oid_out, struct error *err)
{
	struct buf out = BUF_INIT, errout = BUF_INIT;
	struct git_cmd cmd = { .git_dir = git_dir,
		.args = { GIT_WORDS("rev-parse", "--quiet", "--verify", "--end-of-options"),
			GIT_REF(ref) } };
	char *oid = NULL;
	int status, rc;

	rc = git_run(&cmd, &out, &errout, &status, err);
	if (rc == 0 && status > 1)
		rc = git_failed(&cmd, status, &errout, ERR_GIT, err);
	git_chomp(&out);
	if (rc == 0 && status == 0 && !(oid = buf_detach(&out)))
		rc = error_nomem(err);
	if (rc == 0)
		*oid_out = oid;
	buf_release(&out);
	buf_release(&errout);
	return rc;
}
