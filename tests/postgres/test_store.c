/*
 * The projection that a team shares: nothing goes backwards, writers take turns, damage is told.
 * What every backend has to do is in tests/backends/conformance.c.
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

#include "backends/postgres.h"
#include "lib/child.h"
#include "lib/hubs.h"
#include "lib/postgres.h"
#include "lib/stores.h"

#define REPO STORES_REPO

static char db[32];
static struct backend *b;
static struct error err;

static struct backend *open_as(const char *role)
{
	struct buf url = BUF_INIT;
	struct config *config;
	struct backend *out = NULL;

	pgtest_url(&url, role, db, NULL);
	config = hubs_config("sessiondb.postgres.url", url.data, NULL);
	if (backend_postgres.open(&out, config, &err) < 0)
		fail_msg("%s", err.msg);
	config_free(config);
	buf_release(&url);
	return out;
}

static int make(void **state)
{
	static unsigned n;

	(void)state;
	(void)snprintf(db, sizeof(db), "store_%d_%u", (int)getpid(), n++);
	pgtest_make(db);
	error_clear(&err);
	b = open_as("ana");
	return 0;
}

static int drop(void **state)
{
	(void)state;
	b->ops->close(b);
	pgtest_drop(db);
	return 0;
}

/* One session as it is after so many events. */
static struct session after(unsigned n, uint64_t events)
{
	char members[96];
	struct session s;

	(void)snprintf(members, sizeof(members),
		"\"session\":\"s%u\",\"branch\":\"b%llu\",\"commitCount\":%llu", n,
		(unsigned long long)events, (unsigned long long)events);
	s = stores_session(n, members);
	s.n_events = events;
	return s;
}

static int try_put(struct backend *to, unsigned n, uint64_t events, uint64_t seq)
{
	struct session s = after(n, events);
	struct heads heads = stores_heads(seq);
	int r = to->ops->begin(to, REPO, &err);

	if (r == 0)
		r = to->ops->put(to, &s, &err);
	if (r == 0)
		r = to->ops->commit(to, &heads, &err);
	else
		to->ops->rollback(to);
	session_release(&s);
	heads_release(&heads);
	return r;
}

static void put(struct backend *to, unsigned n, uint64_t events, uint64_t seq)
{
	if (try_put(to, n, events, seq) < 0)
		fail_msg("%s", err.msg);
}

