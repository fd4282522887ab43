/*
 * pr.h - PR branches: prepared merge commits, made in the object database without touching a
 * work tree, and what moving a base branch to one takes.
 */
#ifndef GIT_PR_H
#define GIT_PR_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/oid.h"

struct pr_commit {
	struct oid oid;
	struct oid base; /* parent 1 */
	struct oid tip; /* parent 2 */
	struct buf
		message; /* title, blank line, body: the commit's bytes, final newline included */
};

#define PR_COMMIT_INIT                                                                             \
	{                                                                                          \
		.message = BUF_INIT                                                                \
	}

void pr_commit_release(struct pr_commit *c);
/*
 * merge-tree base tip, then commit-tree -p base -p tip with exactly this message (UTF-8 without
 * NUL; a missing final newline is added, as git does). ERR_REFUSED with the conflicting files in
 * `conflicts` (one a line, may be NULL) when they do not merge, and when the tip adds nothing to
 * the base ("nothing to merge"); nothing is changed.
 */
int pr_prepare(struct pr_commit *out, const char *dir, const char *base, const char *tip,
	const char *message, size_t message_len, struct buf *conflicts, struct error *err);
/*
 * Would merging `theirs` into `ours` conflict? ERR_REFUSED with the files, as above. Nothing is
 * changed but the object database.
 */
int pr_forecast(const char *dir, const char *ours, const char *theirs, struct buf *conflicts,
	struct error *err);
/* Read the commit at `rev` back. ERR_NOTFOUND; ERR_REFUSED if it is not a prepared merge. */
int pr_read(struct pr_commit *out, const char *dir, const char *rev, struct error *err);
/*
 * Push `oid` to `branch` of `remote`, replacing only `expected` there (NULL: nothing may be there;
 * "": whatever is there). A server that lets nothing be replaced gets it deleted and made again.
 * ERR_REFUSED when the remote says no, with its words; ERR_GIT when it could not be asked.
 */
int pr_push(const char *dir, const char *remote, const char *oid, const char *branch,
	const char *expected, bool talk, struct error *err);
/* Delete `branch` of `remote` if it is still at `oid` there. ERR_REFUSED as above. */
int pr_unpublish(const char *dir, const char *remote, const char *oid, const char *branch,
	bool talk, struct error *err);
/*
 * One atomic push: base moves to oid (fast-forward, never forced) and the PR branch goes away.
 * ERR_REFUSED when rejected, nothing changed then. Where the remote cannot push atomically or lets
 * no branch be deleted, the base moves all the same; if the PR branch stays, `stays` says why
 * (else it is cleared).
 */
int pr_land(const char *dir, const char *remote, const char *oid, const char *base,
	const char *pr_branch, const char *pr_oid, bool talk, struct error *stays,
	struct error *err);
/*
 * Move branch `base` of the repository at main_dir forward to `oid`, which is fetched from
 * `from_dir` first; a work tree (the main one or a linked one) that has it checked out follows.
 * ERR_REFUSED, nothing changed, when it is no fast-forward or local changes stand in the way;
 * ERR_NOTFOUND when there is no such branch. A branch that has the commit already is left alone.
 */
int pr_forward(const char *main_dir, const char *from_dir, const char *base, const char *oid,
	struct error *err);
/* Delete a branch if it still is at `oid` and no work tree is on it. Not there: success. */
int pr_delete_branch(const char *dir, const char *branch, const char *oid, struct error *err);
/* The same right after pr_check_branch() found nothing against it. */
int pr_drop_branch(const char *dir, const char *branch, const char *oid, struct error *err);
/* Would that be refused? Nothing is changed. */
int pr_check_branch(const char *dir, const char *branch, const char *oid, struct error *err);

#endif
