/* minsky journal export and cat: the journal's own bytes. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "cli/json_pretty.h"
#include "cli/log_print.h"
#include "cli/open.h"
#include "core/fs.h"
#include "core/text.h"

#define FLUSH_AT 65536

static const char *repo_path, *origin, *output;
static bool array, body;

static const struct option_desc export_options[] = {
	{ OPTION_STRING, 0, "origin", &origin, "ORIGIN", "only records of this origin" },
	{ OPTION_FLAG, 0, "array", &array, NULL, "print one JSON array instead of lines" },
	{ OPTION_STRING, 'o', "output", &output, "FILE", "write to a new file" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static const struct option_desc cat_options[] = {
	{ OPTION_FLAG, 0, "body", &body, NULL,
		"print only the body of the event, one member per line" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

struct sink {
	struct app *app;
	int fd; /* -1: standard output */
	bool any; /* a record was written */
};

/* A file that is there stays as it is: it may be the only copy of another journal. */
static int sink_open(struct sink *s, struct error *err)
{
	if (!output)
		return 0;
	s->fd = open(output, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->fd >= 0)
		return 0;
	if (errno != EEXIST)
		return error_errno(err, "cannot create '%s'", output);
	error_refuse(err, "already-exists", "'%s' already exists", output);
	return error_hint(err, "give the name of a new file");
}

static int sink_flush(struct sink *s, struct error *err)
{
	struct buf *out = &s->app->out;
	int r;

	if (s->fd < 0)
		return app_flush(s->app, err);
	r = buf_check(out, err);
	if (r == 0)
		r = fs_write_all(s->fd, out->data, out->len, err);
	buf_clear(out);
	return r < 0 ? error_wrap(err, "'%s'", output) : 0;
}

/* Half an export is none, unless the journal itself has no more: `keep`. */
static int sink_close(struct sink *s, bool keep, int r, struct error *err)
{
	if (s->fd < 0)
		return r;
	if (keep && fsync(s->fd) < 0) {
		r = error_errno(err, "cannot write '%s'", output);
		keep = false;
	}
	if (close(s->fd) < 0 && keep) {
		r = error_errno(err, "cannot write '%s'", output);
		keep = false;
	}
	if (!keep)
		(void)unlink(output);
	return r;
}

static int put_line(struct sink *s, const char *line, size_t len, struct error *err)
{
	struct buf *out = &s->app->out;

	if (array) {
		buf_adds(out, s->any ? ",\n" : "[\n");
		buf_add(out, line, len - 1);
	} else {
		buf_add(out, line, len);
	}
	s->any = true;
	return out->len > FLUSH_AT ? sink_flush(s, err) : 0;
}

static int export_origin(struct sink *s, struct journal *j, const char *id, struct error *err)
{
	struct journal_reader *reader = NULL;
	const struct record *record;
	int r = journal_reader_open(&reader, j, id, 0, NULL, err);

	while (r == 0) {
		const char *line;
		size_t len;

		r = journal_reader_next(reader, &record, err);
		if (r < 0 || !record)
			break;
		line = journal_reader_line(reader, &len);
		r = put_line(s, line, len, err);
	}
	journal_reader_close(reader);
	return r;
}

/* The records of an origin follow each other, so that they can be checked by hand. */
static int export_all(struct sink *s, struct journal *j, struct error *err)
{
	struct error damage = ERROR_INIT;
	struct heads heads = HEADS_INIT;
	char only[ID_HEX_SIZE] = "";
	int r = origin ? log_origin_find(only, j, origin, err) : 0;

	if (r == 0)
		r = log_origins(&heads, j, err);
	for (size_t i = 0; r == 0 && i < heads.n; i++) {
		if (origin && strcmp(heads.v[i].origin, only) != 0)
			continue;
		r = export_origin(s, j, heads.v[i].origin, err);
		/* The damage of one origin does not hide the others. */
		if (r == ERR_CORRUPT) {
			if (damage.code == ERR_OK)
				damage = *err;
			r = 0;
		}
	}
	heads_release(&heads);
	if (r == 0 && array)
		buf_adds(&s->app->out, s->any ? "\n]\n" : "[]\n");
	if (r == 0)
		r = sink_flush(s, err);
	if (r == 0 && damage.code != ERR_OK) {
		*err = damage;
		r = damage.code;
	}
	return r;
}

static int run_export(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct sink sink = { .app = app, .fd = -1 };
	int r = log_open(&repo, app, repo_path, err);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = sink_open(&sink, err);
	if (r == 0)
		r = export_all(&sink, repo.journal, err);
	r = sink_close(&sink, r == 0 || r == ERR_CORRUPT, r, err);
	repo_release(&repo);
	return r;
}

static int show(struct app *app, const struct record *record, const char *line, size_t len,
	struct error *err)
{
	int r = 0;

	if (!body) {
		buf_add(&app->out, line, len);
	} else if (!record->body) {
		buf_adds(&app->out, "null\n");
	} else {
		r = json_pretty(&app->out, record->body, record->body_len, err);
		buf_addch(&app->out, '\n');
	}
	return r;
}

static int cat_one(struct app *app, struct journal *j, const char *text, struct error *err)
{
	struct journal_reader *reader = NULL;
	const struct record *record = NULL;
	struct history_point p = { .by_time = false };
	int r = history_point_parse(&p, j, text, false, err);

	if (r == 0)
		r = journal_reader_open(&reader, j, p.origin, p.seq - 1, NULL, err);
	if (r == 0)
		r = journal_reader_next(reader, &record, err);
	if (r == ERR_NOTFOUND || (r == 0 && (!record || record->seq != p.seq)))
		r = history_point_missing(text, err);
	if (r == 0) {
		size_t len;
		const char *line = journal_reader_line(reader, &len);

		r = show(app, record, line, len, err);
	}
	journal_reader_close(reader);
	return r;
}

static int cat_newest(struct app *app, struct journal *j, struct error *err)
{
	char text[32];
	struct head head;
	int r = journal_head(j, &head, err);

	if (r == 0 && !head.seq)
		r = error_set(err, ERR_NOTFOUND, "the journal has no records yet");
	if (r < 0)
		return r;
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)head.seq);
	return cat_one(app, j, text, err);
}

static int run_cat(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	int r = log_open(&repo, app, repo_path, err);

	if (r == 0 && !argc)
		r = cat_newest(app, repo.journal, err);
	for (int i = 0; r == 0 && i < argc; i++) {
		r = cat_one(app, repo.journal, argv[i], err);
		if (r == 0 && app->out.len > FLUSH_AT)
			r = app_flush(app, err);
	}
	repo_release(&repo);
	return r;
}

const struct cmd cmd_journal_export = {
	.name = "journal export",
	.summary = "print all records of the journal, unchanged",
	.options = export_options,
	.json = true,
	.run = run_export,
};
const struct cmd cmd_journal_cat = {
	.name = "journal cat",
	.summary = "print journal records by number, or the newest one",
	.usage = "[SEQ...]",
	.details = "SEQ is the number of a record of this machine, or ORIGIN:SEQ.",
	.options = cat_options,
	.max_args = INT_MAX,
	.json = true,
	.run = run_cat,
};
