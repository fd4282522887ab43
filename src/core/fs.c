#include "core/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/dir.h"
#include "core/id.h"
#include "core/libc.h"

void fs_join(struct buf *out, const char *dir, const char *name)
{
	buf_clear(out);
	buf_adds(out, dir);
	if (!out->len || out->data[out->len - 1] != '/')
		buf_addch(out, '/');
	buf_adds(out, name);
}

bool fs_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

bool fs_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The directory part of path into `out`: "." when it has none. */
static void parent_of(struct buf *out, const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len && path[len - 1] != '/')
		len--;
	while (len > 1 && path[len - 1] == '/')
		len--;
	buf_clear(out);
	if (len)
		buf_add(out, path, len);
	else
		buf_addch(out, '.');
}

int fs_sync_dir(const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return error_errno(err, "cannot open directory '%s'", path);
	if (fsync(fd) < 0)
		r = error_errno(err, "cannot sync directory '%s'", path);
	close(fd);
	return r;
}

int fs_mkdirs(const char *path, mode_t mode, struct error *err)
{
	struct buf parent = BUF_INIT;
	int r = 0;

	if (mkdir(path, mode) == 0) {
		parent_of(&parent, path);
		r = fs_sync_dir(parent.data, err);
		goto out;
	}
	if (errno == EEXIST) {
		if (!fs_is_dir(path))
			r = error_set(err, ERR_IO, "'%s' exists and is not a directory", path);
		goto out;
	}
	if (errno != ENOENT) {
		r = error_errno(err, "cannot create directory '%s'", path);
		goto out;
	}
	parent_of(&parent, path);
	r = buf_check(&parent, err);
	if (r < 0)
		goto out;
	r = fs_mkdirs(parent.data, mode, err);
	if (r < 0)
		goto out;
	if (mkdir(path, mode) < 0 && errno != EEXIST) {
		r = error_errno(err, "cannot create directory '%s'", path);
		goto out;
	}
	r = fs_sync_dir(parent.data, err);
out:
	buf_release(&parent);
	return r;
}

static int check_private(const char *path, const struct stat *st, struct error *err)
{
	if (st->st_uid != geteuid()) {
		error_refuse(err, "foreign-owner", "'%s' belongs to another user", path);
		return error_hint(err, "minsky only trusts files that you own");
	}
	if (st->st_mode & (S_IWGRP | S_IWOTH)) {
		error_refuse(err, "writable-by-others", "'%s' is writable by others", path);
		return error_hint(err, "run: chmod go-w '%s'", path);
	}
	return 0;
}

int fs_open_private_dir(const char *path, int *fd_out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			return error_errno(err, "cannot open '%s'", path);
		r = fs_check_private_dir(path, err);
		return r < 0 ? r : error_set(err, ERR_BUSY, "'%s' is being replaced", path);
	}
	r = fstat(fd, &st) < 0 ? error_errno(err, "cannot access '%s'", path)
			       : check_private(path, &st, err);
	if (r < 0)
		close(fd);
	else
		*fd_out = fd;
	return r;
}

int fs_check_private_dir(const char *path, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return error_set(err, ERR_NOTFOUND, "there is no directory '%s'", path);
		return error_errno(err, "cannot access '%s'", path);
	}
	if (S_ISLNK(st.st_mode))
		return error_refuse(err, "symbolic-link", "'%s' is a symbolic link", path);
	if (!S_ISDIR(st.st_mode))
		return error_refuse(err, "not-a-directory", "'%s' is not a directory", path);
	return check_private(path, &st, err);
}

/* `size` is what fstat said: with all of it read, asking for more is left out. 0: not known. */
static int read_fd(
	int fd, const char *path, size_t size, size_t max, struct buf *out, struct error *err)
{
	size_t start = out->len;

	for (;;) {
		ssize_t n;

		if (!buf_grow(out, size && size < max && out->len == start ? size + 1 : 16384))
			return error_nomem(err);
		n = read(fd, out->data + out->len, out->cap - out->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "cannot read '%s'", path);
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (out->len - start > max)
			return error_set(
				err, ERR_CORRUPT, "'%s' is larger than %zu bytes", path, max);
		if (!n || (size && out->len - start == size))
			return 0;
	}
}

