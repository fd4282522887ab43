/*
 * log_names.h - names of sessions by their ids, for reading a journal: what the store knows, and
 * what the events themselves say on the way.
 */
#ifndef CLI_LOG_NAMES_H
#define CLI_LOG_NAMES_H

#include "cli/context.h"
#include "core/event.h"

struct log_name {
	char id[ID_UUID_SIZE];
	char *name, *task; /* NULL: not known */
	bool deleted;
};

struct log_names {
	struct log_name *v; /* sorted by id */
	size_t n, cap;
};

void log_names_release(struct log_names *names);
/* From the store, projected first. */
int log_names_load(struct log_names *names, struct context *c, struct error *err);
/* Take a name from an event that gives one. */
int log_names_learn(struct log_names *names, const struct event *e, struct error *err);
/* NULL: not known. */
const char *log_names_get(const struct log_names *names, const char *id);
/*
 * Which session does a person mean by its id, name or task? A deleted one keeps its history; a
 * live one of the same name comes first. ERR_NOTFOUND.
 */
int log_names_find(
	const struct log_names *names, const char *key, char out[ID_UUID_SIZE], struct error *err);

#endif
