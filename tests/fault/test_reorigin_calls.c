/* A new origin that fails or is killed at any system call: every record is there once, under the
 * old origin or the new one, and the next try ends as if it had been the first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>
#include <unistd.h>

#include "core/fs.h"
#include "lib/child.h"
#include "lib/fault.h"
#include "lib/journals.h"
#include "lib/scratch.h"
#include "log/reorigin.h"

#define RECORDS 9
#define COMMON 5

static char dir[SCRATCH_SIZE];
static struct head common;

/* Five segments; the last common record stands within one. */
static struct journal *make(void)
{
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	const struct record *rec;
	struct journal *j;

	setenv("USER", "ana", 1);
	setenv("MINSKY_SEGMENT_SIZE", "600", 1);
	scratch_make(dir);
	j = journals_new(dir);
	journals_fill(j, 1, RECORDS);
	assert_true(journals_count_segments(j) > 3);
	assert_int_equal(journal_reader_open(&r, j, NULL, COMMON - 1, NULL, &err), 0);
	assert_int_equal(journal_reader_next(r, &rec, &err), 0);
	common.seq = rec->seq;
	memcpy(common.origin, rec->origin, sizeof(common.origin));
	memcpy(common.hash, rec->hash, sizeof(common.hash));
	journal_reader_close(r);
	return j;
}

static void count(struct journal *j, unsigned seen[RECORDS])
{
	struct heads heads = HEADS_INIT;
	struct error err = ERROR_INIT;

	memset(seen, 0, RECORDS * sizeof(*seen));
	assert_int_equal(journal_heads(j, &heads, &err), 0);
	for (size_t i = 0; i < heads.n; i++) {
		struct journal_reader *r = NULL;
		const struct record *rec = NULL;
		unsigned n;

		assert_int_equal(journal_reader_open(&r, j, heads.v[i].origin, 0, NULL, &err), 0);
		do {
			if (journal_reader_next(r, &rec, &err) < 0)
				fail_msg("%s", err.msg);
			if (rec && rec->body && sscanf(rec->body, "{\"n\":%u}", &n) == 1)
				seen[n - 1]++;
		} while (rec);
		journal_reader_close(r);
	}
	heads_release(&heads);
}

static void check(void)
{
	struct journal *j = journals_open(dir);
	struct reorigin_result result;
	struct error err = ERROR_INIT;
	unsigned seen[RECORDS];

	count(j, seen);
	for (size_t i = 0; i < RECORDS; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(journals_verify(j).result.damaged, 0);
	if (journal_reorigin(j, &common, false, 0, &result, &err) < 0)
		fail_msg("%s", err.msg);
	count(j, seen);
	for (size_t i = 0; i < RECORDS; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(journals_verify(j).n, 0);
	assert_true(result.head.seq == RECORDS - COMMON + 1);
	assert_false(fs_exists(scratch_path(dir, "moving")));
	assert_true(journals_add(j, "{}").seq == RECORDS - COMMON + 2);
	journal_close(j);
}

static void each_call_fails_once(void **state)
{
	static const enum fault_kind kinds[] = { FAULT_EIO, FAULT_ENOSPC, FAULT_DYING, FAULT_FULL,
		FAULT_SHORT, FAULT_EINTR };

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		for (unsigned n = 1;; n++) {
			struct journal *j = make();
			struct reorigin_result result;
			struct error err = ERROR_INIT;
			int r;

			fault_arm(kinds[k], n);
			r = journal_reorigin(j, &common, false, 0, &result, &err);
			fault_disarm();
			if (r < 0)
				assert_true(err.msg[0] != '\0');
			journal_close(j);
			check();
			scratch_remove(dir);
			if (!fault_fired()) {
				assert_int_equal(r, 0);
				assert_true(n > 60);
				break;
			}
		}
	}
}

static void killed_at_each_call(void **state)
{
	static const enum fault_kind kinds[] = { FAULT_KILL_BEFORE, FAULT_KILL_HALF,
		FAULT_KILL_AFTER };

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		int status = FAULT_KILLED;

		for (unsigned n = 1; status == FAULT_KILLED; n++) {
			struct journal *j = make();
			struct reorigin_result result;
			struct error err = ERROR_INIT;
			pid_t pid = child_fork();

			if (!pid) {
				fault_arm(kinds[k], n);
				_exit(journal_reorigin(j, &common, false, 0, &result, &err) < 0);
			}
			assert_true(waitpid(pid, &status, 0) == pid);
			assert_true(WIFEXITED(status));
			status = WEXITSTATUS(status);
			assert_true(status == FAULT_KILLED || status == 0);
			journal_close(j);
			check();
			scratch_remove(dir);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_fails_once),
		cmocka_unit_test(killed_at_each_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
