/* The record as text: canonical out, lenient and lossless in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/json.h"
#include "core/session.h"

#define ID "0193597a-0000-7000-8000-000000000001"
#define HEX "0123456789abcdef0123456789abcdef"

static int read_text(struct session *out, const char *text)
{
	struct error err = ERROR_INIT;

	return session_from_json(out, text, strlen(text), &err);
}

static void becomes(const char *text, const char *expected)
{
	struct session s = { .name = NULL };
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;

	assert_int_equal(read_text(&s, text), 0);
	assert_int_equal(session_to_json(&out, &s, &err), 0);
	assert_string_equal(out.data, expected);
	session_release(&s);
	buf_release(&out);
}

static void stays(const char *text)
{
	becomes(text, text);
}

#define FULL                                                                                       \
	"{\"attention\":{\"at\":\"2026-01-02T03:04:05.006Z\",\"state\":\"waiting\","               \
	"\"text\":\"ä\"},\"backendType\":\"github\",\"baseBranch\":\"main\",\"branch\":\"fix\","  \
	"\"cloneId\":\"c\",\"commitCount\":3,\"createdAt\":\"2026-01-01T00:00:00.000Z\","          \
	"\"deletedAt\":\"2026-01-03T00:00:00.000Z\",\"description\":\"\",\"github\":{"             \
	"\"owner\":\"o\",\"repo\":\"r\",\"tokenRef\":\"env:T\"},\"head\":\"h\","                   \
	"\"lastActivityAt\":\"2026-01-02T00:00:00.000Z\",\"mainCloneId\":\"m\","                   \
	"\"mode\":\"clone\",\"prHistory\":[{\"branchName\":\"pr/a\",\"exists\":false}],"           \
	"\"prState\":{\"approvedAt\":\"2026-01-01T00:00:01.000Z\",\"approvedHead\":\"ah\","        \
	"\"base\":\"main\",\"baseOid\":\"bo\",\"branchName\":\"pr/b\","                            \
	"\"closedAt\":\"2026-01-01T00:00:02.000Z\",\"createdAt\":\"2026-01-01T00:00:03.000Z\","    \
	"\"exists\":true,\"head\":\"ph\",\"id\":\"" ID "\","                                       \
	"\"lastChecked\":\"2026-01-01T00:00:04.000Z\",\"mergeCommit\":\"mc\","                     \
	"\"mergeMethod\":\"squash\",\"mergedAt\":\"2026-01-01T00:00:05.000Z\","                    \
	"\"seen\":{\"main\":\"1\",\"mainOrigin\":\"2\",\"workspace\":\"3\","                       \
	"\"workspaceOrigin\":\"4\"},\"title\":\"t\",\"verdict\":\"unknown\"},"                     \
	"\"remote\":{\"authMethod\":\"ssh\",\"depth\":1},\"repoId\":\"" HEX "\","                  \
	"\"repoName\":\"o/r\",\"repoUrl\":\"u\",\"session\":\"fix\",\"sessionId\":\"" ID "\","     \
	"\"status\":\"deleted\",\"taskId\":\"7\",\"workspace\":\"/w\"}"

static void every_member_survives(void **state)
{
	(void)state;
	stays(FULL);
}

static void a_copy_is_the_same_and_its_own(void **state)
{
	struct session s = { .name = NULL }, copy = { .name = NULL };
	char a[HASH_HEX_SIZE], b[HASH_HEX_SIZE];
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(read_text(&s, FULL), 0);
	s.n_events = 12;
	s.last_key.seq = 4;
	assert_int_equal(session_digest(&s, a, &err), 0);
	assert_int_equal(session_copy(&copy, &s, &err), 0);
	session_release(&s);
	assert_int_equal(session_digest(&copy, b, &err), 0);
	assert_string_equal(a, b);
	assert_int_equal(copy.n_events, 12);
	assert_int_equal(copy.last_key.seq, 4);
	session_release(&copy);
}

static void the_digest_is_of_the_text(void **state)
{
	struct session s = { .name = NULL };
	char digest[HASH_HEX_SIZE], expected[HASH_HEX_SIZE];
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(read_text(&s, FULL), 0);
	hash_bytes(FULL, strlen(FULL), expected);
	assert_int_equal(session_digest(&s, digest, &err), 0);
	assert_string_equal(digest, expected);
	s.n_events = 5;
	s.frozen = true;
	assert_int_equal(session_digest(&s, digest, &err), 0);
	assert_string_equal(digest, expected);
	session_release(&s);
}

static void unknown_members_keep_their_bytes(void **state)
{
	(void)state;
	stays("{\"a\":1.50,\"session\":\"x\",\"sessionId\":\"" ID
	      "\",\"status\":\"active\",\"zeta\":{ \"y\" : [1,2 ]}}");
	becomes("{ \"zeta\" : { \"y\" : [1,2 ]} , \"session\":\"x\",\"sessionId\":\"" ID
		"\", \"a\":1.50,\"Branch\":12345678901234567890}",
		"{\"Branch\":12345678901234567890,\"a\":1.50,\"session\":\"x\",\"sessionId\":\"" ID
		"\",\"status\":\"active\",\"zeta\":{ \"y\" : [1,2 ]}}");
	/* In an escaped key too. */
	stays("{\"\\u0061\\\"\":\"\\u00e4\",\"sessionId\":\"" ID
	      "\",\"status\":\"active\",\"z\":null}");
}

