#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/libc.h"
#include "log/repair_internal.h"

static const char temporary[] = "new.tmp";

int repair_line(const struct origin_repair *o, const struct candidate *c, struct buf *line,
	struct error *err)
{
	const struct source *s = &o->sources[c->source];
	size_t got;
	int r;

	buf_clear(line);
	if (!buf_grow(line, c->len))
		return error_nomem(err);
	r = read_at(s->fd, s->segment.name, line->data, c->len, c->offset, &got, err);
	if (r < 0)
		return r;
	if (got != c->len)
		return error_set(err, ERR_IO, "'%s/%s' was truncated while it was read",
			s->place->path, s->segment.name);
	line->len = got;
	line->data[got] = '\0';
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct candidate *x = *(const struct candidate *const *)a;
	const struct candidate *y = *(const struct candidate *const *)b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int stretches_of(
	const struct origin_repair *o, size_t source, stretch_fn *fn, void *arg, struct error *err)
{
	const struct candidate **v = calloc(o->n ? o->n : 1, sizeof(*v));
	const struct source *s = &o->sources[source];
	uint64_t at = 0;
	size_t n = 0;
	int r = 0;

	if (!v)
		return error_nomem(err);
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].source == source && o->v[i].doubled)
			v[n++] = &o->v[i];
	if (n)
		qsort(v, n, sizeof(*v), by_place);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (v[i]->offset > at)
			r = fn(arg, s, at, v[i]->offset, err);
		at = v[i]->offset + v[i]->len;
	}
	if (r == 0 && at < s->size)
		r = fn(arg, s, at, s->size, err);
	free(v);
	return r;
}

int repair_stretches(const struct origin_repair *o, stretch_fn *fn, void *arg, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < o->n_sources; i++)
		if (o->sources[i].here)
			r = stretches_of(o, i, fn, arg, err);
	return r;
}

static bool begins_segment(const struct origin_repair *o, size_t i)
{
	const struct candidate *c = &o->v[o->chosen[i]];

	if (i == 0 || c->seam)
		return true;
	for (size_t k = 0; k < o->n_sources; k++)
		if (o->sources[k].here && o->sources[k].segment.first == c->seq)
			return true;
	return false;
}

/* Are the chosen records from `first` to before `end` a file as it stands here? */
static bool is_there(const struct origin_repair *o, const char *name, size_t first, size_t end)
{
	size_t source = o->v[o->chosen[first]].source;
	const struct source *s = &o->sources[source];
	uint64_t at = 0;

	if (!s->here || strcmp(s->segment.name, name) != 0)
		return false;
	for (size_t i = first; i < end; i++) {
		const struct candidate *c = &o->v[o->chosen[i]];

		if (c->source != source || c->offset != at)
			return false;
		at += c->len;
	}
	return at == s->size;
}

/* Another copy may be of the time before the body was blanked. */
static void blank(const struct origin_repair *o, const struct candidate *c, struct buf *line)
{
	struct blank key = { .key = { .hlc = c->hlc, .seq = c->seq } };
	const char *body;

	memcpy(key.key.origin, o->origin, sizeof(key.key.origin));
	if (o->sources[c->source].here || !redactions_cover(&o->redactions, &key))
		return;
	body = memmem(line->data, line->len, "\"body\":", 7);
	buf_truncate(line, (size_t)(body - line->data) + 7);
	buf_adds(line, "null}\n");
}

static int write_lines(
	const struct origin_repair *o, int fd, size_t first, size_t end, struct error *err)
{
	struct buf line = BUF_INIT;
	int r = 0;

	for (size_t i = first; r == 0 && i < end; i++) {
		const struct candidate *c = &o->v[o->chosen[i]];

		r = repair_line(o, c, &line, err);
		if (r == 0) {
			blank(o, c, &line);
			r = buf_check(&line, err);
		}
		if (r == 0)
			r = fs_write_all(fd, line.data, line.len, err);
	}
	if (r == 0 && fsync(fd) < 0)
		r = error_errno(err, "cannot sync");
	buf_release(&line);
	return r;
}

/* The old file stays until the new one is whole and takes its name. */
static int replace(const struct origin_repair *o, const char *name, size_t first, size_t end,
	struct error *err)
{
	const struct place *p = o->place;
	int fd, r;

	if (unlinkat(p->fd, temporary, 0) < 0 && errno != ENOENT)
		return error_errno(err, "cannot remove '%s/%s'", p->path, temporary);
	r = place_open_file(&fd, p, temporary, O_WRONLY | O_CREAT | O_EXCL, err);
	if (r < 0)
		return r;
	r = write_lines(o, fd, first, end, err);
	if (close(fd) < 0 && r == 0)
		r = error_errno(err, "cannot close");
	if (r == 0 && renameat2(p->fd, temporary, p->fd, name, 0) < 0)
		r = error_errno(err, "cannot rename");
	if (r == 0 && fsync(p->fd) < 0)
		r = error_errno(err, "cannot sync the directory");
	if (r < 0)
		(void)unlinkat(p->fd, temporary, 0);
	return r < 0 ? error_wrap(err, "cannot write '%s/%s'", p->path, name) : 0;
}

static int drop_unnamed(const struct origin_repair *o, bool dry, bool *changed, struct error *err)
{
	for (size_t i = 0; i < o->n_sources; i++) {
		const struct source *s = &o->sources[i];
		bool used = false;

		for (size_t k = 0; s->here && k < o->n_chosen && !used; k++)
			used = o->v[o->chosen[k]].seq == s->segment.first;
		if (used || !s->here)
			continue;
		*changed = true;
		if (!dry &&
			(unlinkat(o->place->fd, s->segment.name, 0) < 0 || fsync(o->place->fd) < 0))
			return error_errno(
				err, "cannot remove '%s/%s'", o->place->path, s->segment.name);
	}
	return 0;
}

/*
 * From the newest to the oldest, and those without a record of their own at last: the end of a
 * segment that is split has its new file before it goes from the old one.
 */
int repair_write(const struct origin_repair *o, bool dry, bool *changed_out, struct error *err)
{
	bool changed = false;
	size_t end = o->n_chosen;
	int r = 0;

	for (size_t i = o->n_chosen; r == 0 && i > 0; i--) {
		struct segment s;

		if (!begins_segment(o, i - 1))
			continue;
		segment_name(&s, o->origin, o->v[o->chosen[i - 1]].seq);
		if (!is_there(o, s.name, i - 1, end)) {
			changed = true;
			if (!dry)
				r = replace(o, s.name, i - 1, end, err);
		}
		end = i - 1;
	}
	if (r == 0)
		r = drop_unnamed(o, dry, &changed, err);
	if (r == 0)
		*changed_out = changed;
	return r;
}
