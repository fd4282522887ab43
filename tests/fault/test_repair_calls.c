/* A repair or a redaction that fails or is killed at any system call: nothing valid is lost, and
 * the next one ends as if it had been the first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/fault.h"
#include "lib/journals.h"
#include "lib/scratch.h"
#include "log/redact.h"
#include "log/repair.h"

#define RECORDS 12

static char dir[SCRATCH_SIZE];

/* A bad line in the middle, and another at the end, as records are found in the wild. */
static struct journal *make_damaged(void)
{
	struct journal *j;
	struct buf text;
	size_t line = 0;

	setenv("USER", "ana", 1);
	scratch_make(dir);
	j = journals_new(dir);
	journals_fill(j, 1, RECORDS);
	text = scratch_read(journals_segment(j));
	for (size_t i = 0; i < text.len; i++) {
		line += text.data[i] == '\n';
		if ((line == 4 || line == RECORDS - 1) && text.data[i] == '\n')
			text.data[i + 90]++;
	}
	scratch_write(journals_segment(j), text.data, text.len);
	buf_release(&text);
	return j;
}

static int repair(struct journal *j, struct error *err)
{
	struct repair_options options = { .dry_run = false };
	struct repair_result result;

	return journal_repair(j, &options, &result, NULL, NULL, err);
}

/* All but the two bad ones, once each, and nothing left to find. */
static void check_whole(struct journal *j)
{
	struct repair_options dry = { .dry_run = true };
	struct journal_reader *r = NULL;
	const struct record *rec = NULL;
	struct error err = ERROR_INIT;
	struct repair_result result;
	unsigned bodies = 0;

	if (repair(j, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(journal_reader_open(&r, j, NULL, 0, NULL, &err), 0);
	do {
		if (journal_reader_next(r, &rec, &err) < 0)
			fail_msg("%s", err.msg);
		bodies += rec && rec->body && strncmp(rec->body, "{\"n\":", 5) == 0;
	} while (rec);
	journal_reader_close(r);
	assert_int_equal(bodies, RECORDS - 2);
	assert_int_equal(journals_verify(j).n, 0);
	assert_int_equal(journal_repair(j, &dry, &result, NULL, NULL, &err), 0);
	assert_false(result.changed);
}

static struct journal *make_sound(void)
{
	struct journal *j;

	setenv("USER", "ana", 1);
	scratch_make(dir);
	j = journals_new(dir);
	journals_fill(j, 1, RECORDS);
	return j;
}

static int redact(struct journal *j, struct error *err)
{
	bool changed;

	return journal_redact(j, journal_origin(j), 3, "a name", &changed, err);
}

/* The body is gone from the disk, told of once, and all others are there. */
static void check_blank(struct journal *j)
{
	struct journals_verdict verdict;
	struct error err = ERROR_INIT;
	struct buf text;

	assert_int_equal(journals_verify(j).result.damaged, 0);
	if (redact(j, &err) < 0)
		fail_msg("%s", err.msg);
	verdict = journals_verify(j);
	assert_int_equal(verdict.n, 0);
	assert_true(verdict.result.redacted == 1);
	/* A torn end is told of, too. */
	assert_true(verdict.result.records - RECORDS - 1 <= 1);
	text = scratch_read(journals_segment(j));
	assert_null(strstr(text.data, "{\"n\":3}"));
	for (unsigned i = 1; i <= RECORDS; i++) {
		char body[32];

		(void)snprintf(body, sizeof(body), "{\"n\":%u}", i);
		assert_true((strstr(text.data, body) != NULL) == (i != 3));
	}
	buf_release(&text);
}

struct act {
	struct journal *(*make)(void);
	int (*act)(struct journal *j, struct error *err);
	void (*check)(struct journal *j);
};

static const struct act repairing = { make_damaged, repair, check_whole };
static const struct act redacting = { make_sound, redact, check_blank };

static void fails_once(const struct act *act)
{
	static const enum fault_kind kinds[] = { FAULT_EIO, FAULT_ENOSPC, FAULT_DYING,
		FAULT_SHORT };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		for (unsigned n = 1;; n++) {
			struct journal *j = act->make();
			struct error err = ERROR_INIT;
			int r;

			fault_arm(kinds[k], n);
			r = act->act(j, &err);
			fault_disarm();
			if (r < 0)
				assert_true(err.msg[0] != '\0');
			act->check(j);
			journal_close(j);
			scratch_remove(dir);
			if (!fault_fired()) {
				assert_int_equal(r, 0);
				assert_true(n > 20);
				break;
			}
		}
	}
}

static void killed(const struct act *act)
{
	static const enum fault_kind kinds[] = { FAULT_KILL_BEFORE, FAULT_KILL_HALF,
		FAULT_KILL_AFTER };

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		int status = FAULT_KILLED;

		for (unsigned n = 1; status == FAULT_KILLED; n++) {
			struct journal *j = act->make();
			struct error err = ERROR_INIT;
			pid_t pid = child_fork();

			if (!pid) {
				fault_arm(kinds[k], n);
				_exit(act->act(j, &err) < 0 ? 1 : 0);
			}
			assert_true(waitpid(pid, &status, 0) == pid);
			assert_true(WIFEXITED(status));
			status = WEXITSTATUS(status);
			assert_true(status == FAULT_KILLED || status == 0);
			act->check(j);
			journal_close(j);
			scratch_remove(dir);
		}
	}
}

static void each_call_of_a_repair_fails_once(void **state)
{
	(void)state;
	fails_once(&repairing);
}

static void a_repair_is_killed_at_each_call(void **state)
{
	(void)state;
	killed(&repairing);
}

static void each_call_of_a_redaction_fails_once(void **state)
{
	(void)state;
	fails_once(&redacting);
}

static void a_redaction_is_killed_at_each_call(void **state)
{
	(void)state;
	killed(&redacting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_of_a_repair_fails_once),
		cmocka_unit_test(a_repair_is_killed_at_each_call),
		cmocka_unit_test(each_call_of_a_redaction_fails_once),
		cmocka_unit_test(a_redaction_is_killed_at_each_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
