/*
 * fs.h - files and directories of minsky's own, handled so that a crash never leaves half a file
 * and nobody else's link is ever followed.
 *
 * Every descriptor is close-on-exec. Private means: owned by the effective user, not writable by
 * group or others, and not a symbolic link.
 */
#ifndef CORE_FS_H
#define CORE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/buf.h"
#include "core/error.h"

/* mkdir -p; every directory that it makes gets `mode` and is synced into its parent. */
int fs_mkdirs(const char *path, mode_t mode, struct error *err);
/* ERR_NOTFOUND if there is nothing, ERR_REFUSED if it is a link, foreign, or open to others. */
int fs_check_private_dir(const char *path, struct error *err);
/* The same, and opens it. */
int fs_open_private_dir(const char *path, int *fd_out, struct error *err);
/* The whole of a regular file, appended to `out`. ERR_NOTFOUND; ERR_CORRUPT if over `max` bytes. */
int fs_read(const char *path, size_t max, struct buf *out, struct error *err);
/* The same, but refuses a link, a foreign file and one that others may write (ERR_REFUSED). */
int fs_read_private(const char *path, size_t max, struct buf *out, struct error *err);
/*
 * Replace a file as a whole: temporary name beside it, write, sync, rename, sync the directory.
 * After a crash the old or the new content is there. `durable` = false leaves out both syncs
 * (for caches that can be rebuilt).
 */
int fs_replace(const char *path, const void *data, size_t len, mode_t mode, bool durable,
	struct error *err);
int fs_sync_dir(const char *path, struct error *err);
/* Full write, restarted after signals and short writes. */
int fs_write_all(int fd, const void *data, size_t len, struct error *err);
/* Remove a directory tree without following links. Nothing there is success. */
int fs_remove_tree(const char *path, struct error *err);
/* rename(2) that fails with ERR_REFUSED instead of replacing what is there. */
int fs_rename_new(const char *from, const char *to, struct error *err);
/* realpath(3) into `out` (cleared first). ERR_NOTFOUND if a component is missing. */
int fs_realpath(const char *path, struct buf *out, struct error *err);
/*
 * Exclusive flock-like lock (open file description lock) on the file `path`, created 0600. Dies
 * with the process. ERR_BUSY after `timeout_ms`; 0 tries once, -1 waits. Closing *fd_out releases
 * it. Only the file that has the name is the lock: one that was replaced or removed while it was
 * waited for is left for the one that is there now.
 */
int fs_lock(const char *path, int timeout_ms, int *fd_out, struct error *err);
/* The same of `name` in an open directory; `shown` is for messages. */
int fs_lock_at(int dir_fd, const char *name, const char *shown, int timeout_ms, int *fd_out,
	struct error *err);
/* Give the lock up without closing, and take it again. */
void fs_unlock(int fd);
int fs_lock_again(int fd, int timeout_ms, const char *shown, struct error *err);

bool fs_exists(const char *path);
bool fs_is_dir(const char *path);
/* "<dir>/<name>" into `out` (cleared first). */
void fs_join(struct buf *out, const char *dir, const char *name);

#endif
