#include "hooks/observe/cursor_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/oid.h"
#include "hooks/observe/cursor.h"

#define VERSION "minsky-cursor 1\n"
#define STATE_OFFSET (sizeof(VERSION "state ") - 1)
#define SUM_OFFSET (sizeof(VERSION "state clean\nsum ") - 1)
#define BODY_OFFSET (SUM_OFFSET + HASH_HEX_SIZE)
/* Files up to here are overwritten, and are multiples of PAD long so that they seldom grow. */
#define IN_PLACE_MAX 65536
#define PAD 1024

static bool take_u64(char **at, uint64_t *out)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*out = strtoull(*at, &end, 10);
	if (errno || (*end != ' ' && *end))
		return false;
	*at = *end ? end + 1 : end;
	return true;
}

/* A word of hexadecimal digits, or "-" for none. */
static bool take_hex(char **at, char *out, size_t size)
{
	char *end = strchr(*at, ' ');
	size_t len;

	if (!end)
		return false;
	*end = '\0';
	len = strlen(*at);
	if (!strcmp(*at, "-"))
		out[0] = '\0';
	else if (len < size && id_is_hex(*at, len))
		memcpy(out, *at, len + 1);
	else
		return false;
	*at = end + 1;
	return true;
}

struct parsing {
	struct cursor *c;
	struct cursor_log *last;
	bool overlay; /* what is there already counts more */
	bool known; /* the last log was there already */
	bool hot;
	char boot[ID_UUID_SIZE];
};

static bool parse_log(struct parsing *p, char *at, struct error *err)
{
	struct reflog_place place = { .offset = 0 };
	struct cursor_log *log;
	struct oid oid;

	if (!take_u64(&at, &place.offset) || !take_u64(&at, &place.count) ||
		!take_hex(&at, place.anchor, sizeof(place.anchor)) ||
		!take_hex(&at, oid.hex, sizeof(oid.hex)) || !*at)
		return false;
	p->known = p->overlay && cursor_find(p->c, at);
	p->last = NULL;
	if (p->known)
		return true;
	log = cursor_add(p->c, at);
	if (!log) {
		error_nomem(err);
		return false;
	}
	log->place = place;
	log->oid = oid;
	log->hot = p->hot;
	p->last = log;
	return true;
}

static bool parse_head(struct parsing *p, char *at, struct error *err)
{
	if (p->known)
		return true;
	if (!p->last || !strchr("adr", at[0]) || !at[0] || at[1] != ' ' || !at[2])
		return false;
	p->last->head = at[0];
	if (at[0] == 'r' && oid_parse(&p->last->rebased, at + 2, strlen(at + 2)))
		return true;
	if (strcmp(at + 2, "-") != 0) {
		p->last->branch = strdup(at + 2);
		if (!p->last->branch) {
			error_nomem(err);
			return false;
		}
	}
	return true;
}

static bool parse_dir(struct parsing *p, char *at, struct error *err)
{
	uint64_t mtime;

	return take_u64(&at, &mtime) && *at && cursor_add_dir(p->c, at, (int64_t)mtime, err) == 0;
}

static bool parse_line(struct parsing *p, char *line, struct error *err)
{
	char *at = strchr(line, ' ');
	uint64_t seq;

	if (!at)
		return false;
	*at++ = '\0';
	if (!strcmp(line, "log"))
		return parse_log(p, at, err);
	if (!strcmp(line, "head"))
		return parse_head(p, at, err);
	if (!strcmp(line, "dir"))
		return parse_dir(p, at, err);
	if (!strcmp(line, "seq")) {
		if (!take_u64(&at, &seq))
			return false;
		if (!p->overlay)
			p->c->seq = seq;
		return true;
	}
	if (!strcmp(line, "boot")) {
		if (strlen(at) >= sizeof(p->boot))
			return false;
		memcpy(p->boot, at, strlen(at) + 1);
		return true;
	}
	return false;
}

