/*
 * target.h - one file of a hooks directory, and what became of the hook that was there before.
 *
 * pre-commit moves a hook that it finds to <name>.legacy and runs it; lefthook moves it to
 * <name>.old and does not. Ours may be found there.
 */
#ifndef HOOKS_INSTALL_TARGET_H
#define HOOKS_INSTALL_TARGET_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/hash.h"
#include "hooks/install/install.h"
#include "hooks/install/manifest.h"

#define PROGRAM_MAX (64 << 20)

struct target {
	struct buf path;
	struct buf prev; /* where the hook that was there before waits */
	struct buf moved; /* where another tool has put ours; empty if none has */
	bool exists, regular, healthy, marked, chained;
	bool carried; /* what waits is a script of ours, and no hook that could be lost */
	bool run_there; /* that tool runs it */
	char hash[HASH_HEX_SIZE];
	char moved_hash[HASH_HEX_SIZE];
};

int target_look(struct target *t, const char *dir, const char *name, struct error *err);
void target_release(struct target *t);
/* `current` is the digest of the program as it is now. */
enum hook_state target_state(
	const struct target *t, const struct manifest *m, const char *name, const char *current);
/* Are it and the one that waits the same hook, so that keeping one of them is enough? */
bool target_same(const struct target *t);
int target_put_aside(const struct target *t, struct error *err);
int target_put_back(const struct target *t, struct error *err);
/* Ours leaves the place to which a tool has moved it, for the hook that the tool would have found.
 */
int target_take_from_tool(const struct target *t, struct error *err);

#endif
