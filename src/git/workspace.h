/*
 * workspace.h - makes a session's workspace, and says what would be lost with it.
 *
 * A workspace is a clone from the main repository on disk (hard links, no network). Its `origin`
 * and its tracking refs are the main repository's own, so that what is published there is what is
 * really published; the main repository itself is the remote `minsky`. The remote is called
 * `origin` here whatever its name there. Without a remote the main repository is `origin`.
 *
 * Local branches are two: the session's, without an upstream, and the base, at the commit that the
 * session starts from, following origin; whatever else the main repository has is under minsky/.
 */
#ifndef GIT_WORKSPACE_H
#define GIT_WORKSPACE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"
#include "git/repository.h"

struct workspace_plan {
	const struct git_repo *main;
	const char *remote; /* its remote's name and URL, or NULL */
	const char *remote_url;
	const char *branch; /* to be made */
	const char *base_branch;
	const char *base_oid;
	bool base_is_local; /* base_oid is the main repository's local branch */
	const char *tip; /* where the branch starts; NULL: base_oid */
	bool existing; /* the branch is there, and stays where it is: see worktree.h */
	bool quiet;
};

/*
 * Clone into `dir`, which must not exist, and check the branch out. Copies what makes work correct:
 * user.*, signing, core.autocrlf, core.eol, info/exclude, a sparse checkout, promisor settings,
 * what filters keep in the git directory. On failure nothing is left behind. `dir` may be renamed
 * afterwards: nothing in it names its own place.
 */
int workspace_clone(const struct workspace_plan *plan, const char *dir, struct error *err);
/*
 * ERR_REFUSED if the branch is taken here or on the remote as last fetched, if another branch is
 * in its way (git cannot have both a and a/b), or if a branch `pr` is in the way of pr/<session>.
 */
int workspace_check_branch(
	const struct git_repo *main, const char *remote, const char *branch, struct error *err);

/* A reason against removing a workspace: a category for machines and a sentence for people. */
struct workspace_risk {
	char *category; /* "uncommitted", "untracked", "stashed", "unpushed", "git-error", ... */
	char *text;
};

struct workspace_risks {
	struct workspace_risk *v;
	size_t n;
};

void workspace_risks_release(struct workspace_risks *r);
/*
 * Everything in `dir` that exists nowhere else: uncommitted and untracked files, stashes, commits
 * on any local branch or HEAD that neither the main repository nor a remote has, an operation in
 * progress (rebase, merge). Any git error is itself a risk. No risks: nothing can be lost.
 * `published` lists object ids whose content is known to be merged (a squashed PR's tip).
 */
int workspace_find_risks(const char *dir, const char *main_git_dir, const char *const *published,
	struct workspace_risks *out, struct error *err);
/*
 * Files changed and untracked, one "XY path" or "XY old -> new" line each as git status prints
 * them, but made harmless instead of quoted; "" if clean.
 */
int workspace_status(const char *dir, struct buf *out, struct error *err);

#endif
