#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pwd.h>
#include <unistd.h>

#include "core/event.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define SESSION "0193597a-0000-7000-8000-000000000001"
#define CLONE "0123456789abcdef0123456789abcdef"
#define ZERO "0000000000000000000000000000000000000000"
#define ONE "1111111111111111111111111111111111111111"
#define AT INT64_C(1795408267123)

static const struct actor ana = { .user = "ana", .host = "mira", .agent = "claude" };
static const struct event_src source = {
	.clone = CLONE, .ref = "refs/heads/x", .old_oid = ZERO, .new_oid = ONE, .n = 7
};

#define SOURCE_TEXT                                                                                \
	"\"src\":{\"clone\":\"" CLONE "\",\"ref\":\"refs/heads/x\",\"old\":\"" ZERO                \
	"\",\"new\":\"" ONE "\",\"n\":7}"

static void encodes(const struct event_draft *draft, const struct actor *actor, const char *text)
{
	struct buf body = BUF_INIT;
	struct error err = ERROR_INIT;

	assert_int_equal(event_encode(&body, draft, actor, &err), 0);
	assert_string_equal(body.data, text);
	assert_int_equal(body.len, strlen(text));
	buf_release(&body);
}

static void a_body_has_one_spelling(void **state)
{
	struct event_draft draft = { .type = EVENT_COMMIT_CREATED,
		.session = SESSION,
		.at = AT,
		.via = "hook",
		.src = &source,
		.data = "{\"branch\":\"x\"}",
		.data_len = 14 };
	const struct actor nobody = { .user = NULL };
	const struct actor some = { .user = "ana", .host = "" };

	(void)state;
	encodes(&draft, &ana,
		"{\"type\":\"commit.created\",\"session\":\"" SESSION
		"\",\"at\":\"2026-11-23T04:31:07.123Z\",\"v\":1,"
		"\"actor\":{\"user\":\"ana\",\"host\":\"mira\",\"agent\":\"claude\"},"
		"\"via\":\"hook\"," SOURCE_TEXT ",\"data\":{\"branch\":\"x\"}}");
	draft.session = NULL;
	draft.src = NULL;
	draft.data = NULL;
	draft.crit = true;
	draft.type = EVENT_JOURNAL_OPENED;
	draft.via = "cli";
	encodes(&draft, &nobody,
		"{\"type\":\"journal.opened\",\"at\":\"2026-11-23T04:31:07.123Z\",\"v\":1,"
		"\"crit\":true,\"actor\":{},\"via\":\"cli\",\"data\":{}}");
	draft.crit = false;
	encodes(&draft, &some,
		"{\"type\":\"journal.opened\",\"at\":\"2026-11-23T04:31:07.123Z\",\"v\":1,"
		"\"actor\":{\"user\":\"ana\"},\"via\":\"cli\",\"data\":{}}");
}

static void a_body_goes_behind_what_is_there(void **state)
{
	struct event_draft draft = { .type = EVENT_SESSION_LOST, .via = "cli" };
	const struct actor nobody = { .user = NULL };
	struct buf body = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	buf_adds(&body, "before ");
	assert_int_equal(event_encode(&body, &draft, &nobody, &err), 0);
	assert_string_equal(body.data,
		"before {\"type\":\"session.lost\",\"at\":\"1970-01-01T00:00:00.000Z\",\"v\":1,"
		"\"actor\":{},\"via\":\"cli\",\"data\":{}}");
	buf_release(&body);
}

