/* Appending with what the append before has kept open, whatever others have done in between. */
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
#include "log/journal_internal.h"
#include "log/redact.h"

static char base[SCRATCH_SIZE], dir[96];
static struct journal *j;

/* As if the directory had changed long ago. */
static void refresh(void)
{
	const struct timespec long_ago[2] = { { .tv_sec = 1000000000, .tv_nsec = 1 },
		{ .tv_sec = 1000000000, .tv_nsec = 1 } };

	assert_int_equal(utimensat(AT_FDCWD, dir, long_ago, 0), 0);
}

/* Three records, and files that are kept. */
static int setup(void **state)
{
	(void)state;
	scratch_make(base);
	(void)snprintf(dir, sizeof(dir), "%s/journal", base);
	j = journals_new(dir);
	journals_fill(j, 1, 2);
	assert_false(j->kept.here);
	refresh();
	journals_fill(j, 3, 1);
	assert_true(j->kept.here);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	journal_close(j);
	unsetenv("MINSKY_SEGMENT_SIZE");
	scratch_remove(base);
	return 0;
}

/* All records up to that one are there, and nothing else is. */
static void check_sound(uint64_t last)
{
	struct journal *again = journals_open(dir);
	struct journals_verdict verdict = journals_verify(again);
	struct journals_read got = journals_read(again, 0);

	assert_int_equal(verdict.n, 0);
	assert_int_equal(got.code, 0);
	assert_int_equal(got.records, last);
	assert_int_equal(got.last_seq, last);
	journal_close(again);
}

static void the_next_append_goes_on_with_them(void **state)
{
	int segment = j->kept.segment_fd;

	(void)state;
	assert_int_equal(journals_add(j, "{\"n\":4}").seq, 4);
	assert_true(j->kept.here);
	assert_int_equal(j->kept.segment_fd, segment);
	check_sound(4);
}

static void nothing_is_kept_of_a_directory_that_has_just_changed(void **state)
{
	struct journal *fresh;

	(void)state;
	scratch_write(scratch_path(dir, "something"), "", 0);
	fresh = journals_open(dir);
	journals_fill(fresh, 4, 3);
	assert_false(fresh->kept.here);
	journal_close(fresh);
	check_sound(6);
}

static void the_lock_is_free_in_between(void **state)
{
	struct error err = ERROR_INIT;
	int fd;

	(void)state;
	assert_int_equal(fs_lock(scratch_path(dir, "lock"), 0, &fd, &err), 0);
	/* And taken when it has to be. */
	assert_int_equal(
		journal_append(j, &(struct journal_entry){ "{}", 2 }, 1, 20, NULL, &err), ERR_BUSY);
	close(fd);
	journals_fill(j, 4, 1);
	check_sound(4);
}

static void what_others_append_comes_first(void **state)
{
	struct journal *other = journals_open(dir);

	(void)state;
	for (unsigned n = 4; n < 20; n += 2) {
		assert_int_equal(journals_fill(other, n, 1).seq, n);
		assert_true(j->kept.here);
		assert_int_equal(journals_fill(j, n + 1, 1).seq, n + 1);
	}
	assert_true(other->kept.here);
	journal_close(other);
	check_sound(19);
}

static void another_segment_is_found(void **state)
{
	struct journal *other;

	(void)state;
	setenv("MINSKY_SEGMENT_SIZE", "700", 1);
	other = journals_open(dir);
	assert_int_equal(journals_fill(other, 4, 2).seq, 5);
	journal_close(other);
	assert_int_equal(journals_fill(j, 6, 1).seq, 6);
	assert_false(j->kept.here);
	assert_true(journals_count_segments(j) > 1);
	check_sound(6);
}

/* A writer that is killed when the new segment has its name, and `head` does not say so yet. */
static void a_segment_that_head_does_not_name_is_found(void **state)
{
	struct buf head = scratch_read(scratch_path(dir, "head"));
	struct journal *other;

	(void)state;
	setenv("MINSKY_SEGMENT_SIZE", "700", 1);
	other = journals_open(dir);
	assert_int_equal(journals_fill(other, 4, 1).seq, 4);
	journal_close(other);
	scratch_write(scratch_path(dir, "head"), head.data, head.len);
	buf_release(&head);
	assert_int_equal(journals_fill(j, 5, 1).seq, 5);
	check_sound(5);
}

static void a_full_segment_is_the_last_of_them(void **state)
{
	(void)state;
	j->segment_max = 700;
	assert_int_equal(journals_fill(j, 4, 1).seq, 4);
	assert_false(j->kept.here);
	assert_int_equal(journals_count_segments(j), 2);
	assert_int_equal(journals_fill(j, 5, 2).seq, 6);
	check_sound(6);
}

static void the_record_that_head_does_not_name_stays(void **state)
{
	struct buf head = scratch_read(scratch_path(dir, "head"));
	struct journal *other = journals_open(dir);

	(void)state;
	assert_int_equal(journals_fill(other, 4, 1).seq, 4);
	journal_close(other);
	scratch_write(scratch_path(dir, "head"), head.data, head.len);
	buf_release(&head);
	assert_int_equal(journals_fill(j, 5, 1).seq, 5);
	check_sound(5);
}

