/*
 * delete.h - deleting a session without losing anything, and bringing it back.
 *
 * Deleting moves the workspace to the trash (trash.h); restoring moves it back. What stands against
 * it is collected as the app's reasons; any error of git is a reason.
 */
#ifndef SESSION_DELETE_H
#define SESSION_DELETE_H

#include "repo/repo.h"

/* ERR_REFUSED when there are reasons, unless `override` (why it is done all the same) is given. */
int remove_session(struct repo *repo, struct session *s, const char *override, bool dry_run,
	struct error *err);
/* Add a reason for each process that works in the directory. */
int remove_find_processes(struct repo *repo, const char *workspace, struct error *err);
/* By name or id, the one that was deleted last; `one`: ERR_USAGE if there are several. Projects. */
int remove_find_deleted(
	struct repo *repo, const char *key, bool one, struct session *out, struct error *err);
int restore_session(struct repo *repo, struct session *s, struct error *err);

#endif
