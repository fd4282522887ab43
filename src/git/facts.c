/*
 * Has a branch arrived in a base?
 *
 * 0. A tip that an older base (`since`) already had adds nothing. So does one whose net change
 *    since the fork point is empty: this comes before every comparison of content, since an empty
 *    change equals any other.
 * 1. The tip is an ancestor of the base: merged. "ff" if the base went through it by first parents,
 *    else "merge", by the oldest first-parent commit that has it. For a prepared merge whose first
 *    parent the base has, its second parent counts too: somebody merged the branch by hand.
 * 2. Merging the tip into the base would change nothing (equal trees are the cheap case), and that
 *    was not so in `since`: merged as "squash", or as "rebase" if each commit is found by itself.
 * 3. A later edit of the same lines defeats 2, changed context defeats this: the patch-id of the
 *    whole branch equals one of a first-parent commit of the base since then ("squash"), or every
 *    commit's does ("rebase").
 * 4. More than half of the lines that the branch changes were changed so in the base since then: it
 *    may have been squashed with further edits. Cannot tell.
 * 5. Not merged.
 *
 * Missing objects, unrelated histories and bases that went too far ahead are "cannot tell".
 */
#include "git/facts.h"

#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "core/oid.h"
#include "git/facts_impl.h"
#include "git/gitcmd.h"

/*
 * libgit2 would not open it: would git? Asked from the work tree where that lies around it, since
 * users put that name into safe.directory.
 */
static int ask_git(const char *git_dir, struct error *err)
{
	struct buf dir = BUF_INIT, errout = BUF_INIT;
	size_t len = strlen(git_dir), tail = strlen("/.git");
	struct git_cmd cmd = { .args = { GIT_WORDS("rev-parse", "--git-dir") } };
	int status, rc;

	if (len > tail && strcmp(git_dir + len - tail, "/.git") == 0)
		len -= tail;
	buf_add(&dir, git_dir, len);
	rc = buf_check(&dir, err);
	cmd.dir = dir.data;
	if (rc == 0)
		rc = git_run(&cmd, NULL, &errout, &status, err);
	if (rc == 0 && status != 0 && strstr(errout.data, "dubious ownership")) {
		error_refuse(
			err, "foreign-owner", "repository '%s' belongs to another user", dir.data);
		rc = error_hint(err,
			"if you trust it: git config --global --add safe.directory '%s'", dir.data);
	} else if (rc == 0 && status != 0) {
		rc = git_failed(
			&cmd, status, &errout, fs_is_dir(git_dir) ? ERR_GIT : ERR_NOTFOUND, err);
	}
	buf_release(&dir);
	buf_release(&errout);
	return rc;
}

/* The object directory of a git directory, which may be a linked work tree's. */
static int find_objects(const char *git_dir, struct buf *out, struct error *err)
{
	struct buf path = BUF_INIT, common = BUF_INIT;
	int rc;

	rc = gitdir_common(git_dir, &common, err);
	if (rc == 0) {
		fs_join(&path, common.data, "objects");
		rc = buf_check(&path, err);
	}
	if (rc == 0)
		rc = fs_realpath(path.data, out, err);
	buf_release(&path);
	buf_release(&common);
	return rc;
}

static int look_for_graph(struct facts *f, struct error *err)
{
	struct buf objects = BUF_INIT, path = BUF_INIT;
	int rc;

	rc = find_objects(f->git_dir, &objects, err);
	if (rc == 0) {
		fs_join(&path, objects.data, "info/commit-graph");
		f->graph = fs_exists(path.data);
		fs_join(&path, objects.data, "info/commit-graphs/commit-graph-chain");
		f->graph = f->graph || fs_exists(path.data);
		rc = buf_check(&path, err);
	}
	buf_release(&objects);
	buf_release(&path);
	return rc;
}

