/*
 * worktree.h - a session's workspace as a linked work tree of the main repository, on request.
 *
 * Nothing is copied, and the branch is the main repository's own. git is not made for several
 * `worktree add` at once: callers hold a lock around worktree_add(). Hooks run as they do for
 * everybody; what post-checkout says is no failure once the branch is checked out.
 */
#ifndef GIT_WORKTREE_H
#define GIT_WORKTREE_H

#include "git/workspace.h"

/* Register `dir`, which must not exist, at plan->tip or base_oid; its files are not there yet. */
int worktree_add(const struct workspace_plan *plan, const char *dir, struct error *err);
/* Make plan->branch there, without an upstream, or take it if plan->existing; check it out. */
int worktree_fill(const struct workspace_plan *plan, const char *dir, struct error *err);
/* Did worktree_fill() come to its end? `dir` is known to be a work tree of its own. */
bool worktree_is_filled(const char *dir, const char *branch);
/*
 * Take both back, however far they came, and however far an earlier undoing came; the branch too if
 * it was made here and stands where it was made. `common_dir` is a real path; `temporary` is a name
 * beside `dir` for this work tree alone, and what is there is removed.
 */
int worktree_undo(const char *common_dir, const char *dir, const char *temporary,
	const char *branch, const char *base_oid, struct error *err);

/* git keeps where its work trees are, and moves them itself; `main_dir` is the repository. */
int worktree_move(const char *main_dir, const char *from, const char *to, struct error *err);
/* The repository was moved: put right what it and the work tree at `dir` say of each other. */
int worktree_repair(const char *main_dir, const char *dir, struct error *err);

/*
 * Rename it to `trash`. git keeps what belongs to it, locked, so that nothing in it can be
 * collected as garbage; the branch is free to be checked out elsewhere.
 */
int worktree_shelve(const char *dir, const char *trash, struct error *err);
/*
 * Bring it back, on `branch` (short) if that still is where HEAD is and free; else HEAD stays
 * detached, and *attached_out is false.
 */
int worktree_unshelve(const char *trash, const char *dir, const char *branch, bool *attached_out,
	struct error *err);

#endif
