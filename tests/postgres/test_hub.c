/*
 * The hub against the real server; as `test_hub pgbouncer` the same through a pool of connections
 * in transaction mode.
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

#include "core/clock.h"
#include "lib/child.h"
#include "lib/hubs.h"
#include "lib/postgres.h"

#define REPO "11111111111111111111111111111111"
#define OTHER_REPO "22222222222222222222222222222222"
#define THIRD_REPO "33333333333333333333333333333333"
#define ORIGIN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER_ORIGIN "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define N(a) (sizeof(a) / sizeof((a)[0]))

static const char *host; /* NULL: the server itself */
static char db[32], bouncer[300], key[ID_HEX_SIZE];
static struct hub *ana;
static struct error err;

static struct hub *as(const char *role)
{
	return hubs_open(role, db, host, 0);
}

static int make(void **state)
{
	static unsigned n;

	(void)state;
	(void)snprintf(db, sizeof(db), "hub_%d_%u", (int)getpid(), n++);
	pgtest_make(db);
	ana = as("ana");
	error_clear(&err);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	ana->ops->close(ana);
	pgtest_drop(db);
	return 0;
}

static void joins(
	struct hub *h, const char *id, const char *const *urls, size_t n, const char *expected)
{
	struct hub_repo repo = { .id = id, .name = "o/r", .urls = urls, .n_urls = n };
	char got[ID_HEX_SIZE];

