/*
 * delete.h - deleting a session without losing anything, and bringing it back.
 *
 * Deleting moves the workspace to the trash (trash.h); restoring moves it back. What stands against
 * deleting is collected as reasons; any error of git is one.
 */
#ifndef SESSION_DELETE_H
#define SESSION_DELETE_H

#include "core/outcome.h"
#include "repo/repo.h"

struct delete_request {
	const char *override; /* why it is deleted although work could be lost; NULL: it is not */
	bool dry_run;
	const char *cwd; /* where whoever asks is, which must not vanish; NULL: nowhere */
};

struct delete_result {
	struct outcome outcome; /* filled also on failure: the reasons */
	struct session session; /* as it is now */
	size_t purged; /* others that were deleted long ago and left the trash for good */
};

void delete_result_release(struct delete_result *res);

/*
 * *s is a session of `repo`. ERR_REFUSED when there are reasons and no override, on another
 * machine, and when `cwd` is inside the workspace.
 */
int session_delete(struct repo *repo, struct session *s, const struct delete_request *req,
	struct delete_result *out, struct error *err);

struct restore_result {
	struct outcome outcome;
	struct session session;
};

void restore_result_release(struct restore_result *res);

/* `key`: name or id; of several with that name the one that was deleted last. */
int session_restore(
	struct repo *repo, const char *key, struct restore_result *out, struct error *err);

/* By name or id, the one that was deleted last; `one`: ERR_USAGE if there are several. Projects. */
int session_find_deleted(
	struct repo *repo, const char *key, bool one, struct session *out, struct error *err);
/* Add a reason for each process that works in the directory. */
int find_processes(const char *dir, struct outcome *outcome, struct error *err);

#endif
