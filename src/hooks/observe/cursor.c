#include "hooks/observe/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/fs.h"
#include "hooks/observe/cursor_file.h"

static void log_release(struct cursor_log *log)
{
	free(log->name);
	free(log->branch);
}

void cursor_clear_dirs(struct cursor *c)
{
	for (size_t i = 0; i < c->n_dirs; i++)
		free(c->dirs[i].path);
	free(c->dirs);
	c->dirs = NULL;
	c->n_dirs = 0;
}

void cursor_release(struct cursor *c)
{
	for (size_t i = 0; i < c->n; i++)
		log_release(&c->v[i]);
	free(c->v);
	cursor_clear_dirs(c);
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct cursor)CURSOR_INIT;
}

/* Index of `name`, or where it belongs. */
static size_t position(const struct cursor *c, const char *name, bool *found_out)
{
	size_t low = 0, high = c->n;

	/* Files are sorted: what is added while reading belongs at the end. */
	if (high && strcmp(c->v[high - 1].name, name) < 0)
		low = high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(c->v[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found_out = low < c->n && !strcmp(c->v[low].name, name);
	return low;
}

struct cursor_log *cursor_find(const struct cursor *c, const char *name)
{
	bool found;
	size_t at = position(c, name, &found);

	return found ? &c->v[at] : NULL;
}

struct cursor_log *cursor_add(struct cursor *c, const char *name)
{
	bool found;
	size_t at = position(c, name, &found);
	char *copy;

	if (found)
		return &c->v[at];
	if (c->n == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 16;
		struct cursor_log *v = reallocarray(c->v, cap, sizeof(*v));

		if (!v)
			return NULL;
		c->v = v;
		c->cap = cap;
	}
	copy = strdup(name);
	if (!copy)
		return NULL;
	if (at < c->n)
		memmove(c->v + at + 1, c->v + at, (c->n - at) * sizeof(*c->v));
	c->v[at] = (struct cursor_log){ .name = copy };
	c->n++;
	return &c->v[at];
}

void cursor_remove(struct cursor *c, const char *name)
{
	bool found;
	size_t at = position(c, name, &found);

	if (!found)
		return;
	log_release(&c->v[at]);
	c->n--;
	memmove(c->v + at, c->v + at + 1, (c->n - at) * sizeof(*c->v));
}

int cursor_add_dir(struct cursor *c, const char *path, int64_t mtime, struct error *err)
{
	struct cursor_dir *dirs = reallocarray(c->dirs, c->n_dirs + 1, sizeof(*dirs));

	if (!dirs)
		return error_nomem(err);
	c->dirs = dirs;
	dirs[c->n_dirs].path = strdup(path);
	if (!dirs[c->n_dirs].path)
		return error_nomem(err);
	dirs[c->n_dirs++].mtime = mtime;
	return 0;
}

void cursor_path(struct buf *out, const char *journal_dir, const char *clone, const char *suffix)
{
	buf_clear(out);
	buf_addf(out, "%s/cursors/%s%s", journal_dir, clone, suffix);
}

int cursor_lock(
	const char *journal_dir, const char *clone, int timeout_ms, int *fd_out, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	cursor_path(&path, journal_dir, clone, ".lock");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_lock(path.data, timeout_ms, fd_out, err);
	buf_release(&path);
	return r;
}

int cursor_inherit(const char *journal_dir, const char *from, const char *to, struct error *err)
{
	static const char *const suffixes[] = { ".refs", "" };
	struct buf path = BUF_INIT, text = BUF_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		buf_clear(&text);
		cursor_path(&path, journal_dir, from, suffixes[i]);
		r = fs_read_private(path.data, CURSOR_FILE_MAX, &text, err);
		if (r == 0) {
			cursor_path(&path, journal_dir, to, suffixes[i]);
			r = fs_replace(path.data, text.data, text.len, 0600, false, err);
		} else if (r == ERR_NOTFOUND) {
			error_clear(err);
			r = 0;
		}
	}
	buf_release(&path);
	buf_release(&text);
	return r;
}

void cursor_forget(const char *journal_dir, const char *clone)
{
	static const char *const suffixes[] = { "", ".refs", ".lock", ".bell" };
	struct buf path = BUF_INIT;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		cursor_path(&path, journal_dir, clone, suffixes[i]);
		(void)unlink(path.data);
	}
	buf_release(&path);
}
