#include "hooks/observe/cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/array.h"
#include "core/fs.h"
#include "core/invariant.h"
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

static int by_name(const void *key, const void *element)
{
	return strcmp(key, ((const struct cursor_log *)element)->name);
}

/* Is `name` there? Where it is, or where it belongs. */
static bool find(const struct cursor *c, const char *name, size_t *at_out)
{
	/* Files are sorted: what is added while reading belongs at the end. */
	if (c->n && by_name(name, &c->v[c->n - 1]) > 0) {
		*at_out = c->n;
		return false;
	}
	return ARRAY_FIND(name, c->v, c->n, by_name, at_out);
}

struct cursor_log *cursor_find(const struct cursor *c, const char *name)
{
	size_t at;

	return find(c, name, &at) ? &c->v[at] : NULL;
}

struct cursor_log *cursor_add(struct cursor *c, const char *name)
{
	char *copy;
	size_t at;

	if (find(c, name, &at))
		return &c->v[at];
	if (!ARRAY_GROW(c->v, c->n, c->cap))
		return NULL;
	copy = strdup(name);
	if (!copy)
		return NULL;
	ARRAY_OPEN(c->v, c->n, at);
	c->v[at] = (struct cursor_log){ .name = copy };
	/* Otherwise it is not found again, and told again. */
	INVARIANT(!at || by_name(c->v[at].name, &c->v[at - 1]) > 0);
	INVARIANT(at == c->n || by_name(c->v[at].name, &c->v[at + 1]) < 0);
	c->n++;
	return &c->v[at];
}

void cursor_remove(struct cursor *c, const char *name)
{
	size_t at;

	if (!find(c, name, &at))
		return;
	log_release(&c->v[at]);
	ARRAY_CLOSE(c->v, c->n, at);
	c->n--;
}

int cursor_add_dir(struct cursor *c, const char *path, int64_t mtime, struct error *err)
{
	if (!ARRAY_GROW_SHORT(c->dirs, c->n_dirs))
		return error_nomem(err);
	c->dirs[c->n_dirs].path = strdup(path);
	if (!c->dirs[c->n_dirs].path)
		return error_nomem(err);
	c->dirs[c->n_dirs++].mtime = mtime;
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
