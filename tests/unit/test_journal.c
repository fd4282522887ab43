/* Appending: what is acknowledged is there, in order, and nothing else gets in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fs.h"
#include "lib/child.h"
#include "lib/journals.h"
#include "lib/scratch.h"

static char dir[SCRATCH_SIZE];

static int setup(void **state)
{
	(void)state;
	setenv("USER", "ana", 1);
	unsetenv("MINSKY_NOW");
	unsetenv("MINSKY_SEGMENT_SIZE");
	scratch_make(dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unsetenv("MINSKY_NOW");
	unsetenv("MINSKY_SEGMENT_SIZE");
	scratch_remove(dir);
	return 0;
}

static int append(struct journal *j, const char *body, size_t len, struct error *err)
{
	struct journal_entry entry = { body, len };

	return journal_append(j, &entry, 1, 1000, NULL, err);
}

static void a_new_journal_is_empty(void **state)
{
	struct journal *j = journals_new(dir);
	struct error err = ERROR_INIT;
	struct heads heads = HEADS_INIT;
	struct head head;

	(void)state;
	assert_true(id_is_hex(journal_origin(j), 32));
	assert_string_equal(journal_dir(j), dir);
	assert_int_equal(journal_head(j, &head, &err), 0);
	assert_true(head.seq == 0);
	assert_string_equal(head.hash, HASH_ZERO);
	assert_string_equal(head.origin, journal_origin(j));
	assert_int_equal(journal_heads(j, &heads, &err), 0);
	assert_int_equal(heads.n, 0);
	assert_true(journals_read(j, 0).records == 0);
	assert_int_equal(journals_read(j, 0).code, 0);
	assert_int_equal(journals_read(j, 1).code, ERR_NOTFOUND);
	assert_int_equal(journals_verify(j).n, 0);
	journal_close(j);
}

static void making_it_twice_is_refused_and_changes_nothing(void **state)
{
	struct journal *j = journals_new(dir);
	struct error err = ERROR_INIT;
	char origin[ID_HEX_SIZE];

	(void)state;
	memcpy(origin, journal_origin(j), sizeof(origin));
	journal_close(j);
	assert_int_equal(journal_create(dir, &err), ERR_REFUSED);
	j = journals_open(dir);
	assert_string_equal(journal_origin(j), origin);
	journal_close(j);
}

static void parents_are_made(void **state)
{
	struct error err = ERROR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(journal_create(scratch_path(dir, "a/b/c"), &err), 0);
	assert_int_equal(stat(scratch_path(dir, "a/b/c"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void an_append_is_one_line_behind_the_other(void **state)
{
	struct journal *j = journals_new(dir);
	struct error err = ERROR_INIT;
	struct record first, second;
	struct head head, last;
	struct buf text;
	char *nl;

	(void)state;
	journals_add(j, "{\"n\":1}");
	last = journals_add(j, "{\"n\":2}");
	text = scratch_read(journals_segment(j));
	nl = strchr(text.data, '\n');
	assert_null(record_parse(&first, text.data, (size_t)(nl - text.data) + 1));
	assert_null(record_parse(&second, nl + 1, text.len - (size_t)(nl + 1 - text.data)));
	assert_true(first.seq == 1 && second.seq == 2);
	assert_true(second.hlc > first.hlc);
	assert_memory_equal(second.body, "{\"n\":2}", 7);
	assert_string_equal(last.hash, second.hash);
	assert_int_equal(journal_head(j, &head, &err), 0);
	assert_true(head.seq == 2);
	assert_string_equal(head.hash, last.hash);
	assert_string_equal(head.origin, last.origin);
	buf_release(&text);
	journal_close(j);
}

static void a_batch_is_numbered_in_order(void **state)
{
	const struct journal_entry entries[] = { { "{\"n\":1}", 7 }, { "{\"n\":2}", 7 },
		{ "{\"n\":3}", 7 } };
	struct journal *j = journals_new(dir);
	struct error err = ERROR_INIT;
	struct head head;

	(void)state;
	assert_int_equal(journal_append(j, entries, 3, 0, &head, &err), 0);
	assert_true(head.seq == 3);
	assert_true(journals_read(j, 0).records == 3);
	assert_string_equal(journals_read(j, 1).last_body, "{\"n\":3}");
	assert_int_equal(journal_append(j, NULL, 0, 0, &head, &err), 0);
	assert_true(head.seq == 3);
	journal_close(j);
}

static void what_is_no_event_is_refused_before_anything_is_written(void **state)
{
	static const struct {
		const char *body;
		size_t len;
	} bad[] = { { "", 0 }, { "null", 4 }, { "[1]", 3 }, { "{", 1 }, { "{\"a\":\"\n\"}", 9 },
		{ "{\"a\":\"\0\"}", 9 }, { "{\"a\":\"\xff\"}", 9 },
		{ "{\"a\":\"\xed\xa0\x80\"}", 11 } };
	struct journal *j = journals_new(dir);
	struct error err = ERROR_INIT;
	char *large = malloc(EVENT_MAX_BODY + 1);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(append(j, bad[i].body, bad[i].len, &err), ERR_USAGE);
	assert_non_null(large);
	memset(large, ' ', EVENT_MAX_BODY + 1);
	large[0] = '{';
	large[EVENT_MAX_BODY] = '}';
	assert_int_equal(append(j, large, EVENT_MAX_BODY + 1, &err), ERR_USAGE);
	assert_null(journals_segment(j));
	large[EVENT_MAX_BODY - 1] = '}';
	assert_int_equal(append(j, large, EVENT_MAX_BODY, &err), 0);
	assert_true(journals_read(j, 0).records == 1);
	free(large);
	journal_close(j);
}

static void too_many_for_one_append_is_refused(void **state)
{
	size_t n = JOURNAL_APPEND_MAX / RECORD_ENVELOPE_MAX + 1;
	struct journal_entry *entries = calloc(n, sizeof(*entries));
	struct journal *j = journals_new(dir);
	struct error err = ERROR_INIT;

	(void)state;
	assert_non_null(entries);
	for (size_t i = 0; i < n; i++)
		entries[i] = (struct journal_entry){ "{}", 2 };
	assert_int_equal(journal_append(j, entries, n, 0, NULL, &err), ERR_USAGE);
	assert_null(journals_segment(j));
	free(entries);
	journal_close(j);
}

static void the_lock_has_a_deadline(void **state)
{
	struct journal *j = journals_new(dir);
	struct error err = ERROR_INIT;
	struct journal_entry entry = { "{}", 2 };
	int fd;

	(void)state;
	assert_int_equal(fs_lock(scratch_path(dir, "lock"), 0, &fd, &err), 0);
	assert_int_equal(journal_append(j, &entry, 1, 0, NULL, &err), ERR_BUSY);
	assert_int_equal(journal_append(j, &entry, 1, 20, NULL, &err), ERR_BUSY);
	close(fd);
	assert_int_equal(journal_append(j, &entry, 1, 0, NULL, &err), 0);
	journal_close(j);
}

static void a_clock_that_goes_back_or_stands_still_does_not_matter(void **state)
{
	static const char *const times[] = { "2026-11-23T04:31:07.123Z", "2026-11-23T04:31:07.123Z",
		"2026-11-22T04:31:07.123Z", "1970-01-01T00:00:00.000Z", "-5",
		"2027-11-23T04:31:07.123Z", "2026-11-23T04:31:07.123Z" };
	struct journal *j = journals_new(dir);
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	const struct record *rec;
	uint64_t start = (uint64_t)1795408267123 << 16, year = (uint64_t)1826944267123 << 16;
	const uint64_t expected[] = { start, start + 1, start + 2, start + 3, start + 4, year,
		year + 1 };

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		setenv("MINSKY_NOW", times[i], 1);
		journals_fill(j, 0, 1);
	}
	assert_int_equal(journal_reader_open(&r, j, NULL, 0, NULL, &err), 0);
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(journal_reader_next(r, &rec, &err), 0);
		assert_true(rec->hlc == expected[i]);
	}
	journal_reader_close(r);
	journal_close(j);
}

static void a_full_counter_moves_the_milliseconds(void **state)
{
	enum { N = 65537 };
	struct journal_entry *entries = calloc(N, sizeof(*entries));
	struct journal *j = journals_new(dir);
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	const struct record *rec = NULL;

	(void)state;
	assert_non_null(entries);
	for (size_t i = 0; i < N; i++)
		entries[i] = (struct journal_entry){ "{}", 2 };
	setenv("MINSKY_NOW", "1000", 1);
	for (size_t i = 0; i < N;) {
		size_t n = N - i < 20000 ? N - i : 20000;

		assert_int_equal(journal_append(j, entries + i, n, 0, NULL, &err), 0);
		i += n;
	}
	assert_int_equal(journal_reader_open(&r, j, NULL, N - 1, NULL, &err), 0);
	assert_int_equal(journal_reader_next(r, &rec, &err), 0);
	assert_true(rec->hlc == (uint64_t)1001 << 16);
	journal_reader_close(r);
	free(entries);
	journal_close(j);
}

static void segments_roll_before_their_limit_and_the_chain_runs_across(void **state)
{
	struct journal *j;
	struct stat st;

	(void)state;
	setenv("MINSKY_SEGMENT_SIZE", "900", 1);
	j = journals_new(dir);
	journals_fill(j, 1, 3);
	assert_int_equal(journals_count_segments(j), 1);
	assert_int_equal(stat(journals_segment(j), &st), 0);
	assert_true(st.st_size <= 900);
	journals_fill(j, 4, 1);
	assert_int_equal(journals_count_segments(j), 2);
	assert_non_null(strstr(journals_segment(j), ".00000000000000000004.log"));
	journals_fill(j, 5, 20);
	assert_int_equal(journals_count_segments(j), 8);
	for (uint64_t after = 0; after <= 24; after++) {
		struct journals_read got = journals_read(j, after);

		assert_int_equal(got.code, 0);
		assert_true(got.records == 24 - after);
	}
	assert_int_equal(journals_read(j, 25).code, ERR_NOTFOUND);
	assert_int_equal(journals_verify(j).n, 0);
	assert_true(journals_verify(j).result.records == 24);
	assert_true(journals_verify(j).result.segments == 8);
	journal_close(j);
}

static void a_segment_that_has_ended_is_read_only(void **state)
{
	struct journal *j;
	char first[768];
	struct stat st;

	(void)state;
	setenv("MINSKY_SEGMENT_SIZE", "900", 1);
	j = journals_new(dir);
	journals_fill(j, 1, 1);
	(void)snprintf(first, sizeof(first), "%s", journals_segment(j));
	assert_int_equal(stat(first, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	journals_fill(j, 2, 6);
	assert_int_equal(stat(first, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0400);
	assert_int_equal(stat(journals_segment(j), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	journal_close(j);
}

static void a_batch_larger_than_a_segment_has_one_to_itself(void **state)
{
	const struct journal_entry entries[] = { { "{}", 2 }, { "{}", 2 }, { "{}", 2 } };
	struct error err = ERROR_INIT;
	struct journal *j;

	(void)state;
	setenv("MINSKY_SEGMENT_SIZE", "300", 1);
	j = journals_new(dir);
	journals_fill(j, 1, 1);
	assert_int_equal(journal_append(j, entries, 3, 0, NULL, &err), 0);
	assert_int_equal(journals_count_segments(j), 2);
	assert_true(journals_read(j, 0).records == 4);
	journal_close(j);
}

static void nothing_to_trust_is_refused(void **state)
{
	struct error err = ERROR_INIT;
	struct journal *j = NULL;
	const char *link = scratch_path(dir, "link"), *real = scratch_path(dir, "real");

	(void)state;
	assert_int_equal(journal_open(&j, real, &err), ERR_NOTFOUND);
	assert_int_equal(mkdir(real, 0700), 0);
	assert_int_equal(journal_open(&j, real, &err), ERR_NOTFOUND);
	assert_int_equal(journal_create(real, &err), 0);
	assert_int_equal(symlink(real, link), 0);
	assert_int_equal(journal_open(&j, link, &err), ERR_REFUSED);
	assert_int_equal(chmod(real, 0770), 0);
	assert_int_equal(journal_open(&j, real, &err), ERR_REFUSED);
	assert_int_equal(chmod(real, 0700), 0);
	assert_int_equal(chmod(scratch_path(real, "origin"), 0666), 0);
	assert_int_equal(journal_open(&j, real, &err), ERR_REFUSED);
	assert_int_equal(chmod(scratch_path(real, "origin"), 0600), 0);
	assert_int_equal(journal_open(&j, real, &err), 0);
	journal_close(j);
}

static void a_segment_that_is_a_link_or_open_to_others_is_refused(void **state)
{
	struct journal *j = journals_new(dir);
	struct error err = ERROR_INIT;
	struct head head;
	char segment[768];

	(void)state;
	journals_fill(j, 1, 2);
	(void)snprintf(segment, sizeof(segment), "%s", journals_segment(j));
	assert_int_equal(chmod(segment, 0620), 0);
	assert_int_equal(append(j, "{}", 2, &err), ERR_REFUSED);
	assert_int_equal(journal_head(j, &head, &err), ERR_REFUSED);
	assert_int_equal(journals_read(j, 0).code, ERR_REFUSED);
	assert_int_equal(chmod(segment, 0600), 0);
	assert_int_equal(rename(segment, scratch_path(dir, "moved")), 0);
	assert_int_equal(symlink("moved", segment), 0);
	assert_int_equal(append(j, "{}", 2, &err), ERR_REFUSED);
	assert_int_equal(journals_read(j, 0).code, ERR_REFUSED);
	journal_close(j);
}

static void an_origin_that_cannot_be_read_is_named(void **state)
{
	const char *path = scratch_path(dir, "origin");
	struct journal *j = journals_new(dir);
	struct error err = ERROR_INIT;
	char text[128];

	(void)state;
	(void)snprintf(text, sizeof(text), "minsky-origin 1\nfence 7\norigin %s\nmore\n",
		journal_origin(j));
	journal_close(j);
	scratch_write(path, text, strlen(text));
	j = journals_open(dir);
	assert_memory_equal(journal_origin(j), text + 31, 32);
	journal_close(j);
	j = NULL;
	scratch_write(path, "minsky-origin 1\norigin xyz\n", 27);
	assert_int_equal(journal_open(&j, dir, &err), ERR_CORRUPT);
	assert_non_null(strstr(err.msg, path));
	scratch_write(path, "minsky-origin 2\norigin xyz\n", 27);
	assert_int_equal(journal_open(&j, dir, &err), ERR_UNSUPPORTED);
	scratch_write(path, "", 0);
	assert_int_equal(journal_open(&j, dir, &err), ERR_CORRUPT);
}

static void a_lost_or_spoilt_head_file_costs_nothing(void **state)
{
	static const char *const heads[] = { "", "rubbish\n", "minsky-head 1\n" };
	struct journal *j = journals_new(dir);
	struct error err = ERROR_INIT;
	struct head head;

	(void)state;
	journals_fill(j, 1, 5);
	assert_int_equal(unlink(scratch_path(dir, "head")), 0);
	assert_int_equal(journal_head(j, &head, &err), 0);
	assert_true(head.seq == 5);
	for (unsigned i = 0; i < 3; i++) {
		scratch_write(scratch_path(dir, "head"), heads[i], strlen(heads[i]));
		assert_true(journals_fill(j, 6, 1).seq == 6 + i);
	}
	assert_int_equal(journals_verify(j).n, 0);
	journal_close(j);
}

static void a_head_that_is_behind_is_caught_up_with(void **state)
{
	struct journal *j = journals_new(dir);
	struct error err = ERROR_INIT;
	struct head head;
	struct buf old;

	(void)state;
	journals_fill(j, 1, 2);
	old = scratch_read(scratch_path(dir, "head"));
	journals_fill(j, 3, 3);
	scratch_write(scratch_path(dir, "head"), old.data, old.len);
	assert_int_equal(journal_head(j, &head, &err), 0);
	assert_true(head.seq == 5);
	assert_true(journals_fill(j, 6, 1).seq == 6);
	assert_int_equal(journals_verify(j).n, 0);
	buf_release(&old);
	journal_close(j);
}

static void peers_are_read_like_our_own(void **state)
{
	char other_dir[SCRATCH_SIZE], name[128];
	struct journal *j = journals_new(dir), *other;
	struct journal_reader *r = NULL;
	struct heads heads = HEADS_INIT;
	struct error err = ERROR_INIT;
	const struct record *rec = NULL;
	struct head theirs, ours;
	struct buf text;

	(void)state;
	scratch_make(other_dir);
	other = journals_new(other_dir);
	theirs = journals_fill(other, 1, 3);
	ours = journals_fill(j, 1, 2);
	text = scratch_read(journals_segment(other));
	(void)snprintf(
		name, sizeof(name), "peers/%s.00000000000000000001.log", journal_origin(other));
	scratch_write(scratch_path(dir, name), text.data, text.len);
	assert_int_equal(journal_heads(j, &heads, &err), 0);
	assert_int_equal(heads.n, 2);
	assert_string_equal(heads_find(&heads, theirs.origin)->hash, theirs.hash);
	assert_string_equal(heads_find(&heads, ours.origin)->hash, ours.hash);
	assert_int_equal(journal_reader_open(&r, j, theirs.origin, 2, NULL, &err), 0);
	assert_int_equal(journal_reader_next(r, &rec, &err), 0);
	assert_true(rec->seq == 3);
	assert_non_null(strstr(journal_reader_file(r), name));
	assert_int_equal(journal_reader_next(r, &rec, &err), 0);
	assert_null(rec);
	assert_true(journals_verify(j).result.origins == 2);
	assert_int_equal(journals_verify(j).n, 0);
	journal_reader_close(r);
	heads_release(&heads);
	buf_release(&text);
	journal_close(other);
	journal_close(j);
	scratch_remove(other_dir);
}

enum { WRITERS = 8, EACH = 40 };

/* Each child appends its own numbers, some of them in pairs. */
static void start_writers(pid_t pids[WRITERS])
{
	for (unsigned w = 0; w < WRITERS; w++) {
		struct error err = ERROR_INIT;
		struct journal *j;

		pids[w] = child_fork();
		if (pids[w])
			continue;
		if (journal_open(&j, dir, &err) < 0)
			_exit(1);
		for (unsigned i = 0; i < EACH; i += 2) {
			struct journal_entry e[2];
			char body[2][32];
			int r;

			for (unsigned k = 0; k < 2; k++) {
				e[k].body = body[k];
				e[k].len = (size_t)snprintf(
					body[k], 32, "{\"w\":%u,\"i\":%u}", w, i + k);
			}
			r = journal_append(j, e, i % 4 ? 2 : 1, -1, NULL, &err);
			if (r == 0 && i % 4 == 0)
				r = journal_append(j, e + 1, 1, -1, NULL, &err);
			if (r < 0)
				_exit(1);
		}
		_exit(0);
	}
}

