/*
 * A server of its own, to be stopped, restarted, crashed, put in recovery, filled up, frozen and
 * crowded. Whatever it was, what was pushed is there once when it is over, and a call that cannot
 * be answered says ERR_BACKEND: later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/hubs.h"
#include "lib/postgres.h"
#include "lib/scratch.h"

#include "backends/postgres.h"

#define REPO "11111111111111111111111111111111"
#define DB "outage"

static char dir[64], state[80];
static struct error err;

/* A line of shell with tests/lib/postgres.sh at hand. */
static void sh(const char *line)
{
	char command[1024];
	const char *source = getenv("MINSKY_SOURCE");
	pid_t pid;
	int status;

	assert_non_null(source);
	(void)snprintf(command, sizeof(command),
		". '%s/tests/lib/postgres.sh' && D=%s && pg_bin >/dev/null && %s >'%s.log' 2>&1",
		source, dir, line, state);
	pid = child_fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		fail_msg("failed: %s (see %s.log)", line, state);
}

static int start(void **unused)
{
	FILE *f;

	(void)unused;
	(void)snprintf(dir, sizeof(dir), "%s/minsky-outage.XXXXXX", scratch_memory());
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(state, sizeof(state), "%s.state", dir);
	f = fopen(state, "we");
	if (!f)
		return -1;
	(void)fprintf(f, "%s\n", dir);
	(void)fclose(f);
	(void)setenv("MINSKY_TEST_POSTGRES", state, 1);
	sh("pg_start $D && pg_database $D " DB);
	return 0;
}

static int end(void **unused)
{
	char log[96];

	(void)unused;
	sh("pg_stop $D");
	(void)unlink(state);
	(void)snprintf(log, sizeof(log), "%s.log", state);
	(void)unlink(log);
	return 0;
}

static struct hub *h;
static struct chain c;
static char key[ID_HEX_SIZE], origin[ID_HEX_SIZE];

/* Each test is a machine of its own with one event pushed. */
static int make(void **unused)
{
	static unsigned n;

	(void)unused;
	error_clear(&err);
	(void)snprintf(origin, sizeof(origin), "%032u", ++n);
	h = hubs_open("ana", DB, NULL, 10000);
	c = hubs_chain(origin, 12, "x");
	hubs_enroll(h, REPO, origin, key);
	assert_int_equal(hubs_push(h, key, &c, 0, 1, NULL), HUB_OK);
	return 0;
}

static int drop(void **unused)
{
	(void)unused;
	h->ops->close(h);
	hubs_chain_release(&c);
	return 0;
}

static int try_push(size_t from, size_t to)
{
	struct head base = hubs_head(&c, from), head;
	enum hub_status status = HUB_GAP;
	int r = h->ops->push(h, key, &base, c.v + from, to - from, &status, &head, &err);

	if (r == 0)
		assert_int_equal(status, HUB_OK);
	return r;
}

static int try_heads(void)
{
	struct heads heads = HEADS_INIT;
	int r = h->ops->heads(h, key, &heads, &err);

	heads_release(&heads);
	return r;
}

static int try_open(int deadline_ms)
{
	struct buf url = BUF_INIT;
	struct config *config;
	struct hub *other = NULL;
	int r;

	/* Another account has connections of its own. */
	pgtest_url(&url, "bea", DB, NULL);
	config = hubs_config("sessiondb.hub", url.data, NULL);
	r = hub_postgres.open(&other, config, deadline_ms, &err);
	if (r == 0)
		other->ops->close(other);
	config_free(config);
	buf_release(&url);
	return r;
}

static void holds(size_t n)
{
	char sql[256], expected[32];

	(void)snprintf(sql, sizeof(sql),
		"select count(*), max(seq) from minsky.event where origin = '%s'", origin);
	(void)snprintf(expected, sizeof(expected), "%zu|%zu", n, n);
	pgtest_is(DB, sql, expected);
}

static void later(int r)
{
	if (r != ERR_BACKEND)
		fail_msg("%d: %s", r, err.msg);
	assert_non_null(strstr(err.msg, DB));
	assert_string_not_equal(err.hint, "");
}

static void stopped(void **unused)
{
	(void)unused;
	sh("pg_halt $D");
	later(try_push(1, 2));
	later(try_heads());
	later(try_open(2000));
	sh("pg_resume $D");
	assert_int_equal(try_push(1, 3), 0);
	holds(3);
}

