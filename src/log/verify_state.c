/*
 * What a run of verify has read, for a later one: the file `verified`, of blocks of lines, one
 * block for each segment in the order in which they are read. A block tells what the segment's
 * records say about others, then
 *
 *	segment <own|peers> <name> <inode> <size> <changed> <records> <seq> <hlc> <hash>
 *	check <SHA-256 of the block's lines before>
 *
 * where seq, hlc and hash are the last record's. Blocks are only added while nothing was found
 * wrong, so that findings are told again. The file is a cache: not synced, and what is not intact,
 * or does not fit, is read as if it were not there.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "core/fs.h"
#include "log/verify_internal.h"

#define STATE_FILE "verified"
#define STATE_MAX ((size_t)256 << 20)

static const char first_line[] = "minsky-verified 1\n";

static bool is_first_line(const struct buf *text)
{
	return text->len >= sizeof(first_line) - 1 &&
		memcmp(text->data, first_line, sizeof(first_line) - 1) == 0;
}

/* From here on everything is read: what is known stands for this place and no other. */
static void forget_rest(struct verify_state *s, size_t good)
{
	buf_clear(&s->known);
	s->at = 0;
	if (s->fd >= 0 &&
		(ftruncate(s->fd, (off_t)good) < 0 || lseek(s->fd, (off_t)good, SEEK_SET) < 0)) {
		close(s->fd);
		s->fd = -1;
	}
}

void verify_state_open(struct verify *v)
{
	struct verify_state *s = &v->state;
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT;

	fs_join(&path, v->own->path, STATE_FILE);
	if (v->options->resume && !path.failed)
		(void)fs_read_private(path.data, STATE_MAX, &s->known, &ignored);
	buf_release(&path);
	if (is_first_line(&s->known))
		s->at = sizeof(first_line) - 1;
	else
		buf_clear(&s->known);
	if (place_open_file(&s->fd, v->own, STATE_FILE, O_RDWR | O_CREAT, &ignored) < 0)
		s->fd = -1;
	/* What is known stays there until a block does not fit. */
	if (s->fd >= 0 && !s->at) {
		forget_rest(s, 0);
		if (s->fd >= 0)
			(void)fs_write_all(s->fd, first_line, sizeof(first_line) - 1, &ignored);
	}
}

void verify_state_close(struct verify *v)
{
	if (v->state.fd >= 0)
		close(v->state.fd);
	buf_release(&v->state.known);
}

struct verify_marks verify_state_marks(const struct verify *v)
{
	return (struct verify_marks){ .claims = v->notes.n_claims,
		.declared = v->notes.declared.n,
		.used = v->notes.used.n,
		.blanks = v->redactions.n_blanks,
		.redactions = v->redactions.n,
		.records = v->result.records };
}

static const char *place_name(const struct verify *v)
{
	return v->peers ? "peers" : "own";
}

static void add_notes(struct buf *out, const struct verify *v, const struct verify_marks *before)
{
	for (size_t i = before->claims; i < v->notes.n_claims; i++) {
		const struct claim *c = &v->notes.claims[i];

		buf_addf(out, "claim %s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", c->origin, c->seq,
			c->line, c->offset);
	}
	for (size_t i = before->declared; i < v->notes.declared.n; i++)
		seam_format(out, "declared ", &v->notes.declared.v[i]);
	for (size_t i = before->used; i < v->notes.used.n; i++)
		seam_format(out, "used ", &v->notes.used.v[i]);
	for (size_t i = before->blanks; i < v->redactions.n_blanks; i++) {
		const struct blank *b = &v->redactions.blanks[i];

		buf_addf(out, "blank %" PRIu64 " %016" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
			b->key.seq, b->key.hlc, b->line, b->offset);
	}
	for (size_t i = before->redactions; i < v->redactions.n; i++) {
		const struct redaction *r = &v->redactions.v[i];

		buf_addf(out, "redaction %s %" PRIu64 " %" PRIu64 " %016" PRIx64 "\n", r->origin,
			r->seq, r->by.seq, r->by.hlc);
	}
}

