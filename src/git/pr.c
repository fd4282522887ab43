/* Prepared merge commits, and pushing them. */
#include "git/pr.h"

#include "core/oid.h"
#include "core/text.h"
#include "git/gitcmd.h"

void pr_commit_release(struct pr_commit *c)
{
	buf_release(&c->message);
	*c = (struct pr_commit)PR_COMMIT_INIT;
}

static int check_message(const char *message, size_t len, struct error *err)
{
	if (len == 0 || message[0] == '\n')
		return error_set(err, ERR_USAGE, "the PR has no title");
	if (memchr(message, '\0', len))
		return error_set(err, ERR_USAGE, "the text of the PR contains a NUL byte");
	if (!text_is_utf8(message, len))
		return error_set(err, ERR_USAGE, "the text of the PR is not UTF-8");
	return 0;
}

/* Copy the next line, an object id, out of *at. False if it is anything else. */
static bool take_oid(const char **at, struct oid *oid_out)
{
	size_t n = oid_read(oid_out, *at);

	if (!n || (*at)[n] != '\n')
		return false;
	*at += n + 1;
	return true;
}

/* Both commits' ids and the tree of the base, in one question. */
static int resolve(struct pr_commit *c, struct oid *tree_out, const char *dir, const char *base,
	const char *tip, struct error *err)
{
	struct buf names[3] = { BUF_INIT, BUF_INIT, BUF_INIT };
	struct buf out = BUF_INIT;
	struct git_cmd cmd = { .dir = dir };
	const char *at;
	int rc = 0;

	if (base[0] == '-' || tip[0] == '-')
		return error_set(
			err, ERR_USAGE, "'%s' is not a valid commit", base[0] == '-' ? base : tip);
	buf_addf(&names[0], "%s^{commit}", base);
	buf_addf(&names[1], "%s^{commit}", tip);
	buf_addf(&names[2], "%s^{tree}", base);
	for (size_t i = 0; rc == 0 && i < 3; i++)
		rc = buf_check(&names[i], err);
	cmd = (struct git_cmd){ .dir = dir,
		.args = { GIT_WORD("rev-parse"), GIT_REV(names[0].data), GIT_REV(names[1].data),
			GIT_REV(names[2].data) } };
	if (rc == 0)
		rc = git_must(&cmd, &out, err);
	at = out.data;
	if (rc == 0 &&
		(!take_oid(&at, &c->base) || !take_oid(&at, &c->tip) || !take_oid(&at, tree_out)))
		rc = error_set(err, ERR_GIT, "git rev-parse printed no object ids");
	for (size_t i = 0; i < 3; i++)
		buf_release(&names[i]);
	buf_release(&out);
	return rc;
}

/* merge-tree -z --name-only: "<tree>\0<file>\0<file>\0..."; names are shown harmlessly. */
static int refuse_conflict(const struct buf *out, struct buf *conflicts, struct error *err)
{
	struct buf line = BUF_INIT;
	size_t n = 0;

	for (size_t at = strlen(out->data) + 1; at < out->len; at += strlen(out->data + at) + 1) {
		size_t len = strlen(out->data + at);

		if (!len)
			break;
		n++;
		text_add_line(&line, out->data + at, len);
		buf_addch(&line, '\n');
	}
	if (conflicts)
		buf_add(conflicts, line.data, line.len);
	error_refuse(err, "conflict",
		"the branch conflicts with its base in %zu file%s, first '%.*s'", n,
		n == 1 ? "" : "s", (int)strcspn(line.data, "\n"), line.data);
	error_reason(err, "conflict");
	error_hint(err,
		"merge or rebase onto the base in the workspace, resolve the conflicts, and try "
		"again");
	buf_release(&line);
	return ERR_REFUSED;
}

static int merge_tree(struct oid *tree_out, const char *dir, const char *ours, const char *theirs,
	struct buf *conflicts, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("merge-tree", "--write-tree", "-z", "--name-only",
				  "--no-messages", "--end-of-options"),
			GIT_OID(ours), GIT_OID(theirs) } };
	struct buf out = BUF_INIT, errout = BUF_INIT;
	int status, rc;

	rc = git_run(&cmd, &out, &errout, &status, err);
	if (rc < 0)
		goto out;
	if (status == 1) {
		rc = refuse_conflict(&out, conflicts, err);
		goto out;
	}
	if (status != 0) {
		bool unrelated = strstr(errout.data, "unrelated histories") != NULL;

		rc = git_failed(&cmd, status, &errout, unrelated ? ERR_REFUSED : ERR_GIT, err);
		goto out;
	}
	if (!oid_parse(tree_out, out.data, strlen(out.data)))
		rc = error_set(err, ERR_GIT, "git merge-tree printed no tree");
out:
	buf_release(&out);
	buf_release(&errout);
	return rc;
}

static int merge(struct oid *tree_out, const char *dir, const struct pr_commit *c,
	const char *base_tree, struct buf *conflicts, struct error *err)
{
	int rc = merge_tree(tree_out, dir, c->base.hex, c->tip.hex, conflicts, err);

	if (rc == 0 && oid_is(tree_out, base_tree)) {
		error_refuse(err, "nothing-to-merge",
			"nothing to merge: the branch has no changes that are not in its base");
		error_reason(err, "nothing-to-merge");
		rc = error_hint(err, "commit something first");
	}
	return rc;
}

int pr_forecast(const char *dir, const char *ours, const char *theirs, struct buf *conflicts,
	struct error *err)
{
	struct oid tree;

	return merge_tree(&tree, dir, ours, theirs, conflicts, err);
}

