/*
 * bell_check.h - do the hooks of a clone ring? They are started as git starts them, and asked to
 * leave an answer in the journal's directory.
 *
 * A hook of ours that git starts itself is tried by its name. Where another tool stands in front,
 * post-checkout alone is tried, as for a file that was checked out, since that tool and what people
 * wrote for it run too.
 */
#ifndef CLI_BELL_CHECK_H
#define CLI_BELL_CHECK_H

#include "cli/hook_place.h"
#include "core/pointer.h"
#include "hooks/install.h"

enum bell_state {
	BELL_LIVE,
	BELL_DARK,
	BELL_FOREIGN, /* the clone is another user's: hooks do nothing there, nor should they */
};

struct bell_check {
	enum bell_state state;
	struct buf reason; /* a line; of a live one it says by which way, or is empty */
	int64_t last; /* when a hook last rang of itself, in ms; 0: never */
};

#define BELL_CHECK_INIT                                                                            \
	{                                                                                          \
		.reason = BUF_INIT                                                                 \
	}

void bell_check_release(struct bell_check *b);
const char *bell_state_name(enum bell_state s);
/* `report` is how the hooks of this clone stand: hook_state(). */
int bell_check(struct bell_check *b, const char *common_dir, const struct hook_place *place,
	const struct hooks_report *report, struct error *err);

#endif
