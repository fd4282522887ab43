#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/paths.h"

static void environment(const char *home, const char *state_home, const char *config_home)
{
	assert_int_equal(home ? setenv("HOME", home, 1) : unsetenv("HOME"), 0);
	assert_int_equal(
		state_home ? setenv("XDG_STATE_HOME", state_home, 1) : unsetenv("XDG_STATE_HOME"),
		0);
	assert_int_equal(config_home ? setenv("XDG_CONFIG_HOME", config_home, 1)
				     : unsetenv("XDG_CONFIG_HOME"),
		0);
}

static void places_are(const char *state_dir, const char *config_file)
{
	struct error err = ERROR_INIT;
	struct buf b = BUF_INIT;

	buf_adds(&b, "left over");
	assert_int_equal(paths_state(&b, &err), 0);
	assert_string_equal(b.data, state_dir);
	assert_int_equal(paths_config_file(&b, &err), 0);
	assert_string_equal(b.data, config_file);
	buf_release(&b);
}

static void places_follow_the_environment(void **state)
{
	(void)state;
	environment("/home/ana", NULL, NULL);
	places_are("/home/ana/.local/state/minsky", "/home/ana/.config/minsky/config.yaml");
	environment("/home/ana/", "/s", "/c/");
	places_are("/s/minsky", "/c/minsky/config.yaml");
	environment("/home/ana", "relative", "");
	places_are("/home/ana/.local/state/minsky", "/home/ana/.config/minsky/config.yaml");
	environment(NULL, "/s", "/c");
	places_are("/s/minsky", "/c/minsky/config.yaml");
	environment("/", NULL, NULL);
	places_are("/.local/state/minsky", "/.config/minsky/config.yaml");
}

static void without_a_home_there_is_no_place(void **state)
{
	static const char *const homes[] = { NULL, "", "relative" };
	struct error err = ERROR_INIT;
	struct buf b = BUF_INIT;

	(void)state;
	buf_adds(&b, "kept");
	for (size_t i = 0; i < 3; i++) {
		environment(homes[i], NULL, NULL);
		assert_int_equal(paths_state(&b, &err), ERR_IO);
		assert_string_equal(err.hint, "set HOME or XDG_STATE_HOME to an absolute path");
		assert_int_equal(paths_config_file(&b, &err), ERR_IO);
		assert_int_equal(paths_expand_home("~/x", &b, &err), ERR_IO);
		assert_string_equal(b.data, "kept");
	}
	buf_release(&b);
}

static void expands_to(const char *path, const char *expected)
{
	struct error err = ERROR_INIT;
	struct buf b = BUF_INIT;

	buf_adds(&b, "left over");
	assert_int_equal(paths_expand_home(path, &b, &err), 0);
	assert_string_equal(b.data, expected);
	buf_release(&b);
}

static void a_tilde_is_the_home(void **state)
{
	(void)state;
	environment("/home/ana/", NULL, NULL);
	expands_to("~/x/y", "/home/ana/x/y");
	expands_to("~/", "/home/ana/");
	environment("/home/ana", NULL, NULL);
	expands_to("~", "/home/ana");
	expands_to("~bob/x", "~bob/x");
	expands_to("/a/~", "/a/~");
	expands_to("", "");
	environment(NULL, NULL, NULL);
	expands_to("/a", "/a");
}

static void below_is_by_whole_names(void **state)
{
	static const struct {
		const char *path, *dir, *rest;
	} cases[] = {
		{ "/a/b/c", "/a", "b/c" },
		{ "/a/b", "/a/", "b" },
		{ "/a//b", "/a", "b" },
		{ "/a", "/a", "" },
		{ "/a/", "/a", "" },
		{ "/a", "/a/", "" },
		{ "/ab", "/a", NULL },
		{ "/a", "/a/b", NULL },
		{ "/b", "/a", NULL },
		{ "/a", "/", "a" },
		{ "/", "/", "" },
		{ "a/b", "a", "b" },
		{ "feature", "feature/x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *rest = path_below(cases[i].path, cases[i].dir);

		if (!cases[i].rest && rest)
			fail_msg("'%s' is not below '%s'", cases[i].path, cases[i].dir);
		if (cases[i].rest) {
			assert_non_null(rest);
			assert_string_equal(rest, cases[i].rest);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_follow_the_environment),
		cmocka_unit_test(without_a_home_there_is_no_place),
		cmocka_unit_test(a_tilde_is_the_home),
		cmocka_unit_test(below_is_by_whole_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