/* commit-tree does not look at commit.gpgSign itself. */
static int wants_signature(const char *dir, bool *out, struct error *err)
{
	const struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("config", "--type=bool", "--get", "commit.gpgSign") } };
	struct buf text = BUF_INIT, errout = BUF_INIT;
	int status, rc;

	rc = git_run(&cmd, &text, &errout, &status, err);
	if (rc == 0 && status > 1)
		rc = git_failed(&cmd, status, &errout, ERR_GIT, err);
	if (rc == 0)
		*out = strcmp(text.data, "true\n") == 0;
	buf_release(&text);
	buf_release(&errout);
	return rc;
}

static int commit(struct pr_commit *c, const char *dir, const char *tree, struct error *err)
{
	/* The bytes are UTF-8, whatever the user's own commits are written in. */
	struct git_cmd cmd = { .dir = dir,
		.args = { GIT_WORDS("-c", "i18n.commitEncoding=UTF-8", "commit-tree", "-p"),
			GIT_OID(c->base.hex), GIT_WORD("-p"), GIT_OID(c->tip.hex),
			GIT_WORDS("-F", "-"), GIT_OID(tree) },
		.input = c->message.data,
		.input_len = c->message.len };
	struct buf out = BUF_INIT, errout = BUF_INIT;
	const char *at;
	bool sign = false;
	int status, rc;

	rc = wants_signature(dir, &sign, err);
	if (rc < 0)
		return rc;
	if (sign) {
		cmd.args[9] = GIT_WORD("-S");
		cmd.args[10] = GIT_OID(tree);
	}
	rc = git_run(&cmd, &out, &errout, &status, err);
	if (rc < 0)
		goto out;
	if (status != 0) {
		rc = git_failed(&cmd, status, &errout, ERR_GIT, err);
		goto out;
	}
	at = out.data;
	if (!take_oid(&at, &c->oid))
		rc = error_set(err, ERR_GIT, "git commit-tree printed no commit");
out:
	buf_release(&out);
	buf_release(&errout);
	return rc;
}

int pr_prepare(struct pr_commit *out, const char *dir, const char *base, const char *tip,
	const char *message, size_t message_len, struct buf *conflicts, struct error *err)
{
	struct pr_commit c = PR_COMMIT_INIT;
	struct oid base_tree, tree;
	int rc;

	rc = check_message(message, message_len, err);
	if (rc < 0)
		return rc;
	buf_add(&c.message, message, message_len);
	if (message[message_len - 1] != '\n')
		buf_addch(&c.message, '\n');
	rc = buf_check(&c.message, err);
	if (rc == 0)
		rc = resolve(&c, &base_tree, dir, base, tip, err);
	if (rc == 0)
		rc = merge(&tree, dir, &c, base_tree.hex, conflicts, err);
	if (rc == 0)
		rc = commit(&c, dir, tree.hex, err);
	if (rc == 0) {
		*out = c;
		c = (struct pr_commit)PR_COMMIT_INIT;
	}
	pr_commit_release(&c);
	return rc;
}

/* A commit's headers, up to the blank line; a continuation begins with a space. */
static int parse_commit(
	struct pr_commit *c, const char *at, size_t len, const char *rev, struct error *err)
{
	const char *end = at + len;
	size_t parents = 0;

	while (at < end && *at != '\n') {
		const char *nl = memchr(at, '\n', (size_t)(end - at));

		if (!nl)
			break;
		if (strncmp(at, "parent ", 7) == 0) {
			const char *oid = at + 7;

			parents++;
			if (parents <= 2 && !take_oid(&oid, parents == 1 ? &c->base : &c->tip))
				return error_set(err, ERR_GIT, "commit '%s' is malformed", rev);
		}
		at = nl + 1;
	}
	if (parents != 2) {
		error_refuse(err, "not-a-prepared-merge",
			"'%s' is not a prepared merge: it has %zu parent%s, not 2", rev, parents,
			parents == 1 ? "" : "s");
		return error_reason(err, "not-a-prepared-merge");
	}
	if (at < end)
		buf_add(&c->message, at + 1, (size_t)(end - at - 1));
	return buf_check(&c->message, err);
}

int pr_read(struct pr_commit *out, const char *dir, const char *rev, struct error *err)
{
	struct pr_commit c = PR_COMMIT_INIT;
	struct buf input = BUF_INIT, text = BUF_INIT;
	struct git_cmd cmd = { .dir = dir, .args = { GIT_WORDS("cat-file", "--batch") } };
	const char *body;
	char type[16];
	size_t size, n;
	int rc;

	if (strchr(rev, '\n'))
		return error_set(err, ERR_USAGE, "the name of a commit cannot contain a newline");
	buf_addf(&input, "%s^{commit}\n", rev);
	rc = buf_check(&input, err);
	cmd.input = input.data;
	cmd.input_len = input.len;
	if (rc == 0)
		rc = git_must(&cmd, &text, err);
	if (rc < 0)
		goto out;
	/* "<oid> <type> <size>\n<content>\n", or "<name> missing\n" */
	body = strchr(text.data, '\n');
	n = oid_read(&c.oid, text.data);
	if (!body || !n || sscanf(text.data + n, " %15s %zu", type, &size) != 2 ||
		strcmp(type, "commit") != 0) {
		rc = error_set(err, ERR_NOTFOUND, "there is no commit '%s'", rev);
		goto out;
	}
	body++;
	if (size > text.len - (size_t)(body - text.data)) {
		rc = error_set(err, ERR_GIT, "git cat-file ended early");
		goto out;
	}
	rc = parse_commit(&c, body, size, rev, err);
	if (rc == 0) {
		*out = c;
		c = (struct pr_commit)PR_COMMIT_INIT;
	}
out:
	pr_commit_release(&c);
	buf_release(&input);
	buf_release(&text);
	return rc;
}
