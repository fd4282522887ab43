/*
 * scratch.h - throw-away directories and whole files, for tests. Failing is an assertion.
 */
#ifndef TESTS_LIB_SCRATCH_H
#define TESTS_LIB_SCRATCH_H

#include <stddef.h>

#include "core/buf.h"

#define SCRATCH_SIZE 64

/*
 * Where throw-away files go: $TMPDIR, else memory where the machine has enough of it, so that syncing
 * costs nothing, else /tmp. tests/lib/place.sh decides the same for scripts.
 */
const char *scratch_base(void);
/* The same without $TMPDIR, where other users get to as well: what a server has. */
const char *scratch_memory(void);
/* A new directory there. */
void scratch_make(char path[SCRATCH_SIZE]);
void scratch_remove(const char *path);
/* A path at which there is nothing: below a directory of this program's that nobody writes to. */
const char *scratch_absent(void);
/* The content of a file, in a new buffer. */
struct buf scratch_read(const char *path);
void scratch_write(const char *path, const void *data, size_t len);
/* "<dir>/<name>" in static storage; four calls long. */
const char *scratch_path(const char *dir, const char *name);

#endif