static void restarted(void **unused)
{
	(void)unused;
	sh("pg_halt $D && pg_resume $D");
	assert_int_equal(try_push(1, 2), 0);
	sh("pg_halt $D immediate && pg_resume $D");
	assert_int_equal(try_heads(), 0);
	sh("pg_halt $D immediate && pg_resume $D");
	assert_int_equal(try_push(2, 3), 0);
	holds(3);
}

static void in_recovery(void **unused)
{
	(void)unused;
	sh("pg_halt $D && pg_as touch $D/data/standby.signal && "
	   "echo 'hot_standby = off' >>$D/data/postgresql.conf && pg_resume $D");
	later(try_push(1, 2));
	assert_non_null(strstr(err.msg, "not accepting connections"));
	later(try_open(500));
	sh("pg_halt $D && echo 'hot_standby = on' >>$D/data/postgresql.conf && pg_resume $D");
	/* It answers, and takes nothing. */
	assert_int_equal(try_heads(), 0);
	later(try_push(1, 2));
	assert_non_null(strstr(err.msg, "read-only"));
	sh("pg_as $pg_bin_found/pg_ctl -D $D/data -w -s promote");
	assert_int_equal(try_push(1, 2), 0);
	holds(2);
}

/* No file may grow beyond 16 MiB, which the server treats as a disk that is full. */
static void full(void **unused)
{
	struct buf big = BUF_INIT;
	size_t at = 1;
	int r = 0;

	(void)unused;
	sh("pg_halt $D && (ulimit -f 32768 && pg_resume $D)");
	hubs_chain_release(&c);
	c = hubs_chain(origin, 700, "x");
	/* Hashes do not compress. */
	buf_adds(&big, "{\"type\":\"commit.created\",\"x\":\"");
	for (int i = 0; i < 870; i++)
		buf_add(&big, c.v[i % 700].hash, HASH_HEX_SIZE - 1);
	buf_adds(&big, "\"}");
	for (size_t i = 1; i < c.n; i++) {
		c.v[i].body = big.data;
		c.v[i].body_len = big.len;
	}
	hubs_rehash(&c, 0);
	while (r == 0 && at < c.n) {
		r = try_push(at, at + 10 < c.n ? at + 10 : c.n);
		if (r == 0)
			at = at + 10 < c.n ? at + 10 : c.n;
	}
	later(r);
	holds(at);
	sh("pg_halt $D && pg_resume $D");
	assert_int_equal(try_push(at, at + 10), 0);
	holds(at + 10);
	buf_release(&big);
}

/* It takes connections, as the kernel does for it, and never says a word. */
static void frozen(void **unused)
{
	(void)unused;
	sh("kill -STOP $(head -n 1 $D/data/postmaster.pid)");
	later(try_open(300));
	assert_non_null(strstr(err.msg, "in time"));
	sh("kill -CONT $(head -n 1 $D/data/postmaster.pid)");
	assert_int_equal(try_open(10000), 0);
	assert_int_equal(try_push(1, 2), 0);
	holds(2);
}

static void crowded(void **unused)
{
	struct hub *bea;

	(void)unused;
	pgtest_run("postgres", "alter role bea connection limit 1");
	bea = hubs_open("bea", DB, NULL, 0);
	(void)bea;
	pgtest_run("postgres", "alter role bea connection limit 0");
	bea->ops->close(bea);
	later(try_open(2000));
	assert_non_null(strstr(err.msg, "too many connections"));
	pgtest_run("postgres", "alter role bea connection limit -1");
	assert_int_equal(try_open(10000), 0);
}

static void shut_out(void **unused)
{
	(void)unused;
	sh("pg_as sed -i '1i local all bea reject' $D/data/pg_hba.conf && pg_reload $D");
	assert_int_equal(try_open(2000), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "pg_hba.conf"));
	sh("pg_as sed -i 1d $D/data/pg_hba.conf && pg_reload $D");
	assert_int_equal(try_open(10000), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stopped),
		TEST(restarted),
		TEST(frozen),
		TEST(crowded),
		TEST(shut_out),
		TEST(full),
		TEST(in_recovery),
	};

	return cmocka_run_group_tests(tests, start, end);
}
