#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/json.h"

static int check(const char *text)
{
	struct error err = ERROR_INIT;

	return json_check(text, strlen(text), &err);
}

static void good_texts_pass(void **state)
{
	static const char *const texts[] = {
		"{}",
		" [ ] \n",
		"null",
		"true",
		"-0.5e-3",
		"0",
		"1e307",
		"0.00000000000000000000000000000001e339",
		"0e99999999999",
		"1e-99999999999",
		"\"\\u00e4\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
		"\"\xc3\xa4\xf0\x9f\x98\x80\"",
		"{\"a\":1,\"b\":[1,2,{\"a\":null}],\"A\":2}",
		"{\"b\":1,\"a\":2,\"\":3}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (check(texts[i]) != 0)
			fail_msg("refused: %s", texts[i]);
}

static void bad_texts_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"{",
		"[1,",
		"[1,]",
		"{\"a\":1,}",
		"{\"a\"}",
		"{\"a\" 1}",
		"{a:1}",
		"[1}",
		"{\"a\":1]",
		"{} {}",
		"{}x",
		"nul",
		"nullx",
		"True",
		"01",
		"-",
		"+1",
		".5",
		"1.",
		"1e",
		"1e308",
		"1e99999999999",
		"123e306",
		"NaN",
		"Infinity",
		"\"",
		"\"\\\"",
		"\"\\x\"",
		"\"\\u12\"",
		"\"\\u12g4\"",
		"\"\\u0000\"",
		"\"\\ud800\"",
		"\"\\ud800x\"",
		"\"\\ud800\\u0041\"",
		"\"\\udc00\"",
		"\"a\nb\"",
		"\"\x01\"",
		"\"\x80\"",
		"\"\xc0\xaf\"",
		"\"\xed\xa0\x80\"",
		"\"\xf4\x90\x80\x80\"",
		"\"\xc3\"",
		"\xef\xbb\xbf{}",
		"[1 2]",
		"[1,2",
		"/* */ {}",
		"\x0c{}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (check(texts[i]) != ERR_CORRUPT)
			fail_msg("accepted: %s", texts[i]);
}

static void nul_bytes_are_refused(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(json_check("{}\0", 3, &err), ERR_CORRUPT);
	assert_int_equal(json_check("\"a\0b\"", 5, &err), ERR_CORRUPT);
	assert_int_equal(json_check("\"\\\0\"", 4, &err), ERR_CORRUPT);
}

static void message_names_the_byte(void **state)
{
	static const char text[] = "{\"a\":1,\"b\":nope}";
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(json_check(text, strlen(text), &err), ERR_CORRUPT);
	assert_string_equal(err.msg, "not valid JSON at byte 11: not a value");
}

static void duplicate_keys_are_refused(void **state)
{
	(void)state;
	assert_int_equal(check("{\"a\":1,\"a\":2}"), ERR_CORRUPT);
	assert_int_equal(check("{\"b\":1,\"a\":2,\"b\":3}"), ERR_CORRUPT);
	assert_int_equal(check("{\"x\":{\"b\":1,\"c\":{\"b\":1},\"a\":2,\"b\":3}}"), ERR_CORRUPT);
	assert_int_equal(check("{\"a\":1,\"\\u0061\":2}"), ERR_CORRUPT);
	assert_int_equal(check("{\"\xc3\xa4\":1,\"z\":0,\"\\u00E4\":2}"), ERR_CORRUPT);
	assert_int_equal(check("{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"), ERR_CORRUPT);
	assert_int_equal(check("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}"), 0);
	assert_int_equal(check("[{\"a\":1},{\"a\":1}]"), 0);
	assert_int_equal(check("{\"a\":1,\"a\\\\\":2,\"a\\\"\":3}"), 0);
}

/* Keys in descending order, so that none proves itself unique on the way. */
static void many_keys_are_checked(void **state)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;

	(void)state;
	buf_addch(&text, '{');
	for (int i = 200000; i > 0; i--)
		buf_addf(&text, "\"key%06d\":0,", i);
	buf_adds(&text, "\"other\":0}");
	assert_int_equal(json_check(text.data, text.len, &err), 0);
	buf_truncate(&text, text.len - strlen("\"other\":0}"));
	buf_adds(&text, "\"key100000\":0}");
	assert_int_equal(json_check(text.data, text.len, &err), ERR_CORRUPT);
	buf_release(&text);
}

static int check_nested(size_t depth, size_t max, bool close)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	int r;

	for (size_t i = 0; i < depth; i++)
		buf_adds(&text, i % 2 ? "{\"a\":" : "[");
	buf_adds(&text, "0");
	for (size_t i = depth; close && i > 0; i--)
		buf_addch(&text, i % 2 ? ']' : '}');
	r = json_check_depth(text.data, text.len, max, &err);
	buf_release(&text);
	return r;
}

