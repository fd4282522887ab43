#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/id.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void random_ids_are_hex_and_differ(void **state)
{
	char ids[200][ID_HEX_SIZE];
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < N(ids); i++) {
		assert_int_equal(id_random_hex(ids[i], &err), 0);
		assert_int_equal(strlen(ids[i]), 32);
		assert_true(id_is_hex(ids[i], 32));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(ids[k], ids[i]);
	}
}

static void a_uuid_says_version_and_time(void **state)
{
	static const struct {
		int64_t ms;
		const char *front;
	} cases[] = {
		{ 0, "00000000-0000-7" },
		{ 1, "00000000-0001-7" },
		{ INT64_C(1795408267123), "01a206ac-0773-7" },
		{ INT64_C(0xffffffffffff), "ffffffff-ffff-7" },
	};
	struct error err = ERROR_INIT;
	char id[ID_UUID_SIZE];

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		assert_int_equal(id_uuid7(id, cases[i].ms, &err), 0);
		assert_true(id_is_uuid(id));
		assert_memory_equal(id, cases[i].front, 15);
		assert_non_null(strchr("89ab", id[19]));
	}
}

static void uuids_sort_by_time_and_differ_within_it(void **state)
{
	struct error err = ERROR_INIT;
	char before[ID_UUID_SIZE], id[ID_UUID_SIZE], twin[ID_UUID_SIZE];

	(void)state;
	assert_int_equal(id_uuid7(before, 999, &err), 0);
	for (int64_t ms = 1000; ms < 100000; ms = ms * 3 / 2) {
		assert_int_equal(id_uuid7(id, ms, &err), 0);
		assert_true(strcmp(before, id) < 0);
		assert_int_equal(id_uuid7(twin, ms, &err), 0);
		assert_string_not_equal(id, twin);
		memcpy(before, id, sizeof(before));
	}
}

static void hex_is_judged_by_length_and_digits(void **state)
{
	static const struct {
		const char *text;
		size_t digits;
		bool good;
	} cases[] = {
		{ "", 0, true },
		{ "0", 0, false },
		{ "", 1, false },
		{ "0123456789abcdef", 16, true },
		{ "0123456789abcdef", 15, false },
		{ "0123456789abcdef", 17, false },
		{ "0123456789ABCDEF", 16, false },
		{ "0123456789abcdeg", 16, false },
		{ "0123456789abcde ", 16, false },
		{ "0123456789abcde/", 16, false },
		{ "0123456789abcde:", 16, false },
		{ "0123456789abcde`", 16, false },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		assert_int_equal(id_is_hex(cases[i].text, cases[i].digits), cases[i].good);
}

static void a_uuid_is_judged_by_its_shape(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "0193597a-0000-7000-8000-000000000001", true },
		{ "ffffffff-ffff-ffff-ffff-ffffffffffff", true },
		{ "", false },
		{ "0193597a-0000-7000-8000-00000000000", false },
		{ "0193597a-0000-7000-8000-0000000000011", false },
		{ "0193597A-0000-7000-8000-000000000001", false },
		{ "0193597a00000-7000-8000-000000000001", false },
		{ "0193597a-0000-7000-8000_000000000001", false },
		{ "0193597-a0000-7000-8000-000000000001", false },
		{ "{193597a-0000-7000-8000-00000000000}", false },
		{ "0193597a000070008000000000000001", false },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		assert_int_equal(id_is_uuid(cases[i].text), cases[i].good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_ids_are_hex_and_differ),
		cmocka_unit_test(a_uuid_says_version_and_time),
		cmocka_unit_test(uuids_sort_by_time_and_differ_within_it),
		cmocka_unit_test(hex_is_judged_by_length_and_digits),
		cmocka_unit_test(a_uuid_is_judged_by_its_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
