/*
 * cursor.h - how far the reflogs of a clone have been told, and where its refs stood then.
 *
 * Two files in <journal>/cursors, lines of text:
 *
 *	minsky-cursor 1
 *	state clean              "dirty" while events are being appended
 *	sum <sha256>             of all that follows
 *	boot <uuid>              of the running system, when it was written
 *	seq <n>                  the journal's head when all of this was true
 *	head <a|d|r> <branch>    per work tree, in the line behind its log: attached, detached, or
 *	                         in a rebase; the branch is "-" when detached, and where HEAD was
 *	                         before it began is the word when a detached one is rebased
 *	log <offset> <count> <anchor> <oid> <name>
 *	dir <mtime ns> <path>    <clone>.refs only: directories of refs, as last looked at
 *
 * <clone> holds what a bell reads: HEAD's log, the branches that were touched, those of PRs.
 * <clone>.refs holds every branch and tracking ref; commands write it, and take out of <clone>
 * what no bell needs. A log in <clone> overrides the same one in <clone>.refs, so a kill between
 * the two writes is harmless; one with offset 0 and no oid is a ref that is gone. Neither file is
 * synced: after a power cut the boot id differs, and then, as when the state is dirty, the journal
 * is searched for what was told already. Empty lines at the end are room to grow.
 *
 * A name is a ref, "HEAD", or "worktrees/<name>/HEAD". anchor and oid are "-" when empty.
 */
#ifndef HOOKS_OBSERVE_CURSOR_H
#define HOOKS_OBSERVE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/gitfiles/reflog.h"
#include "core/id.h"
#include "core/oid.h"

struct cursor_log {
	char *name;
	struct reflog_place place;
	struct oid oid; /* where the ref stood; "" if that is not known */
	char head; /* of a HEAD: 'a', 'd' or 'r'; 0 for a ref */
	char *branch; /* of an attached HEAD: full ref name */
	struct oid rebased; /* of a detached HEAD in a rebase: where it was before; "" */
	bool hot; /* goes into <clone> */
	bool seen, check; /* for the caller: its log is there; its log is not, compare the ref */
};

struct cursor_dir {
	char *path; /* relative to the common git directory */
	int64_t mtime;
};

struct cursor {
	uint64_t seq;
	bool dirty; /* as read: what is above seq may have been told */
	bool all; /* <clone>.refs has been read */
	struct cursor_log *v; /* sorted by name */
	size_t n, cap;
	struct cursor_dir *dirs;
	size_t n_dirs;
	size_t size; /* of <clone>, as read; 0: not read */
	int fd; /* <clone>, from cursor_set_dirty() on, to be overwritten; -1: not open */
};

#define CURSOR_INIT                                                                                \
	{                                                                                          \
		.fd = -1                                                                           \
	}

void cursor_release(struct cursor *c);
/*
 * Read <clone>, and <clone>.refs too if `all`. When <clone> is damaged or missing, <clone>.refs
 * stands in, marked dirty; ERR_NOTFOUND or ERR_CORRUPT is what that one is then.
 */
int cursor_load(struct cursor *out, const char *journal_dir, const char *clone, bool all,
	struct error *err);
/* Add what <clone>.refs knows, unless that was done. */
int cursor_load_refs(
	struct cursor *c, const char *journal_dir, const char *clone, struct error *err);
/* Say that events are about to be appended. */
int cursor_set_dirty(
	struct cursor *c, const char *journal_dir, const char *clone, struct error *err);
/* Clean, at c->seq. Writes <clone>.refs as well if `all`. */
int cursor_save(
	struct cursor *c, const char *journal_dir, const char *clone, bool all, struct error *err);
int cursor_lock(
	const char *journal_dir, const char *clone, int timeout_ms, int *fd_out, struct error *err);
void cursor_forget(const char *journal_dir, const char *clone);
/* A clone that was put back from a backup under a new id goes on where the old one stood. */
int cursor_inherit(const char *journal_dir, const char *from, const char *to, struct error *err);

/* NULL if it is not there. Pointers into the cursor are good until the next cursor_add(). */
struct cursor_log *cursor_find(const struct cursor *c, const char *name);
/* An empty one if it is not there. NULL when memory is out. */
struct cursor_log *cursor_add(struct cursor *c, const char *name);
void cursor_remove(struct cursor *c, const char *name);
int cursor_add_dir(struct cursor *c, const char *path, int64_t mtime, struct error *err);
void cursor_clear_dirs(struct cursor *c);

#endif
