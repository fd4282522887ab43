/*
 * pointer.h - how a clone on disk is tied to its journal.
 *
 * minsky writes the file <common git directory>/minsky/journal, lines of "key value":
 *
 *	minsky-pointer 1
 *	repo <32 hex>          repository id
 *	journal <path>         of the journal directory, which lies below the state directory
 *	clone <32 hex>         id of this clone, good only with the next two
 *	path <path>            real path of the common git directory
 *	inode <dev>:<ino>      of that directory, decimal
 *	session <uuid>         only in a session's workspace
 *	name <name>            only there: the session's name when it was started
 *
 * A session may have a linked work tree of a repository instead of a clone. The clone is then the
 * repository's, and <git directory of the work tree>/minsky/session says whose it is:
 *
 *	minsky-session 1
 *	session <uuid>
 *	name <name>
 *	top <path>             real path of the work tree, when it was last seen
 *
 * A moved clone keeps its inode, a copied one has neither path nor inode of the original; a
 * restored backup has the path alone. minsky-hook reads this file at every ring, so it is plain
 * text and reading it needs no library. Unknown keys are kept out and ignored.
 */
#ifndef CORE_POINTER_H
#define CORE_POINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/id.h"

struct pointer {
	char repo[ID_HEX_SIZE];
	char clone[ID_HEX_SIZE];
	char session[ID_UUID_SIZE]; /* "" outside a session's workspace */
	char *name; /* NULL there too */
	char *journal;
	char *path;
	char *top; /* of a session's linked work tree, else NULL; the session is then that one's */
	uint64_t dev, ino;
};

#define POINTER_INIT                                                                               \
	{                                                                                          \
		.name = NULL                                                                       \
	}

enum pointer_place {
	POINTER_HERE, /* path and inode agree */
	POINTER_MOVED, /* inode agrees, path does not */
	POINTER_REPLACED, /* path agrees, inode does not: a restored backup */
	POINTER_COPIED, /* neither: somebody copied the directory */
};

void pointer_release(struct pointer *p);
/*
 * ERR_NOTFOUND if there is none; ERR_CORRUPT if it does not parse; ERR_REFUSED if the file, or the
 * journal directory that it names, belongs to somebody else or can be written by others, parents
 * included, or if that directory is not <state>/journal/<name>: a path in a file says which journal
 * is meant, never where one is believed. That it is missing shows when it is opened.
 */
int pointer_read(struct pointer *out, const char *common_dir, struct error *err);
/* Atomically; makes <common_dir>/minsky. Sets path, dev and ino from common_dir. */
int pointer_write(struct pointer *p, const char *common_dir, struct error *err);
/*
 * Is `common_dir` a clone whose pointer says that it is here, and which the journal that it names
 * lists at this place? What only one of the two sides says is no bond.
 */
bool pointer_bound(const char *common_dir);
enum pointer_place pointer_where(const struct pointer *p, const char *common_dir);
/*
 * Bring the file up to date with where the clone is (in *place_out: what it was before). Moved: the
 * path follows. Replaced: a new clone id, the session stays. Copied: nothing, unless `adopt_copy`:
 * a new clone id and no session, since that stays with the original.
 */
int pointer_update(struct pointer *p, const char *common_dir, bool adopt_copy,
	enum pointer_place *place_out, struct error *err);

/*
 * After pointer_read() and pointer_settle(): if `git_dir`, of a linked work tree, is a session's,
 * `p` becomes that session's. pointer_write() then still writes the repository's own.
 */
int pointer_enter(struct pointer *p, const char *git_dir, struct error *err);
/* Say that the linked work tree is p->session's, and that it is at `top`, which goes into p->top.
 */
int pointer_write_linked(
	struct pointer *p, const char *git_dir, const char *top, struct error *err);

#endif
