/*
 * libc.h - system calls of Linux that a C library may not have a function for.
 *
 * musl 1.2.3 lacks three that minsky calls. cmake/libc.cmake looks for them and defines
 * MINSKY_NO_... for each that is missing; src/core/libc.c has them then, with the names, arguments
 * and errno of glibc.
 */
#ifndef CORE_LIBC_H
#define CORE_LIBC_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef MINSKY_NO_RENAMEAT2
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1U
#endif
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);
#endif

#ifdef MINSKY_NO_CLOSE_RANGE
int close_range(unsigned int first, unsigned int last, int flags);
#endif

#ifdef MINSKY_NO_STATX
#include <linux/stat.h>
int statx(int fd, const char *path, int flags, unsigned int mask, struct statx *out);
#endif

#endif
