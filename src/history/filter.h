/*
 * history_filter.h - which events a reader of the journal asks for.
 */
#ifndef HISTORY_FILTER_H
#define HISTORY_FILTER_H

#include "history/names.h"
#include "history/walk.h"

struct history_filter {
	/* as typed; NULL: not asked for */
	const char *session; /* name, id or task */
	const char *type; /* whole, or up to a dot: "pr", "pr.created" */
	const char *actor; /* user, host or agent */
	const char *branch;
	const char *since, *until;
	const char *from, *to; /* places */
	bool own; /* written on this machine */
	/* understood by history_filter_prepare() */
	char session_id[ID_UUID_SIZE];
	int64_t since_ms, until_ms; /* learnt at; 0: open */
	struct log_range range;
	char origins[3][ID_HEX_SIZE]; /* that this machine wrote to, with `own` */
};

int history_filter_prepare(struct history_filter *f, const struct history_names *names,
	struct journal *j, struct error *err);
/* `e` is NULL for a record whose body is blanked or cannot be understood: nobody knows about whom
 * it is, so that only times and places choose it. */
bool history_filter_fits(
	const struct history_filter *f, const struct record *record, const struct event *e);

/*
 * The event of a record. False, with *e zeroed, when the body is blanked or no event at all; its
 * hash is good, so this is not damage. *r_out is ERR_NOMEM when memory is out.
 */
bool log_decode(struct event *e, const struct record *record, int *r_out, struct error *err);

#endif
