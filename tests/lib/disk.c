#include "lib/disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FDS 256
#define NAMES 64
#define FILES 128
#define OPS 4096
#define PENDING_MAX 6 /* changes before these count as done */
#define PAGE 4096

enum kind { CREATE, WRITE, CUT, RENAME, UNLINK, MKDIR, SYNC, SYNC_DIR, PROMISE };

struct op {
	enum kind kind;
	int file; /* number in `files` */
	char path[PATH_MAX / 8], to[PATH_MAX / 8]; /* below root; directories: "" is root */
	size_t at, len; /* CUT: len */
	char *data;
	unsigned promised;
};

struct content {
	char *data;
	size_t len;
};

struct name {
	char path[PATH_MAX / 8];
	int file; /* -1: a directory */
};

static char root[PATH_MAX];
static bool recording;
static struct op ops[OPS];
static size_t n_ops;
static struct content files[FILES]; /* as they were when recording began */
static int n_files;
static struct name first_names[NAMES], names[NAMES]; /* names: as they are now */
static size_t n_first, n_names;
static int fd_file[FDS]; /* number + 1; 0: not ours */
static bool fd_dir[FDS];

/* Names */

static struct name *find_name(struct name *v, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].path, path) == 0)
			return &v[i];
	return NULL;
}

static void set_name(struct name *v, size_t *n, const char *path, int file)
{
	struct name *name = find_name(v, *n, path);

	if (!name) {
		assert_true(*n < NAMES);
		name = &v[(*n)++];
		(void)snprintf(name->path, sizeof(name->path), "%s", path);
	}
	name->file = file;
}

static void drop_name(struct name *v, size_t *n, const char *path)
{
	struct name *name = find_name(v, *n, path);

	if (name)
		*name = v[--*n];
}

static void dir_of(char *out, size_t size, const char *path)
{
	const char *slash = strrchr(path, '/');

	(void)snprintf(out, size, "%.*s", slash ? (int)(slash - path) : 0, path);
}

/* The part of a real path below root, or NULL. */
static const char *below(const char *path)
{
	size_t n = strlen(root);

	if (strncmp(path, root, n) != 0 || (path[n] && path[n] != '/'))
		return NULL;
	return path[n] ? path + n + 1 : path + n;
}

static bool path_of_fd(int fd, char out[PATH_MAX])
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH_MAX - 1);
	if (n < 0)
		return false;
	out[n] = '\0';
	return true;
}

/* What a call at `fd` means by `path`, below root; NULL if it is elsewhere. */
static const char *place(int fd, const char *path, char out[PATH_MAX])
{
	char base[PATH_MAX];

	if (*path == '/') {
		(void)snprintf(out, PATH_MAX, "%s", path);
	} else {
		if (fd == AT_FDCWD || !path_of_fd(fd, base))
			return NULL;
		assert_true(snprintf(out, PATH_MAX, "%s/%s", base, path) < PATH_MAX);
	}
	return below(out);
}

/* Recording */

static struct op *add_op(enum kind kind, const char *path)
{
	struct op *op = &ops[n_ops++];

	assert_true(n_ops < OPS);
	*op = (struct op){ .kind = kind, .file = -1 };
	(void)snprintf(op->path, sizeof(op->path), "%s", path);
	return op;
}

static int new_file(void)
{
	assert_true(n_files < FILES);
	return n_files++;
}

static void load(const char *dir)
{
	char path[PATH_MAX];
	const struct dirent *e;
	DIR *d = opendir(dir);

	assert_non_null(d);
	while ((e = readdir(d))) {
		struct stat st;
		int fd, number;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		assert_true(snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) < PATH_MAX);
		assert_int_equal(lstat(path, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			set_name(names, &n_names, below(path), -1);
			load(path);
			continue;
		}
		number = new_file();
		files[number].len = (size_t)st.st_size;
		files[number].data = malloc(files[number].len + 1);
		assert_non_null(files[number].data);
		fd = open(path, O_RDONLY);
		assert_true(read(fd, files[number].data, files[number].len) == st.st_size);
		close(fd);
		set_name(names, &n_names, below(path), number);
	}
	closedir(d);
}

void disk_record(const char *dir)
{
	assert_non_null(realpath(dir, root));
	n_ops = n_names = 0;
	n_files = 0;
	memset(fd_file, 0, sizeof(fd_file));
	memset(fd_dir, 0, sizeof(fd_dir));
	load(root);
	memcpy(first_names, names, sizeof(names));
	n_first = n_names;
	recording = true;
}

