#include "log/redact.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/jsonw.h"
#include "core/libc.h"
#include "log/verify_redact.h"

/* Where the record stands, and what is to stand there. */
struct spot {
	struct place peers;
	const struct place *place;
	char segment[SEGMENT_NAME_SIZE];
	uint64_t offset;
	size_t len;
	bool blank; /* it has no body any more */
	struct blank key;
	struct buf line; /* blanked */
};

static int keep_line(
	struct spot *s, const struct record *rec, const char *line, size_t len, struct error *err)
{
	static const char journal[] = "{\"type\":\"journal.",
			  redacted[] = "{\"type\":\"event.redacted\"";

	s->blank = !rec->body;
	s->key.key.hlc = rec->hlc;
	s->key.key.seq = rec->seq;
	memcpy(s->key.key.origin, rec->origin, sizeof(rec->origin));
	s->len = len;
	if (s->blank)
		return 0;
	if ((rec->body_len > sizeof(journal) &&
		    memcmp(rec->body, journal, sizeof(journal) - 1) == 0) ||
		(rec->body_len > sizeof(redacted) &&
			memcmp(rec->body, redacted, sizeof(redacted) - 1) == 0))
		return error_refuse(err, "record-needed",
			"record %llu is one that the journal itself needs",
			(unsigned long long)rec->seq);
	buf_add(&s->line, line, (size_t)(rec->body - line));
	buf_adds(&s->line, "null}\n");
	return buf_check(&s->line, err);
}

static int find(
	struct spot *s, struct journal *j, const char *origin, uint64_t seq, struct error *err)
{
	struct journal_reader *reader = NULL;
	const struct record *rec = NULL;
	const char *line, *name;
	size_t len;
	bool there;
	int r;

	r = journal_reader_open(&reader, j, origin, seq - 1, NULL, err);
	if (r == 0)
		r = journal_reader_next(reader, &rec, err);
	if (r == ERR_NOTFOUND || (r == 0 && (!rec || rec->seq != seq)))
		r = error_set(err, ERR_NOTFOUND, "the journal has no record %llu",
			(unsigned long long)seq);
	if (r < 0)
		goto out;
	line = journal_reader_line(reader, &len);
	name = strrchr(journal_reader_file(reader), '/') + 1;
	(void)snprintf(s->segment, sizeof(s->segment), "%s", name);
	s->offset = journal_reader_offset(reader);
	s->place = &j->own;
	if (name - journal_reader_file(reader) != (ptrdiff_t)strlen(j->own.path) + 1) {
		r = place_open_peers(&s->peers, j, &there, err);
		s->place = &s->peers;
	}
	if (r == 0)
		r = keep_line(s, rec, line, len, err);
out:
	journal_reader_close(reader);
	return r;
}

/* Does the journal say already that this record is redacted? */
static int is_told(bool *out, struct journal *j, const struct spot *s, struct error *err)
{
	struct redactions redactions = { .v = NULL };
	struct journal_reader *reader = NULL;
	const struct record *rec;
	int r = journal_reader_open(&reader, j, NULL, 0, NULL, err);

	while (r == 0) {
		r = journal_reader_next(reader, &rec, err);
		if (r < 0 || !rec)
			break;
		r = redactions_add_record(&redactions, rec, err);
	}
	journal_reader_close(reader);
	if (r == 0) {
		redactions_sort(&redactions);
		*out = redactions_cover(&redactions, &s->key);
	}
	redactions_release(&redactions);
	return r;
}

static int tell(struct journal *j, const struct spot *s, const char *reason, struct error *err)
{
	struct buf data = BUF_INIT, body = BUF_INIT;
	struct journal_entry entry;
	struct jsonw w;
	int r;

	jsonw_init(&w, &data, false);
	jsonw_begin_object(&w);
	jsonw_kstring(&w, "origin", s->key.key.origin);
	jsonw_ku64(&w, "seq", s->key.key.seq);
	jsonw_kstring(&w, "reason", reason);
	jsonw_end_object(&w);
	r = torn_tail_body(&body, EVENT_EVENT_REDACTED, &data, err);
	entry = (struct journal_entry){ body.data, body.len };
	if (r == 0)
		r = append_locked(j, &entry, 1, 0, NULL, err);
	buf_release(&data);
	buf_release(&body);
	return r;
}

static int write_new(const struct spot *s, int from, struct error *err)
{
	struct stat st;
	int fd, r;

	if (fstat(from, &st) < 0)
		return error_errno(err, "cannot access '%s'", s->segment);
	if (unlinkat(s->place->fd, "new.tmp", 0) < 0 && errno != ENOENT)
		return error_errno(err, "cannot remove '%s/new.tmp'", s->place->path);
	r = place_open_file(&fd, s->place, "new.tmp", O_WRONLY | O_CREAT | O_EXCL, err);
	if (r < 0)
		return r;
	r = torn_tail_copy(fd, from, s->segment, 0, s->offset, err);
	if (r == 0)
		r = fs_write_all(fd, s->line.data, s->line.len, err);
	if (r == 0)
		r = torn_tail_copy(
			fd, from, s->segment, s->offset + s->len, (uint64_t)st.st_size, err);
	if (r == 0 && fchmod(fd, st.st_mode & 0700) < 0)
		r = error_errno(err, "cannot set permissions");
	if (r == 0 && fsync(fd) < 0)
		r = error_errno(err, "cannot sync");
	if (close(fd) < 0 && r == 0)
		r = error_errno(err, "cannot close");
	return r;
}

/* Readers that have the old file open read on in it and find the new one behind its end. */
static int rewrite(const struct spot *s, struct error *err)
{
	int from, r;

	r = place_open_file(&from, s->place, s->segment, O_RDONLY, err);
	if (r < 0)
		return r;
	r = write_new(s, from, err);
	close(from);
	if (r == 0 && renameat2(s->place->fd, "new.tmp", s->place->fd, s->segment, 0) < 0)
		r = error_errno(err, "cannot rename");
	if (r == 0 && fsync(s->place->fd) < 0)
		r = error_errno(err, "cannot sync the directory");
	if (r < 0)
		(void)unlinkat(s->place->fd, "new.tmp", 0);
	return r < 0 ? error_wrap(err, "cannot write '%s/%s'", s->place->path, s->segment) : 0;
}

int journal_redact(struct journal *j, const char *origin, uint64_t seq, const char *reason,
	bool *changed_out, struct error *err)
{
	struct spot s = { .line = BUF_INIT };
	bool told = false;
	int lock, r;

	r = journal_lock(j, 30000, &lock, err);
	if (r < 0)
		return r;
	r = origin_settle(j, err);
	if (r == 0)
		r = find(&s, j, origin, seq, err);
	if (r == 0)
		r = is_told(&told, j, &s, err);
	if (r == 0 && !told)
		r = tell(j, &s, reason, err);
	if (r == 0 && !s.blank)
		r = rewrite(&s, err);
	if (r == 0)
		*changed_out = !told || !s.blank;
	place_release(&s.peers);
	buf_release(&s.line);
	close(lock);
	return r;
}

int journal_blank(
	struct journal *j, const char *origin, uint64_t seq, bool *changed_out, struct error *err)
{
	struct spot s = { .line = BUF_INIT };
	int lock, r;

	r = journal_lock(j, 30000, &lock, err);
	if (r < 0)
		return r;
	r = find(&s, j, origin, seq, err);
	if (r == 0 && !s.blank)
		r = rewrite(&s, err);
	if (r == 0)
		*changed_out = !s.blank;
	place_release(&s.peers);
	buf_release(&s.line);
	close(lock);
	return r;
}
