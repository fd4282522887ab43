/*
 * Connections of a process: how many, how they are looked at, what is tried again; and who is told
 * to go away, with which words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/postgres.h"
#include "backends/postgres_pool.h"
#include "core/clock.h"
#include "lib/child.h"
#include "lib/hubs.h"
#include "lib/postgres.h"
#include "lib/scratch.h"

#define TERMINATE                                                                                  \
	"select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = "           \
	"current_database() and usename = 'ana'"

static char db[32];
static struct pg_pool *pool;
static struct error err;

static struct config *config_of(const char *role, const char *setting)
{
	struct buf url = BUF_INIT;
	struct config *config;

	pgtest_url(&url, role, db, NULL);
	config = hubs_config("sessiondb.postgres.url", url.data, setting);
	buf_release(&url);
	return config;
}

static int make(void **state)
{
	static unsigned n;
	struct config *config;

	(void)state;
	(void)snprintf(db, sizeof(db), "pool_%d_%u", (int)getpid(), n++);
	pgtest_make(db);
	config = config_of("ana", "sessiondb.postgres.poolSize=3");
	assert_int_equal(pg_pool_open(&pool, config, PG_FOR_BACKEND, &err), 0);
	config_free(config);
	error_clear(&err);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	pg_pool_close(pool);
	pgtest_drop(db);
	return 0;
}

static int64_t soon(void)
{
	return clock_monotonic_ms() + 20000;
}

static struct pg_conn *take(void)
{
	struct pg_conn *conn = NULL;

	if (pg_pool_take(pool, soon(), &conn, &err) < 0)
		fail_msg("%s", err.msg);
	return conn;
}

static int backend_of(struct pg_conn *conn)
{
	return PQbackendPID(conn->c);
}

static void the_pool_is_bounded(void **state)
{
	struct pg_conn *one = take(), *two = take(), *three = take(), *four = NULL;
	int pid = backend_of(two);

	(void)state;
	assert_int_equal(pg_pool_take(pool, soon(), &four, &err), ERR_BUSY);
	pgtest_is(db,
		"select count(*) from pg_stat_activity where datname = current_database() "
		"and usename = 'ana'",
		"3");
	pg_pool_put(pool, two);
	/* What was put back is what comes out. */
	two = take();
	assert_int_equal(backend_of(two), pid);
	pg_pool_put(pool, one);
	pg_pool_put(pool, two);
	pg_pool_put(pool, three);
}

static void settings_that_are_the_same_share(void **state)
{
	struct config *config = config_of("ana", NULL), *other = config_of("bea", NULL);
	struct pg_pool *same = NULL, *another = NULL;

	(void)state;
	assert_int_equal(pg_pool_open(&same, config, PG_FOR_HUB, &err), 0);
	assert_int_equal(pg_pool_open(&another, other, PG_FOR_HUB, &err), 0);
	assert_ptr_equal(same, pool);
	assert_ptr_not_equal(another, pool);
	pg_pool_close(same);
	pg_pool_close(another);
	pg_pool_put(pool, take());
	config_free(config);
	config_free(other);
}

static void a_dead_connection_is_replaced(void **state)
{
	struct pg_conn *conn = take();
	int pid = backend_of(conn);

	(void)state;
	pg_pool_put(pool, conn);
	pgtest_is(db, TERMINATE, "1");
	pgtest_wait(db,
		"select count(*) from pg_stat_activity where "
		"datname = current_database() and usename = 'ana'",
		"0");
	conn = take();
	assert_int_not_equal(backend_of(conn), pid);
	pg_pool_put(pool, conn);
}

static void an_unfinished_transaction_is_nobodys(void **state)
{
	struct pg_conn *conn = take();
	int pid = backend_of(conn);
	PGresult *res = NULL;

	(void)state;
	assert_int_equal(pg_script(conn, "begin", soon(), &res, &err), 0);
	PQclear(res);
	pg_pool_put(pool, conn);
	conn = take();
	assert_int_not_equal(backend_of(conn), pid);
	pg_pool_put(pool, conn);
}

