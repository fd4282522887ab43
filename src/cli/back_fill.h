/*
 * back_fill.h - minsky sync's first part: everything that git did in every clone of the repository.
 */
#ifndef CLI_BACK_FILL_H
#define CLI_BACK_FILL_H

#include "cli/context.h"

struct back_fill {
	const char *since; /* as typed: also what happened before minsky looked; NULL: not */
	bool dry_run; /* print what would be added, the whole answer of the command */
};

int back_fill(struct context *c, const struct back_fill *b, struct error *err);

#endif
