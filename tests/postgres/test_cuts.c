/*
 * The way to the server, cut at every message of the protocol in turn, losing answers, hanging,
 * refusing: what was done is done once, and nothing waits beyond its deadline.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "backends/postgres.h"
#include "core/clock.h"
#include "lib/hubs.h"
#include "lib/pgproxy.h"
#include "lib/postgres.h"
#include "lib/scratch.h"
#include "lib/stores.h"

#define REPO "11111111111111111111111111111111"
#define ORIGIN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static char db[32], dir[SCRATCH_SIZE];
static struct pgproxy proxy;
static struct error err;

static int make(void **state)
{
	static unsigned n;

	(void)state;
	(void)snprintf(db, sizeof(db), "cuts_%d_%u", (int)getpid(), n++);
	pgtest_make(db);
	scratch_make(dir);
	pgproxy_start(&proxy, dir, pgtest_dir(), pgtest_port());
	error_clear(&err);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	pgproxy_stop(&proxy);
	scratch_remove(dir);
	pgtest_drop(db);
	return 0;
}

static struct config *config_for(const char *setting)
{
	struct buf url = BUF_INIT;
	struct config *config;

	pgtest_url(&url, "ana", db, proxy.dir);
	config = hubs_config("sessiondb.hub", url.data, setting);
	buf_release(&url);
	return config;
}

static void ok(int r)
{
	if (r < 0)
		fail_msg("lost message %ld of %ld: %s", atomic_load(&proxy.control->n),
			atomic_load(&proxy.control->count), err.msg);
}

static int count(void *arg, const char *origin, const struct hub_record *record, struct error *e)
{
	size_t *n = arg;

	(void)origin;
	(void)e;
	assert_int_equal(record->seq, *n + 1);
	(*n)++;
	return 0;
}

/* A whole life of a machine; each call has to succeed, whatever was lost on the way. */
static void exchange(const struct config *config)
{
	struct chain c = hubs_chain(ORIGIN, 6, "x");
	struct hub_repo repo = { .id = REPO, .name = "o/r" };
	char key[ID_HEX_SIZE];
	struct heads heads = HEADS_INIT;
	struct hub *h = NULL;
	size_t n = 0;

	ok(hub_postgres.open(&h, config, 5000, &err));
	ok(h->ops->join(h, &repo, key, &err));
	ok(h->ops->enroll(h, key, ORIGIN, "mira", NULL, &err));
	assert_int_equal(hubs_push(h, key, &c, 0, 3, NULL), HUB_OK);
	assert_int_equal(hubs_push(h, key, &c, 3, 6, NULL), HUB_OK);
	ok(h->ops->heads(h, key, &heads, &err));
	assert_int_equal(heads.n, 1);
	assert_int_equal(heads.v[0].seq, 6);
	ok(h->ops->pull(h, key, ORIGIN, 0, 6, count, &n, &err));
	assert_int_equal(n, 6);
	ok(h->ops->retire(h, key, ORIGIN, &err));
	heads_release(&heads);
	h->ops->close(h);
	hubs_chain_release(&c);
}

static void reset_database(void)
{
	pgtest_run(db,
		"set session_replication_role = replica; delete from minsky.event; "
		"delete from minsky.origin; delete from minsky.alias; "
		"delete from minsky.repo; delete from minsky.session_p1; "
		"delete from minsky.head_p1; delete from minsky.store_p1");
}

static void a_cut_anywhere_costs_nothing(void **state)
{
	struct config *config = config_for(NULL);
	long n = 0;

	(void)state;
	do {
		reset_database();
		pgproxy_set(&proxy, PGPROXY_CUT, ++n);
		exchange(config);
		pgtest_is(db,
			"select count(*), count(distinct seq), max(seq), "
			"(select head from minsky.origin) from minsky.event",
			"6|6|6|6");
	} while (atomic_load(&proxy.control->lost));
	/* It came by more messages than one statement has. */
	assert_true(n > 40);
	config_free(config);
}

static void answers_may_be_lost(void **state)
{
	struct chain c = hubs_chain(ORIGIN, 60, "x");
	struct hub_repo repo = { .id = REPO, .name = "o/r" };
	struct config *config = config_for(NULL);
	char key[ID_HEX_SIZE];
	struct hub *h = NULL;

	(void)state;
	ok(hub_postgres.open(&h, config, 10000, &err));
	ok(h->ops->join(h, &repo, key, &err));
	ok(h->ops->enroll(h, key, ORIGIN, "mira", NULL, &err));
	pgproxy_set(&proxy, PGPROXY_DROP, 3);
	for (size_t i = 0; i < c.n; i++)
		assert_int_equal(hubs_push(h, key, &c, i, i + 1, NULL), HUB_OK);
	assert_true(atomic_load(&proxy.control->lost) > 15);
	pgtest_is(db, "select count(*), max(seq) from minsky.event", "60|60");
	h->ops->close(h);
	config_free(config);
	hubs_chain_release(&c);
}