	if (h->ops->join(h, &repo, got, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(got, expected);
}

static void machines_meet_by_url(void **state)
{
	static const char *const one[] = { "github.com/o/r" };
	static const char *const two[] = { "gitlab.com/o/r", "github.com/o/r" };
	static const char *const odd[] = { "it's {\"odd\"}, \\ and ä/r" };
	struct hub *bea = as("bea");

	(void)state;
	joins(ana, REPO, one, 1, REPO);
	joins(ana, REPO, one, 1, REPO);
	joins(bea, OTHER_REPO, two, 2, REPO);
	/* Then it is known by her id. The other URL is not hers to give: it could be another's. */
	joins(bea, OTHER_REPO, NULL, 0, REPO);
	joins(ana, THIRD_REPO, two, 1, THIRD_REPO);
	joins(ana, "44444444444444444444444444444444", NULL, 0, "44444444444444444444444444444444");
	joins(ana, "55555555555555555555555555555555", odd, 1, "55555555555555555555555555555555");
	joins(bea, "66666666666666666666666666666666", odd, 1, "55555555555555555555555555555555");
	/* Who had no remote and gets one moves over to those who had it. */
	joins(ana, "44444444444444444444444444444444", one, 1, REPO);
	pgtest_is(db, "select count(*) from minsky.repo", "3");
	bea->ops->close(bea);
}

static void only_a_keeper_joins_two_repositories(void **state)
{
	static const char *const one[] = { "h/a" }, *const other[] = { "h/b" };
	static const char *const both[] = { "h/c", "h/d" }, *const more[] = { "h/e", "h/a" };
	struct hub *bea = as("bea"), *kim = as("kim");

	(void)state;
	/* Claimed before anybody else was there. */
	joins(bea, THIRD_REPO, both, 2, THIRD_REPO);
	joins(ana, REPO, both + 1, 1, REPO);
	joins(ana, OTHER_REPO, both, 1, THIRD_REPO);
	/* A repository of one's own does not take a second URL either, by whatever way. */
	joins(bea, THIRD_REPO, one, 1, THIRD_REPO);
	joins(ana, "44444444444444444444444444444444", one, 1, "44444444444444444444444444444444");
	/* Nor does what others said lead somewhere else: neither a URL nor the id of a machine. */
	joins(bea, REPO, other, 1, REPO);
	joins(ana, "55555555555555555555555555555555", other, 1,
		"55555555555555555555555555555555");
	joins(bea, "44444444444444444444444444444444", both, 1, THIRD_REPO);
	joins(ana, "44444444444444444444444444444444", NULL, 0, "44444444444444444444444444444444");
	/* A keeper may. */
	joins(kim, "66666666666666666666666666666666", more, 2, "44444444444444444444444444444444");
	joins(ana, "77777777777777777777777777777777", more, 1, "44444444444444444444444444444444");
	bea->ops->close(bea);
	kim->ops->close(kim);
}

static void join_in_child(unsigned n)
{
	static const char *const urls[] = { "github.com/o/r", "example.org/o/r" };
	struct hub *h = hubs_open(n % 2 ? "ana" : "bea", db, host, 0);
	struct hub_repo repo = { .name = "o/r", .urls = urls, .n_urls = 2 };
	char id[ID_HEX_SIZE], got[ID_HEX_SIZE];

	(void)snprintf(id, sizeof(id), "%032u", n);
	repo.id = id;
	if (h->ops->join(h, &repo, got, &err) < 0)
		_exit(1);
	h->ops->close(h);
	_exit(0);
}

static void wait_children(int n)
{
	for (int i = 0; i < n; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
}

static void machines_that_join_at_once_agree(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		pid_t pid = child_fork();

		if (!pid)
			join_in_child(i);
	}
	wait_children(8);
	pgtest_is(db,
		"select count(*), count(distinct a.repo) from minsky.alias a "
		"where kind = 'id'",
		"8|1");
	pgtest_is(db, "select count(*) from minsky.repo", "1");
}

static void an_origin_belongs_to_who_enrolled_it(void **state)
{
	struct head parent = { .origin = OTHER_ORIGIN, .seq = 7 };
	struct hub *bea = as("bea");

	(void)state;
	hubs_enroll(ana, REPO, ORIGIN, key);
	hubs_enroll(ana, REPO, ORIGIN, key);
	assert_int_equal(bea->ops->enroll(bea, key, ORIGIN, "nova", NULL, &err), ERR_REFUSED);
	assert_int_equal(bea->ops->enroll(bea, key, OTHER_ORIGIN, "nova", &parent, &err), 0);
	pgtest_is(db, "select db_role, host, parent_seq from minsky.origin order by origin",
		"ana|mira|\nbea|nova|7");
	assert_int_equal(ana->ops->enroll(ana, OTHER_REPO, ORIGIN, "x", NULL, &err), ERR_NOTFOUND);
	assert_int_equal(ana->ops->enroll(ana, "no key", ORIGIN, "x", NULL, &err), ERR_USAGE);
	bea->ops->close(bea);
}

/* What pull() hands over is what was pushed. */
struct expected {
	const struct chain *chain;
	size_t at, stop; /* stop: return an error there */
};

static int compare(void *arg, const char *origin, const struct hub_record *record, struct error *e)
{
	struct expected *x = arg;
	const struct hub_record *r = &x->chain->v[x->at];

	if (x->stop && x->at == x->stop)
		return error_set(e, ERR_IO, "enough");
	assert_string_equal(origin, x->chain->origin);
	assert_int_equal(record->seq, r->seq);
	assert_int_equal(record->hlc, r->hlc);
	assert_string_equal(record->bodyhash, r->bodyhash);
	assert_string_equal(record->hash, r->hash);
	assert_string_equal(record->session, r->session);
	assert_int_equal(record->body_len, r->body_len);
	if (r->body)
		assert_memory_equal(record->body, r->body, r->body_len);
	else
		assert_null(record->body);
	x->at++;
	return 0;
}

static void pulls(struct hub *h, const struct chain *c, uint64_t after, uint64_t upto)
{
	struct expected x = { .chain = c, .at = after };
	uint64_t end = upto < c->n ? upto : c->n;

	if (h->ops->pull(h, key, c->origin, after, upto, compare, &x, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(x.at, end > after ? end : after);
}

static void push_all(const struct chain *c, size_t from)
{
	while (from < c->n) {
		size_t to = from + HUB_BATCH_RECORDS < c->n ? from + HUB_BATCH_RECORDS : c->n;
		struct head head;

		assert_int_equal(hubs_push(ana, key, c, from, to, &head), HUB_OK);
		assert_int_equal(head.seq, to);
		assert_string_equal(head.hash, c->v[to - 1].hash);
		from = to;
	}
}

static void what_is_pushed_is_pulled(void **state)
{
	struct chain c = hubs_chain(ORIGIN, 8, "x");
	struct heads heads = HEADS_INIT;
	char hash[HASH_HEX_SIZE];
	struct hub *bea = as("bea");
	struct buf big = BUF_INIT;

	(void)state;
	hubs_enroll(ana, REPO, ORIGIN, key);
	buf_adds(&big, "{\"type\":\"commit.created\",\"x\":\"");
	while (big.len < 65534)
		buf_adds(&big, big.len % 97 < 2 ? "\\\\" : "xx");
	buf_adds(&big, "\"}");
	/* Texts that something on the way might take for its own, and the longest. */
	c.v[1].body =
		"{\"type\":\"commit.created\",\"q\":\"' $1 \\\\ \\\" {a,b} NULL \\u00e4 ä 😀\"}";
	c.v[2].body = "{\"a\":null,\"type\":\"commit.created\"}";
	c.v[3].body = "{\"type\":\"commit.created\"}";
	c.v[4].body = big.data;
	for (size_t i = 1; i < 5; i++)
		c.v[i].body_len = strlen(c.v[i].body);
	/* Blanked before it was pushed. */
	c.v[5].body = NULL;
	c.v[5].body_len = 0;
	c.v[5].type = NULL;
	c.v[5].session[0] = '\0';
	hubs_rehash(&c, 0);
	assert_int_equal(hubs_push(ana, key, &c, 0, 1, NULL), HUB_OK);
	assert_int_equal(hubs_push(ana, key, &c, 1, 8, NULL), HUB_OK);
	pulls(bea, &c, 0, 8);
	pulls(bea, &c, 3, 5);
	pulls(bea, &c, 8, 8);
	pulls(bea, &c, 0, 100);
	pulls(bea, &c, 5, UINT64_MAX);
	assert_int_equal(bea->ops->heads(bea, key, &heads, &err), 0);
	assert_int_equal(heads.n, 1);
	assert_int_equal(heads.v[0].seq, 8);
	assert_string_equal(heads.v[0].hash, c.v[7].hash);
	heads_release(&heads);
	assert_int_equal(bea->ops->hash_at(bea, key, ORIGIN, 5, hash, &err), 0);
	assert_string_equal(hash, c.v[4].hash);
	assert_int_equal(bea->ops->hash_at(bea, key, ORIGIN, 9, hash, &err), ERR_NOTFOUND);
	assert_int_equal(bea->ops->hash_at(bea, key, ORIGIN, UINT64_MAX, hash, &err), ERR_NOTFOUND);
	bea->ops->close(bea);
	hubs_chain_release(&c);
	buf_release(&big);
}

static void pages_have_no_seams(void **state)
{
	struct chain c = hubs_chain(ORIGIN, 10001, "x");

	(void)state;
	hubs_enroll(ana, REPO, ORIGIN, key);
	push_all(&c, 0);
	pulls(ana, &c, 0, 4999);
	pulls(ana, &c, 0, 5000);
	pulls(ana, &c, 0, 5001);
	pulls(ana, &c, 1, 10001);
	pulls(ana, &c, 0, 10000);
	pulls(ana, &c, 5000, 10001);
	hubs_chain_release(&c);
}

static void a_pull_stops_when_it_is_told(void **state)
{
	struct chain c = hubs_chain(ORIGIN, 900, "x");
	struct expected x = { .chain = &c, .stop = 300 };

	(void)state;
	hubs_enroll(ana, REPO, ORIGIN, key);
	push_all(&c, 0);
	assert_int_equal(ana->ops->pull(ana, key, ORIGIN, 0, 900, compare, &x, &err), ERR_IO);
	assert_string_equal(err.msg, "enough");
	assert_int_equal(x.at, 300);
	/* What was not read is not in anybody's way. */
	pulls(ana, &c, 300, 900);
	hubs_chain_release(&c);
}

static void every_status_is_told_apart(void **state)
{
	struct chain c = hubs_chain(ORIGIN, 6, "x"), fork = hubs_chain(ORIGIN, 6, "y");
	struct head head;

	(void)state;
	hubs_enroll(ana, REPO, OTHER_ORIGIN, key);
	assert_int_equal(hubs_push(ana, key, &c, 0, 1, &head), HUB_UNKNOWN_ORIGIN);
	assert_int_equal(head.seq, 0);
	assert_string_equal(head.hash, HASH_ZERO);
	hubs_enroll(ana, REPO, ORIGIN, key);
	assert_int_equal(hubs_push(ana, key, &c, 0, 3, &head), HUB_OK);
	/* The answer to that was lost: it is there already. */
	assert_int_equal(hubs_push(ana, key, &c, 0, 3, &head), HUB_OK);
	assert_int_equal(head.seq, 3);
	assert_int_equal(hubs_push(ana, key, &c, 0, 2, &head), HUB_BEHIND);
	assert_int_equal(head.seq, 3);
	assert_string_equal(head.hash, c.v[2].hash);
	assert_int_equal(hubs_push(ana, key, &fork, 0, 3, &head), HUB_BEHIND);
	assert_string_equal(head.hash, c.v[2].hash);
	assert_int_equal(hubs_push(ana, key, &c, 4, 5, &head), HUB_GAP);
	assert_int_equal(hubs_push(ana, key, &fork, 3, 4, &head), HUB_FORK);
	assert_int_equal(head.seq, 3);
	/* A clock that stands, or a hash that is another's. */
	c.v[3].hlc = c.v[2].hlc;
	hubs_rehash(&c, 3);
	assert_int_equal(hubs_push(ana, key, &c, 3, 5, NULL), HUB_BAD_BATCH);
	c.v[3].hlc++;
	hubs_rehash(&c, 3);
	c.v[4].hash[0] = c.v[4].hash[0] == '0' ? '1' : '0';
	assert_int_equal(hubs_push(ana, key, &c, 3, 5, NULL), HUB_BAD_BATCH);
	hubs_rehash(&c, 3);
	c.v[3].body = c.bodies[4];
	assert_int_equal(hubs_push(ana, key, &c, 3, 5, NULL), HUB_BAD_BATCH);
	c.v[3].body = c.bodies[3];
	c.v[4].hlc = (uint64_t)(clock_now_ms() + 330000) << 16;
	hubs_rehash(&c, 3);
	assert_int_equal(hubs_push(ana, key, &c, 3, 5, &head), HUB_CLOCK_AHEAD);
	c.v[4].hlc = UINT64_MAX;
	hubs_rehash(&c, 3);
	assert_int_not_equal(hubs_push(ana, key, &c, 3, 5, &head), HUB_OK);
	c.v[4].hlc = (uint64_t)(clock_now_ms() + 200000) << 16;
	hubs_rehash(&c, 3);
	assert_int_equal(hubs_push(ana, key, &c, 3, 5, &head), HUB_OK);
	assert_int_equal(ana->ops->retire(ana, key, ORIGIN, &err), 0);
	assert_int_equal(ana->ops->retire(ana, key, ORIGIN, &err), 0);
	c.v[5].hlc = c.v[4].hlc + 1;
	hubs_rehash(&c, 5);
	assert_int_equal(hubs_push(ana, key, &c, 5, 6, &head), HUB_RETIRED);
	assert_int_equal(head.seq, 5);
	pulls(ana, &c, 0, 5);
	hubs_chain_release(&c);
	hubs_chain_release(&fork);
}

static void a_batch_that_cannot_be_is_not_sent(void **state)
{
	struct chain c = hubs_chain(ORIGIN, HUB_BATCH_RECORDS + 1, "x");
	struct head base = hubs_head(&c, 0), head;
	enum hub_status status;

	(void)state;
	hubs_enroll(ana, REPO, ORIGIN, key);
	assert_int_equal(
		ana->ops->push(ana, key, &base, c.v, c.n, &status, &head, &err), ERR_USAGE);
	assert_int_equal(
		ana->ops->push(ana, key, &base, c.v + 1, 1, &status, &head, &err), ERR_USAGE);
	assert_int_equal(ana->ops->push(ana, key, &base, c.v, 0, &status, &head, &err), ERR_USAGE);
	hubs_chain_release(&c);
}

static void push_in_child(const char *salt)
{
	struct hub *h = hubs_open("ana", db, host, 0);
	struct chain c = hubs_chain(ORIGIN, 1, salt);
	enum hub_status status = hubs_push(h, key, &c, 0, 1, NULL);

	h->ops->close(h);
	_exit(status == HUB_OK ? 0 : 1);
}

/* A home that was copied: two writers believe that they are the same. */
static void of_two_clones_one_wins(void **state)
{
	int won = 0;

	(void)state;
	hubs_enroll(ana, REPO, ORIGIN, key);
	for (int i = 0; i < 8; i++) {
		char salt[8];
		pid_t pid = child_fork();

		(void)snprintf(salt, sizeof(salt), "%d", i);
		if (!pid)
			push_in_child(salt);
	}
	for (int i = 0; i < 8; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		won += WEXITSTATUS(status) == 0;
	}
	assert_int_equal(won, 1);
	pgtest_is(db, "select count(*), max(seq) from minsky.event", "1|1");
}

static void a_keeper_blanks(void **state)
{
	struct chain c = hubs_chain(ORIGIN, 3, "x");
	struct hub *kim = as("kim"), *bea = as("bea");

	(void)state;
	hubs_enroll(ana, REPO, ORIGIN, key);
	push_all(&c, 0);
	assert_int_equal(bea->ops->redact(bea, key, ORIGIN, 2, &err), ERR_REFUSED);
	pulls(ana, &c, 0, 3);
	assert_int_equal(kim->ops->redact(kim, key, ORIGIN, 2, &err), 0);
	assert_int_equal(kim->ops->redact(kim, key, ORIGIN, 2, &err), 0);
	assert_int_equal(kim->ops->redact(kim, key, ORIGIN, 4, &err), ERR_NOTFOUND);
	/* And whoever wrote it. */
	assert_int_equal(ana->ops->redact(ana, key, ORIGIN, 1, &err), 0);
	c.v[0].body = c.v[1].body = NULL;
	c.v[0].body_len = c.v[1].body_len = 0;
	pulls(ana, &c, 0, 3);
	kim->ops->close(kim);
	bea->ops->close(bea);
	hubs_chain_release(&c);
}

static void a_restored_backup_is_noticed_and_filled_again(void **state)
{
	struct chain c = hubs_chain(ORIGIN, 10, "x");
	struct buf before = BUF_INIT, after = BUF_INIT, sql = BUF_INIT;
	struct head head;

	(void)state;
	hubs_enroll(ana, REPO, ORIGIN, key);
	assert_int_equal(hubs_push(ana, key, &c, 0, 4, NULL), HUB_OK);
	assert_int_equal(ana->ops->instance(ana, &before, &err), 0);
	ana->ops->close(ana);
	/* The backup is a copy of the database. */
	buf_addf(&sql,
		"select pg_terminate_backend(pid) from pg_stat_activity where datname = '%s'", db);
	pgtest_run("postgres", sql.data);
	buf_clear(&sql);
	buf_addf(&sql, "create database %s_old template %s", db, db);
	pgtest_run("postgres", sql.data);
	ana = as("ana");
	assert_int_equal(hubs_push(ana, key, &c, 4, 9, NULL), HUB_OK);
	ana->ops->close(ana);
	pgtest_drop(db);
	buf_clear(&sql);
	buf_addf(&sql, "alter database %s_old rename to %s", db, db);
	pgtest_run("postgres", sql.data);
	pgtest_run(db, "select minsky.new_instance()");
	ana = as("ana");
	assert_int_equal(ana->ops->instance(ana, &after, &err), 0);
	assert_string_not_equal(before.data, after.data);
	assert_int_equal(hubs_push(ana, key, &c, 9, 10, &head), HUB_GAP);
	assert_int_equal(head.seq, 4);
	assert_string_equal(head.hash, c.v[3].hash);
	assert_int_equal(hubs_push(ana, key, &c, head.seq, 10, NULL), HUB_OK);
	pulls(ana, &c, 0, 10);
	buf_release(&before);
	buf_release(&after);
	buf_release(&sql);
	hubs_chain_release(&c);
}

static void clocks_are_compared(void **state)
{
	int64_t skew = 0;

	(void)state;
	assert_int_equal(ana->ops->clock_skew(ana, &skew, &err), 0);
	assert_in_range(skew + 60000, 0, 120000);
	(void)setenv("MINSKY_NOW", "2020-01-01T00:00:00Z", 1);
	assert_int_equal(ana->ops->clock_skew(ana, &skew, &err), 0);
	(void)unsetenv("MINSKY_NOW");
	assert_true(skew > INT64_C(86400000) * 365);
}

static void the_place_is_told(void **state)
{
	struct buf where = BUF_INIT;

	(void)state;
	assert_int_equal(ana->ops->location(ana, &where, &err), 0);
	assert_non_null(strstr(where.data, db));
	assert_non_null(strstr(where.data, "postgres://ana@/"));
	buf_release(&where);
}

/* A hole, or a hash that is none, is damage of the hub: exit 6, not an end of the list. */
static void a_damaged_hub_is_told(void **state)
{
	struct chain c = hubs_chain(ORIGIN, 5, "x");
	struct expected x = { .chain = &c };

	(void)state;
	hubs_enroll(ana, REPO, ORIGIN, key);
	push_all(&c, 0);
	pgtest_run(db,
		"set session_replication_role = replica; "
		"delete from minsky.event where seq = 3");
	assert_int_equal(ana->ops->pull(ana, key, ORIGIN, 0, 5, compare, &x, &err), ERR_CORRUPT);
	assert_int_equal(x.at, 2);
	assert_non_null(strstr(err.msg, "have a gap"));
	hubs_chain_release(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(machines_meet_by_url),
		TEST(only_a_keeper_joins_two_repositories),
		TEST(machines_that_join_at_once_agree),
		TEST(an_origin_belongs_to_who_enrolled_it),
		TEST(what_is_pushed_is_pulled),
		TEST(pages_have_no_seams),
		TEST(a_pull_stops_when_it_is_told),
		TEST(every_status_is_told_apart),
		TEST(a_batch_that_cannot_be_is_not_sent),
		TEST(of_two_clones_one_wins),
		TEST(a_keeper_blanks),
		TEST(a_restored_backup_is_noticed_and_filled_again),
		TEST(clocks_are_compared),
		TEST(the_place_is_told),
		TEST(a_damaged_hub_is_told),
	};

	if (argc == 2 && strcmp(argv[1], "pgbouncer") == 0) {
		(void)snprintf(bouncer, sizeof(bouncer), "%s/bouncer", pgtest_dir());
		host = bouncer;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
