/* The journal's lock when its file, or whoever holds it, is not what a writer expects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"
#include "lib/child.h"
#include "lib/journals.h"
#include "lib/scratch.h"

#define WAIT_MS 60000 /* a writer that has to wait for this long hangs */
#define DEADLINE_MS 100

static char dir[SCRATCH_SIZE];
static struct journal *journal;

static int setup(void **state)
{
	(void)state;
	scratch_make(dir);
	journal = journals_new(dir);
	journals_fill(journal, 1, 3);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	journal_close(journal);
	scratch_remove(dir);
	return 0;
}

static int append(int timeout_ms, struct error *err)
{
	const struct journal_entry entry = { "{\"n\":4}", 7 };

	return journal_append(journal, &entry, 1, timeout_ms, NULL, err);
}

/* So many records, and nothing that verify finds. */
static void holds(uint64_t records)
{
	struct journals_read r = journals_read(journal, 0);

	assert_int_equal(r.code, 0);
	assert_true(r.records == records);
	assert_int_equal(journals_verify(journal).n, 0);
}

static int take_lock(void)
{
	struct error err = ERROR_INIT;
	int fd = -1;

	assert_int_equal(fs_lock(scratch_path(dir, "lock"), 0, &fd, &err), 0);
	return fd;
}

static void nap(void)
{
	const struct timespec ms = { .tv_nsec = 1000000 };

	(void)nanosleep(&ms, NULL);
}

/* Has the process this very file open, under whatever name it has now. */
static bool has_open(pid_t pid, const struct stat *file)
{
	for (int fd = 3; fd < 64; fd++) {
		struct stat st;
		char path[64];

		(void)snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)pid, fd);
		if (stat(path, &st) == 0 && st.st_dev == file->st_dev && st.st_ino == file->st_ino)
			return true;
	}
	return false;
}

struct waiter {
	pid_t pid;
	int answer; /* its err.msg arrives here */
};

/* A writer that waits for the lock which this process holds. */
static struct waiter start_waiter_for(int held, int timeout_ms)
{
	struct stat lock;
	struct waiter w;
	int fds[2];
	char byte;

	assert_int_equal(fstat(held, &lock), 0);
	assert_int_equal(pipe(fds), 0);
	w.pid = child_fork();
	if (!w.pid) {
		struct error err = ERROR_INIT;
		int r;

		/* What it inherits would keep the lock, and look like a file that it opened. */
		close(held);
		(void)!write(fds[1], "", 1);
		r = append(timeout_ms, &err);
		(void)!write(fds[1], err.msg, strlen(err.msg) + 1);
		_exit(-r);
	}
	close(fds[1]);
	w.answer = fds[0];
	assert_int_equal(read(w.answer, &byte, 1), 1);
	for (int i = 0; !has_open(w.pid, &lock) && i < WAIT_MS; i++)
		nap();
	assert_true(has_open(w.pid, &lock));
	return w;
}

static struct waiter start_waiter(int held)
{
	return start_waiter_for(held, WAIT_MS);
}

