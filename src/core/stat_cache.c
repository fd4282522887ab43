#include "core/stat_cache.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void stat_cache_release(struct stat_cache *n)
{
	if (n->fd >= 0)
		close(n->fd);
	buf_release(&n->dir);
	*n = (struct stat_cache)STAT_CACHE_INIT;
}

static void go_to(struct stat_cache *n, const char *dir, size_t len)
{
	if (n->fd >= 0 && n->dir.len == len && memcmp(n->dir.data, dir, len) == 0)
		return;
	stat_cache_release(n);
	buf_add(&n->dir, dir, len);
	if (!n->dir.failed)
		n->fd = open(n->dir.data, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int64_t stat_cache_mtime(struct stat_cache *n, const char *path, int names, int flags)
{
	size_t at = strlen(path);
	const char *rest = path;
	struct stat st;

	while (at && names) {
		at--;
		names -= path[at] == '/';
	}
	if (at) {
		go_to(n, path, at);
		rest = path + at + 1;
	}
	if (at && n->fd >= 0 ? fstatat(n->fd, rest, &st, flags) < 0
			     : fstatat(AT_FDCWD, path, &st, flags) < 0)
		return 0;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}
