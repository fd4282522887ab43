#include "core/config_kept.h"
#include "core/trust.h"
#include "lib/config_home.h"

#define REPO "0123456789abcdef0123456789abcdef"
#define OTHER "fedcba9876543210fedcba9876543210"

static const struct config_key *key_of(const char *name)
{
	const struct config_key *key = NULL;

	assert_int_equal(config_find_key(&key, name, &err), 0);
	return key;
}

static bool is_trusted(const char *repo, const char *key, const char *raw)
{
	struct trust t = TRUST_INIT;
	bool is;

	assert_int_equal(trust_load(&t, home, &err), 0);
	is = trust_has(&t, repo, key, raw);
	trust_release(&t);
	return is;
}

static void a_value_is_trusted_and_nothing_else(void **state)
{
	const struct trust_value v[] = { { key_of("pager"), "less" },
		{ key_of("sessiondb.hub"), "postgres://u:s3cret@h/d" } };
	static const char *const pager[] = { "pager" };
	struct buf text = BUF_INIT;
	size_t n = 9;

	(void)state;
	assert_int_equal(trust_add(home, REPO, v, 2, &err), 0);
	assert_int_equal(trust_add(home, REPO, v, 2, &err), 0);
	assert_true(is_trusted(REPO, "pager", "less"));
	assert_true(is_trusted(REPO, "sessiondb.hub", "postgres://u:s3cret@h/d"));
	assert_false(is_trusted(REPO, "pager", "less "));
	assert_false(is_trusted(REPO, "session.setup", "less"));
	assert_false(is_trusted(OTHER, "pager", "less"));
	buf_addf(&text, "%s/trust.json", home);
	put(text.data, "", 0644);
	assert_int_equal(trust_revoke(home, REPO, NULL, 0, &n, &err), ERR_CORRUPT);
	assert_int_equal(unlink(text.data), 0);
	assert_int_equal(trust_add(home, REPO, v, 2, &err), 0);
	buf_clear(&text);
	buf_addf(&text, "%s/trust.json", home);
	{
		struct buf file = BUF_INIT;

		assert_int_equal(fs_read(text.data, 10000, &file, &err), 0);
		assert_null(strstr(file.data, "s3cret"));
		buf_release(&file);
	}
	assert_int_equal(trust_revoke(home, OTHER, NULL, 0, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_int_equal(trust_revoke(home, REPO, pager, 1, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_false(is_trusted(REPO, "pager", "less"));
	assert_int_equal(trust_revoke(home, REPO, NULL, 0, &n, &err), 0);
	assert_int_equal(n, 1);
	buf_release(&text);
}

static void what_a_repository_may_say_by_itself(void **state)
{
	static const struct {
		const char *key, *raw;
		bool wants;
	} rows[] = {
		{ "sessiondb.backend", "json", false },
		{ "sessiondb.backend", "sqlite", false },
		{ "sessiondb.backend", "postgres", false },
		{ "sessiondb.backend", "mongodb", true },
		{ "sessiondb.backend", "${MINSKY_BACKEND}", true },
		{ "sessiondb.sqlite.wal", "off", false },
		{ "sessiondb.sqlite.path", "${MINSKY_STATE}/x", true },
		{ "sessiondb.postgres.url", "postgres://h/d", true },
		{ "sessiondb.postgres.url", "${MINSKY_POSTGRES_URL}", false },
		{ "sessiondb.postgres.url", "${MINSKY_POSTGRES_URL}x", true },
		{ "sessiondb.postgres.url", "x${MINSKY_POSTGRES_URL}", true },
		{ "sessiondb.postgres.url", "${HOME}", true },
		{ "sessiondb.postgres.url", "${PGURL}", true },
		{ "sessiondb.hub", "${MINSKY_POSTGRES_URL}", false },
		{ "session.setup", "${MINSKY_POSTGRES_URL}", true },
		{ "session.base", "main", false },
		{ "session.base", "${USER}/main", false },
		{ "session.base", "$${TOKEN}", false },
		{ "session.base", "$$${TOKEN}", false },
		{ "session.base", "$${X}${TOKEN}", true },
		{ "session.base", "${TOKEN}", true },
		{ "session.base", "${MINSKY_X}${TOKEN}", true },
		{ "pr.push", "no", true },
		{ "color", "never", false },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++)
		if (config_needs_trust(key_of(rows[i].key), rows[i].raw) != rows[i].wants)
			fail_msg("%s: %s", rows[i].key, rows[i].raw);
}

static void every_key_that_decides_where_wants_trust(void **state)
{
	static const char *const free_keys[] = { "sessiondb.backend", "sessiondb.sqlite.wal",
		"sessiondb.sqlite.busyTimeout", "sessiondb.sqlite.synchronous",
		"sessiondb.postgres.poolSize", "sessiondb.postgres.connectTimeout", "session.mode",
		"session.submodules", "session.hooks", "session.base", "hooks.deadline", "color" };

	(void)state;
	for (size_t i = 0; i < n_config_keys; i++) {
		bool is_free = false;

		for (size_t k = 0; k < N(free_keys); k++)
			is_free |= !strcmp(free_keys[k], config_keys[i].name);
		if (config_keys[i].sensitive == is_free)
			fail_msg("%s", config_keys[i].name);
	}
}

static void secrets_are_not_shown(void **state)
{
	static const struct {
		const char *key, *value, *shown;
	} rows[] = {
		{ "sessiondb.postgres.url", "postgres://h/d", "postgres://h/d" },
		{ "sessiondb.postgres.url", "postgres://ana@h:5/d", "postgres://ana@h:5/d" },
		{ "sessiondb.postgres.url", "postgres://ana:pw@h/d", "postgres://ana:***@h/d" },
		{ "sessiondb.postgres.url", "postgres://ana:p@w@h/d", "postgres://ana:***@h/d" },
		{ "sessiondb.postgres.url", "postgres://ana:p/w?x#y@h/d",
			"postgres://ana:***@h/d" },
		{ "sessiondb.postgres.url", "postgres://h/d?password=pw", "postgres://h/d?***" },
		{ "sessiondb.postgres.url", "postgres://:pw@h/d", "postgres://:***@h/d" },
		{ "sessiondb.postgres.url", "postgres:///d?host=/tmp", "postgres:///d?***" },
		{ "sessiondb.postgres.url", "host=db password=pw", "***" },
		{ "sessiondb.postgres.url", "${MINSKY_URL}", "***" },
		{ "sessiondb.hub", "postgres", "postgres" },
		{ "sessiondb.location", "/some/where", "***" },
		{ "session.setup", "curl https://u:pw@h/x", "curl https://[removed]@h/x" },
		{ "session.base", "main", "main" },
	};
	struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		buf_clear(&b);
		config_add_shown(&b, key_of(rows[i].key), rows[i].value);
		assert_string_equal(b.data, rows[i].shown);
	}
	buf_release(&b);
}

static void the_users_file_may_speak_of_one_repository(void **state)
{
	static const char *const names[] = { REPO, "host.x/a/b", "/home/x", NULL };
	const struct config_sources sources = {
		.repository_file = repository_file,
		.repository_names = names,
		.warn = warn,
	};

	(void)state;
	put(user_file,
		"repositories:\n  host.x/a/b: {color: always}\n  host.x/a/bc: {color: 1}\n"
		"  host.x/a: {pager: no}\nsession: {base: user}\ncolor: auto\n"
		"repositories.x: y\n",
		0600);
	put(repository_file, "color: never\nrepositories: {host.x/a/b: {pager: x}}\n", 0644);
	config_free(config);
	config = NULL;
	buf_clear(&warnings);
	assert_int_equal(config_load(&config, &sources, &err), 0);
	has("color", "always", CONFIG_OVERRIDE, "~/.config/minsky/config.yaml:2");
	has("session.base", "user", CONFIG_USER, "~/.config/minsky/config.yaml:5");
	has("pager", NULL, CONFIG_DEFAULT, "default");
	is_text(warnings.data,
		"~/.config/minsky/config.yaml:7:1: unknown key 'repositories.x'\n"
		"~/repo.yaml:2:29: unknown key 'repositories.host.x/a/b.pager'; did you mean "
		"'pager'?\n");
	assert_int_equal(config_note(config, 0)->kind, CONFIG_NOTE_OVERRIDDEN);
	assert_string_equal(config_note(config, 0)->value, "auto");
}

/* What is kept of a repository whose file says `text`, written down for branch `on`. */
static void keep(struct config_kept *kept, const char *text, const char *on)
{
	struct buf path = BUF_INIT;

	put(repository_file, text, 0644);
	load_well(NULL);
	buf_addf(&path, "%s/store.json", home);
	assert_int_equal(config_kept_save(NULL, config, on, path.data, &err), 0);
	config_kept_release(kept);
	assert_int_equal(config_kept_load(kept, path.data, &err), 0);
	buf_release(&path);
}

static void with(const struct config_kept *kept, const char *text)
{
	const struct config_sources sources = {
		.repository_file = repository_file,
		.kept = kept,
		.warn = warn,
	};

	put(repository_file, text, 0644);
	config_free(config);
	config = NULL;
	buf_clear(&warnings);
	assert_int_equal(config_load(&config, &sources, &err), 0);
}

static void what_is_kept_counts_on_another_branch(void **state)
{
	struct config_kept kept = CONFIG_KEPT_INIT;

	(void)state;
	keep(&kept, "sessiondb: {backend: sqlite}\nsession: {base: dev}\n", "refs/heads/main");
	assert_string_equal(config_kept_branch(&kept), "main");
	with(&kept, "sessiondb: {backend: sqlite}\nsession: {base: other}\n");
	has("sessiondb.backend", "sqlite", CONFIG_REPOSITORY, "~/repo.yaml:1");
	has("session.base", "other", CONFIG_REPOSITORY, "~/repo.yaml:2");
	is_text(warnings.data, "");
	with(&kept, "color: never\n");
	has("sessiondb.backend", "sqlite", CONFIG_REPOSITORY, "~/repo.yaml of branch main");
	has("session.base", NULL, CONFIG_DEFAULT, "default");
	is_text(warnings.data, "");
	with(&kept, "sessiondb: {backend: postgres}\n");
	has("sessiondb.backend", "sqlite", CONFIG_REPOSITORY, "~/repo.yaml of branch main");
	is_text(warnings.data,
		"~/repo.yaml: ignored 'sessiondb.backend': the store is determined by branch "
		"'main'; "
		"to use this branch: minsky trust\n");
	/* nothing said is something that is kept */
	keep(&kept, "color: never\n", "refs/heads/main");
	with(&kept, "sessiondb: {backend: postgres}\n");
	has("sessiondb.backend", "json", CONFIG_DEFAULT, "default");
	config_kept_release(&kept);
}

static void levels_above_do_not_change_what_is_kept(void **state)
{
	struct config_kept kept = CONFIG_KEPT_INIT;

	(void)state;
	assert_int_equal(setenv("MINSKY_SESSION_BACKEND", "postgres", 1), 0);
	keep(&kept, "sessiondb: {backend: sqlite}\n", "refs/heads/main");
	assert_int_equal(unsetenv("MINSKY_SESSION_BACKEND"), 0);
	with(&kept, "");
	has("sessiondb.backend", "sqlite", CONFIG_REPOSITORY, "~/repo.yaml of branch main");
	config_kept_release(&kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_value_is_trusted_and_nothing_else),
		TEST(what_a_repository_may_say_by_itself),
		TEST(every_key_that_decides_where_wants_trust),
		TEST(secrets_are_not_shown),
		TEST(the_users_file_may_speak_of_one_repository),
		TEST(what_is_kept_counts_on_another_branch),
		TEST(levels_above_do_not_change_what_is_kept),
	};

	return cmocka_run_group_tests(tests, make_home, remove_home);
}
