/*
 * scratch.h - throw-away directories and whole files, for tests. Failing is an assertion.
 */
#ifndef TESTS_LIB_SCRATCH_H
#define TESTS_LIB_SCRATCH_H

#include <stddef.h>

#include "core/buf.h"

#define SCRATCH_SIZE 64

/* A new directory, in memory where the machine has that, so that syncing costs nothing. */
void scratch_make(char path[SCRATCH_SIZE]);
void scratch_remove(const char *path);
/* The content of a file, in a new buffer. */
struct buf scratch_read(const char *path);
void scratch_write(const char *path, const void *data, size_t len);
/* "<dir>/<name>" in static storage; four calls long. */
const char *scratch_path(const char *dir, const char *name);

#endif
