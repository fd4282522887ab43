/* The primitives of facts.c with libgit2. The only file that includes its headers. */
#include <git2.h>

#include "core/hash.h"
#include "core/oid.h"
#include "git/facts_impl.h"

/*
 * Once per process; libgit2 is never shut down. The two extensions change nothing about refs and
 * objects that are present; others (reftable, SHA-256) stay refused.
 */
static bool lib_init(void)
{
	static const char *const extensions[] = { "worktreeconfig", "partialclone" };
	static bool done;

	if (!done)
		done = git_libgit2_init() > 0 &&
			git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions,
				sizeof(extensions) / sizeof(extensions[0])) == 0;
	return done;
}

static bool lib_open(struct facts *f)
{
	git_repository *repo = NULL;

	if (!lib_init())
		return false;
	if (git_repository_open_ext(&repo, f->git_dir, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) < 0)
		return false;
	/* It does not know where a shallow history ends. */
	if (git_repository_is_shallow(repo)) {
		git_repository_free(repo);
		return false;
	}
	f->repo = repo;
	return true;
}

static void lib_close(struct facts *f)
{
	git_repository_free(f->repo);
	f->repo = NULL;
}

static int lib_failed(const char *what, struct error *err)
{
	const git_error *e = git_error_last();

	return error_set(err, ERR_GIT, "cannot %s: %s", what, e ? e->message : "unknown error");
}

static int lib_add_objects(struct facts *f, const char *objects, struct error *err)
{
	git_odb *odb = NULL;
	int rc = 0;

	if (git_repository_odb(&odb, f->repo) < 0 || git_odb_add_disk_alternate(odb, objects) < 0)
		rc = lib_failed("add objects", err);
	git_odb_free(odb);
	return rc;
}

static int lib_ref(struct facts *f, const char *ref, struct oid *oid_out, struct error *err)
{
	git_reference *r = NULL;
	git_object *commit = NULL;
	int rc = 0, e;

	e = git_reference_lookup(&r, f->repo, ref);
	if (e == 0)
		e = git_reference_peel(&commit, r, GIT_OBJECT_COMMIT);
	if (e == GIT_ENOTFOUND || e == GIT_EINVALIDSPEC)
		*oid_out = OID_NONE;
	else if (e < 0)
		rc = lib_failed("read a ref", err);
	else
		git_oid_tostr(oid_out->hex, OID_SIZE, git_object_id(commit));
	git_object_free(commit);
	git_reference_free(r);
	return rc;
}

static int lookup(struct facts *f, const char *hex, git_commit **out, struct error *err)
{
	git_oid oid;

	if (git_oid_fromstr(&oid, hex) < 0 || git_commit_lookup(out, f->repo, &oid) < 0)
		return lib_failed("read a commit", err);
	return 0;
}

static bool lib_has_commit(struct facts *f, const char *hex)
{
	struct error ignored = ERROR_INIT;
	git_commit *c = NULL;
	bool yes = lookup(f, hex, &c, &ignored) == 0;

	git_commit_free(c);
	return yes;
}

static int lib_is_ancestor(
	struct facts *f, const char *a, const char *b, bool *out, struct error *err)
{
	git_oid older, newer;
	int e;

	if (f->graph)
		return f->processes->is_ancestor(f, a, b, out, err);
	if (git_oid_fromstr(&older, a) < 0 || git_oid_fromstr(&newer, b) < 0)
		return lib_failed("read an object id", err);
	e = git_oid_equal(&older, &newer) ? 1 : git_graph_descendant_of(f->repo, &newer, &older);
	if (e < 0)
		return lib_failed("walk history", err);
	*out = e == 1;
	return 0;
}

static int lib_fork(
	struct facts *f, const char *a, const char *b, struct oid *oid_out, struct error *err)
{
	git_oid one, two, base;
	int e;