static void the_source_alone_is_the_same_text(void **state)
{
	struct event_draft draft = { .type = EVENT_BRANCH_MOVED, .via = "hook" };
	struct event_src odd = source;
	struct buf src = BUF_INIT, body = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	event_encode_src(&src, &source);
	assert_string_equal(src.data, SOURCE_TEXT);
	/* Names that must be escaped, too: a crash is recognised by these bytes. */
	odd.ref = "refs/heads/\xc3\xa4\"\xff\xe2\x80\xae";
	odd.n = UINT64_MAX;
	draft.src = &odd;
	buf_clear(&src);
	event_encode_src(&src, &odd);
	assert_non_null(strstr(src.data, "heads/\xc3\xa4\\\"\\\\xff\\u202e\""));
	assert_non_null(strstr(src.data, "\"n\":18446744073709551615}"));
	assert_int_equal(event_encode(&body, &draft, &ana, &err), 0);
	assert_non_null(strstr(body.data, src.data));
	buf_release(&src);
	buf_release(&body);
}

/* What was in the buffer stays as it was. */
static void refuses(const struct event_draft *draft, const char *message)
{
	struct buf body = BUF_INIT;
	struct error err = ERROR_INIT;

	buf_adds(&body, "before");
	assert_int_equal(event_encode(&body, draft, &ana, &err), ERR_USAGE);
	assert_string_equal(err.msg, message);
	assert_string_equal(body.data, "before");
	buf_release(&body);
}

static void secrets_are_refused(void **state)
{
	/* In two pieces, so that no scanner takes this file for a leak. */
	static const char *const secrets[][2] = {
		{ "gh", "p_0123456789abcdefghijABCDEFGHIJ012345" },
		{ "https://ana:hunter", "2@example.org/x.git" },
		{ "-----BEGIN RSA PRIVATE", " KEY-----" },
		{ "AKIA", "IOSFODNN7EXAMPLE" },
	};
	static const char message[] =
		"event 'commit.created' contains something that looks like a secret";

	(void)state;
	for (size_t i = 0; i < N(secrets); i++) {
		struct event_draft draft = { .type = EVENT_COMMIT_CREATED, .via = "hook" };
		struct event_src src = source;
		struct buf data = BUF_INIT, ref = BUF_INIT;
		struct error err = ERROR_INIT;

		buf_addf(&data, "{\"subject\":\"%s%s\"}", secrets[i][0], secrets[i][1]);
		draft.data = data.data;
		draft.data_len = data.len;
		print_message("%s...\n", secrets[i][0]);
		refuses(&draft, message);
		/* Wherever it stands. */
		buf_addf(&ref, "refs/heads/ %s%s", secrets[i][0], secrets[i][1]);
		src.ref = ref.data;
		draft.src = &src;
		draft.data = NULL;
		refuses(&draft, message);
		draft.src = &source;
		buf_clear(&data);
		assert_int_equal(event_encode(&data, &draft, &ana, &err), 0);
		buf_release(&data);
		buf_release(&ref);
	}
}

static void what_is_no_utf8_is_refused(void **state)
{
	static const struct {
		const char *data;
		size_t len;
	} cases[] = {
		{ "{\"a\":\"\xff\"}", 9 },
		{ "{\"a\":\"\xc3\"}", 9 },
		{ "{\"a\":\"\xed\xa0\x80\"}", 11 },
		{ "{\"a\":\"\0\"}", 9 },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct event_draft draft = { .type = EVENT_SESSION_NOTED,
			.via = "cli",
			.data = cases[i].data,
			.data_len = cases[i].len };

		refuses(&draft, "event 'session.noted' is not valid UTF-8");
	}
}

static void a_body_may_be_64_kib_and_no_more(void **state)
{
	struct event_draft draft = { .type = EVENT_SESSION_NOTED, .via = "cli" };
	struct buf body = BUF_INIT, data = BUF_INIT;
	struct error err = ERROR_INIT;
	size_t rest;

	(void)state;
	draft.data = "{\"t\":\"\"}";
	draft.data_len = strlen(draft.data);
	assert_int_equal(event_encode(&body, &draft, &ana, &err), 0);
	rest = EVENT_MAX_BODY - body.len;
	buf_adds(&data, "{\"t\":\"");
	for (size_t i = 0; i < rest; i++)
		buf_addch(&data, i % 8 == 7 ? ' ' : 'a');
	buf_adds(&data, "\"}");
	draft.data = data.data;
	draft.data_len = data.len;
	buf_clear(&body);
	assert_int_equal(event_encode(&body, &draft, &ana, &err), 0);
	assert_int_equal(body.len, EVENT_MAX_BODY);
	buf_truncate(&data, data.len - 2);
	buf_adds(&data, "b\"}");
	draft.data = data.data;
	draft.data_len = data.len;
	refuses(&draft, "event 'session.noted' is larger than 65536 bytes");
	buf_release(&body);
	buf_release(&data);
}

