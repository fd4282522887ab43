/* Questions before a workspace is made, and about its files. */
#include "core/fs.h"
#include "core/paths.h"
#include "core/text.h"
#include "git/gitcmd.h"
#include "git/workspace.h"

/* One existing branch `other`, here or (remote not NULL) there, against the wanted one. */
static int check_against(
	const char *branch, const char *other, const char *remote, struct error *err)
{
	char where[300];

	if (remote)
		(void)snprintf(where, sizeof(where), "on %s (as last fetched)", remote);
	else
		(void)snprintf(where, sizeof(where), "in the main repository");
	if (strcmp(other, "pr") == 0) {
		error_refuse(err, "branch-taken",
			"the branch 'pr' %s conflicts with the PR branches 'pr/...'", where);
		return error_hint(err, "rename it: git branch -m pr OTHER");
	}
	if (strcmp(other, branch) == 0) {
		error_refuse(err, "branch-taken", "branch '%s' already exists %s", branch, where);
		return error_hint(err, "choose another name with --branch");
	}
	if (path_below(branch, other) || path_below(other, branch)) {
		error_refuse(err, "branch-taken",
			"cannot create branch '%s': branch '%s' exists %s", branch, other, where);
		return error_hint(err, "choose another name with --branch");
	}
	return 0;
}

static int check_lines(
	const char *branch, char *at, const char *tracking, const char *remote, struct error *err)
{
	static const char heads[] = "refs/heads/";
	int rc = 0;

	while (*at && rc == 0) {
		char *nl = strchr(at, '\n');

		if (nl)
			*nl = '\0';
		if (strncmp(at, heads, strlen(heads)) == 0)
			rc = check_against(branch, at + strlen(heads), NULL, err);
		else if (strncmp(at, tracking, strlen(tracking)) == 0)
			rc = check_against(branch, at + strlen(tracking), remote, err);
		if (!nl)
			break;
		at = nl + 1;
	}
	return rc;
}

int workspace_check_branch(
	const struct git_repo *main, const char *remote, const char *branch, struct error *err)
{
	struct buf patterns[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
	struct buf tracking = BUF_INIT, out = BUF_INIT;
	struct git_cmd cmd = { .dir = git_repo_dir(main),
		.args = { GIT_WORDS("for-each-ref", "--format=%(refname)", "refs/heads/pr") } };
	int first = (int)strcspn(branch, "/");
	size_t n = 3;
	int rc = 0;

	if (strcmp(branch, "pr") == 0) {
		error_refuse(err, "branch-taken",
			"a branch 'pr' would conflict with the PR branches 'pr/...'");
		return error_hint(err, "choose another name with --branch");
	}
	if (path_below(branch, "pr")) {
		error_refuse(err, "branch-taken",
			"branch '%s' would be the PR branch of a session '%s'", branch,
			branch + strlen("pr/"));
		return error_hint(err, "choose another name with --branch");
	}
	buf_addf(&patterns[0], "refs/heads/%.*s", first, branch);
	cmd.args[n++] = GIT_PATTERN(patterns[0].data);
	buf_adds(&tracking, "refs/remotes/");
	if (remote) {
		buf_addf(&tracking, "%s/", remote);
		buf_addf(&patterns[1], "refs/remotes/%s/pr", remote);
		buf_addf(&patterns[2], "refs/remotes/%s/%.*s", remote, first, branch);
		cmd.args[n++] = GIT_PATTERN(patterns[1].data);
		cmd.args[n++] = GIT_PATTERN(patterns[2].data);
	}
	for (size_t i = 0; rc == 0 && i < 3; i++)
		rc = buf_check(&patterns[i], err);
	if (rc == 0)
		rc = buf_check(&tracking, err);
	if (rc == 0)
		rc = git_must(&cmd, &out, err);
	if (rc == 0)
		rc = check_lines(branch, out.data, tracking.data, remote, err);
	for (size_t i = 0; i < 3; i++)
		buf_release(&patterns[i]);
	buf_release(&tracking);
	buf_release(&out);
	return rc;
}

/*
 * Asks git to look at the disk itself: a file system monitor or an untracked cache may be behind,
 * and the user's settings may hide untracked files or submodules. With -z a path is what it is, and
 * "XY <new>\0<old>\0" tells of a rename or a copy.
 */
int workspace_status(const char *dir, struct buf *out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("--no-optional-locks", "-c", "core.fsmonitor=false", "-c",
			"core.untrackedCache=false", "-c", "status.relativePaths=false", "status",
			"--porcelain=v1", "-z", "--untracked-files=all",
			"--ignore-submodules=none") } };
	struct buf text = BUF_INIT;
	int rc = git_must(&cmd, &text, err);

	for (size_t at = 0; rc == 0 && at < text.len; at += strlen(text.data + at) + 1) {
		const char *entry = text.data + at;
		size_t len = strlen(entry);

		if (len <= 3)
			continue;
		buf_add(out, entry, 3);
		if (strpbrk((const char[]){ entry[0], entry[1], '\0' }, "RC") &&
			at + len + 1 < text.len) {
			at += len + 1;
			text_add_line(out, text.data + at, strlen(text.data + at));
			buf_adds(out, " -> ");
		}
		text_add_line(out, entry + 3, len - 3);
		buf_addch(out, '\n');
	}
	if (rc == 0)
		rc = buf_check(out, err);
	buf_release(&text);
	return rc;
}
