/* minsky journal stats: how much there is in a journal, of what, and how fast it grows. */
#include <sys/stat.h>

#include "cli/log_print.h"
#include "cli/open.h"
#include "core/clock.h"
#include "core/dir.h"
#include "core/fs.h"
#include "history/stats.h"

static const char *repo_path;

static const struct option_desc options[] = {
	{ OPTION_STRING, 0, "repo", &repo_path, "DIRECTORY",
		"the repository (default: the current one)" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

/* Every segment of a directory. */
static int add_segments(struct stats *s, const char *dir, struct error *err)
{
	struct buf path = BUF_INIT;
	struct dir d = DIR_INIT;
	const char *name;
	int r = dir_open_or_empty(&d, dir, err);

	while (r == 0 && (r = dir_next(&d, &name, err)) == 0 && name) {
		size_t len = strlen(name);
		struct stat st;

		if (len < 4 || strcmp(name + len - 4, ".log") != 0 ||
			name[strcspn(name, ".")] != '.' || strcspn(name, ".") != ID_HEX_SIZE - 1)
			continue;
		fs_join(&path, dir, name);
		r = buf_check(&path, err);
		if (r == 0 && lstat(path.data, &st) == 0) {
			s->segments++;
			s->size += (uint64_t)st.st_size;
		}
	}
	dir_close(&d);
	buf_release(&path);
	return r;
}

static int measure(struct stats *s, struct journal *j, struct error *err)
{
	struct buf peers = BUF_INIT;
	int r = add_segments(s, journal_dir(j), err);

	fs_join(&peers, journal_dir(j), "peers");
	if (r == 0)
		r = buf_check(&peers, err);
	if (r == 0)
		r = add_segments(s, peers.data, err);
	buf_release(&peers);
	return r;
}

static int count_all(struct stats *s, struct journal *j, struct error *err)
{
	const struct log_range all = { .origin = "" };
	struct history_walk *walk = NULL;
	const struct record *record;
	int r = history_walk_open(&walk, j, &all, err);

	while (r == 0) {
		struct event e;
		bool readable;
		size_t len;

		r = history_walk_next(walk, &record, err);
		if (r < 0 || !record)
			break;
		(void)history_walk_line(walk, &len);
		readable = log_decode(&e, record, &r, err);
		if (r == 0)
			r = stats_add(s, record, readable ? &e : NULL, len, err);
		event_release(&e);
	}
	history_walk_close(walk);
	return r;
}

static void print_text(struct app *app, const struct stats *s, const char *own)
{
	struct buf *out = &app->out;

	app_count(app, s->records, "record");
	buf_addf(out, ", %llu bytes in ", (unsigned long long)s->size);
	app_count(app, s->segments, "segment");
	buf_adds(out, ", ");
	app_count(app, s->n_origins, "origin");
	buf_addch(out, '\n');
	for (size_t i = 0; i < s->n_origins; i++)
		buf_addf(out, "  %s  %llu records%s\n", s->origins[i].origin,
			(unsigned long long)s->origins[i].records,
			strcmp(s->origins[i].origin, own) == 0 ? " (this machine)" : "");
	if (s->n_hook_us)
		buf_addf(out, "hooks took %.1f ms (median), %.1f ms (95th percentile)\n",
			(double)stats_hook_us(s, 50) / 1000, (double)stats_hook_us(s, 95) / 1000);
	if (s->n_days)
		buf_addf(out, "grows by %llu bytes per day\n", (unsigned long long)stats_growth(s));
	for (size_t i = 0; i < s->n_types; i++) {
		buf_addf(out, "%s%8llu  ", i ? "" : "\nby type:\n",
			(unsigned long long)s->types[i].records);
		app_text(app, s->types[i].name);
		buf_addch(out, '\n');
	}
	for (size_t i = 0; i < s->n_days; i++) {
		char at[CLOCK_TEXT_SIZE];

		clock_format(s->days[i].day * STATS_DAY_MS, at);
		buf_addf(out, "%s%8llu  %.10s  %llu bytes\n", i ? "" : "\nby day:\n",
			(unsigned long long)s->days[i].records, at,
			(unsigned long long)s->days[i].bytes);
	}
}

static void print_lists(struct jsonw *w, const struct stats *s)
{
	jsonw_key(w, "origins");
	jsonw_begin_array(w);
	for (size_t i = 0; i < s->n_origins; i++) {
		jsonw_begin_object(w);
		jsonw_kstring(w, "origin", s->origins[i].origin);
		jsonw_ku64(w, "records", s->origins[i].records);
		jsonw_ku64(w, "bytes", s->origins[i].bytes);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
	jsonw_key(w, "types");
	jsonw_begin_array(w);
	for (size_t i = 0; i < s->n_types; i++) {
		jsonw_begin_object(w);
		jsonw_kstring(w, "type", s->types[i].name);
		jsonw_ku64(w, "records", s->types[i].records);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
	jsonw_key(w, "days");
	jsonw_begin_array(w);
	for (size_t i = 0; i < s->n_days; i++) {
		char at[CLOCK_TEXT_SIZE];

		clock_format(s->days[i].day * STATS_DAY_MS, at);
		jsonw_begin_object(w);
		jsonw_key(w, "day");
		jsonw_string_n(w, at, 10);
		jsonw_ku64(w, "records", s->days[i].records);
		jsonw_ku64(w, "bytes", s->days[i].bytes);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void print_json(struct app *app, const struct stats *s, const char *own)
{
	struct jsonw w;

	app_json_begin(app, &w);
	jsonw_kstring(&w, "origin", own);
	jsonw_ku64(&w, "records", s->records);
	jsonw_ku64(&w, "redacted", s->redacted);
	jsonw_ku64(&w, "bytes", s->size);
	jsonw_ku64(&w, "segments", s->segments);
	jsonw_ku64(&w, "bytesPerDay", stats_growth(s));
	if (s->n_hook_us) {
		jsonw_key(&w, "hooks");
		jsonw_begin_object(&w);
		jsonw_ku64(&w, "events", s->n_hook_us);
		jsonw_ku64(&w, "p50us", stats_hook_us(s, 50));
		jsonw_ku64(&w, "p95us", stats_hook_us(s, 95));
		jsonw_end_object(&w);
	}
	print_lists(&w, s);
	app_json_end(app, &w);
}

static int run(struct app *app, int argc, const char **argv, struct error *err)
{
	struct repo repo = REPO_INIT;
	struct error damage = ERROR_INIT;
	struct stats s = { .records = 0 };
	int r = log_open(&repo, app, repo_path, err);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = measure(&s, repo.journal, err);
	if (r == 0) {
		r = count_all(&s, repo.journal, err);
		/* What precedes damage is the answer all the same. */
		if (r == ERR_CORRUPT) {
			damage = *err;
			r = 0;
		}
	}
	if (r == 0) {
		stats_sort(&s);
		if (app->json)
			print_json(app, &s, journal_origin(repo.journal));
		else
			print_text(app, &s, journal_origin(repo.journal));
	}
	if (r == 0 && damage.code != ERR_OK) {
		app_warn(app, "%s; later records were not counted", damage.msg);
		app->damaged = true;
	}
	stats_release(&s);
	repo_release(&repo);
	return r;
}

const struct cmd cmd_journal_stats = {
	.name = "journal stats",
	.summary = "count the events of the journal by origin, type and day",
	.options = options,
	.json = true,
	.run = run,
};