static void types_have_names(void **state)
{
	static const struct {
		enum event_type type;
		const char *name;
	} cases[] = {
#define X(id, name) { EVENT_##id, name },
		EVENT_TYPES(X)
#undef X
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		assert_int_equal(event_type_parse(cases[i].name), cases[i].type);
		assert_string_equal(event_type_name(cases[i].type), cases[i].name);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(cases[k].name, cases[i].name);
	}
	assert_int_equal(event_type_parse("unknown"), EVENT_UNKNOWN);
	assert_int_equal(event_type_parse(""), EVENT_UNKNOWN);
	assert_int_equal(event_type_parse("pr.created "), EVENT_UNKNOWN);
	assert_int_equal(event_type_parse("PR.created"), EVENT_UNKNOWN);
	assert_string_equal(event_type_name(EVENT_UNKNOWN), "unknown");
	assert_string_equal(event_type_name((enum event_type)(N(cases) + 1)), "unknown");
}

static void order_is_by_clock_then_origin_then_number(void **state)
{
	static const struct event_key keys[] = {
		{ 1, "00000000000000000000000000000009", 9 },
		{ 2, "00000000000000000000000000000001", 7 },
		{ 2, "00000000000000000000000000000001", 8 },
		{ 2, "00000000000000000000000000000002", 1 },
		{ UINT64_MAX, "00000000000000000000000000000000", 1 },
	};

	(void)state;
	for (size_t i = 0; i < N(keys); i++)
		for (size_t k = 0; k < N(keys); k++)
			assert_int_equal(event_key_compare(&keys[i], &keys[k]), i < k ? -1 : i > k);
}

static void the_actor_comes_from_the_environment(void **state)
{
	struct actor actor;
	char uid[16];
	const struct passwd *account;

	(void)state;
	assert_int_equal(setenv("USER", "ana", 1), 0);
	assert_int_equal(setenv("MINSKY_AGENT", "claude", 1), 0);
	actor_from_environment(&actor);
	assert_string_equal(actor.user, "ana");
	assert_string_equal(actor.agent, "claude");
	assert_non_null(actor.host);
	assert_string_not_equal(actor.host, "");
	assert_int_equal(setenv("USER", "", 1), 0);
	assert_int_equal(setenv("MINSKY_AGENT", "", 1), 0);
	account = getpwuid(geteuid());
	(void)snprintf(uid, sizeof(uid), "%u", (unsigned)geteuid());
	actor_from_environment(&actor);
	assert_string_equal(actor.user, account ? account->pw_name : uid);
	assert_null(actor.agent);
	assert_int_equal(unsetenv("USER"), 0);
	assert_int_equal(unsetenv("MINSKY_AGENT"), 0);
	actor_from_environment(&actor);
	assert_string_equal(actor.user, account ? account->pw_name : uid);
	assert_null(actor.agent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_has_one_spelling),
		cmocka_unit_test(a_body_goes_behind_what_is_there),
		cmocka_unit_test(the_source_alone_is_the_same_text),
		cmocka_unit_test(secrets_are_refused),
		cmocka_unit_test(what_is_no_utf8_is_refused),
		cmocka_unit_test(a_body_may_be_64_kib_and_no_more),
		cmocka_unit_test(types_have_names),
		cmocka_unit_test(order_is_by_clock_then_origin_then_number),
		cmocka_unit_test(the_actor_comes_from_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
