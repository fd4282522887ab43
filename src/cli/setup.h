/*
 * setup.h - what the user wants done in a new workspace: the command in session.setup.
 */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/context.h"

/*
 * Run it, if there is one, with /bin/sh in the workspace; MINSKY_SESSION and MINSKY_WORKSPACE name
 * the session and its directory. What it prints goes to standard error. The session is there
 * whatever becomes of it: a failure is a warning, and the exit status 1.
 */
int setup_run(struct context *c, const struct session *s, struct error *err);

#endif
