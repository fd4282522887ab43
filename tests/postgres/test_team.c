/*
 * Twelve machines and one database: answers are late or dropped, processes are killed anywhere,
 * clocks are wrong, one disk was copied, several times. In the end the database holds the union of
 * the journals, everybody folds it to the same sessions, and no row has ever gone backwards on the
 * way.
 *
 * A few seconds; a minute with MINSKY_TEST_LONG.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backends/memory.h"
#include "backends/postgres.h"
#include "core/clock.h"
#include "core/fs.h"
#include "lib/child.h"
#include "lib/hubs.h"
#include "lib/journals.h"
#include "lib/postgres.h"
#include "lib/scratch.h"
#include "log/exchange.h"
#include "log/projector.h"

#define MACHINES 12
#define COPIES 8 /* from here on they are copies of machine 0's disk */
#define SESSIONS 30
#define REPO "0123456789abcdef0123456789abcdef"
#define DB "team_simulation"

static char dirs[MACHINES][SCRATCH_SIZE], shared[SCRATCH_SIZE];

/* Of a process; not for secrets. */
static unsigned dice(unsigned sides)
{
	static unsigned state;

	if (!state)
		state = (unsigned)getpid() * 2654435761u + (unsigned)clock_monotonic_us();
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % sides;
}

static const char *role_of(int i)
{
	static const char *const roles[] = { "ana", "bea", "carl" };

	/* The copy has its original's account. */
	return roles[(i >= COPIES ? 0 : i) % 3];
}

