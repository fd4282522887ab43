/*
 * replay_into.h - a replayed state as a store of its own, for inspection.
 */
#ifndef HISTORY_REPLAY_INTO_H
#define HISTORY_REPLAY_INTO_H

#include "history/replay.h"

/*
 * Make the store `path`, whose ending says of which kind it is, and put all sessions into it.
 * ERR_REFUSED if there is something already, ERR_UNSUPPORTED for a backend that is not built in.
 */
int replay_into(const struct replay *r, const char *repo_id, const char *path, struct error *err);
/* The same refusals, before the work. */
int replay_into_check(const char *path, struct error *err);

#endif
