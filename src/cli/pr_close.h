/*
 * pr_close.h - ends a session's PR without merging it, and takes that back.
 *
 * The PR branch is deleted where the truth is; its commit stays in the workspace under
 * refs/minsky/closed/<id>, so that closing loses nothing, whoever made the branch.
 */
#ifndef CLI_PR_CLOSE_H
#define CLI_PR_CLOSE_H

#include "cli/context.h"

/* *s is settled when it comes in and when it leaves. *done_out: false when it was so already. */
int pr_close(struct context *c, struct session *s, bool *done_out, struct error *err);
int pr_reopen(struct context *c, struct session *s, bool *done_out, struct error *err);

#endif
