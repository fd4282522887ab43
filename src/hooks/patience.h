/*
 * patience.h - one git command may start many hooks, for each commit that it picks. They share one
 * deadline and one complaint.
 *
 * Only a hook that had to wait in vain, or complained, leaves a note for those after it:
 * <common git directory>/minsky/patience, one line "<pid of git> <0 or 1: has complained> <ms>". It
 * counts for a minute, so that a number that is used again does no harm, and is removed by the
 * first hook of another git command that has no trouble.
 */
#ifndef HOOKS_PATIENCE_H
#define HOOKS_PATIENCE_H

#include <stdbool.h>

#include "core/buf.h"

struct patience {
	struct buf path;
	bool ours; /* a hook before us, of the same git command, has left the note */
	bool there; /* there is one */
	bool complained;
	int spent_ms; /* by those before us */
};

#define PATIENCE_INIT                                                                              \
	{                                                                                          \
		.path = BUF_INIT                                                                   \
	}

void patience_release(struct patience *p);
void patience_open(struct patience *p, const char *common_dir);
/*
 * What is left of a deadline; 0 when it is not worth beginning. All of it is noted as spent when it
 * strikes (chain.h).
 */
int patience_left(const struct patience *p, int deadline_ms);
/* Note that `ms` more are gone, and whether something was said. Failing is of no consequence. */
void patience_spend(struct patience *p, int ms, bool complained);
/* All went well. */
void patience_rest(const struct patience *p);

#endif
