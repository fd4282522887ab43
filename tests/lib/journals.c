#include "lib/journals.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "log/peers.h"

struct journal *journals_new(const char *dir)
{
	struct error err = ERROR_INIT;

	if (journal_create(dir, &err) < 0)
		fail_msg("%s", err.msg);
	return journals_open(dir);
}

struct journal *journals_open(const char *dir)
{
	struct error err = ERROR_INIT;
	struct journal *j = NULL;

	if (journal_open(&j, dir, &err) < 0)
		fail_msg("%s", err.msg);
	return j;
}

struct head journals_add(struct journal *j, const char *body)
{
	struct journal_entry entry = { body, strlen(body) };
	struct error err = ERROR_INIT;
	struct head head;

	if (journal_append(j, &entry, 1, 10000, &head, &err) < 0)
		fail_msg("%s", err.msg);
	return head;
}

struct head journals_fill(struct journal *j, unsigned from, unsigned n)
{
	struct head head = { .seq = 0 };
	char body[32];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(body, sizeof(body), "{\"n\":%u}", from + i);
		head = journals_add(j, body);
	}
	return head;
}

/* The newest own segment's name, and how many there are. */
static unsigned find_segments(const struct journal *j, char newest[256])
{
	DIR *dir = opendir(journal_dir(j));
	const struct dirent *entry;
	unsigned n = 0;

	assert_non_null(dir);
	newest[0] = '\0';
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, journal_origin(j), 32) != 0 || entry->d_name[32] != '.')
			continue;
		n++;
		if (strcmp(entry->d_name, newest) > 0)
			(void)snprintf(newest, 256, "%s", entry->d_name);
	}
	closedir(dir);
	return n;
}

const char *journals_segment(struct journal *j)
{
	static char path[768];
	char newest[256];

	if (!find_segments(j, newest))
		return NULL;
	(void)snprintf(path, sizeof(path), "%s/%s", journal_dir(j), newest);
	return path;
}

unsigned journals_count_segments(const struct journal *j)
{
	char newest[256];

	return find_segments(j, newest);
}

struct journals_read journals_read(struct journal *j, uint64_t after)
{
	struct journals_read out = { .records = 0 };
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;

	out.code = journal_reader_open(&r, j, NULL, after, NULL, &err);
	while (out.code == 0) {
		const struct record *rec = NULL;

		out.code = journal_reader_next(r, &rec, &err);
		if (out.code < 0 || !rec)
			break;
		out.records++;
		out.last_seq = rec->seq;
		(void)snprintf(out.last_body, sizeof(out.last_body), "%.*s",
			rec->body_len < 255 ? (int)rec->body_len : 255, rec->body ? rec->body : "");
	}
	if (out.code < 0)
		(void)snprintf(out.message, sizeof(out.message), "%s", err.msg);
	journal_reader_close(r);
	return out;
}

static void keep_finding(void *arg, const struct verify_finding *f)
{
	struct journals_verdict *verdict = arg;
	size_t i = verdict->n++;

	if (i >= JOURNALS_FINDINGS)
		return;
	(void)snprintf(verdict->v[i].file, sizeof(verdict->v[i].file), "%s", f->file);
	(void)snprintf(verdict->v[i].what, sizeof(verdict->v[i].what), "%s", f->what);
	verdict->v[i].line = f->line;
	verdict->v[i].offset = f->offset;
	verdict->v[i].damage = f->damage;
	assert_true(f->advice[0] != '\0');
}

struct journals_verdict journals_verify(struct journal *j)
{
	struct journals_verdict verdict = { .n = 0 };
	const struct verify_options options = { .found = keep_finding, .arg = &verdict };
	struct error err = ERROR_INIT;

	if (journal_verify(j, &options, &verdict.result, &err) < 0)
		fail_msg("%s", err.msg);
	return verdict;
}

int journals_import(struct journal *to, struct journal *from, const char *origin, uint64_t after,
	uint64_t upto, struct error *err)
{
	struct journal_reader *reader = NULL;
	struct peer_import *import = NULL;
	const struct record *rec = NULL;
	struct error own = ERROR_INIT;
	int r;

	assert_int_equal(journal_reader_open(&reader, from, origin, after, NULL, &own), 0);
	r = peer_import_open(&import, to, origin, UINT64_MAX, 1000, err);
	while (r == 0) {
		assert_int_equal(journal_reader_next(reader, &rec, &own), 0);
		if (!rec || rec->seq > upto)
			break;
		r = peer_import_add(import, rec, err);
	}
	if (r == 0)
		r = peer_import_flush(import, err);
	peer_import_close(import);
	journal_reader_close(reader);
	return r;
}

struct buf journals_lines(struct journal *j, const char *origin)
{
	struct journal_reader *reader = NULL;
	const struct record *rec = NULL;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;

	if (journal_reader_open(&reader, j, origin, 0, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	for (;;) {
		const char *line;
		size_t len;

		if (journal_reader_next(reader, &rec, &err) < 0)
			fail_msg("%s", err.msg);
		if (!rec)
			break;
		line = journal_reader_line(reader, &len);
		buf_add(&out, line, len);
	}
	journal_reader_close(reader);
	return out;
}
