/*
 * hook_setup.h - installing hooks from the command line: which directory does git look in, which
 * program is copied there, and the event that says so.
 */
#ifndef REPO_HOOK_SETUP_H
#define REPO_HOOK_SETUP_H

#include <stdbool.h>

#include "hooks/install/install.h"
#include "repo/hook_place.h"
#include "repo/repo.h"

/* The installed minsky-hook: MINSKY_HOOK_PROGRAM, else beside this program, else where it was built
 * to. */
int hook_program(struct buf *out, struct error *err);
/*
 * Install into a clone and journal it; nothing is journaled when nothing changed. One form only,
 * that which fits this git: the other one is taken out. ERR_REFUSED where git looks in somebody
 * else's directory, and in a repository of another user.
 */
int hook_setup(struct repo *repo, const char *common_dir, const char *clone, const char *session,
	bool bare, struct error *err);
/* Does it belong to another user? */
bool hook_foreign(const char *common_dir);
/* Are they in a clone already, as this git wants them? False also where that cannot be told. */
bool hook_there(const struct repo *repo, const char *common_dir, bool bare);

/* How it stands, whatever the form. */
int hook_state(const char *common_dir, const struct hook_place *place, const char *program,
	struct hooks_report *out, struct error *err);
/*
 * Take out what there is of any form, and journal that if there was any. *left as in install.h,
 * *any_out (may be NULL): there was.
 */
int hook_remove(struct repo *repo, const char *common_dir, const struct hook_place *place,
	const char *clone, const char *session, struct buf *left, bool *any_out, struct error *err);

#endif
