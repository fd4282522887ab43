#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "backends/module.h"
#include "backends/registry.h"
#include "lib/scratch.h"

static struct error err;

/* "sessiondb.backend=NAME" and further settings; nothing of the machine's gets in. */
static struct config *settings(const char *a, const char *b, const char *repository)
{
	const char *list[] = { a, b, NULL };
	struct config_sources sources = { .user_file = scratch_absent(),
		.settings = list,
		.repository_file = "repo.yaml",
		.repository_text = repository ? repository : "",
		.repository_text_len = repository ? strlen(repository) : 0 };
	struct config *config = NULL;

	if (!a)
		sources.settings = NULL;
	if (config_load(&config, &sources, &err) < 0)
		fail_msg("%s", err.msg);
	return config;
}

static void opens(const char *a, const char *repository, int code, const char *words)
{
	struct config *config = settings(a, NULL, repository);
	struct backend *b = NULL;

	error_clear(&err);
	assert_int_equal(registry_open(&b, config, &err), code);
	if (code < 0 && !strstr(err.msg, words) && !strstr(err.hint, words))
		fail_msg("%s: %s", err.msg, err.hint);
	else if (code == 0)
		assert_string_equal(b->ops->name, words);
	config_free(config);
}

static void a_module_is_loaded_by_its_name(void **state)
{
	struct config *config = settings("sessiondb.backend=good", NULL, NULL);
	struct backend *one = NULL, *two = NULL;

	(void)state;
	assert_int_equal(registry_open(&one, config, &err), 0);
	assert_int_equal(registry_open(&two, config, &err), 0);
	assert_ptr_equal(one, two);
	assert_string_equal(one->ops->name, "good");
	config_free(config);
	config = settings("sessiondb.backend=good", "sessiondb.location=there", NULL);
	assert_int_equal(registry_open(&two, config, &err), 0);
	assert_ptr_not_equal(one, two);
	config_free(config);
	registry_close_all();
}

static void an_unknown_name_lists_what_there_is(void **state)
{
	(void)state;
	opens("sessiondb.backend=nosuch", NULL, ERR_USAGE, "there is no backend 'nosuch'");
	opens("sessiondb.backend=nosuch", NULL, ERR_USAGE, "(command line)");
	opens("sessiondb.backend=nosuch", NULL, ERR_USAGE, "available backends: json, ");
	opens("sessiondb.backend=nosuch", NULL, ERR_USAGE, ", good");
}

static void what_does_not_fit_is_refused(void **state)
{
	(void)state;
	opens("sessiondb.backend=newer", NULL, ERR_UNSUPPORTED, "its interface is 4000000000");
	opens("sessiondb.backend=empty", NULL, ERR_UNSUPPORTED, "no minsky_backend_module");
	opens("sessiondb.backend=alias", NULL, ERR_UNSUPPORTED, "another name");
	opens("sessiondb.backend=text", NULL, ERR_UNSUPPORTED, "text.so");
}

static void names_are_no_paths(void **state)
{
	static const char *const names[] = { "", ".", "..", "../good", "/good", "good.so", "a/b",
		"a.b", "-x", "a b", "good\n" };
	const struct backend_module *m = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_int_equal(module_load(&m, names[i], &err), ERR_USAGE);
	assert_null(m);
}

static void a_repository_may_not_name_a_module(void **state)
{
	(void)state;
	opens(NULL, "sessiondb:\n  backend: json\n", 0, "json");
	opens(NULL, "sessiondb:\n  backend: good\n", 0, "json"); /* not trusted: passed over */
	opens("sessiondb.backend=good", "sessiondb:\n  backend: json\n", 0, "good");
	registry_close_all();
}

static void hub(const char *a, const char *b, int code, const char *words)
{
	struct config *config = settings(a, b, NULL);
	struct hub *h = NULL, *again = NULL, *other = NULL;

	error_clear(&err);
	assert_int_equal(registry_open_hub(&h, config, 0, &err), code);
	if (code < 0) {
		if (!strstr(err.msg, words))
			fail_msg("%s", err.msg);
	} else {
		assert_string_equal(h->ops->name, words);
		assert_int_equal(registry_open_hub(&again, config, 0, &err), 0);
		assert_ptr_equal(h, again);
		assert_int_equal(registry_open_hub(&other, config, 1000, &err), 0);
		assert_ptr_not_equal(h, other);
	}
	config_free(config);
	registry_close_all();
}

static void a_hub_is_the_backend_or_named(void **state)
{
	(void)state;
	hub("sessiondb.backend=json", NULL, ERR_NOTFOUND, "no hub is configured");
	hub("sessiondb.backend=plain", NULL, ERR_NOTFOUND, "no hub is configured");
	hub("sessiondb.backend=good", NULL, 0, "good");
	hub("sessiondb.backend=json", "sessiondb.hub=good", 0, "good");
	hub("sessiondb.backend=json", "sessiondb.hub=good://host/db", 0, "good");
	hub("sessiondb.backend=json", "sessiondb.hub=plain", ERR_USAGE, "cannot be a hub");
	hub("sessiondb.backend=json", "sessiondb.hub=nosuch", ERR_USAGE, "no backend 'nosuch'");
	hub("sessiondb.backend=json", "sessiondb.hub=../good", ERR_USAGE,
		"not a valid name for a backend");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_module_is_loaded_by_its_name),
		cmocka_unit_test(an_unknown_name_lists_what_there_is),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(names_are_no_paths),
		cmocka_unit_test(a_repository_may_not_name_a_module),
		cmocka_unit_test(a_hub_is_the_backend_or_named),
	};

	setenv("MINSKY_MODULE_DIR", TEST_MODULE_DIR, 1);
	unsetenv("MINSKY_SESSION_BACKEND");
	unsetenv("MINSKY_HUB");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
