/*
 * Redactions that were pulled and are not done yet: the journal's file `blank`, a line each,
 * "<origin> <seq> <by>". peers_add_blanks() writes them before the page that they are on. Lines
 * without the third word are of a version that asked nobody whether it may: they are left out.
 */
#include <inttypes.h>
#include <unistd.h>

#include "core/fs.h"
#include "log/journal_internal.h"
#include "log/origins.h"
#include "log/peers.h"
#include "log/redact.h"
#include "log/verify_redact.h"

#define BLANK_FILE "blank"
#define BLANK_MAX (1u << 20)

/* Its path and its text; empty if it is not there. */
static int read_file(const struct journal *j, struct buf *path, struct buf *text, struct error *err)
{
	int r;

	fs_join(path, j->own.path, BLANK_FILE);
	r = buf_check(path, err);
	if (r == 0)
		r = fs_read_private(path->data, BLANK_MAX, text, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	return r;
}

int peers_add_blanks(const struct journal *j, const struct redactions *more, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	int r = read_file(j, &path, &text, err);

	for (size_t i = 0; i < more->n; i++)
		buf_addf(&text, "%s %" PRIu64 " %s\n", more->v[i].origin, more->v[i].seq,
			more->v[i].by.origin);
	if (r == 0)
		r = buf_check(&text, err);
	if (r == 0)
		r = fs_replace(path.data, text.data, text.len, 0600, true, err);
	buf_release(&path);
	buf_release(&text);
	return r;
}

/* A line that is anything else is left out. */
static bool parse_blank(struct peer_blank *out, const char *line)
{
	char *end;

	if (strlen(line) < ID_HEX_SIZE || line[ID_HEX_SIZE - 1] != ' ')
		return false;
	memcpy(out->origin, line, ID_HEX_SIZE - 1);
	out->origin[ID_HEX_SIZE - 1] = '\0';
	out->seq = strtoull(line + ID_HEX_SIZE, &end, 10);
	if (*end != ' ' || !id_is_hex(end + 1, ID_HEX_SIZE - 1))
		return false;
	memcpy(out->by, end + 1, sizeof(out->by));
	return id_is_hex(out->origin, ID_HEX_SIZE - 1) && out->seq;
}

int peers_blanks(struct peer_blank **out, size_t *n_out, const struct journal *j, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct peer_blank *v = NULL;
	size_t n = 0, lines = 1;
	char *line;
	int r;

	r = read_file(j, &path, &text, err);
	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	if (r == 0) {
		v = calloc(lines, sizeof(*v));
		r = v ? 0 : error_nomem(err);
	}
	if (r < 0)
		goto out;
	line = text.len ? text.data : NULL;
	for (char *nl; line && (nl = strchr(line, '\n')); line = nl + 1) {
		*nl = '\0';
		n += parse_blank(&v[n], line);
	}
	*out = v;
	*n_out = n;
out:
	buf_release(&path);
	buf_release(&text);
	return r;
}

static int save_blanks(
	const struct journal *j, const struct peer_blank *v, size_t n, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	int r;

	fs_join(&path, j->own.path, BLANK_FILE);
	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "%s %" PRIu64 " %s\n", v[i].origin, v[i].seq, v[i].by);
	r = path.failed || text.failed ? error_nomem(err) : 0;
	if (r == 0 && n)
		r = fs_replace(path.data, text.data, text.len, 0600, true, err);
	else if (r == 0 && unlink(path.data) < 0)
		r = error_errno(err, "cannot remove '%s'", path.data);
	buf_release(&path);
	buf_release(&text);
	return r;
}

/* Do the journal's own segments hold records of it? */
static int is_own(const struct journal *j, const char *origin, bool *out, struct error *err)
{
	struct segments list = { .v = NULL };
	int r = segments_list(&list, &j->own, origin, err);

	if (r < 0)
		return r;
	*out = list.n > 0 || strcmp(origin, j->origin) == 0;
	segments_release(&list);
	return 0;
}

static int counts(const struct journal *j, const struct origins *origins,
	const struct peer_blank *b, bool *out, struct error *err)
{
	const struct origin_owner *owner = origins_find(origins, b->by);
	bool own = false;
	int r = is_own(j, b->origin, &own, err);

	*out = !own && (strcmp(b->by, b->origin) == 0 || (owner && owner->keeper));
	return r;
}

int peers_blank(struct journal *j, size_t *n_out, struct error *err)
{
	struct origins origins = ORIGINS_INIT;
	struct peer_blank *v = NULL;
	size_t n = 0, left = 0, blanked = 0;
	int r = peers_blanks(&v, &n, j, err);

	*n_out = 0;
	if (r == 0 && n)
		r = origins_load(&origins, j->own.path, err);
	if (r < 0)
		goto out;
	for (size_t i = 0; r == 0 && i < n; i++) {
		bool changed = false, may = false;

		r = counts(j, &origins, &v[i], &may, err);
		if (r < 0 || !may)
			continue;
		r = journal_blank(j, v[i].origin, v[i].seq, &changed, err);
		if (r == ERR_NOTFOUND || r == ERR_CORRUPT)
			v[left++] = v[i];
		/* Not there yet, not readable, or one that a redaction cannot mean. */
		if (r == ERR_NOTFOUND || r == ERR_CORRUPT || r == ERR_REFUSED) {
			error_clear(err);
			r = 0;
		}
		blanked += changed;
	}
	if (r == 0 && n && left < n)
		r = save_blanks(j, v, left, err);
	if (r == 0)
		*n_out = blanked;
out:
	origins_release(&origins);
	free(v);
	return r;
}

#define ODD_FILE "odd"

int peers_odd(struct buf *out, const char *journal_dir, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, journal_dir, ODD_FILE);
	buf_addch(out, '\n');
	r = path.failed ? error_nomem(err) : fs_read_private(path.data, BLANK_MAX, out, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	buf_release(&path);
	return r < 0 ? r : buf_check(out, err);
}

int peers_add_odd(const struct journal *j, const struct buf *lines, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	int r = peers_odd(&text, j->own.path, err);

	fs_join(&path, j->own.path, ODD_FILE);
	buf_add(&text, lines->data, lines->len);
	if (r == 0)
		r = path.failed ? error_nomem(err) : buf_check(&text, err);
	/* Each line once is enough, but no more than can be read again. */
	if (r == 0 && text.len < BLANK_MAX)
		r = fs_replace(path.data, text.data + 1, text.len - 1, 0600, true, err);
	buf_release(&path);
	buf_release(&text);
	return r;
}
