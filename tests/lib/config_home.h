/*
 * config_home.h - a throw-away home with a user's and a repository's configuration, for tests.
 */
#ifndef TESTS_LIB_CONFIG_HOME_H
#define TESTS_LIB_CONFIG_HOME_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config.h"
#include "core/fs.h"
#include "lib/scratch.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static char home[SCRATCH_SIZE];
static char user_file[SCRATCH_SIZE + 32], repository_file[SCRATCH_SIZE + 32];
static struct buf warnings = BUF_INIT;
static struct config *config;
static struct error err;

static inline void warn(void *arg, const char *text)
{
	(void)arg;
	assert_null(strchr(text, '\n'));
	buf_adds(&warnings, text);
	buf_addch(&warnings, '\n');
}

static inline void put(const char *path, const char *text, mode_t mode)
{
	assert_int_equal(fs_replace(path, text, strlen(text), mode, false, &err), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static inline int load(const char *const *settings)
{
	const struct config_sources sources = {
		.repository_file = repository_file,
		.settings = settings,
		.warn = warn,
	};

	config_free(config);
	config = NULL;
	buf_clear(&warnings);
	error_clear(&err);
	return config_load(&config, &sources, &err);
}

static inline void load_well(const char *const *settings)
{
	if (load(settings))
		fail_msg("%s", err.msg);
}

/* "~/" stands for the throw-away home and a slash. */
static inline void is_text(const char *text, const char *expected)
{
	struct buf b = BUF_INIT;

	for (const char *p = expected; *p; p++) {
		if (p[0] == '~' && p[1] == '/')
			buf_adds(&b, home);
		else
			buf_addch(&b, *p);
	}
	assert_string_equal(text, b.data);
	buf_release(&b);
}

static inline void refuses(const char *msg, const char *hint)
{
	assert_int_equal(load(NULL), ERR_USAGE);
	assert_null(config);
	is_text(err.msg, msg);
	assert_string_equal(err.hint, hint);
}

static inline void has(
	const char *name, const char *value, enum config_level level, const char *origin)
{
	const char *is = config_get(config, name);

	if (!value)
		assert_null(is);
	else if (!is)
		fail_msg("%s is unset, not '%s'", name, value);
	else
		is_text(is, value);
	assert_int_equal(config_level(config, name), level);
	is_text(config_origin(config, name), origin);
}

static inline int fresh(void **state)
{
	(void)state;
	(void)unlink(user_file);
	(void)unlink(repository_file);
	for (size_t i = 0; i < n_config_keys; i++)
		(void)unsetenv(config_keys[i].variable);
	(void)unsetenv("MINSKY_SESSIONDB_BACKEND");
	(void)unsetenv("MINSKY_SESSIONDB_BASE_DIR");
	(void)setenv("HOME", home, 1);
	return 0;
}

static inline int make_home(void **state)
{
	(void)state;
	scratch_make(home);
	(void)snprintf(user_file, sizeof(user_file), "%s/.config/minsky/config.yaml", home);
	(void)snprintf(repository_file, sizeof(repository_file), "%s/repo.yaml", home);
	(void)unsetenv("XDG_STATE_HOME");
	(void)unsetenv("XDG_CONFIG_HOME");
	*strrchr(user_file, '/') = '\0';
	if (fs_mkdirs(user_file, 0700, &err))
		return -1;
	user_file[strlen(user_file)] = '/';
	return 0;
}

static inline int remove_home(void **state)
{
	(void)state;
	config_free(config);
	buf_release(&warnings);
	return fs_remove_tree(home, &err);
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

#endif
