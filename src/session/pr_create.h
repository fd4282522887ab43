/*
 * pr_create.h - making and refreshing a session's PR: a prepared merge commit on pr/<session>.
 */
#ifndef SESSION_PR_CREATE_H
#define SESSION_PR_CREATE_H

#include "core/oid.h"
#include "core/outcome.h"
#include "repo/repo.h"

struct pr_request {
	const char *title; /* NULL: keep that of the PR there is */
	const char *body; /* NULL: the same */
	size_t body_len;
	bool fetch; /* ask the remote where the base is first */
};

enum pr_made { PR_MADE, PR_REFRESHED, PR_UNCHANGED };

struct pr_result {
	struct outcome outcome; /* filled also on failure: changed files, conflicts */
	enum pr_made made;
};

/* *s is of `repo`, and is up to date when this returns 0. */
int pr_create(struct repo *repo, struct session *s, const struct pr_request *req,
	struct pr_result *out, struct error *err);
/*
 * Where the base is, as far as this machine knows: the newer of what the workspace and the main
 * repository have fetched, or the main repository's branch when it is the remote itself. The
 * workspace has the commit afterwards. ERR_NOTFOUND.
 */
int pr_find_base(struct repo *repo, const struct session *s, bool fetch, struct oid *oid_out,
	struct error *err);
/*
 * Ask the remote where the base and the PR branch are now, also whether they are gone. The
 * workspace needs none when the main repository is the remote.
 */
int pr_fetch(struct repo *repo, const struct session *s, struct error *err);
/* "" when there is none; git_dir may be NULL. */
int pr_read_ref(const char *git_dir, const char *prefix, const char *name, struct oid *oid,
	struct error *err);
/*
 * Push a commit of the workspace to a PR branch where the truth is, replacing what is known to be
 * there; nothing may be there when `anew`.
 */
int pr_publish(struct repo *repo, const struct session *s, const char *oid, const char *branch,
	bool anew, struct error *err);
/* Of a conflict: the command that lets it be resolved. Any other error stays as it is. */
void pr_hint_conflict(const struct session *s, struct error *err);
/* The files of a conflict, one a line, as reasons. Cuts the lines apart. */
void pr_add_conflicts(struct outcome *outcome, struct buf *conflicts);

#endif
