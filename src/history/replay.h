/*
 * replay.h - the sessions of a repository folded anew from its journal, in memory, event by event.
 *
 * What precedes damage is folded; the damage then is the result, and the records stay to be shown.
 */
#ifndef HISTORY_REPLAY_H
#define HISTORY_REPLAY_H

#include "core/event.h"
#include "core/heads.h"
#include "core/session.h"
#include "history/point.h"

/* The sessions of one id, while events are applied. */
struct replay_family {
	char id[ID_UUID_SIZE];
	struct session_family f;
};

struct replay {
	struct session *v; /* in the order of their first events, when all is applied */
	size_t n;
	struct replay_family *families;
	size_t n_families, cap;
	size_t *table; /* open addressing by id: index + 1, 0 is free */
	size_t table_size; /* a power of two, or 0 */
	struct own_origins own;
	struct heads heads; /* up to which it was folded */
	int64_t at; /* when the last event that was folded was learnt, ms */
	uint64_t unknown; /* events that this version does not know */
};

/*
 * Called for each record in order, after it was applied. `e` is NULL for a record that is blank or
 * unreadable; `s` is the session behind it, or NULL if it is about none; `before` the canonical
 * JSON of that session before it, "{}" if there was none.
 */
typedef int replay_fn(void *arg, const struct record *record, const struct event *e,
	const struct session *s, const char *before, struct error *err);

struct replay_wish {
	const struct history_point *until; /* the last one, included; NULL: all */
	const struct heads *upto; /* of each origin only so far; NULL: all */
	const char *session; /* id of the only one to be folded; NULL: all */
	bool shared; /* as in a store that others write too: nothing is this machine's */
	replay_fn *fn; /* may be NULL */
	void *arg;
};

void replay_release(struct replay *r);
/*
 * *out is filled also when the result is ERR_CORRUPT, and empty after any other failure.
 * ERR_NOTFOUND when `until` names a record that is not there.
 */
int replay_run(
	struct replay *out, struct journal *j, const struct replay_wish *wish, struct error *err);
/* NULL: not there. */
const struct session *replay_find(const struct replay *r, const char *id);
/* As commands find one: by id, else by name, else by task; also a deleted one, if none lives. */
const struct session *replay_look_up(const struct replay *r, const char *key, bool deleted);

/* One member of a record that differs; texts are JSON values, NULL where there is none. */
typedef int replay_diff_fn(void *arg, const char *member, const struct json_slice *before,
	const struct json_slice *after, struct error *err);
/*
 * Compare two canonical records. Objects are entered, so that a member may be "prState.head"; an
 * array is one value.
 */
int replay_diff(
	const char *before, const char *after, replay_diff_fn *fn, void *arg, struct error *err);

#endif
