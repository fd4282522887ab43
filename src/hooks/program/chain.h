/*
 * chain.h - the hook that was there before minsky's, and the deadline after which minsky steps
 * aside for it.
 *
 * Where ours is <path>, the other is <path>.minsky-prev. It replaces our process, so that its exit
 * status is git's; it gets our arguments, environment and stdin, and its own path as argv[0]
 * (which keeps a copy of minsky-hook, should one have come there, from calling itself). One that
 * is not executable is left out, as git would have done.
 */
#ifndef HOOKS_PROGRAM_CHAIN_H
#define HOOKS_PROGRAM_CHAIN_H

#include "core/buf.h"
#include "core/error.h"

/* Must come first: makes this process ignore signals and its files private, until chain_end(). */
void chain_init(void);
/* Our hook lies at `path`: there may be another one behind it. */
void chain_behind(const char *path, char **argv);
/* After `ms` milliseconds chain_end() happens by itself, wherever the process is. */
void chain_set_deadline(int ms);
/* Leave a file with a short text behind when that happens. */
void chain_note_deadline(const char *path, const char *text);
/* There is no other hook. */
void chain_cut(void);
/*
 * Disarm the deadline and become the other hook, or exit with 0. So does a broken invariant
 * (core/invariant.h), from chain_init() on.
 */
_Noreturn void chain_end(void);
/*
 * Append at most `max` bytes of stdin to `out`, and put all of it back for the other hook. The
 * deadline waits meanwhile: half of it would be lost.
 */
int chain_read_input(struct buf *out, size_t max, struct error *err);

#endif