int facts_open(struct facts **out, const char *git_dir, struct error *err)
{
	struct facts *f;
	int rc;

	f = calloc(1, sizeof(*f));
	if (!f)
		return error_nomem(err);
	f->alternates = (struct buf)BUF_INIT;
	f->git_dir = strdup(git_dir);
	if (!f->git_dir) {
		rc = error_nomem(err);
		goto out;
	}
	f->processes = &facts_cmd_ops;
	f->module = facts_module_load();
	if (f->module && f->module->open(f)) {
		f->ops = f->module->ops;
		git_trace("libgit2", (const char *const[]){ git_dir, NULL });
		rc = look_for_graph(f, err);
	} else {
		f->ops = &facts_cmd_ops;
		rc = ask_git(git_dir, err);
	}
	if (rc == 0) {
		*out = f;
		f = NULL;
	}
out:
	facts_close(f);
	if (rc < 0)
		error_wrap(err, "cannot open repository '%s'", git_dir);
	return rc;
}

void facts_close(struct facts *f)
{
	if (!f)
		return;
	if (f->module)
		f->module->close(f);
	free(f->git_dir);
	buf_release(&f->alternates);
	free(f);
}

int facts_add_objects(struct facts *f, const char *git_dir, struct error *err)
{
	struct buf objects = BUF_INIT;
	int rc;

	rc = find_objects(git_dir, &objects, err);
	if (rc < 0)
		goto out;
	/* git's list is split at colons; a value in double quotes is unquoted as C is. */
	buf_adds(&f->alternates, f->alternates.len ? ":" : "GIT_ALTERNATE_OBJECT_DIRECTORIES=");
	buf_addch(&f->alternates, '"');
	for (const char *c = objects.data; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf_addch(&f->alternates, '\\');
		buf_addch(&f->alternates, *c);
	}
	buf_addch(&f->alternates, '"');
	rc = buf_check(&f->alternates, err);
	if (rc == 0 && f->repo)
		rc = f->module->add_objects(f, objects.data, err);
out:
	buf_release(&objects);
	return rc;
}

int facts_ref(struct facts *f, const char *ref, struct oid *oid_out, struct error *err)
{
	return f->ops->ref(f, ref, oid_out, err);
}

bool facts_has_commit(struct facts *f, const char *oid)
{
	return oid_is_valid(oid) && f->ops->has_commit(f, oid);
}

static int check_oid(const char *oid, struct error *err)
{
	if (oid_is_valid(oid))
		return 0;
	return error_set(err, ERR_USAGE, "'%.80s' is not a full object id", oid);
}

int facts_is_ancestor(struct facts *f, const char *a, const char *b, bool *out, struct error *err)
{
	int rc = check_oid(a, err);

	if (rc == 0)
		rc = check_oid(b, err);
	return rc < 0 ? rc : f->ops->is_ancestor(f, a, b, out, err);
}

struct question {
	struct facts *f;
	const char *base, *tip, *since;
	struct oid tip_tree;
	struct oid fork;
	struct chain chain;
};

static void say_yes(
	struct merge_verdict *v, const char *how, const char *commit, const char *evidence)
{
	*v = (struct merge_verdict){ .answer = MERGE_YES, .how = how, .evidence = evidence };
	oid_set(&v->commit, commit);
}

/*
 * `tip` is in the base: how did it get there? Along the first parents of what the base has beyond
 * it, "has the tip" holds from the newest down to one that brought it.
 */
static int tell_ancestor(struct facts *f, const char *base, const char *tip,
	struct merge_verdict *v, struct error *err)
{
	struct chain chain = { .v = NULL };
	size_t has = 0, has_not;
	struct oid parent;
	int rc;

