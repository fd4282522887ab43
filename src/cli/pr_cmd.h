/*
 * pr_cmd.h - what the commands about a PR share: printing the PR of a session.
 */
#ifndef CLI_PR_CMD_H
#define CLI_PR_CMD_H

#include "cli/app.h"
#include "repo/repo.h"

/* `outcome` (may be NULL) is a member of the document. */
int pr_cmd_print(
	struct repo *repo, const struct session *s, const char *outcome, struct error *err);

#endif
