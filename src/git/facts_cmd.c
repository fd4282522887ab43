/* The primitives of facts.c with git processes, for repositories that libgit2 does not open. */
#include "core/oid.h"
#include "git/facts_impl.h"
#include "git/oidset.h"

/*
 * Runs with the added object directories, and offline: a partial clone must not go to its server
 * to answer (older git does not know GIT_NO_LAZY_FETCH; without a protocol it fails to fetch).
 * The synthetic commit of cmd_compare() is the same every time it is made.
 */
int facts_ask(
	struct facts *f, struct git_cmd *cmd, struct buf *out, int *status_out, struct error *err)
{
	const char *const env[] = { "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none",
		"GIT_AUTHOR_NAME=minsky", "GIT_AUTHOR_EMAIL=minsky", "GIT_AUTHOR_DATE=@1 +0000",
		"GIT_COMMITTER_NAME=minsky", "GIT_COMMITTER_EMAIL=minsky",
		"GIT_COMMITTER_DATE=@1 +0000", f->alternates.len ? f->alternates.data : NULL,
		NULL };
	struct buf errout = BUF_INIT;
	int status, rc;

	cmd->git_dir = f->git_dir;
	cmd->env = env;
	rc = git_run(cmd, out, &errout, &status, err);
	if (rc == 0 && status > 1)
		rc = git_failed(cmd, status, &errout, ERR_GIT, err);
	if (rc == 0)
		*status_out = status;
	buf_release(&errout);
	return rc;
}

/* One object id, or "" where git exits with 1. */
static int ask_oid(struct facts *f, struct git_cmd *cmd, struct oid *oid_out, struct error *err)
{
	struct buf out = BUF_INIT;
	int status, rc;

	rc = facts_ask(f, cmd, &out, &status, err);
	if (rc == 0 && status)
		*oid_out = OID_NONE;
	else if (rc == 0 && !oid_read(oid_out, out.data))
		rc = error_set(err, ERR_GIT, "git printed no object id");
	buf_release(&out);
	return rc;
}

static int ask_rev(struct facts *f, const char *rev, const char *suffix, struct oid *oid_out,
	struct error *err)
{
	struct buf name = BUF_INIT;
	int rc;

	buf_addf(&name, "%s%s", rev, suffix);
	rc = buf_check(&name, err);
	if (rc == 0) {
		struct git_cmd cmd = {
			.args = { GIT_WORDS("rev-parse", "--quiet", "--verify", "--end-of-options"),
				GIT_REV(name.data) }
		};

		rc = ask_oid(f, &cmd, oid_out, err);
	}
	buf_release(&name);
	return rc;
}

static int cmd_ref(struct facts *f, const char *ref, struct oid *oid_out, struct error *err)
{
	return ask_rev(f, ref, "^{commit}", oid_out, err);
}

static bool cmd_has_commit(struct facts *f, const char *oid)
{
	struct error ignored = ERROR_INIT;
	struct oid found;

	return ask_rev(f, oid, "^{commit}", &found, &ignored) == 0 && !oid_is_none(&found);
}

static int cmd_is_ancestor(
	struct facts *f, const char *a, const char *b, bool *out, struct error *err)
{
	struct git_cmd cmd = { .args = {
				       GIT_WORDS("merge-base", "--is-ancestor", "--end-of-options"),
				       GIT_OID(a), GIT_OID(b) } };
	int status, rc = facts_ask(f, &cmd, NULL, &status, err);

	if (rc == 0)
		*out = status == 0;
	return rc;
}

static int cmd_fork(
	struct facts *f, const char *a, const char *b, struct oid *oid_out, struct error *err)
{
	struct git_cmd cmd = { .args = { GIT_WORDS("merge-base", "--end-of-options"), GIT_OID(a),
				       GIT_OID(b) } };

	return ask_oid(f, &cmd, oid_out, err);
}

