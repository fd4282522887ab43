/*
 * shared_deadline.h - one git command may start many hooks, for each commit that it picks. They
 * share one deadline and one complaint.
 *
 * Only a hook that had to wait in vain, or complained, leaves a note for those after it:
 * <common git directory>/minsky/patience, one line "<pid of git> <0 or 1: has complained> <ms>". It
 * counts for a minute, so that a number that is used again does no harm, and is removed by the
 * first hook of another git command that has no trouble.
 */
#ifndef HOOKS_PROGRAM_SHARED_DEADLINE_H
#define HOOKS_PROGRAM_SHARED_DEADLINE_H

#include <stdbool.h>

#include "core/buf.h"

struct shared_deadline {
	struct buf path;
	bool ours; /* a hook before us, of the same git command, has left the note */
	bool there; /* there is one */
	bool complained;
	int spent_ms; /* by those before us */
};

#define SHARED_DEADLINE_INIT                                                                       \
	{                                                                                          \
		.path = BUF_INIT                                                                   \
	}

void shared_deadline_release(struct shared_deadline *p);
void shared_deadline_open(struct shared_deadline *p, const char *common_dir);
/*
 * What is left of a deadline; 0 when it is not worth beginning. All of it is noted as spent when it
 * strikes (chain.h).
 */
int shared_deadline_left(const struct shared_deadline *p, int deadline_ms);
/* Note that `ms` more are gone, and whether something was said. Failing is of no consequence. */
void shared_deadline_spend(struct shared_deadline *p, int ms, bool complained);
/* All went well. */
void shared_deadline_rest(const struct shared_deadline *p);

#endif
