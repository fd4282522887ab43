#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/oid.h"

#define SHA1 "0123456789abcdef0123456789abcdef01234567"
#define SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ZERO "0000000000000000000000000000000000000000"

static void names_are_40_or_64_lower_case_digits(void **state)
{
	static const struct {
		const char *text;
		size_t digits;
	} cases[] = {
		{ SHA1, 40 },
		{ SHA256, 64 },
		{ ZERO, 40 },
		{ SHA1 " refs/heads/main", 40 },
		{ SHA256 "\n", 64 },
		{ SHA1 "G", 40 },
		{ SHA1 "A", 40 },
		{ SHA1 "a", 0 },
		{ SHA256 "0", 0 },
		{ "", 0 },
		{ "0123456789abcdef0123456789abcdef0123456", 0 },
		{ "0123456789ABCDEF0123456789ABCDEF01234567", 0 },
		{ " " SHA1, 0 },
		{ "ref: refs/heads/main", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].text);
		struct oid oid = { "as it was" };
		bool whole = cases[i].digits && cases[i].digits == len;

		assert_int_equal(oid_digits(cases[i].text, len), cases[i].digits);
		assert_int_equal(oid_is_valid(cases[i].text), whole);
		assert_int_equal(oid_parse(&oid, cases[i].text, len), whole);
		if (!whole)
			assert_string_equal(oid.hex, "as it was");
		assert_int_equal(oid_read(&oid, cases[i].text), cases[i].digits);
		assert_int_equal(strlen(oid.hex), cases[i].digits ? cases[i].digits : 9);
		assert_int_equal(strncmp(oid.hex, cases[i].text, cases[i].digits), 0);
		oid_set(&oid, cases[i].text);
		assert_string_equal(oid.hex, whole ? cases[i].text : "");
	}
}

/* A line of a file that has no NUL behind it. */
static void bytes_behind_the_length_are_not_looked_at(void **state)
{
	struct oid oid = { "" };

	(void)state;
	assert_int_equal(oid_digits(SHA256, 40), 40);
	assert_int_equal(oid_digits(SHA256, 41), 0);
	assert_true(oid_parse(&oid, SHA256, 40));
	assert_string_equal(oid.hex, SHA1);
	assert_false(oid_parse(&oid, SHA256, 0));
	assert_false(oid_parse(&oid, SHA1 "\0x", 42));
}

static void none_and_zero_are_told_apart(void **state)
{
	struct oid none = { "" }, zero = { ZERO }, one = { SHA1 };

	(void)state;
	assert_true(oid_is_none(&none));
	assert_false(oid_is_none(&zero));
	assert_false(oid_is_none(&one));
	assert_true(oid_is_zero(none.hex));
	assert_true(oid_is_zero(zero.hex));
	assert_false(oid_is_zero(one.hex));
	assert_false(oid_is_zero(ZERO "1"));
	oid_set(&one, NULL);
	assert_true(oid_is_none(&one));
}

static void names_are_equal_as_a_whole(void **state)
{
	struct oid a = { SHA1 }, b = { SHA256 }, c = { SHA1 };

	(void)state;
	assert_true(oid_equal(&a, &c));
	assert_false(oid_equal(&a, &b));
	assert_true(oid_is(&b, SHA256));
	assert_false(oid_is(&b, SHA1));
	assert_false(oid_is(&a, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_40_or_64_lower_case_digits),
		cmocka_unit_test(bytes_behind_the_length_are_not_looked_at),
		cmocka_unit_test(none_and_zero_are_told_apart),
		cmocka_unit_test(names_are_equal_as_a_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