static void a_child_has_connections_of_its_own(void **state)
{
	struct pg_conn *conn = take();
	int pid = backend_of(conn), status;
	pid_t child;
	PGresult *res = NULL;

	(void)state;
	pg_pool_put(pool, conn);
	child = child_fork();
	if (!child) {
		conn = take();
		status = backend_of(conn) == pid;
		pg_pool_put(pool, conn);
		pg_pool_close(pool);
		_exit(status);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	conn = take();
	assert_int_equal(backend_of(conn), pid);
	assert_int_equal(pg_script(conn, "select 1", soon(), &res, &err), 0);
	PQclear(res);
	pg_pool_put(pool, conn);
}

/* Fails with a SQLSTATE as often as it is told, then succeeds. */
struct failing {
	const char *state;
	int times, calls;
};

static int fails(struct pg_conn *conn, int64_t deadline, void *arg, struct error *e)
{
	struct failing *f = arg;
	char sql[128];
	PGresult *res = NULL;
	int r;

	(void)snprintf(sql, sizeof(sql),
		f->calls++ < f->times
			? "do $$ begin raise exception 'no' using errcode = '%s'; end $$"
			: "select '%s'",
		f->state);
	r = pg_script(conn, sql, deadline, &res, e);
	PQclear(res);
	return r;
}

static void what_passes_is_tried_again(void **state)
{
	static const char *const passing[] = { "40001", "40P01", "57P01", "57P02", "57P03", "08006",
		"08001" };

	(void)state;
	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++) {
		struct failing f = { .state = passing[i], .times = 2 };

		if (pg_pool_run(pool, soon(), fails, &f, &err) < 0)
			fail_msg("%s: %s", passing[i], err.msg);
		assert_int_equal(f.calls, 3);
	}
}

static void what_does_not_pass_is_not(void **state)
{
	static const struct {
		const char *state;
		int code;
	} lasting[] = { { "42501", ERR_REFUSED }, { "MK401", ERR_REFUSED },
		{ "MK403", ERR_REFUSED }, { "MK404", ERR_NOTFOUND }, { "23505", ERR_BACKEND },
		{ "53100", ERR_BACKEND }, { "53300", ERR_BACKEND }, { "57014", ERR_BACKEND },
		{ "55P03", ERR_BUSY }, { "42P01", ERR_REFUSED }, { "XX001", ERR_CORRUPT },
		{ "XX000", ERR_BACKEND }, { "28000", ERR_REFUSED }, { "25006", ERR_BACKEND },
		{ "22021", ERR_USAGE } };

	(void)state;
	for (size_t i = 0; i < sizeof(lasting) / sizeof(*lasting); i++) {
		struct failing f = { .state = lasting[i].state, .times = 9 };

		assert_int_equal(pg_pool_run(pool, soon(), fails, &f, &err), lasting[i].code);
		assert_int_equal(f.calls, 1);
		assert_non_null(strstr(err.msg, db));
	}
}

static void trying_again_ends(void **state)
{
	struct failing f = { .state = "40001", .times = 1000 };

	(void)state;
	assert_int_equal(pg_pool_run(pool, soon(), fails, &f, &err), ERR_BACKEND);
	assert_in_range(f.calls, 3, 10);
	/* And not beyond the deadline. */
	f.calls = 0;
	assert_int_equal(pg_pool_run(pool, clock_monotonic_ms() + 1, fails, &f, &err), ERR_BACKEND);
	assert_in_range(f.calls, 0, 1);
}

static int64_t mean(unsigned attempt)
{
	int64_t sum = 0;

	for (int i = 0; i < 2000; i++) {
		int64_t ms = pg_backoff_ms(attempt);

		assert_in_range(ms, (20 << attempt) / 2, (20 << attempt) * 3 / 2);
		sum += ms;
		(void)usleep(1);
	}
	return sum / 2000;
}

