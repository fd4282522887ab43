#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/names.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static char long_name[301];

static void good_session_names_pass(void **state)
{
	static const char *const names[] = { "a", "fix-login", "task#123", "task-123", "v1.2_x",
		"0", "_x", "#7", "A.B", "a-", "locks", "a.lockx" };
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < N(names); i++)
		if (name_check_session(names[i], &err))
			fail_msg("'%s': %s", names[i], err.msg);
	long_name[100] = '\0';
	assert_int_equal(name_check_session(long_name, &err), 0);
	long_name[100] = 'x';
}

static void bad_session_names_say_why(void **state)
{
	static const char dots[] = "must not start with '-' or '.'";
	static const char set[] = "can contain only letters, digits, '.', '_', '#' and '-'";
	static const struct {
		const char *name, *shown, *rule, *hint;
	} cases[] = {
		{ "", "", "is empty", "fix-login" },
		{ "../x", "../x", dots, "x" },
		{ "/abs", "/abs", set, "abs" },
		{ "-x", "-x", dots, "x" },
		{ ".", ".", dots, "fix-login" },
		{ "..", "..", dots, "fix-login" },
		{ "$(touch F)x", "$(touch F)x", set, "touch-f-x" },
		{ "a;b", "a;b", set, "a-b" },
		{ "a b", "a b", set, "a-b" },
		{ "a\nb", "a\\x0ab", set, "a-b" },
		{ "a\x1b[31mb", "a\\x1b[31mb", set, "a-31mb" },
		{ "a\xe2\x80\xae"
		  "b",
			"a\\u202eb", set, "a-b" },
		{ "\xff", "\\xff", set, "fix-login" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", set, "gr" },
		{ "a~b", "a~b", set, "a-b" },
		{ "a@b", "a@b", set, "a-b" },
		{ "a..b", "a..b", "must not contain '..'", "a-b" },
		{ "a.lock", "a.lock", "must not end in '.' or '.lock'", "a-lock" },
		{ "a.", "a.", "must not end in '.' or '.lock'", "a" },
		{ "HEAD", "HEAD", "has a special meaning in git", "head" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct error err = ERROR_INIT;
		char msg[256], hint[256];

		(void)snprintf(
			msg, sizeof(msg), "session name '%s' %s", cases[i].shown, cases[i].rule);
		(void)snprintf(
			hint, sizeof(hint), "a valid session name would be '%s'", cases[i].hint);
		assert_int_equal(name_check_session(cases[i].name, &err), ERR_USAGE);
		assert_string_equal(err.msg, msg);
		assert_string_equal(err.hint, hint);
	}
}

static void a_long_name_is_not_repeated_whole(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(name_check_session(long_name, &err), ERR_USAGE);
	assert_non_null(strstr(err.msg, "...' is longer than 100 bytes"));
	assert_true(strlen(err.msg) < 200);
	assert_int_equal(name_check_branch(long_name, &err), ERR_USAGE);
	assert_non_null(strstr(err.msg, "is longer than 250 bytes"));
}

/* What git check-ref-format --branch of 2.39 says, but for what minsky adds. */
static void branches_are_judged_as_git_does(void **state)
{
	static const char *const good[] = { "main", "feature/x", "refs/heads/x", "@x", "x@", "a#b",
		"x{", "a{b}", "\xc3\xa4", "a.b/c.d", "a-", "a/-b", "task#1", "a@b{" };
	static const char *const bad[] = { "", "-x", "HEAD", "a@{b", "a b", "a..b", "a.lock/b",
		"a.lock", "a.", ".a", "a/.b", "/", "/a", "a/", "a//b", "a\\b", "a~", "a^", "a:b",
		"a?", "a*", "a[b", "a\x7f", "a\tb", "a\x1b", "@" /* another name of HEAD */,
		"x\xff" /* the journal holds UTF-8 alone */ };
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < N(good); i++)
		if (name_check_branch(good[i], &err))
			fail_msg("'%s': %s", good[i], err.msg);
	for (size_t i = 0; i < N(bad); i++)
		if (name_check_branch(bad[i], &err) != ERR_USAGE)
			fail_msg("'%s' passed", bad[i]);
}

static void task_is(const char *text, const char *expected)
{
	struct error err = ERROR_INIT;
	struct buf b = BUF_INIT;

	assert_int_equal(name_task_id(text, &b, &err), 0);
	assert_string_equal(b.data, expected);
	buf_release(&b);
}

static void spellings_of_a_task_are_one(void **state)
{
	(void)state;
	task_is("123", "123");
	task_is("#123", "123");
	task_is("task#123", "123");
	task_is("TASK#123", "123");
	task_is("Task#00123", "123");
	task_is("0", "0");
	task_is("000", "0");
	task_is("#0000000000000000000000000000001", "1");
	task_is("9999999999999999999", "9999999999999999999");
}

static void other_task_ids_are_refused(void **state)
{
	static const char *const bad[] = { "", "#", "task#", "task123", "task-1", "##1", "1a", "-1",
		"+1", " 1", "1 ", "1\n", "0x1", "md#1", "\xd9\xa1", "12345678901234567890" };
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < N(bad); i++) {
		struct error err = ERROR_INIT;

		if (name_task_id(bad[i], &b, &err) != ERR_USAGE)
			fail_msg("'%s' passed", bad[i]);
		assert_string_equal(err.hint, "write it as 123, #123 or task#123");
	}
	assert_int_equal(b.len, 0);
	buf_release(&b);
}