/* Nothing comes back, from the nth message on; the call ends all the same. */
static void a_hanging_server_is_left(void **state)
{
	struct config *config = config_for(NULL);
	struct heads heads = HEADS_INIT;
	struct hub *h;

	(void)state;
	for (long n = 1; n < 12; n += 3) {
		pgproxy_set(&proxy, PGPROXY_HANG, n);
		h = NULL;
		error_clear(&err);
		if (hub_postgres.open(&h, config, 300, &err) == 0) {
			assert_int_equal(h->ops->heads(h, REPO, &heads, &err), ERR_BACKEND);
			h->ops->close(h);
		}
		assert_int_equal(err.code, ERR_BACKEND);
		assert_non_null(strstr(err.msg, "in time"));
	}
	/* In the middle of a statement, and again when it lets go. */
	pgproxy_set(&proxy, PGPROXY_PASS, 0);
	ok(hub_postgres.open(&h, config, 300, &err));
	pgproxy_set(&proxy, PGPROXY_HANG, 1);
	assert_int_equal(h->ops->heads(h, REPO, &heads, &err), ERR_BACKEND);
	pgproxy_set(&proxy, PGPROXY_PASS, 0);
	ok(h->ops->heads(h, REPO, &heads, &err));
	assert_int_equal(heads.n, 0);
	h->ops->close(h);
	config_free(config);
}

static void the_connect_timeout_counts_where_the_deadline_is_longer(void **state)
{
	struct config *config = config_for("sessiondb.postgres.connectTimeout=200ms");
	struct hub *h = NULL;
	int64_t start = clock_monotonic_ms();

	(void)state;
	pgproxy_set(&proxy, PGPROXY_HANG, 1);
	assert_int_equal(hub_postgres.open(&h, config, 3600000, &err), ERR_BACKEND);
	assert_null(h);
	/* An hour it was not. */
	assert_true(clock_monotonic_ms() - start < 600000);
	config_free(config);
}

static void who_refuses_is_tried_again_later(void **state)
{
	struct config *config = config_for(NULL);
	struct hub *h = NULL;

	(void)state;
	pgproxy_set(&proxy, PGPROXY_REFUSE, 0);
	assert_int_equal(hub_postgres.open(&h, config, 1000, &err), ERR_BACKEND);
	pgproxy_set(&proxy, PGPROXY_PASS, 0);
	ok(hub_postgres.open(&h, config, 5000, &err));
	h->ops->close(h);
	config_free(config);
}

/* A batch that is cut: all of it or nothing, and the next one goes through. */
static int project(struct backend *b, unsigned n, uint64_t events, struct error *e)
{
	char members[64];
	struct session s;
	struct heads heads = stores_heads(events);
	int r;

	(void)snprintf(members, sizeof(members), "\"session\":\"s%u\"", n);
	s = stores_session(n, members);
	s.n_events = events;
	r = b->ops->begin(b, REPO, e);
	if (r == 0)
		r = b->ops->put(b, &s, e);
	if (r == 0)
		r = b->ops->commit(b, &heads, e);
	else
		b->ops->rollback(b);
	session_release(&s);
	heads_release(&heads);
	return r;
}

static void a_cut_batch_is_whole_or_nothing(void **state)
{
	struct buf url = BUF_INIT;
	struct config *config;
	long n = 0, failed = 0, lost;

	(void)state;
	pgtest_url(&url, "ana", db, proxy.dir);
	config = hubs_config("sessiondb.postgres.url", url.data, NULL);
	do {
		struct backend *b = NULL;
		struct heads heads = HEADS_INIT;
		struct session_query all = { .deleted = true };
		struct session_set set = { .v = NULL };

		reset_database();
		pgproxy_set(&proxy, PGPROXY_CUT, ++n);
		ok(backend_postgres.open(&b, config, &err));
		error_clear(&err);
		if (project(b, 1, 5, &err) < 0) {
			assert_int_equal(err.code, ERR_BACKEND);
			failed++;
		}
		ok(b->ops->heads(b, REPO, &heads, &err));
		ok(b->ops->list(b, REPO, &all, &set, &err));
		assert_int_equal(heads.n, set.n);
		heads_release(&heads);
		session_set_release(&set);
		lost = atomic_load(&proxy.control->lost);
		pgproxy_set(&proxy, PGPROXY_PASS, 0);
		ok(project(b, 1, 5, &err));
		pgtest_is(db, "select count(*) from minsky.session_p1", "1");
		b->ops->close(b);
	} while (lost);
	/* Cut between begin and commit it has to fail; before that it is repeated. */
	assert_true(failed > 1);
	assert_true(n > 20);
	config_free(config);
	buf_release(&url);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_cut_anywhere_costs_nothing),
		TEST(answers_may_be_lost),
		TEST(a_hanging_server_is_left),
		TEST(the_connect_timeout_counts_where_the_deadline_is_longer),
		TEST(who_refuses_is_tried_again_later),
		TEST(a_cut_batch_is_whole_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
