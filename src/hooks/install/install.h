/*
 * install.h - puts minsky's hooks into a clone, and takes them out again without a trace.
 *
 * One file per hook name, each a copy of the program minsky-hook, which knows itself by its name.
 * A hook that was there is moved to <name>.minsky-prev and run afterwards with the same arguments,
 * stdin and exit status. A manifest (<common git dir>/minsky/hooks) holds name and SHA-256 of each
 * file that is ours. core.hooksPath is never set or changed.
 */
#ifndef HOOKS_INSTALL_INSTALL_H
#define HOOKS_INSTALL_INSTALL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"

/* Stands in every minsky-hook, so that a copy is known without its manifest. */
#define HOOK_MARKER "minsky-hook abi=1"
/* And this in a script that runs the main repository's hook (repo/hook_carry.h). */
#define HOOK_CARRY_MARKER "minsky carries a hook"

enum hook_state {
	HOOK_ABSENT, /* nothing there */
	HOOK_OURS, /* installed, current */
	HOOK_OLD, /* ours, of another version */
	HOOK_FOREIGN, /* somebody else's, and ours is not in front */
	HOOK_CHANGED, /* was ours, has been altered */
	HOOK_BEHIND, /* another tool has put itself in front of ours, and runs it */
};

struct hook_status {
	const char *name;
	enum hook_state state;
	bool chained; /* <name>.minsky-prev is there */
};

#define HOOK_COUNT_MAX 8

struct hooks_report {
	struct hook_status v[HOOK_COUNT_MAX];
	size_t n;
	bool configured; /* not files: for the caller, who knows git's configuration */
	bool live; /* all are OURS or BEHIND, and git looks in this directory */
};

/* The set for a repository with or without a work tree; NULL-terminated. */
const char *const *hook_names(bool bare);
/*
 * `hooks_dir` is where git looks (git rev-parse --git-path hooks), `program` the minsky-hook to
 * copy. ERR_REFUSED for a directory that is outside common_dir (tracked, or shared by other
 * repositories). Doing it twice changes nothing.
 */
int hooks_install(const char *common_dir, const char *hooks_dir, const char *program, bool bare,
	struct error *err);
/* Restores exactly what was there. A file altered since stays, and is named in *left (may be NULL).
 */
int hooks_uninstall(const char *common_dir, const char *hooks_dir, bool bare, struct buf *left,
	struct error *err);
/* `program` NULL: what is installed is not compared with it; ours are then OLD. */
int hooks_status(const char *common_dir, const char *hooks_dir, const char *program, bool bare,
	struct hooks_report *out, struct error *err);

#endif
