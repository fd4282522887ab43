#include "log/seam.h"

#include <errno.h>
#include <inttypes.h>

#include "core/array.h"
#include "core/fs.h"
#include "log/verify.h"

#define SEAMS_MAX (16u << 20)

static const char first_line[] = "minsky-seams 1\n";

void seams_release(struct seams *s)
{
	free(s->v);
	*s = (struct seams){ .v = NULL };
}

static bool same(const struct seam *a, const struct seam *b)
{
	return a->last == b->last && a->next == b->next && strcmp(a->origin, b->origin) == 0 &&
		strcmp(a->last_hash, b->last_hash) == 0 && strcmp(a->next_hash, b->next_hash) == 0;
}

bool seams_has(const struct seams *s, const struct seam *seam)
{
	for (size_t i = 0; i < s->n; i++)
		if (same(&s->v[i], seam))
			return true;
	return false;
}

int seams_add(struct seams *s, const struct seam *seam, struct error *err)
{
	if (seams_has(s, seam))
		return 0;
	if (!ARRAY_GROW_SHORT(s->v, s->n))
		return error_nomem(err);
	s->v[s->n++] = *seam;
	return 0;
}

/* The next word of the line; NULL if there is none. */
static char *take_word(char **at)
{
	char *word = *at;
	char *end = word + strcspn(word, " ");

	if (!*word)
		return NULL;
	*at = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

static bool take_seq(char **at, uint64_t *out)
{
	const char *word = take_word(at);
	char *end;

	if (!word || *word < '0' || *word > '9')
		return false;
	errno = 0;
	*out = strtoull(word, &end, 10);
	return !*end && errno == 0;
}

static bool take_hex(char **at, char *out, size_t digits, bool empty)
{
	const char *word = take_word(at);

	if (word && empty && strcmp(word, "-") == 0) {
		out[0] = '\0';
		return true;
	}
	if (!word || !id_is_hex(word, digits))
		return false;
	memcpy(out, word, digits + 1);
	return true;
}

bool seam_parse(struct seam *out, char *line)
{
	return take_hex(&line, out->origin, ID_HEX_SIZE - 1, false) &&
		take_seq(&line, &out->last) &&
		take_hex(&line, out->last_hash, HASH_HEX_SIZE - 1, false) &&
		take_seq(&line, &out->next) &&
		take_hex(&line, out->next_hash, HASH_HEX_SIZE - 1, true) && !*line;
}

void seam_format(struct buf *out, const char *before, const struct seam *s)
{
	buf_addf(out, "%s%s %" PRIu64 " %s %" PRIu64 " %s\n", before, s->origin, s->last,
		s->last_hash, s->next, s->next_hash[0] ? s->next_hash : "-");
}

int seams_load(struct seams *out, const struct place *own, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct seams seams = { .v = NULL };
	char *line;
	int r;

	fs_join(&path, own->path, "seams");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_read_private(path.data, SEAMS_MAX, &text, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		*out = seams;
		r = 0;
		goto out;
	}
	if (r < 0)
		goto out;
	/* One that cannot be read is as good as none: repair writes it anew. */
	line = strncmp(text.data, first_line, sizeof(first_line) - 1) ? text.data + text.len
								      : strchr(text.data, '\n') + 1;
	for (char *nl; r == 0 && (nl = strchr(line, '\n')); line = nl + 1) {
		struct seam seam;

		*nl = '\0';
		if (seam_parse(&seam, line))
			r = seams_add(&seams, &seam, err);
	}
	if (r < 0)
		seams_release(&seams);
	else
		*out = seams;
out:
	buf_release(&path);
	buf_release(&text);
	return r;
}

int seams_save(const struct seams *s, const struct place *own, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	int r;

	fs_join(&path, own->path, "seams");
	buf_adds(&text, first_line);
	for (size_t i = 0; i < s->n; i++)
		seam_format(&text, "", &s->v[i]);
	r = path.failed ? error_nomem(err) : buf_check(&text, err);
	if (r == 0)
		r = fs_replace(path.data, text.data, text.len, 0600, true, err);
	buf_release(&path);
	buf_release(&text);
	return r;
}

static int find(bool *out, const struct place *own, const struct seam *key, struct error *err)
{
	struct seams seams = { .v = NULL };
	int r = seams_load(&seams, own, err);

	if (r < 0)
		return r;
	*out = false;
	for (size_t i = 0; i < seams.n && !*out; i++) {
		const struct seam *s = &seams.v[i];

		*out = s->last == key->last && s->next == key->next &&
			strcmp(s->origin, key->origin) == 0 &&
			strcmp(s->last_hash, key->last_hash) == 0 && s->next_hash[0] &&
			(!key->next_hash[0] || strcmp(s->next_hash, key->next_hash) == 0);
	}
	seams_release(&seams);
	return 0;
}

int seam_covers(bool *lost_out, uint64_t *before_out, const struct place *own, const char *origin,
	uint64_t seq, struct error *err)
{
	struct seams seams = { .v = NULL };
	int r = seams_load(&seams, own, err);

	if (r < 0)
		return r;
	*lost_out = false;
	/* An older one may name records that were lost, too, since then. */
	for (size_t i = 0; i < seams.n; i++) {
		const struct seam *s = &seams.v[i];

		if (strcmp(s->origin, origin) != 0 || s->last >= seq || s->next <= seq ||
			!s->next_hash[0] || (*lost_out && s->last < *before_out))
			continue;
		*lost_out = true;
		*before_out = s->last;
	}
	seams_release(&seams);
	return 0;
}

static struct seam make_key(const char *origin, uint64_t last, const char *last_hash, uint64_t next)
{
	struct seam key = { .last = last, .next = next };

	(void)snprintf(key.origin, sizeof(key.origin), "%s", origin);
	(void)snprintf(key.last_hash, sizeof(key.last_hash), "%s", last_hash);
	return key;
}

int seam_allows(bool *out, const struct place *own, uint64_t last, const char *last_hash,
	const struct record *rec, struct error *err)
{
	struct seam key = make_key(rec->origin, last, last_hash, rec->seq);

	memcpy(key.next_hash, rec->hash, sizeof(key.next_hash));
	return find(out, own, &key, err);
}

int seam_leads(bool *out, const struct place *own, const char *origin, uint64_t last,
	const char *last_hash, uint64_t next, struct error *err)
{
	struct seam key = make_key(origin, last, last_hash, next);

	return find(out, own, &key, err);
}

int journal_lost(const struct journal *j, const char *origin, uint64_t upto, uint64_t *out,
	struct error *err)
{
	struct seams seams;
	uint64_t lost = 0;
	int r = seams_load(&seams, &j->own, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < seams.n; i++)
		if (seams.v[i].next <= upto && strcmp(seams.v[i].origin, origin) == 0)
			lost += seams.v[i].next - seams.v[i].last - 1;
	seams_release(&seams);
	*out = lost;
	return 0;
}
