/*
 * hook_check.h - do the hooks of a clone ring? They are started as git starts them, and asked to
 * leave an answer in the journal's directory.
 *
 * A hook of ours that git starts itself is tried by its name. Where another tool stands in front,
 * post-checkout alone is tried, as for a file that was checked out, since that tool and what people
 * wrote for it run too.
 */
#ifndef REPO_HOOK_CHECK_H
#define REPO_HOOK_CHECK_H

#include "core/pointer.h"
#include "hooks/install/install.h"
#include "repo/hook_place.h"

enum hooks_work {
	HOOKS_WORK,
	HOOKS_DO_NOT_WORK,
	HOOKS_FOREIGN, /* the clone is another user's: hooks do nothing there, nor should they */
};

struct hook_check {
	enum hooks_work state;
	struct buf reason; /* a line; of a live one it says by which way, or is empty */
	int64_t last; /* when a hook last rang of itself, in ms; 0: never */
};

#define HOOK_CHECK_INIT                                                                            \
	{                                                                                          \
		.reason = BUF_INIT                                                                 \
	}

void hook_check_release(struct hook_check *b);
/* "work", "do not work", "are not used"; and for programs: "work", "do-not-work", "foreign". */
const char *hooks_work_name(enum hooks_work s);
const char *hooks_status_word(enum hooks_work s);
/* `report` is how the hooks of this clone stand: hook_state(). */
int hook_check(struct hook_check *b, const char *common_dir, const struct hook_place *place,
	const struct hooks_report *report, struct error *err);

#endif