void verify_state_keep(struct verify *v, const struct stat *st, const struct verify_marks *before)
{
	struct error ignored = ERROR_INIT;
	struct buf block = BUF_INIT;
	char check[HASH_HEX_SIZE];

	if (v->state.fd < 0 || v->result.damaged || v->chain.unsure)
		return;
	add_notes(&block, v, before);
	buf_addf(&block,
		"segment %s %s %" PRIu64 " %" PRIu64 " %lld.%09ld %" PRIu64 " %" PRIu64
		" %016" PRIx64 " %s\n",
		place_name(v), v->segment.name, (uint64_t)st->st_ino, (uint64_t)st->st_size,
		(long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec,
		v->result.records - before->records, v->chain.seq, v->chain.hlc, v->chain.hash);
	hash_bytes(block.data, block.len, check);
	buf_addf(&block, "check %s\n", check);
	if (block.failed || fs_write_all(v->state.fd, block.data, block.len, &ignored) < 0) {
		close(v->state.fd);
		v->state.fd = -1;
	}
	buf_release(&block);
}

/* The next block, without its last line, NUL-terminated in place; NULL if it is not intact. */
static char *next_block(struct verify_state *s)
{
	char *begin = s->known.data + s->at, *check, *end;
	char digest[HASH_HEX_SIZE];

	if (s->at >= s->known.len)
		return NULL;
	check = strncmp(begin, "check ", 6) ? strstr(begin, "\ncheck ") : NULL;
	end = check ? strchr(check + 1, '\n') : NULL;
	if (!end)
		return NULL;
	hash_bytes(begin, (size_t)(check + 1 - begin), digest);
	if (strncmp(check + 7, digest, HASH_HEX_SIZE - 1) != 0 || end != check + 6 + HASH_HEX_SIZE)
		return NULL;
	*check = '\0';
	s->at = (size_t)(end + 1 - s->known.data);
	return begin;
}

/* Is the block's last line about this segment as it stands there? */
static bool parse_segment(struct verify *v, const char *line, const struct stat *st)
{
	char expected[256];
	struct chain c = { .unsure = false };
	uint64_t records;
	int n = snprintf(expected, sizeof(expected),
		"segment %s %s %" PRIu64 " %" PRIu64 " %lld.%09ld ", place_name(v), v->segment.name,
		(uint64_t)st->st_ino, (uint64_t)st->st_size, (long long)st->st_ctim.tv_sec,
		st->st_ctim.tv_nsec);

	if (strncmp(line, expected, (size_t)n) != 0 ||
		sscanf(line + n, "%" SCNu64 " %" SCNu64 " %" SCNx64 " %64s", &records, &c.seq,
			&c.hlc, c.hash) != 4 ||
		!id_is_hex(c.hash, HASH_HEX_SIZE - 1))
		return false;
	memcpy(c.computed, c.hash, sizeof(c.computed));
	v->chain = c;
	v->result.records += records;
	return true;
}

static int take_blank(struct verify *v, const char *text, struct error *err)
{
	struct blank b = { .peers = v->peers };

	if (sscanf(text, "%" SCNu64 " %" SCNx64 " %" SCNu64 " %" SCNu64, &b.key.seq, &b.key.hlc,
		    &b.line, &b.offset) != 4)
		return 0;
	memcpy(b.key.origin, v->segment.origin, sizeof(b.key.origin));
	memcpy(b.segment, v->segment.name, sizeof(b.segment));
	v->result.redacted++;
	return redactions_add_blank(&v->redactions, &b, err);
}

static int take_redaction(struct verify *v, const char *text, struct error *err)
{
	struct redaction one = { .seq = 0 };

	if (sscanf(text, "%32s %" SCNu64 " %" SCNu64 " %" SCNx64, one.origin, &one.seq, &one.by.seq,
		    &one.by.hlc) != 4)
		return 0;
	memcpy(one.by.origin, v->segment.origin, sizeof(one.by.origin));
	return redactions_add(&v->redactions, &one, err);
}

static int take_note(struct verify *v, char *line, struct error *err)
{
	struct claim claim = { .peers = v->peers };
	struct seam seam;

	if (strncmp(line, "blank ", 6) == 0)
		return take_blank(v, line + 6, err);
	if (strncmp(line, "redaction ", 10) == 0)
		return take_redaction(v, line + 10, err);
	if (strncmp(line, "declared ", 9) == 0)
		return seam_parse(&seam, line + 9) ? seams_add(&v->notes.declared, &seam, err) : 0;
	if (strncmp(line, "used ", 5) == 0)
		return seam_parse(&seam, line + 5) ? seams_add(&v->notes.used, &seam, err) : 0;
	if (sscanf(line, "claim %32s %" SCNu64 " %" SCNu64 " %" SCNu64, claim.origin, &claim.seq,
		    &claim.line, &claim.offset) != 4)
		return 0;
	memcpy(claim.segment, v->segment.name, sizeof(claim.segment));
	return notes_add_claim(&v->notes, &claim, err);
}

int verify_state_adopt(struct verify *v, const struct stat *st, bool *out, struct error *err)
{
	struct verify_state *s = &v->state;
	size_t before = s->at;
	char *block, *last, *line;
	int r = 0;

	*out = false;
	/* `head` may be about a record in the middle of it. */
	if (!s->known.len || v->newest || v->result.damaged || v->chain.unsure)
		return 0;
	block = v->hint.known && strcmp(v->hint.segment, v->segment.name) == 0 ? NULL
									       : next_block(s);
	last = block ? strrchr(block, '\n') : NULL;
	last = last ? last + 1 : block;
	if (!last || !parse_segment(v, last, st)) {
		forget_rest(s, before);
		return 0;
	}
	for (line = block; r == 0 && line < last;) {
		char *nl = strchr(line, '\n');

		*nl = '\0';
		r = take_note(v, line, err);
		line = nl + 1;
	}
	v->result.known++;
	*out = true;
	return r;
}
