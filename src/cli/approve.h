/*
 * approve.h - lands a session's PR: the base moves to the prepared commit where the truth is, the
 * PR branch goes away, the main repository follows.
 */
#ifndef CLI_APPROVE_H
#define CLI_APPROVE_H

#include "cli/context.h"

struct approve_result {
	bool main_behind; /* landed on the remote, but the main repository could not follow */
};

/* *s is settled when it comes in and when it leaves. `yes`: do not ask before a first push. */
int approve_session(struct context *c, struct session *s, bool yes, struct approve_result *out,
	struct error *err);

#endif
