/*
 * disk.h - what a power cut may leave: records what our own objects do to the files below a
 * directory, and then makes every state that a file system may have them in.
 *
 * A change of a file's bytes is sure to be there once that file was synced after it, a change of a
 * name once its directory was. Of the others any subset may be there, and of a write any piece: cut
 * short, zeroes or rubbish in its place, or one page of it and not the one before. A rename in one
 * step, or with both names there. Links, modes and times are not looked at.
 *
 * The linker wraps the calls (see tests/CMakeLists.txt); only programs with this file in them.
 */
#ifndef TESTS_LIB_DISK_H
#define TESTS_LIB_DISK_H

#include <stdbool.h>
#include <stddef.h>

/* From now on, below `root`; what is there is on the disk. */
void disk_record(const char *root);
/* Now something was promised: states after this moment have to keep it. Numbers ascend from 1. */
void disk_promise(unsigned number);
void disk_stop(void);

/*
 * Put every state below root, one after the other, and call check() with what had been promised by
 * then; `what` tells which state it is. Files whose name ends in `loose` are never synced: of each
 * only a few states are made. Returns how many states there were.
 */
typedef void disk_check_fn(unsigned promised, const char *what);
size_t disk_states(const char *loose, disk_check_fn *check);
void disk_forget(void);

#endif