static int cmd_tree(struct facts *f, const char *commit, struct oid *oid_out, struct error *err)
{
	int rc = ask_rev(f, commit, "^{tree}", oid_out, err);

	if (rc == 0 && oid_is_none(oid_out))
		rc = error_set(err, ERR_GIT, "there is no commit '%s'", commit);
	return rc;
}

static int cmd_parent(
	struct facts *f, const char *commit, unsigned nth, struct oid *oid_out, struct error *err)
{
	char suffix[16];

	(void)snprintf(suffix, sizeof(suffix), "^%u", nth);
	return ask_rev(f, commit, suffix, oid_out, err);
}

static int cmd_merge_gives(
	struct facts *f, const char *a, const char *b, const char *c, bool *out, struct error *err)
{
	struct git_cmd cmd = { .args = { GIT_WORDS("merge-tree", "--write-tree", "--no-messages",
						 "--end-of-options"),
				       GIT_OID(a), GIT_OID(b) } };
	struct buf text = BUF_INIT;
	struct oid tree;
	int status, rc;

	rc = facts_ask(f, &cmd, &text, &status, err);
	git_chomp(&text);
	if (rc == 0)
		rc = cmd_tree(f, c, &tree, err);
	if (rc == 0)
		*out = status == 0 && strcmp(text.data, tree.hex) == 0;
	buf_release(&text);
	return rc;
}

static int cmd_walk(struct facts *f, const char *base, const char *hidden, const char *also,
	struct chain *out, struct error *err)
{
	struct chain chain = { .v = NULL };
	char max[32];
	struct git_cmd cmd = { .args = { GIT_WORDS("rev-list", "--first-parent"), GIT_OPTION(max),
				       GIT_OID(base), GIT_WORD("--not"), GIT_OID(hidden),
				       also ? GIT_OID(also) : GIT_END } };
	struct buf text = BUF_INIT;
	int status, rc;

	(void)snprintf(max, sizeof(max), "--max-count=%d", CHAIN_MAX + 1);
	rc = facts_ask(f, &cmd, &text, &status, err);
	for (char *at = text.data, *nl; rc == 0 && (nl = strchr(at, '\n')); at = nl + 1) {
		*nl = '\0';
		if (chain.n == CHAIN_MAX)
			chain.capped = true;
		else
			rc = chain_add(&chain, at, err);
	}
	if (rc < 0)
		chain_release(&chain);
	else
		*out = chain;
	buf_release(&text);
	return rc;
}

/*
 * `rev-list --cherry-mark base...other` puts "=" before commits of either side whose change the
 * other side has; git's own comparison, which tells binary files and modes apart.
 */
static int marked(struct facts *f, const char *base, const char *other, const char *also,
	struct buf *out, struct error *err)
{
	struct buf range = BUF_INIT;
	int status, rc;

	buf_addf(&range, "%s...%s", base, other);
	rc = buf_check(&range, err);
	if (rc == 0) {
		struct git_cmd cmd = {
			.args = { GIT_WORDS("rev-list", "--cherry-mark", "--no-merges"),
				GIT_REV(range.data), also ? GIT_WORD("--not") : GIT_END,
				GIT_OID(also) }
		};

		rc = facts_ask(f, &cmd, out, &status, err);
	}
	buf_release(&range);
	return rc;
}

/* The newest commit of the chain that is marked, into oid_out; untouched if none is. */
static int newest_marked(
	const struct chain *chain, const struct buf *marks, struct oid *oid_out, struct error *err)
{
	struct buf lines = BUF_INIT;
	struct oid_set set = { .v = NULL };
	int rc;

	for (const char *at = marks->data; *at;) {
		size_t len = strcspn(at, "\n");

		if (at[0] == '=')
			buf_addf(&lines, "%.*s\n", (int)(len - 1), at + 1);
		at += len + (at[len] == '\n');
	}
	rc = buf_check(&lines, err);
	if (rc == 0)
		rc = oid_set_fill(&set, &lines, err);
	for (size_t i = 0; rc == 0 && i < chain->n; i++)
		if (oid_set_has(&set, chain->v[i].hex)) {
			*oid_out = chain->v[i];
			break;
		}
	oid_set_release(&set);
	buf_release(&lines);
	return rc;
}

