#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/option.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define WORDS 8

static bool force, quiet, json;
static const char *name;
static unsigned long count;
static struct option_list settings;

static const struct option_desc own[] = {
	{ OPTION_FLAG, 'f', "force", &force, NULL, "do it all the same" },
	{ OPTION_FLAG, 'q', "quiet", &quiet, NULL, "say nothing" },
	{ OPTION_STRING, 'n', "name", &name, "NAME", "what it is called" },
	{ OPTION_COUNT, 'c', "count", &count, "N", "how many" },
	{ OPTION_LIST, 's', "set", &settings, "KEY=VALUE", "a setting" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

/* 'n' is taken by the table above, which is asked first. */
static const struct option_desc common[] = {
	{ OPTION_FLAG, 'j', "json", &json, NULL, "as JSON" },
	{ OPTION_FLAG, 'n', "never", &json, NULL, "never reached by its letter" },
	{ OPTION_END, 0, NULL, NULL, NULL, NULL },
};

static int parse(const char *const *words, const char **argv, int *argc, struct error *err)
{
	int n = 0;

	force = quiet = json = false;
	name = NULL;
	count = 7;
	settings.n = 0;
	settings.v[0] = NULL;
	while (n < WORDS && words[n]) {
		argv[n] = words[n];
		n++;
	}
	*argc = -1;
	return option_parse(own, common, n, argv, argc, err);
}

static void a_command_line_is_taken_apart(void **state)
{
	static const struct {
		const char *words[WORDS + 1];
		const char *rest[WORDS + 1];
		bool force, quiet, json;
		const char *name;
		unsigned long count;
		const char *settings[3];
	} cases[] = {
		{ .count = 7 },
		{ { "a", "b" }, .rest = { "a", "b" }, .count = 7 },
		{ { "--force" }, .force = true, .count = 7 },
		{ { "-f" }, .force = true, .count = 7 },
		{ { "--name=x" }, .name = "x", .count = 7 },
		{ { "--name", "x" }, .name = "x", .count = 7 },
		{ { "-n", "x" }, .name = "x", .count = 7 },
		{ { "-nx" }, .name = "x", .count = 7 },
		{ { "--name=" }, .name = "", .count = 7 },
		{ { "--name", "" }, .name = "", .count = 7 },
		{ { "--name=a=b" }, .name = "a=b", .count = 7 },
		/* A value may look like an option, and be the end of options. */
		{ { "--name", "--force" }, .name = "--force", .count = 7 },
		{ { "-n", "--", "a" }, .rest = { "a" }, .name = "--", .count = 7 },
		{ { "-n=x" }, .name = "=x", .count = 7 },
		/* The last of several counts. */
		{ { "-n", "x", "--name=y" }, .name = "y", .count = 7 },
		{ { "--count=12" }, .count = 12 },
		{ { "-c", "0" }, .count = 0 },
		{ { "-c3" }, .count = 3 },
		/* Letters in one word; the rest of it is the value. */
		{ { "-fq" }, .force = true, .quiet = true, .count = 7 },
		{ { "-fnx" }, .force = true, .name = "x", .count = 7 },
		{ { "-fn", "x" }, .force = true, .name = "x", .count = 7 },
		{ { "-fj" }, .force = true, .json = true, .count = 7 },
		/* Mixed with arguments, in any order. */
		{ { "a", "--force", "b", "-n", "x", "c" }, .rest = { "a", "b", "c" }, .force = true,
			.name = "x", .count = 7 },
		{ { "--json", "a" }, .rest = { "a" }, .json = true, .count = 7 },
		{ { "a", "--", "--force", "-x", "--" }, .rest = { "a", "--force", "-x", "--" },
			.count = 7 },
		{ { "-" }, .rest = { "-" }, .count = 7 },
		{ { "" }, .rest = { "" }, .count = 7 },
		{ { "--set", "a=1", "-s", "b=2" }, .count = 7, .settings = { "a=1", "b=2" } },
		{ { "--set=a=1" }, .count = 7, .settings = { "a=1" } },
		/* The opposite; the last of several counts here too. */
		{ { "--force", "--no-force" }, .count = 7 },
		{ { "--no-force", "--force" }, .force = true, .count = 7 },
	};
	struct error err = ERROR_INIT;
	const char *argv[WORDS + 1];
	int argc;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		int n = 0;

		print_message("case %zu\n", i);
		assert_int_equal(parse(cases[i].words, argv, &argc, &err), 0);
		for (; cases[i].rest[n]; n++) {
			assert_true(n < argc);
			assert_string_equal(argv[n], cases[i].rest[n]);
		}
		assert_int_equal(argc, n);
		assert_int_equal(force, cases[i].force);
		assert_int_equal(quiet, cases[i].quiet);
		assert_int_equal(json, cases[i].json);
		assert_int_equal(count, cases[i].count);
		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
		for (n = 0; cases[i].settings[n]; n++)
			assert_string_equal(settings.v[n], cases[i].settings[n]);
		assert_int_equal(settings.n, n);
		assert_null(settings.v[n]);
	}
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *words[WORDS + 1];
		const char *message;
	} cases[] = {
		{ { "--nope" }, "unknown option '--nope'" },
		{ { "--nope=1" }, "unknown option '--nope'" },
		{ { "-x" }, "unknown option '-x'" },
		{ { "-fx" }, "unknown option '-x'" },
		{ { "---" }, "unknown option '---'" },
		{ { "--=x" }, "unknown option '--'" },
		/* No abbreviations, and case matters. */
		{ { "--nam", "x" }, "unknown option '--nam'" },
		{ { "--names", "x" }, "unknown option '--names'" },
		{ { "--Name", "x" }, "unknown option '--Name'" },
		{ { "-F" }, "unknown option '-F'" },
		{ { "--name" }, "--name requires a value: NAME" },
		{ { "-n" }, "--name requires a value: NAME" },
		{ { "-fn" }, "--name requires a value: NAME" },
		{ { "--count" }, "--count requires a value: N" },
		{ { "--force=yes" }, "--force takes no value" },
		{ { "--force=" }, "--force takes no value" },
		{ { "--count=" }, "--count expects a number, not ''" },
		{ { "--count=x" }, "--count expects a number, not 'x'" },
		{ { "--count=3x" }, "--count expects a number, not '3x'" },
		{ { "--count=-3" }, "--count expects a number, not '-3'" },
		{ { "--count= -3" }, "--count expects a number, not ' -3'" },
		{ { "--count= 3" }, "--count expects a number, not ' 3'" },
		{ { "--count=+3" }, "--count expects a number, not '+3'" },
		{ { "--count=99999999999999999999" },
			"--count expects a number, not '99999999999999999999'" },
		/* The opposite is for flags of the command's own table. */
		{ { "--no-name" }, "unknown option '--no-name'" },
		{ { "--no-json" }, "unknown option '--no-json'" },
		{ { "--no-force=1" }, "unknown option '--no-force'" },
		{ { "--no-" }, "unknown option '--no-'" },
	};
	const char *argv[WORDS + 1];
	int argc;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct error err = ERROR_INIT;

		print_message("case %zu\n", i);
		assert_int_equal(parse(cases[i].words, argv, &argc, &err), ERR_USAGE);
		assert_int_equal(err.code, ERR_USAGE);
		assert_string_equal(err.msg, cases[i].message);
		assert_int_equal(argc, -1);
	}
}

