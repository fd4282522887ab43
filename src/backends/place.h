/*
 * place.h - where a store that is a file stands.
 */
#ifndef BACKENDS_PLACE_H
#define BACKENDS_PLACE_H

#include "core/buf.h"
#include "core/error.h"

/*
 * The file that a path means: a symbolic link (people keep such files in a dotfiles tree) is
 * followed, so that the file is written and the link stays. A link to nothing is ERR_IO.
 */
int place_resolve(struct buf *out, const char *path, struct error *err);
/* Make the directory that a file stands in. */
int place_make_parent(const char *path, struct error *err);

#endif