void disk_promise(unsigned number)
{
	add_op(PROMISE, "")->promised = number;
}

void disk_stop(void)
{
	recording = false;
}

void disk_forget(void)
{
	for (size_t i = 0; i < n_ops; i++)
		free(ops[i].data);
	for (int i = 0; i < n_files; i++) {
		free(files[i].data);
		files[i] = (struct content){ .data = NULL };
	}
	n_ops = 0;
	n_files = 0;
}

/* Descriptors that were opened before count too: a journal keeps its directory open. */
static int file_of(int fd)
{
	char path[PATH_MAX];
	const struct name *name;

	if (!recording || fd < 0 || fd >= FDS)
		return -1;
	if (fd_file[fd])
		return fd_file[fd] - 1;
	if (!path_of_fd(fd, path) || !below(path))
		return -1;
	name = find_name(names, n_names, below(path));
	return name ? name->file : -1;
}

static void opened(int fd, int dirfd, const char *path, int flags)
{
	char full[PATH_MAX];
	const char *rel = recording && fd >= 0 ? place(dirfd, path, full) : NULL;
	const struct name *name;
	struct op *op;

	if (fd >= 0 && fd < FDS)
		fd_file[fd] = 0;
	if (!rel || fd >= FDS || (flags & O_DIRECTORY) || !*rel)
		return;
	name = find_name(names, n_names, rel);
	if (name && name->file < 0)
		return;
	if (!name) {
		op = add_op(CREATE, rel);
		op->file = new_file();
		set_name(names, &n_names, rel, op->file);
		name = find_name(names, n_names, rel);
	}
	fd_file[fd] = name->file + 1;
}

static void wrote(int fd, const void *data, ssize_t n, off_t at)
{
	int file = n > 0 ? file_of(fd) : -1;
	struct op *op;

	if (file < 0)
		return;
	op = add_op(WRITE, "");
	op->file = file;
	op->at = (size_t)at;
	op->len = (size_t)n;
	op->data = malloc(op->len);
	assert_non_null(op->data);
	memcpy(op->data, data, op->len);
}

static void synced(int fd)
{
	char path[PATH_MAX];
	const char *rel;
	struct stat st;
	int file;

	if (!recording || fstat(fd, &st) < 0 || !path_of_fd(fd, path))
		return;
	rel = below(path);
	if (S_ISDIR(st.st_mode)) {
		if (rel)
			add_op(SYNC_DIR, rel);
		return;
	}
	file = file_of(fd);
	if (file >= 0)
		add_op(SYNC, "")->file = file;
}

static void renamed(int from_fd, const char *from, int to_fd, const char *to)
{
	char full_from[PATH_MAX], full_to[PATH_MAX];
	const char *rel_from = recording ? place(from_fd, from, full_from) : NULL;
	const char *rel_to = recording ? place(to_fd, to, full_to) : NULL;
	const struct name *name = rel_from ? find_name(names, n_names, rel_from) : NULL;
	struct op *op;

	if (!rel_to || !name)
		return;
	op = add_op(RENAME, rel_from);
	op->file = name->file;
	(void)snprintf(op->to, sizeof(op->to), "%s", rel_to);
	set_name(names, &n_names, rel_to, op->file);
	drop_name(names, &n_names, rel_from);
}

static void unlinked(int fd, const char *path)
{
	char full[PATH_MAX];
	const char *rel = recording ? place(fd, path, full) : NULL;

	if (!rel || !find_name(names, n_names, rel))
		return;
	add_op(UNLINK, rel);
	drop_name(names, &n_names, rel);
}

/* clang-format off */
#define WRAP(type, name, params, args, after)                                                      \
	type __real_##name params;                                                                 \
	type __wrap_##name params;                                                                 \
	type __wrap_##name params                                                                  \
	{                                                                                          \
		type r = __real_##name args;                                                       \
		int code = errno;                                                                  \
                                                                                                   \
		if (recording && r >= 0)                                                           \
			after;                                                                     \
		errno = code;                                                                      \
		return r;                                                                          \
	}

static off_t position(int fd, ssize_t written)
{
	return lseek(fd, 0, SEEK_CUR) - written;
}

static void cut(int fd, off_t n)
{
	int file = file_of(fd);

	if (file >= 0) {
		struct op *op = add_op(CUT, "");

		op->file = file;
		op->len = (size_t)n;
	}
}

static void made_dir(const char *path)
{
	char full[PATH_MAX];
	const char *rel = place(AT_FDCWD, path, full);

	if (rel) {
		add_op(MKDIR, rel);
		set_name(names, &n_names, rel, -1);
	}
}

