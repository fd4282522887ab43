/* Pushing PR branches, and the one push that lands them. */
#include "core/text.h"
#include "git/gitcmd.h"
#include "git/pr.h"

/* One ref of a push that was refused. */
struct refusal {
	const char *to; /* full name, not terminated */
	size_t to_len;
	const char *why; /* "[remote rejected] (<reason>)", to the end of the line */
	bool by_server;
};

static bool is_in(const char *line, size_t len, const char *word)
{
	return memmem(line, len, word, strlen(word)) != NULL;
}

/* "!\t<from>:<to>\t[remote rejected] (<why>)" */
static bool parse_refusal(const char *line, size_t len, struct refusal *out)
{
	const char *colon, *tab;

	if (len < 3 || line[0] != '!' || line[1] != '\t')
		return false;
	colon = memchr(line, ':', len);
	tab = colon ? memchr(colon, '\t', len - (size_t)(colon - line)) : NULL;
	if (!tab)
		return false;
	*out = (struct refusal){ .to = colon + 1,
		.to_len = (size_t)(tab - colon) - 1,
		.why = tab + 1,
		.by_server = is_in(tab, len - (size_t)(tab - line), "[remote ") };
	return true;
}

/* Under --atomic the others are refused only because of the one that is looked for. */
static bool find_refusal(const struct buf *out, struct refusal *refusal_out)
{
	bool found = false;

	for (const char *at = out->data; *at;) {
		size_t len = strcspn(at, "\n");
		struct refusal one;

		if (parse_refusal(at, len, &one)) {
			bool atomic = is_in(at, len, "atomic push fail") ||
				is_in(at, len, "atomic transaction failed");

			if (!found || !atomic)
				*refusal_out = one;
			found = true;
			if (!atomic)
				return true;
		}
		at += len + (at[len] == '\n');
	}
	return found;
}

/* What a refusal is about, by git's words for it. Behind "]" comes the server's or git's reason. */
static const struct {
	const char *words;
	bool by_server;
	const char *reason;
	const char *hint; /* with the remote's name in it where there is a %s */
} causes[] = {
	{ "stale info", false, "moved-on-remote",
		"it has moved there: fetch, review the changes, and try again" },
	{ "fetch first", false, "moved-on-remote",
		"it has moved there: fetch, review the changes, and try again" },
	{ "non-fast-forward", false, "moved-on-remote",
		"it has moved there: fetch, review the changes, and try again" },
	{ "non-fast-forward", true, "server-denies-replacing",
		"'%s' does not allow branches to be replaced (receive.denyNonFastForwards)" },
	{ "deletion prohibited", true, "server-denies-deletion",
		"'%s' does not allow branches to be deleted (receive.denyDeletes)" },
	{ "deletion of the current branch", true, "server-denies-deletion",
		"'%s' has that branch checked out, or as its default branch" },
	{ "currently checked out", true, "checked-out-on-remote",
		"'%s' has that branch checked out: switch to another one there, or set "
		"receive.denyCurrentBranch there" },
	{ "hook declined", true, "declined-by-server", NULL },
};

/* The remote's last line that says something: it is part of the message. */
static void remote_words(const char *said, struct buf *words)
{
	static const char prefix[] = "remote: ";

	while (*said) {
		size_t len = strcspn(said, "\n"), skip = strlen(prefix);

		if (len > skip && strncmp(said, prefix, skip) == 0) {
			buf_clear(words);
			buf_add(words, said + skip, len - skip);
		}
		said += len + (said[len] == '\n');
	}
}

