/*
 * child.h - a part of a test in a process of its own.
 */
#ifndef TESTS_LIB_CHILD_H
#define TESTS_LIB_CHILD_H

#include <sys/types.h>

/*
 * fork() for tests; failing is an assertion. An assertion that fails in the child ends the child: it
 * would go on with the next test otherwise, and whoever waits for a word of it would wait for ever.
 */
pid_t child_fork(void);
/* The same with a pipe between them: the child writes to *fd_out, the parent reads from it. */
pid_t child_fork_telling(int *fd_out);
/* Wait for one byte from a child; that it ends without a word is a failure. Closes fd. */
void child_told(int fd);

#endif