static void closed(int fd)
{
	if (fd < FDS)
		fd_file[fd] = 0;
}

WRAP(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n), wrote(fd, p, r, position(fd, r)))
WRAP(ssize_t, pwrite, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at), wrote(fd, p, r, at))
WRAP(ssize_t, pwrite64, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at), wrote(fd, p, r, at))
WRAP(int, fsync, (int fd), (fd), synced(fd))
WRAP(int, fdatasync, (int fd), (fd), synced(fd))
WRAP(int, ftruncate, (int fd, off_t n), (fd, n), cut(fd, n))
WRAP(int, ftruncate64, (int fd, off_t n), (fd, n), cut(fd, n))
WRAP(int, rename, (const char *a, const char *b), (a, b), renamed(AT_FDCWD, a, AT_FDCWD, b))
WRAP(int, renameat2, (int fa, const char *a, int fb, const char *b, unsigned f), (fa, a, fb, b, f),
	renamed(fa, a, fb, b))
WRAP(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags), unlinked(fd, path))
WRAP(int, unlink, (const char *path), (path), unlinked(AT_FDCWD, path))
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), made_dir(path))
WRAP(int, close, (int fd), (fd), closed(fd))
/* clang-format on */

#define WRAP_OPEN(name)                                                                            \
	int __real_##name(const char *path, int flags, ...);                                       \
	int __wrap_##name(const char *path, int flags, ...);                                       \
	int __wrap_##name(const char *path, int flags, ...)                                        \
	{                                                                                          \
		mode_t mode = 0;                                                                   \
		va_list ap;                                                                        \
		int r;                                                                             \
                                                                                                   \
		va_start(ap, flags);                                                               \
		if (flags & O_CREAT)                                                               \
			mode = va_arg(ap, mode_t);                                                 \
		va_end(ap);                                                                        \
		r = __real_##name(path, flags, mode);                                              \
		opened(r, AT_FDCWD, path, flags);                                                  \
		return r;                                                                          \
	}

#define WRAP_OPENAT(name)                                                                          \
	int __real_##name(int fd, const char *path, int flags, ...);                               \
	int __wrap_##name(int fd, const char *path, int flags, ...);                               \
	int __wrap_##name(int fd, const char *path, int flags, ...)                                \
	{                                                                                          \
		mode_t mode = 0;                                                                   \
		va_list ap;                                                                        \
		int r;                                                                             \
                                                                                                   \
		va_start(ap, flags);                                                               \
		if (flags & O_CREAT)                                                               \
			mode = va_arg(ap, mode_t);                                                 \
		va_end(ap);                                                                        \
		r = __real_##name(fd, path, flags, mode);                                          \
		opened(r, fd, path, flags);                                                        \
		return r;                                                                          \
	}

WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP_OPENAT(openat)
WRAP_OPENAT(openat64)

/* States */

enum form { WHOLE, NOT_AT_ALL, ONE_BYTE, HALF, ALL_BUT_ONE, ZEROES, RUBBISH, LATER_PAGES, FORMS };
static const char *const form_names[] = { "whole", "missing", "one byte", "half",
	"all but one byte", "zeroes", "rubbish", "all but its first page" };

struct choice {
	enum form form[OPS]; /* of ops that are not sure; of a RENAME, HALF: both names are there */
};

static struct content state_files[FILES];
static struct name state_names[NAMES];
static size_t n_state_names;

static bool is_change_of_bytes(const struct op *op)
{
	return op->kind == WRITE || op->kind == CUT;
}

static bool is_change_of_names(const struct op *op)
{
	return op->kind == CREATE || op->kind == RENAME || op->kind == UNLINK || op->kind == MKDIR;
}

static bool dir_synced(const char *path, size_t from, size_t end)
{
	char dir[PATH_MAX];

	dir_of(dir, sizeof(dir), path);
	for (size_t i = from; i < end; i++)
		if (ops[i].kind == SYNC_DIR && strcmp(ops[i].path, dir) == 0)
			return true;
	return false;
}

