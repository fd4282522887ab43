/* Machines that exchange their events through a hub which loses answers, forgets, and is copied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"
#include "hub/dirhub.h"
#include "lib/child.h"
#include "lib/journals.h"
#include "lib/scratch.h"
#include "log/exchange.h"
#include "log/hub_state.h"
#include "log/redact.h"

#define MACHINES 3
#define REPO "0123456789abcdef0123456789abcdef"

static char hub_dir[SCRATCH_SIZE], dirs[MACHINES][SCRATCH_SIZE];
static struct journal *m[MACHINES];
static struct hub *hub;
static char key[ID_HEX_SIZE];
static struct error err;
static struct exchange_result last;

static int begin(void **state)
{
	const struct hub_repo repo = { .id = REPO, .name = "r" };

	(void)state;
	setenv("MINSKY_NOW", "2026-01-01T00:00:00Z", 1);
	setenv("MINSKY_DIRHUB_ROLE", "ana", 1);
	scratch_make(hub_dir);
	for (int i = 0; i < MACHINES; i++) {
		scratch_make(dirs[i]);
		m[i] = journals_new(dirs[i]);
	}
	error_clear(&err);
	assert_int_equal(dirhub_open(&hub, hub_dir, &err), 0);
	assert_int_equal(hub->ops->join(hub, &repo, key, &err), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	exchange_release(&last);
	last = (struct exchange_result){ .complete = false };
	hub->ops->close(hub);
	scratch_remove(hub_dir);
	for (int i = 0; i < MACHINES; i++) {
		journal_close(m[i]);
		scratch_remove(dirs[i]);
	}
	unsetenv("MINSKY_NOW");
	return 0;
}

static int try_exchange(int i)
{
	const struct exchange x = { .hub = hub, .key = key, .host = "mira" };

	exchange_release(&last);
	last = (struct exchange_result){ .complete = false };
	return exchange_run(m[i], &x, &last, &err);
}

static void exchange(int i)
{
	if (try_exchange(i) < 0)
		fail_msg("%s", err.msg);
	if (last.trouble)
		fail_msg("%s: %s", exchange_trouble_name(last.trouble), last.what);
	assert_true(last.complete);
	assert_true(last.unpushed == 0);
}

static void trouble(int i, enum exchange_trouble expected)
{
	if (try_exchange(i) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(exchange_trouble_name(last.trouble), exchange_trouble_name(expected));
	assert_string_not_equal(last.what, "");
}

static struct heads heads_of(int i)
{
	struct heads out = HEADS_INIT;

	assert_int_equal(journal_heads(m[i], &out, &err), 0);
	return out;
}

/* Machine i holds what the hub holds, line by line, and nothing else. */
static void same_as_hub(int i)
{
	struct heads local = heads_of(i), there = HEADS_INIT;
	struct journals_verdict verdict = journals_verify(m[i]);

	assert_int_equal(hub->ops->heads(hub, key, &there, &err), 0);
	assert_true(heads_equal(&local, &there));
	for (size_t k = 0; k < there.n; k++) {
		struct buf a = journals_lines(m[i], there.v[k].origin), b;
		char name[80];

		(void)snprintf(name, sizeof(name), "%s/%s", key, there.v[k].origin);
		b = scratch_read(scratch_path(hub_dir, name));
		assert_string_equal(a.data, b.data);
		buf_release(&a);
		buf_release(&b);
	}
	if (verdict.n)
		fail_msg("%s: %s", verdict.v[0].file, verdict.v[0].what);
	heads_release(&local);
	heads_release(&there);
}

/* How often a text stands in everything that machine i reads. */
static unsigned told(int i, const char *body)
{
	struct heads heads = heads_of(i);
	unsigned n = 0;

	for (size_t k = 0; k < heads.n; k++) {
		struct buf a = journals_lines(m[i], heads.v[k].origin);

		for (const char *p = a.data; (p = strstr(p, body)); p++)
			n++;
		buf_release(&a);
	}
	heads_release(&heads);
	return n;
}

