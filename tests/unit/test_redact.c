/* Blanking a body: the event first, the rest of the journal byte for byte, readers go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "lib/journals.h"
#include "lib/scratch.h"
#include "log/redact.h"

#define RECORDS 30

static char dir[SCRATCH_SIZE];
static struct journal *journal;

static int setup(void **state)
{
	(void)state;
	setenv("USER", "ana", 1);
	scratch_make(dir);
	journal = journals_new(dir);
	journals_fill(journal, 1, RECORDS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unsetenv("MINSKY_SEGMENT_SIZE");
	journal_close(journal);
	scratch_remove(dir);
	return 0;
}

static int redact(uint64_t seq, bool *changed)
{
	struct error err = ERROR_INIT;

	return journal_redact(journal, journal_origin(journal), seq, "a name", changed, &err);
}

static void every_record_can_be_blanked_and_all_others_stay(void **state)
{
	struct journals_verdict verdict;

	(void)state;
	for (uint64_t seq = 1; seq <= RECORDS; seq++) {
		bool changed = false;

		assert_int_equal(redact(seq, &changed), 0);
		assert_true(changed);
		verdict = journals_verify(journal);
		assert_int_equal(verdict.n, 0);
		assert_true(verdict.result.redacted == seq);
		assert_true(verdict.result.records == RECORDS + seq);
		assert_int_equal(journals_read(journal, 0).code, 0);
	}
	assert_true(journals_fill(journal, 1, 1).seq == 2 * RECORDS + 1);
}

static void in_an_older_segment_too(void **state)
{
	bool changed = false;

	(void)state;
	journal_close(journal);
	setenv("MINSKY_SEGMENT_SIZE", "900", 1);
	journal = journals_open(dir);
	journals_fill(journal, 31, 9);
	assert_true(journals_count_segments(journal) > 2);
	assert_int_equal(redact(32, &changed), 0);
	assert_int_equal(redact(2, &changed), 0);
	assert_int_equal(journals_verify(journal).n, 0);
	assert_true(journals_verify(journal).result.redacted == 2);
}

static void a_second_time_nothing_is_done(void **state)
{
	bool changed = true;

	(void)state;
	assert_int_equal(redact(5, &changed), 0);
	assert_int_equal(redact(5, &changed), 0);
	assert_false(changed);
	assert_true(journals_verify(journal).result.records == RECORDS + 1);
}

static void what_the_journal_needs_or_has_not_is_refused(void **state)
{
	bool changed = false;

	(void)state;
	assert_int_equal(redact(RECORDS + 1, &changed), ERR_NOTFOUND);
	assert_int_equal(redact(5, &changed), 0);
	assert_int_equal(redact(RECORDS + 1, &changed), ERR_REFUSED);
	journals_add(journal, "{\"type\":\"journal.opened\",\"v\":1}");
	assert_int_equal(redact(RECORDS + 2, &changed), ERR_REFUSED);
	assert_true(journals_verify(journal).result.redacted == 1);
}

/* One that stands in the middle, and one at the end, of the file that goes away. */
static void readers_that_have_the_old_file_open_go_on(void **state)
{
	struct journal_reader *middle = NULL, *end = NULL;
	struct error err = ERROR_INIT;
	const struct record *rec = NULL;
	uint64_t n = 10;
	bool changed;

	(void)state;
	assert_int_equal(journal_reader_open(&middle, journal, NULL, 10, NULL, &err), 0);
	assert_int_equal(journal_reader_open(&end, journal, NULL, RECORDS, NULL, &err), 0);
	assert_int_equal(journal_reader_next(end, &rec, &err), 0);
	assert_null(rec);
	assert_int_equal(redact(3, &changed), 0);
	assert_int_equal(redact(20, &changed), 0);
	journals_fill(journal, 1, 1);
	for (;; n++) {
		assert_int_equal(journal_reader_next(middle, &rec, &err), 0);
		if (!rec)
			break;
		assert_true(rec->seq == n + 1);
	}
	assert_true(n == RECORDS + 3);
	for (n = RECORDS;; n++) {
		assert_int_equal(journal_reader_next(end, &rec, &err), 0);
		if (!rec)
			break;
		assert_true(rec->seq == n + 1);
	}
	assert_true(n == RECORDS + 3);
	journal_reader_close(middle);
	journal_reader_close(end);
}

/* The event is there, the body too: killed in between. */
static void a_redaction_that_was_cut_short_is_finished(void **state)
{
	struct buf before = scratch_read(journals_segment(journal)), after;
	const char *event;
	struct buf mixed = BUF_INIT;
	bool changed = false;

	(void)state;
	assert_int_equal(redact(7, &changed), 0);
	after = scratch_read(journals_segment(journal));
	event = (const char *)memrchr(after.data, '\n', after.len - 1) + 1;
	buf_add(&mixed, before.data, before.len);
	buf_adds(&mixed, event);
	scratch_write(journals_segment(journal), mixed.data, mixed.len);
	assert_int_equal(journals_verify(journal).n, 0);
	assert_int_equal(redact(7, &changed), 0);
	assert_true(changed);
	buf_clear(&mixed);
	buf_release(&before);
	before = scratch_read(journals_segment(journal));
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, after.len);
	buf_release(&before);
	buf_release(&after);
	buf_release(&mixed);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(every_record_can_be_blanked_and_all_others_stay),
		test(in_an_older_segment_too),
		test(a_second_time_nothing_is_done),
		test(what_the_journal_needs_or_has_not_is_refused),
		test(readers_that_have_the_old_file_open_go_on),
		test(a_redaction_that_was_cut_short_is_finished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
