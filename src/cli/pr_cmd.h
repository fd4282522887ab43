/*
 * pr_cmd.h - what the commands about a PR share: finding the session, and printing its PR.
 */
#ifndef CLI_PR_CMD_H
#define CLI_PR_CMD_H

#include "repo/repo.h"

/*
 * The session, settled. It must be of this machine, whose words about what is wanted are `what`
 * ("make its PR"), and have its workspace.
 */
int pr_cmd_open(struct repo *repo, struct app *app, const char *path, const char *key,
	const char *what, struct session *s, struct error *err);
/* `outcome` (may be NULL) is a member of the document. */
int pr_cmd_print(
	struct repo *repo, const struct session *s, const char *outcome, struct error *err);

#endif
