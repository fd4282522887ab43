/*
 * pr_close.h - ends a session's PR without merging it, and takes that back.
 *
 * The PR branch is deleted where the truth is; its commit stays in the workspace under
 * refs/minsky/closed/<id>, so that closing loses nothing, whoever made the branch.
 */
#ifndef SESSION_PR_CLOSE_H
#define SESSION_PR_CLOSE_H

#include "repo/repo.h"

/*
 * *s is of `repo`, and is up to date when this returns 0. *done_out: false when it was so already.
 */
int pr_close(struct repo *repo, struct session *s, bool *done_out, struct error *err);
int pr_reopen(struct repo *repo, struct session *s, bool *done_out, struct error *err);

#endif
