/*
 * back_fill.h - minsky sync's first part: everything that git did in every clone of the repository.
 */
#ifndef HISTORY_BACK_FILL_H
#define HISTORY_BACK_FILL_H

#include "repo/repo.h"

struct back_fill {
	const char *since; /* as typed: also what happened before minsky looked; NULL: not */
	bool dry_run; /* print what would be added, the whole answer of the command */
};

int back_fill(struct repo *repo, const struct back_fill *b, struct error *err);

#endif
