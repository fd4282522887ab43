#include "core/gitfiles/refs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/array.h"
#include "core/fs.h"
#include "core/id.h"
#include "core/oid.h"

#define LOOSE_MAX 4096
#define PACKED_MAX (1u << 30)
#define NAME_MAX_BYTES 1024
#define DEPTH_MAX 64

void refs_release(struct refs *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].name);
	free(r->v);
	*r = (struct refs){ .v = NULL };
}

bool ref_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > NAME_MAX_BYTES || name[0] == '/' || name[len - 1] == '/' ||
		strstr(name, "..") || strstr(name, "//") || strstr(name, "/."))
		return false;
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("~^:?*[\\", *p))
			return false;
	return true;
}

const char *ref_short(const char *name, bool *remote_out)
{
	if (!strncmp(name, "refs/heads/", 11)) {
		*remote_out = false;
		return name + 11;
	}
	if (!strncmp(name, "refs/remotes/", 13)) {
		*remote_out = true;
		return name + 13;
	}
	return NULL;
}

bool ref_is_pr(const char *name)
{
	bool remote;
	const char *rest = ref_short(name, &remote);

	if (rest && remote) {
		rest = strchr(rest, '/');
		rest = rest ? rest + 1 : NULL;
	}
	return rest && !strncmp(rest, "pr/", 3) && rest[3];
}

/* Into `oid`; none for a symbolic ref and anything else. */
static void take_oid(struct oid *oid, const char *text)
{
	size_t len = oid_read(oid, text);

	if (!len || (text[len] && text[len] != '\n' && text[len] != ' '))
		*oid = OID_NONE;
}

static int read_loose(const char *common_dir, const char *name, struct oid *oid, bool *there_out,
	struct error *err)
{
	struct buf path = BUF_INIT;
	struct buf text = BUF_INIT;
	struct stat st;
	int r;

	*oid = OID_NONE;
	*there_out = false;
	fs_join(&path, common_dir, name);
	r = buf_check(&path, err);
	/* A directory where the file would be: the ref is packed, or not there. */
	if (r < 0 || stat(path.data, &st) < 0 || !S_ISREG(st.st_mode))
		goto out;
	r = fs_read(path.data, LOOSE_MAX, &text, err);
	if (r < 0 && err->code == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
		goto out;
	}
	if (r == 0) {
		*there_out = true;
		take_oid(oid, text.data);
	}
out:
	buf_release(&text);
	buf_release(&path);
	return r;
}

static int read_packed(const char *common_dir, struct buf *text, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, common_dir, "packed-refs");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_read(path.data, PACKED_MAX, text, err);
	if (r < 0 && err->code == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	buf_release(&path);
	return r;
}

/* Cuts the next "<oid> <name>" line out of the text. False at its end. */
static bool next_packed(char **at, struct oid *oid, const char **name_out)
{
	while (**at) {
		char *line = *at;
		char *end = strchr(line, '\n');
		char *space;

		*at = end ? end + 1 : line + strlen(line);
		if (end)
			*end = '\0';
		take_oid(oid, line);
		space = strchr(line, ' ');
		/* "#" begins the header, "^" the object that the tag above points at. */
		if (oid_is_none(oid) || !space || !ref_name_ok(space + 1))
			continue;
		*name_out = space + 1;
		return true;
	}
	return false;
}

int ref_read(const char *common_dir, const char *name, struct oid *oid_out, struct error *err)
{
	struct buf text = BUF_INIT;
	struct oid oid;
	bool there;
	int r = read_loose(common_dir, name, &oid, &there, err);

	if (r == 0 && !there) {
		const char *found;
		char *at;

		r = read_packed(common_dir, &text, err);
		at = text.data;
		while (r == 0 && next_packed(&at, &oid, &found))
			if (!strcmp(found, name))
				goto out;
		oid = OID_NONE;
	}
out:
	buf_release(&text);
	if (r == 0)
		*oid_out = oid;
	return r;
}

int ref_file_read(const char *git_dir, const char *name, struct buf *target_out,
	struct oid *oid_out, struct error *err)
{
	struct buf path = BUF_INIT;
	struct buf text = BUF_INIT;
	char target[LOOSE_MAX];
	ssize_t len;
	int r;

	fs_join(&path, git_dir, name);
	r = buf_check(&path, err);
	if (r < 0)
		goto out;
	len = readlink(path.data, target, sizeof(target) - 1);
	if (len > 0) {
		target[len] = '\0';
		buf_addf(&text, "ref: %s\n", target);
		r = buf_check(&text, err);
	} else {
		r = fs_read(path.data, LOOSE_MAX, &text, err);
	}
	if (r < 0)
		goto out;
	buf_clear(target_out);
	take_oid(oid_out, text.data);
	if (!strncmp(text.data, "ref:", 4)) {
		text.data[strcspn(text.data, "\r\n")] = '\0';
		buf_adds(target_out, text.data + 4 + strspn(text.data + 4, " "));
		r = target_out->len || target_out->failed
			? buf_check(target_out, err)
			: error_set(err, ERR_CORRUPT, "'%s' names nothing", path.data);
	}
out:
	buf_release(&text);
	buf_release(&path);
	return r;
}

int head_read(const char *git_dir, struct buf *branch_out, struct error *err)
{
	struct oid ignored;
	int r;

	buf_clear(branch_out);
	r = ref_file_read(git_dir, "HEAD", branch_out, &ignored, err);
	if (r == 0 && branch_out->len && !ref_name_ok(branch_out->data))
		r = error_set(err, ERR_CORRUPT, "'%s/HEAD' does not name a branch", git_dir);
	return r;
}

