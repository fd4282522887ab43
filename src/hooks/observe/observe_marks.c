#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"
#include "hooks/observe/observe.h"

#define WATCH_MAX (1u << 20)

/*
 * Two counters, kept as the sizes of two files: what was asked for, and what has been looked at.
 * Nothing is ever taken away, so a mark that is set while somebody looks cannot get lost.
 */
static const char needed_name[] = "facts-needed", settled_name[] = "facts-settled";

int pr_stale_mark(const char *journal_dir, struct error *err)
{
	struct buf path = BUF_INIT;
	int fd, r;

	fs_join(&path, journal_dir, needed_name);
	r = buf_check(&path, err);
	if (r < 0)
		goto out;
	fd = open(path.data, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		r = error_errno(err, "cannot create '%s'", path.data);
		goto out;
	}
	r = fs_write_all(fd, "!", 1, err);
	close(fd);
out:
	buf_release(&path);
	return r;
}

static uint64_t counter(const char *journal_dir, const char *name)
{
	struct buf path = BUF_INIT;
	struct stat st;
	uint64_t n = 0;

	fs_join(&path, journal_dir, name);
	if (!path.failed && lstat(path.data, &st) == 0 && st.st_size > 0)
		n = (uint64_t)st.st_size;
	buf_release(&path);
	return n;
}

uint64_t pr_stale_count(const char *journal_dir)
{
	return counter(journal_dir, needed_name);
}

bool pr_stale(const char *journal_dir)
{
	return pr_stale_count(journal_dir) > counter(journal_dir, settled_name);
}

int pr_stale_clear(const char *journal_dir, uint64_t marks, struct error *err)
{
	struct buf path = BUF_INIT;
	int fd, r;

	if (marks <= counter(journal_dir, settled_name))
		return 0;
	fs_join(&path, journal_dir, settled_name);
	r = buf_check(&path, err);
	if (r < 0)
		goto out;
	fd = open(path.data, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		r = error_errno(err, "cannot create '%s'", path.data);
		goto out;
	}
	if (ftruncate(fd, (off_t)marks) < 0)
		r = error_errno(err, "cannot write '%s'", path.data);
	close(fd);
out:
	buf_release(&path);
	return r;
}

static int watch_read(
	const char *journal_dir, struct buf *path, struct buf *text, struct error *err)
{
	int r;

	fs_join(path, journal_dir, "watch");
	r = buf_check(path, err);
	if (r == 0)
		r = fs_read_private(path->data, WATCH_MAX, text, err);
	if (r < 0 && err->code == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	return r;
}

static bool has_line(const char *text, const char *branch)
{
	size_t len = strlen(branch);

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n == len && !memcmp(text, branch, len))
			return true;
		text += n + (text[n] != '\0');
	}
	return false;
}

int watched_base_add(const char *journal_dir, const char *branch, struct error *err)
{
	struct buf path = BUF_INIT;
	struct buf text = BUF_INIT;
	int lock = -1;
	int r;

	if (!*branch || strchr(branch, '\n')) {
		r = error_set(err, ERR_USAGE, "'%s' is not a branch name", branch);
		goto out;
	}
	fs_join(&path, journal_dir, "watch.lock");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_lock(path.data, 5000, &lock, err);
	if (r == 0)
		r = watch_read(journal_dir, &path, &text, err);
	if (r < 0 || has_line(text.data, branch))
		goto out;
	buf_addf(&text, "%s\n", branch);
	r = buf_check(&text, err);
	if (r == 0)
		r = fs_replace(path.data, text.data, text.len, 0600, true, err);
out:
	if (lock >= 0)
		close(lock);
	buf_release(&text);
	buf_release(&path);
	return r;
}

bool watched_base_has(const char *journal_dir, const char *branch)
{
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT;
	struct buf text = BUF_INIT;
	/* Looking at the graph once too often costs little: what cannot be read has every branch.
	 */
	bool has =
		watch_read(journal_dir, &path, &text, &ignored) < 0 || has_line(text.data, branch);

	buf_release(&text);
	buf_release(&path);
	return has;
}

void last_hook_path(struct buf *out, const char *journal_dir, const char *id)
{
	buf_clear(out);
	buf_adds(out, journal_dir);
	buf_adds(out, "/cursors/");
	buf_adds(out, id);
	buf_adds(out, ".bell");
}

const char *last_hook_id(const struct pointer *p)
{
	return p->top ? p->session : p->clone;
}

void last_hook_note(const char *journal_dir, const char *id, int64_t now)
{
	const struct timespec at = clock_timespec(now);
	const struct timespec times[2] = { at, at };
	struct buf path = BUF_INIT;
	int fd;

	last_hook_path(&path, journal_dir, id);
	if (path.failed || utimensat(AT_FDCWD, path.data, times, AT_SYMLINK_NOFOLLOW) == 0 ||
		errno != ENOENT)
		goto out;
	fd = open(path.data, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		(void)futimens(fd, times);
		close(fd);
	}
out:
	buf_release(&path);
}

int64_t last_hook_time(const char *journal_dir, const char *id)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int64_t ms = 0;

	last_hook_path(&path, journal_dir, id);
	if (!path.failed && lstat(path.data, &st) == 0)
		ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	buf_release(&path);
	return ms;
}