static void slug_is(const char *text, const char *expected)
{
	struct error err = ERROR_INIT;
	struct buf b = BUF_INIT;

	assert_int_equal(name_slug(text, &b, &err), 0);
	assert_string_equal(b.data, expected);
	assert_int_equal(name_check_session(b.data, &err), 0);
	buf_release(&b);
}

static void a_description_becomes_a_name(void **state)
{
	struct error err = ERROR_INIT;
	struct buf b = BUF_INIT;

	(void)state;
	slug_is("Fix the login", "fix-the-login");
	slug_is("  Don't panic!  ", "dont-panic");
	slug_is("../../etc/passwd", "etc-passwd");
	slug_is("$(touch F)", "touch-f");
	slug_is("a\x1b[31m", "a-31m");
	slug_is("HEAD", "head");
	slug_is("move.lock", "move-lock");
	/* 50 bytes; cut between words if a word ends in the second half, else within */
	slug_is("aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeeee f",
		"aaaaaaaaa-bbbbbbbbb-ccccccccc-ddddddddd-eeeeeeeeee");
	slug_is("aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeeeee",
		"aaaaaaaaa-bbbbbbbbb-ccccccccc-ddddddddd");
	slug_is("a bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
		"a-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	assert_int_equal(name_slug("?!", &b, &err), ERR_USAGE);
	assert_string_equal(
		err.msg, "description '?!' contains no letter or digit to make a name of");
	assert_string_equal(err.hint, "give a name: minsky session start NAME");
	assert_int_equal(name_slug("", &b, &err), ERR_USAGE);
	buf_release(&b);
}

static void any_text_becomes_a_directory_name(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "org/repo", "org-repo" },
		{ "local-x", "local-x" },
		{ "Org/Sub/Repo.js", "Org-Sub-Repo.js" },
		{ "~user/x", "user-x" },
		{ "../..", "repo" },
		{ ".hidden", "hidden" },
		{ "-rf", "rf" },
		{ "", "repo" },
		{ "/", "repo" },
		{ "a  /b", "a-b" },
		{ "a-/-b", "a--b" },
		{ "a.", "a" },
		{ "\xc3\xa4x\x1b", "x" },
	};
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		buf_clear(&b);
		buf_adds(&b, "dir/");
		name_dir_slug(cases[i].text, &b);
		assert_string_equal(b.data + 4, cases[i].expected);
	}
	buf_clear(&b);
	name_dir_slug(long_name, &b);
	assert_int_equal(b.len, 100);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_session_names_pass),
		cmocka_unit_test(bad_session_names_say_why),
		cmocka_unit_test(a_long_name_is_not_repeated_whole),
		cmocka_unit_test(branches_are_judged_as_git_does),
		cmocka_unit_test(spellings_of_a_task_are_one),
		cmocka_unit_test(other_task_ids_are_refused),
		cmocka_unit_test(a_description_becomes_a_name),
		cmocka_unit_test(any_text_becomes_a_directory_name),
	};

	memset(long_name, 'x', sizeof(long_name) - 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