static int walk(const char *common_dir, struct buf *name, bool deep, int depth, ref_walk_fn *fn,
	void *arg, struct error *err);

static int visit(const char *common_dir, struct buf *name, bool deep, int depth, ref_walk_fn *fn,
	void *arg, struct error *err)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int64_t mtime;
	int r = 0;

	fs_join(&path, common_dir, name->data);
	if (path.failed || name->failed) {
		r = error_nomem(err);
		goto out;
	}
	if (stat(path.data, &st) < 0)
		goto out; /* gone since it was listed */
	mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		r = fn(arg, name->data, S_ISDIR(st.st_mode), mtime, err);
	if (r == 0 && S_ISDIR(st.st_mode) && (deep || !depth))
		r = walk(common_dir, name, deep, depth, fn, arg, err);
out:
	buf_release(&path);
	return r;
}

static int is_wanted(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && (n <= 5 || strcmp(entry->d_name + n - 5, ".lock") != 0);
}

static int by_entry_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk(const char *common_dir, struct buf *name, bool deep, int depth, ref_walk_fn *fn,
	void *arg, struct error *err)
{
	size_t len = name->len;
	struct dirent **entries = NULL;
	struct buf path = BUF_INIT;
	int n = 0;
	int r = 0;

	if (depth >= DEPTH_MAX)
		return 0;
	fs_join(&path, common_dir, name->data);
	r = buf_check(&path, err);
	if (r < 0)
		goto out;
	n = scandir(path.data, &entries, is_wanted, by_entry_name);
	if (n < 0 && errno != ENOENT)
		r = error_errno(err, "cannot read directory '%s'", path.data);
	for (int i = 0; i < n; i++) {
		buf_addch(name, '/');
		buf_adds(name, entries[i]->d_name);
		if (r == 0)
			r = visit(common_dir, name, deep, depth + 1, fn, arg, err);
		buf_truncate(name, len);
		free(entries[i]);
	}
out:
	free(entries);
	buf_release(&path);
	return r;
}

int ref_walk(const char *common_dir, const char *start, bool deep, ref_walk_fn *fn, void *arg,
	struct error *err)
{
	struct buf name = BUF_INIT;
	int r;

	buf_adds(&name, start);
	r = buf_check(&name, err);
	if (r == 0)
		r = visit(common_dir, &name, deep, 0, fn, arg, err);
	buf_release(&name);
	return r;
}

static int add(struct refs *r, const char *name, const struct oid *oid, struct error *err)
{
	if (!ARRAY_GROW(r->v, r->n, r->cap))
		return error_nomem(err);
	r->v[r->n].name = strdup(name);
	if (!r->v[r->n].name)
		return error_nomem(err);
	r->v[r->n++].oid = *oid;
	return 0;
}

struct loading {
	const char *common_dir;
	struct refs refs;
};

static int load_loose(void *arg, const char *name, bool directory, int64_t mtime, struct error *err)
{
	struct loading *l = arg;
	struct oid oid;
	bool there;
	int r;

	(void)mtime;
	if (directory || !ref_name_ok(name))
		return 0;
	r = read_loose(l->common_dir, name, &oid, &there, err);
	/* A symbolic ref is kept for now, with no id: it hides a packed one of its name. */
	return r == 0 && there ? add(&l->refs, name, &oid, err) : r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct ref *)a)->name, ((const struct ref *)b)->name);
}

static void drop_symbolic(struct refs *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		if (!oid_is_none(&r->v[i].oid))
			r->v[kept++] = r->v[i];
		else
			free(r->v[i].name);
	}
	r->n = kept;
}

/* Behind the `loose` refs, which are sorted and hide packed ones of their names. */
static int add_packed(struct refs *r, char *text, struct error *err)
{
	const struct refs loose = *r;
	struct refs packed = { .v = NULL };
	const char *name;
	struct oid oid;
	bool remote;
	int result = 0;

	while (result == 0 && next_packed(&text, &oid, &name))
		if (ref_short(name, &remote) && !refs_find(&loose, name))
			result = add(&packed, name, &oid, err);
	for (size_t i = 0; result == 0 && i < packed.n; i++)
		result = add(r, packed.v[i].name, &packed.v[i].oid, err);
	refs_release(&packed);
	return result;
}

int refs_load(struct refs *out, const char *common_dir, struct error *err)
{
	struct loading l = { .common_dir = common_dir };
	struct buf text = BUF_INIT;
	int r;

	/* Loose first: a ref that git packs meanwhile is then in one of the two. */
	r = ref_walk(common_dir, "refs/heads", true, load_loose, &l, err);
	if (r == 0)
		r = ref_walk(common_dir, "refs/remotes", true, load_loose, &l, err);
	if (r == 0)
		r = read_packed(common_dir, &text, err);
	if (r < 0)
		goto out;
	if (l.refs.n)
		qsort(l.refs.v, l.refs.n, sizeof(*l.refs.v), by_name);
	r = add_packed(&l.refs, text.data, err);
	if (r < 0)
		goto out;
	if (l.refs.n)
		qsort(l.refs.v, l.refs.n, sizeof(*l.refs.v), by_name);
	drop_symbolic(&l.refs);
	refs_release(out);
	*out = l.refs;
	l.refs = (struct refs){ .v = NULL };
out:
	refs_release(&l.refs);
	buf_release(&text);
	return r;
}

static int by_ref_name(const void *key, const void *element)
{
	return strcmp(key, ((const struct ref *)element)->name);
}

const struct ref *refs_find(const struct refs *r, const char *name)
{
	size_t at;

	return ARRAY_FIND(name, r->v, r->n, by_ref_name, &at) ? &r->v[at] : NULL;
}
