/*
 * manifest.h - what minsky has put into a clone's hooks directory.
 *
 * <common git directory>/minsky/hooks, lines of text:
 *
 *	minsky-hooks 1
 *	dir <path>              of the hooks directory, below the common git directory
 *	made                    the directory was not there before
 *	hook <name> <sha256>    a file of ours; during an upgrade old and new stand here
 */
#ifndef HOOKS_INSTALL_MANIFEST_H
#define HOOKS_INSTALL_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/hash.h"

struct manifest_hook {
	char name[32];
	char hash[HASH_HEX_SIZE];
};

#define MANIFEST_HOOKS_MAX 64

struct manifest {
	char *dir; /* NULL: nothing is installed */
	bool made;
	struct manifest_hook hooks[MANIFEST_HOOKS_MAX];
	size_t n;
};

#define MANIFEST_INIT                                                                              \
	{                                                                                          \
		.dir = NULL                                                                        \
	}

void manifest_release(struct manifest *m);
/* No file: an empty manifest. ERR_CORRUPT if it does not parse. */
int manifest_load(struct manifest *out, const char *common_dir, struct error *err);
/* Writes only what differs; removes the file, and its directory if empty, when dir is NULL. */
int manifest_save(const struct manifest *m, const char *common_dir, struct error *err);
bool manifest_knows(const struct manifest *m, const char *name);
bool manifest_has(const struct manifest *m, const char *name, const char *hash);
int manifest_add(struct manifest *m, const char *name, const char *hash, struct error *err);
/* Forget every hash of that name but `keep` (NULL: all). */
void manifest_drop(struct manifest *m, const char *name, const char *keep);

#endif
