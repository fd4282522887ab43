/*
 * pending.h - what the parts of the bell share: the events that were found and not yet appended.
 *
 * One round of the bell reads a bounded number of lines of each log (so that a clone whose hooks
 * were dark for a year makes headway within a hook's deadline), orders what they say, appends it,
 * and moves the cursor on.
 */
#ifndef HOOKS_OBSERVE_PENDING_H
#define HOOKS_OBSERVE_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/event.h"
#include "core/gitfiles/reflog.h"
#include "core/gitfiles/refs.h"
#include "core/oid.h"
#include "hooks/observe/cursor.h"
#include "hooks/observe/linked.h"
#include "hooks/observe/observe.h"
#include "log/journal.h"

#define LINES_PER_ROUND 1000

/* An event in the making. */
struct pending_event {
	enum event_type type;
	char *ref;
	struct oid old_oid, new_oid;
	uint64_t n;
	int64_t at;
	struct buf data;
	bool reread; /* its log lost lines: this one may have been told */
	bool told; /* is in the batch */
};

/* A line of HEAD's log, kept until the branches' logs have been read. */
struct head_entry {
	struct reflog_entry line; /* message points to `message` */
	char *message;
};

/* A work tree: its HEAD, and what that one's log has said since the last time. */
struct tree {
	char *git_dir;
	char *name; /* "HEAD" or "worktrees/<name>/HEAD" */
	struct buf branch; /* what HEAD names now; "" when detached */
	char session[ID_UUID_SIZE]; /* whose it is; "" */
	bool rebasing;
	bool fresh; /* HEAD's log is read from its first line */
	bool reread; /* and some of it not for the first time */
	uint64_t first, limit; /* numbers of the first and the last line of it to tell of */
	struct head_entry *lines;
	size_t n_lines, cap_lines;
};

/* An encoded event: stretches of telling.bodies. */
struct batch_entry {
	size_t body, len;
	size_t src, src_len;
	bool reread;
};

struct pending {
	const struct observation *b;
	struct journal *j;
	struct cursor cursor;
	bool refs_too; /* this time the table of all refs is compared */
	bool more; /* a log holds more lines than one round reads */
	bool rewritten; /* a log lost lines: what is left of it may have been told */
	bool rereading; /* that log is being read */
	bool moved; /* the cursor differs from its file */
	bool facts_needed;
	int64_t deadline; /* monotonic */
	int64_t now;
	struct tree own; /* where the hook rang */
	struct tree *others; /* the clone's other work trees, once all of them are looked at */
	size_t n_others;
	bool all_trees;
	struct tree *at; /* the one that is being looked at */
	bool walking; /* through HEAD's log: what is told is its work tree's */
	struct linked_list linked; /* loaded when somebody asks whose a branch is */
	bool linked_loaded;
	const struct cursor *known; /* only history is told: the clone's own cursor */
	int64_t since; /* nothing older */
	bool lost; /* the lines that were told, if the journal has lost them */
	struct pending_event *events;
	size_t n_events, cap_events;
	struct buf bodies;
	struct batch_entry *batch;
	size_t n_batch, cap_batch;
};

/* observe.c */
int pending_open(
	struct pending *t, const struct observation *b, struct journal *j, struct error *err);
int pending_lock(const struct pending *t, int *fd_out, struct error *err);

/* pending.c */
void pending_release(struct pending *t);
/* Forget what the last round found. */
void pending_clear(struct pending *t);
/* The new tale, or NULL when memory is out; its data is to be filled in, its `told` is set by
 * tell(). */
struct pending_event *pending_add(struct pending *t, enum event_type type, const char *ref,
	const char *old_oid, const char *new_oid, uint64_t n, int64_t at);
/* Encode it into the batch, unless that was done. What cannot be encoded is left out. */
int pending_encode(struct pending *t, struct pending_event *event, struct error *err);
/* Append the batch, less what the journal holds already if the cursor is dirty. */
int pending_append(struct pending *t, size_t *appended_out, struct error *err);
int pending_time_left(const struct pending *t);
int pending_load_linked(struct pending *t, struct error *err);

