#include "history/follow_cursor.h"

#include <inttypes.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/json.h"

#define NAME_MAX_LEN 64
#define CURSOR_MAX (1u << 20)

static const char first_line[] = "minsky-follow 1\n";

/* The name of its lock has a dot, so that no cursor can be another one's lock. */
static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len && len <= NAME_MAX_LEN &&
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
		len;
}

static int parse_line(struct heads *heads, const char *line, const char *end, struct error *err)
{
	char origin[ID_HEX_SIZE], hash[HASH_HEX_SIZE], seq[20];
	size_t digits;
	uint64_t n;

	if (end - line < ID_HEX_SIZE + HASH_HEX_SIZE + 1)
		return ERR_CORRUPT;
	digits = (size_t)(end - line) - ID_HEX_SIZE - HASH_HEX_SIZE;
	if (digits >= sizeof(seq))
		return ERR_CORRUPT;
	memcpy(origin, line, sizeof(origin) - 1);
	memcpy(seq, line + ID_HEX_SIZE, digits);
	memcpy(hash, end - HASH_HEX_SIZE + 1, sizeof(hash) - 1);
	origin[sizeof(origin) - 1] = seq[digits] = hash[sizeof(hash) - 1] = '\0';
	if (line[ID_HEX_SIZE - 1] != ' ' || end[-HASH_HEX_SIZE] != ' ' ||
		!id_is_hex(origin, sizeof(origin) - 1) || !id_is_hex(hash, sizeof(hash) - 1) ||
		strspn(seq, "0123456789") != digits || heads_find(heads, origin))
		return ERR_CORRUPT;
	n = strtoull(seq, NULL, 10);
	return n <= JSON_MAX_WHOLE ? heads_set(heads, origin, n, hash, err) : ERR_CORRUPT;
}

static int parse(struct heads *out, const struct buf *text, const char *path, struct error *err)
{
	const char *line = text->data, *nl;
	struct heads heads = HEADS_INIT;
	int r = 0;

	if (strncmp(line, first_line, sizeof(first_line) - 1) != 0)
		r = ERR_CORRUPT;
	else
		line += sizeof(first_line) - 1;
	for (; r == 0 && *line; line = nl + 1) {
		nl = strchr(line, '\n');
		r = nl ? parse_line(&heads, line, nl, err) : ERR_CORRUPT;
		if (r < 0)
			break;
	}
	if (r == ERR_CORRUPT) {
		error_set(err, r, "'%s' is not valid", path);
		error_hint(err, "remove it to start again, at the end or at --from");
	}
	if (r < 0)
		heads_release(&heads);
	else
		*out = heads;
	return r;
}

static int read_cursor(
	const struct follow_cursor *c, struct heads *heads, bool *found_out, struct error *err)
{
	struct buf text = BUF_INIT;
	int r = fs_read_private(c->path.data, CURSOR_MAX, &text, err);

	if (r == ERR_NOTFOUND) {
		error_clear(err);
		*found_out = false;
		return 0;
	}
	if (r == 0)
		r = parse(heads, &text, c->path.data, err);
	if (r == 0)
		*found_out = true;
	buf_release(&text);
	return r;
}

int follow_cursor_open(struct follow_cursor *c, const char *journal_dir, const char *name,
	struct heads *heads, bool *found_out, struct error *err)
{
	struct buf lock = BUF_INIT;
	int r;

	if (!is_name(name)) {
		error_set(err, ERR_USAGE, "'%s' is not a valid name for a cursor", name);
		return error_hint(err, "use at most %d letters, digits, '-' and '_'", NAME_MAX_LEN);
	}
	buf_addf(&c->path, "%s/cursors", journal_dir);
	r = buf_check(&c->path, err);
	if (r == 0)
		r = fs_mkdirs(c->path.data, 0700, err);
	buf_addf(&c->path, "/follow.%s", name);
	buf_addf(&lock, "%s.lock", c->path.data);
	if (r == 0)
		r = lock.failed ? error_nomem(err) : buf_check(&c->path, err);
	if (r == 0)
		r = fs_lock(lock.data, 0, &c->lock, err);
	if (r == ERR_BUSY) {
		error_set(err, r, "another process uses the cursor '%s'", name);
		error_hint(err, "use another name for each reader");
	}
	if (r == 0)
		r = read_cursor(c, heads, found_out, err);
	buf_release(&lock);
	return r;
}

int follow_cursor_store(const struct follow_cursor *c, const struct heads *heads, struct error *err)
{
	struct buf text = BUF_INIT;
	int r;

	buf_adds(&text, first_line);
	for (size_t i = 0; i < heads->n; i++)
		buf_addf(&text, "%s %" PRIu64 " %s\n", heads->v[i].origin, heads->v[i].seq,
			heads->v[i].hash);
	r = buf_check(&text, err);
	if (r == 0)
		r = fs_replace(c->path.data, text.data, text.len, 0600, true, err);
	buf_release(&text);
	return r;
}

void follow_cursor_close(struct follow_cursor *c)
{
	if (c->lock >= 0)
		close(c->lock);
	buf_release(&c->path);
	*c = (struct follow_cursor)FOLLOW_CURSOR_INIT;
}
