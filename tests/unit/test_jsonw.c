#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/json.h"
#include "core/jsonw.h"
#include "core/text.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void strings_are_escaped_where_they_must_be(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *out;
	} cases[] = {
		{ "", 0, "\"\"" },
		{ "plain /'<>&", 11, "\"plain /'<>&\"" },
		{ "\"\\", 2, "\"\\\"\\\\\"" },
		{ "\n\t\r", 3, "\"\\n\\t\\r\"" },
		{ "\b\f\x1b\x01\x1f", 5, "\"\\u0008\\u000c\\u001b\\u0001\\u001f\"" },
		{ "a\0b", 3, "\"a\\\\x00b\"" },
		{ "\x7f", 1, "\"\\u007f\"" },
		/* C1: CSI in one character. */
		{ "\xc2\x80\xc2\x9b\xc2\x9f", 6, "\"\\u0080\\u009b\\u009f\"" },
		{ "\xc2\xa0", 2, "\"\xc2\xa0\"" },
		/* Line separators would end a line of JavaScript. */
		{ "\xe2\x80\xa8\xe2\x80\xa9", 6, "\"\\u2028\\u2029\"" },
		/* Bidirectional controls: overrides, isolates, marks. */
		{ "\xe2\x80\xaa\xe2\x80\xae", 6, "\"\\u202a\\u202e\"" },
		{ "\xe2\x81\xa6\xe2\x81\xa9", 6, "\"\\u2066\\u2069\"" },
		{ "\xe2\x80\x8e\xe2\x80\x8f", 6, "\"\\u200e\\u200f\"" },
		{ "\xd8\x9c", 2, "\"\\u061c\"" },
		/* Everything else stays as it is. */
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9,
			"\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		{ "\xef\xbf\xbd\xf4\x8f\xbf\xbf", 7, "\"\xef\xbf\xbd\xf4\x8f\xbf\xbf\"" },
		/* Bytes that are no UTF-8 become text that shows them. */
		{ "\xff", 1, "\"\\\\xff\"" },
		{ "a\x80z", 3, "\"a\\\\x80z\"" },
		{ "\xc3", 1, "\"\\\\xc3\"" },
		{ "\xe2\x82", 2, "\"\\\\xe2\\\\x82\"" },
		{ "\xe2\x82(", 3, "\"\\\\xe2\\\\x82(\"" },
		{ "\xc0\xaf", 2, "\"\\\\xc0\\\\xaf\"" },
		{ "\xed\xa0\x80", 3, "\"\\\\xed\\\\xa0\\\\x80\"" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct buf out = BUF_INIT;
		struct jsonw w;

		jsonw_init(&w, &out, false);
		jsonw_string_n(&w, cases[i].in, cases[i].len);
		assert_string_equal(out.data, cases[i].out);
		assert_int_equal(out.len, strlen(cases[i].out));
		buf_release(&out);
	}
}

static void any_bytes_make_valid_json(void **state)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	struct jsonw w;
	char pair[2];

	(void)state;
	jsonw_init(&w, &out, false);
	jsonw_begin_array(&w);
	for (int a = 0; a < 256; a++) {
		for (int b = 0; b < 256; b += a < 0x80 ? 51 : 1) {
			pair[0] = (char)a;
			pair[1] = (char)b;
			jsonw_string_n(&w, pair, 2);
		}
	}
	jsonw_end_array(&w);
	assert_int_equal(buf_check(&out, &err), 0);
	assert_true(text_is_utf8(out.data, out.len));
	assert_int_equal(json_check(out.data, out.len, &err), 0);
	for (size_t i = 0; i < out.len; i++)
		assert_true((unsigned char)out.data[i] >= 0x20 && out.data[i] != 0x7f);
	buf_release(&out);
}