static void add_bytes(const char *bytes)
{
	int fd = open(journals_segment(j), O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_int_equal(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
	close(fd);
}

static void a_torn_record_is_set_aside(void **state)
{
	struct journals_read got;

	(void)state;
	add_bytes("{\"origin\":\"00");
	/* journal.repaired stands before it. */
	assert_int_equal(journals_fill(j, 5, 1).seq, 5);
	assert_false(j->kept.here);
	got = journals_read(j, 3);
	assert_int_equal(got.code, 0);
	assert_int_equal(got.records, 2);
	check_sound(5);
}

static void a_head_that_is_no_more_is_no_loss(void **state)
{
	(void)state;
	scratch_write(scratch_path(dir, "head"), "", 0);
	assert_int_equal(journals_fill(j, 4, 1).seq, 4);
	refresh();
	assert_int_equal(unlink(scratch_path(dir, "head")), 0);
	assert_int_equal(journals_fill(j, 5, 1).seq, 5);
	assert_true(fs_exists(scratch_path(dir, "head")));
	check_sound(5);
}

static void a_record_that_head_promises_is_missed(void **state)
{
	struct journals_read got;

	(void)state;
	journals_fill(j, 4, 1);
	assert_true(j->kept.here);
	assert_int_equal(truncate(journals_segment(j), 900), 0);
	/* A journal.break takes the next number. */
	assert_int_equal(journals_fill(j, 6, 1).seq, 6);
	assert_false(j->kept.here);
	got = journals_read(j, 0);
	assert_int_equal(got.code, ERR_CORRUPT);
}

static void a_record_of_others_is_looked_at(void **state)
{
	struct journal *other = journals_open(dir);
	struct buf text;

	(void)state;
	journals_fill(other, 4, 1);
	journal_close(other);
	text = scratch_read(journals_segment(j));
	assert_int_equal(text.data[text.len - 4], '4');
	text.data[text.len - 4] = '5';
	scratch_write(journals_segment(j), text.data, text.len);
	buf_release(&text);
	/* A journal.break takes the number. */
	assert_int_equal(journals_fill(j, 6, 1).seq, 6);
	assert_false(j->kept.here);
}

static void a_replaced_lock_is_not_the_lock(void **state)
{
	struct error err = ERROR_INIT;
	int old, fd;

	(void)state;
	assert_int_equal(fs_lock(scratch_path(dir, "lock"), 0, &old, &err), 0);
	assert_int_equal(unlink(scratch_path(dir, "lock")), 0);
	assert_int_equal(fs_lock(scratch_path(dir, "lock"), 0, &fd, &err), 0);
	close(old);
	assert_int_equal(
		journal_append(j, &(struct journal_entry){ "{}", 2 }, 1, 20, NULL, &err), ERR_BUSY);
	close(fd);
	journals_fill(j, 4, 1);
	check_sound(4);
}

static void the_clock_of_others_is_heard(void **state)
{
	struct error err = ERROR_INIT;
	const uint64_t far = UINT64_C(1) << 61;
	struct journal_reader *r = NULL;
	const struct record *rec = NULL;

	(void)state;
	assert_int_equal(clock_raise(j, far, &err), 0);
	assert_int_equal(journals_fill(j, 4, 1).seq, 4);
	assert_int_equal(journal_reader_open(&r, j, NULL, 3, NULL, &err), 0);
	assert_int_equal(journal_reader_next(r, &rec, &err), 0);
	assert_true(rec->hlc > far);
	journal_reader_close(r);
	refresh();
	journals_fill(j, 5, 1);
	assert_true(j->kept.here);
	assert_true(j->kept.clock == far);
	journals_fill(j, 6, 1);
	check_sound(6);
}

static void a_redacted_segment_is_the_new_one(void **state)
{
	struct journal *other = journals_open(dir);
	struct error err = ERROR_INIT;
	bool changed = false;

	(void)state;
	assert_int_equal(
		journal_redact(other, journal_origin(other), 2, "a secret", &changed, &err), 0);
	assert_true(changed);
	journal_close(other);
	assert_int_equal(journals_fill(j, 5, 1).seq, 5);
	check_sound(5);
}

static void a_child_locks_for_itself(void **state)
{
	struct error err = ERROR_INIT;
	pid_t pid;
	int status;

	(void)state;
	pid = child_fork();
	if (!pid) {
		int inherited = j->kept.lock_fd, held;
		bool sound = fs_lock(scratch_path(dir, "lock"), 0, &held, &err) == 0;

		/* Through the inherited descriptor it could be had a second time. */
		sound = sound &&
			journal_append(j, &(struct journal_entry){ "{}", 2 }, 1, 0, NULL, &err) ==
				ERR_BUSY &&
			fcntl(inherited, F_GETFD) < 0;
		close(held);
		sound = sound && journals_fill(j, 4, 1).seq == 4 && j->kept.pid == getpid();
		_exit(sound ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	journals_fill(j, 5, 1);
	check_sound(5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(the_next_append_goes_on_with_them),
		TEST(nothing_is_kept_of_a_directory_that_has_just_changed),
		TEST(the_lock_is_free_in_between),
		TEST(what_others_append_comes_first),
		TEST(another_segment_is_found),
		TEST(a_segment_that_head_does_not_name_is_found),
		TEST(a_full_segment_is_the_last_of_them),
		TEST(the_record_that_head_does_not_name_stays),
		TEST(a_torn_record_is_set_aside),
		TEST(a_head_that_is_no_more_is_no_loss),
		TEST(a_record_that_head_promises_is_missed),
		TEST(a_record_of_others_is_looked_at),
		TEST(a_replaced_lock_is_not_the_lock),
		TEST(the_clock_of_others_is_heard),
		TEST(a_redacted_segment_is_the_new_one),
		TEST(a_child_locks_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