/* moved.c */
/* Is somebody renaming this branch at this moment? Then it is neither gone nor here. */
int log_moving(struct pending *t, const char *ref, bool *out, struct error *err);
/* The ref is not there: that is all right since its log is told under its new name, or will be. */
int log_follow(struct pending *t, const char *ref, bool *out, struct error *err);

/* rewritten.c */
/* Take out of the batch what the journal holds already, from whichever place in the logs. */
int rewritten_drop_told(struct pending *t, struct error *err);
/*
 * Take out of the batch what is the same event as this one, though its log may have another name or
 * other numbers now, and what of the same log is `with_older` than it.
 */
void told_drop(struct pending *t, const char *body, size_t len, bool with_older);

/* trees.c */
/* Its name in the cursor, and its HEAD. */
int tree_open(struct tree *tree, const char *git_dir, const char *common_dir, struct error *err);
void tree_release(struct tree *tree);
void tree_clear(struct tree *tree);
char *tree_head_name(const char *git_dir, const char *common_dir);
/*
 * From now on the other work trees' HEADs are looked at as well. Whoever reads a branch that
 * another work tree worked on has to: what its HEAD did there is told with it, once and as its own.
 */
int trees_open(struct pending *t, struct error *err);
/* Call fn with t->at at each of the trees, from the `first` on: 0 is the own one. */
typedef int tree_fn(struct pending *t, struct error *err);
int trees_each(struct pending *t, size_t first, tree_fn *fn, struct error *err);
/* Was something found on a branch that is not the own HEAD's doing? */
bool trees_foreign(const struct pending *t);

/* observe_log.c */
/* Read on in the log of a ref. When it is not there, `check` is set in the cursor's entry. */
int observe_log(struct pending *t, const char *ref, struct error *err);
/* The ref stands at `oid` ("": gone) and no line says since when. */
int observe_difference(
	struct pending *t, const char *ref, const struct oid *oid, struct error *err);
/* The entry of the cursor, looked for in its second file too; NULL if it is not there. */
int log_find(struct pending *t, const char *ref, struct cursor_log **out, struct error *err);
bool log_exists(const struct pending *t, const char *ref);

/* observe_head_collect.c */
int head_collect(struct pending *t, struct error *err);
/* Call fn for every branch that the collected lines and HEAD itself speak of. */
typedef int branch_fn(struct pending *t, const char *ref, struct error *err);
int head_branches(struct pending *t, branch_fn *fn, struct error *err);
/*
 * Do the collected lines tell of commits on a branch that is not there any more? Then its log may
 * have another name now, and all of them have to be looked at.
 */
int head_gone(struct pending *t, bool *out, struct error *err);
int head_branch_exists(struct pending *t, const char *ref, bool *out, struct error *err);
/* Leaving a branch, git writes its name; leaving a detached HEAD, all digits of the commit. */
bool head_left_branch(const char *from);
/* "feat" -> "refs/heads/feat", if there is or was such a branch. */
bool head_branch_named(struct pending *t, const char *name, struct buf *out);

/* observe_head.c */
/* Put the events in the order in which the HEADs saw them, and into the batch. */
int observe_heads(struct pending *t, struct error *err);

/* past.c */
/* Numbers of the first and the last line to tell in <git_dir>/logs/<log>, `name` in the cursor. */
int history_limits(const struct pending *t, const char *git_dir, const char *log, const char *name,
	uint64_t *first_out, uint64_t *last_out, struct error *err);

/* observe_refs.c */
bool refs_unchanged(const struct pending *t);
int observe_refs(struct pending *t, struct error *err);
int refs_register(struct pending *t, struct error *err);
int refs_register_one(struct pending *t, const char *ref, struct error *err);

#endif
