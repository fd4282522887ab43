/*
 * follow_cursor.h - how far a named reader of a journal has come: <journal>/cursors/follow.<name>.
 *
 *	minsky-follow 1
 *	<origin> <seq> <hash>
 *
 * One line for each origin. Replaced as a whole; the lock beside it keeps a second reader of the
 * same name away, and dies with its process.
 */
#ifndef HISTORY_FOLLOW_CURSOR_H
#define HISTORY_FOLLOW_CURSOR_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/heads.h"

struct follow_cursor {
	struct buf path;
	int lock; /* -1: not open */
};

#define FOLLOW_CURSOR_INIT                                                                         \
	{                                                                                          \
		.path = BUF_INIT, .lock = -1                                                       \
	}

/*
 * ERR_USAGE for what cannot be a name, ERR_BUSY when somebody uses it. *found_out tells whether it
 * was there; only then is *heads filled. ERR_CORRUPT when it cannot be understood.
 */
int follow_cursor_open(struct follow_cursor *c, const char *journal_dir, const char *name,
	struct heads *heads, bool *found_out, struct error *err);
int follow_cursor_store(
	const struct follow_cursor *c, const struct heads *heads, struct error *err);
void follow_cursor_close(struct follow_cursor *c);

#endif
