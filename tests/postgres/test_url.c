/* What a configuration becomes for libpq, above all which TLS; and what may be said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/postgres_url.h"
#include "lib/hubs.h"
#include "lib/scratch.h"

static struct pg_settings s;
static struct error err;

static int load(const char *url, const char *setting)
{
	struct config *config = hubs_config("sessiondb.postgres.url", url, setting);
	int r;

	pg_settings_release(&s);
	error_clear(&err);
	r = pg_settings_load(&s, config, PG_FOR_BACKEND, &err);
	config_free(config);
	return r;
}

static void is(const char *key, const char *value)
{
	const char *got = pg_settings_get(&s, key);

	if (!value)
		assert_null(got);
	else if (!got)
		fail_msg("%s is not set", key);
	else
		assert_string_equal(got, value);
}

static void mode(const char *url, const char *setting, const char *expected)
{
	if (load(url, setting) < 0)
		fail_msg("%s", err.msg);
	is("sslmode", expected);
}

static int clean(void **state)
{
	static const char *const variables[] = { "PGHOST", "PGPORT", "PGDATABASE", "PGUSER",
		"PGPASSWORD", "PGSERVICE", "PGSSLMODE", "PGSSLROOTCERT", "PGOPTIONS" };

	(void)state;
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		(void)unsetenv(variables[i]);
	(void)setenv("HOME", scratch_absent(), 1);
	return 0;
}

static void off_this_machine_the_name_is_verified(void **state)
{
	static const char *const elsewhere[] = { "postgres://a@db.example.org/x",
		"postgres://a@db.example.org/x?sslmode=disable",
		"postgres://a@db.example.org/x?sslmode=require", "postgres://a@10.1.2.3/x",
		"postgres://a@[2001:db8::1]/x", "host=db.example.org dbname=x",
		"postgres://a@localhost,db.example.org/x", "postgres://a@127.0.0.1.example.org/x",
		"postgres://a@localhost.example.org/x", "postgres://a@128.0.0.1/x",
		"postgres://a@localhost/x?hostaddr=10.1.2.3", "postgresql://db/x",
		/* Lists: an entry that says no address leaves it to the host's. */
		"postgres://a@0.0.0.0,0.0.0.0/x?hostaddr=%2C", "postgres://a@db,db/x?hostaddr=,",
		"postgres://a@db.example.org,localhost/x?hostaddr=,127.0.0.1",
		"postgres://a@localhost,localhost/x?hostaddr=127.0.0.1,10.1.2.3",
		"postgres://a@localhost,db/x?hostaddr=127.0.0.1,",
		"host=localhost hostaddr=127.0.0.1,10.1.2.3", "postgres://a@127.0.0.1.5/x",
		"postgres://a@0.0.0.0/x", "postgres://a@[::ffff:10.1.2.3]/x", "postgres://a@[::]/x",
		"postgres://a@127.1.example/x" };

	(void)state;
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++) {
		mode(elsewhere[i], NULL, "verify-full");
		assert_non_null(pg_settings_get(&s, "sslrootcert"));
	}
	mode("postgres://a@db.example.org/x", NULL, "verify-full");
	assert_false(s.tls_forced);
	mode("postgres://a@db.example.org/x?sslmode=require", NULL, "verify-full");
	assert_true(s.tls_forced);
	(void)setenv("PGSSLMODE", "disable", 1);
	mode("postgres://a@db.example.org/x", NULL, "verify-full");
}

static void on_this_machine_it_need_not(void **state)
{
	(void)state;
	mode("postgres://a@localhost/x", NULL, "prefer");
	mode("postgres://a@127.0.0.1/x", NULL, "prefer");
	mode("postgres://a@[::1]/x", NULL, "prefer");
	mode("postgres://a@/x?host=/run/postgresql", NULL, "prefer");
	mode("postgres:///x", NULL, "prefer");
	mode("postgres://a@localhost/x?sslmode=verify-full", NULL, "verify-full");
	mode("postgres://a@db.example.org/x?hostaddr=127.0.0.1", NULL, "prefer");
	mode("postgres://a@db,db/x?hostaddr=127.0.0.1,127.0.0.2", NULL, "prefer");
	mode("postgres://a@[::ffff:127.0.0.1]/x", NULL, "prefer");
	mode("postgres://a@localhost,/x?hostaddr=127.0.0.1,", NULL, "prefer");
}

