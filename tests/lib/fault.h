/*
 * fault.h - makes the n-th system call of our own objects go wrong.
 *
 * The calls that the linker wraps (see tests/CMakeLists.txt) are counted from 1 while armed.
 * Counting goes on until fault_disarm(), so that a loop over n ends when fault_fired() is false.
 */
#ifndef TESTS_LIB_FAULT_H
#define TESTS_LIB_FAULT_H

#include <stdbool.h>
#include <stddef.h>

enum fault_kind {
	FAULT_EIO, /* that call fails, once */
	FAULT_ENOSPC,
	FAULT_EDQUOT,
	FAULT_EINTR,
	FAULT_SHORT, /* a read or write of that call transfers half, once */
	FAULT_ONE_BYTE, /* ... one byte */
	FAULT_LENGTH, /* ... as many bytes as fault_length() said */
	FAULT_LENGTH_EIO, /* ... and all that would change the disk after it fails */
	FAULT_LENGTH_FULL, /* ... and all further writes fail with ENOSPC */
	FAULT_LENGTH_KILL, /* ... and the process ends */
	FAULT_DYING, /* that call and all that would change the disk after it fail with EIO */
	FAULT_FULL, /* a write of that call transfers half, all further writes fail with ENOSPC */
	FAULT_KILL_BEFORE, /* the process ends in front of that call */
	FAULT_KILL_AFTER,
	FAULT_KILL_HALF, /* ... after half of a write */
	FAULT_THEN, /* behind that call, what fault_then() named is done */
};

#define FAULT_KILLED 99 /* exit status of such a process */

void fault_arm(enum fault_kind kind, unsigned n);
void fault_disarm(void);
/* Count calls whose name begins so alone, readdir and readdir64 for one; NULL: all. */
void fault_only(const char *name);
/* For the kinds that say so; before fault_arm(). */
void fault_length(size_t length);
void fault_then(void (*f)(void)); /* none of its own calls is counted */
bool fault_fired(void);
/* So many calls were counted since the last fault_arm(). */
unsigned fault_count(void);
/* Of the call that was hit: its name, for messages, and how much it should have transferred. */
const char *fault_name(void);
size_t fault_size(void);

#endif
