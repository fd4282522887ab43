#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/buf.h"

static void an_empty_buffer_is_a_string(void **state)
{
	struct buf b = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_string_equal(b.data, "");
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	buf_truncate(&b, 0);
	buf_add(&b, "x", 0);
	buf_adds(&b, "");
	assert_string_equal(b.data, "");
	assert_int_equal(b.cap, 0); /* nothing was allocated */
	assert_int_equal(buf_check(&b, &err), 0);
	buf_release(&b);
	buf_release(&b);
	assert_string_equal(b.data, "");
}

static void everything_added_is_there_in_order(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_adds(&b, "one");
	buf_addch(&b, ' ');
	buf_add(&b, "two!", 3);
	buf_addf(&b, " %d%s%%", 3, "x");
	assert_string_equal(b.data, "one two 3x%");
	assert_int_equal(b.len, 11);
	buf_release(&b);
}

static void a_nul_is_a_byte_like_others(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_add(&b, "a\0b", 3);
	buf_addch(&b, '\0');
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.data, "a\0b\0", 5);
	buf_release(&b);
}

static void growing_keeps_what_is_there(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < 5000; i++) {
		buf_addch(&b, (char)('a' + i % 26));
		assert_true(b.cap > b.len);
		assert_int_equal(b.data[b.len], '\0');
	}
	assert_int_equal(b.len, 5000);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	buf_release(&b);
}

static void a_format_may_be_longer_than_the_room(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	/* On both sides of the first allocation's 64 bytes. */
	for (int n = 60; n < 70; n++) {
		buf_clear(&b);
		buf_addf(&b, "%*d", n, 7);
		assert_int_equal(b.len, n);
		assert_int_equal(b.data[n - 1], '7');
		assert_int_equal(b.data[n], '\0');
		buf_release(&b);
	}
	buf_addf(&b, "%5000d|", 7);
	assert_int_equal(b.len, 5001);
	assert_string_equal(b.data + 4998, " 7|");
	buf_release(&b);
}

static void truncating_only_shortens(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_adds(&b, "abcdef");
	buf_truncate(&b, 9);
	assert_string_equal(b.data, "abcdef");
	buf_truncate(&b, 6);
	assert_string_equal(b.data, "abcdef");
	buf_truncate(&b, 2);
	assert_string_equal(b.data, "ab");
	buf_truncate(&b, 0);
	assert_string_equal(b.data, "");
	buf_release(&b);
}

static void clearing_keeps_the_memory(void **state)
{
	struct buf b = BUF_INIT;
	const char *data;

	(void)state;
	buf_adds(&b, "abc");
	data = b.data;
	buf_clear(&b);
	assert_string_equal(b.data, "");
	buf_adds(&b, "xy");
	assert_ptr_equal(b.data, data);
	assert_string_equal(b.data, "xy");
	buf_release(&b);
	assert_int_equal(b.cap, 0);
	buf_adds(&b, "again");
	assert_string_equal(b.data, "again");
	buf_release(&b);
}

static void detached_bytes_are_the_callers(void **state)
{
	struct buf b = BUF_INIT;
	char *data;

	(void)state;
	buf_adds(&b, "abc");
	data = buf_detach(&b);
	assert_string_equal(data, "abc");
	free(data);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.cap, 0);
	/* Of an empty buffer too: it can be freed. */
	data = buf_detach(&b);
	assert_string_equal(data, "");
	free(data);
}

static void want_of_memory_sticks(void **state)
{
	struct buf b = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	buf_adds(&b, "abc");
	assert_false(buf_grow(&b, SIZE_MAX / 2));
	assert_true(b.failed);
	buf_adds(&b, "def");
	buf_addch(&b, 'g');
	buf_addf(&b, "%d", 1);
	assert_string_equal(b.data, "abc");
	assert_int_equal(buf_check(&b, &err), ERR_NOMEM);
	assert_string_equal(err.msg, "out of memory");
	/* Clearing does not hide it, releasing does. */
	buf_clear(&b);
	assert_int_equal(buf_check(&b, &err), ERR_NOMEM);
	assert_null(buf_detach(&b));
	assert_int_equal(buf_check(&b, &err), 0);
	buf_adds(&b, "x");
	assert_string_equal(b.data, "x");
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_a_string),
		cmocka_unit_test(everything_added_is_there_in_order),
		cmocka_unit_test(a_nul_is_a_byte_like_others),
		cmocka_unit_test(growing_keeps_what_is_there),
		cmocka_unit_test(a_format_may_be_longer_than_the_room),
		cmocka_unit_test(truncating_only_shortens),
		cmocka_unit_test(clearing_keeps_the_memory),
		cmocka_unit_test(detached_bytes_are_the_callers),
		cmocka_unit_test(want_of_memory_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
