/* Two machines with one origin: the second goes on as a new one, and nothing is lost or doubled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/json.h"
#include "lib/journals.h"
#include "lib/scratch.h"
#include "lib/stores.h"
#include "log/projector.h"
#include "log/redact.h"
#include "log/reorigin.h"

static char base[SCRATCH_SIZE], dir[96];
static struct journal *journal;

static int setup(void **state)
{
	(void)state;
	setenv("USER", "ana", 1);
	scratch_make(base);
	(void)snprintf(dir, sizeof(dir), "%s/journal", base);
	journal = journals_new(dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unsetenv("MINSKY_NOW");
	unsetenv("MINSKY_SEGMENT_SIZE");
	journal_close(journal);
	scratch_remove(base);
	return 0;
}

/* Lines of an origin as its reader gives them. */
struct lines {
	char text[64][512];
	uint64_t hlc[64];
	char hash[64][HASH_HEX_SIZE];
	size_t n;
};

static struct lines lines_of(struct journal *j, const char *origin)
{
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	const struct record *rec = NULL;
	struct lines lines = { .n = 0 };

	assert_int_equal(journal_reader_open(&r, j, origin, 0, NULL, &err), 0);
	for (;;) {
		if (journal_reader_next(r, &rec, &err) < 0)
			fail_msg("%s", err.msg);
		if (!rec)
			break;
		assert_true(lines.n < 64);
		assert_true(rec->seq == lines.n + 1);
		if (lines.n)
			assert_true(rec->hlc > lines.hlc[lines.n - 1]);
		(void)snprintf(lines.text[lines.n], sizeof(lines.text[0]), "%.*s",
			rec->body ? (int)rec->body_len : 4, rec->body ? rec->body : "null");
		lines.hlc[lines.n] = rec->hlc;
		memcpy(lines.hash[lines.n], rec->hash, sizeof(rec->hash));
		lines.n++;
	}
	journal_reader_close(r);
	return lines;
}

static struct head common_at(struct journal *j, uint64_t seq)
{
	struct head common = { .seq = seq, .hash = HASH_ZERO };

	memcpy(common.origin, journal_origin(j), sizeof(common.origin));
	if (seq)
		memcpy(common.hash, lines_of(j, NULL).hash[seq - 1], sizeof(common.hash));
	return common;
}

static struct reorigin_result reorigin(const struct head *common)
{
	struct reorigin_result result;
	struct error err = ERROR_INIT;

	if (journal_reorigin(journal, common, false, 0, &result, &err) < 0)
		fail_msg("%s", err.msg);
	return result;
}

static void assert_parent(const char *body, const struct head *common)
{
	struct error err = ERROR_INIT;
	struct json *json = NULL;
	const struct json *parent;
	uint64_t seq;

	assert_int_equal(json_parse(&json, body, strlen(body), &err), 0);
	assert_string_equal(json_get_string(json, "type"), "journal.forked");
	parent = json_get(json_get(json, "data"), "parent");
	assert_string_equal(json_get_string(parent, "origin"), common->origin);
	assert_true(json_get_u64(parent, "seq", &seq) && seq == common->seq);
	json_free(json);
}

static bool is_empty(const char *name)
{
	DIR *d = opendir(scratch_path(dir, name));
	const struct dirent *e;
	bool empty = true;

	while (d && (e = readdir(d)))
		empty = empty && e->d_name[0] == '.';
	if (d)
		closedir(d);
	return empty;
}

static void the_records_that_differ_are_told_again(void **state)
{
	struct lines before, old, now;
	struct reorigin_result result;
	struct head common, parent, moved;
	struct error err = ERROR_INIT;
	struct heads heads = HEADS_INIT;

	(void)state;
	journals_fill(journal, 1, 9);
	before = lines_of(journal, NULL);
	common = common_at(journal, 4);
	result = reorigin(&common);
	assert_true(result.told == 5);
	assert_string_not_equal(journal_origin(journal), common.origin);
	assert_string_equal(result.head.origin, journal_origin(journal));
	assert_true(result.head.seq == 6);

	now = lines_of(journal, NULL);
	assert_int_equal(now.n, 6);
	assert_parent(now.text[0], &common);
	for (size_t i = 1; i < now.n; i++) {
		assert_string_equal(now.text[i], before.text[i + 3]);
		assert_true(now.hlc[i] == before.hlc[i + 3]);
		assert_string_not_equal(now.hash[i], before.hash[i + 3]);
	}
	old = lines_of(journal, common.origin);
	assert_int_equal(old.n, 4);
	for (size_t i = 0; i < old.n; i++)
		assert_string_equal(old.hash[i], before.hash[i]);

	assert_true(journal_parent(journal, &parent) && parent.seq == 4);
	assert_true(journal_moved(journal, &moved) && moved.seq == 4);
	assert_string_equal(moved.origin, common.origin);
	assert_int_equal(journals_verify(journal).n, 0);
	assert_int_equal(journal_heads(journal, &heads, &err), 0);
	assert_int_equal(heads.n, 2);
	assert_true(heads_find(&heads, common.origin)->seq == 4);
	heads_release(&heads);
	assert_false(fs_exists(scratch_path(dir, "moving")));
	assert_false(is_empty("torn"));

	/* And on. */
	assert_true(journals_add(journal, "{\"n\":10}").seq == 7);
	assert_int_equal(journals_verify(journal).n, 0);
}

