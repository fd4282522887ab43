/*
 * observe.h - somebody rang, or a command wants to be up to date: what happened in this clone since
 * its cursor is turned into events and appended, each exactly once.
 *
 * The cursor (<journal>/cursors/<clone>) holds, for each log read, its place; the last known value
 * of refs whose deletion leaves no line; and the journal seq at which all that was true. After a
 * kill between append and cursor, the records above that seq are searched for the same `src`.
 * No git process, no libgit2, no network.
 */
#ifndef HOOKS_OBSERVE_OBSERVE_H
#define HOOKS_OBSERVE_OBSERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/pointer.h"
#include "log/journal.h"

struct observation {
	const char *git_dir; /* of the (linked) work tree */
	const char *common_dir;
	const struct pointer *pointer;
	const char *via; /* "hook" or "reconcile" */
	bool all_refs; /* a command's: every branch and tracking ref, not only HEAD's and pr */
	bool no_rebase; /* the caller has looked: none is under way */
	int64_t started_us; /* monotonic; events then tell how long they took to get here. 0: not */
	int timeout_ms; /* for all locks together */
	const char *pushed; /* post-receive's stdin ("old new ref" lines), or NULL */
	size_t pushed_len;
	/*
	 * Not NULL: nothing is appended and the cursor stays where it is; called with the body of
	 * each event that would be.
	 */
	int (*show)(void *arg, const char *body, size_t len, struct error *err);
	void *show_arg;
};

struct observe_result {
	size_t events; /* appended, or shown */
	bool facts_needed; /* a base or pr branch moved: somebody must look at the commit graph */
};

/* ERR_BUSY when a lock was not to be had in time: the lines stay for the next bell. */
int observe(const struct observation *b, struct journal *j, struct observe_result *out,
	struct error *err);
/*
 * Start a cursor at the present: what the logs hold already is history that minsky does not tell.
 * `seq` is the journal's head at this moment.
 */
int observe_start(const struct observation *b, struct journal *j, struct error *err);
/*
 * The same for a linked work tree and the branch that is checked out in it, in a clone whose
 * cursor has begun: they were made for a session, which is no news.
 */
int observe_pass(const struct observation *b, struct journal *j, struct error *err);
void observe_forget(const char *journal_dir, const char *clone);

/*
 * Marks that facts are needed: <journal>/facts-needed counts them, facts-settled says up to which
 * somebody has looked. Read the count first, look, then settle that count.
 */
int pr_stale_mark(const char *journal_dir, struct error *err);
uint64_t pr_stale_count(const char *journal_dir);
bool pr_stale(const char *journal_dir);
int pr_stale_clear(const char *journal_dir, uint64_t marks, struct error *err);
/* Branches that sessions are based on, one a line in <journal>/watch: a move of one needs facts. */
int watched_base_add(const char *journal_dir, const char *branch, struct error *err);
bool watched_base_has(const char *journal_dir, const char *branch);

/*
 * When a hook last rang: the time of <journal>/cursors/<id>.bell, in ms; 0: never. The id is the
 * clone's, or the session's if that has a linked work tree.
 */
void last_hook_path(struct buf *out, const char *journal_dir, const char *id);
void last_hook_note(const char *journal_dir, const char *id, int64_t now);
int64_t last_hook_time(const char *journal_dir, const char *id);
const char *last_hook_id(const struct pointer *p);

#endif