static void await_writers(const pid_t pids[WRITERS])
{
	for (unsigned w = 0; w < WRITERS; w++) {
		int status;

		assert_int_equal(waitpid(pids[w], &status, 0), pids[w]);
		assert_int_equal(status, 0);
	}
}

static void writers_at_once_leave_no_hole_and_lose_nothing(void **state)
{
	struct journal *j;
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	const struct record *rec = NULL;
	unsigned next[WRITERS] = { 0 };
	pid_t pids[WRITERS];
	uint64_t hlc = 0;

	(void)state;
	setenv("MINSKY_SEGMENT_SIZE", "20000", 1);
	j = journals_new(dir);
	start_writers(pids);
	await_writers(pids);
	assert_int_equal(journal_reader_open(&r, j, NULL, 0, NULL, &err), 0);
	for (uint64_t seq = 1; seq <= (uint64_t)WRITERS * EACH; seq++) {
		unsigned w, i;

		assert_int_equal(journal_reader_next(r, &rec, &err), 0);
		assert_non_null(rec);
		assert_true(rec->seq == seq && rec->hlc > hlc);
		hlc = rec->hlc;
		assert_int_equal(sscanf(rec->body, "{\"w\":%u,\"i\":%u}", &w, &i), 2);
		assert_true(w < WRITERS && i == next[w]);
		next[w]++;
	}
	assert_int_equal(journal_reader_next(r, &rec, &err), 0);
	assert_null(rec);
	journal_reader_close(r);
	assert_int_equal(journals_verify(j).n, 0);
	journal_close(j);
}