	if (f->graph)
		return f->processes->fork(f, a, b, oid_out, err);
	if (git_oid_fromstr(&one, a) < 0 || git_oid_fromstr(&two, b) < 0)
		return lib_failed("read an object id", err);
	e = git_merge_base(&base, f->repo, &one, &two);
	if (e < 0 && e != GIT_ENOTFOUND)
		return lib_failed("find the fork point", err);
	if (e < 0)
		*oid_out = OID_NONE;
	else
		git_oid_tostr(oid_out->hex, OID_SIZE, &base);
	return 0;
}

static int lib_tree(struct facts *f, const char *commit, struct oid *oid_out, struct error *err)
{
	git_commit *c = NULL;
	int rc = lookup(f, commit, &c, err);

	if (rc == 0)
		git_oid_tostr(oid_out->hex, OID_SIZE, git_commit_tree_id(c));
	git_commit_free(c);
	return rc;
}

static int lib_parent(
	struct facts *f, const char *commit, unsigned nth, struct oid *oid_out, struct error *err)
{
	git_commit *c = NULL;
	int rc = lookup(f, commit, &c, err);

	if (rc == 0 && nth <= git_commit_parentcount(c))
		git_oid_tostr(oid_out->hex, OID_SIZE, git_commit_parent_id(c, nth - 1));
	else if (rc == 0)
		*oid_out = OID_NONE;
	git_commit_free(c);
	return rc;
}

static int lib_merge_gives(
	struct facts *f, const char *a, const char *b, const char *c, bool *out, struct error *err)
{
	git_commit *ours = NULL, *theirs = NULL, *wanted = NULL;
	git_index *index = NULL;
	git_tree *tree = NULL;
	git_diff *diff = NULL;
	int rc;

	rc = lookup(f, a, &ours, err);
	if (rc == 0)
		rc = lookup(f, b, &theirs, err);
	if (rc == 0)
		rc = lookup(f, c, &wanted, err);
	if (rc < 0)
		goto out;
	if (git_merge_commits(&index, f->repo, ours, theirs, NULL) < 0 ||
		git_commit_tree(&tree, wanted) < 0) {
		rc = lib_failed("merge", err);
		goto out;
	}
	if (git_index_has_conflicts(index)) {
		*out = false;
		goto out;
	}
	if (git_diff_tree_to_index(&diff, f->repo, tree, index, NULL) < 0) {
		rc = lib_failed("compare trees", err);
		goto out;
	}
	*out = git_diff_num_deltas(diff) == 0;
out:
	git_diff_free(diff);
	git_tree_free(tree);
	git_index_free(index);
	git_commit_free(ours);
	git_commit_free(theirs);
	git_commit_free(wanted);
	return rc;
}

static int walk_open(struct facts *f, git_revwalk **out, const char *from, const char *hidden,
	const char *also, struct error *err)
{
	git_oid push, hide, hide_too;

	if (git_oid_fromstr(&push, from) < 0 || git_oid_fromstr(&hide, hidden) < 0 ||
		(also && git_oid_fromstr(&hide_too, also) < 0) ||
		git_revwalk_new(out, f->repo) < 0 || git_revwalk_push(*out, &push) < 0 ||
		git_revwalk_hide(*out, &hide) < 0 ||
		(also && git_revwalk_hide(*out, &hide_too) < 0))
		return lib_failed("walk history", err);
	return 0;
}

/* Up to `max` commits of an open walk. */
static int walk_take(git_revwalk *walk, size_t max, struct chain *out, struct error *err)
{
	git_oid oid;
	char hex[OID_SIZE];
	int e = 0, rc = 0;

	while (rc == 0 && (e = git_revwalk_next(&oid, walk)) == 0) {
		if (out->n == max) {
			out->capped = true;
			return 0;
		}
		rc = chain_add(out, git_oid_tostr(hex, sizeof(hex), &oid), err);
	}
	if (rc == 0 && e != GIT_ITEROVER)
		rc = lib_failed("walk history", err);
	return rc;
}

static int lib_walk(struct facts *f, const char *base, const char *hidden, const char *also,
	struct chain *out, struct error *err)
{
	struct chain chain = { .v = NULL };
	git_revwalk *walk = NULL;
	int rc;

