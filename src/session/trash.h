/*
 * trash.h - where the workspaces of deleted sessions are, and how they leave it again.
 *
 * The trash is <state>/trash. Where workspaces are on another file system, it is beside them, in
 * .trash, since a workspace is moved by renaming it. One has the session's id for a name there, and
 * .<id>.purge when it is not to be restored any more: that is then told by session.purged. With
 * .<id>.gone it was told, and is being removed. So one that was interrupted can be gone on with.
 */
#ifndef SESSION_TRASH_H
#define SESSION_TRASH_H

#include "core/outcome.h"
#include "repo/repo.h"

enum trash_state {
	TRASH_NOTHING,
	TRASH_KEPT,
	TRASH_LEAVING, /* .purge */
	TRASH_GONE, /* .gone */
};

/* What is there of a deleted session. *where, if anything is, is the path under which it was kept.
 */
int trash_look(struct repo *repo, const struct session *s, enum trash_state *state_out,
	struct buf *where, struct error *err);

/* Of a linked work tree git keeps what belongs to it (git/worktree.h), and its branch is free. */
int trash_put(struct repo *repo, const struct session *s, struct buf *where, struct error *err);
/* Can it be taken out? The errors are those of trash_take_out(). */
int trash_check(struct repo *repo, const struct session *s, struct error *err);
/* Back to where it was. ERR_NOTFOUND if it is not there, ERR_REFUSED if its place is taken. */
int trash_take_out(
	struct repo *repo, const struct session *s, struct outcome *outcome, struct error *err);

/*
 * A linked work tree that is out of the trash, and of which git does not know that yet.
 * trash_finish goes on from there.
 */
bool trash_is_half(const struct session *s);
int trash_finish(
	const struct session *s, struct outcome *outcome, bool *done_out, struct error *err);

/* The steps of a purge; `where` as trash_look() has it. ERR_NOTFOUND: somebody else was faster. */
int trash_leave(const char *where, struct error *err);
int trash_told(const char *where, struct error *err);
int trash_remove(struct repo *repo, const struct session *s, const char *where, struct error *err);

#endif
