/* The pure parts of reading a journal: places, differences of records, statistics, pretty JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/json_pretty.h"
#include "history/point.h"
#include "history/replay.h"
#include "history/stats.h"
#include "lib/journals.h"
#include "lib/scratch.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static int note(void *arg, const char *member, const struct json_slice *before,
	const struct json_slice *after, struct error *err)
{
	struct buf *out = arg;

	buf_addf(out, "%s:%.*s>%.*s;", member, before ? (int)before->len : 1,
		before ? before->at : "-", after ? (int)after->len : 1, after ? after->at : "-");
	return buf_check(out, err);
}

static void a_difference_names_each_member(void **state)
{
	static const struct {
		const char *before, *after, *expected;
	} cases[] = {
		{ "{}", "{}", "" },
		{ "{\"a\":1}", "{\"a\":1}", "" },
		{ "{}", "{\"a\":1}", "a:->1;" },
		{ "{\"a\":1}", "{}", "a:1>-;" },
		{ "{\"a\":1,\"b\":\"x\"}", "{\"a\":2,\"b\":\"x\"}", "a:1>2;" },
		{ "{\"b\":1}", "{\"a\":0,\"b\":1,\"c\":2}", "a:->0;c:->2;" },
		{ "{}", "{\"p\":{\"x\":1,\"y\":{\"z\":2}}}", "p.x:->1;p.y.z:->2;" },
		{ "{\"p\":{\"x\":1}}", "{}", "p.x:1>-;" },
		{ "{\"p\":{\"x\":1,\"y\":2}}", "{\"p\":{\"y\":3}}", "p.x:1>-;p.y:2>3;" },
		/* A value of another kind, and an array, are one value. */
		{ "{\"p\":{\"x\":1}}", "{\"p\":4}", "p:{\"x\":1}>4;" },
		{ "{\"l\":[1]}", "{\"l\":[1,2]}", "l:[1]>[1,2];" },
		/* So is an object whose keys are in no order. */
		{ "{\"u\":{\"b\":1,\"a\":2}}", "{\"u\":{\"b\":1,\"a\":3}}",
			"u:{\"b\":1,\"a\":2}>{\"b\":1,\"a\":3};" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct error err = ERROR_INIT;
		struct buf out = BUF_INIT;

		assert_int_equal(replay_diff(cases[i].before, cases[i].after, note, &out, &err), 0);
		assert_string_equal(out.data, cases[i].expected);
		buf_release(&out);
	}
}

static void a_place_is_a_number_a_number_with_its_origin_or_a_time(void **state)
{
	char dir[SCRATCH_SIZE];
	struct journal *j;
	const char *own;
	struct error err = ERROR_INIT;
	struct history_point p = { .seq = 77 };
	char text[64];
	static const char *const wrong[] = { "", "0", "-1", "+1", "1x", " 1", ":1", "x:1",
		"1:", "99999999999999999999", "9007199254740993", "now", "2026-13-01" };

	(void)state;
	scratch_make(dir);
	j = journals_new(dir);
	own = journal_origin(j);
	assert_int_equal(history_point_parse(&p, j, "12", true, &err), 0);
	assert_false(p.by_time);
	assert_int_equal(p.seq, 12);
	assert_string_equal(p.origin, own);
	(void)snprintf(text, sizeof(text), "%.4s:9007199254740992", own);
	assert_int_equal(history_point_parse(&p, j, text, false, &err), 0);
	assert_true(p.seq == UINT64_C(9007199254740992));
	assert_string_equal(p.origin, own);
	assert_int_equal(history_point_parse(&p, j, "1970-01-02", true, &err), 0);
	assert_true(p.by_time);
	assert_int_equal(p.ms, 86400000);
	assert_int_equal(history_point_parse(&p, j, "1970-01-01T00:00:01Z", true, &err), 0);
	assert_int_equal(p.ms, 1000);
	assert_int_equal(history_point_parse(&p, j, "1970-01-02", false, &err), ERR_USAGE);
	for (size_t i = 0; i < N(wrong); i++)
		assert_int_equal(history_point_parse(&p, j, wrong[i], true, &err), ERR_USAGE);
	(void)snprintf(text, sizeof(text), "%c:1", own[0] == 'a' ? 'b' : 'a');
	assert_int_equal(history_point_parse(&p, j, text, true, &err), ERR_NOTFOUND);
	assert_int_equal(p.ms, 1000);
	journal_close(j);
	scratch_remove(dir);
}

static void a_place_of_another_origin_says_so(void **state)
{
	static const char own[] = "00112233445566778899aabbccddeeff";
	static const char other[] = "ffeeddccbbaa99887766554433221100";
	char out[HISTORY_PLACE_SIZE];

	(void)state;
	history_place(out, own, own, 12);
	assert_string_equal(out, "12");
	history_place(out, own, other, 12);
	assert_string_equal(out, "ffeeddcc:12");
}

static void percentiles_are_values_that_were_measured(void **state)
{
	static const struct {
		size_t n;
		uint64_t p50, p95;
	} cases[] = { { 0, 0, 0 }, { 1, 1, 1 }, { 2, 1, 2 }, { 3, 2, 3 }, { 20, 10, 19 },
		{ 100, 50, 95 } };

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		uint32_t values[100];
		struct stats s = { .hook_us = values, .n_hook_us = cases[i].n };

		for (size_t k = 0; k < cases[i].n; k++)
			values[k] = (uint32_t)(cases[i].n - k);
		stats_sort(&s);
		assert_int_equal(stats_hook_us(&s, 50), cases[i].p50);
		assert_int_equal(stats_hook_us(&s, 95), cases[i].p95);
	}
}

static void growth_counts_the_days_between_too(void **state)
{
	struct stats_day days[] = { { .day = 10 }, { .day = 13 } };
	struct stats s = { .days = days, .n_days = 2, .bytes = 400 };

	(void)state;
	assert_int_equal(stats_growth(&s), 100);
	s.n_days = 1;
	assert_int_equal(stats_growth(&s), 400);
	s.n_days = 0;
	assert_int_equal(stats_growth(&s), 0);
}

static void json_keeps_its_values_on_lines_of_their_own(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "1.50", "1.50" },
		{ "{}", "{}" },
		{ " [ ] ", "[]" },
		{ "{\"a\":[1,{\"b\":null}],\"c\":\"\\u202e\"}",
			"{\n\t\"a\": [\n\t\t1,\n\t\t{\n\t\t\t\"b\": null\n\t\t}\n\t],\n\t\"c\": "
			"\"\\u202e\"\n}" },
		{ "\"\x7f\"", "\"\\x7f\"" },
	};
	static const char *const wrong[] = { "", "{", "{\"a\":}", "[1,]", "1 2", "\"\xff\"" };
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct buf out = BUF_INIT;

		assert_int_equal(json_pretty(&out, cases[i].text, strlen(cases[i].text), &err), 0);
		assert_string_equal(out.data, cases[i].expected);
		buf_release(&out);
	}
	for (size_t i = 0; i < N(wrong); i++) {
		struct buf out = BUF_INIT;

		assert_int_equal(json_pretty(&out, wrong[i], strlen(wrong[i]), &err), ERR_CORRUPT);
		assert_int_equal(out.len, 0);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_difference_names_each_member),
		cmocka_unit_test(a_place_is_a_number_a_number_with_its_origin_or_a_time),
		cmocka_unit_test(a_place_of_another_origin_says_so),
		cmocka_unit_test(percentiles_are_values_that_were_measured),
		cmocka_unit_test(growth_counts_the_days_between_too),
		cmocka_unit_test(json_keeps_its_values_on_lines_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
