#include "lib/scratch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "core/fs.h"

void scratch_make(char path[SCRATCH_SIZE])
{
	(void)snprintf(path, SCRATCH_SIZE, "%s/minsky-test.XXXXXX", scratch_base());
	assert_non_null(mkdtemp(path));
}

void scratch_remove(const char *path)
{
	struct error err = ERROR_INIT;

	if (fs_remove_tree(path, &err) < 0)
		fail_msg("%s", err.msg);
}

struct buf scratch_read(const char *path)
{
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;

	if (fs_read(path, (size_t)1 << 30, &out, &err) < 0)
		fail_msg("%s", err.msg);
	return out;
}

void scratch_write(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(close(fd), 0);
}

static char empty[SCRATCH_SIZE];
static pid_t owner;

static void remove_empty(void)
{
	if (getpid() == owner)
		(void)rmdir(empty);
}

const char *scratch_absent(void)
{
	static char path[SCRATCH_SIZE + 8];

	if (!*path) {
		scratch_make(empty);
		owner = getpid();
		assert_int_equal(chmod(empty, 0555), 0);
		assert_int_equal(atexit(remove_empty), 0);
		(void)snprintf(path, sizeof(path), "%s/none", empty);
	}
	return path;
}

const char *scratch_path(const char *dir, const char *name)
{
	static char paths[4][512];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}
