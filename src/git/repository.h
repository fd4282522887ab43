/*
 * repository.h - what git says about a repository on disk, asked once per command.
 *
 * Goes through the git executable, so that safe.directory, worktrees, includes and every format
 * that this git knows are git's business. Refuses by name what minsky cannot serve: git before
 * 2.38, SHA-256 object ids, reftable storage, a repository of another owner.
 */
#ifndef GIT_REPOSITORY_H
#define GIT_REPOSITORY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"

struct git_repo {
	char *top; /* of the work tree; NULL when bare */
	char *git_dir; /* absolute */
	char *common_dir; /* absolute, real path */
	char *branch; /* short name HEAD points at; NULL when detached */
	char *head; /* object id; NULL without commits */
	bool bare, shallow, partial;
	bool libgit2_refuses; /* extensions that libgit2 1.5 does not open */
	char *config; /* git config -z --list --show-scope: see gitconfig.h */
	size_t config_len;
};

void git_repo_release(struct git_repo *r);
/* `path` is anywhere inside. ERR_NOTFOUND outside a repository; ERR_UNSUPPORTED; ERR_REFUSED. */
int git_repo_open(struct git_repo *out, const char *path, struct error *err);
/*
 * Where to run git: the work tree, or the git directory of a bare one. Inside the git directory of
 * a work tree, safe.directory would be asked for another name than the one that users give it.
 */
const char *git_repo_dir(const struct git_repo *r);
/* How to name it as a remote: its work tree, or the git directory of a bare or linked one. */
const char *git_repo_path(const struct git_repo *r);

/*
 * Short name of the remote to follow: origin, else the only one, else upstream, else the one that
 * main, master or trunk follows; NULL if there is none. The URL
 * has url.*.insteadOf applied, so it may hold credentials: never store or show it as it is. A
 * relative path is made absolute, since it means something here only.
 */
int git_repo_remote(const struct git_repo *r, char **name_out, char **url_out, struct error *err);
/* Names of all remotes that have a URL: "a, b". */
int git_repo_remotes(const struct git_repo *r, struct buf *out, size_t *n_out, struct error *err);
/*
 * The default branch: <remote>/HEAD as last fetched, else the local HEAD's branch. Sets the tip of
 * the tracking ref and of the local branch, NULL where there is none. ERR_REFUSED in a repository
 * without commits, and when HEAD is detached and no remote says which branch is meant.
 */
struct git_base {
	char *branch;
	char *remote_oid; /* refs/remotes/<remote>/<branch> */
	char *local_oid; /* refs/heads/<branch> */
	char *start_oid; /* a commit that was named instead of a branch: work starts there; or NULL
			  */
};
void git_base_release(struct git_base *b);
int git_repo_default_base(const struct git_repo *r, struct git_base *out, struct error *err);
/*
 * The same for what the user named. In this order: HEAD; a branch, here or on the remote;
 * "<remote>/<branch>", which means the tracking ref alone; a tag or any other name of a commit.
 * What is no branch of the remote that is followed has start_oid, and the default branch (of HEAD:
 * the one that is checked out, if the remote has it) is the base. ERR_NOTFOUND if it is nowhere.
 */
int git_repo_named_base(
	const struct git_repo *r, const char *name, struct git_base *out, struct error *err);
/*
 * Fetch one branch that may be on the remote only, into its tracking ref. ERR_NOTFOUND if the
 * remote has none; ERR_GIT when it could not be asked.
 */
int git_repo_fetch_branch(const struct git_repo *r, const char *remote, const char *branch,
	bool talk, struct error *err);
/* Tip of a full ref name. *oid_out = NULL if there is no such ref. */
int git_repo_ref(const char *git_dir, const char *ref, char **oid_out, struct error *err);

#endif
