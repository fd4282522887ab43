#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/hash.h"
#include "log/journal_internal.h"

/*
 *	minsky-head 1
 *	segment <name>
 *	start <n>
 *	size <n>
 *	seq <n>
 *	hlc <16 hex>
 *	prev <64 hex>
 *	hash <64 hex>
 *	boot <id>
 *	check <SHA-256 of everything before this line>
 *
 * and spaces up to HINT_SIZE, so that replacing it in place never leaves an old end behind.
 */
static int format_hint(struct buf *out, const char *kind, const struct hint *h, const char *boot,
	struct error *err)
{
	char check[HASH_HEX_SIZE];

	if (!buf_grow(out, HINT_SIZE))
		return error_nomem(err);
	buf_addf(out,
		"minsky-%s 1\nsegment %s\nstart %" PRIu64 "\nsize %" PRIu64 "\nseq %" PRIu64
		"\nhlc %016" PRIx64 "\nprev %s\nhash %s\nboot %s\n",
		kind, h->segment, h->start, h->size, h->seq, h->hlc, h->prev, h->hash, boot);
	hash_bytes(out->data, out->len, check);
	buf_addf(out, "check %s\n", check);
	while (out->len < HINT_SIZE - 1 && !out->failed)
		buf_addch(out, ' ');
	buf_addch(out, '\n');
	return buf_check(out, err);
}

/* The value of the next line, NUL-terminated in place, or NULL. */
static char *take_value(char **pos, const char *key)
{
	size_t n = strlen(key);
	char *value = *pos;
	char *nl = strchr(value, '\n');

	if (!nl || strncmp(value, key, n) != 0 || value[n] != ' ')
		return NULL;
	*nl = '\0';
	*pos = nl + 1;
	return value + n + 1;
}

static bool take_number(char **pos, const char *key, int base, uint64_t *out)
{
	const char *value = take_value(pos, key);
	char *end;

	if (!value || !*value)
		return false;
	errno = 0;
	*out = strtoull(value, &end, base);
	return !*end && errno == 0;
}

static bool take_hash(char **pos, const char *key, char out[HASH_HEX_SIZE])
{
	const char *value = take_value(pos, key);

	if (!value || !id_is_hex(value, HASH_HEX_SIZE - 1))
		return false;
	memcpy(out, value, HASH_HEX_SIZE);
	return true;
}

static bool parse_hint(struct hint *out, const char *kind, char *text)
{
	struct hint h = { .known = true };
	char first[32], digest[HASH_HEX_SIZE], claimed[HASH_HEX_SIZE];
	char *check = strstr(text, "\ncheck ");
	char *pos = text;
	struct segment segment;
	const char *value;
	size_t n;

	if (!check)
		return false;
	check++;
	hash_bytes(text, (size_t)(check - text), digest);
	if (!take_hash(&check, "check", claimed) || strcmp(digest, claimed) != 0)
		return false;
	n = (size_t)snprintf(first, sizeof(first), "minsky-%s 1\n", kind);
	if (strncmp(pos, first, n) != 0)
		return false;
	pos += n;
	value = take_value(&pos, "segment");
	if (!value || !segment_parse(&segment, value))
		return false;
	memcpy(h.segment, segment.name, sizeof(h.segment));
	if (!take_number(&pos, "start", 10, &h.start) || !take_number(&pos, "size", 10, &h.size) ||
		!take_number(&pos, "seq", 10, &h.seq) || !take_number(&pos, "hlc", 16, &h.hlc) ||
		!take_hash(&pos, "prev", h.prev) || !take_hash(&pos, "hash", h.hash))
		return false;
	*out = h;
	return true;
}

static int read_open(
	struct hint *out, int fd, const char *kind, const char *file, struct error *err)
{
	char text[HINT_SIZE + 1];
	size_t got = 0;
	int r = 0;

	/* A reader without the lock may meet a writer half-way: its check then fails, once. */
	for (int i = 0; r == 0 && i < 3 && !out->known; i++) {
		r = read_at(fd, file, text, HINT_SIZE, 0, &got, err);
		if (r == 0) {
			text[got] = '\0';
			(void)parse_hint(out, kind, text);
		}
	}
	return r;
}

static int read_named(struct hint *out, const char *kind, const char *file, bool *there_out,
	const struct place *p, struct error *err)
{
	int fd, r;

	*out = (struct hint){ .known = false };
	r = place_open_file(&fd, p, file, O_RDONLY, err);
	*there_out = r != ERR_NOTFOUND;
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	r = read_open(out, fd, kind, file, err);
	close(fd);
	return r;
}

