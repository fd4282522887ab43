/*
 * linked.h - the linked work trees of a clone: `git worktree add`, by a person or for a session.
 *
 * Their branches and refs are the clone's; each has a HEAD, and its log, of its own, in
 * <common git directory>/worktrees/<id>. One that is a session's has a file there that says so
 * (pointer.h), and what happens to the branch that is checked out in it is that session's.
 */
#ifndef HOOKS_OBSERVE_LINKED_H
#define HOOKS_OBSERVE_LINKED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/id.h"
#include "core/pointer.h"
#include "log/journal.h"

struct linked {
	char *git_dir; /* <common>/worktrees/<id> */
	char *top; /* where git knows the work tree to be; it may be gone */
	char *branch; /* full name of what HEAD names, "" when detached */
	char session[ID_UUID_SIZE]; /* "" unless it is a session's */
};

struct linked_list {
	struct linked *v; /* by id */
	size_t n;
};

void linked_release(struct linked_list *l);
/* One that cannot be read is left out: git would not work there either. */
int linked_load(struct linked_list *out, const char *common_dir, struct error *err);
/* The session that has this branch checked out, or NULL. */
const char *linked_session(const struct linked_list *l, const char *branch);
/*
 * The session of `p` is at `top` now, wherever it was before: say so in the journal. In a linked
 * work tree (p->top is set) this does nothing when it was there already, or when `top` is a copy
 * that git does not know.
 */
int observe_found(struct journal *j, struct pointer *p, const char *git_dir, const char *top,
	const char *via, int timeout_ms, struct error *err);

#endif
