/*
 * recover.h - going on with what was interrupted.
 *
 * A session that is restored, or whose workspace is moved, says so in the journal before anything
 * is done. Whoever finds the record ahead of the directories finishes it: the workspace is where
 * the trash or the clone's own file says, nobody is at it, and it belongs where the record says.
 * One that is being deleted goes to the trash first: until the journal says so, it comes back.
 */
#ifndef SESSION_RECOVER_H
#define SESSION_RECOVER_H

#include "core/outcome.h"
#include "repo/repo.h"

/* *s is a session of `repo`. Nothing happens when its workspace is where it should be. */
int session_recover(
	struct repo *repo, const struct session *s, struct outcome *outcome, struct error *err);
/* The same for all of them. */
int session_recover_all(struct repo *repo, struct outcome *outcome, struct error *err);

/* Move a clone's workspace, and say in it and in the list of clones where it is. */
int workspace_move_clone(struct repo *repo, const struct session *s, const char *from,
	const char *to, struct error *err);

#endif