/* Where a service says the host, it is as good as said here. */
static void a_service_is_asked_before_the_host_is_judged(void **state)
{
	char own[SCRATCH_SIZE];
	static const char text[] = "[away]\nhost=db.example.org\n[here]\nhost=localhost\n"
				   "[addr]\nhost=localhost\nhostaddr=10.1.2.3\n";

	(void)state;
	scratch_make(own);
	scratch_write(scratch_path(own, "services"), text, sizeof(text) - 1);
	(void)setenv("PGSERVICEFILE", scratch_path(own, "services"), 1);
	mode("postgres:///x?service=away", NULL, "verify-full");
	mode("service=away", NULL, "verify-full");
	mode("service=addr", NULL, "verify-full");
	mode("postgres://a@localhost/x?service=addr", NULL, "verify-full");
	mode("service=here", NULL, "prefer");
	mode("postgres://a@localhost/x?service=away", NULL, "prefer");
	(void)unsetenv("PGSERVICEFILE");
	scratch_remove(own);
}

/* No part of a password comes back, however it is written or miswritten. */
static void a_password_is_in_no_message(void **state)
{
	static const char *const spellings[] = { "postgres://u:hunter2@h:x/d",
		"postgres://u:hun/ter2@h/d", "postgres://u:hun@ter2@h/d",
		"postgres://u:hunter2%zz@h/d", "postgres://u:hun?ter2@h/d",
		"postgres://u:hun#ter2/@h/d", "postgres://hunter2:@h@h/d",
		"postgres://u:hun:ter2@h:6000/d", "postgres://u@h/d?password=hunter2&x",
		"postgres://u@h/d?passwor%64=hunter2&sslmode=nonsense&x=y",
		"host=h password='hunter2", "host=h password = hunter2 ter2",
		"host=h passwd=hunter2", "host=h password='a\\' hunter2",
		"host=h sslpassword=hunter2 y", "hunter2", "postgres://u:hunter2",
		"postgres://[u:hunter2@h/d", "postgres://u:h%00unter2@h/d",
		"postgresql:/u:hunter2@h/d", "postgres//u:hunter2@h/d" };

	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		struct buf shown = BUF_INIT;

		if (load(spellings[i], NULL) == 0)
			buf_adds(&shown, s.location);
		buf_addf(&shown, "%s %s", err.msg, err.hint);
		if (strstr(shown.data, "hunter2") || strstr(shown.data, "ter2"))
			fail_msg("'%s' gives '%s'", spellings[i], shown.data);
		buf_release(&shown);
	}
}

static void the_users_own_setting_decides(void **state)
{
	(void)state;
	mode("postgres://a@db.example.org/x", "sessiondb.postgres.sslmode=require", "require");
	mode("postgres://a@db.example.org/x?sslmode=verify-full",
		"sessiondb.postgres.sslmode=verify-ca", "verify-ca");
	mode("postgres://a@localhost/x", "sessiondb.postgres.sslmode=disable", "disable");
}

static void what_libpq_is_always_given(void **state)
{
	(void)state;
	mode("postgres://ana:hush@db.example.org:6000/team?application_name=mine",
		"sessiondb.postgres.sslrootcert=/etc/ca.pem", "verify-full");
	is("host", "db.example.org");
	is("port", "6000");
	is("user", "ana");
	is("dbname", "team");
	is("password", "hush");
	is("application_name", "mine");
	is("fallback_application_name", "minsky");
	is("client_encoding", "UTF8");
	is("gssencmode", "disable");
	is("tcp_user_timeout", "10000");
	is("sslrootcert", "/etc/ca.pem");
	is("options", NULL);
	is("target_session_attrs", "any");
	mode("postgres://a@localhost,127.0.0.1/x", NULL, "prefer");
	is("target_session_attrs", "read-write");
}