static int refused(const char *remote, const char *branch, const struct refusal *refusal,
	const struct buf *errout, struct error *err)
{
	struct buf reason = BUF_INIT, words = BUF_INIT;
	struct error said = ERROR_INIT;

	text_add_line(&reason, refusal->why, strcspn(refusal->why, "\n"));
	git_words(errout, &said);
	remote_words(said.said, &words);
	error_refuse(err, "push-refused", "'%s' rejected '%s': %s%s%s", remote, branch, reason.data,
		words.len ? ": " : "", words.data);
	error_reason(err, refusal->by_server ? "declined-by-server" : "push-refused");
	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		if (causes[i].by_server != refusal->by_server ||
			!strstr(reason.data, causes[i].words))
			continue;
		error_reason(err, causes[i].reason);
		if (causes[i].hint && strstr(causes[i].hint, "%s"))
			error_hint(err, "'%s'%s", remote, causes[i].hint + 4);
		else if (causes[i].hint)
			error_hint(err, "%s", causes[i].hint);
		break;
	}
	/* Nothing is said twice. */
	if (strchr(said.said, '\n') || !words.len)
		error_said(err, said.said, strlen(said.said));
	buf_release(&reason);
	buf_release(&words);
	return ERR_REFUSED;
}

/* *gone_out: was it the ref of a deletion, and by the server's own decision? May be NULL. */
static int push(struct git_cmd *cmd, const char *remote, const char *branch, const char *deleted,
	bool *gone_out, struct error *err)
{
	struct buf out = BUF_INIT, errout = BUF_INIT;
	struct refusal refusal;
	int status, rc;

	rc = git_run(cmd, &out, &errout, &status, err);
	if (rc < 0 || status == 0)
		goto out;
	if (find_refusal(&out, &refusal)) {
		rc = refused(remote, branch, &refusal, &errout, err);
		if (gone_out)
			*gone_out = refusal.by_server && deleted &&
				refusal.to_len == strlen(deleted) &&
				!memcmp(refusal.to, deleted, refusal.to_len);
	} else {
		rc = git_failed(cmd, status, &errout, ERR_GIT, err);
		error_wrap(err, "cannot push '%s' to '%s'", branch, remote);
		if (!err->reason)
			error_reason(err, "push-failed");
	}
out:
	buf_release(&out);
	buf_release(&errout);
	return rc;
}

/* What the user's configuration adds to pushes of their own is left out of ours. */
#define PUSH GIT_WORDS("push", "--porcelain", "--no-follow-tags", "--no-recurse-submodules")

static int push_branch(const char *dir, const char *remote, const char *oid, const char *branch,
	const char *expected, bool talk, struct error *err)
{
	struct buf guard = BUF_INIT, spec = BUF_INIT;
	bool force = expected && !expected[0];
	struct git_cmd cmd;
	int rc;

	if (!force)
		buf_addf(&guard, "--force-with-lease=refs/heads/%s:%s", branch,
			expected ? expected : "");
	buf_addf(&spec, "%s:refs/heads/%s", oid, branch);
	rc = buf_check(&guard, err);
	if (rc == 0)
		rc = buf_check(&spec, err);
	cmd = (struct git_cmd){ .dir = dir,
		.args = { PUSH, force ? GIT_WORD("--force") : GIT_OPTION(guard.data),
			GIT_WORD("--"), GIT_REMOTE(remote), GIT_REFSPEC(spec.data) },
		.talk = talk };
	if (rc == 0)
		rc = push(&cmd, remote, branch, NULL, NULL, err);
	buf_release(&guard);
	buf_release(&spec);
	return rc;
}

/*
 * A server that denies replacing may let a branch be deleted and made again. Between the two it is
 * gone; if the second fails, what was there is put back.
 */
static int push_anew(const char *dir, const char *remote, const char *oid, const char *branch,
	const char *expected, bool talk, struct error *err)
{
	struct error denied = *err, ignored = ERROR_INIT;
	int rc;

	if (pr_unpublish(dir, remote, expected, branch, talk, err) < 0) {
		*err = denied;
		return err->code;
	}
	rc = push_branch(dir, remote, oid, branch, NULL, talk, err);
	if (rc < 0)
		(void)push_branch(dir, remote, expected, branch, NULL, talk, &ignored);
	return rc;
}

int pr_push(const char *dir, const char *remote, const char *oid, const char *branch,
	const char *expected, bool talk, struct error *err)
{
	int rc = push_branch(dir, remote, oid, branch, expected, talk, err);

	if (rc == ERR_REFUSED && expected && expected[0] && oid[0] && err->reason &&
		!strcmp(err->reason, "server-denies-replacing"))
		rc = push_anew(dir, remote, oid, branch, expected, talk, err);
	return rc;
}