/* Minutes fast or slow, within what a hub takes. */
static void set_clock(int i)
{
	static const int64_t skews[] = { 0, -3000, 2000, 200000, -90000 };
	char text[32];
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	(void)snprintf(text, sizeof(text), "%lld",
		(long long)((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000 + skews[i % 5]));
	setenv("MINSKY_NOW", text, 1);
}

/* A hub whose answers get lost, and in whose calls one dies. */
struct lossy {
	struct hub hub;
	struct hub *real;
};

static struct hub_ops lossy_ops;

static struct hub *real_of(struct hub *h)
{
	return ((struct lossy *)h)->real;
}

static int lossy_push(struct hub *h, const char *key, const struct head *base,
	const struct hub_record *records, size_t n, enum hub_status *status_out,
	struct head *head_out, struct error *err)
{
	const struct timespec far = { .tv_nsec = (long)dice(50) * 1000000 };
	int r;

	if (!dice(60))
		_exit(0);
	(void)nanosleep(&far, NULL);
	r = real_of(h)->ops->push(real_of(h), key, base, records, n, status_out, head_out, err);
	if (!dice(60))
		_exit(0);
	if (r == 0 && !dice(12))
		return error_set(err, ERR_BACKEND, "the answer was dropped");
	return r;
}

static int lossy_pull(struct hub *h, const char *key, const char *origin, uint64_t after,
	uint64_t upto, hub_record_fn *fn, void *arg, struct error *err)
{
	return real_of(h)->ops->pull(real_of(h), key, origin, after, upto, fn, arg, err);
}

static int lossy_heads(struct hub *h, const char *key, struct heads *out, struct error *err)
{
	return real_of(h)->ops->heads(real_of(h), key, out, err);
}

static int lossy_enroll(struct hub *h, const char *key, const char *origin, const char *host,
	const struct head *parent, struct error *err)
{
	return real_of(h)->ops->enroll(real_of(h), key, origin, host, parent, err);
}

static int lossy_hash_at(struct hub *h, const char *key, const char *origin, uint64_t seq,
	char hash_out[HASH_HEX_SIZE], struct error *err)
{
	return real_of(h)->ops->hash_at(real_of(h), key, origin, seq, hash_out, err);
}

static int lossy_skew(struct hub *h, int64_t *out, struct error *err)
{
	return real_of(h)->ops->clock_skew(real_of(h), out, err);
}

static struct hub_ops lossy_ops = {
	.push = lossy_push,
	.pull = lossy_pull,
	.heads = lossy_heads,
	.enroll = lossy_enroll,
	.hash_at = lossy_hash_at,
	.clock_skew = lossy_skew,
};

static struct backend *open_table(int i)
{
	struct buf url = BUF_INIT;
	struct backend *b = NULL;
	struct error err = ERROR_INIT;
	struct config *config;

	pgtest_url(&url, role_of(i), DB, NULL);
	config = hubs_config("sessiondb.postgres.url", url.data, NULL);
	if (backend_postgres.open(&b, config, &err) < 0)
		fail_msg("%s", err.msg);
	config_free(config);
	buf_release(&url);
	return b;
}

/* What a machine wrote and got acknowledged: a line of its own file for each. */
static void note(int i, const char *what, unsigned n)
{
	char line[32];
	int fd = open(scratch_path(shared, what), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	(void)snprintf(line, sizeof(line), "m%d-%u.\n", i, n);
	if (fd < 0 || write(fd, line, strlen(line)) != (ssize_t)strlen(line))
		_exit(1);
	close(fd);
}

static void write_some(int i, struct journal *j)
{
	unsigned n = (unsigned)getpid() * 100000u;
	static unsigned count;
	struct error err = ERROR_INIT;

	for (unsigned k = 1 + dice(4); k; k--) {
		char body[400], at[CLOCK_TEXT_SIZE];
		struct journal_entry entry = { .body = body };
		unsigned id = n + count++;

		clock_format(clock_now_ms(), at);
		(void)snprintf(body, sizeof(body),
			"{\"type\":\"%s\",\"session\":\"0193597a-0000-7000-8000-%012u\",\"at\":\"%"
			"s\","
			"\"v\":1,\"data\":{\"name\":\"s%u\",\"state\":\"working\",\"text\":\"m%d-%"
			"u.\"}}",
			dice(4) ? "session.noted" : "session.renamed", dice(SESSIONS), at, dice(9),
			i, id);
		entry.len = strlen(body);
		if (journal_append(j, &entry, 1, 5000, NULL, &err) == 0)
			note(i, "acknowledged", id);
	}
}

static void live(int i, const char *key)
{
	struct lossy lossy = { .hub = { .ops = &lossy_ops } };
	struct backend *table = open_table(i);
	struct journal *j = journals_open(dirs[i]);

	lossy.real = hubs_open(role_of(i), DB, NULL, 5000);
	for (;;) {
		const struct exchange x = { .hub = &lossy.hub, .key = key, .host = "m" };
		struct exchange_result got = { .complete = false };
		struct projector_result projected;
		struct error err = ERROR_INIT;

		set_clock(i);
		write_some(i, j);
		if (dice(3))
			continue;
		if (exchange_run(j, &x, &got, &err) == 0 && got.complete && dice(2))
			(void)projector_run_upto(j, table, key, &got.hub, &projected, &err);
		if (got.trouble)
			note(i, exchange_trouble_name(got.trouble), 0);
		exchange_release(&got);
	}
}

static pid_t spawn(int i, const char *key)
{
	pid_t pid = child_fork();

	if (!pid) {
		live(i, key);
		_exit(0);
	}
	return pid;
}

/* Looks at the rows again and again: "<session>|<events>" lines, by session. */
static void watch(void)
{
	struct buf before = BUF_INIT;
	unsigned polls = 0;

	for (;;) {
		struct buf now = pgtest_ask(
			DB, "select session, n_events from minsky.session_p1 order by session");

		polls++;
		for (const char *line = before.data; *line; line = strchr(line, '\n') + 1) {
			size_t len = strcspn(line, "|");
			char key[64];
			const char *there;

			(void)snprintf(key, sizeof(key), "%.*s|", (int)len, line);
			there = strstr(now.data, key);
			if (!there ||
				strtoull(there + len + 1, NULL, 10) <
					strtoull(line + len + 1, NULL, 10))
				note(0, "backwards", polls);
		}
		buf_release(&before);
		before = now;
	}
}

static void stop(pid_t pid)
{
	int status;

	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void copy_disk(int to)
{
	char command[] = "rm -rf \"$2\" && cp -a \"$1\" \"$2\" && "
			 "sed -i '/^inode /d; /^born /d' \"$2/origin\"";
	pid_t pid = child_fork();
	int status;

	if (!pid) {
		execlp("sh", "sh", "-ec", command, "sh", dirs[0], dirs[to], (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void run_for(int seconds, const char *key)
{
	int64_t end = clock_monotonic_ms() + seconds * 1000;
	pid_t pids[MACHINES], watcher = child_fork();

	assert_true(watcher >= 0);
	if (!watcher) {
		watch();
		_exit(0);
	}
	for (int i = 0; i < MACHINES; i++)
		pids[i] = spawn(i, key);
	while (clock_monotonic_ms() < end) {
		const struct timespec t = { .tv_nsec = 100000000 };
		int victim = (int)dice(MACHINES), status;

		(void)nanosleep(&t, NULL);
		(void)kill(pids[victim], SIGKILL);
		for (int i = 0; i < MACHINES; i++)
			if (waitpid(pids[i], &status, i == victim ? 0 : WNOHANG) == pids[i])
				pids[i] = spawn(i, key);
	}
	for (int i = 0; i < MACHINES; i++)
		stop(pids[i]);
	stop(watcher);
}

static void refresh(const char *key)
{
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MACHINES; i++) {
			struct hub *hub = hubs_open(role_of(i), DB, NULL, 20000);
			const struct exchange x = { .hub = hub, .key = key, .host = "m" };
			struct exchange_result got = { .complete = false };
			struct journal *j = journals_open(dirs[i]);
			struct error err = ERROR_INIT;

			set_clock(i);
			if (exchange_run(j, &x, &got, &err) < 0)
				fail_msg("machine %d: %s", i, err.msg);
			if (got.trouble || !got.complete || got.unpushed)
				fail_msg("machine %d: %s: %s", i,
					exchange_trouble_name(got.trouble), got.what);
			exchange_release(&got);
			journal_close(j);
			hub->ops->close(hub);
		}
	}
}

/* All rows as one text. */
static struct buf rows_of(struct backend *b, const char *repo)
{
	struct session_query all = { .deleted = true, .sort = SORT_NAME };
	struct session_set set = { NULL, 0 };
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;

	if (b->ops->list(b, repo, &all, &set, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < set.n; i++) {
		assert_int_equal(session_row_to_json(&out, &set.v[i], &err), 0);
		buf_addch(&out, '\n');
	}
	session_set_release(&set);
	return out;
}

static struct buf fold_of(int i)
{
	struct journal *j = journals_open(dirs[i]);
	struct projector_result result;
	struct backend *b = NULL;
	struct error err = ERROR_INIT;
	struct buf out;

	assert_int_equal(memory_open(&b, &err), 0);
	if (projector_run(j, b, REPO, &result, &err) < 0)
		fail_msg("machine %d: %s", i, err.msg);
	out = rows_of(b, REPO);
	b->ops->close(b);
	journal_close(j);
	return out;
}

/* Every event that was acknowledged is there once. */
static void check_events(void)
{
	struct buf acknowledged = scratch_read(scratch_path(shared, "acknowledged"));
	struct journal *j = journals_open(dirs[1]);
	struct heads heads = HEADS_INIT;
	struct buf all = BUF_INIT;
	struct error err = ERROR_INIT;
	unsigned n = 0;

	assert_int_equal(journal_heads(j, &heads, &err), 0);
	for (size_t i = 0; i < heads.n; i++) {
		struct buf lines = journals_lines(j, heads.v[i].origin);

		buf_add(&all, lines.data, lines.len);
		buf_release(&lines);
	}
	for (const char *line = acknowledged.data; *line; line = strchr(line, '\n') + 1) {
		size_t len = strcspn(line, "\n");
		const char *first = memmem(all.data, all.len, line, len);

		n++;
		if (!first)
			fail_msg("%.*s is lost", (int)len, line);
		if (memmem(first + 1, all.len - (size_t)(first + 1 - all.data), line, len))
			fail_msg("%.*s is there twice", (int)len, line);
	}
	print_message("%u events were acknowledged; %zu origins\n", n, heads.n);
	assert_true(n > 100);
	heads_release(&heads);
	buf_release(&all);
	buf_release(&acknowledged);
	journal_close(j);
}

static void check_heads(const char *key)
{
	struct hub *hub = hubs_open("ana", DB, NULL, 20000);
	struct heads there = HEADS_INIT;
	struct error err = ERROR_INIT;
	uint64_t sum = 0;
	char expected[32];

	assert_int_equal(hub->ops->heads(hub, key, &there, &err), 0);
	for (size_t i = 0; i < there.n; i++)
		sum += there.v[i].seq;
	(void)snprintf(expected, sizeof(expected), "%llu", (unsigned long long)sum);
	pgtest_is(DB, "select count(*) from minsky.event", expected);
	for (int i = 0; i < MACHINES; i++) {
		struct journal *j = journals_open(dirs[i]);
		struct heads here = HEADS_INIT;
		struct journals_verdict verdict = journals_verify(j);

		if (verdict.n)
			fail_msg("machine %d: %s: %s", i, verdict.v[0].file, verdict.v[0].what);
		assert_int_equal(journal_heads(j, &here, &err), 0);
		assert_true(heads_equal(&here, &there));
		heads_release(&here);
		journal_close(j);
	}
	heads_release(&there);
	hub->ops->close(hub);
}

static void check_rows(const char *key)
{
	struct backend *table = open_table(1);
	struct journal *j = journals_open(dirs[1]);
	struct projector_result result;
	struct heads heads = HEADS_INIT;
	struct error err = ERROR_INIT;
	struct buf expected = fold_of(0), rows;

	for (int i = 1; i < MACHINES; i++) {
		struct buf fold = fold_of(i);

		assert_string_equal(expected.data, fold.data);
		buf_release(&fold);
	}
	assert_int_equal(journal_heads(j, &heads, &err), 0);
	if (projector_run_upto(j, table, key, &heads, &result, &err) < 0)
		fail_msg("%s", err.msg);
	rows = rows_of(table, key);
	assert_string_equal(expected.data, rows.data);
	assert_false(fs_exists(scratch_path(shared, "backwards")));
	assert_false(fs_exists(scratch_path(shared, "bad-batch")));
	assert_false(fs_exists(scratch_path(shared, "differs")));
	assert_false(fs_exists(scratch_path(shared, "damaged")));
	buf_release(&rows);
	buf_release(&expected);
	heads_release(&heads);
	table->ops->close(table);
	journal_close(j);
}

static void twelve_machines_agree(void **state)
{
	const struct hub_repo repo = { .id = REPO, .name = "r" };
	char key[ID_HEX_SIZE];
	struct error err = ERROR_INIT;
	struct hub *hub;
	int64_t began;

	(void)state;
	pgtest_make(DB);
	scratch_make(shared);
	for (int i = 0; i < MACHINES; i++) {
		struct journal *j;

		scratch_make(dirs[i]);
		if (i >= COPIES) {
			copy_disk(i);
			continue;
		}
		j = journals_new(dirs[i]);
		for (int k = 0; k < 3; k++)
			journals_add(j, "{\"type\":\"session.odd\",\"data\":{}}");
		journal_close(j);
	}
	hub = hubs_open("ana", DB, NULL, 20000);
	assert_int_equal(hub->ops->join(hub, &repo, key, &err), 0);
	hub->ops->close(hub);
	run_for(getenv("MINSKY_TEST_LONG") ? 60 : 5, key);
	began = clock_monotonic_ms();
	refresh(key);
	check_heads(key);
	check_events();
	check_rows(key);
	print_message(
		"settled and compared in %lld ms\n", (long long)(clock_monotonic_ms() - began));
	for (int i = 0; i < MACHINES; i++)
		scratch_remove(dirs[i]);
	scratch_remove(shared);
	pgtest_drop(DB);
	unsetenv("MINSKY_NOW");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twelve_machines_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
