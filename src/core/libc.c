#include "core/libc.h"

#include <sys/syscall.h>

#ifdef MINSKY_NO_RENAMEAT2
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}
#endif

#ifdef MINSKY_NO_CLOSE_RANGE
int close_range(unsigned int first, unsigned int last, int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}
#endif

#ifdef MINSKY_NO_STATX
int statx(int fd, const char *path, int flags, unsigned int mask, struct statx *out)
{
	return (int)syscall(SYS_statx, fd, path, flags, mask, out);
}
#endif
