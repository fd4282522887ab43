/* The end of a journal after a crash: torn is healed, damaged is kept and continued behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "core/fs.h"
#include "core/json.h"
#include "lib/journals.h"
#include "lib/scratch.h"

#define RECORDS 12

static char dir[SCRATCH_SIZE];

static int setup(void **state)
{
	(void)state;
	setenv("USER", "ana", 1);
	scratch_make(dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unsetenv("MINSKY_SEGMENT_SIZE");
	scratch_remove(dir);
	return 0;
}

/* A journal of RECORDS records; its one segment's content and path. */
struct sample {
	struct journal *j;
	struct buf text;
	char path[768];
};

static struct sample make_sample(void)
{
	struct sample s = { .j = journals_new(dir) };

	journals_fill(s.j, 1, RECORDS);
	(void)snprintf(s.path, sizeof(s.path), "%s", journals_segment(s.j));
	s.text = scratch_read(s.path);
	return s;
}

static void release_sample(struct sample *s)
{
	buf_release(&s->text);
	journal_close(s->j);
}

/* Back to one segment with this content, no head and nothing set aside. */
static void reset(const struct sample *s, const char *text, size_t len)
{
	while (journals_segment(s->j))
		assert_int_equal(unlink(journals_segment(s->j)), 0);
	(void)unlink(scratch_path(dir, "head"));
	fs_remove_tree(scratch_path(dir, "torn"), &(struct error)ERROR_INIT);
	scratch_write(s->path, text, len);
}

static unsigned whole_lines(const char *text, size_t len)
{
	unsigned n = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

/* The record that `after` is followed by, decoded. */
static struct json *body_behind(struct journal *j, uint64_t after)
{
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	const struct record *rec = NULL;
	struct json *body = NULL;

	assert_int_equal(journal_reader_open(&r, j, NULL, after, NULL, &err), 0);
	assert_int_equal(journal_reader_next(r, &rec, &err), 0);
	assert_non_null(rec);
	assert_int_equal(json_parse(&body, rec->body, rec->body_len, &err), 0);
	journal_reader_close(r);
	return body;
}

static void assert_set_aside(struct journal *j, uint64_t after, const char *bytes, size_t len)
{
	struct json *body = body_behind(j, after);
	const struct json *data = json_get(body, "data");
	struct buf kept;
	uint64_t n = 0;

	assert_string_equal(json_get_string(body, "type"), "journal.repaired");
	assert_true(json_get_u64(data, "bytes", &n) && n == len);
	kept = scratch_read(scratch_path(dir, json_get_string(data, "kept")));
	assert_int_equal(kept.len, len);
	assert_memory_equal(kept.data, bytes, len);
	buf_release(&kept);
	json_free(body);
}

/* `good` records, then `len` torn bytes: invisible to readers, kept by the next writer. */
static void assert_heals(const struct sample *s, unsigned good, const char *bytes, size_t len)
{
	struct error err = ERROR_INIT;
	struct head head;

	assert_true(journals_read(s->j, 0).records == good);
	assert_int_equal(journals_read(s->j, 0).code, 0);
	assert_int_equal(journal_head(s->j, &head, &err), 0);
	assert_true(head.seq == good);
	assert_int_equal(journals_verify(s->j).result.torn, 1);
	assert_int_equal(journals_verify(s->j).result.damaged, 0);
	assert_true(journals_add(s->j, "{\"next\":1}").seq == good + 2);
	assert_set_aside(s->j, good, bytes, len);
	assert_true(journals_read(s->j, 0).records == good + 2);
	assert_string_equal(journals_read(s->j, 0).last_body, "{\"next\":1}");
	assert_int_equal(journals_verify(s->j).n, 0);
	assert_int_equal(journals_count_segments(s->j), 1);
}

static void every_cut_heals(void **state)
{
	struct sample s = make_sample();
	size_t first = (size_t)(strchr(s.text.data, '\n') - s.text.data) + 1;

	(void)state;
	for (size_t cut = first; cut < s.text.len; cut++) {
		unsigned good = whole_lines(s.text.data, cut);
		const char *end = memrchr(s.text.data, '\n', cut);
		size_t torn = cut - (size_t)(end + 1 - s.text.data);

		reset(&s, s.text.data, cut);
		if (torn) {
			assert_heals(&s, good, end + 1, torn);
			continue;
		}
		assert_int_equal(journals_verify(s.j).n, 0);
		assert_true(journals_add(s.j, "{}").seq == good + 1);
	}
	release_sample(&s);
}

static void a_cut_below_the_remembered_head_is_damage(void **state)
{
	struct sample s = make_sample();
	struct buf head_file = scratch_read(scratch_path(dir, "head"));
	struct error err = ERROR_INIT;
	struct head head;

	(void)state;
	for (size_t cut = 0; cut < s.text.len; cut += cut + 300 < s.text.len ? 7 : 1) {
		unsigned good = whole_lines(s.text.data, cut);
		struct buf left;

		reset(&s, s.text.data, cut);
		scratch_write(scratch_path(dir, "head"), head_file.data, head_file.len);
		assert_int_equal(journal_head(s.j, &head, &err), ERR_CORRUPT);
		assert_non_null(strstr(err.msg, s.path));
		assert_non_null(strstr(err.hint, "minsky journal verify"));
		assert_int_equal(journals_read(s.j, 0).code, ERR_CORRUPT);
		assert_true(journals_read(s.j, 0).records == good);
		assert_true(journals_verify(s.j).result.damaged > 0);
		assert_true(journals_add(s.j, "{}").seq == RECORDS + 2);
		left = scratch_read(s.path);
		assert_int_equal(left.len, cut);
		buf_release(&left);
		assert_int_equal(journals_read(s.j, 0).code, ERR_CORRUPT);
		assert_true(journals_read(s.j, RECORDS + 1).records == 1);
	}
	buf_release(&head_file);
	release_sample(&s);
}

static void zeroes_behind_the_end_are_torn(void **state)
{
	static const size_t lengths[] = { 1, 246, 511, 512, 4096, 70000, 8u << 20 };
	struct sample s = make_sample();
	char *text = calloc(1, s.text.len + (8u << 20));

	(void)state;
	assert_non_null(text);
	memcpy(text, s.text.data, s.text.len);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		reset(&s, text, s.text.len + lengths[i]);
		assert_heals(&s, RECORDS, text + s.text.len, lengths[i]);
	}
	free(text);
	release_sample(&s);
}

