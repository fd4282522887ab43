#include "lib/fault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

static bool armed, fired;
static bool counted; /* the call that is under way */
static const char *only;
static enum fault_kind kind;
static unsigned target, count;
static const char *hit = "";
static size_t length, size;
static void (*then)(void);

void fault_arm(enum fault_kind k, unsigned n)
{
	armed = true;
	fired = false;
	kind = k;
	target = n;
	count = 0;
	hit = "";
	size = 0;
}

void fault_only(const char *name)
{
	only = name;
}

void fault_length(size_t n)
{
	length = n;
}

void fault_then(void (*f)(void))
{
	then = f;
}

size_t fault_size(void)
{
	return size;
}

void fault_disarm(void)
{
	armed = false;
}

unsigned fault_count(void)
{
	return count;
}

bool fault_fired(void)
{
	return fired;
}

const char *fault_name(void)
{
	return hit;
}

enum what { PLAIN, CHANGES, READS, WRITES };

/* -1: fail with errno; -2: transfer half; -3: one byte; -4: `length` bytes; 0: go on. */
static int decide(const char *name, enum what what)
{
	bool now;

	counted = armed && (!only || !strncmp(name, only, strlen(only)));
	if (!counted)
		return 0;
	now = ++count == target;
	if (now) {
		fired = true;
		hit = name;
	}
	if (!now &&
		!(count > target &&
			(kind == FAULT_DYING || kind == FAULT_FULL || kind == FAULT_LENGTH_EIO ||
				kind == FAULT_LENGTH_FULL)))
		return 0;
	switch (kind) {
	case FAULT_LENGTH:
	case FAULT_LENGTH_KILL:
		return what == READS || what == WRITES ? -4 : 0;
	case FAULT_LENGTH_EIO:
		errno = EIO;
		if (now)
			return what == READS || what == WRITES ? -4 : 0;
		return what == CHANGES || what == WRITES ? -1 : 0;
	case FAULT_LENGTH_FULL:
		errno = ENOSPC;
		if (now)
			return what == READS || what == WRITES ? -4 : 0;
		return what == WRITES ? -1 : 0;
	case FAULT_EIO:
		errno = EIO;
		return -1;
	case FAULT_ENOSPC:
		errno = ENOSPC;
		return -1;
	case FAULT_EDQUOT:
		errno = EDQUOT;
		return -1;
	case FAULT_EINTR:
		errno = EINTR;
		return -1;
	case FAULT_SHORT:
		return what == READS || what == WRITES ? -2 : 0;
	case FAULT_ONE_BYTE:
		return what == READS || what == WRITES ? -3 : 0;
	case FAULT_DYING:
		errno = EIO;
		return what == CHANGES || what == WRITES ? -1 : 0;
	case FAULT_FULL:
		errno = ENOSPC;
		return what != WRITES ? 0 : now ? -2 : -1;
	case FAULT_KILL_BEFORE:
		_exit(FAULT_KILLED);
	case FAULT_KILL_HALF:
		return what == WRITES ? -2 : 0;
	case FAULT_KILL_AFTER:
	case FAULT_THEN:
		break;
	}
	return 0;
}

static void done(void)
{
	if (!counted)
		return;
	if (armed && count == target &&
		(kind == FAULT_KILL_AFTER || kind == FAULT_KILL_HALF || kind == FAULT_LENGTH_KILL))
		_exit(FAULT_KILLED);
	if (armed && count == target && kind == FAULT_THEN) {
		armed = false;
		then();
		armed = true;
	}
}

static size_t part(int decision, size_t n)
{
	if (armed && counted && count == target)
		size = n;
	if (decision == -4)
		return length < n ? length : n;
	return decision == -2 && n > 1 ? n / 2 : decision == -3 && n ? 1 : n;
}