static void the_environment_is_the_last_to_be_asked(void **state)
{
	struct config *config = hubs_config("sessiondb.backend", "postgres", NULL);

	(void)state;
	assert_int_equal(pg_settings_load(&s, config, PG_FOR_BACKEND, &err), ERR_USAGE);
	(void)setenv("PGHOST", "db.example.org", 1);
	(void)setenv("PGUSER", "ana", 1);
	(void)setenv("PGPASSWORD", "hush", 1);
	pg_settings_release(&s);
	assert_int_equal(pg_settings_load(&s, config, PG_FOR_BACKEND, &err), 0);
	is("host", "db.example.org");
	is("sslmode", "verify-full");
	assert_string_equal(s.location, "postgres://ana@db.example.org/ana");
	config_free(config);
	mode("postgres://bea@localhost/x", NULL, "prefer");
	is("user", "bea");
	is("password", "hush");
}

static void settings_that_a_pool_refuses_are_refused(void **state)
{
	(void)state;
	assert_int_equal(load("postgres://a@h/x?options=-csearch_path%3Dx", NULL), ERR_USAGE);
	assert_non_null(strstr(err.msg, "'options'"));
	assert_int_equal(load("postgres://a@h/x?replication=database", NULL), ERR_USAGE);
}

static void a_url_that_is_none_is_not_quoted(void **state)
{
	static const char *const urls[] = { "postgres://a:hush%zz@h/x", "host='hush",
		"postgres://a@h/x?hush=1", "hush", "password=hush frobnicate=hush" };

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++) {
		assert_int_equal(load(urls[i], NULL), ERR_USAGE);
		assert_null(strstr(err.msg, "hush"));
		assert_null(strstr(err.hint, "hush"));
		assert_non_null(strstr(err.msg, "sessiondb.postgres.url"));
	}
}

static void places_are_told_without_secrets(void **state)
{
	static const struct {
		const char *url, *place;
	} cases[] = {
		{ "postgres://ana:hush@db.example.org/team", "postgres://ana@db.example.org/team" },
		{ "postgresql://ana:hush@db.example.org:6000/team",
			"postgres://ana@db.example.org:6000/team" },
		{ "host=/run/pg user=ana dbname=team password=hush port=6000",
			"postgres://ana@/team?host=/run/pg&port=6000" },
		{ "postgres://ana@db/te%1bam", "postgres://ana@db/te\\x1bam" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(load(cases[i].url, NULL), 0);
		assert_string_equal(s.location, cases[i].place);
	}
}

static void messages_are_scrubbed(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(load("postgres://ana:hu%20sh@db.example.org/team", NULL), 0);
	pg_add_scrubbed(&out, &s, "it said \"hu sh\",\n\tor postgres://bea:other@h/d \x1b[31m\n");
	assert_null(strstr(out.data, "hu sh"));
	assert_null(strstr(out.data, "other"));
	assert_null(strchr(out.data, '\n'));
	assert_null(strchr(out.data, '\x1b'));
	assert_non_null(strstr(out.data, "it said \"[removed]\","));
	buf_release(&out);
}

static int end(void **state)
{
	(void)state;
	pg_settings_release(&s);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, clean, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(off_this_machine_the_name_is_verified),
		TEST(on_this_machine_it_need_not),
		TEST(a_service_is_asked_before_the_host_is_judged),
		TEST(a_password_is_in_no_message),
		TEST(the_users_own_setting_decides),
		TEST(what_libpq_is_always_given),
		TEST(the_environment_is_the_last_to_be_asked),
		TEST(settings_that_a_pool_refuses_are_refused),
		TEST(a_url_that_is_none_is_not_quoted),
		TEST(places_are_told_without_secrets),
		TEST(messages_are_scrubbed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
