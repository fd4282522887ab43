#include "core/config_edit.h"

#include "lib/config_home.h"

static struct buf out = BUF_INIT;

static int edit(const char *text, const char *const *path, const char *value)
{
	struct config_edit e = { .value = value };

	for (size_t i = 0; path[i]; i++)
		e.path[i] = path[i];
	error_clear(&err);
	return config_edit("f", text, strlen(text), &e, &out, &err);
}

#define PATH(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define BACKEND PATH("sessiondb", "backend")
#define SQLITE PATH("sessiondb", "sqlite", "path")

static void becomes(
	const char *text, const char *const *path, const char *value, const char *expected)
{
	if (edit(text, path, value))
		fail_msg("%s: %s", text, err.msg);
	assert_string_equal(out.data, expected);
}

static void a_value_is_replaced_where_it_stands(void **state)
{
	(void)state;
	becomes("# a\nsessiondb:\n  backend: json # why\n\n# b\ncolor: never\n", BACKEND, "sqlite",
		"# a\nsessiondb:\n  backend: sqlite # why\n\n# b\ncolor: never\n");
	becomes("sessiondb: {backend: json, hub: x} # c\n", BACKEND, "sqlite",
		"sessiondb: {backend: sqlite, hub: x} # c\n");
	becomes("color: 'auto'\n", PATH("color"), "a b", "color: 'a b'\n");
	becomes("color: \"a\\tb\"   \n", PATH("color"), "it's", "color: 'it''s'   \n");
	becomes("color: never", PATH("color"), "auto", "color: auto");
	becomes("color: a\n  b\npager: x\n", PATH("color"), "auto", "color: auto\npager: x\n");
	becomes("color: |\n  a\n  b\n\npager: x\n", PATH("color"), "auto",
		"color: auto\n\npager: x\n");
	becomes("color: |\n  a\n", PATH("color"), "auto", "color: auto\n");
	becomes("color:\npager: x\n", PATH("color"), "auto", "color: auto\npager: x\n");
	becomes("color:   # none yet\n", PATH("color"), "auto", "color: auto   # none yet\n");
	becomes("color: ~\n", PATH("color"), "auto", "color: auto\n");
	becomes("sessiondb.backend: json\n", BACKEND, "sqlite", "sessiondb.backend: sqlite\n");
	becomes("\xc3\xa4: 1 # \xc3\xb6\r\ncolor: never\r\n", PATH("color"), "auto",
		"\xc3\xa4: 1 # \xc3\xb6\r\ncolor: auto\r\n");
	becomes("\xef\xbb\xbf"
		"color: never\n",
		PATH("color"), "auto",
		"\xef\xbb\xbf"
		"color: auto\n");
}

static void a_new_key_comes_behind_the_last_of_its_section(void **state)
{
	(void)state;
	becomes("", BACKEND, "json", "sessiondb:\n  backend: json\n");
	becomes("# mine\n", PATH("color"), "never", "# mine\ncolor: never\n");
	becomes("# mine", PATH("color"), "never", "# mine\ncolor: never\n");
	becomes("---\n", PATH("color"), "never", "---\ncolor: never\n");
	becomes("a: 1\r\n", BACKEND, "json", "a: 1\r\nsessiondb:\r\n  backend: json\r\n");
	becomes("sessiondb:\n  # team\n  hub: x # y\n\n# next\npager: z\n", BACKEND, "json",
		"sessiondb:\n  # team\n  hub: x # y\n  backend: json\n\n# next\npager: z\n");
	becomes("sessiondb:\n    json:\n        path: /x\npager: z\n", SQLITE, "/y",
		"sessiondb:\n    json:\n        path: /x\n    sqlite:\n        path: /y\npager: "
		"z\n");
	becomes("sessiondb: { hub: x }\n", BACKEND, "json",
		"sessiondb: { hub: x, backend: json }\n");
	becomes("sessiondb: {}\n", SQLITE, "/y", "sessiondb: {sqlite: { path: /y }}\n");
	becomes("{a: 1}\n", BACKEND, "json", "{a: 1, sessiondb: { backend: json }}\n");
	becomes("sessiondb: {\n  hub: x # y\n}\n", BACKEND, "json",
		"sessiondb: {\n  hub: x, backend: json # y\n}\n");
	becomes("sessiondb: # here\npager: z\n", SQLITE, "/y",
		"sessiondb: # here\n  sqlite:\n    path: /y\npager: z\n");
	becomes("sessiondb: ~", BACKEND, "json", "sessiondb: \n  backend: json\n");
	becomes("a: [1]\n", PATH("color"), "never", "a: [1]\ncolor: never\n");
	becomes("a: |\n  text\n\n# end\n", PATH("color"), "never",
		"a: |\n  text\n\ncolor: never\n# end\n");
	becomes("color: never\n", PATH("repositories", "github.com/a/b", "color"), "auto",
		"color: never\nrepositories:\n  github.com/a/b:\n    color: auto\n");
	becomes("repositories:\n  'host.x/my repo': {color: never}\n",
		PATH("repositories", "host.x/my repo", "pager"), "less",
		"repositories:\n  'host.x/my repo': {color: never, pager: less}\n");
}

