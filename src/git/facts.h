/*
 * facts.h - questions about the commit graph, answered by libgit2: where refs stand, and whether
 * one commit's work has arrived in another. Where libgit2 cannot open the repository, by git.
 *
 * Decided by commits, in order of cost, never by names or messages; see facts.c for the rule.
 */
#ifndef GIT_FACTS_H
#define GIT_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/oid.h"

struct facts;

/* Opening initialises libgit2 (about 5 ms): once per command, not per question. */
int facts_open(struct facts **out, const char *git_dir, struct error *err);
void facts_close(struct facts *f);
/*
 * Look for objects in another repository's store too (its common git directory): the workspace and
 * the main repository each have commits that the other has not. In memory only.
 */
int facts_add_objects(struct facts *f, const char *git_dir, struct error *err);
/* Let this one see the objects of another repository too: a session's workspace and the main one.
 */
int facts_add_objects(struct facts *f, const char *git_dir, struct error *err);
/* Object id of a ref (full name), "" if it is not there. Peels tags. */
int facts_ref(struct facts *f, const char *ref, struct oid *oid_out, struct error *err);
bool facts_has_commit(struct facts *f, const char *oid);

enum merge_answer {
	MERGE_NO,
	MERGE_YES,
	MERGE_NOTHING, /* the tip adds nothing to the fork point: there is nothing to merge */
	MERGE_UNKNOWN, /* cannot tell: missing objects, unrelated, or too far */
};

struct merge_verdict {
	enum merge_answer answer;
	const char *how; /* "ff", "merge", "squash", "rebase"; NULL unless MERGE_YES */
	struct oid commit; /* of the base: the merge or squash commit, or the tip itself; the base's
			    own tip when it is not known which */
	const char *evidence; /* "ancestor", "same-tree", "merge-adds-nothing", "patch-id",
				 "patch-ids" */
};

/*
 * Has `tip` arrived in `base`? `since` is an older tip of the base (what the base was when the PR
 * was made; may be NULL): only what came behind it counts as evidence, so that a branch that
 * started out inside the base is not called merged.
 */
int facts_merged(struct facts *f, const char *base, const char *tip, const char *since,
	struct merge_verdict *out, struct error *err);
/* Is `a` an ancestor of `b`, or the same? */
int facts_is_ancestor(struct facts *f, const char *a, const char *b, bool *out, struct error *err);

#endif
