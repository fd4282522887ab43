/* What an earlier run of verify has read is not read again, and nothing is overlooked for that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "core/fs.h"
#include "lib/journals.h"
#include "lib/scratch.h"
#include "log/redact.h"
#include "log/repair.h"

static char dir[SCRATCH_SIZE];
static struct journal *journal;

static int setup(void **state)
{
	(void)state;
	setenv("USER", "ana", 1);
	setenv("MINSKY_SEGMENT_SIZE", "900", 1);
	scratch_make(dir);
	journal = journals_new(dir);
	journals_fill(journal, 1, 12);
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

struct seen {
	struct verify_result result;
	size_t findings;
	char what[128];
	uint64_t told, total; /* the last that progress said */
};

static void found(void *arg, const struct verify_finding *f)
{
	struct seen *seen = arg;

	if (!seen->findings++)
		(void)snprintf(seen->what, sizeof(seen->what), "%s", f->what);
}

static void tell(void *arg, uint64_t bytes, uint64_t total)
{
	struct seen *seen = arg;

	assert_true(bytes >= seen->told && bytes <= total);
	seen->told = bytes;
	seen->total = total;
}

static struct seen verify(bool resume)
{
	struct seen seen = { .findings = 0 };
	const struct verify_options options = {
		.found = found, .progress = tell, .arg = &seen, .keep = true, .resume = resume
	};
	struct error err = ERROR_INIT;

