#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/clock.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define DAY INT64_C(86400000)

static void times_are_written_in_utc(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 1, "1970-01-01T00:00:00.001Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ -DAY, "1969-12-31T00:00:00.000Z" },
		{ INT64_C(1795408267123), "2026-11-23T04:31:07.123Z" },
		{ INT64_C(951782400000), "2000-02-29T00:00:00.000Z" },
		{ INT64_C(951868800000), "2000-03-01T00:00:00.000Z" },
		{ INT64_C(1709164800000), "2024-02-29T00:00:00.000Z" },
		{ INT64_C(1740787200000), "2025-03-01T00:00:00.000Z" },
		{ INT64_C(4107542399999), "2100-02-28T23:59:59.999Z" },
		{ INT64_C(4107542400000), "2100-03-01T00:00:00.000Z" }, /* no leap year */
		{ INT64_C(253402300799999), "9999-12-31T23:59:59.999Z" },
		{ INT64_C(253402300800000), "9999-12-31T23:59:59.999Z" }, /* clamped */
		{ INT64_MAX, "9999-12-31T23:59:59.999Z" },
		{ INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z" },
		{ INT64_C(-62167219200001), "0000-01-01T00:00:00.000Z" },
		{ INT64_MIN, "0000-01-01T00:00:00.000Z" },
	};
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		clock_format(cases[i].ms, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void every_day_is_read_as_it_was_written(void **state)
{
	char text[CLOCK_TEXT_SIZE];

	(void)state;
	/* 400 years: every kind of year there is. */
	for (int64_t day = -80000; day < 80000; day++) {
		int64_t ms = day * DAY + (day & 0xffff) * 997 % DAY, back = 0;

		clock_format(ms, text);
		assert_true(clock_parse(text, &back));
		assert_true(back == ms);
	}
}

static void rfc_3339_is_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01t00:00:00z", 0 },
		{ "1970-01-01 00:00:00Z", 0 },
		{ "1970-01-01T00:00:00.5Z", 500 },
		{ "1970-01-01T00:00:00.12Z", 120 },
		{ "1970-01-01T00:00:00.1239999Z", 123 },
		{ "1970-01-01T00:00:00.000000000000000001Z", 0 },
		{ "1970-01-01T01:00:00+01:00", 0 },
		{ "1970-01-01T05:45:00+05:45", 0 },
		{ "1969-12-31T16:00:00-08:00", 0 },
		{ "1970-01-01T00:00:00-00:00", 0 },
		{ "1970-01-01T00:00:00+23:59", -86340000 },
		{ "1970-01-01T00:00:60Z", 60000 }, /* a leap second is the next one */
		{ "2024-02-29T12:00:00Z", INT64_C(1709208000000) },
		{ "2000-02-29T00:00:00Z", INT64_C(951782400000) },
		{ "0000-01-01T00:00:00Z", INT64_C(-62167219200000) },
		{ "9999-12-31T23:59:59.999Z", INT64_C(253402300799999) },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		int64_t ms = 42;

		print_message("%s\n", cases[i].text);
		assert_true(clock_parse(cases[i].text, &ms));
		assert_true(ms == cases[i].ms);
	}
}

static void anything_else_is_not(void **state)
{
	static const char *const cases[] = {
		"",
		"now",
		"0",
		"2026-11-23",
		"2026-11-23T04:31Z",
		"2026-11-23T04:31:07",
		"2026-11-23T04:31:07.Z",
		"2026-11-23T04:31:07,5Z",
		"2026-11-23T04:31:07Z ",
		" 2026-11-23T04:31:07Z",
		"2026-11-23T04:31:07Zx",
		"2026-11-23T04:31:07+0100",
		"2026-11-23T04:31:07+01",
		"2026-11-23T04:31:07+24:00",
		"2026-11-23T04:31:07+01:60",
		"2026-11-23T24:00:00Z",
		"2026-11-23T04:60:00Z",
		"2026-11-23T04:31:61Z",
		"2026-00-01T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-01-00T00:00:00Z",
		"2026-01-32T00:00:00Z",
		"2026-04-31T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"2000-02-30T00:00:00Z",
		"26-11-23T04:31:07Z",
		"12026-11-23T04:31:07Z",
		"-026-11-23T04:31:07Z",
		"2026-1-23T04:31:07Z",
		"2026/11/23T04:31:07Z",
		"2026-11-23X04:31:07Z",
		"2026-11-23T4:31:07Z",
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		int64_t ms = 42;

		print_message("%s\n", cases[i]);
		assert_false(clock_parse(cases[i], &ms));
		assert_true(ms == 42);
	}
}

#define NOW INT64_C(1795408267123) /* 2026-11-23T04:31:07.123Z */
#define MIDNIGHT INT64_C(1795392000000)