static bool is_sure(size_t i, size_t end)
{
	const struct op *op = &ops[i];

	if (is_change_of_bytes(op)) {
		for (size_t k = i + 1; k < end; k++)
			if (ops[k].kind == SYNC && ops[k].file == op->file)
				return true;
		return false;
	}
	return dir_synced(op->path, i + 1, end) &&
		(op->kind != RENAME || dir_synced(op->to, i + 1, end));
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static void resize(struct content *c, size_t len)
{
	char *data = realloc(c->data, len + 1);

	assert_non_null(data);
	if (len > c->len)
		memset(data + c->len, 0, len - c->len);
	c->data = data;
	c->len = len;
}

static void apply_write(const struct op *op, enum form form)
{
	struct content *c = &state_files[op->file];
	size_t len = form == ONE_BYTE ? 1
		: form == HALF        ? op->len / 2
		: form == ALL_BUT_ONE ? op->len - 1
				      : op->len;
	size_t skip = form == LATER_PAGES ? PAGE - op->at % PAGE : 0;

	if (form == NOT_AT_ALL || skip >= op->len)
		return;
	if (op->at + len > c->len)
		resize(c, op->at + len);
	if (form == ZEROES)
		memset(c->data + op->at, 0, len);
	else if (form == RUBBISH)
		for (size_t i = 0; i < len; i++)
			c->data[op->at + i] = (char)(op->data[i] ^ (int)(0x55 + i % 7));
	else
		memcpy(c->data + op->at + skip, op->data + skip, len - skip);
	if (skip)
		memset(c->data + op->at, 0, skip);
}

/* Between two directories each name is as sure as its directory. */
static void apply_half_known(const struct op *op, size_t end)
{
	size_t behind = (size_t)(op - ops) + 1;

	if (dir_synced(op->to, behind, end))
		set_name(state_names, &n_state_names, op->to, op->file);
	else if (dir_synced(op->path, behind, end))
		drop_name(state_names, &n_state_names, op->path);
}

static void apply(const struct op *op, enum form form, size_t end)
{
	if (form == NOT_AT_ALL && op->kind == RENAME)
		apply_half_known(op, end);
	if (form == NOT_AT_ALL)
		return;
	switch (op->kind) {
	case WRITE:
		apply_write(op, form);
		break;
	case CUT:
		resize(&state_files[op->file], op->len);
		break;
	case CREATE:
		set_name(state_names, &n_state_names, op->path, op->file);
		break;
	case MKDIR:
		set_name(state_names, &n_state_names, op->path, -1);
		break;
	case RENAME:
		set_name(state_names, &n_state_names, op->to, op->file);
		if (form != HALF)
			drop_name(state_names, &n_state_names, op->path);
		break;
	case UNLINK:
		drop_name(state_names, &n_state_names, op->path);
		break;
	case SYNC:
	case SYNC_DIR:
	case PROMISE:
		break;
	}
}

static void clear_dir(const char *dir)
{
	char path[PATH_MAX];
	const struct dirent *e;
	DIR *d = opendir(dir);

	assert_non_null(d);
	while ((e = readdir(d))) {
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		assert_true(snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) < PATH_MAX);
		assert_int_equal(lstat(path, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			clear_dir(path);
			assert_int_equal(rmdir(path), 0);
		} else {
			assert_int_equal(unlink(path), 0);
		}
	}
	closedir(d);
}

static bool has_parent(const struct name *name)
{
	char dir[PATH_MAX];
	const struct name *parent;

	dir_of(dir, sizeof(dir), name->path);
	parent = *dir ? find_name(state_names, n_state_names, dir) : NULL;
	return !*dir || (parent && parent->file < 0);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->path, ((const struct name *)b)->path);
}

static void write_state(void)
{
	char path[PATH_MAX * 2];

	clear_dir(root);
	qsort(state_names, n_state_names, sizeof(*state_names), by_path);
	for (size_t i = 0; i < n_state_names; i++) {
		const struct name *name = &state_names[i];
		const struct content *c = name->file < 0 ? NULL : &state_files[name->file];
		int fd;

		if (!has_parent(name))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", root, name->path);
		if (!c) {
			assert_int_equal(mkdir(path, 0700), 0);
			continue;
		}
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
		assert_true(fd >= 0);
		assert_true(write(fd, c->data, c->len) == (ssize_t)c->len);
		close(fd);
	}
}

static void make_state(size_t end, const struct choice *choice)
{
	memcpy(state_names, first_names, sizeof(first_names));
	n_state_names = n_first;
	for (int i = 0; i < n_files; i++) {
		state_files[i].len = 0;
		resize(&state_files[i], files[i].len);
		if (files[i].len)
			memcpy(state_files[i].data, files[i].data, files[i].len);
	}
	for (size_t i = 0; i < end; i++)
		apply(&ops[i], choice->form[i], end);
	write_state();
}