/* Without the lock: never half a record, never an alarm, and nothing left out. */
static void readers_beside_writers_see_whole_records_only(void **state)
{
	uint64_t seq = 0;
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	struct journal *j;
	pid_t pids[WRITERS];

	(void)state;
	setenv("MINSKY_SEGMENT_SIZE", "5000", 1);
	j = journals_new(dir);
	assert_int_equal(journal_reader_open(&r, j, NULL, 0, NULL, &err), 0);
	start_writers(pids);
	while (seq < WRITERS * EACH) {
		const struct record *rec = NULL;
		struct head head;

		if (journal_reader_next(r, &rec, &err) < 0)
			fail_msg("%s", err.msg);
		if (rec) {
			assert_true(rec->seq == ++seq);
			continue;
		}
		if (journal_head(j, &head, &err) < 0)
			fail_msg("%s", err.msg);
		assert_true(head.seq >= seq);
		assert_int_equal(journals_verify(j).result.damaged, 0);
	}
	await_writers(pids);
	assert_true(seq == WRITERS * EACH);
	journal_reader_close(r);
	journal_close(j);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_new_journal_is_empty),
		test(making_it_twice_is_refused_and_changes_nothing),
		test(parents_are_made),
		test(an_append_is_one_line_behind_the_other),
		test(a_batch_is_numbered_in_order),
		test(what_is_no_event_is_refused_before_anything_is_written),
		test(too_many_for_one_append_is_refused),
		test(the_lock_has_a_deadline),
		test(a_clock_that_goes_back_or_stands_still_does_not_matter),
		test(a_full_counter_moves_the_milliseconds),
		test(segments_roll_before_their_limit_and_the_chain_runs_across),
		test(a_segment_that_has_ended_is_read_only),
		test(a_batch_larger_than_a_segment_has_one_to_itself),
		test(nothing_to_trust_is_refused),
		test(a_segment_that_is_a_link_or_open_to_others_is_refused),
		test(an_origin_that_cannot_be_read_is_named),
		test(a_lost_or_spoilt_head_file_costs_nothing),
		test(a_head_that_is_behind_is_caught_up_with),
		test(peers_are_read_like_our_own),
		test(writers_at_once_leave_no_hole_and_lose_nothing),
		test(readers_beside_writers_see_whole_records_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