static void nothing_differs_and_everything_differs(void **state)
{
	struct head common;

	(void)state;
	journals_fill(journal, 1, 3);
	common = common_at(journal, 3);
	assert_true(reorigin(&common).told == 0);
	assert_int_equal(lines_of(journal, NULL).n, 1);
	assert_int_equal(lines_of(journal, common.origin).n, 3);
	assert_true(is_empty("torn"));
	common = common_at(journal, 0);
	journals_fill(journal, 4, 2);
	/* A journal.forked is about files: it is not told again. */
	assert_true(reorigin(&common).told == 2);
	assert_int_equal(lines_of(journal, NULL).n, 3);
	assert_int_equal(lines_of(journal, common.origin).n, 0);
	assert_int_equal(journals_verify(journal).n, 0);
}

static void many_segments(void **state)
{
	struct lines before, now;
	struct head common;

	(void)state;
	setenv("MINSKY_SEGMENT_SIZE", "700", 1);
	journal_close(journal);
	journal = journals_open(dir);
	journals_fill(journal, 1, 20);
	assert_true(journals_count_segments(journal) > 5);
	before = lines_of(journal, NULL);
	for (uint64_t seq = 19; seq > 10; seq--) {
		common = common_at(journal, seq);
		assert_true(reorigin(&common).told == 20 - seq);
		assert_int_equal(lines_of(journal, common.origin).n, seq);
		now = lines_of(journal, NULL);
		assert_int_equal(now.n, 21 - seq);
		assert_string_equal(now.text[now.n - 1], before.text[19]);
		assert_int_equal(journals_verify(journal).n, 0);
		/* The same again, from a copy that has it all. */
		journal_close(journal);
		scratch_remove(dir);
		journal = journals_new(dir);
		journals_fill(journal, 1, 20);
		before = lines_of(journal, NULL);
	}
}

/* What a pull does. */
static void the_other_machines_records_can_follow(void **state)
{
	struct head common;
	struct buf line = BUF_INIT;
	struct lines before;
	char name[160], path[256];
	FILE *f;

	(void)state;
	journals_fill(journal, 1, 5);
	before = lines_of(journal, NULL);
	common = common_at(journal, 3);
	reorigin(&common);
	record_format(
		&line, common.hash, common.origin, 4, before.hlc[4] + 7, "{\"theirs\":4}", 12);
	(void)snprintf(name, sizeof(name), "peers/%s.%020d.log", common.origin, 1);
	(void)snprintf(path, sizeof(path), "%s", scratch_path(dir, name));
	assert_int_equal(access(path, W_OK), 0);
	f = fopen(path, "a");
	assert_non_null(f);
	assert_int_equal(fwrite(line.data, 1, line.len, f), line.len);
	fclose(f);
	assert_int_equal(journals_verify(journal).n, 0);
	assert_string_equal(lines_of(journal, common.origin).text[3], "{\"theirs\":4}");
	buf_release(&line);
}

static void blank_records_stay_blank_under_their_new_names(void **state)
{
	struct head common;
	struct error err = ERROR_INIT;
	struct lines now;
	char named[160];
	bool changed;

	(void)state;
	journals_fill(journal, 1, 6);
	common = common_at(journal, 3);
	assert_int_equal(journal_redact(journal, common.origin, 2, "theirs", &changed, &err), 0);
	assert_int_equal(journal_redact(journal, common.origin, 5, "ours", &changed, &err), 0);
	reorigin(&common);
	now = lines_of(journal, NULL);
	assert_int_equal(now.n, 6);
	assert_string_equal(now.text[2], "null");
	(void)snprintf(named, sizeof(named), "{\"origin\":\"%s\",\"seq\":2,", common.origin);
	assert_non_null(strstr(now.text[4], named));
	(void)snprintf(
		named, sizeof(named), "{\"origin\":\"%s\",\"seq\":3,", journal_origin(journal));
	assert_non_null(strstr(now.text[5], named));
	assert_int_equal(journals_verify(journal).n, 0);
	assert_true(journals_verify(journal).result.redacted == 2);
}

static void a_clock_that_was_ahead_is_left_behind(void **state)
{
	struct reorigin_result result;
	struct error err = ERROR_INIT;
	struct head common;
	struct lines now;

	(void)state;
	setenv("MINSKY_NOW", "2026-01-01T00:00:00Z", 1);
	journals_fill(journal, 1, 2);
	common = common_at(journal, 2);
	setenv("MINSKY_NOW", "2039-01-01T00:00:00Z", 1);
	journals_fill(journal, 3, 3);
	setenv("MINSKY_NOW", "2026-01-02T00:00:00Z", 1);
	assert_int_equal(journal_reorigin(journal, &common, true, 0, &result, &err), 0);
	now = lines_of(journal, NULL);
	assert_int_equal(now.n, 4);
	for (size_t i = 0; i < now.n; i++)
		assert_true(record_hlc_ms(now.hlc[i]) == INT64_C(1767312000000));
	journals_fill(journal, 6, 1);
	assert_true(record_hlc_ms(lines_of(journal, NULL).hlc[4]) == INT64_C(1767312000000));
	assert_int_equal(journals_verify(journal).n, 0);
}

