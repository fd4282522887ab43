#include "hooks/install/target.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"

#define CARRIED_MAX 8192

void target_release(struct target *t)
{
	buf_release(&t->path);
	buf_release(&t->prev);
	buf_release(&t->moved);
}

static int read_digest(const char *path, char hash[HASH_HEX_SIZE], bool *marked, struct error *err)
{
	struct buf bytes = BUF_INIT;
	int r = fs_read(path, PROGRAM_MAX, &bytes, err);

	if (r == 0) {
		hash_bytes(bytes.data, bytes.len, hash);
		*marked = memmem(bytes.data, bytes.len, HOOK_MARKER, strlen(HOOK_MARKER)) != NULL;
	}
	buf_release(&bytes);
	return r;
}

static int look_for_moved(struct target *t, struct error *err)
{
	static const char *const places[] = { "legacy", "old" };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct stat st;
		bool ours = false;
		int r;

		buf_clear(&t->moved);
		buf_addf(&t->moved, "%s.%s", t->path.data, places[i]);
		r = buf_check(&t->moved, err);
		if (r == 0 && lstat(t->moved.data, &st) == 0 && S_ISREG(st.st_mode))
			r = read_digest(t->moved.data, t->moved_hash, &ours, err);
		if (r < 0)
			return r;
		if (ours) {
			t->run_there = i == 0 && (st.st_mode & 0777) == 0755;
			return 0;
		}
	}
	buf_clear(&t->moved);
	return 0;
}

static bool is_carried(const char *path)
{
	struct error ignored = ERROR_INIT;
	struct buf text = BUF_INIT;
	bool is = fs_read(path, CARRIED_MAX, &text, &ignored) == 0 &&
		memmem(text.data, text.len, HOOK_CARRY_MARKER, strlen(HOOK_CARRY_MARKER)) != NULL;

	buf_release(&text);
	return is;
}

int target_look(struct target *t, const char *dir, const char *name, struct error *err)
{
	struct stat st;
	int r;

	*t = (struct target){ .path = BUF_INIT, .prev = BUF_INIT, .moved = BUF_INIT };
	fs_join(&t->path, dir, name);
	buf_addf(&t->prev, "%s.minsky-prev", t->path.data);
	r = t->path.failed ? error_nomem(err) : buf_check(&t->prev, err);
	if (r < 0)
		goto out;
	t->chained = fs_exists(t->prev.data);
	t->carried = t->chained && is_carried(t->prev.data);
	t->chained = t->chained && !t->carried;
	r = look_for_moved(t, err);
	if (r < 0)
		goto out;
	if (lstat(t->path.data, &st) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			r = error_errno(err, "cannot access '%s'", t->path.data);
		goto out;
	}
	t->exists = true;
	t->regular = S_ISREG(st.st_mode);
	if (!t->regular)
		goto out;
	/* Ours is executable, and nobody else can write to it. */
	t->healthy = (st.st_mode & 0777) == 0755;
	r = read_digest(t->path.data, t->hash, &t->marked, err);
out:
	if (r < 0)
		target_release(t);
	return r;
}

enum hook_state target_state(
	const struct target *t, const struct manifest *m, const char *name, const char *current)
{
	if (!t->exists)
		return HOOK_ABSENT;
	if (!t->regular)
		return HOOK_FOREIGN;
	if (!strcmp(t->hash, current))
		return t->healthy ? HOOK_OURS : HOOK_OLD;
	if (manifest_has(m, name, t->hash))
		return HOOK_OLD;
	if (!t->marked)
		return t->run_there ? HOOK_BEHIND : HOOK_FOREIGN;
	return manifest_knows(m, name) ? HOOK_CHANGED : HOOK_OLD;
}

bool target_same(const struct target *t)
{
	const char *const a = t->path.data, *const b = t->prev.data;
	struct error ignored = ERROR_INIT;
	struct buf x = BUF_INIT;
	struct buf y = BUF_INIT;
	struct stat sa, sb;
	bool same = false;

	if (lstat(a, &sa) < 0 || lstat(b, &sb) < 0)
		return false;
	if (sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino)
		return true;
	if (S_ISREG(sa.st_mode) && S_ISREG(sb.st_mode) && sa.st_mode == sb.st_mode &&
		fs_read(a, PROGRAM_MAX, &x, &ignored) == 0 &&
		fs_read(b, PROGRAM_MAX, &y, &ignored) == 0)
		same = x.len == y.len && !memcmp(x.data, y.data, x.len);
	buf_release(&x);
	buf_release(&y);
	return same;
}

/*
 * A second name before the first is replaced: at no moment is the user's hook missing. What cannot
 * be linked (a directory, some file systems) is renamed.
 */
int target_put_aside(const struct target *t, struct error *err)
{
	if (t->carried && unlink(t->prev.data) < 0)
		return error_errno(err, "cannot remove '%s'", t->prev.data);
	if (t->chained || link(t->path.data, t->prev.data) == 0)
		return 0;
	return fs_rename_new(t->path.data, t->prev.data, err);
}

int target_put_back(const struct target *t, struct error *err)
{
	/* A directory cannot replace a file. */
	if (fs_is_dir(t->prev.data) && unlink(t->path.data) < 0 && errno != ENOENT)
		return error_errno(err, "cannot remove '%s'", t->path.data);
	if (rename(t->prev.data, t->path.data) < 0)
		return error_errno(err, "cannot restore '%s'", t->path.data);
	/* rename(2) of two names of one file does nothing. */
	if (fs_exists(t->prev.data) && unlink(t->prev.data) < 0)
		return error_errno(err, "cannot remove '%s'", t->prev.data);
	return 0;
}

int target_take_from_tool(const struct target *t, struct error *err)
{
	if (t->chained ? rename(t->prev.data, t->moved.data) : unlink(t->moved.data))
		return error_errno(err, "cannot remove minsky's hook from '%s'", t->moved.data);
	return 0;
}