static void delays_grow_and_differ(void **state)
{
	(void)state;
	assert_in_range(mean(0), 15, 25);
	assert_in_range(mean(4), 240, 400);
}

/* Opening a hub with this URL fails with a code; the message has this and has no password. */
static void refuses(const char *url, const char *setting, int code, const char *word)
{
	struct config *config = hubs_config("sessiondb.hub", url, setting);
	struct hub *h = NULL;
	struct error e = ERROR_INIT;
	int r = hub_postgres.open(&h, config, 10000, &e);

	if (r != code || !strstr(e.msg, word))
		fail_msg("%s: %d, not %d: %s", url, r, code, e.msg);
	assert_null(strstr(e.msg, "hush"));
	assert_null(strstr(e.hint, "hush"));
	assert_true(code == ERR_USAGE || *e.hint);
	assert_null(h);
	config_free(config);
}

static void who_may_not_is_told_why(void **state)
{
	char url[512];
	struct buf socket_url = BUF_INIT;

	(void)state;
	(void)snprintf(
		url, sizeof(url), "postgres://denied:hush@127.0.0.1:%s/%s", pgtest_port(), db);
	refuses(url, NULL, ERR_REFUSED, "pg_hba.conf");
	(void)snprintf(
		url, sizeof(url), "postgres://ana:hush-hush@127.0.0.1:%s/%s", pgtest_port(), db);
	refuses(url, NULL, ERR_REFUSED, "password authentication failed");
	(void)snprintf(url, sizeof(url), "postgres://ana@127.0.0.1:%s/%s", pgtest_port(), db);
	refuses(url, NULL, ERR_REFUSED, "no password");
	(void)snprintf(url, sizeof(url), "postgres://ana:hush@127.0.0.1:1/%s", db);
	refuses(url, NULL, ERR_BACKEND, "refused");
	pgtest_url(&socket_url, "ana", "postgres", NULL);
	refuses(socket_url.data, NULL, ERR_REFUSED, "minsky.meta");
	buf_clear(&socket_url);
	pgtest_url(&socket_url, "ana", "nosuchdatabase", NULL);
	refuses(socket_url.data, NULL, ERR_USAGE, "does not exist");
	buf_clear(&socket_url);
	pgtest_url(&socket_url, "out", db, NULL);
	refuses(socket_url.data, NULL, ERR_REFUSED, "permission denied");
	buf_clear(&socket_url);
	pgtest_url(&socket_url, "ana", db, scratch_absent());
	refuses(socket_url.data, NULL, ERR_BACKEND, "No such file");
	refuses("postgres://ana:hush@nowhere.invalid/x", NULL, ERR_BACKEND, "nowhere.invalid");
	refuses("postgres://ana:hush@localhost/x?sslmode=what", NULL, ERR_USAGE, "sslmode");
	buf_release(&socket_url);
}

/* Certificates: the right one with its name, another's name, another authority, none at all. */
static void tls_is_verified(void **state)
{
	char url[512], setting[300];
	struct config *config;
	struct hub *h = NULL;

	(void)state;
	(void)snprintf(
		setting, sizeof(setting), "sessiondb.postgres.sslrootcert=%s/ca.crt", pgtest_dir());
	(void)snprintf(url, sizeof(url),
		"postgres://ana:secret%%20of%%20ana@localhost:%s/%s?sslmode=verify-full&"
		"hostaddr=127.0.0.1&channel_binding=require",
		pgtest_port(), db);
	config = hubs_config("sessiondb.hub", url, setting);
	if (hub_postgres.open(&h, config, 10000, &err) < 0)
		fail_msg("%s", err.msg);
	pgtest_is(db,
		"select distinct ssl from pg_stat_ssl join pg_stat_activity using (pid) "
		"where datname = current_database() and usename = 'ana'",
		"t");
	h->ops->close(h);
	config_free(config);
	(void)snprintf(url, sizeof(url), "postgres://ana:hush@127.0.0.1:%s/%s?sslmode=verify-full",
		pgtest_port(), db);
	refuses(url, setting, ERR_REFUSED, "certificate");
	(void)snprintf(setting, sizeof(setting), "sessiondb.postgres.sslrootcert=system");
	(void)snprintf(url, sizeof(url),
		"postgres://ana:hush@localhost:%s/%s?sslmode=verify-full&hostaddr=127.0.0.1",
		pgtest_port(), db);
	refuses(url, setting, ERR_REFUSED, "certificate");
	(void)snprintf(
		setting, sizeof(setting), "sessiondb.postgres.sslrootcert=%s", scratch_absent());
	refuses(url, setting, ERR_REFUSED, "certificate");
}

