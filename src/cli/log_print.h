/*
 * log_print.h - the journal as a list of events, for `journal log` and `session log`.
 */
#ifndef CLI_LOG_PRINT_H
#define CLI_LOG_PRINT_H

#include "cli/context.h"

struct log_filter {
	const char *session; /* name, id or task; NULL: all */
	const char *type; /* whole, or up to a dot: "pr", "pr.created" */
	const char *since, *until;
	size_t count; /* the newest N; 0: all */
	bool reverse; /* newest first */
};

/* As text, or with --json one envelope a line, verbatim. */
int log_print(struct context *c, const struct log_filter *filter, struct error *err);

#endif
