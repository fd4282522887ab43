/* Reading forward from a place, whatever git has done to the log in the meantime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/gitfiles/reflog.h"
#include "lib/scratch.h"

#define A "1111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222"
#define C "3333333333333333333333333333333333333333"
#define ZERO "0000000000000000000000000000000000000000"
#define WHO " Ana B <ana@example.org> 1790000000 +0200"

static char dir[SCRATCH_SIZE];
static char path[SCRATCH_SIZE + 8];

/* What the last reading delivered: messages joined by '|', and how often it was called. */
static struct buf seen = BUF_INIT;
static size_t calls;
static struct reflog_entry last;
static int answer; /* of the callback */

static int setup(void **state)
{
	(void)state;
	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/log", dir);
	answer = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_release(&seen);
	scratch_remove(dir);
	return 0;
}

static int collect(void *arg, const struct reflog_entry *e, struct error *err)
{
	(void)arg;
	(void)err;
	if (calls++)
		buf_addch(&seen, '|');
	buf_add(&seen, e->message, e->message_len);
	last = *e;
	return answer;
}

static enum reflog_state read_on(struct reflog_place *place)
{
	struct error err = ERROR_INIT;
	enum reflog_state state = REFLOG_MISSING;

	buf_clear(&seen);
	calls = 0;
	assert_int_equal(reflog_read(path, place, collect, NULL, &state, &err), 0);
	return state;
}

static void append(const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
}

