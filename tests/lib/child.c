#include "lib/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <sys/resource.h>

#include "lib/scratch.h"

pid_t child_fork(void)
{
	static const struct rlimit no_core;
	pid_t pid;

	/* Made by the child, nobody would remove it. */
	(void)scratch_absent();
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		(void)setenv("CMOCKA_TEST_ABORT", "1", 1);
		(void)setrlimit(RLIMIT_CORE, &no_core);
	}
	assert_true(pid >= 0);
	return pid;
}

pid_t child_fork_telling(int *fd_out)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = child_fork();
	close(fds[pid ? 1 : 0]);
	*fd_out = fds[pid ? 0 : 1];
	return pid;
}

void child_told(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		fail_msg("a child ended without a word");
	close(fd);
}