static int read_file(const char *path, size_t max, bool private, struct buf *out, struct error *err)
{
	size_t start = out->len;
	struct stat st;
	int fd, r = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (private ? O_NOFOLLOW : 0));
	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return error_set(err, ERR_NOTFOUND, "there is no file '%s'", path);
		if (private && errno == ELOOP)
			return error_refuse(err, "symbolic-link", "'%s' is a symbolic link", path);
		return error_errno(err, "cannot open '%s'", path);
	}
	if (fstat(fd, &st) < 0)
		r = error_errno(err, "cannot access '%s'", path);
	else if (!S_ISREG(st.st_mode))
		r = error_set(
			err, private ? ERR_REFUSED : ERR_IO, "'%s' is not a regular file", path);
	else if (private)
		r = check_private(path, &st, err);
	if (r == 0)
		r = read_fd(fd, path, (size_t)st.st_size, max, out, err);
	close(fd);
	if (r < 0)
		buf_truncate(out, start);
	return r;
}

int fs_read(const char *path, size_t max, struct buf *out, struct error *err)
{
	return read_file(path, max, false, out, err);
}

int fs_read_private(const char *path, size_t max, struct buf *out, struct error *err)
{
	return read_file(path, max, true, out, err);
}

int fs_write_all(int fd, const void *data, size_t len, struct error *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (!n)
			errno = ENOSPC;
		if (n <= 0)
			return error_errno(err, "cannot write");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int fs_replace(const char *path, const void *data, size_t len, mode_t mode, bool durable,
	struct error *err)
{
	struct buf temp = BUF_INIT, dir = BUF_INIT;
	char suffix[ID_HEX_SIZE];
	bool made = false;
	int fd = -1, r;

	r = id_random_hex(suffix, err);
	if (r < 0)
		return r;
	buf_addf(&temp, "%s.%.8s.tmp", path, suffix);
	parent_of(&dir, path);
	if (temp.failed || dir.failed) {
		r = error_nomem(err);
		goto out;
	}
	fd = open(temp.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0) {
		r = error_errno(err, "cannot create '%s'", temp.data);
		goto out;
	}
	made = true;
	r = fs_write_all(fd, data, len, err);
	if (r < 0) {
		error_wrap(err, "'%s'", path);
		goto out;
	}
	if (fchmod(fd, mode) < 0 || (durable && fsync(fd) < 0)) {
		r = error_errno(err, "cannot write '%s'", temp.data);
		goto out;
	}
	r = close(fd) < 0 ? error_errno(err, "cannot write '%s'", temp.data) : 0;
	fd = -1;
	if (r < 0)
		goto out;
	if (rename(temp.data, path) < 0) {
		r = error_errno(err, "cannot replace '%s'", path);
		goto out;
	}
	made = false;
	if (durable)
		r = fs_sync_dir(dir.data, err);
out:
	if (fd >= 0)
		close(fd);
	if (made)
		unlink(temp.data);
	buf_release(&temp);
	buf_release(&dir);
	return r;
}

static int remove_entries(int dir_fd, const char *shown, struct error *err);

static int remove_entry(int dir_fd, const char *name, const char *shown, struct error *err)
{
	int fd, r;

	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_errno(err, "cannot remove '%s' in '%s'", name, shown);
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "cannot open '%s' in '%s'", name, shown);
	/* git makes its object files read-only, and some tools their directories. */
	(void)fchmod(fd, 0700);
	r = remove_entries(fd, shown, err);
	if (r < 0)
		return r;
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_errno(err, "cannot remove '%s' in '%s'", name, shown);
	return 0;
}

/* Takes over dir_fd. */
static int remove_entries(int dir_fd, const char *shown, struct error *err)
{
	struct dir dir = DIR_INIT;
	const char *name;
	int r = dir_open_fd(&dir, dir_fd, shown, err);

	while (r == 0 && (r = dir_next(&dir, &name, err)) == 0 && name)
		r = remove_entry(dir_fd, name, shown, err);
	dir_close(&dir);
	return r;
}