/* The lines of fixed length that stand first. */
static bool parse_top(struct parsing *p, const struct buf *text)
{
	const char *state = text->data + STATE_OFFSET;
	char sum[HASH_HEX_SIZE];

	if (text->len <= BODY_OFFSET || strncmp(text->data, VERSION "state ", STATE_OFFSET) != 0 ||
		(strncmp(state, "clean\nsum ", 10) != 0 && strncmp(state, "dirty\nsum ", 10) != 0))
		return false;
	hash_bytes(text->data + BODY_OFFSET, text->len - BODY_OFFSET, sum);
	if (strncmp(text->data + SUM_OFFSET, sum, sizeof(sum) - 1) != 0)
		return false;
	if (!p->overlay)
		p->c->dirty = *state == 'd';
	return true;
}

static int parse(struct parsing *p, struct buf *text, const char *path, struct error *err)
{
	size_t number = 3;

	if (!parse_top(p, text))
		return error_set(err, ERR_CORRUPT, "cursor '%s' is truncated or not valid", path);
	for (char *at = text->data + BODY_OFFSET, *next; *at; at = next) {
		char *end = strchr(at, '\n');

		number++;
		next = end ? end + 1 : at + strlen(at);
		if (end == at)
			continue;
		if (end)
			*end = '\0';
		error_clear(err);
		if (end && parse_line(p, at, err))
			continue;
		if (err->code == ERR_NOMEM)
			return err->code;
		return error_set(
			err, ERR_CORRUPT, "cursor '%s' line %zu is not valid", path, number);
	}
	return 0;
}

static int read_into(struct cursor *c, const char *journal_dir, const char *clone,
	const char *suffix, bool overlay, struct error *err)
{
	struct parsing p = { .c = c, .overlay = overlay, .hot = !*suffix };
	struct buf path = BUF_INIT;
	struct buf text = BUF_INIT;
	int r;

	cursor_path(&path, journal_dir, clone, suffix);
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_read_private(path.data, CURSOR_FILE_MAX, &text, err);
	if (r == 0)
		r = parse(&p, &text, path.data, err);
	if (r < 0)
		goto out;
	if (!*suffix)
		c->size = text.len;
	if (!overlay && (strcmp(id_boot(), p.boot) != 0 || !strcmp(p.boot, "-")))
		c->dirty = true;
out:
	buf_release(&text);
	buf_release(&path);
	return r;
}

int cursor_load_refs(
	struct cursor *c, const char *journal_dir, const char *clone, struct error *err)
{
	int r;

	if (c->all)
		return 0;
	r = read_into(c, journal_dir, clone, ".refs", true, err);
	/* It can be made anew from the refs as they are: what they were is lost with it. */
	if (r < 0 && err->code != ERR_CORRUPT && err->code != ERR_NOTFOUND)
		return r;
	if (r < 0)
		error_clear(err);
	c->all = true;
	return 0;
}

int cursor_load(
	struct cursor *out, const char *journal_dir, const char *clone, bool all, struct error *err)
{
	struct cursor c = CURSOR_INIT;
	int r = read_into(&c, journal_dir, clone, "", false, err);

	if (r < 0 && (err->code == ERR_CORRUPT || err->code == ERR_NOTFOUND)) {
		cursor_release(&c);
		error_clear(err);
		r = read_into(&c, journal_dir, clone, ".refs", false, err);
		c.dirty = true;
		c.all = true;
	}
	if (r == 0 && all)
		r = cursor_load_refs(&c, journal_dir, clone, err);
	if (r < 0) {
		cursor_release(&c);
		return r;
	}
	*out = c;
	return 0;
}

