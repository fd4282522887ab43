/* A record is one exact line; anything else is told apart from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log/record.h"

#define ORIGIN "00112233445566778899aabbccddeeff"

static const char body[] = "{\"type\":\"session.noted\",\"v\":1}";

static struct buf make(uint64_t seq, uint64_t hlc)
{
	struct buf line = BUF_INIT;

	record_format(&line, HASH_ZERO, ORIGIN, seq, hlc, body, sizeof(body) - 1);
	assert_false(line.failed);
	return line;
}

/* The hashes below were computed with sha256sum. */
static void format_writes_the_documented_line(void **state)
{
	struct buf line = make(12, 0x019376fd8a3b0001);

	(void)state;
	assert_string_equal(line.data,
		"{\"origin\":\"" ORIGIN "\",\"seq\":12,\"hlc\":\"019376fd8a3b0001\","
		"\"bodyhash\":\"37b79275fe6deb2ab21b8f5510ee4c870f917592970e0da0d695ada234f83c43\","
		"\"hash\":\"498605aad470a1e436428ec5c954db70c278ab6fe6fd5bffdbd7355bdf54f97e\","
		"\"body\":{\"type\":\"session.noted\",\"v\":1}}\n");
	buf_release(&line);
}

static void parse_gives_back_what_was_formatted(void **state)
{
	struct buf line = make(9007199254740992, UINT64_MAX);
	char hash[HASH_HEX_SIZE];
	struct record rec;

	(void)state;
	assert_null(record_parse(&rec, line.data, line.len));
	assert_string_equal(rec.origin, ORIGIN);
	assert_true(rec.seq == 9007199254740992);
	assert_true(rec.hlc == UINT64_MAX);
	assert_int_equal(rec.body_len, sizeof(body) - 1);
	assert_memory_equal(rec.body, body, rec.body_len);
	record_hash(hash, HASH_ZERO, rec.origin, rec.seq, rec.hlc, rec.bodyhash);
	assert_string_equal(rec.hash, hash);
	buf_release(&line);
}

static void every_shorter_line_is_refused(void **state)
{
	struct buf line = make(1, 1);
	struct record rec;

	(void)state;
	for (size_t len = 0; len < line.len; len++)
		assert_non_null(record_parse(&rec, line.data, len));
	buf_release(&line);
}

static void a_changed_line_is_another_record_or_none(void **state)
{
	struct buf line = make(7, 77);
	char hash[HASH_HEX_SIZE];
	unsigned accepted = 0;
	struct record rec;

	(void)state;
	for (size_t at = 0; at < line.len; at++) {
		char kept = line.data[at];

		for (int c = 0; c < 256; c++) {
			if ((char)c == kept)
				continue;
			line.data[at] = (char)c;
			if (record_parse(&rec, line.data, line.len))
				continue;
			record_hash(hash, HASH_ZERO, rec.origin, rec.seq, rec.hlc, rec.bodyhash);
			accepted += strcmp(hash, rec.hash) == 0;
		}
		line.data[at] = kept;
	}
	assert_int_equal(accepted, 0);
	buf_release(&line);
}

/* Replace the first `from` in a good line and say whether it still parses. */
static const char *parse_with(const char *from, const char *to)
{
	struct buf line = make(12, 5), changed = BUF_INIT;
	const char *at = strstr(line.data, from);
	struct record rec;
	const char *wrong;

	assert_non_null(at);
	buf_add(&changed, line.data, (size_t)(at - line.data));
	buf_adds(&changed, to);
	buf_adds(&changed, at + strlen(from));
	wrong = record_parse(&rec, changed.data, changed.len);
	buf_release(&line);
	buf_release(&changed);
	return wrong;
}

static void the_envelope_has_one_spelling(void **state)
{
	(void)state;
	assert_null(parse_with("\"seq\":12", "\"seq\":13"));
	assert_string_equal(parse_with("\"seq\":12", "\"seq\":012"), "line is not a record");
	assert_string_equal(parse_with("\"seq\":12", "\"seq\":0"), "line is not a record");
	assert_string_equal(parse_with("\"seq\":12", "\"seq\":-1"), "line is not a record");
	assert_string_equal(parse_with("\"seq\":12", "\"seq\":"), "line is not a record");
	assert_string_equal(
		parse_with("\"seq\":12", "\"seq\":9007199254740993"), "line is not a record");
	assert_string_equal(parse_with("\"seq\":12", "\"seq\":99999999999999999999999"),
		"line is not a record");
	assert_string_equal(parse_with("\"seq\":12", "\"seq\": 12"), "line is not a record");
	assert_string_equal(parse_with("aabb", "AABB"), "line is not a record");
	assert_string_equal(parse_with("}}\n", "}} \n"), "line is not a record");
	assert_string_equal(
		parse_with("session.noted", "session.noteD"), "body does not match its hash");
	assert_string_equal(parse_with("}}\n", "}}\n\n"), "line contains an invalid byte");
}

static void a_blank_body_keeps_both_hashes(void **state)
{
	struct buf line = make(3, 5);
	struct record rec;

	(void)state;
	buf_truncate(&line, line.len - 2 - (sizeof(body) - 1));
	buf_adds(&line, "null}\n");
	assert_null(record_parse(&rec, line.data, line.len));
	assert_null(rec.body);
	assert_int_equal(rec.body_len, 0);
	assert_int_equal(strlen(rec.bodyhash), 64);
	buf_release(&line);
}

static void the_largest_body_fits_and_one_more_byte_does_not(void **state)
{
	struct buf line = BUF_INIT;
	char *large = malloc(EVENT_MAX_BODY + 1);
	struct record rec;

	(void)state;
	assert_non_null(large);
	memset(large, ' ', EVENT_MAX_BODY + 1);
	large[0] = '{';
	large[EVENT_MAX_BODY - 1] = '}';
	record_format(&line, HASH_ZERO, ORIGIN, 9007199254740992, 1, large, EVENT_MAX_BODY);
	assert_true(line.len <= RECORD_MAX);
	assert_null(record_parse(&rec, line.data, line.len));
	buf_clear(&line);
	large[EVENT_MAX_BODY - 1] = ' ';
	large[EVENT_MAX_BODY] = '}';
	record_format(&line, HASH_ZERO, ORIGIN, 1, 1, large, EVENT_MAX_BODY + 1);
	assert_string_equal(record_parse(&rec, line.data, line.len), "body is longer than 64 KiB");
	free(large);
	buf_release(&line);
}

static void the_clock_holds_milliseconds_above_a_counter(void **state)
{
	(void)state;
	assert_true(record_hlc_ms(((uint64_t)1732332667123 << 16) | 0xffff) == 1732332667123);
	assert_true(record_hlc_ms(0xffff) == 0);
	assert_true(record_hlc_ms(0x10000) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_writes_the_documented_line),
		cmocka_unit_test(parse_gives_back_what_was_formatted),
		cmocka_unit_test(every_shorter_line_is_refused),
		cmocka_unit_test(a_changed_line_is_another_record_or_none),
		cmocka_unit_test(the_envelope_has_one_spelling),
		cmocka_unit_test(a_blank_body_keeps_both_hashes),
		cmocka_unit_test(the_largest_body_fits_and_one_more_byte_does_not),
		cmocka_unit_test(the_clock_holds_milliseconds_above_a_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
