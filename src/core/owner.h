/*
 * owner.h - could somebody else have changed what a path leads to?
 *
 * A path is walked as the kernel walks it. Each directory on the way, each symbolic link and what
 * it leads to must belong to us or to root, and be writable by nobody else. In a directory with the
 * sticky bit (/tmp) others may make entries, but not replace ours. The modes of symbolic links mean
 * nothing. What is not there cannot be wrong: the walk ends at the first name that is missing.
 *
 * Where each user has a group of the user's own (with the same number, as Debian and others make
 * them), files made under umask 002 can be written by that group: that is nobody else.
 */
#ifndef CORE_OWNER_H
#define CORE_OWNER_H

#include <sys/stat.h>

#include "core/error.h"

/*
 * ERR_REFUSED, with the chown or chmod that would put it right; ERR_IO, also when there are more
 * links than any path has.
 */
int owner_check(const char *path, struct error *err);
/* The same for one file or directory that was looked at already. */
int owner_check_one(const char *path, const struct stat *st, struct error *err);

#endif
