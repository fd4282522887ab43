#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/libc.h"
#include "log/journal_internal.h"

#define ORIGIN_FILE_MAX 4096
#define MACHINE_ID_FILE "/etc/machine-id"

static const char first_line[] = "minsky-origin 1\n";

void origin_machine(char out[ID_HEX_SIZE])
{
	struct error ignored = ERROR_INIT;
	struct buf text = BUF_INIT;
	char digest[HASH_HEX_SIZE];

	out[0] = '\0';
	buf_adds(&text, "minsky-machine\n");
	if (fs_read(MACHINE_ID_FILE, 256, &text, &ignored) == 0 && !text.failed &&
		text.len > sizeof("minsky-machine\n")) {
		hash_bytes(text.data, text.len, digest);
		memcpy(out, digest, ID_HEX_SIZE - 1);
		out[ID_HEX_SIZE - 1] = '\0';
	}
	buf_release(&text);
}

/* `fd` is a directory. Where statx() is forbidden or unknown, the inode alone. */
static int fence_of(struct fence *out, int fd, const char *path, struct error *err)
{
	struct fence f = { .known = true };
	struct statx sx;
	struct stat st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &sx) == 0) {
		f.inode = sx.stx_ino;
		f.has_birth = (sx.stx_mask & STATX_BTIME) != 0;
		f.birth = f.has_birth ? sx.stx_btime.tv_sec : 0;
		f.birth_ns = f.has_birth ? sx.stx_btime.tv_nsec : 0;
	} else if (fstat(fd, &st) == 0) {
		f.inode = st.st_ino;
	} else {
		return error_errno(err, "cannot access '%s'", path);
	}
	*out = f;
	return 0;
}

static bool fence_same(const struct fence *a, const struct fence *b)
{
	if (a->inode != b->inode)
		return false;
	return !a->has_birth || !b->has_birth ||
		(a->birth == b->birth && a->birth_ns == b->birth_ns);
}

static int write_file(const char *dir, const char *origin, const struct fence *f,
	const struct parent *p, const struct moved *m, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	char machine[ID_HEX_SIZE];
	int r;

	origin_machine(machine);
	fs_join(&path, dir, "origin");
	buf_addf(&text, "%sorigin %s\ninode %" PRIu64 "\n", first_line, origin, f->inode);
	if (f->has_birth)
		buf_addf(&text, "born %" PRId64 ".%09" PRIu32 "\n", f->birth, f->birth_ns);
	if (machine[0])
		buf_addf(&text, "machine %s\n", machine);
	if (p->origin[0])
		buf_addf(
			&text, "parent %s %" PRIu64 " %016" PRIx64 "\n", p->origin, p->seq, p->hlc);
	if (m->origin[0])
		buf_addf(&text, "%s %s %" PRIu64 " %" PRIu64 "\n", m->pending ? "moving" : "moved",
			m->origin, m->from, m->to);
	r = path.failed ? error_nomem(err) : buf_check(&text, err);
	if (r == 0)
		r = fs_replace(path.data, text.data, text.len, 0600, true, err);
	buf_release(&path);
	buf_release(&text);
	return r;
}

static int refuse_second(const char *dir, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, dir, "origin");
	r = buf_check(&path, err);
	if (r == 0 && fs_exists(path.data)) {
		r = error_refuse(
			err, "already-exists", "the journal '%s' already exists", path.data);
		error_hint(err, "open it instead of creating it");
	}
	buf_release(&path);
	return r;
}

int origin_create(const char *dir, struct error *err)
{
	const struct parent none = { .seq = 0 };
	const struct moved nothing = { .from = 0 };
	char origin[ID_HEX_SIZE];
	struct fence fence;
	int fd, r;

	r = refuse_second(dir, err);
	if (r < 0)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "cannot open '%s'", dir);
	r = fence_of(&fence, fd, dir, err);
	close(fd);
	if (r == 0)
		r = id_random_hex(origin, err);
	if (r == 0)
		r = write_file(dir, origin, &fence, &none, &nothing, err);
	return r;
}