int fs_remove_tree(const char *path, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		return error_errno(err, "cannot access '%s'", path);
	}
	return remove_entry(AT_FDCWD, path, path, err);
}

int fs_rename_new(const char *from, const char *to, struct error *err)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		return error_refuse(err, "already-exists", "'%s' already exists", to);
	if (errno != EINVAL && errno != ENOSYS)
		return error_errno(err, "cannot rename '%s' to '%s'", from, to);
	/* A file system without the flag: rename(2) still refuses a directory that is not empty. */
	if (fs_exists(to))
		return error_refuse(err, "already-exists", "'%s' already exists", to);
	if (rename(from, to) < 0)
		return error_errno(err, "cannot rename '%s' to '%s'", from, to);
	return 0;
}

int fs_realpath(const char *path, struct buf *out, struct error *err)
{
	char *real = realpath(path, NULL);

	if (!real) {
		if (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG)
			return error_set(err, ERR_NOTFOUND, "there is no '%s'", path);
		return error_errno(err, "cannot resolve '%s'", path);
	}
	buf_clear(out);
	buf_adds(out, real);
	free(real);
	return buf_check(out, err);
}

/* Of the first tries, and of the last: who holds the lock syncs once, then is done. */
#define LOCK_PAUSE_MIN_US 50
#define LOCK_PAUSE_MAX_US 2000

int fs_lock_again(int fd, int timeout_ms, const char *shown, struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + timeout_ms;
	long pause_us = LOCK_PAUSE_MIN_US;

	for (;;) {
		struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
		struct timespec pause = { .tv_nsec = pause_us * 1000 };

		/* Those who wait without end are served in turn. */
		if (timeout_ms < 0 ? fcntl(fd, F_OFD_SETLKW, &lock) == 0
				   : fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return error_errno(err, "cannot lock '%s'", shown);
		if (timeout_ms < 0)
			continue;
		if (clock_monotonic_ms() >= deadline) {
			error_set(err, ERR_BUSY, "'%s' is locked by another process", shown);
			return error_hint(err, "wait until it has ended, and try again");
		}
		nanosleep(&pause, NULL);
		pause_us += pause_us / 2;
		if (pause_us > LOCK_PAUSE_MAX_US)
			pause_us = LOCK_PAUSE_MAX_US;
	}
}

void fs_unlock(int fd)
{
	struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

	(void)fcntl(fd, F_OFD_SETLK, &lock);
}

/* 1: it is the file that everybody sees under that name; 0: it was replaced or removed. */
static int is_named(int fd, int dir_fd, const char *name, const char *shown, struct error *err)
{
	struct stat held, seen;

	if (fstat(fd, &held) < 0)
		return error_errno(err, "cannot access lock '%s'", shown);
	if (fstatat(dir_fd, name, &seen, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : error_errno(err, "cannot access lock '%s'", shown);
	return held.st_dev == seen.st_dev && held.st_ino == seen.st_ino;
}

int fs_lock_at(int dir_fd, const char *name, const char *shown, int timeout_ms, int *fd_out,
	struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + timeout_ms, left = timeout_ms;
	int r;

	do {
		int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0)
			return error_errno(err, "cannot open lock '%s'", shown);
		r = fs_lock_again(fd, (int)left, shown, err);
		if (r == 0)
			r = is_named(fd, dir_fd, name, shown, err);
		if (r > 0) {
			*fd_out = fd;
			return 0;
		}
		/* Whoever comes now locks another file: so do we. */
		close(fd);
		if (r == 0 && timeout_ms >= 0) {
			left = deadline - clock_monotonic_ms();
			if (left < 0)
				left = 0;
		}
	} while (r == 0);
	return r;
}

int fs_lock(const char *path, int timeout_ms, int *fd_out, struct error *err)
{
	return fs_lock_at(AT_FDCWD, path, path, timeout_ms, fd_out, err);
}
