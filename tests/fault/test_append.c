/*
 * Appending while the system fails: what was acknowledged stays, what was not is not there, the
 * chain holds, and the next append works.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fs.h"
#include "lib/child.h"
#include "lib/fault.h"
#include "lib/journals.h"
#include "lib/scratch.h"
#include "log/journal_internal.h"

#define OLD 3 /* records before the append that is disturbed */

static const char new_body[] = "{\"new\":1}";
static const char last_body[] = "{\"new\":2}";

static void append_garbage(struct journal *j, const char *garbage, size_t len)
{
	struct buf text = scratch_read(journals_segment(j));

	buf_add(&text, garbage, len);
	scratch_write(journals_segment(j), text.data, text.len);
	buf_release(&text);
}

static void make_fresh(struct journal *j)
{
	(void)j;
}

static void make_plain(struct journal *j)
{
	journals_fill(j, 1, OLD);
}

static void make_without_head(struct journal *j)
{
	journals_fill(j, 1, OLD);
	assert_int_equal(unlink(scratch_path(journal_dir(j), "head")), 0);
}

static void make_torn(struct journal *j)
{
	journals_fill(j, 1, OLD);
	append_garbage(j, "{\"origin\":\"00", 13);
}

/* Torn, and the directory for what is set aside has to be made. */
static void make_torn_bare(struct journal *j)
{
	make_torn(j);
	assert_int_equal(rmdir(scratch_path(journal_dir(j), "torn")), 0);
}

static void make_damaged(struct journal *j)
{
	struct buf text;

	journals_fill(j, 1, OLD);
	text = scratch_read(journals_segment(j));
	append_garbage(j, text.data, text.len);
	buf_release(&text);
}

static void make_suspect(struct journal *j)
{
	journals_fill(j, 1, OLD);
	append_garbage(j, "left behind", 11);
	scratch_write(scratch_path(journal_dir(j), "suspect"), "", 0);
}

/* The mark that an append leaves which could not take its bytes back. */
static void make_marked(struct journal *j)
{
	struct buf head;
	char *check;
	char digest[HASH_HEX_SIZE];
	struct buf mark = BUF_INIT;

	journals_fill(j, 1, OLD);
	head = scratch_read(scratch_path(journal_dir(j), "head"));
	check = strstr(head.data, "check ");
	buf_adds(&mark, "minsky-suspect");
	buf_add(&mark, head.data + strlen("minsky-head"),
		(size_t)(check - head.data) - strlen("minsky-head"));
	hash_bytes(mark.data, mark.len, digest);
	buf_addf(&mark, "check %s\n", digest);
	scratch_write(scratch_path(journal_dir(j), "suspect"), mark.data, mark.len);
	append_garbage(j, "left behind", 11);
	buf_release(&mark);
	buf_release(&head);
}

/* All but the last of the old records; that one is for warm_up(). */
static void make_cold(struct journal *j)
{
	journals_fill(j, 1, OLD - 1);
}

struct scenario {
	const char *name;
	void (*make)(struct journal *j);
	const char *segment_size;
	unsigned old; /* records that readers reach */
	bool damaged;
	bool warm; /* the append that is disturbed goes on with what the one before has kept */
};

static const struct scenario scenarios[] = {
	{ "fresh", make_fresh, NULL, 0, false, false },
	{ "plain", make_plain, NULL, OLD, false, false },
	{ "roll", make_plain, "900", OLD, false, false },
	{ "without head", make_without_head, NULL, OLD, false, false },
	{ "torn", make_torn, NULL, OLD, false, false },
	{ "torn, no torn/", make_torn_bare, NULL, OLD, false, false },
	{ "damaged", make_damaged, NULL, OLD, true, false },
	{ "unreadable mark", make_suspect, NULL, OLD, false, false },
	{ "mark", make_marked, NULL, OLD, false, false },
	{ "kept", make_cold, NULL, OLD, false, true },
	{ "kept, roll", make_cold, "1400", OLD, false, true },
};

#define N_SCENARIOS (sizeof(scenarios) / sizeof(*scenarios))

static struct journal *begin(const struct scenario *s, char dir[SCRATCH_SIZE])
{
	struct journal *j;

