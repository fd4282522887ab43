/*
 * progress.h - how far long work has come, in one line on the terminal that is written over and
 * over and is gone when the work is done. Nothing at all where stderr is no terminal or --quiet was
 * given, and nothing for work that is done within a second (MINSKY_PROGRESS_DELAY milliseconds).
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "cli/app.h"

struct progress {
	bool wanted, shown;
	const char *what; /* "verifying" */
	int64_t next; /* when to write again */
};

void progress_begin(struct progress *p, const struct app *app, const char *what);
/* As often as one likes. */
void progress_tell(struct progress *p, uint64_t done, uint64_t total);
void progress_end(struct progress *p);

#endif
