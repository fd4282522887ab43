/*
 * caller.h - who uses a repository, a session or its history: a command line, a server, a screen, a
 * test. What they want of every call, and the only way out from below: nothing under src/repo,
 * src/session and src/history prints, asks or exits.
 *
 * What a use case found (reasons, warnings) is in its result (core/outcome.h). This is for what is
 * said while the work goes on, whatever the result will be: the store does not answer, a clone
 * cannot be read. Consent is never asked for from below: a use case that needs it says so in its
 * result, and is called again with it.
 */
#ifndef REPO_CALLER_H
#define REPO_CALLER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

struct caller {
	const char *const *settings; /* "key=value", NULL-terminated, above all files; or NULL */
	/* What hooks start to look at PRs and to give a hub what was written: the minsky that is
	 * running, by its real path. NULL: whatever was remembered before, or nothing. */
	const char *program;
	bool require_backend; /* no answer rather than one without the team's database */
	bool watched; /* somebody watches standard error: git may show its progress there */
	/* A line each, not harmless yet (text_add_line()). Either may be NULL: nothing is said. */
	void (*say)(void *arg, const char *line);
	void (*warn)(void *arg, const char *line);
	void *arg;
};

/* Says nothing and wants nothing. */
extern const struct caller caller_silent;

void caller_say(const struct caller *c, const char *fmt, ...) PRINTFLIKE(2, 3);
void caller_warn(const struct caller *c, const char *fmt, ...) PRINTFLIKE(2, 3);

#endif