static void a_list_has_an_end(void **state)
{
	const char *argv[2 * (OPTION_LIST_MAX + 1)];
	struct error err = ERROR_INIT;
	int argc;

	(void)state;
	for (size_t i = 0; i < N(argv); i += 2) {
		argv[i] = "-s";
		argv[i + 1] = "k=v";
	}
	settings.n = 0;
	assert_int_equal(option_parse(own, NULL, 2 * OPTION_LIST_MAX, argv, &argc, &err), 0);
	assert_int_equal(settings.n, OPTION_LIST_MAX);
	assert_null(settings.v[OPTION_LIST_MAX]);
	settings.n = 0;
	assert_int_equal(option_parse(own, NULL, (int)N(argv), argv, &argc, &err), ERR_USAGE);
	assert_string_equal(err.msg, "--set is given more than 32 times");
	assert_int_equal(settings.n, OPTION_LIST_MAX);
}

static void the_second_table_may_be_missing(void **state)
{
	const char *argv[] = { "--json" };
	struct error err = ERROR_INIT;
	int argc;

	(void)state;
	assert_int_equal(option_parse(own, NULL, 1, argv, &argc, &err), ERR_USAGE);
	assert_string_equal(err.msg, "unknown option '--json'");
}

static void help_is_aligned(void **state)
{
	static const struct option_desc table[] = {
		{ OPTION_FLAG, 'f', "force", &force, NULL, "do it all the same" },
		{ OPTION_STRING, 0, "name", &name, "NAME", "what it is called" },
		{ OPTION_STRING, 0, "a-name-that-is-too-long", &name, "DIRECTORY", "and more" },
		{ OPTION_END, 0, NULL, NULL, NULL, NULL },
	};
	struct buf out = BUF_INIT;

	(void)state;
	option_usage(&out, table);
	assert_string_equal(out.data,
		"  -f, --force                 do it all the same\n"
		"      --name NAME             what it is called\n"
		"      --a-name-that-is-too-long DIRECTORY  and more\n");
	buf_clear(&out);
	option_usage(&out, NULL);
	assert_string_equal(out.data, "");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_line_is_taken_apart),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(a_list_has_an_end),
		cmocka_unit_test(the_second_table_may_be_missing),
		cmocka_unit_test(help_is_aligned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
