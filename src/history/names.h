/*
 * history_names.h - names of sessions by their ids, for reading a journal: what the store knows,
 * and what the events themselves say on the way.
 */
#ifndef HISTORY_NAMES_H
#define HISTORY_NAMES_H

#include "core/event.h"
#include "repo/repo.h"

struct history_name {
	char id[ID_UUID_SIZE];
	char *name, *task; /* NULL: not known */
	char owner[ID_HEX_SIZE]; /* "": not known */
	bool deleted;
};

struct history_names {
	struct history_name *v; /* sorted by id */
	size_t n, cap;
	struct own_origins own; /* this machine's */
};

void history_names_release(struct history_names *names);
/* From the store, projected first. */
int history_names_load(struct history_names *names, struct repo *repo, struct error *err);
/* Take a name from an event that gives one. */
int history_names_learn(struct history_names *names, const struct event *e, struct error *err);
/* Has the event an effect, as far as that goes by whose word counts (event_shape.h)? */
bool history_names_heeded(const struct history_names *names, const struct event *e);
/* NULL: not known. */
const char *history_names_get(const struct history_names *names, const char *id);
/*
 * Which session does a person mean by its id, name or task? A deleted one keeps its history; a
 * live one of the same name comes first. ERR_NOTFOUND.
 */
int history_names_find(const struct history_names *names, const char *key, char out[ID_UUID_SIZE],
	struct error *err);

#endif
