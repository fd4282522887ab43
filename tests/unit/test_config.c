#include "lib/config_home.h"

static void every_key_has_its_default(void **state)
{
	static const struct {
		const char *name, *variable, *value;
	} rows[] = {
		{ "sessiondb.backend", "MINSKY_SESSION_BACKEND", "json" },
		{ "sessiondb.location", "MINSKY_SESSIONDB_LOCATION", NULL },
		{ "sessiondb.json.path", "MINSKY_JSON_PATH",
			"~/.local/state/minsky/session-db.json" },
		{ "sessiondb.sqlite.path", "MINSKY_SQLITE_PATH",
			"~/.local/state/minsky/sessions.db" },
		{ "sessiondb.sqlite.wal", "MINSKY_SQLITE_WAL", "true" },
		{ "sessiondb.sqlite.busyTimeout", "MINSKY_SQLITE_BUSY_TIMEOUT", "5s" },
		{ "sessiondb.sqlite.synchronous", "MINSKY_SQLITE_SYNCHRONOUS", "normal" },
		{ "sessiondb.postgres.url", "MINSKY_POSTGRES_URL", NULL },
		{ "sessiondb.postgres.service", "MINSKY_POSTGRES_SERVICE", NULL },
		{ "sessiondb.postgres.passfile", "MINSKY_POSTGRES_PASSFILE", NULL },
		{ "sessiondb.postgres.poolSize", "MINSKY_POSTGRES_POOL_SIZE", "4" },
		{ "sessiondb.postgres.connectTimeout", "MINSKY_POSTGRES_CONNECT_TIMEOUT", "5s" },
		{ "sessiondb.postgres.sslmode", "MINSKY_POSTGRES_SSLMODE", NULL },
		{ "sessiondb.postgres.sslrootcert", "MINSKY_POSTGRES_SSLROOTCERT", NULL },
		{ "sessiondb.hub", "MINSKY_HUB", NULL },
		{ "session.workspaceRoot", "MINSKY_WORKSPACE_ROOT",
			"~/.local/state/minsky/sessions" },
		{ "session.mode", "MINSKY_SESSION_MODE", "clone" },
		{ "session.submodules", "MINSKY_SESSION_SUBMODULES", "yes" },
		{ "session.hooks", "MINSKY_SESSION_HOOKS", "carry" },
		{ "session.setup", "MINSKY_SESSION_SETUP", NULL },
		{ "session.base", "MINSKY_SESSION_BASE", NULL },
		{ "pr.push", "MINSKY_PR_PUSH", "ask" },
		{ "pr.required", "MINSKY_PR_REQUIRED", "owner" },
		{ "pr.agents", "MINSKY_PR_AGENTS", "no" },
		{ "trash.keep", "MINSKY_TRASH_KEEP", "14d" },
		{ "hooks.deadline", "MINSKY_HOOKS_DEADLINE", "200ms" },
		{ "color", "MINSKY_COLOR", "auto" },
		{ "pager", "MINSKY_PAGER", NULL },
	};

	(void)state;
	load_well(NULL);
	assert_int_equal(N(rows), n_config_keys);
	for (size_t i = 0; i < N(rows); i++) {
		assert_string_equal(config_keys[i].name, rows[i].name);
		assert_string_equal(config_keys[i].variable, rows[i].variable);
		assert_true(strlen(config_keys[i].help) > 0);
		has(rows[i].name, rows[i].value, CONFIG_DEFAULT, "default");
	}
	assert_string_equal(warnings.data, "");
	assert_true(config_get_bool(config, "sessiondb.sqlite.wal"));
	assert_int_equal(config_get_ms(config, "hooks.deadline"), 200);
	assert_int_equal(config_get_ms(config, "trash.keep"), 1209600000);
	assert_int_equal(config_get_int(config, "sessiondb.postgres.poolSize"), 4);
}

static void every_key_has_its_variable(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_config_keys; i++) {
		const struct config_key *k = &config_keys[i];
		const char *value = "x";

		switch (k->type) {
		case CONFIG_TEXT:
			break;
		case CONFIG_PATH:
			value = "/x";
			break;
		case CONFIG_BOOL:
			value = "off";
			break;
		case CONFIG_CHOICE:
		case CONFIG_NAME:
			value = strrchr(k->choices, '|') + 1;
			break;
		case CONFIG_DURATION:
			value = "77s";
			break;
		case CONFIG_INT:
			value = "7";
			break;
		}
		assert_int_equal(setenv(k->variable, value, 1), 0);
		load_well(NULL);
		has(k->name, value, CONFIG_ENVIRONMENT, k->variable);
		assert_int_equal(setenv(k->variable, "", 1), 0); /* empty is unset */
		load_well(NULL);
		assert_int_equal(config_level(config, k->name), CONFIG_DEFAULT);
	}
}