static void has_events(unsigned n, uint64_t events)
{
	struct session s = { .name = NULL };

	if (b->ops->get(b, REPO, KEY_ID, stores_id(n), &s, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(s.n_events, events);
	assert_int_equal(s.commit_count, events);
	session_release(&s);
}

static void nothing_goes_backwards(void **state)
{
	struct backend *slow = open_as("bea");

	(void)state;
	put(b, 1, 5, 9);
	/* A machine that has seen less. */
	put(slow, 1, 4, 7);
	has_events(1, 5);
	assert_int_equal(stores_seq(b, REPO), 9);
	/* One that has seen as much folds anew: a newer minsky does. */
	put(slow, 1, 5, 9);
	put(slow, 1, 6, 10);
	has_events(1, 6);
	assert_int_equal(stores_seq(b, REPO), 10);
	pgtest_is(db, "select name, branch from minsky.session_p1", "s1|b6");
	slow->ops->close(slow);
}

static void hold_and_commit(int go)
{
	struct backend *own = open_as("bea");
	struct session s = after(2, 3);
	struct heads heads = stores_heads(4);

	if (own->ops->begin(own, REPO, &err) < 0 || write(go, "x", 1) != 1)
		_exit(1);
	/* Until the other one waits for its turn. */
	pgtest_wait(db,
		"select count(*) > 0 from pg_stat_activity where datname = current_database() "
		"and wait_event_type = 'Lock'",
		"t");
	if (own->ops->put(own, &s, &err) < 0 || own->ops->commit(own, &heads, &err) < 0)
		_exit(1);
	own->ops->close(own);
	_exit(0);
}

static void writers_take_turns(void **state)
{
	int held, status;
	pid_t pid;

	(void)state;
	pid = child_fork_telling(&held);
	if (!pid)
		hold_and_commit(held);
	child_told(held);
	/* Comes back when the other has committed, and sees that. */
	assert_int_equal(b->ops->begin(b, REPO, &err), 0);
	assert_int_equal(stores_seq(b, REPO), 4);
	has_events(2, 3);
	b->ops->rollback(b);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define WRITERS 4
#define ROUNDS 12
#define SESSIONS 30

/* Each puts the same sessions, each in an order of its own, with more and more events. */
static void put_many(unsigned who)
{
	struct backend *own = open_as(who % 2 ? "ana" : "bea");

	for (unsigned round = 1; round <= ROUNDS; round++) {
		struct heads heads = stores_heads(round);

		if (own->ops->begin(own, REPO, &err) < 0)
			_exit(1);
		for (unsigned i = 0; i < SESSIONS; i++) {
			struct session s = after((i * (2 * who + 7) + round) % SESSIONS, round);

			if (own->ops->put(own, &s, &err) < 0)
				_exit(2);
			session_release(&s);
		}
		if (own->ops->commit(own, &heads, &err) < 0)
			_exit(3);
		heads_release(&heads);
	}
	own->ops->close(own);
	_exit(0);
}

static void many_writers_end_where_the_furthest_is(void **state)
{
	(void)state;
	for (unsigned i = 0; i < WRITERS; i++) {
		pid_t pid = child_fork();

		if (!pid)
			put_many(i);
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	pgtest_is(db, "select count(*), min(n_events), max(n_events) from minsky.session_p1",
		"30|12|12");
	assert_int_equal(stores_seq(b, REPO), ROUNDS);
	pgtest_is(db, "select batches from minsky.store_p1", "47");
}

static void a_batch_whose_connection_is_cut_is_nothing(void **state)
{
	struct session s = after(1, 9);
	struct heads heads = stores_heads(9);

	(void)state;
	put(b, 1, 1, 1);
	assert_int_equal(b->ops->begin(b, REPO, &err), 0);
	assert_int_equal(b->ops->put(b, &s, &err), 0);
	pgtest_run(db,
		"select pg_terminate_backend(pid) from pg_stat_activity "
		"where datname = current_database() and usename = 'ana'");
	assert_int_equal(b->ops->commit(b, &heads, &err), ERR_BACKEND);
	has_events(1, 1);
	put(b, 1, 9, 9);
	has_events(1, 9);
	session_release(&s);
	heads_release(&heads);
}

/* A row that somebody has spoilt is damage, not absence; the rest is still found. */
static void a_damaged_row_is_told(void **state)
{
	static const char *const docs[] = { "", "{", "{}", "null",
		"{\"record\":{},\"key\":{},\"events\":1}" };
	struct session_query all = { .limit = 0 };

	(void)state;
	put(b, 1, 1, 1);
	put(b, 2, 1, 2);
	for (size_t i = 0; i < sizeof(docs) / sizeof(*docs); i++) {
		struct session_set set = { .v = NULL };
		struct session s = { .name = NULL };
		struct buf out = BUF_INIT, sql = BUF_INIT;

		buf_addf(
			&sql, "update minsky.session_p1 set doc = '%s' where name = 's1'", docs[i]);
		pgtest_run(db, sql.data);
		assert_int_equal(b->ops->get(b, REPO, KEY_ID, stores_id(1), &s, &err), ERR_CORRUPT);
		assert_non_null(strstr(err.msg, db));
		assert_non_null(strstr(err.hint, "rebuild"));
		assert_int_equal(b->ops->get(b, REPO, KEY_NAME, "s1", &s, &err), ERR_CORRUPT);
		assert_int_equal(b->ops->list(b, REPO, &all, &set, &err), ERR_CORRUPT);
		assert_int_equal(b->ops->read_state(b, REPO, &out, &err), ERR_CORRUPT);
		has_events(2, 1);
		buf_release(&out);
		buf_release(&sql);
	}
	put(b, 1, 2, 3);
	has_events(1, 2);
}

struct findings {
	unsigned n;
	char last[512];
};

static void take_finding(void *arg, const char *text)
{
	struct findings *f = arg;

	f->n++;
	(void)snprintf(f->last, sizeof(f->last), "%s", text);
}

static void check_finds(unsigned n, const char *word)
{
	struct findings f = { .n = 0 };

	if (b->ops->check(b, take_finding, &f, &err) < 0)
		fail_msg("%s", err.msg);
	if (f.n != n || (n && !strstr(f.last, word)))
		fail_msg("%u findings: %s", f.n, f.last);
}

static void check_looks_where_reading_does_not(void **state)
{
	(void)state;
	put(b, 1, 1, 1);
	put(b, 2, 1, 2);
	check_finds(0, "");
	pgtest_run(db, "update minsky.session_p1 set name = 'other' where name = 's1'");
	check_finds(1, stores_id(1));
	pgtest_run(db,
		"update minsky.session_p1 set name = 's1' where name = 'other'; "
		"update minsky.session_p1 set n_events = 7 where name = 's2'");
	check_finds(1, stores_id(2));
	pgtest_run(db, "update minsky.session_p1 set doc = '{' where name = 's2'");
	check_finds(1, stores_id(2));
	put(b, 2, 8, 3);
	check_finds(0, "");
}

static void check_follows_the_chain(void **state)
{
	static const char origin[] = "cccccccccccccccccccccccccccccccc";
	struct hub *h = hubs_open("ana", db, NULL, 0);
	struct chain c = hubs_chain(origin, 5, "x");
	char key[ID_HEX_SIZE];

	(void)state;
	c.v[3].body = NULL;
	c.v[3].body_len = 0;
	hubs_rehash(&c, 0);
	hubs_enroll(h, REPO, origin, key);
	assert_int_equal(hubs_push(h, key, &c, 0, 5, NULL), HUB_OK);
	check_finds(0, "");
	pgtest_run(db,
		"set session_replication_role = replica; "
		"update minsky.event set body = '{\"forged\":1}' where seq = 2");
	check_finds(1, "cccccccc:2");
	pgtest_run(db,
		"set session_replication_role = replica; "
		"update minsky.event set body = null where seq = 2; "
		"delete from minsky.event where seq = 5");
	check_finds(1, "head of origin cccccccc");
	pgtest_run(db,
		"set session_replication_role = replica; "
		"delete from minsky.event where seq = 3; "
		"update minsky.origin set head = 0");
	check_finds(2, "head of origin cccccccc");
	h->ops->close(h);
	hubs_chain_release(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_goes_backwards),
		TEST(writers_take_turns),
		TEST(many_writers_end_where_the_furthest_is),
		TEST(a_batch_whose_connection_is_cut_is_nothing),
		TEST(a_damaged_row_is_told),
		TEST(check_looks_where_reading_does_not),
		TEST(check_follows_the_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
