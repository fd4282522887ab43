#include "core/pointer.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/owner.h"
#include "core/paths.h"
#include "core/repo_file.h"

#define POINTER_MAX 65536
#define POINTER_VERSION "minsky-pointer 1"
#define LINKED_VERSION "minsky-session 1"

void pointer_release(struct pointer *p)
{
	free(p->name);
	free(p->journal);
	free(p->path);
	free(p->top);
	*p = (struct pointer)POINTER_INIT;
}

static int set_text(char **out, const char *value, struct error *err)
{
	char *copy = strdup(value);

	if (!copy)
		return error_nomem(err);
	free(*out);
	*out = copy;
	return 0;
}

static int set_inode(struct pointer *p, const char *value, struct error *err)
{
	char *end;

	errno = 0;
	p->dev = strtoull(value, &end, 10);
	if (errno || end == value || *end != ':')
		return error_set(err, ERR_CORRUPT, "inode is not 'device:number'");
	value = end + 1;
	p->ino = strtoull(value, &end, 10);
	if (errno || end == value || *end)
		return error_set(err, ERR_CORRUPT, "inode is not 'device:number'");
	return 0;
}

static int set_id(char *out, const char *key, const char *value, bool good, struct error *err)
{
	if (!good)
		return error_set(err, ERR_CORRUPT, "bad value of '%s'", key);
	memcpy(out, value, strlen(value) + 1);
	return 0;
}

static int set_member(struct pointer *p, const char *key, const char *value, struct error *err)
{
	if (!strcmp(key, "repo"))
		return set_id(p->repo, key, value, id_is_hex(value, ID_HEX_SIZE - 1), err);
	if (!strcmp(key, "clone"))
		return set_id(p->clone, key, value, id_is_hex(value, ID_HEX_SIZE - 1), err);
	if (!strcmp(key, "session"))
		return set_id(p->session, key, value, id_is_uuid(value), err);
	if (!strcmp(key, "journal"))
		return set_text(&p->journal, value, err);
	if (!strcmp(key, "path"))
		return set_text(&p->path, value, err);
	if (!strcmp(key, "name"))
		return set_text(&p->name, value, err);
	if (!strcmp(key, "top"))
		return set_text(&p->top, value, err);
	if (!strcmp(key, "inode"))
		return set_inode(p, value, err);
	return 0;
}

/* Cuts `text` into lines in place. */
static int parse(struct pointer *p, const char *version, char *text, struct error *err)
{
	size_t line = 0;

	for (char *at = text, *next; *at; at = next) {
		char *end = strchr(at, '\n');
		char *value;
		int r;

		line++;
		if (!end)
			return error_set(err, ERR_CORRUPT, "line %zu is truncated", line);
		*end = '\0';
		next = end + 1;
		if (line == 1) {
			if (strcmp(at, version) != 0)
				return error_set(
					err, ERR_CORRUPT, "first line is not '%s'", version);
			continue;
		}
		value = strchr(at, ' ');
		if (!value)
			return error_set(err, ERR_CORRUPT, "line %zu has no value", line);
		*value++ = '\0';
		r = set_member(p, at, value, err);
		if (r < 0)
			return error_wrap(err, "line %zu", line);
	}
	return 0;
}

/* <dir>/<name>, which begins with `version`. */
static int read_lines(struct pointer *p, const char *dir, const char *name, const char *version,
	struct error *err)
{
	struct buf path = BUF_INIT;
	struct buf text = BUF_INIT;
	int r;

	fs_join(&path, dir, name);
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_read_private(path.data, POINTER_MAX, &text, err);
	if (r < 0)
		goto out;
	if (strlen(text.data) != text.len)
		r = error_set(err, ERR_CORRUPT, "it contains a NUL byte");
	else
		r = parse(p, version, text.data, err);
	if (r == ERR_CORRUPT)
		error_wrap(err, "cannot read pointer '%s'", path.data);
out:
	buf_release(&text);
	buf_release(&path);
	return r;
}