static void levels_merge_key_by_key(void **state)
{
	static const char *const settings[] = { "session.mode=worktree", "session.base=x=y", NULL };

	(void)state;
	put(user_file,
		"sessiondb:\n  backend: sqlite\n  postgres:\n    url: postgres://ana:pw@db/m\n"
		"color: never\nsession: {base: user, mode: clone}\n",
		0600);
	put(repository_file, "session:\n  base: repo\nsessiondb: {backend: postgres}\n", 0644);
	assert_int_equal(setenv("MINSKY_COLOR", "always", 1), 0);
	load_well(settings);
	has("sessiondb.backend", "postgres", CONFIG_REPOSITORY, "~/repo.yaml:3");
	has("sessiondb.postgres.url", "postgres://ana:pw@db/m", CONFIG_USER,
		"~/.config/minsky/config.yaml:4");
	has("color", "always", CONFIG_ENVIRONMENT, "MINSKY_COLOR");
	has("session.mode", "worktree", CONFIG_COMMAND_LINE, "command line");
	has("session.base", "x=y", CONFIG_COMMAND_LINE, "command line");
	has("pr.push", "ask", CONFIG_DEFAULT, "default");
	assert_string_equal(warnings.data, "");
	load_well(NULL);
	has("session.base", "repo", CONFIG_REPOSITORY, "~/repo.yaml:2");
}

static void a_home_and_variables_expand_once(void **state)
{
	(void)state;
	assert_int_equal(setenv("WHERE", "/w/${HOME}", 1), 0);
	put(user_file,
		"sessiondb:\n  json: {path: ~/a.json}\n  sqlite: {path: '${WHERE}/$x/$${y}'}\n"
		"session: {workspaceRoot: '${MINSKY_STATE}/w', base: ~/x, mode: '${MODE}'}\n",
		0600);
	assert_int_equal(setenv("MODE", "worktree", 1), 0);
	load_well(NULL);
	has("sessiondb.json.path", "~/a.json", CONFIG_USER, "~/.config/minsky/config.yaml:2");
	has("sessiondb.sqlite.path", "/w/${HOME}/$x/${y}", CONFIG_USER,
		"~/.config/minsky/config.yaml:3");
	has("session.workspaceRoot", "~/.local/state/minsky/w", CONFIG_USER,
		"~/.config/minsky/config.yaml:4");
	assert_string_equal(config_get(config, "session.base"), "~/x"); /* no path */
	has("session.mode", "worktree", CONFIG_USER, "~/.config/minsky/config.yaml:4");
	assert_int_equal(unsetenv("WHERE"), 0);
	refuses("~/.config/minsky/config.yaml:3: 'sessiondb.sqlite.path' uses ${WHERE}, which is "
		"not set",
		"set WHERE, or write $${ for a literal ${");
	put(user_file, "color: ${1}\n", 0600);
	refuses("~/.config/minsky/config.yaml:1: 'color' contains a '${' without the name of a "
		"variable",
		"write ${NAME}, or $${ for a literal ${");
	put(user_file, "session: {setup: 'x ${HOME'}\n", 0600);
	refuses("~/.config/minsky/config.yaml:1: 'session.setup' contains a '${' without "
		"the name of a variable",
		"write ${NAME}, or $${ for a literal ${");
}