static void unknown_members_of_nested_objects_too(void **state)
{
	(void)state;
	stays("{\"github\":{\"app\":1,\"owner\":\"o\",\"zone\":[]},\"prHistory\":[{\"exists\":"
	      "false,"
	      "\"x\":1}],\"prState\":{\"a\":{},\"exists\":true,\"url\":\"u\"},\"remote\":{"
	      "\"proxy\":\"p\"},\"sessionId\":\"" ID "\",\"status\":\"pr-open\"}");
}

static void known_keys_may_be_escaped(void **state)
{
	(void)state;
	becomes("{\"\\u0073ession\":\"x\",\"sessionId\":\"" ID "\"}",
		"{\"session\":\"x\",\"sessionId\":\"" ID "\",\"status\":\"active\"}");
}

static void absent_null_and_empty(void **state)
{
	struct session s = { .name = NULL };

	(void)state;
	becomes("{\"sessionId\":\"" ID
		"\",\"branch\":null,\"description\":\"\",\"taskId\":7,\"createdAt\":\"soon\","
		"\"commitCount\":-1,\"repoId\":\"x\",\"github\":\"\",\"prState\":null,"
		"\"prHistory\":{},\"status\":null,\"remote\":{\"depth\":true,\"authMethod\":\"\"},"
		"\"attention\":{}}",
		"{\"description\":\"\",\"remote\":{\"authMethod\":\"\"},\"sessionId\":\"" ID
		"\",\"status\":\"active\"}");
	assert_int_equal(read_text(&s, "{\"sessionId\":\"" ID "\"}"), 0);
	assert_null(s.name);
	assert_null(s.extra);
	assert_int_equal(s.n_prs, 0);
	session_release(&s);
}

static void depth_is_kept_as_it_came(void **state)
{
	(void)state;
	stays("{\"remote\":{\"depth\":1},\"sessionId\":\"" ID "\",\"status\":\"active\"}");
	stays("{\"remote\":{\"depth\":\"1\"},\"sessionId\":\"" ID "\",\"status\":\"active\"}");
}

static void the_order_of_prs_does_not_depend_on_the_text(void **state)
{
	(void)state;
	becomes("{\"prState\":{\"title\":\"new\",\"exists\":true},\"prHistory\":[{\"title\":\"1\"},"
		"{\"title\":\"2\"},7],\"sessionId\":\"" ID "\"}",
		"{\"prHistory\":[{\"exists\":false,\"title\":\"1\"},{\"exists\":false,\"title\":"
		"\"2\"}"
		"],\"prState\":{\"exists\":true,\"title\":\"new\"},\"sessionId\":\"" ID
		"\",\"status\":\"pr-open\"}");
}

static void status_is_what_the_record_says(void **state)
{
	(void)state;
	stays("{\"sessionId\":\"" ID "\",\"status\":\"starting\"}");
	stays("{\"sessionId\":\"" ID "\",\"status\":\"deleted\"}");
	becomes("{\"sessionId\":\"" ID "\",\"status\":\"hibernating\"}",
		"{\"sessionId\":\"" ID "\",\"status\":\"active\"}");
}

static void control_characters_stay_escaped(void **state)
{
	struct session s = { .name = NULL };

	(void)state;
	assert_int_equal(
		read_text(&s, "{\"description\":\"a\\nb\\u001b\\u202e\",\"sessionId\":\"" ID "\"}"),
		0);
	assert_string_equal(s.description, "a\nb\x1b\xe2\x80\xae");
	session_release(&s);
	stays("{\"description\":\"a\\nb\\u001b\\u202e\",\"sessionId\":\"" ID
	      "\",\"status\":\"active\"}");
}

static void what_is_no_record_is_refused(void **state)
{
	static const char *const texts[] = { "", "[]", "{}", "{\"sessionId\":\"x\"}",
		"{\"sessionId\":7}", "{\"sessionId\":\"" ID "\"} x",
		"{\"sessionId\":\"" ID "\",\"sessionId\":\"" ID "\"}", "{\"session\":\"a\"}" };
	struct session s = { .n_events = 9 };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (read_text(&s, texts[i]) != ERR_CORRUPT)
			fail_msg("accepted: %s", texts[i]);
	assert_int_equal(s.n_events, 9);
}

/* Enough unknown members that merging them one by one would show. */
static void thousands_of_unknown_members(void **state)
{
	struct session s = { .name = NULL };
	struct buf text = BUF_INIT, again = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	buf_adds(&text, "{\"sessionId\":\"" ID "\"");
	for (int i = 50000; i > 0; i--)
		buf_addf(&text, ",\"x%05d\":%d", i, i);
	buf_addch(&text, '}');
	assert_int_equal(session_from_json(&s, text.data, text.len, &err), 0);
	assert_int_equal(session_to_json(&again, &s, &err), 0);
	assert_memory_equal(again.data, "{\"sessionId\":\"", 14);
	assert_non_null(strstr(again.data, "\"status\":\"active\",\"x00001\":1,\"x00002\":2,"));
	session_release(&s);
	buf_release(&text);
	buf_release(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_survives),
		cmocka_unit_test(a_copy_is_the_same_and_its_own),
		cmocka_unit_test(the_digest_is_of_the_text),
		cmocka_unit_test(unknown_members_keep_their_bytes),
		cmocka_unit_test(unknown_members_of_nested_objects_too),
		cmocka_unit_test(known_keys_may_be_escaped),
		cmocka_unit_test(absent_null_and_empty),
		cmocka_unit_test(depth_is_kept_as_it_came),
		cmocka_unit_test(the_order_of_prs_does_not_depend_on_the_text),
		cmocka_unit_test(status_is_what_the_record_says),
		cmocka_unit_test(control_characters_stay_escaped),
		cmocka_unit_test(what_is_no_record_is_refused),
		cmocka_unit_test(thousands_of_unknown_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