/* Decimal, then `end`; *at is moved behind that. */
static bool take_number(const char **at, char end, uint64_t *out)
{
	char *stop;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*out = strtoull(*at, &stop, 10);
	if (errno || *stop != end)
		return false;
	*at = stop + (end != '\0');
	return true;
}

static bool parse_born(struct fence *f, const char *value)
{
	bool negative = *value == '-';
	uint64_t sec, ns;

	value += negative;
	if (!take_number(&value, '.', &sec) || sec > INT64_MAX || strlen(value) != 9 ||
		!take_number(&value, '\0', &ns))
		return false;
	f->has_birth = true;
	f->birth = negative ? -(int64_t)sec : (int64_t)sec;
	f->birth_ns = (uint32_t)ns;
	return true;
}

static bool parse_parent(struct parent *p, const char *value)
{
	const char *at = value + ID_HEX_SIZE;
	struct parent parent;
	char *stop;

	if (strlen(value) < ID_HEX_SIZE || value[ID_HEX_SIZE - 1] != ' ')
		return false;
	memcpy(parent.origin, value, ID_HEX_SIZE - 1);
	parent.origin[ID_HEX_SIZE - 1] = '\0';
	if (!id_is_hex(parent.origin, ID_HEX_SIZE - 1) || !take_number(&at, ' ', &parent.seq) ||
		!id_is_hex(at, 16))
		return false;
	parent.hlc = strtoull(at, &stop, 16);
	*p = parent;
	return true;
}

static bool parse_moved(struct moved *m, const char *value, bool pending)
{
	const char *at = value + ID_HEX_SIZE;
	struct moved moved = { .pending = pending };

	if (strlen(value) < ID_HEX_SIZE || value[ID_HEX_SIZE - 1] != ' ')
		return false;
	memcpy(moved.origin, value, ID_HEX_SIZE - 1);
	moved.origin[ID_HEX_SIZE - 1] = '\0';
	if (!id_is_hex(moved.origin, ID_HEX_SIZE - 1) || !take_number(&at, ' ', &moved.from) ||
		!take_number(&at, '\0', &moved.to))
		return false;
	*m = moved;
	return true;
}