#define WRAP_TRANSFER(name, what, params, args)                                                    \
	ssize_t __real_##name params;                                                              \
	ssize_t __wrap_##name params;                                                              \
	ssize_t __wrap_##name params                                                               \
	{                                                                                          \
		int d = decide(#name, what);                                                       \
		ssize_t r;                                                                         \
                                                                                                   \
		if (d == -1)                                                                       \
			return -1;                                                                 \
		n = part(d, n);                                                                    \
		r = __real_##name args;                                                            \
		done();                                                                            \
		return r;                                                                          \
	}

#define WRAP_SIMPLE(name, what, params, args)                                                      \
	int __real_##name params;                                                                  \
	int __wrap_##name params;                                                                  \
	int __wrap_##name params                                                                   \
	{                                                                                          \
		int r;                                                                             \
                                                                                                   \
		if (decide(#name, what) == -1)                                                     \
			return -1;                                                                 \
		r = __real_##name args;                                                            \
		done();                                                                            \
		return r;                                                                          \
	}

#define WRAP_OPEN(name)                                                                            \
	int __real_##name(const char *path, int flags, ...);                                       \
	int __wrap_##name(const char *path, int flags, ...);                                       \
	int __wrap_##name(const char *path, int flags, ...)                                        \
	{                                                                                          \
		va_list ap;                                                                        \
		mode_t mode = 0;                                                                   \
		int r;                                                                             \
                                                                                                   \
		va_start(ap, flags);                                                               \
		if (flags & O_CREAT)                                                               \
			mode = va_arg(ap, mode_t);                                                 \
		va_end(ap);                                                                        \
		if (decide(#name, flags & O_CREAT ? CHANGES : PLAIN) == -1)                        \
			return -1;                                                                 \
		r = __real_##name(path, flags, mode);                                              \
		done();                                                                            \
		return r;                                                                          \
	}

#define WRAP_OPENAT(name)                                                                          \
	int __real_##name(int fd, const char *path, int flags, ...);                               \
	int __wrap_##name(int fd, const char *path, int flags, ...);                               \
	int __wrap_##name(int fd, const char *path, int flags, ...)                                \
	{                                                                                          \
		va_list ap;                                                                        \
		mode_t mode = 0;                                                                   \
		int r;                                                                             \
                                                                                                   \
		va_start(ap, flags);                                                               \
		if (flags & O_CREAT)                                                               \
			mode = va_arg(ap, mode_t);                                                 \
		va_end(ap);                                                                        \
		if (decide(#name, flags & O_CREAT ? CHANGES : PLAIN) == -1)                        \
			return -1;                                                                 \
		r = __real_##name(fd, path, flags, mode);                                          \
		done();                                                                            \
		return r;                                                                          \
	}

/* clang-format off */
WRAP_TRANSFER(write, WRITES, (int fd, const void *p, size_t n), (fd, p, n))
WRAP_TRANSFER(pwrite, WRITES, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
WRAP_TRANSFER(pwrite64, WRITES, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
WRAP_TRANSFER(read, READS, (int fd, void *p, size_t n), (fd, p, n))
WRAP_TRANSFER(pread, READS, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))
WRAP_TRANSFER(pread64, READS, (int fd, void *p, size_t n, off_t at), (fd, p, n, at))
WRAP_SIMPLE(fsync, CHANGES, (int fd), (fd))
WRAP_SIMPLE(fdatasync, CHANGES, (int fd), (fd))
WRAP_SIMPLE(ftruncate, CHANGES, (int fd, off_t n), (fd, n))
WRAP_SIMPLE(ftruncate64, CHANGES, (int fd, off_t n), (fd, n))
WRAP_SIMPLE(rename, CHANGES, (const char *a, const char *b), (a, b))
WRAP_SIMPLE(renameat2, CHANGES,
	(int fa, const char *a, int fb, const char *b, unsigned f), (fa, a, fb, b, f))
WRAP_SIMPLE(unlinkat, CHANGES, (int fd, const char *path, int flags), (fd, path, flags))
WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP_OPENAT(openat)
WRAP_OPENAT(openat64)
/* clang-format on */

#define WRAP_READDIR(name, entry)                                                                  \
	struct entry *__real_##name(DIR *dir);                                                     \
	struct entry *__wrap_##name(DIR *dir);                                                     \
	struct entry *__wrap_##name(DIR *dir)                                                      \
	{                                                                                          \
		struct entry *r = NULL;                                                            \
                                                                                                   \
		if (decide(#name, PLAIN) == -1)                                                    \
			return NULL;                                                               \
		r = __real_##name(dir);                                                            \
		done();                                                                            \
		return r;                                                                          \
	}

WRAP_READDIR(readdir, dirent)
WRAP_READDIR(readdir64, dirent64)

/* A close() that reports an error has closed all the same. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	bool failed = decide("close", PLAIN) == -1;
	int code = errno;
	int r = __real_close(fd);

	done();
	if (!failed)
		return r;
	errno = code;
	return -1;
}
