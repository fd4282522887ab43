/*
 * stat_cache.h - the times of many files that lie in few directories.
 *
 * A list looks at three files for each of hundreds of sessions, and walking to each of them from
 * the root is the largest part of what list costs. So the directory that they have in common stays
 * open, until a path comes that lies elsewhere.
 */
#ifndef CORE_STAT_CACHE_H
#define CORE_STAT_CACHE_H

#include <stdint.h>

#include "core/buf.h"

struct stat_cache {
	int fd; /* -1: none is open */
	struct buf dir;
};

#define STAT_CACHE_INIT                                                                            \
	{                                                                                          \
		.fd = -1, .dir = BUF_INIT                                                          \
	}

void stat_cache_release(struct stat_cache *n);
/*
 * When a file was last written, in ms; 0 if it is not there. What stands in front of the last
 * `names` names of the path is the directory. `flags` are those of fstatat(2).
 */
int64_t stat_cache_mtime(struct stat_cache *n, const char *path, int names, int flags);

#endif
