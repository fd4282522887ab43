/*
 * telling.h - what the parts of the bell share: the events that were found and not yet appended.
 *
 * One round of the bell reads a bounded number of lines of each log (so that a clone whose hooks
 * were dark for a year makes headway within a hook's deadline), orders what they say, appends it,
 * and moves the cursor on.
 */
#ifndef HOOKS_TELLING_H
#define HOOKS_TELLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/event.h"
#include "hooks/bell.h"
#include "hooks/cursor.h"
#include "hooks/linked.h"
#include "hooks/reflog.h"
#include "hooks/refs.h"
#include "log/journal.h"

#define LINES_PER_ROUND 1000

/* An event in the making. */
struct tale {
	enum event_type type;
	char *ref;
	char old_oid[65], new_oid[65];
	uint64_t n;
	int64_t at;
	struct buf data;
	bool told; /* is in the batch */
};

/* A line of HEAD's log, kept until the branches' logs have been read. */
struct head_entry {
	struct reflog_entry line; /* message points to `message` */
	char *message;
};

/* An encoded event: stretches of telling.bodies. */
struct batch_entry {
	size_t body, len;
	size_t src, src_len;
};

struct telling {
	const struct bell *b;
	struct journal *j;
	struct cursor cursor;
	bool refs_too; /* this time the table of all refs is compared */
	bool more; /* a log holds more lines than one round reads */
	bool head_fresh; /* HEAD's log is read from its first line */
	uint64_t head_limit; /* number of the last line of HEAD's log to read */
	bool moved; /* the cursor differs from its file */
	bool facts_needed;
	int64_t deadline; /* monotonic */
	int64_t now;
	char *head_name; /* "HEAD" or "worktrees/<name>/HEAD" */
	struct buf head_branch; /* what HEAD names now; "" when detached */
	bool rebasing;
	bool walking; /* through HEAD's log: what is told is its work tree's */
	struct linked_list linked; /* loaded when somebody asks whose a branch is */
	bool linked_loaded;
	const struct cursor *known; /* only history is told: the clone's own cursor */
	int64_t since; /* nothing older */
	bool lost; /* the lines that were told, if the journal has lost them */
	uint64_t head_first; /* number of the first line of HEAD's log to tell of */
	struct tale *tales;
	size_t n_tales, cap_tales;
	struct head_entry *heads;
	size_t n_heads, cap_heads;
	struct buf bodies;
	struct batch_entry *batch;
	size_t n_batch, cap_batch;
};

/* bell.c */
int telling_open(struct telling *t, const struct bell *b, struct journal *j, struct error *err);
int telling_lock(const struct telling *t, int *fd_out, struct error *err);

/* telling.c */
void telling_release(struct telling *t);
/* Forget what the last round found. */
void telling_clear(struct telling *t);
/* The new tale, or NULL when memory is out; its data is to be filled in, its `told` is set by
 * tell(). */
struct tale *telling_add(struct telling *t, enum event_type type, const char *ref,
	const char *old_oid, const char *new_oid, uint64_t n, int64_t at);
/* Encode it into the batch, unless that was done. What cannot be encoded is left out. */
int tell(struct telling *t, struct tale *tale, struct error *err);
/* Append the batch, less what the journal holds already if the cursor is dirty. */
int telling_append(struct telling *t, size_t *appended_out, struct error *err);
int telling_time_left(const struct telling *t);
int telling_load_linked(struct telling *t, struct error *err);

/* bell_log.c */
/* Read on in the log of a ref. When it is not there, `check` is set in the cursor's entry. */
int log_tell(struct telling *t, const char *ref, struct error *err);
/* The ref stands at `oid` ("": gone) and no line says since when. */
int difference_tell(struct telling *t, const char *ref, const char *oid, struct error *err);
/* The entry of the cursor, looked for in its second file too; NULL if it is not there. */
int log_find(struct telling *t, const char *ref, struct cursor_log **out, struct error *err);
bool log_exists(const struct telling *t, const char *ref);

/* bell_head_collect.c */
int head_collect(struct telling *t, struct error *err);
/* Call fn for every branch that the collected lines and HEAD itself speak of. */
typedef int branch_fn(struct telling *t, const char *ref, struct error *err);
int head_branches(struct telling *t, branch_fn *fn, struct error *err);
/*
 * Do the collected lines tell of commits on a branch that is not there any more? Then its log may
 * have another name now, and all of them have to be looked at.
 */
int head_gone(struct telling *t, bool *out, struct error *err);
int head_branch_exists(struct telling *t, const char *ref, bool *out, struct error *err);
/* Leaving a branch, git writes its name; leaving a detached HEAD, all digits of the commit. */
bool head_left_branch(const char *from);
/* "feat" -> "refs/heads/feat", if there is or was such a branch. */
bool head_branch_named(struct telling *t, const char *name, struct buf *out);

/* bell_head.c */
/* Put all tales in the order in which HEAD saw them, and into the batch. */
int head_tell(struct telling *t, struct error *err);

/* history.c */
/* Numbers of the first and the last line to tell in <git_dir>/logs/<log>, `name` in the cursor. */
int history_limits(const struct telling *t, const char *git_dir, const char *log, const char *name,
	uint64_t *first_out, uint64_t *last_out, struct error *err);

/* bell_refs.c */
bool refs_unchanged(const struct telling *t);
int refs_tell(struct telling *t, struct error *err);
int refs_register(struct telling *t, struct error *err);
int refs_register_one(struct telling *t, const char *ref, struct error *err);

#endif
