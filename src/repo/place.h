/*
 * place.h - is a session's workspace really where this machine's events say?
 *
 * The place comes from what was written here (session.h). Disks change all the same: before
 * anything is moved, deleted or run in it, the directory is asked once more. It has to be ours, a
 * work tree, and the clone that the session has; and the clone and the journal have to name each
 * other.
 */
#ifndef REPO_PLACE_H
#define REPO_PLACE_H

#include "core/error.h"
#include "core/session.h"

struct repo;

/*
 * ERR_REFUSED, and what is there instead. A workspace that is not there, or whose .git cannot be
 * read, is nobody else's: 0.
 */
int place_prove(const struct repo *repo, const struct session *s, struct error *err);

#endif
