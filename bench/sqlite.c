/*
 * bench-sqlite COMMAND... - the yardstick of the sqlite backend.
 *
 *	write JOURNAL EVENTS SESSIONS	a history (tests/lib/generate.h); SESSIONS 0: each event
 *					starts a session of its own
 *	copy STORE NEW			the rows of a store into a new one, by one prepared
 *					statement in transactions of 32000; prints the seconds
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "backends/sqlite_schema.h"
#include "lib/generate.h"
#include "log/journal.h"

#define BATCH 500
#define TRANSACTION 32000
#define N_COLUMNS 14 /* of a row, without the repository */

static int write_history(
	const char *dir, unsigned long events, unsigned sessions, struct error *err)
{
	struct generator g = { .rng = 1, .sessions = sessions, .one_each = !sessions };
	struct journal_entry entries[BATCH];
	struct buf bodies[BATCH];
	struct journal *j = NULL;
	int r = journal_create(dir, err);

	for (size_t i = 0; i < BATCH; i++)
		bodies[i] = (struct buf)BUF_INIT;
	if (r == 0)
		r = journal_open(&j, dir, err);
	while (r == 0 && g.events < events) {
		size_t n = 0;

		for (; n < BATCH && g.events < events; n++) {
			buf_clear(&bodies[n]);
			generate_body(&g, &bodies[n], 1767225600000 + (int64_t)g.events * 100);
			entries[n] = (struct journal_entry){ bodies[n].data, bodies[n].len };
		}
		r = journal_append(j, entries, n, -1, NULL, err);
	}
	for (size_t i = 0; i < BATCH; i++)
		buf_release(&bodies[i]);
	journal_close(j);
	return r;
}

static int open_store(struct db *db, const char *path, struct error *err)
{
	const char *settings[] = { "sessiondb.backend=sqlite", NULL, NULL };
	const struct config_sources sources = { .user_file = "/nonexistent/config.yaml",
		.settings = settings };
	struct config *config = NULL;
	struct buf place = BUF_INIT;
	int r;

	buf_addf(&place, "sessiondb.sqlite.path=%s", path);
	settings[1] = place.data;
	r = config_load(&config, &sources, err);
	if (r == 0)
		r = db_init(db, config, err);
	if (r == 0)
		r = db_open_to_write(db, err);
	config_free(config);
	buf_release(&place);
	return r;
}

static sqlite3_value **load(sqlite3 *from, size_t *n_out)
{
	size_t n = 0, cap = 0;
	sqlite3_value **v = NULL;
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(from,
		    "SELECT id, name, task, branch, status, pr, created, active, record, hlc,"
		    " origin, seq, events, frozen FROM session ORDER BY rowid",
		    -1, &s, NULL) != SQLITE_OK)
		return NULL;
	while (sqlite3_step(s) == SQLITE_ROW) {
		if (n == cap) {
			cap = cap ? 2 * cap : 1024;
			v = realloc(v, cap * N_COLUMNS * sizeof(*v));
			if (!v)
				abort();
		}
		for (int i = 0; i < N_COLUMNS; i++)
			v[n * N_COLUMNS + (size_t)i] =
				sqlite3_value_dup(sqlite3_column_value(s, i));
		n++;
	}
	sqlite3_finalize(s);
	*n_out = n;
	return v;
}

static int insert_all(sqlite3 *to, sqlite3_value *const *v, size_t n)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_exec(to, "INSERT INTO repository (n, id) VALUES (1, 'x'); BEGIN IMMEDIATE",
		NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(to, db_sql[DB_PUT], -1, &s, NULL);
	for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
		sqlite3_bind_int64(s, 1, 1);
		for (int c = 0; c < N_COLUMNS; c++)
			sqlite3_bind_value(s, c + 2, v[i * N_COLUMNS + (size_t)c]);
		rc = sqlite3_step(s) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR;
		sqlite3_reset(s);
		if (rc == SQLITE_OK && i % TRANSACTION == TRANSACTION - 1)
			rc = sqlite3_exec(to, "COMMIT; BEGIN IMMEDIATE", NULL, NULL, NULL);
	}
	sqlite3_finalize(s);
	return rc == SQLITE_OK ? sqlite3_exec(to, "COMMIT", NULL, NULL, NULL) : rc;
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int copy(const char *from, const char *to, struct error *err)
{
	sqlite3_value **v = NULL;
	struct db source, target;
	size_t n = 0;
	double start;
	int r = open_store(&source, from, err);

	if (r == 0)
		r = open_store(&target, to, err);
	if (r < 0)
		return r;
	v = load(source.handle, &n);
	start = seconds();
	if (!v || insert_all(target.handle, v, n) != SQLITE_OK)
		r = error_set(err, ERR_IO, "cannot copy: %s", sqlite3_errmsg(target.handle));
	if (r == 0)
		printf("%.3f %zu\n", seconds() - start, n);
	db_release(&target);
	/* The values go with the program. */
	db_release(&source);
	return r;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	const char *what = argc > 1 ? argv[1] : "";
	int r;

	if (strcmp(what, "write") == 0 && argc == 5)
		r = write_history(argv[2], strtoul(argv[3], NULL, 10),
			(unsigned)strtoul(argv[4], NULL, 10), &err);
	else if (strcmp(what, "copy") == 0 && argc == 4)
		r = copy(argv[2], argv[3], &err);
	else
		r = error_set(&err, ERR_USAGE, "no such command");
	if (r < 0)
		fprintf(stderr, "bench-sqlite %s: %s\n", what, err.msg);
	return r < 0;
}
