/*
 * append_cache.h - what one process keeps open between its appends.
 *
 * The second append of a handle leaves the lock file, `head` and the newest segment open. As long
 * as the journal's directory has not changed since, no file in it has been made, replaced or
 * removed: the lock is still the lock, `origin` and `clock` say what they said, there is no mark
 * and no newer segment, and the next append need not look for any of it. What others appended
 * meanwhile `head` says, and the length of the segment: if the two do not agree, everything is
 * looked at again.
 *
 * A directory's time of change can be as coarse as a tick of the clock, so that one that has just
 * changed could change again and look the same: what is found then is not kept. Nor is anything on
 * a file system that may answer from a cache what another machine has changed, or that this file
 * does not know.
 */
#ifndef LOG_APPEND_CACHE_H
#define LOG_APPEND_CACHE_H

#include "log/journal_internal.h"

/*
 * Lock with what is kept, if it still holds: *held_out = true. Else nothing is locked, and nothing
 * kept. ERR_BUSY as in journal_lock().
 */
int append_cache_lock(struct journal *j, int timeout_ms, bool *held_out, struct error *err);
void append_cache_unlock(struct journal *j);

/* The end of the journal; *found_out = false: it has to be looked for. */
int append_cache_find_end(struct tail *out, bool *found_out, const struct journal *j,
	const struct hint *h, struct error *err);

/*
 * At the end of an append that has looked at everything, under the lock: takes over the three files
 * and returns true, or does neither.
 */
bool append_cache_take(struct journal *j, int lock_fd, int head_fd, int segment_fd,
	const char *segment, uint64_t clock);
/* The record that this process has appended last. */
void append_cache_note(struct journal *j, const struct hint *h);
void append_cache_release(struct journal *j);

#endif