/* Are the two the same directory? One that is gone is told by its name alone. */
static bool is_directory(const char *a, const char *b)
{
	const char *rest = path_below(a, b);
	struct stat x, y;

	if (rest && !*rest)
		return true;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/*
 * Where journals are. A program that was started with an empty environment, as graphical ones are,
 * cannot know: then it is where the file says, if that looks like a state directory; whose it is is
 * checked all the same.
 */
static int find_list(struct buf *list, const struct buf *said, struct error *err)
{
	static const char tail[] = "/minsky/journal/";
	const size_t len = sizeof(tail) - 1;

	if (!getenv("HOME") && !getenv("XDG_STATE_HOME") && said->len > len &&
		!strcmp(said->data + said->len - len, tail)) {
		buf_add(list, said->data, said->len - 1);
	} else {
		int r = paths_state(list, err);

		if (r < 0)
			return r;
		buf_adds(list, "/journal");
	}
	return buf_check(list, err);
}

/*
 * The journal is known by its name in <state>/journal. What precedes the name has to be that
 * directory, by whatever path, and is not used any more.
 */
static int find_journal(struct pointer *p, const char *common_dir, struct error *err)
{
	const char *slash = strrchr(p->journal, '/'), *name = slash + 1;
	struct buf list = BUF_INIT, said = BUF_INIT;
	int r;

	buf_add(&said, p->journal, (size_t)(name - p->journal));
	r = buf_check(&said, err);
	if (r == 0)
		r = find_list(&list, &said, err);
	if (r < 0)
		goto out;
	if (!*name || *name == '.' || !is_directory(said.data, list.data)) {
		error_refuse(err, "foreign-journal",
			"'%s/minsky/journal' points to a journal that is not below '%s'",
			common_dir, list.data);
		r = error_hint(err,
			"if it was created with another HOME or XDG_STATE_HOME, set it again; "
			"otherwise remove the file");
		goto out;
	}
	buf_addf(&list, "/%s", name);
	r = buf_check(&list, err);
	if (r == 0)
		r = owner_check(list.data, err);
	/* A journal that is gone is for journal_open() to report: its path is still known. */
	if (r == 0)
		r = fs_check_private_dir(list.data, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	if (r == 0)
		r = set_text(&p->journal, list.data, err);
out:
	buf_release(&list);
	buf_release(&said);
	return r;
}

int pointer_read(struct pointer *out, const char *common_dir, struct error *err)
{
	struct pointer p = POINTER_INIT;
	int r = read_lines(&p, common_dir, "minsky/journal", POINTER_VERSION, err);

	if (r == 0 &&
		(!p.repo[0] || !p.clone[0] || !p.path || p.path[0] != '/' || !p.journal ||
			p.journal[0] != '/')) {
		r = error_set(err, ERR_CORRUPT, "a member is missing or not absolute");
		error_wrap(err, "cannot read pointer '%s/minsky/journal'", common_dir);
	}
	if (r == ERR_CORRUPT)
		error_hint(err, "remove it, and run 'minsky init' in the repository");
	if (r < 0)
		goto out;
	r = find_journal(&p, common_dir, err);
	if (r < 0)
		goto out;
	pointer_release(out);
	*out = p;
	p = (struct pointer)POINTER_INIT;
out:
	pointer_release(&p);
	return r;
}

static int one_line(const char *what, const char *value, struct error *err)
{
	if (value && strchr(value, '\n'))
		return error_set(err, ERR_UNSUPPORTED, "%s contains a newline", what);
	return 0;
}

static int format(struct buf *out, const struct pointer *p, const char *path, const struct stat *st,
	struct error *err)
{
	int r = one_line("the journal's path", p->journal, err);

	if (r == 0)
		r = one_line("the repository's path", path, err);
	if (r == 0)
		r = one_line("the session's name", p->name, err);
	if (r < 0)
		return r;
	buf_addf(out, POINTER_VERSION "\nrepo %s\njournal %s\nclone %s\npath %s\n", p->repo,
		p->journal, p->clone, path);
	buf_addf(
		out, "inode %" PRIu64 ":%" PRIu64 "\n", (uint64_t)st->st_dev, (uint64_t)st->st_ino);
	if (p->session[0] && !p->top)
		buf_addf(out, "session %s\n", p->session);
	if (p->name && !p->top)
		buf_addf(out, "name %s\n", p->name);
	return buf_check(out, err);
}

/* Atomically; makes <dir>/minsky. */
static int write_lines(const char *dir, const char *name, const struct buf *text, struct error *err)
{
	struct buf file = BUF_INIT;
	int r;

	fs_join(&file, dir, "minsky");
	r = buf_check(&file, err);
	if (r == 0)
		r = fs_mkdirs(file.data, 0700, err);
	fs_join(&file, dir, name);
	if (r == 0)
		r = buf_check(&file, err);
	if (r == 0)
		r = fs_replace(file.data, text->data, text->len, 0600, true, err);
	buf_release(&file);
	return r;
}

int pointer_write(struct pointer *p, const char *common_dir, struct error *err)
{
	struct buf real = BUF_INIT;
	struct buf text = BUF_INIT;
	struct stat st;
	char *path;
	int r;

	r = fs_realpath(common_dir, &real, err);
	if (r < 0)
		goto out;
	if (stat(real.data, &st) < 0) {
		r = error_errno(err, "cannot access '%s'", real.data);
		goto out;
	}
	r = format(&text, p, real.data, &st, err);
	if (r < 0)
		goto out;
	path = strdup(real.data);
	if (!path) {
		r = error_nomem(err);
		goto out;
	}
	r = write_lines(real.data, "minsky/journal", &text, err);
	if (r < 0) {
		free(path);
		goto out;
	}
	free(p->path);
	p->path = path;
	p->dev = (uint64_t)st.st_dev;
	p->ino = (uint64_t)st.st_ino;
out:
	buf_release(&text);
	buf_release(&real);
	return r;
}

int pointer_enter(struct pointer *p, const char *git_dir, struct error *err)
{
	struct pointer linked = POINTER_INIT;
	char *swap;
	int r = read_lines(&linked, git_dir, "minsky/session", LINKED_VERSION, err);

	if (r == ERR_NOTFOUND) {
		error_clear(err);
		return 0;
	}
	if (r == 0 && (!linked.session[0] || !linked.name || !linked.top))
		r = error_set(err, ERR_CORRUPT,
			"cannot read pointer '%s/minsky/session': a member is missing", git_dir);
	if (r == 0) {
		memcpy(p->session, linked.session, sizeof(p->session));
		swap = p->name;
		p->name = linked.name;
		linked.name = swap;
		swap = p->top;
		p->top = linked.top;
		linked.top = swap;
	}
	pointer_release(&linked);
	return r;
}

int pointer_write_linked(struct pointer *p, const char *git_dir, const char *top, struct error *err)
{
	struct buf text = BUF_INIT;
	int r = one_line("the work tree's path", top, err);

	if (r == 0)
		r = one_line("the session's name", p->name, err);
	buf_addf(&text, LINKED_VERSION "\nsession %s\nname %s\ntop %s\n", p->session,
		p->name ? p->name : "", top);
	if (r == 0)
		r = buf_check(&text, err);
	if (r == 0)
		r = set_text(&p->top, top, err);
	if (r == 0)
		r = write_lines(git_dir, "minsky/session", &text, err);
	buf_release(&text);
	return r;
}

bool pointer_bound(const char *common_dir)
{
	struct pointer p = POINTER_INIT;
	struct repo_file file = REPO_FILE_INIT;
	struct error ignored = ERROR_INIT;
	struct buf real = BUF_INIT;
	const struct repo_file_clone *clone;
	bool bound = false;

	if (fs_realpath(common_dir, &real, &ignored) == 0 &&
		pointer_read(&p, real.data, &ignored) == 0 &&
		pointer_where(&p, real.data) == POINTER_HERE &&
		repo_file_load(&file, p.journal, &ignored) == 0) {
		clone = repo_file_find_clone(&file, p.clone);
		bound = clone && strcmp(clone->path, real.data) == 0;
	}
	repo_file_release(&file);
	pointer_release(&p);
	buf_release(&real);
	return bound;
}

static int find_place(
	const struct pointer *p, const char *common_dir, enum pointer_place *out, struct error *err)
{
	struct buf real = BUF_INIT;
	struct stat st;
	bool same_path;
	int r = 0;

	if (stat(common_dir, &st) < 0)
		return error_errno(err, "cannot access '%s'", common_dir);
	same_path = strcmp(common_dir, p->path) == 0;
	if (!same_path) {
		r = fs_realpath(common_dir, &real, err);
		same_path = r == 0 && strcmp(real.data, p->path) == 0;
	}
	buf_release(&real);
	if (r < 0)
		return r;
	/* Some file systems get another device number at every mount; path and inode are enough. */
	if (same_path)
		*out = (uint64_t)st.st_ino == p->ino ? POINTER_HERE : POINTER_REPLACED;
	else if ((uint64_t)st.st_ino == p->ino && (uint64_t)st.st_dev == p->dev)
		*out = POINTER_MOVED;
	else
		*out = POINTER_COPIED;
	return 0;
}

enum pointer_place pointer_where(const struct pointer *p, const char *common_dir)
{
	enum pointer_place place = POINTER_COPIED;
	struct error ignored = ERROR_INIT;

	(void)find_place(p, common_dir, &place, &ignored);
	return place;
}

int pointer_update(struct pointer *p, const char *common_dir, bool adopt_copy,
	enum pointer_place *place_out, struct error *err)
{
	enum pointer_place place;
	char clone[ID_HEX_SIZE];
	/* What cannot be looked at is no copy: nothing is changed. */
	int r = find_place(p, common_dir, &place, err);

	if (r < 0)
		return r;
	memcpy(clone, p->clone, sizeof(clone));
	if (place == POINTER_COPIED && adopt_copy) {
		/* The session stays with the original. */
		p->session[0] = '\0';
		free(p->name);
		p->name = NULL;
	}
	if (place == POINTER_REPLACED || (place == POINTER_COPIED && adopt_copy)) {
		r = id_random_hex(p->clone, err);
		if (r == 0)
			r = pointer_write(p, common_dir, err);
		if (r < 0)
			memcpy(p->clone, clone, sizeof(clone));
	} else if (place == POINTER_MOVED) {
		r = pointer_write(p, common_dir, err);
	}
	if (r == 0)
		*place_out = place;
	return r;
}