	scratch_make(dir);
	if (s->segment_size)
		setenv("MINSKY_SEGMENT_SIZE", s->segment_size, 1);
	j = journals_new(dir);
	s->make(j);
	return j;
}

/* In the process that appends next: files are not kept across a fork. */
static void warm_up(const struct scenario *s, struct journal *j)
{
	const struct timespec long_ago[2] = { { .tv_sec = 1000000000, .tv_nsec = 1 },
		{ .tv_sec = 1000000000, .tv_nsec = 1 } };

	if (!s->warm)
		return;
	assert_int_equal(utimensat(AT_FDCWD, journal_dir(j), long_ago, 0), 0);
	journals_fill(j, OLD, 1);
	assert_true(j->kept.here);
}

static int append_both(struct journal *j, struct error *err)
{
	const struct journal_entry entries[] = { { new_body, sizeof(new_body) - 1 },
		{ last_body, sizeof(last_body) - 1 } };

	return journal_append(j, entries, 2, 1000, NULL, err);
}

/* How often a text stands in all segments together. */
static unsigned occurrences(struct journal *j, const char *body)
{
	unsigned n = 0;

	for (unsigned seq = 1; seq < 64; seq++) {
		char name[96];
		struct buf text;

		(void)snprintf(name, sizeof(name), "%s.%020u.log", journal_origin(j), seq);
		if (!fs_exists(scratch_path(journal_dir(j), name)))
			continue;
		text = scratch_read(scratch_path(journal_dir(j), name));
		for (const char *p = text.data; (p = strstr(p, body)); p++)
			n++;
		buf_release(&text);
	}
	return n;
}

static void check_old(const struct scenario *s, struct journal *j)
{
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	char body[32];

	assert_int_equal(journal_reader_open(&r, j, NULL, 0, NULL, &err), 0);
	for (unsigned i = 1; i <= s->old; i++) {
		const struct record *rec = NULL;

		(void)snprintf(body, sizeof(body), "{\"n\":%u}", i);
		assert_int_equal(journal_reader_next(r, &rec, &err), 0);
		assert_non_null(rec);
		assert_true(rec->seq == i);
		assert_int_equal(rec->body_len, strlen(body));
		assert_memory_equal(rec->body, body, rec->body_len);
	}
	journal_reader_close(r);
}

enum outcome { STORED, NOT_STORED, EITHER };

/* Everything that must hold when the system is sound again. */
static void check_after(const struct scenario *s, const char *dir, enum outcome outcome)
{
	struct journal *j = journals_open(dir);
	struct journals_verdict verdict;
	struct journals_read got;
	unsigned first, last;
	struct head head;

	check_old(s, j);
	head = journals_add(j, "{\"after\":1}");
	check_old(s, j);
	first = occurrences(j, new_body);
	last = occurrences(j, last_body);
	if (outcome == STORED) {
		assert_int_equal(first, 1);
		assert_int_equal(last, 1);
	} else if (outcome == NOT_STORED) {
		assert_int_equal(first, 0);
		assert_int_equal(last, 0);
	} else {
		assert_true(last <= first && first <= 1);
	}
	assert_int_equal(occurrences(j, "{\"after\":1}"), 1);
	verdict = journals_verify(j);
	assert_int_equal(verdict.result.torn, 0);
	if (s->damaged) {
		assert_true(verdict.result.damaged >= 1);
	} else {
		assert_int_equal(verdict.n, 0);
		got = journals_read(j, 0);
		assert_int_equal(got.code, 0);
		assert_true(got.last_seq == head.seq && got.records == head.seq);
	}
	assert_false(fs_exists(scratch_path(dir, "suspect")));
	journal_close(j);
}

/* Each call in turn, until a run passes untouched. */
static void fail_each_call(enum fault_kind kind, const struct scenario *s, bool undone)
{
	for (unsigned n = 1;; n++) {
		struct error err = ERROR_INIT;
		char dir[SCRATCH_SIZE];
		struct journal *j = begin(s, dir);
		int r;

		warm_up(s, j);
		fault_arm(kind, n);
		r = append_both(j, &err);
		fault_disarm();
		journal_close(j);
		if (r < 0)
			assert_true(err.msg[0] != '\0');
		if (!fault_fired() || kind == FAULT_SHORT || kind == FAULT_ONE_BYTE)
			assert_int_equal(r, 0);
		check_after(s, dir, r == 0 ? STORED : undone ? NOT_STORED : EITHER);
		unsetenv("MINSKY_SEGMENT_SIZE");
		scratch_remove(dir);
		if (!fault_fired()) {
			assert_true(n > (s->warm ? 4 : 10));
			return;
		}
	}
}