	if (journal_verify(journal, &options, &seen.result, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(seen.told == seen.total && seen.told == seen.result.bytes);
	return seen;
}

static void assert_same(const struct seen *a, const struct seen *b)
{
	assert_true(a->result.records == b->result.records);
	assert_true(a->result.bytes == b->result.bytes);
	assert_true(a->result.segments == b->result.segments);
	assert_true(a->result.origins == b->result.origins);
	assert_true(a->result.damaged == b->result.damaged);
	assert_true(a->result.redacted == b->result.redacted);
	assert_int_equal(a->findings, b->findings);
	assert_string_equal(a->what, b->what);
}

static const char *segment(unsigned first)
{
	char name[96];

	(void)snprintf(name, sizeof(name), "%s.%020u.log", journal_origin(journal), first);
	return scratch_path(dir, name);
}

static void only_what_is_new_is_read(void **state)
{
	struct seen first = verify(false), again = verify(true), anew;
	uint64_t ended = first.result.segments - 1;

	(void)state;
	assert_true(ended >= 3);
	assert_true(first.result.known == 0);
	assert_true(again.result.known == ended);
	assert_same(&first, &again);
	journals_fill(journal, 13, 6);
	again = verify(true);
	anew = verify(false);
	assert_true(again.result.known == ended);
	assert_same(&again, &anew);
	assert_true(verify(true).result.known == anew.result.segments - 1);
}

static void a_segment_that_somebody_touched_is_read_with_all_behind_it(void **state)
{
	struct seen whole = verify(false);

	(void)state;
	for (unsigned first = 1; first <= 10; first += 3) {
		struct buf text = scratch_read(segment(first));
		struct seen seen;

		text.data[100] ^= 1;
		assert_int_equal(chmod(segment(first), 0600), 0);
		scratch_write(segment(first), text.data, text.len);
		seen = verify(true);
		assert_true(seen.result.damaged >= 1);
		assert_true(seen.result.known == (first - 1) / 3);
		/* And again: what was found is told again. */
		seen = verify(true);
		assert_true(seen.result.damaged >= 1);
		text.data[100] ^= 1;
		scratch_write(segment(first), text.data, text.len);
		buf_release(&text);
		seen = verify(true);
		assert_same(&whole, &seen);
	}
}

static void a_missing_segment_is_missed(void **state)
{
	struct seen seen = verify(false);

	(void)state;
	assert_int_equal(unlink(segment(4)), 0);
	seen = verify(true);
	assert_true(seen.result.damaged == 1);
	assert_non_null(strstr(seen.what, "missing"));
}

/* A run that was killed, at any byte of what it noted. */
static void any_end_and_any_bit_of_the_note_is_good_enough(void **state)
{
	struct seen whole = verify(false), seen;
	struct buf note;

	(void)state;
	note = scratch_read(scratch_path(dir, "verified"));
	assert_true(note.len > 500);
	for (size_t len = 0; len < note.len; len++) {
		scratch_write(scratch_path(dir, "verified"), note.data, len);
		seen = verify(true);
		assert_same(&whole, &seen);
	}
	for (size_t at = 0; at < note.len; at += 3) {
		note.data[at] ^= 1 << at % 7;
		scratch_write(scratch_path(dir, "verified"), note.data, note.len);
		note.data[at] ^= 1 << at % 7;
		seen = verify(true);
		assert_same(&whole, &seen);
		assert_true(seen.result.known < whole.result.segments - 1);
	}
	seen = verify(true);
	assert_true(seen.result.known == whole.result.segments - 1);
	buf_release(&note);
}

static void blank_bodies_and_their_reasons_are_remembered(void **state)
{
	struct error err = ERROR_INIT;
	struct seen first, again;
	struct buf text;
	bool changed;
	char *at;

	(void)state;
	assert_int_equal(
		journal_redact(journal, journal_origin(journal), 2, "x", &changed, &err), 0);
	journals_fill(journal, 20, 6);
	first = verify(false);
	again = verify(true);
	assert_int_equal(first.findings, 0);
	assert_true(first.result.redacted == 1);
	assert_true(again.result.known == first.result.segments - 1);
	assert_same(&first, &again);

	/* Without a reason: known from the note, and told all the same. */
	text = scratch_read(segment(4));
	at = strstr(text.data, "\"body\":{") + 7;
	memmove(at + 4, strchr(at, '\n') - 1, strlen(strchr(at, '\n') - 1) + 1);
	memcpy(at, "null", 4);
	assert_int_equal(chmod(segment(4), 0600), 0);
	scratch_write(segment(4), text.data, strlen(text.data));
	first = verify(false);
	again = verify(true);
	assert_true(first.result.damaged == 1);
	assert_true(again.result.known == first.result.segments - 1);
	assert_same(&first, &again);
	buf_release(&text);
}

static void what_repair_joined_is_remembered(void **state)
{
	const struct repair_options options = { .dry_run = false };
	struct repair_result result;
	struct error err = ERROR_INIT;
	struct seen first, again;
	struct buf text = scratch_read(segment(4));

	(void)state;
	text.data[100] ^= 1;
	assert_int_equal(chmod(segment(4), 0600), 0);
	scratch_write(segment(4), text.data, text.len);
	assert_int_equal(journal_repair(journal, &options, &result, NULL, NULL, &err), 0);
	journals_fill(journal, 20, 9);
	first = verify(false);
	again = verify(true);
	assert_int_equal(first.findings, 0);
	assert_true(again.result.known == first.result.segments - 1);
	assert_same(&first, &again);
	assert_int_equal(unlink(scratch_path(dir, "seams")), 0);
	scratch_write(scratch_path(dir, "seams"), "minsky-seams 1\n", 15);
	assert_true(verify(false).result.damaged == 1);
	buf_release(&text);
}

static void it_does_not_matter_that_nothing_can_be_noted(void **state)
{
	struct seen first, again;

	(void)state;
	assert_int_equal(mkdir(scratch_path(dir, "verified"), 0700), 0);
	first = verify(false);
	again = verify(true);
	assert_int_equal(first.findings, 0);
	assert_true(again.result.known == 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(only_what_is_new_is_read),
		test(a_segment_that_somebody_touched_is_read_with_all_behind_it),
		test(a_missing_segment_is_missed),
		test(any_end_and_any_bit_of_the_note_is_good_enough),
		test(blank_bodies_and_their_reasons_are_remembered),
		test(what_repair_joined_is_remembered),
		test(it_does_not_matter_that_nothing_can_be_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