/* The value if the line has this key, else NULL. */
static const char *value_of(const char *line, const char *key)
{
	size_t n = strlen(key);

	return strncmp(line, key, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

static bool parse_line(struct journal *j, const char *line)
{
	const char *value;

	if ((value = value_of(line, "origin"))) {
		if (!id_is_hex(value, ID_HEX_SIZE - 1))
			return false;
		memcpy(j->origin, value, ID_HEX_SIZE);
	} else if ((value = value_of(line, "inode"))) {
		j->fence.known = take_number(&value, '\0', &j->fence.inode);
	} else if ((value = value_of(line, "born"))) {
		return parse_born(&j->fence, value);
	} else if ((value = value_of(line, "machine"))) {
		(void)snprintf(j->machine, sizeof(j->machine), "%s", value);
	} else if ((value = value_of(line, "parent"))) {
		return parse_parent(&j->parent, value);
	} else if ((value = value_of(line, "moving"))) {
		return parse_moved(&j->moved, value, true);
	} else if ((value = value_of(line, "moved"))) {
		return parse_moved(&j->moved, value, false);
	}
	return true;
}

static int parse(struct journal *j, char *text, struct error *err)
{
	char *line = text + sizeof(first_line) - 1;
	const char *dir = j->own.path;

	if (strncmp(text, first_line, sizeof(first_line) - 1) != 0) {
		if (strncmp(text, first_line, sizeof("minsky-origin ") - 1) == 0)
			return error_set(err, ERR_UNSUPPORTED,
				"'%s/origin' is from a newer version of minsky", dir);
		return error_set(err, ERR_CORRUPT, "'%s/origin' has no valid first line", dir);
	}
	j->origin[0] = j->machine[0] = '\0';
	j->fence = (struct fence){ .known = false };
	j->parent = (struct parent){ .seq = 0 };
	j->moved = (struct moved){ .from = 0 };
	for (char *nl; (nl = strchr(line, '\n')); line = nl + 1) {
		*nl = '\0';
		if (!parse_line(j, line))
			return error_set(err, ERR_CORRUPT, "'%s/origin' has an invalid line '%s'",
				dir, line);
	}
	if (!j->origin[0])
		return error_set(err, ERR_CORRUPT, "'%s/origin' has no origin", dir);
	return 0;
}

int origin_read(struct journal *j, struct error *err)
{
	char text[ORIGIN_FILE_MAX + 1];
	struct stat st;
	size_t got;
	int fd, r;

	r = place_open_file(&fd, &j->own, "origin", O_RDONLY, err);
	if (r == ERR_NOTFOUND)
		return error_set(err, ERR_NOTFOUND, "there is no journal in '%s'", j->own.path);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		r = error_errno(err, "cannot access '%s/origin'", j->own.path);
	else /* The file is never changed, but replaced. */
		r = read_at(fd, "origin", text,
			(uint64_t)st.st_size < sizeof(text) ? (size_t)st.st_size : sizeof(text), 0,
			&got, err);
	close(fd);
	if (r < 0)
		return r;
	if (got == sizeof(text))
		return error_set(err, ERR_CORRUPT, "'%s/origin' is too long", j->own.path);
	text[got] = '\0';
	r = parse(j, text, err);
	if (r == 0)
		j->origin_stat = st;
	return r;
}

/* Another process may have drawn a new origin since we read the file. */
static int refresh(struct journal *j, struct error *err)
{
	const struct stat *old = &j->origin_stat;
	struct stat st;

	if (fstatat(j->own.fd, "origin", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		st.st_ino == old->st_ino && st.st_size == old->st_size &&
		st.st_ctim.tv_sec == old->st_ctim.tv_sec &&
		st.st_ctim.tv_nsec == old->st_ctim.tv_nsec)
		return 0;
	return origin_read(j, err);
}

static int fork_off(struct journal *j, const struct fence *fence, struct error *err)
{
	struct parent parent = { .seq = 0 };
	char origin[ID_HEX_SIZE];
	struct hint hint;
	struct tail t;
	int r;

	r = hint_read(&hint, &j->own, err);
	if (r == 0)
		r = tail_find(&t, &j->own, j->origin, &hint, err);
	if (r == 0 && t.state == TAIL_CHANGING)
		r = error_set(err, ERR_IO, "'%s' changed while it was locked", j->own.path);
	if (r == 0)
		r = id_random_hex(origin, err);
	if (r < 0)
		return r;
	memcpy(parent.origin, j->origin, sizeof(parent.origin));
	parent.seq = t.claimed_seq;
	parent.hlc = t.claimed_hlc > j->parent.hlc ? t.claimed_hlc : j->parent.hlc;
	r = write_file(j->own.path, origin, fence, &parent, &j->moved, err);
	return r == 0 ? origin_read(j, err) : r;
}

int origin_write(struct journal *j, const char *origin, const struct parent *parent,
	const struct moved *moved, struct error *err)
{
	int r = write_file(j->own.path, origin, &j->fence, parent, moved, err);

	return r == 0 ? origin_read(j, err) : r;
}

int origin_settle(struct journal *j, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct fence fence;
	int r = refresh(j, err);

	if (r == 0)
		r = reorigin_finish(j, err);
	if (r == 0)
		r = fence_of(&fence, j->own.fd, j->own.path, err);
	if (r < 0)
		return r;
	if (!j->fence.known) {
		/* Nothing to compare with: from now on there is. */
		if (write_file(j->own.path, j->origin, &fence, &j->parent, &j->moved, &ignored) ==
			0)
			r = origin_read(j, err);
		return r;
	}
	if (fence_same(&fence, &j->fence))
		return 0;
	r = fork_off(j, &fence, err);
	return r < 0 ? error_wrap(err, "journal '%s' is a copy and needs an origin of its own",
			       j->own.path)
		     : 0;
}
