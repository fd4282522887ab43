/*
 * setup.h - what the user wants done in a new workspace: the command in session.setup.
 */
#ifndef SESSION_SETUP_H
#define SESSION_SETUP_H

#include "core/outcome.h"
#include "repo/repo.h"

/*
 * Run it, if there is one, with /bin/sh in the workspace; MINSKY_SESSION and MINSKY_WORKSPACE name
 * the session and its directory. What it prints goes to standard error. The session is there
 * whatever becomes of it: a failure is a warning, and the outcome
 * is unwell.
 */
int setup_run(
	struct repo *repo, const struct session *s, struct outcome *outcome, struct error *err);

#endif