static void a_key_is_taken_out_with_its_line(void **state)
{
	(void)state;
	becomes("a: 1\ncolor: x # y\n# z\nb: 2\n", PATH("color"), NULL, "a: 1\n# z\nb: 2\n");
	becomes("color: x", PATH("color"), NULL, "");
	becomes("color: |\n  a\n  b\nb: 2\n", PATH("color"), NULL, "b: 2\n");
	becomes("sessiondb:\n  backend: json\n  hub: x\n", BACKEND, NULL, "sessiondb:\n  hub: x\n");
	becomes("# a\nsessiondb:\n  # b\n  backend: json\n# c\nb: 2\n", BACKEND, NULL,
		"# a\n  # b\n# c\nb: 2\n");
	becomes("sessiondb:\n  sqlite:\n    path: /x\nb: 2\n", SQLITE, NULL, "b: 2\n");
	becomes("sessiondb:\n  sqlite: {path: /x}\n  hub: y\n", SQLITE, NULL,
		"sessiondb:\n  hub: y\n");
	becomes("sessiondb: {sqlite: {path: /x}}\nb: 2\n", SQLITE, NULL, "b: 2\n");
	becomes("sessiondb: {backend: json, hub: x}\n", BACKEND, NULL, "sessiondb: {hub: x}\n");
	becomes("sessiondb: {hub: x, backend: json}\n", BACKEND, NULL, "sessiondb: {hub: x}\n");
	becomes("sessiondb: {hub: x, backend: json, location: y}\n", BACKEND, NULL,
		"sessiondb: {hub: x, location: y}\n");
	becomes("{color: x}\n", PATH("color"), NULL, "{}\n");
	becomes("a: 1\n", PATH("color"), NULL, "a: 1\n");
	becomes("", PATH("color"), NULL, "");
}

static void what_would_not_come_out_as_meant_is_refused(void **state)
{
	static const char *const texts[] = {
		"sessiondb: json\n", /* a value where a section must be */
		"sessiondb: [a]\n",
		"sessiondb:\n  backend: [json]\n",
		"sessiondb:\n  backend: {x: y}\n",
		"---\n...\n",
		"? color\n: x\n? sessiondb\n: backend: json\n",
	};

	(void)state;
	for (size_t i = 0; i < N(texts); i++) {
		if (edit(texts[i], BACKEND, i < 5 ? "sqlite" : NULL) != ERR_UNSUPPORTED)
			fail_msg("%s became %s", texts[i], out.data);
		assert_string_equal(err.msg,
			"f: cannot change 'sessiondb.backend' without changing the rest of the "
			"file");
	}
	/* A comment inside the braces would go with what is taken out. */
	assert_int_equal(edit("sessiondb:\n  sqlite: { path:\n# mine\n    x }\n", SQLITE, NULL),
		ERR_UNSUPPORTED);
	assert_int_equal(edit("sessiondb: { hub: y, backend: x # mine\n  }\n", BACKEND, NULL), 0);
	assert_non_null(strstr(out.data, "# mine"));
	assert_int_equal(edit("sessiondb: { backend: # mine\n  x, hub: y }\n", BACKEND, NULL),
		ERR_UNSUPPORTED);
	/* So would one between the name and a value in a later line. */
	assert_int_equal(edit("sessiondb:\n  backend:\n    # mine\n    json\n", BACKEND, NULL),
		ERR_UNSUPPORTED);
	assert_int_equal(edit("color: # mine\n  never\n", PATH("color"), NULL), ERR_UNSUPPORTED);
	assert_int_equal(edit("color: # mine\n  never\n", PATH("color"), "always"), 0);
	assert_string_equal(out.data, "color: # mine\n  always\n");
	assert_int_equal(edit("a: [\n", BACKEND, "json"), ERR_USAGE);
	assert_int_equal(edit("", BACKEND, "a\nb"), ERR_USAGE);
	assert_int_equal(edit("", BACKEND, "a\x1b[2J"), ERR_USAGE);
	assert_int_equal(edit("", BACKEND, "\xff"), ERR_USAGE);
}

