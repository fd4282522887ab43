#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "core/config_edit.h"
#include "core/config_parts.h"
#include "core/fs.h"

#define LOCK_MS 10000

struct target {
	struct buf path, dir;
	mode_t mode; /* of the file that is there, or will be */
	bool there;
};

static int look(struct target *t, bool user, struct error *err)
{
	struct stat st;
	const char *slash = strrchr(t->path.data, '/');

	buf_clear(&t->dir);
	buf_add(&t->dir, t->path.data, slash ? (size_t)(slash - t->path.data) : 0);
	if (t->dir.failed)
		return error_nomem(err);
	if (!user && lstat(t->dir.data, &st) == 0 && !S_ISDIR(st.st_mode)) {
		error_refuse(err, "not-a-directory", "'%s' is not a directory", t->dir.data);
		return error_hint(
			err, "a repository's configuration is never written through a link");
	}
	t->there = lstat(t->path.data, &st) == 0;
	if (!t->there)
		return errno == ENOENT || errno == ENOTDIR
			? 0
			: error_errno(err, "cannot access '%s'", t->path.data);
	if (!S_ISREG(st.st_mode))
		return error_refuse(err, "not-a-file", "'%s' is not a regular file", t->path.data);
	if (st.st_uid != geteuid())
		return error_refuse(
			err, "foreign-owner", "'%s' belongs to another user", t->path.data);
	t->mode = st.st_mode & 0777;
	return 0;
}

/* Behind the user's own links, as those who keep such files elsewhere have them. */
static int find_target(
	struct target *t, const char *path, enum config_file_kind kind, struct error *err)
{
	struct stat st;
	int r = 0;

	if (kind == CONFIG_FILE_USER && lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		r = fs_realpath(path, &t->path, err);
	else
		buf_adds(&t->path, path);
	if (r == ERR_NOTFOUND) {
		error_refuse(
			err, "symbolic-link", "'%s' is a link to a file that does not exist", path);
		return error_hint(err, "create that file, or remove the link");
	}
	if (r == 0)
		r = buf_check(&t->path, err);
	return r < 0 ? r : look(t, kind == CONFIG_FILE_USER, err);
}

static int edit_all(const char *path, const struct config_edit *edits, size_t n,
	const struct buf *old, struct buf *out, struct error *err)
{
	struct buf from = BUF_INIT;
	int r;

	buf_add(out, old->data, old->len);
	r = buf_check(out, err);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct buf last = from;

		from = *out;
		*out = last;
		r = config_edit(path, from.data, from.len, &edits[i], out, err);
	}
	buf_release(&from);
	return r;
}

int config_file_change(const char *path, enum config_file_kind kind, const char *lock,
	const struct config_edit *edits, size_t n, bool dry, bool *changed_out, struct error *err)
{
	bool user = kind == CONFIG_FILE_USER, changed;
	struct target t = { .path = BUF_INIT, .dir = BUF_INIT, .mode = user ? 0600 : 0644 };
	struct buf old = BUF_INIT, new = BUF_INIT;
	int fd = -1, r;

	r = fs_lock(lock, LOCK_MS, &fd, err);
	if (r == 0)
		r = find_target(&t, path, kind, err);
	if (r == 0 && t.there)
		r = fs_read(t.path.data, CONFIG_MAX_FILE, &old, err);
	if (r == 0)
		r = edit_all(path, edits, n, &old, &new, err);
	if (r < 0)
		goto out;
	changed = old.len != new.len || memcmp(old.data, new.data, old.len) != 0;
	if (!dry && (changed || (user && t.there && t.mode != 0600))) {
		r = fs_mkdirs(t.dir.data, user ? 0700 : 0755, err);
		if (r == 0)
			r = fs_replace(
				t.path.data, new.data, new.len, user ? 0600 : t.mode, true, err);
	}
	if (r == 0)
		*changed_out = changed;
out:
	if (fd >= 0)
		close(fd);
	buf_release(&t.path);
	buf_release(&t.dir);
	buf_release(&old);
	buf_release(&new);
	return r;
}
