/*
 * config_kept.h - which store a repository's sessions are in, whatever branch is checked out.
 *
 * A repository's file comes and goes with the branch in the main work tree, and the store must
 * not: sessions would seem to be lost. So the branch that was checked out when minsky first read
 * the file decides about the keys that are marked `kept`. As long as it is checked out, the file
 * counts as it is, and what it says is written down beside the journal:
 *
 *	{"schema":1,"branch":"refs/heads/main","settings":{"sessiondb.backend":"sqlite"}}
 *
 * On any other branch what is written down counts, a missing key included. "minsky trust" makes
 * the present branch the one that decides, and so does the end of the branch that did.
 */
#ifndef CORE_CONFIG_KEPT_H
#define CORE_CONFIG_KEPT_H

#include <stdbool.h>

#include "core/config.h"
#include "core/error.h"

struct config_kept {
	char *branch; /* full name, or an object id */
	char **raw; /* one for each key, in the table's order; NULL: not said */
};

#define CONFIG_KEPT_INIT                                                                           \
	{                                                                                          \
		.branch = NULL                                                                     \
	}

void config_kept_release(struct config_kept *k);
/* ERR_NOTFOUND: nothing is written down. */
int config_kept_load(struct config_kept *out, const char *path, struct error *err);
/* As people call it. */
const char *config_kept_branch(const struct config_kept *k);
/* Is it what the repository's file said in `c`? */
bool config_kept_says(const struct config_kept *k, const struct config *c);
/* Write down what the repository's file said in `c`, unless `old` (may be NULL) is that already. */
int config_kept_save(const struct config_kept *old, const struct config *c, const char *branch,
	const char *path, struct error *err);

#endif