/* Power went away between the pages of the last record. */
static void a_last_record_of_zeroes_is_torn(void **state)
{
	struct sample s = make_sample();
	size_t last = s.text.len - 1;

	(void)state;
	while (s.text.data[last - 1] != '\n')
		last--;
	for (size_t from = last; from + 1 < s.text.len; from++) {
		struct buf text = BUF_INIT;

		buf_add(&text, s.text.data, s.text.len);
		memset(text.data + from, 0, text.len - from);
		reset(&s, text.data, text.len);
		assert_heals(&s, RECORDS - 1, text.data + last, text.len - last);
		text.data[text.len - 1] = '\n';
		reset(&s, text.data, text.len);
		assert_heals(&s, RECORDS - 1, text.data + last, text.len - last);
		buf_release(&text);
	}
	release_sample(&s);
}

static void a_record_that_lacks_only_its_newline_never_counts(void **state)
{
	struct sample s = make_sample();
	struct buf after;

	(void)state;
	reset(&s, s.text.data, s.text.len - 1);
	assert_true(journals_read(s.j, 0).records == RECORDS - 1);
	assert_true(journals_add(s.j, "{\"next\":1}").seq == RECORDS + 1);
	after = scratch_read(s.path);
	assert_null(strstr(after.data, "{\"n\":12}"));
	assert_int_equal(journals_verify(s.j).n, 0);
	buf_release(&after);
	release_sample(&s);
}

static void two_tears_in_a_row_keep_both(void **state)
{
	struct sample s = make_sample();
	struct buf text = BUF_INIT;

	(void)state;
	reset(&s, s.text.data, s.text.len - 20);
	journals_add(s.j, "{}");
	text = scratch_read(s.path);
	(void)unlink(scratch_path(dir, "head"));
	scratch_write(s.path, text.data, s.text.len - 20);
	journals_add(s.j, "{}");
	assert_int_equal(journals_verify(s.j).n, 0);
	{
		struct json *body = body_behind(s.j, RECORDS - 1);
		const char *kept = json_get_string(json_get(body, "data"), "kept");

		assert_string_equal(kept + strlen(kept) - 2, "-2");
		json_free(body);
	}
	buf_release(&text);
	release_sample(&s);
}

