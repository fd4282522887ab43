/*
 * health.h - how a session stands, as far as that shows without asking git: is its workspace there,
 * was everything read that git wrote in it, when did a hook last run.
 *
 * A few stats for each session; their directories stay open in the repository (stat_cache.h).
 */
#ifndef REPO_HEALTH_H
#define REPO_HEALTH_H

#include "repo/repo.h"

enum session_health {
	HEALTH_OK,
	HEALTH_LOST, /* the workspace's directory is gone */
	HEALTH_BROKEN, /* a linked work tree whose repository is not where it says */
	HEALTH_UNCHECKED, /* git wrote something that minsky has not read yet */
	HEALTH_ELSEWHERE, /* its workspace is on another machine */
};

enum session_health session_health(struct repo *repo, const struct session *s);
const char *session_health_name(enum session_health h);
/* When a hook of its workspace last ran, in ms; 0: never. */
int64_t session_last_hook(struct repo *repo, const struct session *s);
/* Did a base or a PR branch move, and nobody has looked yet what that means for PRs? */
bool repo_pr_stale(struct repo *repo);

#endif
