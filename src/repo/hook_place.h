/* hook_place.h - where git looks for the hooks of a clone, and whose directory that is. */
#ifndef REPO_HOOK_PLACE_H
#define REPO_HOOK_PLACE_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"
#include "repo/hook_manager.h"

struct hook_place {
	struct buf top; /* of the work tree; the git directory when there is none */
	struct buf directory; /* absolute, as git says; /dev/null when it does not */
	struct buf setting; /* core.hooksPath; only when directory is not the repository's own */
	struct buf
		scope; /* where that is set: "local", "global", "system", "command", "worktree" */
	bool own; /* below the common git directory */
	bool off; /* core.hooksPath is empty, or no directory */
	bool bare;
	enum hook_manager manager;
};

#define HOOK_PLACE_INIT                                                                            \
	{                                                                                          \
		.top = BUF_INIT, .directory = BUF_INIT, .setting = BUF_INIT, .scope = BUF_INIT     \
	}

void hook_place_release(struct hook_place *p);
/* `top` may be NULL: then it is what lies around `common_dir`. */
int hook_place_look(struct hook_place *p, const char *common_dir, const char *top, bool bare,
	struct error *err);
/* One line: why minsky's hooks cannot lie there, or are not safe there. Empty when all is well. */
void hook_place_why(const struct hook_place *p, struct buf *out);

#endif