static void a_single_failure_stores_all_or_nothing(void **state)
{
	static const enum fault_kind kinds[] = { FAULT_EIO, FAULT_ENOSPC, FAULT_EDQUOT,
		FAULT_EINTR };

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++)
		for (size_t i = 0; i < N_SCENARIOS; i++)
			fail_each_call(kinds[k], &scenarios[i], true);
}

static void a_short_transfer_is_not_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SCENARIOS; i++) {
		fail_each_call(FAULT_SHORT, &scenarios[i], true);
		fail_each_call(FAULT_ONE_BYTE, &scenarios[i], true);
	}
}

/* How an append ends whose n-th call transfers so many bytes; *size_out is what it should have. */
static bool transfer(
	enum fault_kind kind, const struct scenario *s, unsigned n, size_t length, size_t *size_out)
{
	struct error err = ERROR_INIT;
	char dir[SCRATCH_SIZE];
	struct journal *j = begin(s, dir);
	bool fired;
	int r;

	warm_up(s, j);
	fault_length(length);
	fault_arm(kind, n);
	r = append_both(j, &err);
	fault_disarm();
	fired = fault_fired();
	*size_out = fault_size();
	if (kind == FAULT_LENGTH)
		assert_int_equal(r, 0);
	journal_close(j);
	check_after(s, dir, r == 0 ? STORED : kind == FAULT_LENGTH_EIO ? EITHER : NOT_STORED);
	unsetenv("MINSKY_SEGMENT_SIZE");
	scratch_remove(dir);
	return fired;
}

static void killed_in_transfer(const struct scenario *s, unsigned n, size_t length)
{
	struct error err = ERROR_INIT;
	char dir[SCRATCH_SIZE];
	struct journal *j = begin(s, dir);
	pid_t pid = child_fork();
	int status;

	if (!pid) {
		warm_up(s, j);
		fault_length(length);
		fault_arm(FAULT_LENGTH_KILL, n);
		_exit(append_both(j, &err) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), FAULT_KILLED);
	journal_close(j);
	check_after(s, dir, EITHER);
	unsetenv("MINSKY_SEGMENT_SIZE");
	scratch_remove(dir);
}

/*
 * Each transfer of an append comes short by every length, and goes on, fails or ends there. In the
 * short version every length of the write of records, if `all`, and every eleventh of the others.
 */
static void transfers_of_every_length(const struct scenario *s, bool all)
{
	size_t step = getenv("MINSKY_TEST_LONG") ? 1 : 11, lengths = 0;

	for (unsigned n = 1;; n++) {
		size_t size = 2, next = step;

		/* There is nothing behind that in these journals. */
		for (size_t length = 1; length < size && length < 1000; length += next) {
			if (!transfer(FAULT_LENGTH, s, n, length, &size) || size < 2)
				break;
			lengths++;
			next = all && strcmp(fault_name(), "write") == 0 ? 1 : step;
			if (!strstr(fault_name(), "write"))
				continue;
			transfer(FAULT_LENGTH_EIO, s, n, length, &size);
			transfer(FAULT_LENGTH_FULL, s, n, length, &size);
			killed_in_transfer(s, n, length);
		}
		transfer(FAULT_LENGTH, s, n, 1, &size);
		if (!fault_fired())
			break;
	}
	assert_true(lengths > (all ? 550 : 60));
}

static void transfers_of_every_length_cost_nothing(void **state)
{
	(void)state;
	transfers_of_every_length(&scenarios[1], true);
	transfers_of_every_length(&scenarios[2], false);
	transfers_of_every_length(&scenarios[4], false);
	transfers_of_every_length(&scenarios[N_SCENARIOS - 2], true);
}

static void a_disk_that_dies_loses_nothing_that_was_acknowledged(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SCENARIOS; i++)
		fail_each_call(FAULT_DYING, &scenarios[i], false);
}

