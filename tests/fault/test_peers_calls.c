/*
 * Importing while the system fails: what was flushed stays, what was there before stays, and the
 * next import completes the copy, byte for byte.
 */
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
#include "log/peers.h"

#define OLD 3 /* records that were imported before */
#define ALL 6

static char there[SCRATCH_SIZE];
static struct journal *theirs;

static int make(void **state)
{
	(void)state;
	scratch_make(there);
	theirs = journals_new(there);
	journals_fill(theirs, 1, ALL - 1);
	journals_add(theirs,
		"{\"type\":\"event.redacted\",\"data\":{\"origin\":"
		"\"0123456789abcdef0123456789abcdef\",\"seq\":9}}");
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	journal_close(theirs);
	scratch_remove(there);
	return 0;
}

struct scenario {
	const char *name;
	unsigned old;
	const char *segment_size;
	bool torn;
};

static const struct scenario scenarios[] = {
	{ "fresh", 0, NULL, false },
	{ "more", OLD, NULL, false },
	{ "roll", OLD, "700", false },
	{ "torn", OLD, NULL, true },
};

#define N_SCENARIOS (sizeof(scenarios) / sizeof(*scenarios))

static struct journal *begin(const struct scenario *s, char dir[SCRATCH_SIZE])
{
	struct error err = ERROR_INIT;
	struct journal *j;

	scratch_make(dir);
	if (s->segment_size)
		setenv("MINSKY_SEGMENT_SIZE", s->segment_size, 1);
	j = journals_new(dir);
	journals_fill(j, 1, 2);
	if (s->old)
		assert_int_equal(
			journals_import(j, theirs, journal_origin(theirs), 0, s->old, &err), 0);
	if (s->torn) {
		char name[128];
		struct buf text;

		(void)snprintf(name, sizeof(name), "peers/%s.%020u.log", journal_origin(theirs), 1);
		text = scratch_read(scratch_path(dir, name));
		buf_adds(&text, "{\"origin\":\"00");
		scratch_write(scratch_path(dir, name), text.data, text.len);
		buf_release(&text);
	}
	unsetenv("MINSKY_SEGMENT_SIZE");
	return j;
}

/* The source is read before, so that only the copy's own calls are counted. */
static struct record records[ALL];
static char bodies[ALL][256];

static int load(void **state)
{
	struct journal_reader *reader = NULL;
	const struct record *rec = NULL;
	struct error err = ERROR_INIT;

	make(state);
	assert_int_equal(journal_reader_open(&reader, theirs, NULL, 0, NULL, &err), 0);
	for (size_t i = 0; i < ALL; i++) {
		assert_int_equal(journal_reader_next(reader, &rec, &err), 0);
		records[i] = *rec;
		memcpy(bodies[i], rec->body, rec->body_len);
		records[i].body = bodies[i];
	}
	journal_reader_close(reader);
	return 0;
}

static int import_all(struct journal *j, struct error *err)
{
	struct peer_import *p = NULL;
	struct head head;
	int r = peer_import_open(&p, j, journal_origin(theirs), ALL, 1000, err);

	if (r == 0)
		peer_import_head(p, &head);
	for (uint64_t i = r == 0 ? head.seq : 0; r == 0 && i < ALL; i++)
		r = peer_import_add(p, &records[i], err);
	if (r == 0)
		r = peer_import_flush(p, err);
	peer_import_close(p);
	return r;
}

static void check_after(const struct scenario *s, const char *dir, bool stored)
{
	struct journal *j = journals_open(dir);
	struct journals_verdict verdict;
	struct heads heads = HEADS_INIT;
	struct error err = ERROR_INIT;
	const struct head *head;
	struct peer_blank *v = NULL;
	struct buf a, b;
	size_t n;

	assert_int_equal(journal_heads(j, &heads, &err), 0);
	head = heads_find(&heads, journal_origin(theirs));
	if (stored)
		assert_true(head && head->seq == ALL);
	else
		assert_true((head ? head->seq : 0) >= s->old);
	/* Whoever has the event has the note that goes with it. */
	if (head && head->seq == ALL) {
		assert_int_equal(peers_blanks(&v, &n, j, &err), 0);
		assert_true(n >= 1);
		free(v);
	}
	heads_release(&heads);
	if (import_all(j, &err) < 0)
		fail_msg("%s", err.msg);
	a = journals_lines(j, journal_origin(theirs));
	b = journals_lines(theirs, journal_origin(theirs));
	assert_string_equal(a.data, b.data);
	buf_release(&a);
	buf_release(&b);
	journals_add(j, "{\"after\":1}");
	verdict = journals_verify(j);
	if (verdict.n)
		fail_msg("%s: %s: %s", s->name, verdict.v[0].file, verdict.v[0].what);
	journal_close(j);
}

static void fail_each_call(enum fault_kind kind, const struct scenario *s)
{
	for (unsigned n = 1;; n++) {
		struct error err = ERROR_INIT;
		char dir[SCRATCH_SIZE];
		struct journal *j = begin(s, dir);
		int r;

		fault_arm(kind, n);
		r = import_all(j, &err);
		fault_disarm();
		journal_close(j);
		if (r < 0)
			assert_true(err.msg[0] != '\0');
		if (!fault_fired() || kind == FAULT_SHORT || kind == FAULT_ONE_BYTE)
			assert_int_equal(r, 0);
		check_after(s, dir, r == 0);
		scratch_remove(dir);
		if (!fault_fired()) {
			assert_true(n > 10);
			return;
		}
	}
}

static void a_failing_call_costs_nothing(void **state)
{
	static const enum fault_kind kinds[] = { FAULT_EIO, FAULT_ENOSPC, FAULT_EINTR, FAULT_SHORT,
		FAULT_ONE_BYTE, FAULT_DYING, FAULT_FULL };

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		for (size_t i = 0; i < N_SCENARIOS; i++)
			fail_each_call(kinds[k], &scenarios[i]);
}

static void a_process_that_ends_at_any_call_costs_nothing(void **state)
{
	static const enum fault_kind kinds[] = { FAULT_KILL_BEFORE, FAULT_KILL_HALF,
		FAULT_KILL_AFTER };

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		for (size_t i = 0; i < N_SCENARIOS; i++) {
			int status = 1;

			for (unsigned n = 1; status; n++) {
				char dir[SCRATCH_SIZE];
				struct journal *j = begin(&scenarios[i], dir);
				struct error err = ERROR_INIT;
				pid_t pid = child_fork();

				if (!pid) {
					fault_arm(kinds[k], n);
					_exit(import_all(j, &err) == 0 ? 0 : 1);
				}
				assert_int_equal(waitpid(pid, &status, 0), pid);
				assert_true(WIFEXITED(status));
				status = WEXITSTATUS(status);
				assert_true(status == 0 || status == FAULT_KILLED);
				journal_close(j);
				check_after(&scenarios[i], dir, !status);
				scratch_remove(dir);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_failing_call_costs_nothing, load, unmake),
		cmocka_unit_test_setup_teardown(
			a_process_that_ends_at_any_call_costs_nothing, load, unmake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