/* The same document in both forms. */
static void write_document(struct buf *out, bool pretty)
{
	struct jsonw w;

	jsonw_init(&w, out, pretty);
	jsonw_begin_object(&w);
	jsonw_kstring(&w, "name", "x\n");
	jsonw_kstring_opt(&w, "absent", NULL);
	jsonw_kstring_opt(&w, "empty", "");
	jsonw_kstring_opt(&w, "there", "y");
	jsonw_ku64(&w, "n", UINT64_MAX);
	jsonw_kbool(&w, "yes", true);
	jsonw_kbool(&w, "no", false);
	jsonw_ktime(&w, "at", 0);
	jsonw_ktime_opt(&w, "never", 0);
	jsonw_ktime_opt(&w, "then", 1);
	jsonw_key(&w, "list");
	jsonw_begin_array(&w);
	jsonw_u64(&w, 0);
	jsonw_null(&w);
	jsonw_bool(&w, true);
	jsonw_string(&w, "z");
	jsonw_raw(&w, "{\"a\":1}", 7);
	jsonw_begin_array(&w);
	jsonw_end_array(&w);
	jsonw_begin_object(&w);
	jsonw_end_object(&w);
	jsonw_begin_object(&w);
	jsonw_ku64(&w, "k", 1);
	jsonw_end_object(&w);
	jsonw_end_array(&w);
	jsonw_key(&w, "key\t");
	jsonw_null(&w);
	jsonw_end_object(&w);
}

static void commas_and_colons_come_by_themselves(void **state)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;

	(void)state;
	write_document(&out, false);
	assert_string_equal(out.data,
		"{\"name\":\"x\\n\",\"there\":\"y\",\"n\":18446744073709551615,"
		"\"yes\":true,\"no\":false,\"at\":\"1970-01-01T00:00:00.000Z\","
		"\"then\":\"1970-01-01T00:00:00.001Z\","
		"\"list\":[0,null,true,\"z\",{\"a\":1},[],{},{\"k\":1}],\"key\\t\":null}");
	assert_int_equal(json_check(out.data, out.len, &err), 0);
	buf_release(&out);
}

static void pretty_is_for_people(void **state)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;

	(void)state;
	write_document(&out, true);
	assert_string_equal(out.data,
		"{\n"
		"  \"name\": \"x\\n\",\n"
		"  \"there\": \"y\",\n"
		"  \"n\": 18446744073709551615,\n"
		"  \"yes\": true,\n"
		"  \"no\": false,\n"
		"  \"at\": \"1970-01-01T00:00:00.000Z\",\n"
		"  \"then\": \"1970-01-01T00:00:00.001Z\",\n"
		"  \"list\": [\n"
		"    0,\n"
		"    null,\n"
		"    true,\n"
		"    \"z\",\n"
		"    {\"a\":1},\n"
		"    [],\n"
		"    {},\n"
		"    {\n"
		"      \"k\": 1\n"
		"    }\n"
		"  ],\n"
		"  \"key\\t\": null\n"
		"}");
	assert_int_equal(json_check(out.data, out.len, &err), 0);
	buf_release(&out);
}

static void documents_may_follow_each_other(void **state)
{
	struct buf out = BUF_INIT;
	struct jsonw w;

	(void)state;
	buf_adds(&out, "in front: ");
	for (int i = 0; i < 2; i++) {
		jsonw_init(&w, &out, false);
		jsonw_begin_object(&w);
		jsonw_end_object(&w);
		buf_addch(&out, '\n');
	}
	assert_string_equal(out.data, "in front: {}\n{}\n");
	buf_release(&out);
}

static void wrong_nesting_is_found(void **state)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	struct jsonw w;

	(void)state;
	jsonw_init(&w, &out, false);
	for (int i = 0; i < JSONW_DEPTH; i++)
		jsonw_begin_array(&w);
	assert_int_equal(buf_check(&out, &err), 0);
	jsonw_begin_array(&w);
	assert_int_equal(buf_check(&out, &err), ERR_NOMEM);
	buf_release(&out);

	jsonw_init(&w, &out, false);
	jsonw_begin_array(&w);
	jsonw_end_array(&w);
	assert_int_equal(buf_check(&out, &err), 0);
	jsonw_end_array(&w);
	assert_int_equal(buf_check(&out, &err), ERR_NOMEM);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_escaped_where_they_must_be),
		cmocka_unit_test(any_bytes_make_valid_json),
		cmocka_unit_test(commas_and_colons_come_by_themselves),
		cmocka_unit_test(pretty_is_for_people),
		cmocka_unit_test(documents_may_follow_each_other),
		cmocka_unit_test(wrong_nesting_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
