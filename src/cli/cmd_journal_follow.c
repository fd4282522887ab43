/*
 * minsky journal follow: events as they come.
 *
 * Each round reads every origin on from its head, and then waits. A head is checked against the
 * journal when a round begins, so that a segment may end, begin or be replaced in between. What
 * is written at once are whole lines, as many as a pipe takes without keeping us: the readers get
 * no half of one, and a signal is heeded between two.
 */
#include <limits.h>
#include <unistd.h>

#include "cli/log_print.h"
#include "cli/open.h"
#include "core/clock.h"
#include "core/dir.h"
#include "history/follow_cursor.h"
#include "history/journal_watch.h"

#define STORE_EVERY_MS 250 /* while there is more to read; at its end in any case */

static struct history_filter filter;
static struct option_list from;
static const char *repo_path, *cursor_name;
static unsigned long count;

static const struct option_desc options[] = {
	{ OPTION_STRING, 's', "session", &filter.session, "NAME", "only events of this session" },
	{ OPTION_STRING, 't', "type", &filter.type, "TYPE",
		"only events of this type, such as pr or pr.created" },
	{ OPTION_STRING, 0, "actor", &filter.actor, "NAME",
		"only events by this user, host or agent" },
	{ OPTION_STRING, 0, "branch", &filter.branch, "BRANCH", "only events about this branch" },
	{ OPTION_LIST, 0, "from", &from, "SEQ", "start at this record instead of the end" },
	{ OPTION_STRING, 0, "cursor", &cursor_name, "NAME", "continue where NAME ended last time" },
	{ OPTION_COUNT, 'n', "count", &count, "N", "stop after N events" },
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

struct follow {
	struct app *app;
	struct journal *journal;
	struct history_names names;
	struct log_show show;
	struct journal_watch watch;
	struct follow_cursor cursor;
	struct heads read; /* up to which records were read */
	struct heads delivered; /* up to which they were written */
	struct heads stored; /* and what the cursor's file says */
	int64_t stored_at; /* monotonic */
	unsigned long shown;
	bool ended;
};

static int store(struct follow *f, bool now, struct error *err)
{
	int r;

	if (!cursor_name || heads_equal(&f->stored, &f->delivered) ||
		(!now && clock_monotonic_ms() - f->stored_at < STORE_EVERY_MS))
		return 0;
	r = follow_cursor_store(&f->cursor, &f->delivered, err);
	if (r < 0)
		return r;
	heads_release(&f->stored);
	f->stored_at = clock_monotonic_ms();
	return heads_copy(&f->stored, &f->delivered, err);
}

/* Write what is pending; `behind` are the heads behind it. */
static int deliver(struct follow *f, const struct heads *behind, struct error *err)
{
	enum journal_watch_event event = JOURNAL_WATCH_READY;
	struct heads heads = HEADS_INIT;
	int r = heads_copy(&heads, behind, err);

	if (r == 0 && f->app->out.len)
		r = journal_watch_wait_output(&event, err);
	if (r == 0 && event != JOURNAL_WATCH_READY) {
		f->ended = true;
		buf_clear(&f->app->out);
	} else if (r == 0) {
		r = app_flush(f->app, err);
		if (r < 0 && f->app->gone) {
			error_clear(err);
			f->ended = true;
			r = 0;
		} else if (r == 0) {
			struct heads old = f->delivered;

			f->delivered = heads;
			heads = old;
			r = store(f, false, err);
		}
	}
	heads_release(&heads);
	return r;
}

static int take(struct follow *f, const struct record *record, const char *line, size_t len,
	struct error *err)
{
	struct buf *out = &f->app->out;
	size_t before = out->len;
	struct event e;
	bool readable;
	int r;

	readable = log_decode(&e, record, &r, err);
	if (r == 0 && readable)
		r = history_names_learn(&f->names, &e, err);
	if (r == 0 && history_filter_fits(&filter, record, readable ? &e : NULL)) {
		log_show(&f->show, record, readable ? &e : NULL, line, len);
		f->shown++;
		r = buf_check(out, err);
	}
	event_release(&e);
	/* The lines before this one fill a pipe's portion, and go first. */
	if (r == 0 && before && out->len > PIPE_BUF) {
		struct buf last = BUF_INIT;

		buf_add(&last, out->data + before, out->len - before);
		buf_truncate(out, before);
		r = buf_check(&last, err);
		if (r == 0)
			r = deliver(f, &f->read, err);
		if (!f->ended)
			buf_add(out, last.data, last.len);
		buf_release(&last);
	}
	if (r == 0 && !f->ended)
		r = heads_set(&f->read, record->origin, record->seq, record->hash, err);
	return r;
}

static int read_origin(struct follow *f, const char *origin, struct error *err)
{
	const struct head *head = heads_find(&f->read, origin);
	struct journal_reader *reader = NULL;
	const struct record *record;
	int r = journal_reader_open(&reader, f->journal, origin, head ? head->seq : 0,
		head && head->seq ? head->hash : NULL, err);

	while (r == 0 && !f->ended) {
		const char *line;
		size_t len;

		r = journal_reader_next(reader, &record, err);
		if (r < 0 || !record)
			break;
		line = journal_reader_line(reader, &len);
		r = take(f, record, line, len, err);
		if (r == 0 && !f->ended && f->app->out.len > PIPE_BUF / 2)
			r = deliver(f, &f->read, err);
		f->ended = f->ended || journal_watch_stopped();
		if (count && f->shown >= count)
			break;
	}
	journal_reader_close(reader);
	/* Writers that never pause: what they write wakes us again. */
	if (r == ERR_BUSY) {
		error_clear(err);
		r = 0;
	}
	return r;
}

static bool is_segment(const char *name, char origin[ID_HEX_SIZE])
{
	size_t len = strlen(name);

	if (len < ID_HEX_SIZE + 4 || name[ID_HEX_SIZE - 1] != '.' ||
		strcmp(name + len - 4, ".log") != 0)
		return false;
	memcpy(origin, name, ID_HEX_SIZE - 1);
	origin[ID_HEX_SIZE - 1] = '\0';
	return id_is_hex(origin, ID_HEX_SIZE - 1);
}

/* An origin that was not here before is new from its first record on. */
static int find_origins(struct heads *origins, const char *dir, struct error *err)
{
	struct dir d = DIR_INIT;
	char origin[ID_HEX_SIZE];
	const char *name;
	int r = dir_open_or_empty(&d, dir, err);

	while (r == 0 && (r = dir_next(&d, &name, err)) == 0 && name)
		if (is_segment(name, origin))
			r = heads_set(origins, origin, 1, HASH_ZERO, err);
	dir_close(&d);
	return r;
}

static int read_all(struct follow *f, struct error *err)
{
	struct heads origins = HEADS_INIT;
	int r = find_origins(&origins, f->watch.dir.data, err);

	if (r == 0)
		r = find_origins(&origins, f->watch.peers_dir.data, err);
	for (size_t i = 0; r == 0 && !f->ended && i < origins.n; i++) {
		r = read_origin(f, origins.v[i].origin, err);
		if (count && f->shown >= count)
			break;
	}
	/* What precedes damage is delivered all the same. */
	if ((r == 0 || r == ERR_CORRUPT) && !f->ended) {
		struct error late = ERROR_INIT;
		int sent = deliver(f, &f->read, &late);

		if (sent < 0) {
			*err = late;
			r = sent;
		}
	}
	heads_release(&origins);
	if (count && f->shown >= count)
		f->ended = true;
	return r;
}

/* The head before a place: what repair has declared lost is no obstacle. */
static int begin_at(struct follow *f, const char *place, struct error *err)
{
	struct journal_reader *reader = NULL;
	struct history_point p;
	struct head head;
	int r = history_point_parse(&p, f->journal, place, false, err);

	if (r < 0)
		return r;
	r = journal_reader_open(&reader, f->journal, p.origin, p.seq - 1, NULL, err);
	if (r == ERR_NOTFOUND)
		return history_point_missing(place, err);
	if (r < 0)
		return r;
	journal_reader_head(reader, &head);
	journal_reader_close(reader);
	r = heads_set(&f->read, p.origin, head.seq, head.hash, err);
	return r;
}

/* Where the cursor ended, else where --from says, else at the end. */
static int begin(struct follow *f, struct error *err)
{
	bool found = false;
	int r = 0;

	if (cursor_name)
		r = follow_cursor_open(
			&f->cursor, journal_dir(f->journal), cursor_name, &f->read, &found, err);
	if (r == 0 && !found)
		r = journal_heads(f->journal, &f->read, err);
	for (size_t i = 0; r == 0 && !found && i < from.n; i++)
		r = begin_at(f, from.v[i], err);
	if (r == 0)
		r = heads_copy(&f->delivered, &f->read, err);
	/* From now on nothing is missed, also if nothing comes before the end. */
	if (r == 0 && cursor_name && !found)
		r = follow_cursor_store(&f->cursor, &f->read, err);
	return r == 0 ? heads_copy(&f->stored, &f->read, err) : r;
}

static int follow(struct follow *f, struct repo *repo, struct error *err)
{
	struct error late = ERROR_INIT;
	int stored;
	int r = journal_watch_open(&f->watch, journal_dir(f->journal), err);

	if (r == 0)
		r = log_prepare(repo, &filter, &f->names, err);
	if (r == 0)
		r = begin(f, err);
	while (r == 0 && !f->ended) {
		enum journal_watch_event event = JOURNAL_WATCH_CHANGED;

		r = read_all(f, err);
		if (r == 0)
			r = store(f, true, err);
		if (r == 0 && !f->ended)
			r = journal_watch_wait(&f->watch, &event, err);
		f->ended = f->ended || event != JOURNAL_WATCH_CHANGED;
	}
	/* What is not delivered is not: the next one begins with it. */
	buf_clear(&f->app->out);
	stored = store(f, true, &late);
	if (r == 0 && stored < 0) {
		*err = late;
		r = stored;
	}
	return r;
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct follow f = { .app = app, .watch = JOURNAL_WATCH_INIT, .cursor = FOLLOW_CURSOR_INIT };
	int r = log_open(&repo, app, repo_path, err);

	(void)argc;
	(void)argv;
	if (r == 0) {
		f.journal = repo.journal;
		f.show = (struct log_show){
			.app = app, .names = &f.names, .own = journal_origin(repo.journal)
		};
		r = follow(&f, &repo, err);
	}
	journal_watch_close(&f.watch);
	follow_cursor_close(&f.cursor);
	history_names_release(&f.names);
	heads_release(&f.read);
	heads_release(&f.delivered);
	heads_release(&f.stored);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_journal_follow = {
	.name = "journal follow",
	.summary = "print new events as they are recorded",
	.details = "SEQ is the number of a record of this machine, or ORIGIN:SEQ. With --json, "
		   "each line is one\n"
		   "record of the journal, unchanged.",
	.options = options,
	.json = true,
	.run = run,
};
