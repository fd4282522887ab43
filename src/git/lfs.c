/* git-lfs keeps an object at lfs/objects/<2 hex>/<2 hex>/<64 hex>, and never changes it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/dir.h"
#include "core/fs.h"
#include "git/modules.h"

#define LEVELS 2

static bool is_object(const char *name, int level)
{
	size_t len = strspn(name, "0123456789abcdef");

	return !name[len] && len == (level < LEVELS ? 2u : 64u);
}

static int copy_bytes(int from, int to, const char *path, struct error *err)
{
	char chunk[65536];

	for (;;) {
		ssize_t n = read(from, chunk, sizeof(chunk));
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, "cannot read '%s'", path);
		if (!n)
			return 0;
		r = fs_write_all(to, chunk, (size_t)n, err);
		if (r < 0)
			return r;
	}
}

/* Under another name first: git-lfs takes what has an object's name for the object. */
static int copy_file(const char *from, const char *to, struct error *err)
{
	struct buf temporary = BUF_INIT;
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), out = -1, r;

	buf_addf(&temporary, "%s.minsky-%ld", to, (long)getpid());
	r = buf_check(&temporary, err);
	if (r == 0 && in < 0)
		r = error_errno(err, "cannot open '%s'", from);
	if (r == 0) {
		out = open(temporary.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (out < 0)
			r = error_errno(err, "cannot create '%s'", temporary.data);
	}
	if (r == 0)
		r = copy_bytes(in, out, from, err);
	if (r == 0 && fsync(out) < 0)
		r = error_errno(err, "cannot write '%s'", temporary.data);
	if (out >= 0 && close(out) < 0 && r == 0)
		r = error_errno(err, "cannot write '%s'", temporary.data);
	if (r == 0 && rename(temporary.data, to) < 0)
		r = error_errno(err, "cannot rename '%s'", temporary.data);
	if (r < 0 && out >= 0)
		(void)unlink(temporary.data);
	if (in >= 0)
		(void)close(in);
	buf_release(&temporary);
	return r;
}

static int give(const char *from, const char *to, size_t *n, struct error *err)
{
	struct stat st;
	int r = 0;

	if (lstat(to, &st) == 0)
		return 0;
	if (lstat(from, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	/* Of another owner, who could change it under us, it is copied. */
	if (st.st_uid != geteuid() || link(from, to) < 0)
		r = errno == EEXIST ? 0 : copy_file(from, to, err);
	*n += r == 0;
	return r;
}

static int share_level(const char *from, const char *to, int level, size_t *n, struct error *err)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct dir d = DIR_INIT;
	const char *name;
	int r = dir_open(&d, from, err);

	if (r == ERR_NOTFOUND) {
		error_clear(err);
		return 0;
	}
	if (r == 0 && mkdir(to, 0755) < 0 && errno != EEXIST)
		r = error_errno(err, "cannot create directory '%s'", to);
	while (r == 0 && (r = dir_next(&d, &name, err)) == 0 && name) {
		if (!is_object(name, level))
			continue;
		fs_join(&a, from, name);
		fs_join(&b, to, name);
		r = a.failed ? error_nomem(err) : buf_check(&b, err);
		if (r == 0)
			r = level < LEVELS ? share_level(a.data, b.data, level + 1, n, err)
					   : give(a.data, b.data, n, err);
	}
	dir_close(&d);
	buf_release(&a);
	buf_release(&b);
	return r;
}

int lfs_share(const char *from_git_dir, const char *to_git_dir, size_t *n_out, struct error *err)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	size_t n = 0;
	int r;

	fs_join(&from, from_git_dir, "lfs/objects");
	fs_join(&to, to_git_dir, "lfs/objects");
	r = from.failed ? error_nomem(err) : buf_check(&to, err);
	if (r == 0 && !fs_is_dir(from.data)) {
		*n_out = 0;
		goto out;
	}
	if (r == 0)
		r = fs_mkdirs(to.data, 0755, err);
	if (r == 0)
		r = share_level(from.data, to.data, 0, &n, err);
	if (r == 0)
		*n_out = n;
out:
	buf_release(&from);
	buf_release(&to);
	return r;
}