	rc = walk_open(f, &walk, base, hidden, also, err);
	if (rc == 0 && git_revwalk_simplify_first_parent(walk) < 0)
		rc = lib_failed("walk history", err);
	if (rc == 0)
		rc = walk_take(walk, CHAIN_MAX, &chain, err);
	git_revwalk_free(walk);
	if (rc < 0)
		chain_release(&chain);
	else
		*out = chain;
	return rc;
}

/*
 * What a change does, as text that is equal for equal changes: its patch-id, and what that leaves
 * out: modes, and the content of files without lines.
 */
struct patch {
	git_diff *diff;
	size_t deltas; /* files touched: known before any content is read */
	bool hashed;
	char id[GIT_OID_HEXSZ + 1];
	char rest[HASH_HEX_SIZE];
};

static void hash_side(struct hash *h, const git_diff_file *file, bool binary)
{
	char text[GIT_OID_HEXSZ + 16];
	char hex[GIT_OID_HEXSZ + 1] = "";

	if (binary)
		git_oid_tostr(hex, sizeof(hex), &file->id);
	(void)snprintf(text, sizeof(text), "%o %s\n", (unsigned)file->mode, hex);
	hash_add(h, text, strlen(text));
}

static int patch_hash(struct patch *p, struct error *err)
{
	struct hash h;
	git_oid id;

	if (p->hashed)
		return 0;
	if (git_diff_patchid(&id, p->diff, NULL) < 0)
		return lib_failed("compute a patch id", err);
	git_oid_tostr(p->id, sizeof(p->id), &id);
	hash_init(&h);
	for (size_t i = 0; i < p->deltas; i++) {
		const git_diff_delta *d = git_diff_get_delta(p->diff, i);
		bool binary = (d->flags & GIT_DIFF_FLAG_NOT_BINARY) == 0;

		hash_add(&h, d->new_file.path, strlen(d->new_file.path) + 1);
		hash_side(&h, &d->old_file, binary);
		hash_side(&h, &d->new_file, binary);
	}
	hash_final(&h, p->rest);
	p->hashed = true;
	return 0;
}

/* The change between two trees; a NULL one is empty. */
static int patch_open(struct facts *f, struct patch *p, const git_commit *from,
	const git_commit *to, struct error *err)
{
	git_tree *a = NULL, *b = NULL;
	int rc = 0;

	if ((from && git_commit_tree(&a, from) < 0) || git_commit_tree(&b, to) < 0 ||
		git_diff_tree_to_tree(&p->diff, f->repo, a, b, NULL) < 0)
		rc = lib_failed("compare trees", err);
	else
		p->deltas = git_diff_num_deltas(p->diff);
	git_tree_free(a);
	git_tree_free(b);
	return rc;
}

/* The change of a commit against its first parent. */
static int patch_of(struct facts *f, struct patch *p, const char *commit, unsigned *parents_out,
	struct error *err)
{
	git_commit *c = NULL, *parent = NULL;
	int rc = lookup(f, commit, &c, err);

	if (rc < 0)
		return rc;
	*parents_out = git_commit_parentcount(c);
	if (*parents_out && git_commit_parent(&parent, c, 0) < 0)
		rc = lib_failed("read a commit", err);
	if (rc == 0)
		rc = patch_open(f, p, parent, c, err);
	git_commit_free(c);
	git_commit_free(parent);
	return rc;
}

static int patch_same(struct patch *a, struct patch *b, bool *out, struct error *err)
{
	int rc = 0;

	*out = false;
	if (a->deltas != b->deltas)
		return 0;
	rc = patch_hash(a, err);
	if (rc == 0)
		rc = patch_hash(b, err);
	if (rc == 0)
		*out = strcmp(a->id, b->id) == 0 && strcmp(a->rest, b->rest) == 0;
	return rc;
}

/* The changes to be found: of the whole branch, and of each of its commits that is no merge. */
struct wanted {
	struct patch whole;
	struct patch *v;
	bool *found;
	size_t n, missing;
};

static void wanted_release(struct wanted *w)
{
	for (size_t i = 0; i < w->n; i++)
		git_diff_free(w->v[i].diff);
	git_diff_free(w->whole.diff);
	free(w->v);
	free(w->found);
}