int hint_read(struct hint *out, const struct place *p, struct error *err)
{
	bool there;

	return read_named(out, "head", "head", &there, p, err);
}

int hint_read_from(struct hint *out, int fd, struct error *err)
{
	*out = (struct hint){ .known = false };
	return read_open(out, fd, "head", "head", err);
}

int hint_read_open(struct hint *out, int *fd_out, const struct place *p, struct error *err)
{
	int r = place_open_file(fd_out, p, "head", O_RDWR, err);

	*out = (struct hint){ .known = false };
	if (r == 0) {
		r = hint_read_from(out, *fd_out, err);
		if (r == 0)
			return 0;
		close(*fd_out);
		*fd_out = -1;
		return r;
	}
	*fd_out = -1;
	error_clear(err);
	return hint_read(out, p, err);
}

/* `fd` is the file, or -1: it is opened here. */
static void write_named(
	const struct hint *h, int fd, const struct place *p, const char *file, const char *boot)
{
	struct error ignored = ERROR_INIT;
	struct buf text = BUF_INIT;
	bool ours = fd < 0;
	size_t done = 0;

	if (format_hint(&text, "head", h, boot, &ignored) < 0 ||
		(ours && place_open_file(&fd, p, file, O_WRONLY | O_CREAT, &ignored) < 0))
		goto out;
	while (done < text.len) {
		ssize_t n = pwrite(fd, text.data + done, text.len - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
out:
	if (ours && fd >= 0)
		close(fd);
	buf_release(&text);
}

void hint_write(const struct hint *h, int fd, const struct place *p, const char *boot)
{
	write_named(h, fd, p, "head", boot);
}

#define PEER_FILE_SIZE (ID_HEX_SIZE + sizeof(".head"))

int hint_read_peer(struct hint *out, const struct place *p, const char *origin, struct error *err)
{
	char file[PEER_FILE_SIZE];
	bool there;

	(void)snprintf(file, sizeof(file), "%.32s.head", origin);
	return read_named(out, "head", file, &there, p, err);
}

void hint_write_peer(
	const struct hint *h, const struct place *p, const char *origin, const char *boot)
{
	char file[PEER_FILE_SIZE];

	(void)snprintf(file, sizeof(file), "%.32s.head", origin);
	write_named(h, -1, p, file, boot);
}

int suspect_read(struct hint *out, bool *there_out, const struct place *p, struct error *err)
{
	return read_named(out, "suspect", "suspect", there_out, p, err);
}

int suspect_write(const struct hint *h, const struct journal *j, struct error *err)
{
	struct buf text = BUF_INIT;
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, j->own.path, "suspect");
	r = buf_check(&path, err);
	if (r == 0)
		r = format_hint(&text, "suspect", h, j->boot, err);
	if (r == 0)
		r = fs_replace(path.data, text.data, text.len, 0600, true, err);
	buf_release(&path);
	buf_release(&text);
	return r;
}

int suspect_remove(const struct place *p, struct error *err)
{
	if (unlinkat(p->fd, "suspect", 0) < 0 && errno != ENOENT)
		return error_errno(err, "cannot remove '%s/suspect'", p->path);
	if (fsync(p->fd) < 0)
		return error_errno(err, "cannot sync directory '%s'", p->path);
	return 0;
}

int clock_read(uint64_t *out, const struct place *p, struct error *err)
{
	char text[17];
	size_t got;
	int fd, r;

	*out = 0;
	r = place_open_file(&fd, p, "clock", O_RDONLY, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	r = read_at(fd, "clock", text, sizeof(text), 0, &got, err);
	close(fd);
	if (r < 0 || got != sizeof(text))
		return r;
	text[16] = '\0';
	if (id_is_hex(text, 16))
		*out = strtoull(text, NULL, 16);
	return 0;
}

int clock_raise(const struct journal *j, uint64_t hlc, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	uint64_t now;
	int r = clock_read(&now, &j->own, err);

	if (r < 0 || hlc <= now)
		return r;
	fs_join(&path, j->own.path, "clock");
	buf_addf(&text, "%016" PRIx64 "\n", hlc);
	r = path.failed || text.failed
		? error_nomem(err)
		: fs_replace(path.data, text.data, text.len, 0600, false, err);
	buf_release(&path);
	buf_release(&text);
	return r;
}