static void depth_is_bounded(void **state)
{
	(void)state;
	assert_int_equal(check_nested(JSON_MAX_DEPTH, JSON_MAX_DEPTH, true), 0);
	assert_int_equal(check_nested(JSON_MAX_DEPTH + 1, JSON_MAX_DEPTH, true), ERR_CORRUPT);
	assert_int_equal(check_nested(JSON_DEPTH_LIMIT, SIZE_MAX, true), 0);
	assert_int_equal(check_nested(JSON_DEPTH_LIMIT + 1, SIZE_MAX, true), ERR_CORRUPT);
	assert_int_equal(check_nested(1000000, SIZE_MAX, false), ERR_CORRUPT);
}

/* What the check lets pass, the parser must not trip over. */
static void numbers_at_the_limit_parse(void **state)
{
	char text[80];
	struct error err = ERROR_INIT;
	struct json *j = NULL;

	(void)state;
	memset(text, '1', sizeof(text));
	assert_int_equal(json_check(text, 63, &err), 0);
	assert_int_equal(json_parse(&j, text, 63, &err), 0);
	json_free(j);
	assert_int_equal(json_check(text, 64, &err), ERR_CORRUPT);
}

static void members_are_found_by_exact_key(void **state)
{
	static const char text[] =
		"{\"s\":\"x\\u00e4\",\"n\":9007199254740992,\"f\":1.5,\"neg\":-1,\"big\":"
		"9007199254740994,"
		"\"t\":true,\"z\":null,\"at\":\"2026-11-23T04:31:07.123Z\",\"bad\":\"yesterday\","
		"\"o\":{\"k\":\"v\"},\"a\":[1,\"2\",{}]}";
	struct error err = ERROR_INIT;
	struct json *j = NULL;
	const struct json *c;
	uint64_t n = 7;

	(void)state;
	assert_int_equal(json_parse(&j, text, strlen(text), &err), 0);
	assert_string_equal(json_get_string(j, "s"), "x\xc3\xa4");
	assert_null(json_get_string(j, "S"));
	assert_null(json_get_string(j, "n"));
	assert_true(json_get_u64(j, "n", &n));
	assert_true(n == UINT64_C(9007199254740992));
	n = 7;
	assert_false(json_get_u64(j, "f", &n));
	assert_false(json_get_u64(j, "neg", &n));
	assert_false(json_get_u64(j, "big", &n));
	assert_false(json_get_u64(j, "s", &n));
	assert_false(json_get_u64(j, "none", &n));
	assert_int_equal(n, 7);
	assert_true(json_get_bool(j, "t", false));
	assert_true(json_get_bool(j, "none", true));
	assert_false(json_get_bool(j, "s", false));
	assert_true(json_get_time(j, "at") == INT64_C(1795408267123));
	assert_true(json_get_time(j, "bad") == 0);
	assert_true(json_is_null(json_get(j, "z")));
	assert_string_equal(json_get_string(json_get(j, "o"), "k"), "v");
	assert_int_equal(json_count(json_get(j, "a")), 3);
	c = json_next(json_first(json_get(j, "a")));
	assert_string_equal(json_string(c), "2");
	assert_true(json_is_object(json_next(c)));
	assert_null(json_next(json_next(c)));
	assert_string_equal(json_key(json_first(j)), "s");
	json_free(j);
}

static void nothing_is_asked_of_null(void **state)
{
	uint64_t n = 0;

	(void)state;
	json_free(NULL);
	assert_null(json_get(NULL, "a"));
	assert_null(json_get_string(NULL, "a"));
	assert_true(json_get_bool(NULL, "a", true));
	assert_false(json_get_u64(NULL, "a", &n));
	assert_true(json_get_time(NULL, "a") == 0);
	assert_false(json_is_object(NULL));
	assert_false(json_is_array(NULL));
	assert_false(json_is_null(NULL));
	assert_null(json_string(NULL));
	assert_null(json_first(NULL));
	assert_null(json_next(NULL));
	assert_int_equal(json_count(NULL), 0);
	assert_true(json_is_object(json_empty_object()));
	assert_null(json_get(json_empty_object(), "a"));
}

/* Writes "key=value;" for each member, and checks that a second walk agrees. */
static void walk(const char *text, struct buf *out)
{
	struct json_slice key, value;
	struct error err = ERROR_INIT;
	size_t pos = 0;
	bool more = true;

	while (more) {
		assert_int_equal(
			json_next_member(text, strlen(text), &pos, &key, &value, &more, &err), 0);
		if (!more)
			break;
		buf_add(out, key.at, key.len);
		buf_addch(out, '=');
		buf_add(out, value.at, value.len);
		buf_addch(out, ';');
	}
}

static void a_walk_keeps_every_byte(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	walk(" { \"a\" : 1.50 , \"\\u0062\\\"\":\"x\\\"],}\",\n\"c\":{\"d\": [ 1, \"}\" ] "
	     "},\"e\":[]"
	     ",\"f\\\\\":\"\\\\\",\"g\":-1e5 }",
		&out);
	assert_string_equal(out.data,
		"a=1.50;\\u0062\\\"=\"x\\\"],}\";c={\"d\": [ 1, \"}\" ] };e=[];f\\\\=\"\\\\\";"
		"g=-1e5;");
	buf_clear(&out);
	walk("{}", &out);
	walk(" { } ", &out);
	assert_string_equal(out.data, "");
	buf_release(&out);
}

