/*
 * purge.h - removing for good what was deleted long ago.
 *
 * A workspace stays in the trash for as long as the setting trash.keep says. Deleting a session
 * removes what is older, and `session purge` does on request.
 */
#ifndef SESSION_PURGE_H
#define SESSION_PURGE_H

#include "repo/repo.h"

struct purge_request {
	const char *key; /* only this session, however young: its name or id; NULL: all */
	int64_t keep_ms; /* those deleted longer ago than this; PURGE_KEEP: as trash.keep says */
	bool dry_run;
	int lock_ms; /* how long another purge is waited for */
};

#define PURGE_KEEP (-1)

/*
 * Of this machine's sessions in one repository. Each that went is handed to `fn`, with the place
 * that it had in the trash. What an interrupted purge left is removed as well. ERR_NOTFOUND when
 * the session that was named is not in the trash.
 */
typedef int purge_fn(void *arg, const struct session *s, const char *where, struct error *err);
int session_purge(struct repo *repo, const struct purge_request *req, purge_fn *fn, void *arg,
	struct error *err);

/* trash.keep, in ms. */
int64_t purge_keep(const struct repo *repo);

#endif
