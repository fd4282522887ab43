#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/array.h"
#include "core/dir.h"
#include "core/fs.h"
#include "core/json.h"
#include "log/repair_internal.h"

/* What journal.repaired records say already, and the bodies of those that are still to come. */
struct declaring {
	struct journal *j;
	struct seams seams;
	char **kept;
	size_t n_kept;
	struct buf *bodies;
	size_t n_bodies;
};

static void release(struct declaring *d)
{
	seams_release(&d->seams);
	for (size_t i = 0; i < d->n_kept; i++)
		free(d->kept[i]);
	free(d->kept);
	for (size_t i = 0; i < d->n_bodies; i++)
		buf_release(&d->bodies[i]);
	free(d->bodies);
}

static int add_kept(struct declaring *d, const char *kept, struct error *err)
{
	if (!ARRAY_GROW_SHORT(d->kept, d->n_kept))
		return error_nomem(err);
	d->kept[d->n_kept] = strdup(kept);
	if (!d->kept[d->n_kept])
		return error_nomem(err);
	d->n_kept++;
	return 0;
}

static int note(struct declaring *d, const struct record *rec, struct error *err)
{
	static const char type[] = "{\"type\":\"journal.repaired\",";
	struct error ignored = ERROR_INIT;
	struct json *body;
	struct seam seam;
	const char *kept;
	int r = 0;

	if (!rec->body || rec->body_len < sizeof(type) ||
		memcmp(rec->body, type, sizeof(type) - 1) != 0)
		return 0;
	if (seam_of_record(&seam, rec))
		return seams_add(&d->seams, &seam, err);
	if (json_parse(&body, rec->body, rec->body_len, &ignored) < 0)
		return 0;
	kept = json_get_string(json_get(body, "data"), "kept");
	if (kept)
		r = add_kept(d, kept, err);
	json_free(body);
	return r;
}

static int scan_file(struct declaring *d, const char *name, struct error *err)
{
	struct line line = { .kind = LINE_WHOLE };
	struct scan scan;
	int fd, r;

	r = place_open_file(&fd, &d->j->own, name, O_RDONLY, err);
	if (r < 0)
		return r;
	r = scan_init(&scan, err);
	if (r == 0)
		scan_seek(&scan, fd, name, 0);
	while (r == 0 && line.kind != LINE_END) {
		struct record rec;

		r = scan_next(&scan, &line, err);
		if (r == 0 && line.kind == LINE_WHOLE && !record_parse(&rec, line.text, line.len))
			r = note(d, &rec, err);
	}
	scan_release(&scan);
	close(fd);
	return r;
}

static int scan_all(struct declaring *d, struct error *err)
{
	struct segments list = { .v = NULL };
	int r = segments_list(&list, &d->j->own, NULL, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < list.n; i++)
		r = scan_file(d, list.v[i].name, err);
	segments_release(&list);
	return r;
}

static struct buf *new_body(struct declaring *d)
{
	if (!ARRAY_GROW_SHORT(d->bodies, d->n_bodies))
		return NULL;
	d->bodies[d->n_bodies] = (struct buf)BUF_INIT;
	return &d->bodies[d->n_bodies++];
}

static int declare_seams(struct declaring *d, const struct seams *seams, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < seams->n; i++) {
		struct buf *body;

		if (seams_has(&d->seams, &seams->v[i]))
			continue;
		body = new_body(d);
		r = body ? seam_body(body, &seams->v[i], err) : error_nomem(err);
	}
	return r;
}

/* torn/<segment>.<offset>[-<n>] */
static int declare_file(struct declaring *d, const char *name, struct error *err)
{
	char kept[sizeof("torn/") + NAME_MAX], segment[SEGMENT_NAME_SIZE];
	const char *offset = name + SEGMENT_NAME_SIZE;
	struct segment parsed;
	struct stat st;
	struct buf *body;

	if (strlen(name) <= SEGMENT_NAME_SIZE || name[SEGMENT_NAME_SIZE - 1] != '.' ||
		*offset < '0' || *offset > '9')
		return 0;
	memcpy(segment, name, sizeof(segment) - 1);
	segment[sizeof(segment) - 1] = '\0';
	(void)snprintf(kept, sizeof(kept), "torn/%.*s", NAME_MAX, name);
	if (!segment_parse(&parsed, segment))
		return 0;
	for (size_t i = 0; i < d->n_kept; i++)
		if (strcmp(d->kept[i], kept) == 0)
			return 0;
	if (fstatat(d->j->own.fd, kept, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, "cannot access '%s/%s'", d->j->own.path, kept);
	body = new_body(d);
	if (!body)
		return error_nomem(err);
	return torn_tail_repaired_body(
		body, segment, strtoull(offset, NULL, 10), (uint64_t)st.st_size, kept, err);
}

static int declare_files(struct declaring *d, struct error *err)
{
	int fd = openat(d->j->own.fd, "torn", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct buf shown = BUF_INIT;
	struct dir dir = DIR_INIT;
	const char *name;
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0
				       : error_errno(err, "cannot read '%s/torn'", d->j->own.path);
	fs_join(&shown, d->j->own.path, "torn");
	r = dir_open_fd(&dir, fd, shown.data, err);
	while (r == 0 && (r = dir_next(&dir, &name, err)) == 0 && name)
		r = declare_file(d, name, err);
	dir_close(&dir);
	buf_release(&shown);
	return r;
}

static int append(struct declaring *d, struct error *err)
{
	struct journal_entry *entries = calloc(d->n_bodies, sizeof(*entries));
	size_t n = 0, bytes = 0;
	int r = 0;

	if (!entries)
		return error_nomem(err);
	for (size_t i = 0; r == 0 && i < d->n_bodies; i++) {
		entries[n++] = (struct journal_entry){ d->bodies[i].data, d->bodies[i].len };
		bytes += d->bodies[i].len + RECORD_ENVELOPE_MAX;
		if (i + 1 < d->n_bodies && bytes < JOURNAL_APPEND_MAX / 2)
			continue;
		r = append_locked(d->j, entries, n, 0, NULL, err);
		n = bytes = 0;
	}
	free(entries);
	return r;
}

int repair_declare(struct journal *j, const struct seams *seams, bool *any_out, struct error *err)
{
	struct declaring d = { .j = j };
	int r = scan_all(&d, err);

	if (r == 0)
		r = declare_seams(&d, seams, err);
	if (r == 0)
		r = declare_files(&d, err);
	if (r == 0 && d.n_bodies)
		r = append(&d, err);
	if (r == 0)
		*any_out = d.n_bodies > 0;
	release(&d);
	return r;
}

int repair_declared(struct seams *out, const struct journal *j, struct error *err)
{
	struct journal borrowed = *j;
	struct declaring d = { .j = &borrowed };
	int r = scan_all(&d, err);

	if (r == 0) {
		*out = d.seams;
		d.seams = (struct seams){ .v = NULL };
	}
	release(&d);
	return r;
}
