/*
 * back_fill.h - everything that git did in every clone of the repository since minsky last looked,
 * and, on request, also what happened before minsky knew it.
 */
#ifndef REPO_BACK_FILL_H
#define REPO_BACK_FILL_H

#include "repo/repo.h"

struct back_fill {
	const char *since; /* as typed: also what happened before minsky looked; NULL: not */
	/* Not NULL: a dry run; called with the body of each event that would be added. */
	int (*show)(void *arg, const char *body, size_t len, struct error *err);
	void *show_arg;
};

/* *events_out: so many were added, or shown. */
int back_fill(struct repo *repo, const struct back_fill *b, size_t *events_out, struct error *err);

#endif