static void a_disk_that_fills_up_stores_all_or_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SCENARIOS; i++)
		fail_each_call(FAULT_FULL, &scenarios[i], true);
}

static void a_process_that_ends_at_any_call_costs_nothing(void **state)
{
	static const enum fault_kind kinds[] = { FAULT_KILL_BEFORE, FAULT_KILL_HALF,
		FAULT_KILL_AFTER };

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		for (size_t i = 0; i < N_SCENARIOS; i++) {
			int status = 1;

			for (unsigned n = 1; status; n++) {
				char dir[SCRATCH_SIZE];
				struct journal *j = begin(&scenarios[i], dir);
				struct error err = ERROR_INIT;
				pid_t pid = child_fork();

				if (!pid) {
					warm_up(&scenarios[i], j);
					fault_arm(kinds[k], n);
					_exit(append_both(j, &err) == 0 ? 0 : 1);
				}
				assert_int_equal(waitpid(pid, &status, 0), pid);
				assert_true(WIFEXITED(status));
				status = WEXITSTATUS(status);
				assert_true(status == 0 || status == FAULT_KILLED);
				journal_close(j);
				check_after(&scenarios[i], dir, status ? EITHER : STORED);
				unsetenv("MINSKY_SEGMENT_SIZE");
				scratch_remove(dir);
			}
		}
	}
}

/* The failed sync must not be asked again: the bytes go, and only that is synced. */
static void a_failed_sync_takes_the_bytes_back(void **state)
{
	bool seen = false;

	(void)state;
	for (unsigned n = 1; !seen; n++) {
		const struct scenario *s = &scenarios[1];
		struct error err = ERROR_INIT;
		char dir[SCRATCH_SIZE];
		struct journal *j = begin(s, dir);
		struct buf before = scratch_read(journals_segment(j)), after;
		int r;

		fault_arm(FAULT_EIO, n);
		r = append_both(j, &err);
		fault_disarm();
		assert_true(fault_fired());
		if (strcmp(fault_name(), "fdatasync") == 0) {
			seen = true;
			assert_int_equal(r, ERR_IO);
			after = scratch_read(journals_segment(j));
			assert_int_equal(after.len, before.len);
			assert_memory_equal(after.data, before.data, before.len);
			buf_release(&after);
		}
		buf_release(&before);
		journal_close(j);
		scratch_remove(dir);
	}
}

#define FOREIGN "written by somebody who knows no lock\n"
static char foreign_path[4096];

static void write_foreign(void)
{
	int fd = open(foreign_path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, FOREIGN, sizeof(FOREIGN) - 1), sizeof(FOREIGN) - 1);
	close(fd);
}

static bool holds_foreign(const char *path)
{
	struct buf text = scratch_read(path);
	bool holds = strstr(text.data, FOREIGN) != NULL;

	buf_release(&text);
	return holds;
}

/* In the segment, or in a copy of what was cut. */
static bool foreign_is_there(struct journal *j)
{
	bool there = holds_foreign(journals_segment(j));
	DIR *torn = opendir(scratch_path(journal_dir(j), "torn"));
	const struct dirent *entry;

	while (!there && torn && (entry = readdir(torn))) {
		char name[300];

		(void)snprintf(name, sizeof(name), "torn/%s", entry->d_name);
		there = entry->d_name[0] != '.' &&
			holds_foreign(scratch_path(journal_dir(j), name));
	}
	if (torn)
		closedir(torn);
	return there;
}

/* Whenever it comes: what a stranger has written is never cut without a copy, nor taken for ours.
 */
static void what_a_stranger_writes_on_the_way_is_kept(void **state)
{
	const struct scenario *s = &scenarios[1];
	bool noticed = false, fired = true;

	(void)state;
	fault_then(write_foreign);
	for (unsigned n = 1; fired; n++) {
		struct error err = ERROR_INIT;
		char dir[SCRATCH_SIZE];
		struct journal *j = begin(s, dir);
		int r;

		(void)snprintf(foreign_path, sizeof(foreign_path), "%s", journals_segment(j));
		fault_arm(FAULT_THEN, n);
		r = append_both(j, &err);
		fault_disarm();
		fired = fault_fired();
		if (r < 0) {
			noticed = true;
			assert_non_null(strstr(err.msg, "changed while it was locked"));
		}
		check_after(s, dir, r == 0 ? STORED : NOT_STORED);
		assert_int_equal(foreign_is_there(j), fired);
		journal_close(j);
		scratch_remove(dir);
	}
	assert_true(noticed);
}

