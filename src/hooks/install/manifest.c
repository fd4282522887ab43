#include "hooks/install/manifest.h"

#include <errno.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/id.h"

#define MANIFEST_VERSION "minsky-hooks 1"
#define MANIFEST_MAX 16384

void manifest_release(struct manifest *m)
{
	free(m->dir);
	*m = (struct manifest)MANIFEST_INIT;
}

static int bad(struct error *err, size_t line)
{
	error_set(err, ERR_CORRUPT, "line %zu is not valid", line);
	return error_hint(err, "remove the file, then run again: minsky hooks install");
}

/* `line` without its newline; from the second one on. */
static int parse_line(struct manifest *m, char *line, size_t number, struct error *err)
{
	char *name, *hash;

	if (!strcmp(line, "made")) {
		m->made = true;
		return 0;
	}
	if (!strncmp(line, "dir ", 4)) {
		free(m->dir);
		m->dir = strdup(line + 4);
		return m->dir ? 0 : error_nomem(err);
	}
	if (strncmp(line, "hook ", 5) != 0)
		return bad(err, number);
	name = line + 5;
	hash = strchr(name, ' ');
	if (!hash)
		return bad(err, number);
	*hash++ = '\0';
	if (strlen(name) >= sizeof(m->hooks[0].name) || strchr(name, '/') ||
		!id_is_hex(hash, HASH_HEX_SIZE - 1))
		return bad(err, number);
	return manifest_add(m, name, hash, err);
}

static int parse(struct manifest *m, char *text, struct error *err)
{
	size_t number = 0;

	for (char *at = text, *next; *at; at = next) {
		char *end = strchr(at, '\n');
		int r;

		number++;
		if (!end)
			return bad(err, number);
		*end = '\0';
		next = end + 1;
		if (number == 1)
			r = strcmp(at, MANIFEST_VERSION) ? bad(err, number) : 0;
		else
			r = parse_line(m, at, number, err);
		if (r < 0)
			return r;
	}
	if (!m->dir || m->dir[0] == '/' || strstr(m->dir, ".."))
		return bad(err, number);
	return 0;
}

static int read_text(const char *path, struct buf *out, struct error *err)
{
	int r = fs_read_private(path, MANIFEST_MAX, out, err);

	if (r < 0 && err->code == ERR_NOTFOUND) {
		error_clear(err);
		return 0;
	}
	return r;
}

int manifest_load(struct manifest *out, const char *common_dir, struct error *err)
{
	struct manifest m = MANIFEST_INIT;
	struct buf path = BUF_INIT;
	struct buf text = BUF_INIT;
	int r;

	fs_join(&path, common_dir, "minsky/hooks");
	r = buf_check(&path, err);
	if (r == 0)
		r = read_text(path.data, &text, err);
	if (r == 0 && text.len)
		r = parse(&m, text.data, err);
	if (r < 0) {
		if (err->code == ERR_CORRUPT)
			error_wrap(err, "cannot read '%s'", path.data);
		goto out;
	}
	manifest_release(out);
	*out = m;
	m = (struct manifest)MANIFEST_INIT;
out:
	manifest_release(&m);
	buf_release(&text);
	buf_release(&path);
	return r;
}

static int remove_file(const char *path, const char *common_dir, struct error *err)
{
	struct buf dir = BUF_INIT;
	int r = 0;

	if (unlink(path) < 0 && errno != ENOENT)
		r = error_errno(err, "cannot remove '%s'", path);
	/* Leaves no trace, unless the pointer file is in the directory. */
	fs_join(&dir, common_dir, "minsky/hooks.lock");
	(void)unlink(dir.data);
	fs_join(&dir, common_dir, "minsky");
	(void)rmdir(dir.data);
	buf_release(&dir);
	return r;
}

int manifest_save(const struct manifest *m, const char *common_dir, struct error *err)
{
	struct buf path = BUF_INIT;
	struct buf text = BUF_INIT;
	struct buf there = BUF_INIT;
	int r;

	fs_join(&path, common_dir, "minsky/hooks");
	r = buf_check(&path, err);
	if (r < 0)
		goto out;
	if (!m->dir) {
		r = remove_file(path.data, common_dir, err);
		goto out;
	}
	buf_addf(&text, MANIFEST_VERSION "\ndir %s\n", m->dir);
	if (m->made)
		buf_adds(&text, "made\n");
	for (size_t i = 0; i < m->n; i++)
		buf_addf(&text, "hook %s %s\n", m->hooks[i].name, m->hooks[i].hash);
	r = buf_check(&text, err);
	if (r == 0)
		r = read_text(path.data, &there, err);
	if (r < 0 || !strcmp(there.data, text.data))
		goto out;
	fs_join(&there, common_dir, "minsky");
	r = buf_check(&there, err);
	if (r == 0)
		r = fs_mkdirs(there.data, 0700, err);
	if (r == 0)
		r = fs_replace(path.data, text.data, text.len, 0600, true, err);
out:
	buf_release(&there);
	buf_release(&text);
	buf_release(&path);
	return r;
}

bool manifest_knows(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->hooks[i].name, name))
			return true;
	return false;
}

bool manifest_has(const struct manifest *m, const char *name, const char *hash)
{
	for (size_t i = 0; i < m->n; i++)
		if (!strcmp(m->hooks[i].name, name) && !strcmp(m->hooks[i].hash, hash))
			return true;
	return false;
}

int manifest_add(struct manifest *m, const char *name, const char *hash, struct error *err)
{
	struct manifest_hook *h = &m->hooks[m->n];

	if (manifest_has(m, name, hash))
		return 0;
	if (m->n == MANIFEST_HOOKS_MAX || strlen(name) >= sizeof(h->name))
		return error_set(err, ERR_CORRUPT, "the list of hooks is too long");
	memcpy(h->name, name, strlen(name) + 1);
	memcpy(h->hash, hash, HASH_HEX_SIZE);
	m->n++;
	return 0;
}

void manifest_drop(struct manifest *m, const char *name, const char *keep)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct manifest_hook *h = &m->hooks[i];

		if (strcmp(h->name, name) != 0 || (keep && !strcmp(h->hash, keep)))
			m->hooks[kept++] = *h;
	}
	m->n = kept;
}