static void what_does_not_fit_is_refused_and_changes_nothing(void **state)
{
	struct reorigin_result result;
	struct error err = ERROR_INIT;
	struct head common, wrong;
	struct journal *second;

	(void)state;
	journals_fill(journal, 1, 4);
	common = common_at(journal, 2);
	wrong = common;
	memset(wrong.hash, 'a', 64);
	assert_int_equal(journal_reorigin(journal, &wrong, false, 0, &result, &err), ERR_CORRUPT);
	wrong = common;
	wrong.seq = 9;
	assert_int_equal(journal_reorigin(journal, &wrong, false, 0, &result, &err), ERR_CORRUPT);
	wrong = common;
	memset(wrong.origin, 'a', 32);
	assert_int_equal(journal_reorigin(journal, &wrong, false, 0, &result, &err), ERR_REFUSED);
	assert_int_equal(lines_of(journal, NULL).n, 4);
	assert_int_equal(journals_verify(journal).n, 0);

	/* Another process was faster: nothing is told twice. */
	second = journals_open(dir);
	assert_true(reorigin(&common).told == 2);
	assert_int_equal(journal_reorigin(second, &common, false, 0, &result, &err), 0);
	assert_true(result.told == 0);
	assert_string_equal(result.head.origin, journal_origin(journal));
	assert_true(result.head.seq == 3);
	journal_close(second);
}

static void damage_has_to_be_repaired_first(void **state)
{
	struct reorigin_result result;
	struct error err = ERROR_INIT;
	struct head common;
	struct buf text;

	(void)state;
	journals_fill(journal, 1, 6);
	common = common_at(journal, 2);
	text = scratch_read(journals_segment(journal));
	text.data[text.len / 2] ^= 1;
	scratch_write(journals_segment(journal), text.data, text.len);
	assert_int_equal(journal_reorigin(journal, &common, false, 0, &result, &err), ERR_CORRUPT);
	assert_string_equal(journal_origin(journal), common.origin);
	assert_non_null(strstr(err.hint, "journal verify"));
	buf_release(&text);
}

static void a_torn_end_is_set_aside_first(void **state)
{
	struct head common;
	struct buf text;
	struct lines now;

	(void)state;
	journals_fill(journal, 1, 4);
	common = common_at(journal, 2);
	text = scratch_read(journals_segment(journal));
	buf_adds(&text, "{\"origin\":\"half a record");
	scratch_write(journals_segment(journal), text.data, text.len);
	reorigin(&common);
	now = lines_of(journal, NULL);
	assert_int_equal(now.n, 4);
	assert_non_null(strstr(now.text[3], "journal.repaired"));
	assert_int_equal(journals_verify(journal).n, 0);
	buf_release(&text);
}

static void note(const char *text)
{
	char body[512];

	(void)snprintf(body, sizeof(body),
		"{\"type\":\"session.noted\",\"session\":\"%s\",\"at\":\"2026-01-01T00:00:00."
		"000Z\","
		"\"v\":1,\"actor\":{\"user\":\"ana\"},\"via\":\"cli\",\"data\":{\"text\":\"%s\"}}",
		stores_id(1), text);
	journals_add(journal, body);
}

static void a_store_that_was_filled_before_is_filled_anew(void **state)
{
	struct projector_result result = { 0 };
	struct error err = ERROR_INIT;
	struct heads stored = HEADS_INIT, there = HEADS_INIT;
	struct backend *b = stores_open("json", scratch_path(base, "store.json"));
	struct session s = { .n_events = 0 };
	struct head common;

	(void)state;
	for (int i = 0; i < 5; i++)
		note("x");
	assert_int_equal(projector_run(journal, b, STORES_REPO, &result, &err), 0);
	common = common_at(journal, 2);
	reorigin(&common);
	if (projector_run(journal, b, STORES_REPO, &result, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(b->ops->heads(b, STORES_REPO, &stored, &err), 0);
	assert_int_equal(journal_heads(journal, &there, &err), 0);
	assert_true(heads_equal(&stored, &there));
	assert_int_equal(b->ops->get(b, STORES_REPO, KEY_ID, stores_id(1), &s, &err), 0);
	assert_true(s.n_events == 5);
	session_release(&s);
	heads_release(&stored);
	heads_release(&there);
	stores_close(b);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_records_that_differ_are_told_again),
		test(nothing_differs_and_everything_differs),
		test(many_segments),
		test(the_other_machines_records_can_follow),
		test(blank_records_stay_blank_under_their_new_names),
		test(a_clock_that_was_ahead_is_left_behind),
		test(what_does_not_fit_is_refused_and_changes_nothing),
		test(damage_has_to_be_repaired_first),
		test(a_torn_end_is_set_aside_first),
		test(a_store_that_was_filled_before_is_filled_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