int pr_unpublish(const char *dir, const char *remote, const char *oid, const char *branch,
	bool talk, struct error *err)
{
	/* Nothing on the left of the colon deletes. */
	return push_branch(dir, remote, "", branch, oid, talk, err);
}

/* Base and PR branch in one push; or the base alone, where `pr_branch` is NULL. */
static int push_landing(const char *dir, const char *remote, const char *oid, const char *base,
	const char *pr_branch, const char *pr_oid, bool talk, bool *stays_out, struct error *err)
{
	struct buf guard = BUF_INIT, spec = BUF_INIT, gone = BUF_INIT;
	struct git_cmd cmd = { .dir = dir, .args = { PUSH }, .talk = talk };
	int rc;

	buf_addf(&guard, "--force-with-lease=refs/heads/%s:%s", pr_branch ? pr_branch : base,
		pr_oid ? pr_oid : "");
	buf_addf(&spec, "%s:refs/heads/%s", oid, base);
	buf_addf(&gone, ":refs/heads/%s", pr_branch ? pr_branch : "");
	rc = buf_check(&guard, err);
	if (rc == 0)
		rc = buf_check(&spec, err);
	if (rc == 0)
		rc = buf_check(&gone, err);
	if (pr_branch) {
		git_add(&cmd, GIT_WORD("--atomic"));
		git_add(&cmd, GIT_OPTION(guard.data));
	}
	git_add(&cmd, GIT_WORD("--"));
	git_add(&cmd, GIT_REMOTE(remote));
	git_add(&cmd, GIT_REFSPEC(spec.data));
	if (pr_branch)
		git_add(&cmd, GIT_REFSPEC(gone.data));
	if (rc == 0)
		rc = push(&cmd, remote, base, pr_branch ? gone.data + 1 : NULL, stays_out, err);
	buf_release(&guard);
	buf_release(&spec);
	buf_release(&gone);
	return rc;
}

/* Is the PR branch where it should be? What the lease of an atomic push would have answered. */
static int check_there(const char *dir, const char *remote, const char *branch, const char *oid,
	bool talk, struct error *err)
{
	struct buf ref = BUF_INIT, out = BUF_INIT;
	struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("ls-remote", "--"), GIT_REMOTE(remote) },
		.talk = talk };
	int rc;

	buf_addf(&ref, "refs/heads/%s", branch);
	git_add(&cmd, GIT_PATTERN(ref.data));
	rc = buf_check(&ref, err);
	if (rc == 0)
		rc = git_must(&cmd, &out, err);
	if (rc == 0 && strncmp(out.data, oid, strlen(oid)) != 0) {
		error_refuse(err, "moved-on-remote", "'%s' on '%s' is not at %.8s any more", branch,
			remote, oid);
		error_hint(err, "it has moved there: fetch, review the changes, and try again");
		rc = error_reason(err, "moved-on-remote");
	}
	buf_release(&ref);
	buf_release(&out);
	return rc;
}

int pr_land(const char *dir, const char *remote, const char *oid, const char *base,
	const char *pr_branch, const char *pr_oid, bool talk, struct error *stays,
	struct error *err)
{
	bool denied = false;
	int rc = push_landing(dir, remote, oid, base, pr_branch, pr_oid, talk, &denied, err);

	error_clear(stays);
	if (rc == 0)
		return 0;
	if (denied) {
		*stays = *err;
		error_clear(err);
		return push_landing(dir, remote, oid, base, NULL, NULL, talk, NULL, err);
	}
	if (rc != ERR_GIT || !err->reason || strcmp(err->reason, "no-atomic-push") != 0)
		return rc;
	error_clear(err);
	rc = check_there(dir, remote, pr_branch, pr_oid, talk, err);
	if (rc == 0)
		rc = push_landing(dir, remote, oid, base, NULL, NULL, talk, NULL, err);
	if (rc == 0)
		(void)pr_unpublish(dir, remote, pr_oid, pr_branch, talk, stays);
	return rc;
}