	rc = f->ops->walk(f, base, tip, NULL, &chain, err);
	if (rc < 0)
		goto out;
	if (!chain.n) {
		say_yes(v, "ff", tip, "ancestor");
		goto out;
	}
	has_not = chain.n;
	while (has + 1 < has_not) {
		size_t middle = has + (has_not - has) / 2;
		bool yes;

		rc = f->ops->is_ancestor(f, tip, chain.v[middle].hex, &yes, err);
		if (rc < 0)
			goto out;
		if (yes)
			has = middle;
		else
			has_not = middle;
	}
	rc = f->ops->parent(f, chain.v[has].hex, 1, &parent, err);
	if (rc < 0)
		goto out;
	if (oid_is(&parent, tip))
		say_yes(v, "ff", tip, "ancestor");
	else if (has + 1 == chain.n && chain.capped)
		say_yes(v, "merge", base, "ancestor");
	else
		say_yes(v, "merge", chain.v[has].hex, "ancestor");
out:
	chain_release(&chain);
	return rc;
}

static int is_new_ancestor(const struct question *q, const char *oid, bool *out, struct error *err)
{
	bool old = false;
	int rc;

	rc = q->f->ops->is_ancestor(q->f, oid, q->base, out, err);
	if (rc == 0 && *out && q->since)
		rc = q->f->ops->is_ancestor(q->f, oid, q->since, &old, err);
	if (rc == 0)
		*out = *out && !old;
	return rc;
}

/* Is the tip a prepared merge, made by nothing but merging, whose second parent has arrived? */
static int ask_prepared(
	const struct question *q, struct oid *parent_out, bool *out, struct error *err)
{
	const struct facts_ops *ops = q->f->ops;
	struct oid first, third;
	bool yes = false;
	int rc;

	*out = false;
	rc = ops->parent(q->f, q->tip, 2, parent_out, err);
	if (rc < 0 || oid_is_none(parent_out))
		return rc;
	rc = ops->parent(q->f, q->tip, 3, &third, err);
	if (rc == 0)
		rc = ops->parent(q->f, q->tip, 1, &first, err);
	if (rc == 0 && oid_is_none(&third))
		rc = ops->is_ancestor(q->f, first.hex, q->base, &yes, err);
	if (rc == 0 && yes)
		rc = is_new_ancestor(q, parent_out->hex, &yes, err);
	if (rc == 0 && yes)
		rc = ops->merge_gives(q->f, first.hex, parent_out->hex, q->tip, &yes, err);
	if (rc == 0)
		*out = yes;
	return rc;
}

/* Would merging the tip into this commit change nothing? */
static int has_content(
	const struct question *q, const char *commit, bool *same_tree, bool *out, struct error *err)
{
	struct oid tree;
	int rc;

	rc = q->f->ops->tree(q->f, commit, &tree, err);
	if (rc < 0)
		return rc;
	*same_tree = oid_equal(&tree, &q->tip_tree);
	*out = *same_tree;
	return *same_tree ? 0 : q->f->ops->merge_gives(q->f, commit, q->tip, commit, out, err);
}

/* A commit of the chain that has the content while the one before it has not. */
static int locate(const struct question *q, struct oid *commit_out, struct error *err)
{
	size_t has = 0, has_not = q->chain.n;

	while (has + 1 < has_not) {
		size_t middle = has + (has_not - has) / 2;
		bool same, yes;
		int rc = has_content(q, q->chain.v[middle].hex, &same, &yes, err);

		if (rc < 0)
			return rc;
		if (yes)
			has = middle;
		else
			has_not = middle;
	}
	oid_set(commit_out,
		has + 1 == q->chain.n && q->chain.capped ? q->base : q->chain.v[has].hex);
	return 0;
}

static int tell_resemblance(const struct question *q, struct merge_verdict *v, struct error *err)
{
	bool yes = false;
	int rc = facts_resembles(q->f, q->base, q->fork.hex, q->tip, q->since, &yes, err);

	v->answer = rc == 0 && !yes ? MERGE_NO : MERGE_UNKNOWN;
	return rc;
}

