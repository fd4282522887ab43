/*
 * dir.h - the names in a directory, with the errors of reading it.
 *
 *	r = dir_open(&d, path, err);
 *	while (r == 0 && (r = dir_next(&d, &name, err)) == 0 && name)
 *		...
 *	dir_close(&d);
 *
 * A directory that cannot be read to its end is an error, never a short one: what is deleted,
 * declared lost or allowed may depend on what is not in it. "." and ".." are left out; the order
 * is the file system's.
 */
#ifndef CORE_DIR_H
#define CORE_DIR_H

#include <dirent.h>

#include "core/error.h"

struct dir {
	DIR *stream; /* NULL: closed */
	char *shown; /* for messages */
};

#define DIR_INIT                                                                                   \
	{                                                                                          \
		.stream = NULL                                                                     \
	}

/* ERR_NOTFOUND if there is nothing there. `path` is copied. */
int dir_open(struct dir *d, const char *path, struct error *err);
/* The same, but what is not there is empty. */
int dir_open_or_empty(struct dir *d, const char *path, struct error *err);
/* Takes over fd, also when it fails. */
int dir_open_fd(struct dir *d, int fd, const char *shown, struct error *err);
/* The next name, good until the next call; NULL at the end. */
int dir_next(struct dir *d, const char **name_out, struct error *err);
/* Accepts one that is not open. */
void dir_close(struct dir *d);

#endif