static void wrong_values_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *key, *value, *hint;
	} cases[] = {
		{ "sessiondb.backend", "../mongodb",
			"one of: json|sqlite|postgres, or the bare name of a module" },
		{ "sessiondb.backend", "json.so",
			"one of: json|sqlite|postgres, or the bare name of a module" },
		{ "sessiondb.backend", "json|sqlite",
			"one of: json|sqlite|postgres, or the bare name of a module" },
		{ "sessiondb.backend", "-",
			"one of: json|sqlite|postgres, or the bare name of a module" },
		{ "sessiondb.backend", "",
			"one of: json|sqlite|postgres, or the bare name of a module" },
		{ "pr.push", "true", "one of: ask|yes|no" },
		{ "sessiondb.sqlite.wal", "1", "write true or false" },
		{ "sessiondb.sqlite.wal", "", "write true or false" },
		{ "sessiondb.json.path", "relative/x",
			"write an absolute path, or one that starts with ~/" },
		{ "sessiondb.json.path", "", "write an absolute path, or one that starts with ~/" },
		{ "sessiondb.json.path", "~ana/x",
			"write an absolute path, or one that starts with ~/" },
		{ "sessiondb.postgres.poolSize", "0", "write a number in 1..64" },
		{ "sessiondb.postgres.poolSize", "65", "write a number in 1..64" },
		{ "sessiondb.postgres.poolSize", "4x", "write a number in 1..64" },
		{ "sessiondb.postgres.poolSize", "-4", "write a number in 1..64" },
		{ "trash.keep", "14",
			"write a number with a unit: 200ms, 90s, 5m, 12h, 14d or 2w" },
		{ "trash.keep", "5 m",
			"write a number with a unit: 200ms, 90s, 5m, 12h, 14d or 2w" },
		{ "trash.keep", "-5m",
			"write a number with a unit: 200ms, 90s, 5m, 12h, 14d or 2w" },
		{ "trash.keep", "99999999999999999999w",
			"write a number with a unit: 200ms, 90s, 5m, 12h, 14d or 2w" },
	};
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		buf_clear(&b);
		buf_addf(&b, "# one\n%s: '%s'\n", cases[i].key, cases[i].value);
		put(user_file, b.data, 0600);
		assert_int_equal(load(NULL), ERR_USAGE);
		buf_clear(&b);
		buf_addf(&b, "%s/.config/minsky/config.yaml:2: '%s' cannot be '%s'", home,
			cases[i].key, cases[i].value);
		assert_string_equal(err.msg, b.data);
		assert_string_equal(err.hint, cases[i].hint);
	}
	buf_release(&b);
	put(user_file, "sessiondb: json\n", 0600);
	refuses("~/.config/minsky/config.yaml:1:1: 'sessiondb' has keys below it, not a value", "");
	put(user_file, "sessiondb:\n  backend: [json]\n", 0600);
	refuses("~/.config/minsky/config.yaml:2:3: 'sessiondb.backend' must be a single value", "");
	put(user_file, "color: {x: y}\n", 0600);
	refuses("~/.config/minsky/config.yaml:1:1: 'color' must be a single value", "");
	put(user_file, "", 0600);
	assert_int_equal(setenv("MINSKY_COLOR", "blue\x1b[2J", 1), 0);
	refuses("MINSKY_COLOR: 'color' cannot be 'blue\\x1b[2J'", "one of: auto|always|never");
}

/* Of each type: two values that a key takes as they are, and some that it refuses. */
static const char *good(const struct config_key *k, int which)
{
	static char first[64];

	switch (k->type) {
	case CONFIG_TEXT:
		return which ? "one" : "two";
	case CONFIG_PATH:
		return which ? "/one" : "/two";
	case CONFIG_BOOL:
		return which ? "true" : "false";
	case CONFIG_CHOICE:
	case CONFIG_NAME:
		(void)snprintf(
			first, sizeof(first), "%.*s", (int)strcspn(k->choices, "|"), k->choices);
		return which ? first : strrchr(k->choices, '|') + 1;
	case CONFIG_DURATION:
		return which ? "11s" : "12s";
	case CONFIG_INT:
		return which ? "11" : "12";
	}
	return "";
}

static void put_key(const char *path, const struct config_key *k, const char *value)
{
	struct buf b = BUF_INIT;

	buf_addf(&b, "%s: '%s'\n", k->name, value);
	put(path, b.data, 0600);
	buf_release(&b);
}

static int trust_all(
	void *arg, const struct config_key *key, const char *raw, bool *out, struct error *e)
{
	(void)arg;
	(void)key;
	(void)raw;
	(void)e;
	*out = true;
	return 0;
}

static void load_trusted(const char *const *names, const char *const *settings)
{
	const struct config_sources sources = {
		.repository_file = repository_file,
		.repository_names = names,
		.settings = settings,
		.trusted = trust_all,
		.warn = warn,
	};

	config_free(config);
	config = NULL;
	buf_clear(&warnings);
	if (config_load(&config, &sources, &err))
		fail_msg("%s", err.msg);
	is_text(warnings.data, "");
}

static void every_key_comes_from_every_level(void **state)
{
	static const char *const names[] = { "x", NULL };
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < n_config_keys; i++) {
		const struct config_key *k = &config_keys[i];
		const char *settings[] = { NULL, NULL };

		assert_int_equal(fresh(NULL), 0);
		put_key(user_file, k, good(k, 1));
		load_trusted(names, NULL);
		has(k->name, good(k, 1), CONFIG_USER, "~/.config/minsky/config.yaml:1");
		put_key(repository_file, k, good(k, 0));
		load_trusted(names, NULL);
		has(k->name, good(k, 0), CONFIG_REPOSITORY, "~/repo.yaml:1");
		buf_clear(&b);
		buf_addf(&b, "repositories: {x: {%s: '%s'}}\n%s: '%s'\n", k->name, good(k, 1),
			k->name, good(k, 0));
		put(user_file, b.data, 0600);
		load_trusted(names, NULL);
		has(k->name, good(k, 1), CONFIG_OVERRIDE, "~/.config/minsky/config.yaml:1");
		assert_int_equal(setenv(k->variable, good(k, 0), 1), 0);
		load_trusted(names, NULL);
		has(k->name, good(k, 0), CONFIG_ENVIRONMENT, k->variable);
		buf_clear(&b);
		buf_addf(&b, "%s=%s", k->name, good(k, 1));
		settings[0] = b.data;
		load_trusted(names, settings);
		has(k->name, good(k, 1), CONFIG_COMMAND_LINE, "command line");
		/* and none of the others is touched by it */
		for (size_t n = 0; n < n_config_keys; n++)
			if (n != i)
				assert_int_equal(
					config_level(config, config_keys[n].name), CONFIG_DEFAULT);
	}
	buf_release(&b);
}