static void a_line_has_ids_a_time_and_a_message(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append(A " " B WHO "\tcommit: tab\tin it\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_int_equal(calls, 1);
	assert_string_equal(last.old_oid.hex, A);
	assert_string_equal(last.new_oid.hex, B);
	assert_true(last.at == 1790000000000);
	assert_true(last.n == 1);
	assert_string_equal(seen.data, "commit: tab\tin it");
	assert_true(place.count == 1);
}

static void ids_of_sha256_have_64_digits(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append(HASH_ZERO " " HASH_ZERO WHO "\tx\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_int_equal(strlen(last.new_oid.hex), 64);
}

static void a_line_without_message_is_an_entry(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append(A " " B WHO "\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_int_equal(calls, 1);
	assert_string_equal(seen.data, "");
}

static void lines_come_once_and_in_order(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append(ZERO " " A WHO "\tone\n" A " " B WHO "\ttwo\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "one|two");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_int_equal(calls, 0);
	append(B " " C WHO "\tthree\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "three");
	assert_true(last.n == 3);
}

static void a_line_that_is_being_written_waits(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append(A " " B WHO "\tone\n" B " " C " An");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "one");
	append("a <a@b> 1 +0000\ttwo\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "two");
}

static void no_file_is_a_state(void **state)
{
	struct reflog_place place = { .offset = 7, .count = 1 };

	(void)state;
	assert_int_equal(read_on(&place), REFLOG_MISSING);
	assert_true(place.offset == 7);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(read_on(&place), REFLOG_MISSING);
}

static void what_is_no_entry_is_counted_and_passed_over(void **state)
{
	static const char *const bad[] = { "", "x", A " " B, A " " B " no mail\t\n",
		A " " B " a <b> x +0000\tm", A "  " B WHO, "1" A " " B WHO, A " " B " a <b> 1 +00",
		A " " HASH_ZERO WHO };
	struct reflog_place place = { .offset = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		append(bad[i]);
		append("\n");
	}
	append(A " " B WHO "\tgood\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "good");
	assert_true(last.n == place.count);
	assert_true(place.count > sizeof(bad) / sizeof(*bad));
}

static void a_time_beyond_all_calendars_is_clamped(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append(A " " B " a <b> 99999999999999999999999999 +0000\tx\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_true(last.at == 253402300799000);
}

/* gc rewrites every log, and gives a TAB to each line without message. */
static void lines_that_gained_a_tab_shift_nothing(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append(ZERO " " A WHO "\n" A " " B WHO "\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_int_equal(calls, 2);
	assert_int_equal(unlink(path), 0);
	append(ZERO " " A WHO "\t\n" A " " B WHO "\t\n" B " " C WHO "\tnew\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "new");
}

static void lines_that_expired_shift_nothing(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append(ZERO " " A WHO "\tone\n" A " " B WHO "\ttwo\n" B " " C WHO "\tthree\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_int_equal(unlink(path), 0);
	append(B " " C WHO "\tthree\n" C " " A WHO "\tfour\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "four");
	assert_true(last.n == 4);
}

static void a_log_without_the_known_line_was_rewritten(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append(ZERO " " A WHO "\tone\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_int_equal(unlink(path), 0);
	append(B " " C WHO "\tother\n" C " " A WHO "\tcut off");
	assert_int_equal(read_on(&place), REFLOG_REWRITTEN);
	assert_int_equal(calls, 0);
	append(" or not\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "cut off or not");
}

static void an_emptied_log_was_rewritten_and_then_starts_over(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append(ZERO " " A WHO "\tone\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(read_on(&place), REFLOG_REWRITTEN);
	append(A " " B WHO "\ttwo\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "two");
}

static void append_long(size_t len)
{
	struct buf line = BUF_INIT;

	buf_adds(&line, A " " B WHO "\t");
	assert_true(buf_grow(&line, len));
	memset(line.data + line.len, 'x', len);
	line.len += len;
	line.data[line.len] = '\0';
	buf_addch(&line, '\n');
	append(line.data);
	buf_release(&line);
}

static void a_subject_of_60_kilobytes_is_read(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append_long(60000);
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_int_equal(last.message_len, 60000);
}

static void a_longer_line_is_passed_over_and_anchors_all_the_same(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append_long(200000);
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_int_equal(calls, 0);
	assert_true(place.count == 1);
	append(B " " C WHO "\tnext\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "next");
}

/* The search goes from the end of the log through the long line to the one that is known. */
static void a_known_line_is_found_beyond_a_long_one(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append(ZERO " " A WHO "\tgone\n" A " " B WHO "\tknown\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_int_equal(unlink(path), 0);
	append(A " " B WHO "\tknown\n");
	append_long(200000);
	append(B " " C WHO "\tnext\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "next");
	assert_true(place.count == 4);
}

static void the_reader_may_stop_and_go_on(void **state)
{
	struct reflog_place place = { .offset = 0 };

	(void)state;
	append(ZERO " " A WHO "\tone\n" A " " B WHO "\ttwo\n" B " " C WHO "\tthree\n");
	answer = 1;
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "one");
	answer = 0;
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "two|three");
}

static void a_reader_that_fails_moves_nothing(void **state)
{
	struct reflog_place place = { .offset = 0 };
	enum reflog_state found = REFLOG_MISSING;
	struct error err = ERROR_INIT;

	(void)state;
	append(ZERO " " A WHO "\tone\n");
	answer = ERR_NOMEM;
	assert_int_equal(reflog_read(path, &place, collect, NULL, &found, &err), ERR_NOMEM);
	assert_true(place.offset == 0 && place.count == 0);
	assert_int_equal(found, REFLOG_MISSING);
}

static void skipping_goes_to_the_last_whole_line(void **state)
{
	struct reflog_place place = { .offset = 0 };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(reflog_skip(path, &place, &err), ERR_NOTFOUND);
	append(ZERO " " A WHO "\tone\n" A " " B WHO "\ttw");
	assert_int_equal(reflog_skip(path, &place, &err), 0);
	append("o\n");
	assert_int_equal(read_on(&place), REFLOG_OK);
	assert_string_equal(seen.data, "two");
	assert_true(last.n == 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_line_has_ids_a_time_and_a_message),
		T(ids_of_sha256_have_64_digits),
		T(a_line_without_message_is_an_entry),
		T(lines_come_once_and_in_order),
		T(a_line_that_is_being_written_waits),
		T(no_file_is_a_state),
		T(what_is_no_entry_is_counted_and_passed_over),
		T(a_time_beyond_all_calendars_is_clamped),
		T(lines_that_gained_a_tab_shift_nothing),
		T(lines_that_expired_shift_nothing),
		T(a_log_without_the_known_line_was_rewritten),
		T(an_emptied_log_was_rewritten_and_then_starts_over),
		T(a_subject_of_60_kilobytes_is_read),
		T(a_longer_line_is_passed_over_and_anchors_all_the_same),
		T(a_known_line_is_found_beyond_a_long_one),
		T(the_reader_may_stop_and_go_on),
		T(a_reader_that_fails_moves_nothing),
		T(skipping_goes_to_the_last_whole_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