static void put(const char *name, const char *text)
{
	scratch_write(scratch_path(hub_dir, name), text, strlen(text));
}

static void take_away(const char *name)
{
	assert_int_equal(unlink(scratch_path(hub_dir, name)), 0);
}

static void each_gets_what_the_others_have(void **state)
{
	(void)state;
	journals_fill(m[0], 1, 3);
	journals_fill(m[1], 10, 2);
	exchange(0);
	assert_true(last.done.pushed == 3 && last.done.pulled == 0);
	exchange(1);
	assert_true(last.done.pushed == 2 && last.done.pulled == 3);
	exchange(2);
	assert_true(last.done.pulled == 5);
	exchange(0);
	assert_true(last.done.pulled == 2 && last.done.pushed == 0);
	for (int i = 0; i < MACHINES; i++)
		same_as_hub(i);
	exchange(0);
	assert_true(last.done.pulled == 0 && last.done.pushed == 0);
}

/* Of a batch less one, a batch, and one more, and twice that. */
static void nothing_is_left_out_between_two_batches(void **state)
{
	static const unsigned counts[] = { HUB_BATCH_RECORDS - 1, 1, 1, HUB_BATCH_RECORDS - 1,
		2 * HUB_BATCH_RECORDS };
	struct heads local = HEADS_INIT;
	unsigned n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		struct journal_entry entries[2 * HUB_BATCH_RECORDS];

		for (unsigned k = 0; k < counts[i]; k++)
			entries[k] = (struct journal_entry){ "{}", 2 };
		assert_int_equal(journal_append(m[0], entries, counts[i], 1000, NULL, &err), 0);
		n += counts[i];
		exchange(0);
		exchange(1);
		assert_true(last.done.pulled == counts[i]);
	}
	same_as_hub(1);
	local = heads_of(1);
	assert_true(local.v[0].seq == n);
	heads_release(&local);
}

static void large_records_go_in_several_batches(void **state)
{
	static char body[60000];

	(void)state;
	memset(body, 'x', sizeof(body));
	memcpy(body, "{\"t\":\"", 6);
	memcpy(body + sizeof(body) - 3, "\"}", 3);
	for (int i = 0; i < 40; i++)
		journals_add(m[0], body);
	exchange(0);
	exchange(1);
	same_as_hub(1);
}

static void a_lost_answer_costs_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		journals_fill(m[0], 1, 3);
		put("drop", "1");
		assert_int_equal(try_exchange(0), ERR_BACKEND);
		if (i)
			journals_fill(m[0], 4, 2);
		exchange(0);
	}
	exchange(1);
	same_as_hub(0);
	same_as_hub(1);
	assert_int_equal(told(1, "\"n\":1}"), 2);
	assert_int_equal(told(1, "\"n\":4}"), 1);
}

static void what_does_not_answer_is_tried_later(void **state)
{
	(void)state;
	journals_fill(m[0], 1, 3);
	put("down", "");
	assert_int_equal(try_exchange(0), ERR_BACKEND);
	take_away("down");
	exchange(0);
	same_as_hub(0);
}

