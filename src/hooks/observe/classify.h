/*
 * classify.h - what a reflog line says, as an event.
 *
 * Shape and ids come first: a user's GIT_REFLOG_ACTION replaces git's words, libgit2 and
 * update-ref leave them out. What is not recognised is a branch that was created or moved. Of a
 * message nothing is kept but the subject behind git's own words for a commit, scrubbed and cut,
 * and branch names: a message may hold a URL with a password.
 */
#ifndef HOOKS_OBSERVE_CLASSIFY_H
#define HOOKS_OBSERVE_CLASSIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/event.h"
#include "core/gitfiles/reflog.h"

/*
 * A line of the log of `ref` (refs/heads/... or refs/remotes/...), or of HEAD when it is detached
 * (ref NULL: then only what made a commit counts). EVENT_UNKNOWN: nothing to tell. The event's
 * data is appended to `data`, which stays empty otherwise.
 */
enum event_type classify_line(struct buf *data, const char *ref, const struct reflog_entry *e);
/*
 * Data of an event that was found by comparing: `how` may be NULL, and so may old_oid and new_oid
 * (nothing there); `time_unknown` when nothing says when it happened.
 */
enum event_type classify_difference(struct buf *data, const char *ref, const char *old_oid,
	const char *new_oid, const char *how, bool time_unknown);

/* What a line of HEAD's log says about where HEAD is. */
enum head_step {
	HEAD_STAYS,
	HEAD_SWITCHED, /* from, to: as somebody typed them */
	HEAD_REBASE, /* a step of a rebase, HEAD is detached */
	HEAD_RETURNED, /* a rebase ended; `to` is a full ref name, "" if none */
};

struct head_line {
	enum head_step step;
	struct buf from, to;
};

void head_line_release(struct head_line *l);
int classify_head(struct head_line *out, const struct reflog_entry *e, struct error *err);
/* Did a rebase write this line of HEAD's log, be it begun, going on or over? */
bool classify_rebase_step(const struct reflog_entry *e);
/* Data of the event that a detached HEAD was rebased. */
void classify_rebased(
	struct buf *data, const char *old_oid, const char *new_oid, bool time_unknown);
/*
 * "Branch: renamed A to B" (or copied, or a remote's): full ref names. False for any other line.
 */
bool classify_rename(const struct reflog_entry *e, struct buf *from, struct buf *to, bool *copied);

#endif