struct walk {
	disk_check_fn *check;
	size_t end, states;
	unsigned promised;
	size_t pending[PENDING_MAX], n_pending;
	size_t loose[OPS], n_loose; /* writes to files that are never synced */
	struct choice choice;
	char what[256];
};

static void visit(struct walk *w, const char *detail)
{
	int n = snprintf(
		w->what, sizeof(w->what), "cut after call %zu; of the last changes", w->end);

	for (size_t i = 0; i < w->n_pending && n < 200; i++)
		n += snprintf(w->what + n, sizeof(w->what) - (size_t)n, " %zu %s,", w->pending[i],
			form_names[w->choice.form[w->pending[i]]]);
	(void)snprintf(w->what + n, sizeof(w->what) - (size_t)n, " %s", detail);
	make_state(w->end, &w->choice);
	w->check(w->promised, w->what);
	w->states++;
}

/* The last write to each file that is never synced, in every form; before that, one of each. */
static void visit_loose(struct walk *w)
{
	size_t last = w->n_loose ? w->loose[w->n_loose - 1] : 0;

	visit(w, "as it is");
	if (!w->n_loose)
		return;
	for (enum form f = NOT_AT_ALL; f < LATER_PAGES; f++) {
		w->choice.form[last] = f;
		visit(w, "the loose one in another form");
	}
	for (size_t i = 0; i < w->n_loose; i++)
		w->choice.form[w->loose[i]] = NOT_AT_ALL;
	visit(w, "the loose ones not at all");
	for (size_t i = 0; i < w->n_loose; i++)
		w->choice.form[w->loose[i]] = WHOLE;
}

/* Every subset of what is not sure, then each write of it in pieces. */
static void visit_pending(struct walk *w)
{
	for (unsigned long set = 0; set < 1ul << w->n_pending; set++) {
		for (size_t i = 0; i < w->n_pending; i++)
			w->choice.form[w->pending[i]] = set >> i & 1 ? WHOLE : NOT_AT_ALL;
		visit_loose(w);
		for (size_t i = 0; i < w->n_pending; i++) {
			const struct op *op = &ops[w->pending[i]];

			if (!(set >> i & 1))
				continue;
			for (enum form f = ONE_BYTE; f < FORMS; f++) {
				if (op->kind == RENAME ? f != HALF : op->kind != WRITE)
					continue;
				w->choice.form[w->pending[i]] = f;
				visit(w, "");
			}
			w->choice.form[w->pending[i]] = WHOLE;
		}
	}
}

static bool is_loose(const struct op *op, const char *loose)
{
	for (size_t i = 0; op->kind == WRITE && i < n_ops; i++)
		if (ops[i].kind == CREATE && ops[i].file == op->file)
			return ends_with(ops[i].path, loose);
	for (size_t i = 0; op->kind == WRITE && i < n_first; i++)
		if (first_names[i].file == op->file)
			return ends_with(first_names[i].path, loose);
	return false;
}

static void walk_prefix(struct walk *w, const char *loose)
{
	w->n_pending = w->n_loose = 0;
	for (size_t i = w->end; i > 0; i--) {
		const struct op *op = &ops[i - 1];

		w->choice.form[i - 1] = WHOLE;
		if (is_loose(op, loose)) {
			w->loose[w->n_loose++] = i - 1;
			continue;
		}
		if ((!is_change_of_bytes(op) && !is_change_of_names(op)) ||
			is_sure(i - 1, w->end) ||
			(op->kind == CREATE && ends_with(op->path, "lock")))
			continue;
		if (w->n_pending < PENDING_MAX)
			w->pending[w->n_pending++] = i - 1;
	}
	/* loose[] holds the newest first. */
	for (size_t i = 0; i < w->n_loose / 2; i++) {
		size_t swap = w->loose[i];

		w->loose[i] = w->loose[w->n_loose - 1 - i];
		w->loose[w->n_loose - 1 - i] = swap;
	}
	visit_pending(w);
}

size_t disk_states(const char *loose, disk_check_fn *check)
{
	struct walk *w = calloc(1, sizeof(*w));
	size_t states;

	assert_non_null(w);
	w->check = check;
	for (w->end = 0; w->end <= n_ops; w->end++) {
		const struct op *last = w->end ? &ops[w->end - 1] : NULL;

		if (last && last->kind == PROMISE)
			w->promised = last->promised;
		walk_prefix(w, loose);
	}
	states = w->states;
	free(w);
	for (int i = 0; i < FILES; i++) {
		free(state_files[i].data);
		state_files[i] = (struct content){ .data = NULL };
	}
	return states;
}