/* What is appended behind the good records, none of which may pass for torn. */
static void assert_breaks(const struct sample *s, const struct buf *text, uint64_t next)
{
	struct error err = ERROR_INIT;
	struct journals_read got;
	struct json *body;
	const struct json *data;
	char digest[HASH_HEX_SIZE];
	struct buf left;
	uint64_t n = 0;
	struct head head;

	reset(s, text->data, text->len);
	assert_int_equal(journal_head(s->j, &head, &err), ERR_CORRUPT);
	got = journals_read(s->j, 0);
	assert_int_equal(got.code, ERR_CORRUPT);
	assert_true(got.records == RECORDS);
	assert_true(journals_add(s->j, "{\"next\":1}").seq == next + 1);
	assert_int_equal(journals_count_segments(s->j), 2);
	left = scratch_read(s->path);
	assert_int_equal(left.len, text->len);
	assert_memory_equal(left.data, text->data, text->len);

	assert_int_equal(journals_read(s->j, 0).code, ERR_CORRUPT);
	assert_true(journals_read(s->j, 0).records == RECORDS);
	assert_true(journals_read(s->j, next).records == 1);
	assert_int_equal(journal_head(s->j, &head, &err), 0);
	assert_true(head.seq == next + 1);
	assert_true(journals_add(s->j, "{}").seq == next + 2);
	assert_int_equal(journals_count_segments(s->j), 2);

	{
		struct buf segment = scratch_read(journals_segment(s->j));
		struct record rec;

		assert_null(record_parse(&rec, segment.data,
			(size_t)(strchr(segment.data, '\n') - segment.data) + 1));
		assert_true(rec.seq == next);
		assert_int_equal(json_parse(&body, rec.body, rec.body_len, &err), 0);
		buf_release(&segment);
	}
	data = json_get(body, "data");
	assert_string_equal(json_get_string(body, "type"), "journal.break");
	assert_non_null(strstr(s->path, json_get_string(data, "segment")));
	assert_true(json_get_u64(data, "offset", &n) && n == s->text.len);
	assert_true(json_get_u64(data, "lastSeq", &n) && n == RECORDS);
	hash_bytes(text->data + s->text.len, text->len - s->text.len, digest);
	assert_string_equal(json_get_string(data, "digest"), digest);
	json_free(body);
	buf_release(&left);
}

static void a_valid_record_inside_the_bad_bytes_forbids_cutting(void **state)
{
	struct sample s = make_sample();
	struct buf text = BUF_INIT;

	(void)state;
	/* The last line twice. */
	buf_add(&text, s.text.data, s.text.len);
	buf_adds(&text, (const char *)memrchr(s.text.data, '\n', s.text.len - 1) + 1);
	assert_breaks(&s, &text, RECORDS + 1);
	/* A record glued to a half one. */
	buf_clear(&text);
	buf_add(&text, s.text.data, s.text.len);
	buf_adds(&text, "{\"origin\":\"0011");
	buf_add(&text, s.text.data, (size_t)(strchr(s.text.data, '\n') - s.text.data) + 1);
	buf_adds(&text, "rest");
	assert_breaks(&s, &text, RECORDS + 1);
	/* One of a later seq that does not chain: what comes next counts from there. */
	buf_clear(&text);
	buf_add(&text, s.text.data, s.text.len);
	record_format(&text, HASH_ZERO, journal_origin(s.j), 40, 1, "{}", 2);
	assert_breaks(&s, &text, 41);
	/* Another origin's. */
	buf_clear(&text);
	buf_add(&text, s.text.data, s.text.len);
	record_format(&text, HASH_ZERO, "00112233445566778899aabbccddeeff", 50, 1, "{}", 2);
	assert_breaks(&s, &text, RECORDS + 1);
	buf_release(&text);
	release_sample(&s);
}

static void more_than_one_append_can_be_is_no_torn_append(void **state)
{
	size_t garbage = JOURNAL_APPEND_MAX + RECORD_MAX + 1;
	struct sample s = make_sample();
	struct buf text = BUF_INIT;

	(void)state;
	buf_add(&text, s.text.data, s.text.len);
	assert_true(buf_grow(&text, garbage));
	memset(text.data + text.len, 'x', garbage);
	text.len += garbage;
	text.data[text.len] = '\0';
	assert_breaks(&s, &text, RECORDS + 1);
	buf_release(&text);
	release_sample(&s);
}