/* With its arguments as $1 and $2. */
static void shell(const char *script, const char *a, const char *b)
{
	pid_t pid = child_fork();
	int status;

	if (!pid) {
		execlp("sh", "sh", "-ec", script, "sh", a, b, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* The copy has the same origin and, on the same file system, another inode. */
static void copy_home(int from, int to)
{
	journal_close(m[to]);
	shell("rm -rf \"$2\" && cp -a \"$1\" \"$2\"", dirs[from], dirs[to]);
	m[to] = journals_open(dirs[to]);
}

/* Pretend that the copy's directory is the same: what a copied disk looks like. */
static void forget_fence(int i)
{
	struct buf text = scratch_read(scratch_path(dirs[i], "origin")), out = BUF_INIT;

	for (const char *line = text.data; *line; line = strchr(line, '\n') + 1)
		if (strncmp(line, "inode ", 6) != 0 && strncmp(line, "born ", 5) != 0)
			buf_addf(&out, "%.*s\n", (int)strcspn(line, "\n"), line);
	scratch_write(scratch_path(dirs[i], "origin"), out.data, out.len);
	buf_release(&text);
	buf_release(&out);
	journal_close(m[i]);
	m[i] = journals_open(dirs[i]);
}

static void a_copied_disk_goes_on_as_a_new_origin(void **state)
{
	char origin[ID_HEX_SIZE];
	struct head parent;

	(void)state;
	journals_fill(m[0], 1, 3);
	exchange(0);
	copy_home(0, 1);
	forget_fence(1);
	assert_string_equal(journal_origin(m[0]), journal_origin(m[1]));
	memcpy(origin, journal_origin(m[0]), sizeof(origin));
	journals_fill(m[0], 100, 3);
	journals_fill(m[1], 200, 2);
	exchange(0);
	exchange(1);
	assert_true(last.forked == 2);
	assert_string_not_equal(journal_origin(m[1]), origin);
	assert_true(journal_parent(m[1], &parent));
	assert_string_equal(parent.origin, origin);
	assert_true(parent.seq == 3);
	exchange(0);
	exchange(2);
	for (int i = 0; i < MACHINES; i++) {
		same_as_hub(i);
		assert_int_equal(told(i, "\"n\":1}"), 1);
		assert_int_equal(told(i, "\"n\":100}"), 1);
		assert_int_equal(told(i, "\"n\":102}"), 1);
		assert_int_equal(told(i, "\"n\":200}"), 1);
		assert_int_equal(told(i, "\"n\":201}"), 1);
	}
	journals_fill(m[0], 300, 1);
	journals_fill(m[1], 400, 1);
	exchange(1);
	exchange(0);
	exchange(1);
	same_as_hub(0);
	same_as_hub(1);
}

/* The other half has pushed what we have not even written yet. */
static void a_copy_that_fell_behind_goes_on_as_a_new_origin(void **state)
{
	(void)state;
	journals_fill(m[0], 1, 3);
	exchange(0);
	copy_home(0, 1);
	forget_fence(1);
	journals_fill(m[0], 100, 2);
	exchange(0);
	exchange(1);
	assert_string_not_equal(journal_origin(m[0]), journal_origin(m[1]));
	exchange(0);
	same_as_hub(0);
	same_as_hub(1);
}

/* What the fence sees: the copy forks off by itself, and the original's events come later. */
static void a_copied_home_gets_its_parents_later_events(void **state)
{
	(void)state;
	journals_fill(m[0], 1, 3);
	copy_home(0, 1);
	journals_fill(m[1], 200, 1);
	assert_string_not_equal(journal_origin(m[0]), journal_origin(m[1]));
	/* The copy pushes what the original has not pushed yet: it is the same. */
	exchange(1);
	journals_fill(m[0], 100, 2);
	exchange(0);
	assert_true(last.forked == 0);
	exchange(1);
	exchange(2);
	for (int i = 0; i < MACHINES; i++)
		assert_int_equal(told(i, "\"n\":101}"), 1);
	exchange(0);
	for (int i = 0; i < MACHINES; i++)
		same_as_hub(i);
}

static void a_copied_home_of_another_account_is_healed(void **state)
{
	(void)state;
	journals_fill(m[0], 1, 3);
	exchange(0);
	copy_home(0, 1);
	forget_fence(1);
	journals_fill(m[1], 200, 1);
	setenv("MINSKY_DIRHUB_ROLE", "bob", 1);
	exchange(1);
	assert_true(last.forked == 1);
	exchange(1);
	setenv("MINSKY_DIRHUB_ROLE", "ana", 1);
	exchange(0);
	same_as_hub(0);
	same_as_hub(1);
}

static void a_hub_restored_from_an_old_backup_is_refilled(void **state)
{
	(void)state;
	journals_fill(m[0], 1, 3);
	journals_fill(m[1], 10, 1);
	exchange(0);
	exchange(1);
	shell("rm -rf \"$1.old\" && cp -a \"$1\" \"$1.old\"", hub_dir, "");
	journals_fill(m[0], 100, 3);
	journals_fill(m[2], 50, 2);
	exchange(0);
	exchange(2);
	exchange(1);
	shell("rm -rf \"$1\" && mv \"$1.old\" \"$1\"", hub_dir, "");
	/* Machine 2 is gone for good: machine 1 holds a copy of its events, and of those of 0. */
	exchange(1);
	same_as_hub(1);
	journals_fill(m[0], 103, 1);
	exchange(0);
	same_as_hub(0);
	assert_int_equal(told(0, "\"n\":51}"), 1);
}

static void a_clock_far_ahead_keeps_its_events_until_it_is_right(void **state)
{
	(void)state;
	journals_fill(m[0], 1, 2);
	exchange(0);
	/* Ours is ten minutes ahead of the server's. */
	put("skew", "-600000");
	setenv("MINSKY_NOW", "2026-01-01T00:10:00Z", 1);
	journals_fill(m[0], 3, 2);
	trouble(0, EXCHANGE_CLOCK);
	assert_true(last.unpushed == 2);
	journals_fill(m[1], 50, 1);
	/* It is set right: the server's time has moved on little. */
	put("skew", "0");
	setenv("MINSKY_NOW", "2026-01-01T00:01:00Z", 1);
	journals_fill(m[0], 5, 1);
	exchange(0);
	assert_true(last.forked == 3);
	exchange(1);
	exchange(0);
	same_as_hub(0);
	assert_int_equal(told(1, "\"n\":3}"), 1);
	assert_int_equal(told(1, "\"n\":5}"), 1);
}

static void redacted_bodies_go_everywhere(void **state)
{
	struct head head;
	bool changed;

	(void)state;
	head = journals_add(m[0], "{\"secret\":1}");
	exchange(0);
	exchange(1);
	assert_int_equal(told(1, "secret"), 1);
	assert_int_equal(journal_redact(m[0], head.origin, head.seq, "a slip", &changed, &err), 0);
	/* Nobody may blank the hub's copy. */
	trouble(0, EXCHANGE_REDACT);
	exchange(1);
	assert_int_equal(last.blanked, 1);
	assert_int_equal(told(1, "secret"), 0);
	/* A machine that is new gets the body, and the redaction with it. */
	exchange(2);
	assert_int_equal(last.blanked, 1);
	assert_int_equal(told(2, "secret"), 0);
	put("keeper", "ana");
	head = journals_add(m[0], "{\"secret\":2}");
	exchange(0);
	assert_int_equal(journal_redact(m[0], head.origin, head.seq, "a slip", &changed, &err), 0);
	exchange(0);
	exchange(1);
	assert_int_equal(told(1, "secret"), 0);
}

static void a_redacted_record_can_be_pushed(void **state)
{
	struct head head;
	bool changed;

	(void)state;
	put("keeper", "ana");
	head = journals_add(m[0], "{\"secret\":1}");
	assert_int_equal(journal_redact(m[0], head.origin, head.seq, "a slip", &changed, &err), 0);
	exchange(0);
	exchange(1);
	same_as_hub(1);
}

/* Somebody has tampered with the hub. */
static void what_the_hub_makes_up_is_not_taken(void **state)
{
	struct buf text;
	char name[80];

	(void)state;
	journals_fill(m[0], 1, 4);
	journals_fill(m[2], 7, 1);
	exchange(0);
	exchange(2);
	(void)snprintf(name, sizeof(name), "%s/%s", key, journal_origin(m[0]));
	text = scratch_read(scratch_path(hub_dir, name));
	*strstr(text.data, "\"n\":3}") = ' ';
	scratch_write(scratch_path(hub_dir, name), text.data, text.len);
	trouble(1, EXCHANGE_DIFFERS);
	assert_false(last.complete);
	/* What is good has come all the same. */
	assert_int_equal(told(1, "\"n\":7}"), 1);
	assert_int_equal(told(1, "\"n\":3}"), 0);
	buf_release(&text);
}

static void time_that_runs_out_is_no_failure(void **state)
{
	struct exchange x = { .hub = hub, .key = key, .host = "mira" };

	(void)state;
	journals_fill(m[0], 1, 3);
	exchange(0);
	x.until = clock_monotonic_ms() - 1;
	exchange_release(&last);
	assert_int_equal(exchange_run(m[1], &x, &last, &err), 0);
	assert_false(last.complete);
	exchange(1);
	same_as_hub(1);
}

static void a_retired_origin_is_followed_by_a_new_one(void **state)
{
	(void)state;
	journals_fill(m[0], 1, 2);
	exchange(0);
	assert_int_equal(hub->ops->retire(hub, key, journal_origin(m[0]), &err), 0);
	journals_fill(m[0], 3, 1);
	exchange(0);
	exchange(1);
	same_as_hub(0);
	same_as_hub(1);
	assert_int_equal(told(1, "\"n\":3}"), 1);
}

static void the_state_says_when_to_try_again(void **state)
{
	struct hub_state s = { .fails = 0 }, back;
	int64_t now = clock_now_ms();
	int fd, other;

	(void)state;
	for (int i = 0; i < 12; i++) {
		int64_t delay = i < 9 ? INT64_C(1000) << i : 300000;

		hub_state_failed(&s, ERR_BACKEND, "down\nand out", now);
		assert_in_range(s.next_try - now, delay / 2, delay * 3 / 2);
	}
	assert_int_equal(hub_state_write(&s, dirs[0], "0123456789abcdef", &err), 0);
	hub_state_read(&back, dirs[0], "0123456789abcdef");
	assert_true(back.fails == 12 && back.next_try == s.next_try && back.tried_at == now);
	assert_string_equal(back.failure, "backend-unreachable");
	assert_string_equal(back.message, "down and out");
	hub_state_failed(&s, ERR_REFUSED, "password", now);
	assert_true(s.next_try == INT64_MAX);
	hub_state_succeeded(&s, now);
	assert_true(s.fails == 0 && s.done_at == now);
	hub_state_read(&back, dirs[1], "0123456789abcdef");
	assert_true(back.fails == 0 && back.done_at == 0);

	assert_false(hub_due(dirs[0], now));
	assert_int_equal(hub_due_set(dirs[0], now + 1, &err), 0);
	assert_false(hub_due(dirs[0], now));
	assert_true(hub_due(dirs[0], now + 1));
	assert_int_equal(hub_due_set(dirs[0], INT64_MAX, &err), 0);
	assert_false(hub_due(dirs[0], INT64_MAX));
	assert_int_equal(hub_due_set(dirs[0], INT64_MAX, &err), 0);

	assert_int_equal(hub_state_lock(dirs[0], 0, &fd, &err), 0);
	assert_int_equal(hub_state_lock(dirs[0], 0, &other, &err), ERR_BUSY);
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_gets_what_the_others_have),
		TEST(nothing_is_left_out_between_two_batches),
		TEST(large_records_go_in_several_batches),
		TEST(a_lost_answer_costs_nothing),
		TEST(what_does_not_answer_is_tried_later),
		TEST(a_copied_disk_goes_on_as_a_new_origin),
		TEST(a_copy_that_fell_behind_goes_on_as_a_new_origin),
		TEST(a_copied_home_gets_its_parents_later_events),
		TEST(a_copied_home_of_another_account_is_healed),
		TEST(a_hub_restored_from_an_old_backup_is_refilled),
		TEST(a_clock_far_ahead_keeps_its_events_until_it_is_right),
		TEST(redacted_bodies_go_everywhere),
		TEST(a_redacted_record_can_be_pushed),
		TEST(what_the_hub_makes_up_is_not_taken),
		TEST(time_that_runs_out_is_no_failure),
		TEST(a_retired_origin_is_followed_by_a_new_one),
		TEST(the_state_says_when_to_try_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
