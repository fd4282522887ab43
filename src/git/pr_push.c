/* Pushing PR branches, and the one push that lands them. */
#include "core/text.h"
#include "git/gitcmd.h"
#include "git/pr.h"

/*
 * --porcelain prints "!\t<from>:<to>\t[remote rejected] (<why>)" for each ref that was refused.
 * Under --atomic the others are refused only because of it.
 */
static const char *find_refusal(const struct buf *out)
{
	const char *found = NULL;

	for (const char *at = out->data; *at;) {
		const char *nl = strchr(at, '\n');
		const char *why = at[0] == '!' ? strchr(at, '[') : NULL;

		if (why && (!nl || why < nl)) {
			const char *atomic = strstr(why, "atomic push fail");

			if (!atomic || (nl && atomic > nl))
				return why;
			if (!found)
				found = why;
		}
		if (!nl)
			break;
		at = nl + 1;
	}
	return found;
}

/* The remote's own words: its last "remote: " line that says something. */
static void remote_words(const struct buf *errout, struct buf *words)
{
	static const char prefix[] = "remote: ";

	for (const char *at = errout->data; *at;) {
		size_t len = strcspn(at, "\n");
		size_t skip = strlen(prefix);

		if (len > skip && strncmp(at, prefix, skip) == 0) {
			size_t end = len;

			while (end > skip && at[end - 1] == ' ')
				end--;
			if (end > skip) {
				buf_clear(words);
				text_add_line(words, at + skip, end - skip);
			}
		}
		at += len + (at[len] == '\n');
	}
}

static int refused(const char *remote, const char *branch, const char *why,
	const struct buf *errout, struct error *err)
{
	struct buf scrubbed = BUF_INIT, reason = BUF_INIT, words = BUF_INIT;

	text_add_line(&reason, why, strcspn(why, "\n"));
	text_add_scrubbed(&scrubbed, errout->data, errout->len);
	remote_words(&scrubbed, &words);
	error_set(err, ERR_REFUSED, "'%s' does not take '%s': %s%s%s", remote, branch, reason.data,
		words.len ? ": " : "", words.data);
	if (strstr(reason.data, "stale info") || strstr(reason.data, "fetch first") ||
		strstr(reason.data, "non-fast-forward"))
		error_hint(err, "it has moved there: git fetch, look, and try again");
	else if (strstr(reason.data, "currently checked out"))
		error_hint(err,
			"'%s' has a work tree with that branch: switch it to another one there, "
			"or set receive.denyCurrentBranch there",
			remote);
	buf_release(&scrubbed);
	buf_release(&reason);
	buf_release(&words);
	return ERR_REFUSED;
}

static int push(struct git_cmd *cmd, const char *remote, const char *branch, struct error *err)
{
	struct buf out = BUF_INIT, errout = BUF_INIT;
	const char *why;
	int status, rc;

	rc = git_run(cmd, &out, &errout, &status, err);
	if (rc < 0 || status == 0)
		goto out;
	why = find_refusal(&out);
	if (why) {
		rc = refused(remote, branch, why, &errout, err);
	} else {
		rc = git_failed(cmd, status, &errout, ERR_GIT, err);
		error_wrap(err, "cannot push '%s' to '%s'", branch, remote);
	}
out:
	buf_release(&out);
	buf_release(&errout);
	return rc;
}

/* What the user's configuration adds to pushes of their own is left out of ours. */
#define PUSH "push", "--porcelain", "--no-follow-tags", "--no-recurse-submodules"

int pr_push(const char *dir, const char *remote, const char *oid, const char *branch,
	const char *expected, bool talk, struct error *err)
{
	struct buf guard = BUF_INIT, spec = BUF_INIT;
	struct git_cmd cmd;
	int rc;

	if (expected && !expected[0])
		buf_adds(&guard, "--force");
	else
		buf_addf(&guard, "--force-with-lease=refs/heads/%s:%s", branch,
			expected ? expected : "");
	buf_addf(&spec, "%s:refs/heads/%s", oid, branch);
	rc = buf_check(&guard, err);
	if (rc == 0)
		rc = buf_check(&spec, err);
	cmd = (struct git_cmd){
		.dir = dir, .args = { PUSH, guard.data, "--", remote, spec.data }, .talk = talk
	};
	if (rc == 0)
		rc = push(&cmd, remote, branch, err);
	buf_release(&guard);
	buf_release(&spec);
	return rc;
}

int pr_unpublish(const char *dir, const char *remote, const char *oid, const char *branch,
	bool talk, struct error *err)
{
	/* Nothing on the left of the colon deletes. */
	return pr_push(dir, remote, "", branch, oid, talk, err);
}

int pr_land(const char *dir, const char *remote, const char *oid, const char *base,
	const char *pr_branch, const char *pr_oid, bool talk, struct error *err)
{
	struct buf guard = BUF_INIT, spec = BUF_INIT, gone = BUF_INIT;
	struct git_cmd cmd;
	int rc;

	buf_addf(&guard, "--force-with-lease=refs/heads/%s:%s", pr_branch, pr_oid);
	buf_addf(&spec, "%s:refs/heads/%s", oid, base);
	buf_addf(&gone, ":refs/heads/%s", pr_branch);
	rc = buf_check(&guard, err);
	if (rc == 0)
		rc = buf_check(&spec, err);
	if (rc == 0)
		rc = buf_check(&gone, err);
	cmd = (struct git_cmd){ .dir = dir,
		.args = { PUSH, "--atomic", guard.data, "--", remote, spec.data, gone.data },
		.talk = talk };
	if (rc == 0)
		rc = push(&cmd, remote, base, err);
	buf_release(&guard);
	buf_release(&spec);
	buf_release(&gone);
	return rc;
}