static int want_commits(struct facts *f, struct wanted *w, const char *base, const char *tip,
	struct counterparts *c, struct error *err)
{
	struct chain branch = { .v = NULL };
	git_revwalk *walk = NULL;
	int rc;

	rc = walk_open(f, &walk, tip, base, NULL, err);
	if (rc == 0)
		rc = walk_take(walk, BRANCH_MAX, &branch, err);
	git_revwalk_free(walk);
	if (rc < 0)
		goto out;
	c->capped = branch.capped;
	w->v = calloc(branch.n + 1, sizeof(*w->v));
	w->found = calloc(branch.n + 1, sizeof(*w->found));
	if (!w->v || !w->found)
		rc = error_nomem(err);
	for (size_t i = 0; rc == 0 && !branch.capped && i < branch.n; i++) {
		struct patch p = { .diff = NULL };
		unsigned parents;

		rc = patch_of(f, &p, branch.v[i].hex, &parents, err);
		if (rc == 0 && parents <= 1 && p.deltas)
			w->v[w->n++] = p;
		else
			git_diff_free(p.diff);
	}
	w->missing = w->n;
out:
	chain_release(&branch);
	return rc;
}

static int want(struct facts *f, struct wanted *w, const char *base, const char *fork,
	const char *tip, struct counterparts *c, struct error *err)
{
	git_commit *from = NULL, *to = NULL;
	int rc;

	rc = lookup(f, fork, &from, err);
	if (rc == 0)
		rc = lookup(f, tip, &to, err);
	if (rc == 0)
		rc = patch_open(f, &w->whole, from, to, err);
	if (rc == 0)
		rc = want_commits(f, w, base, tip, c, err);
	git_commit_free(from);
	git_commit_free(to);
	return rc;
}

/* One commit of the base, newest first. */
static int match(struct facts *f, struct wanted *w, const char *commit, struct counterparts *c,
	struct error *err)
{
	struct patch p = { .diff = NULL };
	unsigned parents;
	bool same;
	int rc;

	rc = patch_of(f, &p, commit, &parents, err);
	if (rc == 0)
		rc = patch_same(&w->whole, &p, &same, err);
	if (rc == 0 && same && oid_is_none(&c->whole))
		oid_set(&c->whole, commit);
	for (size_t i = 0; rc == 0 && i < w->n; i++) {
		if (w->found[i])
			continue;
		rc = patch_same(&w->v[i], &p, &same, err);
		if (rc == 0 && same) {
			w->found[i] = true;
			w->missing--;
			if (oid_is_none(&c->last))
				oid_set(&c->last, commit);
		}
	}
	git_diff_free(p.diff);
	return rc;
}

static int lib_compare(struct facts *f, const char *base, const char *fork, const char *tip,
	const char *also, const struct chain *chain, struct counterparts *out, struct error *err)
{
	struct counterparts c = { .all = false };
	struct wanted w = { .v = NULL };
	int rc;

	(void)also; /* the chain leaves it out */
	rc = want(f, &w, base, fork, tip, &c, err);
	for (size_t i = 0; rc == 0 && oid_is_none(&c.whole) && i < chain->n; i++)
		rc = match(f, &w, chain->v[i].hex, &c, err);
	c.all = w.n > 1 && !w.missing;
	if (rc == 0)
		*out = c;
	wanted_release(&w);
	return rc;
}

static const struct facts_ops lib_ops = {
	.ref = lib_ref,
	.has_commit = lib_has_commit,
	.is_ancestor = lib_is_ancestor,
	.fork = lib_fork,
	.tree = lib_tree,
	.parent = lib_parent,
	.merge_gives = lib_merge_gives,
	.walk = lib_walk,
	.compare = lib_compare,
};

/* The one symbol that the module shows. */
extern const struct facts_module minsky_facts_module;
__attribute__((visibility("default"))) const struct facts_module minsky_facts_module = {
	.abi = FACTS_MODULE_ABI,
	.open = lib_open,
	.close = lib_close,
	.add_objects = lib_add_objects,
	.ops = &lib_ops,
};