/* Appends until it is killed; tells of each acknowledged number through the pipe. */
static void append_until_killed(const char *dir, unsigned round, int out)
{
	struct error err = ERROR_INIT;
	struct journal *j = NULL;
	char *body = malloc(6000);

	if (!body || journal_open(&j, dir, &err) < 0)
		_exit(1);
	for (unsigned i = 0;; i++) {
		int len = snprintf(body, 64, "{\"round\":%u,\"i\":%u,\"pad\":\"", round, i);
		unsigned pad = i % 7 * 800;
		struct journal_entry entry = { body, (size_t)len + pad + 2 };

		memset(body + len, 'x', pad);
		memcpy(body + len + pad, "\"}", 2);
		if (journal_append(j, &entry, 1, -1, NULL, &err) < 0 ||
			write(out, &i, sizeof(i)) != (ssize_t)sizeof(i))
			_exit(1);
	}
}

static void a_hundred_kills_lose_nothing_that_was_acknowledged(void **state)
{
	enum { ROUNDS = 100 };
	unsigned acknowledged[ROUNDS] = { 0 }, found[ROUNDS] = { 0 };
	struct journal_reader *r = NULL;
	struct error err = ERROR_INIT;
	char dir[SCRATCH_SIZE];
	struct journal *j;
	uint64_t seq = 0;

	(void)state;
	scratch_make(dir);
	setenv("MINSKY_SEGMENT_SIZE", "100000", 1);
	j = journals_new(dir);
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned i;
		int tells, status;
		pid_t pid = child_fork_telling(&tells);

		if (!pid)
			append_until_killed(dir, round, tells);
		/* In the middle of its work: behind one of its words, soon or less soon. */
		for (unsigned word = 0; word <= round % 5; word++) {
			assert_int_equal(read(tells, &i, sizeof(i)), sizeof(i));
			acknowledged[round] = i + 1;
		}
		usleep(round * 37 % 1000);
		assert_int_equal(kill(pid, SIGKILL), 0);
		while (read(tells, &i, sizeof(i)) == (ssize_t)sizeof(i))
			acknowledged[round] = i + 1;
		close(tells);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	journals_add(j, "{}");
	assert_int_equal(journals_verify(j).n, 0);
	assert_int_equal(journal_reader_open(&r, j, NULL, 0, NULL, &err), 0);
	for (;;) {
		const struct record *rec = NULL;
		unsigned round, i;

		assert_int_equal(journal_reader_next(r, &rec, &err), 0);
		if (!rec)
			break;
		assert_true(rec->seq == ++seq);
		if (sscanf(rec->body, "{\"round\":%u,\"i\":%u,", &round, &i) != 2)
			continue;
		assert_true(round < ROUNDS && i == found[round]);
		found[round]++;
	}
	/* One that was stored when its process died before it could tell is welcome too. */
	for (unsigned round = 0; round < ROUNDS; round++)
		assert_true(found[round] == acknowledged[round] ||
			found[round] == acknowledged[round] + 1);
	journal_reader_close(r);
	journal_close(j);
	unsetenv("MINSKY_SEGMENT_SIZE");
	scratch_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_single_failure_stores_all_or_nothing),
		cmocka_unit_test(a_short_transfer_is_not_noticed),
		cmocka_unit_test(transfers_of_every_length_cost_nothing),
		cmocka_unit_test(a_disk_that_dies_loses_nothing_that_was_acknowledged),
		cmocka_unit_test(a_disk_that_fills_up_stores_all_or_nothing),
		cmocka_unit_test(a_process_that_ends_at_any_call_costs_nothing),
		cmocka_unit_test(a_failed_sync_takes_the_bytes_back),
		cmocka_unit_test(what_a_stranger_writes_on_the_way_is_kept),
		cmocka_unit_test(a_hundred_kills_lose_nothing_that_was_acknowledged),
	};

	setenv("USER", "ana", 1);
	/* What a mutant has to fail is known (mutants/). */
	cmocka_set_test_filter(getenv("MINSKY_TEST_FILTER"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