static void every_key_refuses_what_its_type_does_not_allow(void **state)
{
	static const char *const bad[][4] = {
		[CONFIG_TEXT] = { NULL },
		[CONFIG_PATH] = { "x", "./x", "", NULL },
		[CONFIG_BOOL] = { "1", "", "maybe", NULL },
		[CONFIG_CHOICE] = { "no-such", "", "|", NULL },
		[CONFIG_NAME] = { "../x", "", "a/b", NULL },
		[CONFIG_DURATION] = { "5", "x", "-1s", NULL },
		[CONFIG_INT] = { "x", "-1", "99999", NULL },
	};

	(void)state;
	for (size_t i = 0; i < n_config_keys; i++) {
		const struct config_key *k = &config_keys[i];

		for (const char *const *value = bad[k->type]; *value; value++) {
			struct buf b = BUF_INIT;

			assert_int_equal(fresh(NULL), 0);
			put_key(user_file, k, *value);
			if (load(NULL) != ERR_USAGE)
				fail_msg("%s takes '%s'", k->name, *value);
			buf_addf(&b, "%s:1: '%s' cannot be '%s'", user_file, k->name,
				k->secret ? "..." : *value);
			assert_string_equal(err.msg, b.data);
			assert_true(err.hint[0]);
			buf_release(&b);
		}
		assert_int_equal(config_check_value(k, good(k, 1), "value", &err), 0);
	}
}

static void a_value_that_is_overridden_does_no_harm(void **state)
{
	static const char *const settings[] = { "color=never", NULL };

	(void)state;
	put(user_file, "color: blue\n", 0600);
	load_well(settings);
	has("color", "never", CONFIG_COMMAND_LINE, "command line");
}

static void durations_and_switches_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} times[] = { { "0", 0 }, { "200ms", 200 }, { "90s", 90000 }, { "5m", 300000 },
		{ "12h", 43200000 }, { "14d", 1209600000 }, { "2w", 1209600000 } };
	static const char *const on[] = { "true", "yes", "on", "TRUE" };
	static const char *const off[] = { "false", "no", "off", "Off" };

	(void)state;
	for (size_t i = 0; i < N(times); i++) {
		assert_int_equal(setenv("MINSKY_TRASH_KEEP", times[i].text, 1), 0);
		load_well(NULL);
		assert_int_equal(config_get_ms(config, "trash.keep"), times[i].ms);
	}
	for (size_t i = 0; i < N(on); i++) {
		assert_int_equal(setenv("MINSKY_SQLITE_WAL", on[i], 1), 0);
		load_well(NULL);
		assert_true(config_get_bool(config, "sessiondb.sqlite.wal"));
		assert_int_equal(setenv("MINSKY_SQLITE_WAL", off[i], 1), 0);
		load_well(NULL);
		assert_false(config_get_bool(config, "sessiondb.sqlite.wal"));
	}
}

static void settings_of_the_command_line_are_checked(void **state)
{
	static const struct {
		const char *setting, *msg, *hint;
	} cases[] = {
		{ "color", "'color' is not a setting with a value", "write it as KEY=VALUE" },
		{ "postgres://u:pw@h", "'postgres://[removed]@h' is not a setting with a value",
			"write it as KEY=VALUE" },
		{ "=x", "'=x' is not a setting with a value", "write it as KEY=VALUE" },
		{ "colour=never", "unknown setting 'colour'", "did you mean 'color'?" },
		{ "color=blue", "command line: 'color' cannot be 'blue'",
			"one of: auto|always|never" },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		const char *const settings[] = { cases[i].setting, NULL };

		assert_int_equal(load(settings), ERR_USAGE);
		assert_string_equal(err.msg, cases[i].msg);
		assert_string_equal(err.hint, cases[i].hint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_key_has_its_default),
		TEST(every_key_has_its_variable),
		TEST(levels_merge_key_by_key),
		TEST(a_home_and_variables_expand_once),
		TEST(wrong_values_are_refused_with_their_place),
		TEST(every_key_comes_from_every_level),
		TEST(every_key_refuses_what_its_type_does_not_allow),
		TEST(a_value_that_is_overridden_does_no_harm),
		TEST(durations_and_switches_are_read),
		TEST(settings_of_the_command_line_are_checked),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
