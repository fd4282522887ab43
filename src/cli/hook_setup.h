/*
 * hook_setup.h - installing hooks from the command line: which directory does git look in, which
 * program is copied there, and the event that says so.
 */
#ifndef CLI_HOOK_SETUP_H
#define CLI_HOOK_SETUP_H

#include <stdbool.h>

#include "cli/context.h"
#include "hooks/install.h"

/* The installed minsky-hook: MINSKY_HOOK_PROGRAM, else beside this program, else where it was built
 * to. */
int hook_program(struct buf *out, struct error *err);
/* git rev-parse --git-path hooks, absolute. */
int hook_directory(const char *git_dir, struct buf *out, struct error *err);
/* Install into a clone and journal it; nothing is journaled when nothing changed. */
int hook_setup(struct context *c, const char *common_dir, const char *clone, const char *session,
	bool bare, struct error *err);

#endif