/* A password in a file that is the user's alone; in one that others read it is not taken. */
static void a_password_comes_from_the_passfile(void **state)
{
	char own[SCRATCH_SIZE], url[512], setting[300];
	struct buf line = BUF_INIT;
	struct config *config;
	struct hub *h = NULL;
	const char *path;

	(void)state;
	scratch_make(own);
	path = scratch_path(own, "passfile");
	buf_addf(&line, "127.0.0.1:%s:%s:ana:secret of ana\n", pgtest_port(), db);
	scratch_write(path, line.data, line.len);
	(void)snprintf(url, sizeof(url), "postgres://ana@127.0.0.1:%s/%s", pgtest_port(), db);
	(void)snprintf(setting, sizeof(setting), "sessiondb.postgres.passfile=%s", path);
	config = hubs_config("sessiondb.hub", url, setting);
	if (hub_postgres.open(&h, config, 10000, &err) < 0)
		fail_msg("%s", err.msg);
	h->ops->close(h);
	assert_int_equal(chmod(path, 0644), 0);
	refuses(url, setting, ERR_REFUSED, "no password");
	config_free(config);
	buf_release(&line);
	scratch_remove(own);
}

static void a_service_of_the_service_file(void **state)
{
	struct buf where = BUF_INIT, service = BUF_INIT;
	char own[SCRATCH_SIZE];
	struct config *config;
	struct hub *h = NULL;

	(void)state;
	scratch_make(own);
	buf_addf(&service,
		"[team]\nhost=127.0.0.1\nport=%s\ndbname=%s\nuser=bea\n"
		"password=secret of bea\n",
		pgtest_port(), db);
	scratch_write(scratch_path(own, "services"), service.data, service.len);
	(void)setenv("PGSERVICEFILE", scratch_path(own, "services"), 1);
	config = hubs_config("sessiondb.postgres.service", "team", NULL);
	if (hub_postgres.open(&h, config, 10000, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(h->ops->location(h, &where, &err), 0);
	assert_non_null(strstr(where.data, "postgres://bea@127.0.0.1:"));
	assert_null(strstr(where.data, "secret"));
	h->ops->close(h);
	h = NULL;
	config_free(config);
	config = hubs_config("sessiondb.postgres.service", "nosuch", NULL);
	assert_int_equal(hub_postgres.open(&h, config, 10000, &err), ERR_USAGE);
	assert_non_null(strstr(err.msg, "nosuch"));
	config_free(config);
	(void)unsetenv("PGSERVICEFILE");
	buf_release(&where);
	buf_release(&service);
	scratch_remove(own);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_pool_is_bounded),
		TEST(settings_that_are_the_same_share),
		TEST(a_dead_connection_is_replaced),
		TEST(an_unfinished_transaction_is_nobodys),
		TEST(a_child_has_connections_of_its_own),
		TEST(what_passes_is_tried_again),
		TEST(what_does_not_pass_is_not),
		TEST(trying_again_ends),
		cmocka_unit_test(delays_grow_and_differ),
		TEST(who_may_not_is_told_why),
		TEST(tls_is_verified),
		TEST(a_password_comes_from_the_passfile),
		TEST(a_service_of_the_service_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
