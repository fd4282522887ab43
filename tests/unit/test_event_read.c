#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/event.h"

#define SESSION "0193597a-0000-7000-8000-000000000001"
#define ORIGIN "0123456789abcdef0123456789abcdef"

static const struct event_key some_key = { .hlc = 5, .origin = ORIGIN, .seq = 3 };

static int decode(struct event *out, const char *body)
{
	struct error err = ERROR_INIT;

	return event_decode(out, body, strlen(body), &some_key, &err);
}

static void what_was_written_is_read(void **state)
{
	struct event_src src = { .clone = ORIGIN,
		.ref = "refs/heads/x",
		.old_oid = "0000000000000000000000000000000000000000",
		.new_oid = "1111111111111111111111111111111111111111",
		.n = 7 };
	struct event_draft draft = { .type = EVENT_COMMIT_CREATED,
		.session = SESSION,
		.at = 1795408267123,
		.crit = true,
		.via = "hook",
		.src = &src,
		.data = "{\"branch\":\"x\"}",
		.data_len = 14 };
	struct actor actor = { .user = "ana", .host = "mira" };
	struct buf body = BUF_INIT;
	struct error err = ERROR_INIT;
	struct event e = { .json = NULL };

	(void)state;
	assert_int_equal(event_encode(&body, &draft, &actor, &err), 0);
	assert_int_equal(event_decode(&e, body.data, body.len, &some_key, &err), 0);
	assert_int_equal(event_key_compare(&e.key, &some_key), 0);
	assert_int_equal(e.type, EVENT_COMMIT_CREATED);
	assert_string_equal(e.type_name, "commit.created");
	assert_string_equal(e.session, SESSION);
	assert_true(e.at == draft.at);
	assert_int_equal(e.v, 1);
	assert_true(e.crit);
	assert_string_equal(e.via, "hook");
	assert_string_equal(e.actor.user, "ana");
	assert_string_equal(e.actor.host, "mira");
	assert_null(e.actor.agent);
	assert_true(e.has_src);
	assert_string_equal(e.src.clone, src.clone);
	assert_string_equal(e.src.ref, src.ref);
	assert_string_equal(e.src.old_oid, src.old_oid);
	assert_string_equal(e.src.new_oid, src.new_oid);
	assert_int_equal(e.src.n, 7);
	assert_string_equal(json_get_string(e.data, "branch"), "x");
	event_release(&e);
	event_release(&e);
	buf_release(&body);
}

static void what_is_left_out_has_a_default(void **state)
{
	struct event e = { .json = NULL };

	(void)state;
	assert_int_equal(
		decode(&e, "{\"type\":\"pr.checked\",\"at\":\"2026-01-01T00:00:00Z\"}"), 0);
	assert_int_equal(e.type, EVENT_PR_CHECKED);
	assert_null(e.session);
	assert_int_equal(e.v, 1);
	assert_false(e.crit);
	assert_string_equal(e.via, "");
	assert_null(e.actor.user);
	assert_false(e.has_src);
	assert_string_equal(e.src.clone, "");
	assert_true(json_is_object(e.data));
	assert_int_equal(json_count(e.data), 0);
	event_release(&e);
}

static void newer_types_and_versions_are_unknown(void **state)
{
	struct event e = { .json = NULL };

	(void)state;
	assert_int_equal(decode(&e,
				 "{\"type\":\"session.cloned\",\"at\":\"2026-01-01T00:00:00Z\","
				 "\"v\":1,\"crit\":true}"),
		0);
	assert_int_equal(e.type, EVENT_UNKNOWN);
	assert_string_equal(e.type_name, "session.cloned");
	assert_true(e.crit);
	event_release(&e);
	assert_int_equal(
		decode(&e, "{\"type\":\"pr.merged\",\"at\":\"2026-01-01T00:00:00Z\",\"v\":3}"), 0);
	assert_int_equal(e.type, EVENT_UNKNOWN);
	event_release(&e);
	assert_int_equal(
		decode(&e, "{\"type\":\"pr.merged\",\"at\":\"2026-01-01T00:00:00Z\",\"v\":\"x\"}"),
		0);
	assert_int_equal(e.type, EVENT_UNKNOWN);
	event_release(&e);
}

static void members_of_the_wrong_kind_count_as_absent(void **state)
{
	struct event e = { .json = NULL };

	(void)state;
	assert_int_equal(decode(&e,
				 "{\"type\":\"pr.merged\",\"at\":\"2026-01-01T00:00:00Z\","
				 "\"session\":\"me\","
				 "\"actor\":3,\"via\":[],\"src\":\"x\",\"data\":[1]}"),
		0);
	assert_null(e.session);
	assert_null(e.actor.user);
	assert_string_equal(e.via, "");
	assert_false(e.has_src);
	assert_true(json_is_object(e.data));
	event_release(&e);
	assert_int_equal(decode(&e,
				 "{\"type\":\"pr.merged\",\"at\":\"2026-01-01T00:00:00Z\","
				 "\"src\":{\"clone\":1,\"n\":-4}}"),
		0);
	assert_true(e.has_src);
	assert_string_equal(e.src.clone, "");
	assert_int_equal(e.src.n, 0);
	event_release(&e);
}

static void what_is_no_event_is_corrupt(void **state)
{
	static const char *const bodies[] = { "", "[]", "\"x\"", "{}", "{\"type\":\"pr.merged\"}",
		"{\"at\":\"2026-01-01T00:00:00Z\"}",
		"{\"type\":\"\",\"at\":\"2026-01-01T00:00:00Z\"}",
		"{\"type\":4,\"at\":\"2026-01-01T00:00:00Z\"}",
		"{\"type\":\"pr.merged\",\"at\":\"now\"}", "{\"type\":\"pr.merged\",\"at\":12}",
		"{\"type\":\"a\",\"type\":\"b\",\"at\":\"2026-01-01T00:00:00Z\"}" };
	struct event e = { .v = 99 };

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		if (decode(&e, bodies[i]) != ERR_CORRUPT)
			fail_msg("accepted: %s", bodies[i]);
	assert_int_equal(e.v, 99);
}

static void data_of_two_types_keeps_its_bytes(void **state)
{
	struct event e = { .json = NULL };

	(void)state;
	assert_int_equal(decode(&e,
				 "{\"type\":\"session.imported\",\"at\":\"2026-01-01T00:00:00Z\","
				 "\"data\":{\"record\":{\"x\":1.50 }}}"),
		0);
	assert_string_equal(e.data_text, "{\"record\":{\"x\":1.50 }}");
	event_release(&e);
	assert_int_equal(decode(&e,
				 "{\"type\":\"session.updated\",\"at\":\"2026-01-01T00:00:00Z\","
				 "\"data\":7}"),
		0);
	assert_null(e.data_text);
	event_release(&e);
	assert_int_equal(
		decode(&e, "{\"type\":\"pr.merged\",\"at\":\"2026-01-01T00:00:00Z\",\"data\":{}}"),
		0);
	assert_null(e.data_text);
	event_release(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(what_is_left_out_has_a_default),
		cmocka_unit_test(newer_types_and_versions_are_unknown),
		cmocka_unit_test(members_of_the_wrong_kind_count_as_absent),
		cmocka_unit_test(what_is_no_event_is_corrupt),
		cmocka_unit_test(data_of_two_types_keeps_its_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