/* 0, or the code of the error, whose text goes to msg. */
static int waiter_ends(struct waiter *w, char *msg, size_t size)
{
	ssize_t n = read(w->answer, msg, size - 1);
	int status;

	assert_true(n > 0);
	msg[n] = '\0';
	close(w->answer);
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

/* Whoever comes after the waiter locks the new file, and so does the waiter: never two at once. */
static void a_lock_file_that_was_replaced_is_left_for_the_new_one(void **state)
{
	int held = take_lock(), other;
	struct waiter w = start_waiter(held);
	struct stat lock;
	char msg[512];

	(void)state;
	scratch_write(scratch_path(dir, "other"), "", 0);
	assert_int_equal(rename(scratch_path(dir, "other"), scratch_path(dir, "lock")), 0);
	other = take_lock();
	close(held);
	assert_int_equal(fstat(other, &lock), 0);
	for (int i = 0; !has_open(w.pid, &lock) && i < WAIT_MS; i++)
		nap();
	assert_true(has_open(w.pid, &lock));
	holds(3);
	close(other);
	assert_int_equal(waiter_ends(&w, msg, sizeof(msg)), 0);
	assert_string_equal(msg, "");
	holds(4);
}

static void the_deadline_is_one_for_both(void **state)
{
	int held = take_lock(), other;
	struct waiter w = start_waiter_for(held, 4 * DEADLINE_MS);
	char msg[512];

	(void)state;
	scratch_write(scratch_path(dir, "other"), "", 0);
	assert_int_equal(rename(scratch_path(dir, "other"), scratch_path(dir, "lock")), 0);
	other = take_lock();
	close(held);
	assert_int_equal(waiter_ends(&w, msg, sizeof(msg)), ERR_BUSY);
	assert_non_null(strstr(msg, "/lock' is locked by another process"));
	close(other);
	holds(3);
}

static void a_lock_file_that_was_removed_is_made_again(void **state)
{
	int held = take_lock();
	struct waiter w = start_waiter(held);
	struct error err = ERROR_INIT;
	char msg[512];

	(void)state;
	assert_int_equal(unlink(scratch_path(dir, "lock")), 0);
	close(held);
	assert_int_equal(waiter_ends(&w, msg, sizeof(msg)), 0);
	holds(4);
	close(take_lock());
	assert_int_equal(append(0, &err), 0);
	holds(5);
}

static void a_lock_file_that_is_still_the_same_is_waited_for(void **state)
{
	int held = take_lock();
	struct waiter w = start_waiter(held);
	char msg[512];

	(void)state;
	close(held);
	assert_int_equal(waiter_ends(&w, msg, sizeof(msg)), 0);
	assert_string_equal(msg, "");
	holds(4);
}

/* Nobody gets in; the deadline is kept, and is the whole price. */
static void is_waited_for_until_the_deadline(void)
{
	struct error err = ERROR_INIT;
	int64_t start = clock_monotonic_ms(), took;

	assert_int_equal(append(DEADLINE_MS, &err), ERR_BUSY);
	took = clock_monotonic_ms() - start;
	if (took < DEADLINE_MS || took > 20 * DEADLINE_MS)
		fail_msg("a deadline of %d ms took %lld ms", DEADLINE_MS, (long long)took);
	holds(3);
}

static void ends(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	/* A grandchild's end is for its new parent to notice; we look for its lock. */
	(void)waitpid(pid, NULL, 0);
	for (int i = 0; i < WAIT_MS && kill(pid, 0) == 0; i++)
		nap();
}

static void a_descriptor_that_leaked_keeps_the_lock_until_its_owner_ends(void **state)
{
	struct error err = ERROR_INIT;
	pid_t writer, child = 0;
	int status, tell;

	(void)state;
	writer = child_fork_telling(&tell);
	if (!writer) {
		int held = -1;

		if (fs_lock(scratch_path(dir, "lock"), 0, &held, &err) < 0)
			_exit(1);
		child = child_fork();
		if (!child) {
			close(tell);
			(void)alarm(WAIT_MS / 1000);
			for (;;)
				pause();
		}
		if (write(tell, &child, sizeof(child)) != sizeof(child))
			_exit(1);
		close(held);
		_exit(0);
	}
	assert_int_equal(read(tell, &child, sizeof(child)), sizeof(child));
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	is_waited_for_until_the_deadline();
	ends(child);
	assert_int_equal(append(WAIT_MS, &err), 0);
	holds(4);
	close(tell);
}

static void a_holder_that_was_stopped_is_not_waited_for_longer(void **state)
{
	struct error err = ERROR_INIT;
	int tell, status;
	pid_t holder;

	(void)state;
	holder = child_fork_telling(&tell);
	if (!holder) {
		int held = -1;

		if (fs_lock(scratch_path(dir, "lock"), 0, &held, &err) == 0 &&
			write(tell, "x", 1) == 1)
			(void)raise(SIGSTOP);
		_exit(append(0, &err) == ERR_BUSY ? 0 : 1);
	}
	child_told(tell);
	assert_int_equal(waitpid(holder, &status, WUNTRACED), holder);
	assert_true(WIFSTOPPED(status));
	is_waited_for_until_the_deadline();
	assert_int_equal(kill(holder, SIGCONT), 0);
	assert_int_equal(waitpid(holder, &status, 0), holder);
	assert_int_equal(status, 0);
	assert_int_equal(append(WAIT_MS, &err), 0);
	holds(4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_lock_file_that_was_replaced_is_left_for_the_new_one),
		TEST(the_deadline_is_one_for_both),
		TEST(a_lock_file_that_was_removed_is_made_again),
		TEST(a_lock_file_that_is_still_the_same_is_waited_for),
		TEST(a_descriptor_that_leaked_keeps_the_lock_until_its_owner_ends),
		TEST(a_holder_that_was_stopped_is_not_waited_for_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
