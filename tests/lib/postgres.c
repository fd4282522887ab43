#include "lib/postgres.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <libpq-fe.h>

#include "core/clock.h"

static void read_line(const char *path, const char *key, char *out, size_t size)
{
	FILE *f = fopen(path, "re");
	char line[512];
	size_t n = strlen(key);

	out[0] = '\0';
	if (!f)
		fail_msg("no PostgreSQL server is running for these tests: '%s'", path);
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, key, n) == 0)
			(void)snprintf(out, size, "%s", line + n);
	}
	(void)fclose(f);
	assert_string_not_equal(out, "");
}

const char *pgtest_dir(void)
{
	static char dir[256];
	const char *state = getenv("MINSKY_TEST_POSTGRES");

	if (!*dir)
		read_line(state ? state : "MINSKY_TEST_POSTGRES", "", dir, sizeof(dir));
	return dir;
}

const char *pgtest_port(void)
{
	static char port[16];
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/env", pgtest_dir());
	if (!*port)
		read_line(path, "PG_PORT=", port, sizeof(port));
	return port;
}

void pgtest_url(struct buf *out, const char *role, const char *db, const char *socket_dir)
{
	buf_addf(out, "postgres://%s@/%s?host=%s&port=%s", role, db,
		socket_dir ? socket_dir : pgtest_dir(), pgtest_port());
}

static PGconn *log_in(const char *db)
{
	struct buf url = BUF_INIT;
	PGconn *c;

	pgtest_url(&url, "postgres", db, NULL);
	c = PQconnectdb(url.data);
	if (PQstatus(c) != CONNECTION_OK)
		fail_msg("%s", PQerrorMessage(c));
	buf_release(&url);
	return c;
}

static void ignore_notice(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

struct buf pgtest_ask(const char *db, const char *sql)
{
	struct buf out = BUF_INIT;
	PGconn *c = log_in(db);
	PGresult *res;

	(void)PQsetNoticeReceiver(c, ignore_notice, NULL);
	res = PQexec(c, sql);
	if (PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_COMMAND_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(c));
	for (int row = 0; row < PQntuples(res); row++) {
		for (int col = 0; col < PQnfields(res); col++)
			buf_addf(&out, "%s%s", col ? "|" : "", PQgetvalue(res, row, col));
		buf_addch(&out, '\n');
	}
	PQclear(res);
	PQfinish(c);
	return out;
}

void pgtest_run(const char *db, const char *sql)
{
	struct buf answer = pgtest_ask(db, sql);

	buf_release(&answer);
}

void pgtest_is(const char *db, const char *sql, const char *expected)
{
	struct buf answer = pgtest_ask(db, sql);

	if (answer.len)
		buf_truncate(&answer, answer.len - 1);
	assert_string_equal(answer.data, expected);
	buf_release(&answer);
}

void pgtest_wait(const char *db, const char *sql, const char *expected)
{
	const struct timespec nap = { .tv_nsec = 5000000 };
	const int64_t end = clock_monotonic_ms() + 30000;

	for (;;) {
		struct buf answer = pgtest_ask(db, sql);
		bool so = answer.len && strncmp(answer.data, expected, answer.len - 1) == 0 &&
			strlen(expected) == answer.len - 1;

		if (!so && clock_monotonic_ms() > end)
			fail_msg("still '%s', not '%s': %s", answer.data, expected, sql);
		buf_release(&answer);
		if (so)
			return;
		(void)nanosleep(&nap, NULL);
	}
}

void pgtest_make(const char *db)
{
	struct buf sql = BUF_INIT, there;

	buf_addf(&sql, "select 1 from pg_database where datname = '%s'", db);
	there = pgtest_ask("postgres", sql.data);
	buf_clear(&sql);
	buf_addf(&sql, "create database %s template minsky_template", db);
	if (!there.len)
		pgtest_run("postgres", sql.data);
	buf_release(&there);
	buf_release(&sql);
}

void pgtest_drop(const char *db)
{
	struct buf sql = BUF_INIT;

	buf_addf(&sql, "drop database if exists %s with (force)", db);
	pgtest_run("postgres", sql.data);
	buf_release(&sql);
}