/* The branch as one commit on its fork point, to be looked for like any other. */
static int find_whole(struct facts *f, const char *base, const char *fork, const char *tip,
	const char *also, const struct chain *chain, struct oid *oid_out, struct error *err)
{
	struct oid tree, squashed = OID_NONE;
	struct git_cmd cmd = { .args = { GIT_WORDS("-c", "commit.gpgSign=false", "commit-tree",
						 "-m", "minsky: squashed", "-p"),
				       GIT_OID(fork), GIT_OID(tree.hex) } };
	struct buf marks = BUF_INIT;
	int rc;

	rc = cmd_tree(f, tip, &tree, err);
	if (rc == 0)
		rc = ask_oid(f, &cmd, &squashed, err);
	if (rc == 0 && oid_is_none(&squashed))
		rc = error_set(err, ERR_GIT, "git commit-tree failed");
	if (rc == 0)
		rc = marked(f, base, squashed.hex, also, &marks, err);
	if (rc == 0)
		rc = newest_marked(chain, &marks, oid_out, err);
	buf_release(&marks);
	return rc;
}

/* Is every commit of the branch that is no merge marked, and are there at least two? */
static int find_all(struct facts *f, const char *base, const char *tip, const char *also,
	const struct chain *chain, struct counterparts *c, struct error *err)
{
	char max[32];
	struct git_cmd cmd = { .args = { GIT_WORDS("rev-list", "--no-merges"), GIT_OPTION(max),
				       GIT_OID(tip), GIT_WORD("--not"), GIT_OID(base) } };
	struct buf branch = BUF_INIT, marks = BUF_INIT;
	size_t n = 0, equal = 0;
	char mark[67];
	int status, rc;

	(void)snprintf(max, sizeof(max), "--max-count=%d", BRANCH_MAX + 1);
	rc = facts_ask(f, &cmd, &branch, &status, err);
	if (rc == 0)
		rc = marked(f, base, tip, also, &marks, err);
	for (char *at = branch.data, *nl; rc == 0 && (nl = strchr(at, '\n')); at = nl + 1) {
		*nl = '\0';
		(void)snprintf(mark, sizeof(mark), "=%s", at);
		n++;
		equal += strstr(marks.data, mark) != NULL;
	}
	c->capped = n > BRANCH_MAX;
	if (rc == 0 && n > 1 && n == equal && !c->capped) {
		rc = newest_marked(chain, &marks, &c->last, err);
		c->all = rc == 0 && !oid_is_none(&c->last);
	}
	buf_release(&branch);
	buf_release(&marks);
	return rc;
}

static int cmd_compare(struct facts *f, const char *base, const char *fork, const char *tip,
	const char *also, const struct chain *chain, struct counterparts *out, struct error *err)
{
	struct counterparts c = { .all = false };
	int rc = 0;

	/* git would compare the whole of it, however long that takes. */
	if (chain->capped)
		c.capped = true;
	else
		rc = find_whole(f, base, fork, tip, also, chain, &c.whole, err);
	if (rc == 0 && !chain->capped && oid_is_none(&c.whole))
		rc = find_all(f, base, tip, also, chain, &c, err);
	if (rc == 0)
		*out = c;
	return rc;
}

const struct facts_ops facts_cmd_ops = {
	.ref = cmd_ref,
	.has_commit = cmd_has_commit,
	.is_ancestor = cmd_is_ancestor,
	.fork = cmd_fork,
	.tree = cmd_tree,
	.parent = cmd_parent,
	.merge_gives = cmd_merge_gives,
	.walk = cmd_walk,
	.compare = cmd_compare,
};