/* In place, by one small write under the lock: the five letters are the old ones or the new. */
int cursor_set_dirty(
	struct cursor *c, const char *journal_dir, const char *clone, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	cursor_path(&path, journal_dir, clone, "");
	r = buf_check(&path, err);
	if (r < 0)
		goto out;
	if (c->fd < 0)
		c->fd = open(path.data, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	/* What is not there is not clean either. */
	if (c->fd < 0 && errno == ENOENT)
		goto out;
	if (c->fd < 0 || pwrite(c->fd, "dirty", 5, (off_t)STATE_OFFSET) != 5)
		r = error_errno(err, "cannot write '%s'", path.data);
out:
	buf_release(&path);
	return r;
}

static void format_body(struct buf *out, const struct cursor *c, bool refs)
{
	buf_addf(out, "boot %s\nseq %" PRIu64 "\n", id_boot(), c->seq);
	for (size_t i = 0; i < c->n; i++) {
		const struct cursor_log *log = &c->v[i];

		if (!refs && !log->hot)
			continue;
		/* In <clone> it says that what <clone>.refs still has is gone. */
		if (refs && !log->head && oid_is_none(&log->oid) && !log->place.offset &&
			!log->place.count)
			continue;
		buf_addf(out, "log %" PRIu64 " %" PRIu64 " %s %s %s\n", log->place.offset,
			log->place.count, log->place.anchor[0] ? log->place.anchor : "-",
			oid_is_none(&log->oid) ? "-" : log->oid.hex, log->name);
		if (log->head)
			buf_addf(out, "head %c %s\n", log->head,
				log->branch                          ? log->branch
					: oid_is_none(&log->rebased) ? "-"
								     : log->rebased.hex);
	}
	for (size_t i = 0; refs && i < c->n_dirs; i++)
		buf_addf(out, "dir %" PRId64 " %s\n", c->dirs[i].mtime, c->dirs[i].path);
}

/* The whole file, filled up with empty lines to a multiple of PAD and to `least` bytes. */
static void format(struct buf *out, const struct cursor *c, bool refs, size_t least)
{
	struct buf body = BUF_INIT;
	char sum[HASH_HEX_SIZE];

	format_body(&body, c, refs);
	while (!body.failed && ((BODY_OFFSET + body.len) % PAD || BODY_OFFSET + body.len < least))
		buf_addch(&body, '\n');
	hash_bytes(body.data, body.len, sum);
	buf_addf(out, VERSION "state clean\nsum %s\n", sum);
	buf_add(out, body.data, body.len);
	if (body.failed)
		out->failed = true;
	buf_release(&body);
}

/*
 * Replacing a file by renaming costs a bell more than all the rest: file systems begin to write the
 * new one out at once. So a small one is overwritten. Killed in the middle, or at a power cut, its
 * sum is wrong, and <clone>.refs with a search of the journal stands in.
 */
static int overwrite(int fd, const char *path, const struct buf *text, struct error *err)
{
	ssize_t n = pwrite(fd, text->data, text->len, 0);

	if (n >= 0 && (size_t)n == text->len)
		return 0;
	if (n >= 0)
		errno = ENOSPC;
	return error_errno(err, "cannot write '%s'", path);
}

static int overwrite_path(const char *path, const struct buf *text, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (fd < 0)
		return error_errno(err, "cannot open '%s'", path);
	r = overwrite(fd, path, text, err);
	if (close(fd) < 0 && r == 0)
		r = error_errno(err, "cannot write '%s'", path);
	return r;
}

static int save_one(
	struct cursor *c, const char *journal_dir, const char *clone, bool refs, struct error *err)
{
	struct buf path = BUF_INIT;
	struct buf text = BUF_INIT;
	bool open = !refs && c->fd >= 0 && c->size;
	struct stat st;
	size_t old = 0;
	int r;

	cursor_path(&path, journal_dir, clone, refs ? ".refs" : "");
	if (open)
		old = c->size <= IN_PLACE_MAX ? c->size : 0;
	else if (!refs && !path.failed && lstat(path.data, &st) == 0 && S_ISREG(st.st_mode) &&
		st.st_size <= IN_PLACE_MAX)
		old = (size_t)st.st_size;
	format(&text, c, refs, old);
	r = path.failed ? error_nomem(err) : buf_check(&text, err);
	if (r < 0)
		goto out;
	if (old && text.len <= IN_PLACE_MAX)
		r = open ? overwrite(c->fd, path.data, &text, err)
			 : overwrite_path(path.data, &text, err);
	else
		r = fs_replace(path.data, text.data, text.len, 0600, false, err);
	if (refs)
		goto out;
	c->size = r == 0 ? text.len : 0;
	if (c->fd >= 0)
		r = close(c->fd) < 0 && r == 0 ? error_errno(err, "cannot write '%s'", path.data)
					       : r;
	c->fd = -1;
out:
	buf_release(&text);
	buf_release(&path);
	return r;
}

int cursor_save(
	struct cursor *c, const char *journal_dir, const char *clone, bool all, struct error *err)
{
	int r = all ? save_one(c, journal_dir, clone, true, err) : 0;

	return r < 0 ? r : save_one(c, journal_dir, clone, false, err);
}