static void elements_are_walked(void **state)
{
	static const char text[] = "[ 1, \"a,b\", [2,3], {\"x\":[]} ]";
	static const char *const expected[] = { "1", "\"a,b\"", "[2,3]", "{\"x\":[]}" };
	struct error err = ERROR_INIT;
	struct json_slice value;
	size_t pos = 0, n = 0;
	bool more = true;

	(void)state;
	for (;; n++) {
		assert_int_equal(
			json_next_element(text, strlen(text), &pos, &value, &more, &err), 0);
		if (!more)
			break;
		assert_true(n < 4);
		assert_int_equal(value.len, strlen(expected[n]));
		assert_memory_equal(value.at, expected[n], value.len);
	}
	assert_int_equal(n, 4);
}

/* Text that nobody checked may be answered wrongly, never read beyond its end. */
static void a_walk_of_broken_text_ends(void **state)
{
	static const char *const texts[] = { "", "{", "{\"", "{\"a", "{\"a\"",
		"{\"a\":", "{\"a\":\"", "{\"a\":\"\\", "{\"a\":{", "{\"a\":1", "{\"a\":1 2", "{a",
		"[", "x" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		size_t len = strlen(texts[i]), pos = 0, steps = 0;
		char *copy = malloc(len + 1);
		struct json_slice key, value;
		struct error err = ERROR_INIT;
		bool more = true;
		int r = 0;

		assert_non_null(copy);
		memcpy(copy, texts[i], len);
		while (r == 0 && more && steps++ < 10)
			r = json_next_member(copy, len, &pos, &key, &value, &more, &err);
		assert_int_equal(r, ERR_CORRUPT);
		free(copy);
	}
}

static void slices_are_decoded(void **state)
{
	struct error err = ERROR_INIT;
	struct json_slice text = { "\"a\\n\\u00e4\\ud83d\\ude00\\\\\\/\"", 27 };
	struct json_slice plain = { "\"plain\"", 7 }, number = { "12", 2 }, word = { "null", 4 };
	struct json_slice at = { "\"1970-01-01T00:00:01Z\"", 22 };
	struct json_slice fraction = { "1.0", 3 }, large = { "9007199254740993", 16 };
	char *out = NULL;
	uint64_t n = 0;

	(void)state;
	assert_int_equal(text.len, strlen(text.at));
	assert_int_equal(json_slice_string(&text, &out, &err), 0);
	assert_string_equal(out, "a\n\xc3\xa4\xf0\x9f\x98\x80\\/");
	free(out);
	assert_int_equal(json_slice_string(&plain, &out, &err), 0);
	assert_string_equal(out, "plain");
	free(out);
	assert_int_equal(json_slice_string(&number, &out, &err), 0);
	assert_null(out);
	assert_true(json_slice_u64(&number, &n));
	assert_int_equal(n, 12);
	assert_false(json_slice_u64(&word, &n));
	assert_false(json_slice_u64(&fraction, &n));
	assert_false(json_slice_u64(&large, &n));
	assert_true(json_slice_time(&at) == 1000);
	assert_true(json_slice_time(&plain) == 0);
	assert_true(json_slice_time(&number) == 0);
	assert_true(json_slice_is(&plain, '"'));
	assert_false(json_slice_is(&number, '"'));
}

static void keys_compare_decoded(void **state)
{
	struct json_slice a = { "ab", 2 }, b = { "\\u0061b", 7 }, c = { "ac", 2 }, d = { "a", 1 };
	struct json_slice high = { "\xc3\xa4", 2 };

	(void)state;
	assert_int_equal(json_key_order(&a, &b), 0);
	assert_true(json_key_order(&b, &c) < 0);
	assert_true(json_key_order(&c, &b) > 0);
	assert_true(json_key_order(&d, &b) < 0);
	assert_true(json_key_order(&a, &high) < 0);
	assert_true(json_key_is(&b, "ab"));
	assert_true(json_key_is(&a, "ab"));
	assert_false(json_key_is(&a, "a"));
	assert_false(json_key_is(&a, "abc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_texts_pass),
		cmocka_unit_test(bad_texts_are_refused),
		cmocka_unit_test(nul_bytes_are_refused),
		cmocka_unit_test(message_names_the_byte),
		cmocka_unit_test(duplicate_keys_are_refused),
		cmocka_unit_test(many_keys_are_checked),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(numbers_at_the_limit_parse),
		cmocka_unit_test(members_are_found_by_exact_key),
		cmocka_unit_test(nothing_is_asked_of_null),
		cmocka_unit_test(a_walk_keeps_every_byte),
		cmocka_unit_test(elements_are_walked),
		cmocka_unit_test(a_walk_of_broken_text_ends),
		cmocka_unit_test(slices_are_decoded),
		cmocka_unit_test(keys_compare_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