static void a_segment_that_is_gone_or_empty_is_continued_behind(void **state)
{
	struct sample s = make_sample();
	struct buf head_file = scratch_read(scratch_path(dir, "head"));
	struct error err = ERROR_INIT;
	struct head head;

	(void)state;
	assert_int_equal(unlink(s.path), 0);
	assert_int_equal(journal_head(s.j, &head, &err), ERR_CORRUPT);
	assert_int_equal(journals_read(s.j, 0).code, ERR_CORRUPT);
	assert_int_equal(journals_verify(s.j).result.damaged, 1);
	assert_true(journals_add(s.j, "{}").seq == RECORDS + 2);
	assert_true(journals_read(s.j, RECORDS + 1).records == 1);

	reset(&s, "", 0);
	assert_int_equal(journal_head(s.j, &head, &err), ERR_CORRUPT);
	assert_int_equal(journals_read(s.j, 0).code, ERR_CORRUPT);
	assert_true(journals_add(s.j, "{}").seq == 3);
	buf_release(&head_file);
	release_sample(&s);
}

static void a_mark_of_failure_cuts_and_starts_a_new_segment(void **state)
{
	struct sample s = make_sample();
	struct buf mark = scratch_read(scratch_path(dir, "head")), text = BUF_INIT;
	char *check = strstr(mark.data, "check ");
	char digest[HASH_HEX_SIZE];

	(void)state;
	memmove(mark.data + strlen("minsky-suspect"), mark.data + strlen("minsky-head"),
		(size_t)(check - mark.data) + 71 - strlen("minsky-suspect"));
	memcpy(mark.data, "minsky-suspect", strlen("minsky-suspect"));
	check = strstr(mark.data, "check ");
	hash_bytes(mark.data, (size_t)(check - mark.data), digest);
	memcpy(check + 6, digest, 64);
	scratch_write(scratch_path(dir, "suspect"), mark.data, mark.len);
	buf_add(&text, s.text.data, s.text.len);
	buf_adds(&text, "what the failed append left");
	scratch_write(s.path, text.data, text.len);

	assert_true(journals_add(s.j, "{}").seq == RECORDS + 2);
	assert_int_equal(journals_count_segments(s.j), 2);
	assert_false(fs_exists(scratch_path(dir, "suspect")));
	assert_set_aside(s.j, RECORDS, text.data + s.text.len, text.len - s.text.len);
	assert_true(journals_read(s.j, 0).records == RECORDS + 2);
	assert_int_equal(journals_verify(s.j).n, 0);
	journals_add(s.j, "{}");
	assert_int_equal(journals_count_segments(s.j), 2);
	buf_release(&mark);
	buf_release(&text);
	release_sample(&s);
}

static void a_mark_that_cannot_be_read_starts_a_new_segment(void **state)
{
	struct sample s = make_sample();

	(void)state;
	scratch_write(scratch_path(dir, "suspect"), "?", 1);
	assert_int_equal(journals_verify(s.j).result.damaged, 0);
	assert_int_equal(journals_verify(s.j).n, 1);
	assert_true(journals_add(s.j, "{}").seq == RECORDS + 1);
	assert_int_equal(journals_count_segments(s.j), 2);
	assert_int_equal(journals_verify(s.j).n, 0);
	release_sample(&s);
}

/* An interrupted roll: the temporary file is nobody's, and the next writer replaces it. */
static void a_half_made_segment_is_overwritten(void **state)
{
	struct journal *j = journals_new(dir);

	(void)state;
	scratch_write(scratch_path(dir, "new.tmp"), "half", 4);
	assert_int_equal(journals_read(j, 0).code, 0);
	assert_true(journals_fill(j, 1, 1).seq == 1);
	assert_false(fs_exists(scratch_path(dir, "new.tmp")));
	assert_int_equal(journals_verify(j).n, 0);
	journal_close(j);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(every_cut_heals),
		test(a_cut_below_the_remembered_head_is_damage),
		test(zeroes_behind_the_end_are_torn),
		test(a_last_record_of_zeroes_is_torn),
		test(a_record_that_lacks_only_its_newline_never_counts),
		test(two_tears_in_a_row_keep_both),
		test(a_valid_record_inside_the_bad_bytes_forbids_cutting),
		test(more_than_one_append_can_be_is_no_torn_append),
		test(a_segment_that_is_gone_or_empty_is_continued_behind),
		test(a_mark_of_failure_cuts_and_starts_a_new_segment),
		test(a_mark_that_cannot_be_read_starts_a_new_segment),
		test(a_half_made_segment_is_overwritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