static int tell_content(const struct question *q, struct merge_verdict *v, struct error *err)
{
	struct counterparts found = { .all = false };
	struct oid commit = OID_NONE;
	bool in_base, in_since = false, same_tree, ignored;
	int rc;

	rc = has_content(q, q->base, &same_tree, &in_base, err);
	if (rc == 0 && in_base && q->since)
		rc = has_content(q, q->since, &ignored, &in_since, err);
	if (rc < 0)
		return rc;
	if (in_base && (in_since || !q->chain.n)) {
		v->answer = MERGE_NOTHING;
		return 0;
	}
	if (!q->chain.n)
		return 0;
	rc = q->f->ops->compare(
		q->f, q->base, q->fork.hex, q->tip, q->since, &q->chain, &found, err);
	if (rc < 0)
		return rc;
	if (!oid_is_none(&found.whole))
		say_yes(v, "squash", found.whole.hex, "patch-id");
	else if (found.all)
		say_yes(v, "rebase", found.last.hex, "patch-ids");
	else if (!in_base && (q->chain.capped || found.capped))
		v->answer = MERGE_UNKNOWN;
	else if (!in_base)
		return tell_resemblance(q, v, err);
	if (!in_base)
		return 0;
	if (v->answer != MERGE_YES) {
		rc = locate(q, &commit, err);
		if (rc < 0)
			return rc;
		say_yes(v, "squash", commit.hex, NULL);
	}
	v->evidence = same_tree ? "same-tree" : "merge-adds-nothing";
	return 0;
}

static int decide(struct question *q, struct merge_verdict *v, struct error *err)
{
	const struct facts_ops *ops = q->f->ops;
	struct oid parent, fork_tree;
	bool yes = false;
	int rc = 0;

	if (q->since)
		rc = ops->is_ancestor(q->f, q->tip, q->since, &yes, err);
	if (rc == 0 && yes) {
		v->answer = MERGE_NOTHING;
		return 0;
	}
	if (rc == 0)
		rc = ops->is_ancestor(q->f, q->tip, q->base, &yes, err);
	if (rc == 0 && yes)
		return tell_ancestor(q->f, q->base, q->tip, v, err);
	if (rc == 0)
		rc = ask_prepared(q, &parent, &yes, err);
	if (rc == 0 && yes)
		return tell_ancestor(q->f, q->base, parent.hex, v, err);
	if (rc == 0)
		rc = ops->fork(q->f, q->base, q->tip, &q->fork, err);
	if (rc < 0 || oid_is_none(&q->fork)) {
		v->answer = MERGE_UNKNOWN;
		return rc;
	}
	rc = ops->tree(q->f, q->tip, &q->tip_tree, err);
	if (rc == 0)
		rc = ops->tree(q->f, q->fork.hex, &fork_tree, err);
	if (rc == 0 && oid_equal(&q->tip_tree, &fork_tree)) {
		v->answer = MERGE_NOTHING;
		return 0;
	}
	if (rc == 0)
		rc = ops->walk(q->f, q->base, q->tip, q->since, &q->chain, err);
	if (rc == 0)
		rc = tell_content(q, v, err);
	return rc;
}

int facts_merged(struct facts *f, const char *base, const char *tip, const char *since,
	struct merge_verdict *out, struct error *err)
{
	struct question q = { .f = f, .base = base, .tip = tip, .since = since };
	struct merge_verdict v = { .answer = MERGE_NO };
	int rc;

	rc = check_oid(base, err);
	if (rc == 0)
		rc = check_oid(tip, err);
	if (rc == 0 && since)
		rc = check_oid(since, err);
	if (rc < 0)
		return rc;
	if (f->ops->has_commit(f, base) && f->ops->has_commit(f, tip) &&
		(!since || f->ops->has_commit(f, since)))
		rc = decide(&q, &v, err);
	else
		v.answer = MERGE_UNKNOWN;
	chain_release(&q.chain);
	if (rc == ERR_NOMEM || git_interrupted())
		return rc < 0 ? rc : error_set(err, ERR_GIT, "interrupted");
	if (rc < 0) {
		error_clear(err);
		v = (struct merge_verdict){ .answer = MERGE_UNKNOWN };
	}
	*out = v;
	return 0;
}