static void whatever_the_value_it_is_read_back(void **state)
{
	static const char *const values[] = { "", " ", "~", "~/x", "~x", "null", "yes", "-", "- a",
		"--- a", "...", "? a", "a: b", "a:", "a #b", "#b", "&a", "*a", "!a", "|", ">", "'",
		"\"", "%x", "@x", "`x", "{", "}", "[a]", ",", "${HOME}/x", "\\n",
		"postgres://u@h:5/d?a=b&c=d#e", "\xc3\xa4\xe2\x82\xac", "=", "<<", "0x1", "a\\",
		"-5", ":a", "a, b" };

	(void)state;
	for (size_t i = 0; i < N(values); i++) {
		assert_int_equal(edit("a: {color: x}\n", PATH("a", "color"), values[i]), 0);
		assert_int_equal(edit("color: x\n", PATH("color"), values[i]), 0);
		assert_int_equal(
			edit("", PATH("repositories", *values[i] ? values[i] : "x", "color"),
				values[i]),
			0);
	}
}

static void change_is(int expected, enum config_file_kind kind, const char *value, bool changed)
{
	struct config_edit e = { .path = { "color" }, .value = value };
	char lock[80];
	bool is = false;

	(void)snprintf(lock, sizeof(lock), "%s/lock", home);
	error_clear(&err);
	assert_int_equal(config_file_change(kind == CONFIG_FILE_USER ? user_file : repository_file,
				 kind, lock, &e, 1, false, &is, &err),
		expected);
	assert_int_equal(is, changed);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void content_is(const char *path, const char *expected)
{
	buf_clear(&out);
	assert_int_equal(fs_read(path, 10000, &out, &err), 0);
	assert_string_equal(out.data, expected);
}

static void a_users_file_becomes_private(void **state)
{
	(void)state;
	change_is(0, CONFIG_FILE_USER, "never", true);
	content_is(user_file, "color: never\n");
	assert_int_equal(mode_of(user_file), 0600);
	put(user_file, "# x\ncolor: never\n", 0664);
	change_is(0, CONFIG_FILE_USER, "never", false);
	assert_int_equal(mode_of(user_file), 0600);
	put(user_file, "# x\ncolor: [\n", 0644);
	change_is(ERR_USAGE, CONFIG_FILE_USER, "never", false);
	content_is(user_file, "# x\ncolor: [\n");
	assert_int_equal(mode_of(user_file), 0644);
	put(repository_file, "color: auto\n", 0640);
	change_is(0, CONFIG_FILE_REPOSITORY, NULL, true);
	content_is(repository_file, "");
	assert_int_equal(mode_of(repository_file), 0640);
}

static void links_are_the_users_alone(void **state)
{
	char real[80];

	(void)state;
	(void)snprintf(real, sizeof(real), "%s/dotfile", home);
	put(real, "color: auto # c\n", 0644);
	assert_int_equal(symlink(real, user_file), 0);
	change_is(0, CONFIG_FILE_USER, "never", true);
	content_is(real, "color: never # c\n");
	assert_int_equal(mode_of(user_file) & 0777, 0777);
	assert_int_equal(mode_of(real), 0600);
	assert_int_equal(unlink(real), 0);
	change_is(ERR_REFUSED, CONFIG_FILE_USER, "never", false);
	put(real, "color: auto\n", 0644);
	assert_int_equal(symlink(real, repository_file), 0);
	change_is(ERR_REFUSED, CONFIG_FILE_REPOSITORY, "never", false);
	content_is(real, "color: auto\n");
	assert_int_equal(unlink(real), 0);
}

static int forget(void **state)
{
	buf_release(&out);
	return remove_home(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_value_is_replaced_where_it_stands),
		TEST(a_new_key_comes_behind_the_last_of_its_section),
		TEST(a_key_is_taken_out_with_its_line),
		TEST(what_would_not_come_out_as_meant_is_refused),
		TEST(whatever_the_value_it_is_read_back),
		TEST(a_users_file_becomes_private),
		TEST(links_are_the_users_alone),
	};

	return cmocka_run_group_tests(tests, make_home, forget);
}
