/* Whatever is changed in a journal is found, at the right place, by verify and by readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "lib/journals.h"
#include "lib/scratch.h"

#define RECORDS 200

static char dir[SCRATCH_SIZE];
static char path[768];
static struct journal *journal;
static struct buf text; /* of its one segment */
static size_t starts[RECORDS + 1];

static int setup(void **state)
{
	size_t n = 0;

	(void)state;
	setenv("USER", "ana", 1);
	scratch_make(dir);
	journal = journals_new(dir);
	journals_fill(journal, 1, RECORDS);
	(void)snprintf(path, sizeof(path), "%s", journals_segment(journal));
	text = scratch_read(path);
	starts[n++] = 0;
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\n')
			starts[n++] = i + 1;
	assert_int_equal(n, RECORDS + 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_release(&text);
	journal_close(journal);
	scratch_remove(dir);
	return 0;
}

static size_t line_of(size_t offset)
{
	size_t line = 0;

	while (starts[line + 1] <= offset)
		line++;
	return line;
}

/* The segment now holds `changed`: one finding, at that line (from 0), and readers stop there. */
static void assert_found(const struct buf *changed, size_t line, size_t offset)
{
	struct journals_verdict verdict;
	struct journals_read got;
	char place[64];

	scratch_write(path, changed->data, changed->len);
	verdict = journals_verify(journal);
	assert_true(verdict.n >= 1);
	assert_string_equal(verdict.v[0].file, path);
	assert_true(verdict.v[0].line == line + 1);
	assert_true(verdict.v[0].offset == offset);
	assert_true(verdict.v[0].damage);
	assert_true(verdict.result.damaged >= 1);
	got = journals_read(journal, 0);
	assert_int_equal(got.code, ERR_CORRUPT);
	assert_true(got.records == line);
	(void)snprintf(place, sizeof(place), "byte %zu: ", offset);
	assert_non_null(strstr(got.message, path));
	assert_non_null(strstr(got.message, place));
}

static void an_untouched_journal_has_nothing_to_find(void **state)
{
	struct journals_verdict verdict = journals_verify(journal);

	(void)state;
	assert_int_equal(verdict.n, 0);
	assert_true(verdict.result.records == RECORDS);
	assert_true(verdict.result.bytes == text.len);
	assert_true(verdict.result.segments == 1);
	assert_true(verdict.result.origins == 1);
	assert_true(verdict.result.damaged == 0 && verdict.result.torn == 0);
}

/*
 * The check that all readers share, on every bit: the line is no record any more, or does not fit
 * behind the one before it.
 */
static void every_flipped_bit_is_seen(void **state)
{
	const char *origin = journal_origin(journal);
	char prev[HASH_HEX_SIZE] = HASH_ZERO, hash[HASH_HEX_SIZE];
	size_t undetected = 0, tried = 0;
	struct record rec;

	(void)state;
	for (size_t line = 0; line < RECORDS; line++) {
		size_t len = starts[line + 1] - starts[line];
		char *data = text.data + starts[line];

		for (size_t bit = 0; bit < len * 8; bit++, tried++) {
			data[bit / 8] = (char)(data[bit / 8] ^ (1 << bit % 8));
			if (!record_parse(&rec, data, len) && strcmp(rec.origin, origin) == 0 &&
				rec.seq == line + 1) {
				record_hash(hash, prev, rec.origin, rec.seq, rec.hlc, rec.bodyhash);
				undetected += strcmp(hash, rec.hash) == 0;
			}
			data[bit / 8] = (char)(data[bit / 8] ^ (1 << bit % 8));
		}
		assert_null(record_parse(&rec, data, len));
		memcpy(prev, rec.hash, sizeof(prev));
	}
	assert_int_equal(undetected, 0);
	assert_int_equal(tried, text.len * 8);
}

/* The same through the files, for every 211th bit and all of the last two lines' every 13th. */
static void a_flipped_bit_is_named_with_line_and_offset(void **state)
{
	(void)state;
	for (size_t bit = 0; bit < text.len * 8;) {
		size_t line = line_of(bit / 8);

		text.data[bit / 8] = (char)(text.data[bit / 8] ^ (1 << bit % 8));
		assert_found(&text, line, starts[line]);
		text.data[bit / 8] = (char)(text.data[bit / 8] ^ (1 << bit % 8));
		bit += line + 2 < RECORDS ? 211 : 13;
	}
}

static void every_removed_line_is_found(void **state)
{
	(void)state;
	for (size_t line = 0; line < RECORDS; line++) {
		struct buf changed = BUF_INIT;

		buf_add(&changed, text.data, starts[line]);
		buf_adds(&changed, text.data + starts[line + 1]);
		assert_found(&changed, line, starts[line]);
		assert_int_equal(journals_verify(journal).n, 1);
		buf_release(&changed);
	}
}

/* The chain cannot see its own end; only the remembered head can. */
static void a_removed_end_is_found_by_the_head_alone(void **state)
{
	(void)state;
	scratch_write(path, text.data, starts[RECORDS - 1]);
	assert_string_equal(journals_verify(journal).v[0].what, "record 200 is missing at the end");
	assert_int_equal(unlink(scratch_path(dir, "head")), 0);
	assert_int_equal(journals_verify(journal).n, 0);
}

static void every_doubled_line_is_found(void **state)
{
	(void)state;
	for (size_t line = 0; line < RECORDS; line++) {
		struct buf changed = BUF_INIT;

		buf_add(&changed, text.data, starts[line + 1]);
		buf_adds(&changed, text.data + starts[line]);
		assert_found(&changed, line + 1, starts[line + 1]);
		assert_int_equal(journals_verify(journal).n, 1);
		buf_release(&changed);
	}
}

static void every_pair_of_swapped_lines_is_found(void **state)
{
	(void)state;
	for (size_t line = 0; line + 1 < RECORDS; line++) {
		struct buf changed = BUF_INIT;

		buf_add(&changed, text.data, starts[line]);
		buf_add(&changed, text.data + starts[line + 1],
			starts[line + 2] - starts[line + 1]);
		buf_add(&changed, text.data + starts[line], starts[line + 1] - starts[line]);
		buf_adds(&changed, text.data + starts[line + 2]);
		assert_found(&changed, line, starts[line]);
		buf_release(&changed);
	}
}

static void verify_goes_on_behind_damage(void **state)
{
	struct journals_verdict verdict;

	(void)state;
	text.data[starts[10] + 100]++;
	text.data[starts[50] + 240]++;
	text.data[starts[51] + 1]++;
	text.data[starts[120] + 60]++;
	scratch_write(path, text.data, text.len);
	verdict = journals_verify(journal);
	assert_int_equal(verdict.n, 3);
	assert_true(verdict.v[0].line == 11 && verdict.v[1].line == 51 && verdict.v[2].line == 121);
	assert_int_equal(verdict.result.damaged, 3);
}

static void another_chain_in_its_place_is_found_by_the_head(void **state)
{
	struct buf changed = BUF_INIT;
	char prev[HASH_HEX_SIZE] = HASH_ZERO;
	struct record rec;

	(void)state;
	for (uint64_t seq = 1; seq <= RECORDS; seq++) {
		size_t at = changed.len;

		record_format(&changed, prev, journal_origin(journal), seq, seq, "{\"x\":1}", 7);
		assert_null(record_parse(&rec, changed.data + at, changed.len - at));
		memcpy(prev, rec.hash, sizeof(prev));
	}
	scratch_write(path, changed.data, changed.len);
	assert_int_equal(journals_verify(journal).n, 1);
	assert_true(journals_verify(journal).v[0].line == RECORDS);
	assert_true(journals_add(journal, "{}").seq == RECORDS + 2);
	assert_int_equal(journals_count_segments(journal), 2);
	buf_release(&changed);
}

static void a_missing_segment_is_found(void **state)
{
	char first[768], other[SCRATCH_SIZE];
	struct journal *j;

	(void)state;
	scratch_make(other);
	setenv("MINSKY_SEGMENT_SIZE", "900", 1);
	j = journals_new(other);
	unsetenv("MINSKY_SEGMENT_SIZE");
	for (unsigned i = 0; i < 3; i++) {
		struct journals_verdict verdict;
		char hidden[800];

		if (i == 0)
			journals_fill(j, 1, 9);
		(void)snprintf(first, sizeof(first), "%s/%s.%020u.log", other, journal_origin(j),
			3 * i + 1);
		(void)snprintf(hidden, sizeof(hidden), "%s.hidden", first);
		assert_int_equal(rename(first, hidden), 0);
		verdict = journals_verify(j);
		assert_int_equal(verdict.n, 1);
		assert_int_equal(verdict.result.damaged, 1);
		assert_non_null(strstr(verdict.v[0].what, "missing"));
		assert_int_equal(journals_read(j, 0).code, ERR_CORRUPT);
		assert_true(journals_read(j, 0).records == 3 * i);
		if (i < 2)
			assert_true(journals_read(j, 8).records == 1);
		assert_int_equal(journals_read(j, 3 * i + 2).code, ERR_CORRUPT);
		assert_int_equal(rename(hidden, first), 0);
	}
	assert_int_equal(journals_verify(j).n, 0);
	journal_close(j);
	scratch_remove(other);
}

static void a_renamed_segment_is_found(void **state)
{
	char other[800];

	(void)state;
	(void)snprintf(other, sizeof(other), "%s/%s.00000000000000000005.log", dir,
		journal_origin(journal));
	assert_int_equal(rename(path, other), 0);
	(void)unlink(scratch_path(dir, "head"));
	assert_int_equal(journals_verify(journal).n, 1);
	assert_string_equal(
		journals_verify(journal).v[0].what, "seq does not match the name of the file");
	assert_int_equal(journals_read(journal, 0).code, ERR_CORRUPT);
}

/* Blank the body of a record in the file, as a redaction does. */
static void blank(size_t line)
{
	struct buf changed = BUF_INIT;
	char *at = strstr(text.data + starts[line], "\"body\":") + 7;

	buf_add(&changed, text.data, (size_t)(at - text.data));
	buf_adds(&changed, "null}\n");
	buf_adds(&changed, text.data + starts[line + 1]);
	scratch_write(path, changed.data, changed.len);
	(void)unlink(scratch_path(dir, "head"));
	buf_release(&changed);
}

static void a_blank_body_needs_a_later_redaction_of_just_that_record(void **state)
{
	struct journals_verdict verdict;
	char body[256];

	(void)state;
	blank(41);
	verdict = journals_verify(journal);
	assert_int_equal(verdict.n, 1);
	assert_true(verdict.v[0].line == 42 && verdict.v[0].offset == starts[41]);
	assert_string_equal(
		verdict.v[0].what, "body is null, but no later event.redacted explains it");
	(void)snprintf(body, sizeof(body),
		"{\"type\":\"event.redacted\",\"v\":1,\"data\":{\"origin\":\"%s\",\"seq\":43,"
		"\"reason\":\"x\"}}",
		journal_origin(journal));
	journals_add(journal, body);
	assert_int_equal(journals_verify(journal).n, 1);
	strstr(body, ":43,")[2] = '2';
	journals_add(journal, body);
	assert_int_equal(journals_verify(journal).n, 0);
	assert_true(journals_verify(journal).result.redacted == 1);
	assert_int_equal(journals_read(journal, 0).code, 0);
	assert_true(journals_read(journal, 0).records == RECORDS + 2);
}

static void a_redaction_in_front_of_the_record_does_not_count(void **state)
{
	char body[256];

	(void)state;
	(void)snprintf(body, sizeof(body),
		"{\"type\":\"event.redacted\",\"v\":1,\"data\":{\"origin\":\"%s\",\"seq\":202}}",
		journal_origin(journal));
	journals_add(journal, body);
	journals_add(journal, "{\"late\":1}");
	buf_release(&text);
	text = scratch_read(path);
	starts[0] = (size_t)((char *)memrchr(text.data, '\n', text.len - 1) + 1 - text.data);
	starts[1] = text.len;
	blank(0);
	assert_int_equal(journals_verify(journal).n, 1);
}

static void a_reader_that_starts_behind_damage_does_not_see_it(void **state)
{
	(void)state;
	text.data[starts[100] + 50]++;
	scratch_write(path, text.data, text.len);
	for (uint64_t after = 0; after <= RECORDS; after++) {
		struct journals_read got = journals_read(journal, after);

		if (after <= 100) {
			assert_int_equal(got.code, ERR_CORRUPT);
			assert_true(got.records == 100 - after);
		} else if (after == 101) {
			assert_int_equal(got.code, ERR_CORRUPT);
			assert_true(got.records == 0);
		} else {
			assert_int_equal(got.code, 0);
			assert_true(got.records == RECORDS - after);
		}
	}
	assert_int_equal(journals_read(journal, RECORDS + 1).code, ERR_NOTFOUND);
}

static void the_hash_that_is_expected_is_checked(void **state)
{
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	const struct record *rec = NULL;
	struct head head;

	(void)state;
	assert_int_equal(journal_head(journal, &head, &err), 0);
	assert_int_equal(
		journal_reader_open(&r, journal, NULL, RECORDS, HASH_ZERO, &err), ERR_CORRUPT);
	assert_non_null(strstr(err.msg, "differs from the remembered one"));
	assert_int_equal(journal_reader_open(&r, journal, NULL, RECORDS, head.hash, &err), 0);
	assert_int_equal(journal_reader_next(r, &rec, &err), 0);
	assert_null(rec);
	/* A reader at the end goes on when there is more. */
	journals_add(journal, "{\"more\":1}");
	assert_int_equal(journal_reader_next(r, &rec, &err), 0);
	assert_non_null(rec);
	assert_true(rec->seq == RECORDS + 1);
	assert_true(journal_reader_offset(r) == text.len);
	assert_string_equal(journal_reader_file(r), path);
	journal_reader_close(r);
}

static void the_verbatim_line_is_handed_out(void **state)
{
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	const struct record *rec = NULL;

	(void)state;
	assert_int_equal(journal_reader_open(&r, journal, NULL, 0, NULL, &err), 0);
	for (size_t i = 0; i < RECORDS; i++) {
		const char *line;
		size_t len;

		assert_int_equal(journal_reader_next(r, &rec, &err), 0);
		line = journal_reader_line(r, &len);
		assert_true(journal_reader_offset(r) == starts[i]);
		assert_int_equal(len, starts[i + 1] - starts[i]);
		assert_memory_equal(line, text.data + starts[i], len);
	}
	journal_reader_close(r);
}

static void reading_needs_no_right_to_write(void **state)
{
	struct error err = ERROR_INIT;
	struct head head;

	(void)state;
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(chmod(dir, 0500), 0);
	assert_true(journals_read(journal, 0).records == RECORDS);
	assert_int_equal(journal_head(journal, &head, &err), 0);
	assert_int_equal(journals_verify(journal).n, 0);
	assert_int_equal(chmod(dir, 0700), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(an_untouched_journal_has_nothing_to_find),
		test(every_flipped_bit_is_seen),
		test(a_flipped_bit_is_named_with_line_and_offset),
		test(every_removed_line_is_found),
		test(a_removed_end_is_found_by_the_head_alone),
		test(every_doubled_line_is_found),
		test(every_pair_of_swapped_lines_is_found),
		test(verify_goes_on_behind_damage),
		test(another_chain_in_its_place_is_found_by_the_head),
		test(a_missing_segment_is_found),
		test(a_renamed_segment_is_found),
		test(a_blank_body_needs_a_later_redaction_of_just_that_record),
		test(a_redaction_in_front_of_the_record_does_not_count),
		test(a_reader_that_starts_behind_damage_does_not_see_it),
		test(the_hash_that_is_expected_is_checked),
		test(the_verbatim_line_is_handed_out),
		test(reading_needs_no_right_to_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
