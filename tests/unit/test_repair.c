/* Repair: keeps every valid record, restores what a copy proves, declares what is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fs.h"
#include "lib/child.h"
#include "lib/journals.h"
#include "lib/scratch.h"
#include "log/repair.h"

#define RECORDS 20

static char base[SCRATCH_SIZE], dir[96], backup[96], path[768];
static struct journal *journal;
static struct buf text; /* of its one segment */
static size_t starts[RECORDS + 1];

static int setup(void **state)
{
	size_t n = 1;

	(void)state;
	setenv("USER", "ana", 1);
	scratch_make(base);
	(void)snprintf(dir, sizeof(dir), "%s/journal", base);
	(void)snprintf(backup, sizeof(backup), "%s/backup", base);
	journal = journals_new(dir);
	journals_fill(journal, 1, RECORDS);
	(void)snprintf(path, sizeof(path), "%s", journals_segment(journal));
	text = scratch_read(path);
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] == '\n')
			starts[n++] = i + 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	buf_release(&text);
	journal_close(journal);
	scratch_remove(base);
	return 0;
}

static void copy(const char *from, const char *to)
{
	pid_t pid = child_fork();
	int status;

	if (!pid) {
		execlp("cp", "cp", "-a", from, to, (char *)NULL);
		_exit(127);
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_int_equal(status, 0);
}

static struct repair_result repair_with(bool dry, const char *from, const struct heads *remembered)
{
	struct repair_options options = {
		.dry_run = dry, .from = &from, .n_from = from != NULL, .remembered = remembered
	};
	struct repair_result result = { .origins = 0 };
	struct error err = ERROR_INIT;

	if (journal_repair(journal, &options, &result, NULL, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	return result;
}

/* All that the journal's directory holds, but for `head` and `lock`. */
static struct buf snapshot(void)
{
	struct buf all = BUF_INIT;
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);

	assert_true(n >= 0);
	for (int i = 0; i < n; i++) {
		if (strstr(list[i]->d_name, ".log") || strcmp(list[i]->d_name, "seams") == 0) {
			struct buf one = scratch_read(scratch_path(dir, list[i]->d_name));

			buf_addf(&all, "%s:", list[i]->d_name);
			buf_add(&all, one.data, one.len);
			buf_release(&one);
		}
		free(list[i]);
	}
	free(list);
	return all;
}

static void assert_nothing_left_to_do(void)
{
	struct buf before = snapshot(), after;

	assert_false(repair_with(false, NULL, NULL).changed);
	assert_false(repair_with(true, NULL, NULL).changed);
	after = snapshot();
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.data, after.data, before.len);
	buf_release(&before);
	buf_release(&after);
}

/* It reads from end to end, with so many records, and verify agrees. */
static void assert_whole(uint64_t records)
{
	struct journals_read got = journals_read(journal, 0);
	struct journals_verdict verdict = journals_verify(journal);

	if (got.code < 0)
		fail_msg("%s", got.message);
	assert_true(got.records == records);
	if (verdict.n)
		fail_msg("%s:%u: %s", verdict.v[0].file, (unsigned)verdict.v[0].line,
			verdict.v[0].what);
}

static void nothing_is_done_to_a_journal_that_is_in_order(void **state)
{
	(void)state;
	assert_false(repair_with(false, NULL, NULL).changed);
	assert_whole(RECORDS);
	assert_int_equal(journals_count_segments(journal), 1);
}

static void damage(size_t line)
{
	text.data[starts[line] + 100]++;
	scratch_write(path, text.data, text.len);
}

static void undo(size_t line)
{
	text.data[starts[line] + 100]--;
}

/* Also behind what is lost, where no record stands that could be looked for. */
static void assert_read_from_anywhere(uint64_t lost, uint64_t last)
{
	for (uint64_t after = 0; after <= last; after++) {
		struct journals_read r = journals_read(journal, after);

		assert_int_equal(r.code, 0);
		assert_true(r.records == last - after - (lost > after));
		assert_true(!r.records || r.last_seq == last);
	}
	assert_int_equal(journals_read(journal, last + 1).code, ERR_NOTFOUND);
}

/* Each line in turn: the others are all kept, the hole is declared. */
static void one_bad_line_costs_one_record(void **state)
{
	(void)state;
	for (size_t line = 0; line < RECORDS; line++) {
		struct repair_result result;
		struct error err = ERROR_INIT;
		uint64_t last = line + 1 == RECORDS;

		damage(line);
		assert_int_equal(journals_read(journal, 0).code, ERR_CORRUPT);
		result = repair_with(true, NULL, NULL);
		assert_true(result.lost == 1 && result.set_aside == 1 && result.restored == 0);
		assert_int_equal(journals_read(journal, 0).code, ERR_CORRUPT);
		result = repair_with(false, NULL, NULL);
		assert_true(result.changed && result.lost == 1 && result.set_aside == 1);
		/* The seam and the file that was set aside, and a break where it was the end. */
		assert_whole(RECORDS - 1 + 2 + last);
		assert_read_from_anywhere(line + 1, RECORDS + 2 + last);
		assert_nothing_left_to_do();
		assert_true(journals_add(journal, "{}").seq == RECORDS + 3 + last);

		/* Anew. */
		undo(line);
		journal_close(journal);
		assert_int_equal(fs_remove_tree(dir, &err), 0);
		journal = journals_new(dir);
		journals_fill(journal, 1, RECORDS);
		buf_release(&text);
		(void)snprintf(path, sizeof(path), "%s", journals_segment(journal));
		text = scratch_read(path);
	}
}

static void what_was_set_aside_is_kept_byte_for_byte(void **state)
{
	char kept[160];
	struct buf aside;

	(void)state;
	damage(7);
	repair_with(false, NULL, NULL);
	(void)snprintf(kept, sizeof(kept), "torn/%s.00000000000000000001.log.%zu",
		journal_origin(journal), starts[7]);
	aside = scratch_read(scratch_path(dir, kept));
	assert_int_equal(aside.len, starts[8] - starts[7]);
	assert_memory_equal(aside.data, text.data + starts[7], aside.len);
	buf_release(&aside);
}

static void a_copy_restores_what_the_chain_proves(void **state)
{
	struct repair_result result;

	(void)state;
	copy(dir, backup);
	damage(3);
	damage(4);
	damage(19);
	result = repair_with(false, backup, NULL);
	assert_true(result.restored == 3 && result.lost == 0 && result.set_aside == 2);
	/* All of them, a break behind the damaged end and its seam, two files set aside. */
	assert_whole(RECORDS + 1 + 1 + 2);
	assert_nothing_left_to_do();
}

static void a_copy_that_comes_later_still_restores(void **state)
{
	struct repair_result result;

	(void)state;
	copy(dir, backup);
	damage(5);
	assert_true(repair_with(false, NULL, NULL).lost == 1);
	assert_whole(RECORDS + 1);
	result = repair_with(false, backup, NULL);
	assert_true(result.restored == 1 && result.lost == 0 && result.changed);
	assert_whole(RECORDS + 2);
	assert_nothing_left_to_do();
}

static void a_copy_that_was_forged_restores_nothing(void **state)
{
	struct buf forged = BUF_INIT;
	char other[256];

	(void)state;
	copy(dir, backup);
	buf_add(&forged, text.data, starts[5]);
	record_format(&forged, HASH_ZERO, journal_origin(journal), 6, 1, "{\"forged\":1}", 12);
	buf_adds(&forged, text.data + starts[6]);
	(void)snprintf(other, sizeof(other), "%s/%s.00000000000000000001.log", backup,
		journal_origin(journal));
	scratch_write(other, forged.data, forged.len);
	damage(5);
	assert_true(repair_with(false, backup, NULL).lost == 1);
	assert_whole(RECORDS + 1);
	buf_release(&forged);
}

static void a_missing_segment_is_declared_or_restored(void **state)
{
	char segment[768];

	(void)state;
	setenv("MINSKY_SEGMENT_SIZE", "900", 1);
	journal_close(journal);
	journal = journals_open(dir);
	journals_fill(journal, 21, 12);
	copy(dir, backup);
	(void)snprintf(segment, sizeof(segment), "%s/%s.%020u.log", dir, journal_origin(journal),
		RECORDS + 4);
	assert_int_equal(unlink(segment), 0);
	assert_true(repair_with(true, NULL, NULL).lost == 3);
	assert_true(repair_with(false, backup, NULL).restored == 3);
	unsetenv("MINSKY_SEGMENT_SIZE");
	assert_int_equal(journals_read(journal, 0).code, 0);
	assert_int_equal(journals_verify(journal).n, 0);
	assert_nothing_left_to_do();
}

static void a_record_behind_rubbish_is_kept(void **state)
{
	struct buf changed = BUF_INIT;

	(void)state;
	buf_add(&changed, text.data, starts[8]);
	assert_true(buf_grow(&changed, 100000));
	memset(changed.data + changed.len, 0, 100000);
	changed.len += 100000;
	buf_add(&changed, text.data + starts[8], text.len - starts[8]);
	scratch_write(path, changed.data, changed.len);
	assert_true(repair_with(false, NULL, NULL).lost == 0);
	assert_int_equal(journals_read(journal, 0).code, 0);
	assert_int_equal(journals_verify(journal).n, 0);
	assert_true(journals_read(journal, 0).records > RECORDS);
	buf_release(&changed);
}

static void a_seq_that_was_changed_puts_nobody_else_aside(void **state)
{
	char *at = strstr(text.data + starts[9], "\"seq\":10,");

	(void)state;
	memcpy(at, "\"seq\":19,", 9);
	scratch_write(path, text.data, text.len);
	assert_true(repair_with(false, NULL, NULL).lost == 1);
	assert_whole(RECORDS - 1 + 2);
}

static void doubled_and_swapped_lines_lose_nothing(void **state)
{
	struct buf changed = BUF_INIT;

	(void)state;
	buf_add(&changed, text.data, starts[4]);
	buf_add(&changed, text.data + starts[5], starts[6] - starts[5]);
	buf_add(&changed, text.data + starts[4], starts[5] - starts[4]);
	buf_adds(&changed, text.data + starts[5]);
	scratch_write(path, changed.data, changed.len);
	assert_true(repair_with(false, NULL, NULL).lost == 0);
	assert_true(journals_read(journal, 0).records >= RECORDS);
	assert_int_equal(journals_verify(journal).n, 0);
	buf_release(&changed);
}

static void what_only_a_store_remembers_is_lost_and_its_numbers_stay_free(void **state)
{
	struct heads heads = HEADS_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(
		heads_set(&heads, journal_origin(journal), RECORDS + 5, HASH_ZERO, &err), 0);
	assert_true(repair_with(true, NULL, &heads).lost == 5);
	assert_true(repair_with(false, NULL, &heads).lost == 5);
	assert_true(journals_add(journal, "{}").seq == RECORDS + 8);
	assert_whole(RECORDS + 3);
	assert_nothing_left_to_do();
	heads_release(&heads);
}

/* A hook wrote behind the damage before anybody came to repair it. */
static void a_break_and_what_follows_it_are_reached_again(void **state)
{
	(void)state;
	damage(19);
	assert_true(journals_add(journal, "{\"later\":1}").seq == RECORDS + 2);
	assert_int_equal(journals_read(journal, 0).code, ERR_CORRUPT);
	assert_true(repair_with(false, NULL, NULL).lost == 1);
	assert_whole(RECORDS - 1 + 2 + 2);
	assert_nothing_left_to_do();
}

static void a_seam_that_nobody_declared_is_damage(void **state)
{
	struct journals_verdict verdict;
	struct buf seams;

	(void)state;
	damage(5);
	repair_with(false, NULL, NULL);
	seams = scratch_read(scratch_path(dir, "seams"));
	assert_int_equal(unlink(scratch_path(dir, "seams")), 0);
	assert_int_equal(journals_read(journal, 0).code, ERR_CORRUPT);
	assert_int_equal(journals_verify(journal).result.damaged, 1);
	/* The file is made anew from what the journal says. */
	assert_true(repair_with(false, NULL, NULL).lost == 0);
	assert_whole(RECORDS + 1);
	/* Without its journal.repaired it counts for nothing. */
	assert_int_equal(fs_remove_tree(dir, &(struct error)ERROR_INIT), 0);
	journal_close(journal);
	journal = journals_new(dir);
	scratch_write(path, text.data, starts[5]);
	memcpy(strstr(path, "1.log"), "7.log", 5);
	scratch_write(path, text.data + starts[6], text.len - starts[6]);
	scratch_write(scratch_path(dir, "seams"), seams.data, seams.len);
	verdict = journals_verify(journal);
	assert_int_equal(verdict.n, 1);
	assert_non_null(strstr(verdict.v[0].what, "no journal.repaired says why"));
	buf_release(&seams);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(nothing_is_done_to_a_journal_that_is_in_order),
		test(one_bad_line_costs_one_record),
		test(what_was_set_aside_is_kept_byte_for_byte),
		test(a_copy_restores_what_the_chain_proves),
		test(a_copy_that_comes_later_still_restores),
		test(a_copy_that_was_forged_restores_nothing),
		test(a_missing_segment_is_declared_or_restored),
		test(a_record_behind_rubbish_is_kept),
		test(a_seq_that_was_changed_puts_nobody_else_aside),
		test(doubled_and_swapped_lines_lose_nothing),
		test(what_only_a_store_remembers_is_lost_and_its_numbers_stay_free),
		test(a_break_and_what_follows_it_are_reached_again),
		test(a_seam_that_nobody_declared_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
