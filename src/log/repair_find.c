#include <fcntl.h>
#include <unistd.h>

#include "core/array.h"
#include "core/invariant.h"
#include "log/repair_internal.h"

void origin_repair_release(struct origin_repair *o)
{
	for (size_t i = 0; i < o->n_sources; i++)
		close(o->sources[i].fd);
	free(o->sources);
	free(o->v);
	free(o->chosen);
	seams_release(&o->seams);
	redactions_release(&o->redactions);
}

static int add(struct origin_repair *o, const struct record *rec, uint64_t offset, size_t len,
	struct error *err)
{
	char broken[HASH_HEX_SIZE], expected[HASH_HEX_SIZE];
	struct candidate *c;

	if (!ARRAY_GROW(o->v, o->n, o->cap))
		return error_nomem(err);
	INVARIANT(o->n_sources);
	c = &o->v[o->n++];
	*c = (struct candidate){ .seq = rec->seq,
		.hlc = rec->hlc,
		.offset = offset,
		.len = len,
		.source = o->n_sources - 1 };
	memcpy(c->hash, rec->hash, sizeof(c->hash));
	memcpy(c->bodyhash, rec->bodyhash, sizeof(c->bodyhash));
	if (tail_break_hash(rec, broken)) {
		record_hash(expected, broken, rec->origin, rec->seq, rec->hlc, rec->bodyhash);
		c->breaks = strcmp(expected, rec->hash) == 0;
	}
	return 0;
}

/* A record may stand behind rubbish that has no newline of its own. */
static int search(
	struct origin_repair *o, const char *text, size_t len, uint64_t offset, struct error *err)
{
	static const char begin[] = "{\"origin\":\"";
	const char *end = text + len, *at = text;

	while ((at = memmem(at, (size_t)(end - at), begin, sizeof(begin) - 1))) {
		struct record rec;

		if (!record_parse(&rec, at, (size_t)(end - at)) &&
			strcmp(rec.origin, o->origin) == 0)
			return add(
				o, &rec, offset + (uint64_t)(at - text), (size_t)(end - at), err);
		at++;
	}
	return 0;
}

/* Of a line that is too long to be held, the last part. */
static int search_long(struct origin_repair *o, int fd, const struct line *line, struct error *err)
{
	uint64_t from = line->next > RECORD_MAX ? line->next - RECORD_MAX : 0;
	char *text = malloc(RECORD_MAX);
	size_t got;
	int r;

	if (!text)
		return error_nomem(err);
	r = read_at(fd, "segment", text, (size_t)(line->next - from), from, &got, err);
	if (r == 0)
		r = search(o, text, got, from, err);
	free(text);
	return r;
}

static int find_in(struct origin_repair *o, struct scan *scan, struct error *err)
{
	const struct source *s = &o->sources[o->n_sources - 1];

	scan_seek(scan, s->fd, s->segment.name, 0);
	for (;;) {
		struct line line;
		int r = scan_next(scan, &line, err);

		if (r < 0 || line.kind == LINE_END || line.kind == LINE_PARTIAL)
			return r;
		r = line.kind == LINE_LONG ? search_long(o, s->fd, &line, err)
					   : search(o, line.text, line.len, line.offset, err);
		if (r < 0)
			return r;
	}
}

static int open_source(struct origin_repair *o, const struct place *p, const struct segment *s,
	bool here, struct error *err)
{
	struct source source = { .place = p, .segment = *s, .here = here };
	int r;

	if (!ARRAY_GROW_SHORT(o->sources, o->n_sources))
		return error_nomem(err);
	r = place_open_file(&source.fd, p, s->name, O_RDONLY, err);
	if (r < 0)
		return r;
	r = file_size(source.fd, s->name, &source.size, err);
	if (r < 0) {
		close(source.fd);
		return r;
	}
	o->sources[o->n_sources++] = source;
	return 0;
}

int repair_find(struct origin_repair *o, const struct place *p, bool here, struct error *err)
{
	struct segments list = { .v = NULL };
	struct scan scan;
	int r = segments_list(&list, p, o->origin, err);

	if (r < 0)
		return r;
	r = scan_init(&scan, err);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		r = open_source(o, p, &list.v[i], here, err);
		if (r == 0)
			r = find_in(o, &scan, err);
	}
	scan_release(&scan);
	segments_release(&list);
	return r;
}