static void people_write_times_in_several_ways(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "2026-11-23T04:31:07.123Z", NOW },
		{ "2026-11-23T05:31:07.123+01:00", NOW },
		{ "2026-11-23", MIDNIGHT },
		{ "2026-11-23 04:31", MIDNIGHT + 16260000 },
		{ "2026-11-23T04:31", MIDNIGHT + 16260000 },
		{ "2026-11-23T04:31Z", MIDNIGHT + 16260000 },
		{ "2026-11-23 04:31Z", MIDNIGHT + 16260000 },
		{ "2026-11-23T05:31+01:00", MIDNIGHT + 16260000 },
		{ "2026-11-23T04:31:07", MIDNIGHT + 16267000 },
		{ "2026-11-23 04:31:07.5", MIDNIGHT + 16267500 },
		{ "0s", NOW },
		{ "90s", NOW - 90000 },
		{ "15m", NOW - 900000 },
		{ "2h", NOW - 7200000 },
		{ "3d", NOW - 3 * DAY },
		{ "2w", NOW - 14 * DAY },
		{ "100000000w", NOW - 700000000 * DAY },
	};
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		int64_t ms = 42;

		print_message("%s\n", cases[i].text);
		assert_int_equal(clock_parse_user(cases[i].text, NOW, &ms, &err), 0);
		assert_true(ms == cases[i].ms);
	}
}

static void bad_times_are_refused_with_examples(void **state)
{
	static const char *const cases[] = { "", "yesterday", "5", "s", "-5m", "+5m", "5 m", "5M",
		"5mo", "1h30m", "1.5h", "100000001w", "99999999999999999999s", "2026-02-30",
		"2026-11-23T", "2026-11-23 ", "2026-11-23T04", "2026-11-23T25:00",
		"2026-11-23t04:31", "2026-11-23 04:31:07x" };

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct error err = ERROR_INIT;
		struct buf expected = BUF_INIT;
		int64_t ms = 42;

		buf_addf(&expected, "'%s' is not a valid time", cases[i]);
		assert_int_equal(clock_parse_user(cases[i], NOW, &ms, &err), ERR_USAGE);
		assert_string_equal(err.msg, expected.data);
		assert_string_equal(err.hint,
			"write a date (2026-11-23), a time (2026-11-23T14:05Z) or an age "
			"(90s, 15m, 2h, 3d, 2w)");
		assert_true(ms == 42);
		buf_release(&expected);
	}
}

static void ages_are_rounded_down(void **state)
{
	static const struct {
		int64_t age;
		const char *text;
	} cases[] = {
		{ -1, "in the future" },
		{ -DAY, "in the future" },
		{ 0, "just now" },
		{ 4999, "just now" },
		{ 5000, "5 s ago" },
		{ 119999, "119 s ago" },
		{ 120000, "2 min ago" },
		{ 7199999, "119 min ago" },
		{ 7200000, "2 h ago" },
		{ 2 * DAY - 1, "47 h ago" },
		{ 2 * DAY, "2 d ago" },
		{ 1000 * DAY, "1000 d ago" },
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		clock_format_age(NOW - cases[i].age, NOW, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void the_present_can_be_replaced(void **state)
{
	int64_t before, now, after;

	(void)state;
	assert_int_equal(setenv("MINSKY_NOW", "2026-11-23T05:31:07.123+01:00", 1), 0);
	assert_true(clock_now_ms() == NOW);
	assert_int_equal(setenv("MINSKY_NOW", "1795408267123", 1), 0);
	assert_true(clock_now_ms() == NOW);
	/* What is no time counts as unset. */
	assert_int_equal(setenv("MINSKY_NOW", "12x", 1), 0);
	assert_true(clock_now_ms() != 12);
	assert_int_equal(setenv("MINSKY_NOW", "", 1), 0);
	before = (int64_t)time(NULL) * 1000 - 1000;
	now = clock_now_ms();
	after = (int64_t)time(NULL) * 1000 + 2000;
	assert_true(before <= now && now <= after);
	assert_int_equal(unsetenv("MINSKY_NOW"), 0);
}

static void deadlines_go_by_another_clock(void **state)
{
	int64_t a, b;

	(void)state;
	assert_int_equal(setenv("MINSKY_NOW", "5", 1), 0);
	a = clock_monotonic_ms();
	b = clock_monotonic_ms();
	assert_true(a <= b);
	assert_true(a != 5);
	assert_int_equal(unsetenv("MINSKY_NOW"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_written_in_utc),
		cmocka_unit_test(every_day_is_read_as_it_was_written),
		cmocka_unit_test(rfc_3339_is_read),
		cmocka_unit_test(anything_else_is_not),
		cmocka_unit_test(people_write_times_in_several_ways),
		cmocka_unit_test(bad_times_are_refused_with_examples),
		cmocka_unit_test(ages_are_rounded_down),
		cmocka_unit_test(the_present_can_be_replaced),
		cmocka_unit_test(deadlines_go_by_another_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
