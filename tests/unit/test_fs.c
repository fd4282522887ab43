#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fs.h"
#include "lib/child.h"
#include "lib/scratch.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define SOMEBODY_ELSE 65534

static char dir[SCRATCH_SIZE];

static int make_dir(void **state)
{
	(void)state;
	scratch_make(dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

static const char *at(const char *name)
{
	return scratch_path(dir, name);
}

static void put(const char *name, const char *text)
{
	scratch_write(at(name), text, strlen(text));
}

static void has(const char *name, const char *text)
{
	struct buf b = scratch_read(at(name));

	assert_string_equal(b.data, text);
	buf_release(&b);
}

static size_t count_entries(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(at(name), &st), 0);
	return st.st_mode & 07777;
}

static void a_file_is_replaced_as_a_whole(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	for (int durable = 0; durable < 2; durable++) {
		assert_int_equal(fs_replace(at("f"), "one", 3, 0640, durable, &err), 0);
		has("f", "one");
		assert_int_equal(mode_of("f"), 0640);
		assert_int_equal(fs_replace(at("f"), "", 0, 0600, durable, &err), 0);
		has("f", "");
		assert_int_equal(mode_of("f"), 0600);
		assert_int_equal(count_entries(dir), 1);
	}
}

static void the_mode_is_not_the_masks(void **state)
{
	struct error err = ERROR_INIT;
	mode_t old = umask(0077);

	(void)state;
	assert_int_equal(fs_replace(at("f"), "x", 1, 0755, false, &err), 0);
	umask(old);
	assert_int_equal(mode_of("f"), 0755);
}

static void replacing_a_link_leaves_its_target(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	put("target", "theirs");
	assert_int_equal(symlink("target", at("link")), 0);
	assert_int_equal(fs_replace(at("link"), "ours", 4, 0600, true, &err), 0);
	has("target", "theirs");
	has("link", "ours");
	assert_int_equal(mode_of("link"), 0600);
}

static void a_rename_that_fails_leaves_all_as_it_was(void **state)
{
	struct error err = ERROR_INIT;
	struct buf message = BUF_INIT;

	(void)state;
	assert_int_equal(mkdir(at("f"), 0700), 0);
	put("f/old", "old");
	assert_int_equal(fs_replace(at("f"), "new", 3, 0600, true, &err), ERR_IO);
	buf_addf(&message, "cannot replace '%s': Is a directory", at("f"));
	assert_string_equal(err.msg, message.data);
	has("f/old", "old");
	assert_int_equal(count_entries(dir), 1);
	buf_release(&message);
}

/* As a user whom the modes of files mean something. */
static int as_ordinary_user(int (*fn)(void))
{
	pid_t pid;
	int status;

	pid = child_fork();
	if (!pid) {
		if (geteuid() == 0 && (setgid(SOMEBODY_ELSE) || setuid(SOMEBODY_ELSE)))
			_exit(99);
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int replace_f(void)
{
	struct error err = ERROR_INIT;

	return -fs_replace(at("ro/f"), "new", 3, 0600, true, &err);
}

static void a_directory_that_is_read_only_keeps_the_old_content(void **state)
{
	(void)state;
	assert_int_equal(mkdir(at("ro"), 0700), 0);
	put("ro/f", "old");
	if (geteuid() == 0) {
		assert_int_equal(chown(dir, SOMEBODY_ELSE, SOMEBODY_ELSE), 0);
		assert_int_equal(chown(at("ro"), SOMEBODY_ELSE, SOMEBODY_ELSE), 0);
		assert_int_equal(chown(at("ro/f"), SOMEBODY_ELSE, SOMEBODY_ELSE), 0);
	}
	assert_int_equal(chmod(at("ro"), 0500), 0);
	assert_int_equal(as_ordinary_user(replace_f), -ERR_IO);
	assert_int_equal(chmod(at("ro"), 0700), 0);
	has("ro/f", "old");
	assert_int_equal(count_entries(at("ro")), 1);
	assert_int_equal(as_ordinary_user(replace_f), 0);
	has("ro/f", "new");
}

static void reading_appends_and_has_a_limit(void **state)
{
	struct buf b = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	put("f", "12345");
	buf_adds(&b, "0");
	assert_int_equal(fs_read(at("f"), 5, &b, &err), 0);
	assert_string_equal(b.data, "012345");
	assert_int_equal(fs_read(at("f"), 4, &b, &err), ERR_CORRUPT);
	assert_string_equal(b.data, "012345");
	put("f", "");
	assert_int_equal(fs_read(at("f"), 0, &b, &err), 0);
	assert_string_equal(b.data, "012345");
	buf_release(&b);
}

static void only_regular_files_are_read(void **state)
{
	struct buf b = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	put("f", "x");
	assert_int_equal(mkdir(at("d"), 0700), 0);
	assert_int_equal(mkfifo(at("fifo"), 0600), 0);
	assert_int_equal(symlink("f", at("link")), 0);
	assert_int_equal(fs_read(at("none"), 9, &b, &err), ERR_NOTFOUND);
	assert_int_equal(fs_read(at("f/below"), 9, &b, &err), ERR_NOTFOUND);
	assert_int_equal(fs_read(at("d"), 9, &b, &err), ERR_IO);
	/* Nobody writes to it: waiting would be for ever. */
	assert_int_equal(fs_read(at("fifo"), 9, &b, &err), ERR_IO);
	assert_int_equal(fs_read_private(at("fifo"), 9, &b, &err), ERR_REFUSED);
	assert_string_equal(b.data, "");
	assert_int_equal(fs_read(at("link"), 9, &b, &err), 0);
	assert_string_equal(b.data, "x");
	buf_release(&b);
}

static void a_private_file_is_ours_alone(void **state)
{
	static const struct {
		mode_t mode;
		int result;
	} cases[] = { { 0600, 0 }, { 0644, 0 }, { 0400, 0 }, { 0620, ERR_REFUSED },
		{ 0602, ERR_REFUSED }, { 0666, ERR_REFUSED } };
	struct buf b = BUF_INIT, message = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	put("f", "x");
	for (size_t i = 0; i < N(cases); i++) {
		buf_clear(&b);
		assert_int_equal(chmod(at("f"), cases[i].mode), 0);
		assert_int_equal(fs_read_private(at("f"), 9, &b, &err), cases[i].result);
		assert_string_equal(b.data, cases[i].result ? "" : "x");
	}
	buf_addf(&message, "'%s' is writable by others", at("f"));
	assert_string_equal(err.msg, message.data);
	buf_clear(&message);
	buf_addf(&message, "run: chmod go-w '%s'", at("f"));
	assert_string_equal(err.hint, message.data);
	assert_int_equal(chmod(at("f"), 0600), 0);
	assert_int_equal(symlink("f", at("link")), 0);
	assert_int_equal(fs_read_private(at("link"), 9, &b, &err), ERR_REFUSED);
	assert_int_equal(symlink("none", at("dangling")), 0);
	assert_int_equal(fs_read_private(at("dangling"), 9, &b, &err), ERR_REFUSED);
	assert_int_equal(fs_read_private(at("none"), 9, &b, &err), ERR_NOTFOUND);
	assert_string_equal(b.data, "");
	if (geteuid() == 0) {
		assert_int_equal(chown(at("f"), SOMEBODY_ELSE, SOMEBODY_ELSE), 0);
		assert_int_equal(fs_read_private(at("f"), 9, &b, &err), ERR_REFUSED);
		assert_string_equal(b.data, "");
	}
	buf_release(&message);
	buf_release(&b);
}

/* Looking at it and opening it say the same, in the same words. */
static int private_dir(const char *path, struct error *err)
{
	struct error second = ERROR_INIT;
	int fd = -1, opened, r;

	opened = fs_open_private_dir(path, &fd, &second);
	r = fs_check_private_dir(path, err);
	assert_int_equal(opened, r);
	if (r < 0) {
		assert_int_equal(fd, -1);
		assert_string_equal(second.msg, err->msg);
		return r;
	}
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(fd);
	return r;
}

static void a_private_directory_is_ours_alone(void **state)
{
	static const struct {
		mode_t mode;
		int result;
	} cases[] = { { 0700, 0 }, { 0755, 0 }, { 0770, ERR_REFUSED }, { 0702, ERR_REFUSED },
		{ 01777, ERR_REFUSED } };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(private_dir(at("d"), &err), ERR_NOTFOUND);
	assert_int_equal(mkdir(at("d"), 0700), 0);
	for (size_t i = 0; i < N(cases); i++) {
		assert_int_equal(chmod(at("d"), cases[i].mode), 0);
		assert_int_equal(private_dir(at("d"), &err), cases[i].result);
	}
	assert_int_equal(chmod(at("d"), 0700), 0);
	assert_int_equal(symlink("d", at("link")), 0);
	assert_int_equal(private_dir(at("link"), &err), ERR_REFUSED);
	put("f", "");
	assert_int_equal(private_dir(at("f"), &err), ERR_REFUSED);
	assert_int_equal(private_dir(at("f/d"), &err), ERR_NOTFOUND);
	if (geteuid() == 0) {
		assert_int_equal(chown(at("d"), SOMEBODY_ELSE, SOMEBODY_ELSE), 0);
		assert_int_equal(private_dir(at("d"), &err), ERR_REFUSED);
	}
}

static void directories_are_made_with_their_parents(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(fs_mkdirs(at("a/b/c"), 0700, &err), 0);
	assert_int_equal(mode_of("a"), 0700);
	assert_int_equal(mode_of("a/b"), 0700);
	assert_int_equal(mode_of("a/b/c"), 0700);
	assert_int_equal(fs_mkdirs(at("a/b/c"), 0755, &err), 0);
	assert_int_equal(mode_of("a/b/c"), 0700);
	assert_int_equal(fs_mkdirs(at("a//d/"), 0700, &err), 0);
	assert_true(fs_is_dir(at("a/d")));
	put("f", "");
	assert_int_equal(fs_mkdirs(at("f"), 0700, &err), ERR_IO);
	assert_int_equal(fs_mkdirs(at("f/d"), 0700, &err), ERR_IO);
	assert_int_equal(symlink("none", at("dangling")), 0);
	assert_int_equal(fs_mkdirs(at("dangling"), 0700, &err), ERR_IO);
	assert_false(fs_exists(at("none")));
}

static void a_tree_is_removed_and_nothing_behind_links(void **state)
{
	struct error err = ERROR_INIT;
	struct buf deep = BUF_INIT;

	(void)state;
	assert_int_equal(fs_mkdirs(at("out/side"), 0700, &err), 0);
	put("out/file", "x");
	buf_addf(&deep, "%s", at("tree"));
	for (int i = 0; i < 100; i++)
		buf_adds(&deep, "/d");
	assert_int_equal(fs_mkdirs(deep.data, 0700, &err), 0);
	assert_int_equal(fs_mkdirs(at("tree/-x\n\x1b"), 0700, &err), 0);
	put("tree/-x\n\x1b/f", "");
	put("tree/f", "");
	assert_int_equal(symlink("../out", at("tree/to-dir")), 0);
	assert_int_equal(symlink("../out/file", at("tree/to-file")), 0);
	assert_int_equal(symlink("..", at("tree/up")), 0);
	assert_int_equal(symlink("none", at("tree/dangling")), 0);
	assert_int_equal(chmod(at("tree/f"), 0400), 0);
	assert_int_equal(chmod(at("tree/d"), 0500), 0);
	assert_int_equal(fs_remove_tree(at("tree"), &err), 0);
	assert_false(fs_exists(at("tree")));
	assert_true(fs_is_dir(at("out/side")));
	has("out/file", "x");
	assert_int_equal(fs_remove_tree(at("tree"), &err), 0);
	/* A link itself, and a single file. */
	assert_int_equal(symlink("out", at("link")), 0);
	assert_int_equal(fs_remove_tree(at("link"), &err), 0);
	assert_false(fs_exists(at("link")));
	has("out/file", "x");
	assert_int_equal(fs_remove_tree(at("out/file"), &err), 0);
	assert_false(fs_exists(at("out/file")));
	buf_release(&deep);
}

static int remove_tree(void)
{
	struct error err = ERROR_INIT;

	return -fs_remove_tree(at("tree"), &err);
}

static void read_only_directories_go_too(void **state)
{
	(void)state;
	assert_int_equal(mkdir(at("tree"), 0700), 0);
	assert_int_equal(mkdir(at("tree/ro"), 0700), 0);
	put("tree/ro/f", "");
	if (geteuid() == 0) {
		assert_int_equal(chown(dir, SOMEBODY_ELSE, SOMEBODY_ELSE), 0);
		assert_int_equal(chown(at("tree"), SOMEBODY_ELSE, SOMEBODY_ELSE), 0);
		assert_int_equal(chown(at("tree/ro"), SOMEBODY_ELSE, SOMEBODY_ELSE), 0);
	}
	assert_int_equal(chmod(at("tree/ro"), 0500), 0);
	assert_int_equal(as_ordinary_user(remove_tree), 0);
	assert_false(fs_exists(at("tree")));
}

static void a_new_name_replaces_nothing(void **state)
{
	static const char *const taken[] = { "file", "dir", "empty", "dangling" };
	struct error err = ERROR_INIT;

	(void)state;
	put("from", "x");
	put("file", "old");
	assert_int_equal(fs_mkdirs(at("dir/d"), 0700, &err), 0);
	assert_int_equal(mkdir(at("empty"), 0700), 0);
	assert_int_equal(mkdir(at("from-dir"), 0700), 0);
	assert_int_equal(symlink("none", at("dangling")), 0);
	for (size_t i = 0; i < N(taken); i++) {
		struct buf message = BUF_INIT;

		buf_addf(&message, "'%s' already exists", at(taken[i]));
		assert_int_equal(fs_rename_new(at("from"), at(taken[i]), &err), ERR_REFUSED);
		assert_string_equal(err.msg, message.data);
		assert_int_equal(fs_rename_new(at("from-dir"), at(taken[i]), &err), ERR_REFUSED);
		buf_release(&message);
	}
	has("from", "x");
	has("file", "old");
	assert_true(fs_is_dir(at("from-dir")));
	assert_int_equal(fs_rename_new(at("from"), at("to"), &err), 0);
	has("to", "x");
	assert_false(fs_exists(at("from")));
	assert_int_equal(fs_rename_new(at("from-dir"), at("to-dir"), &err), 0);
	assert_true(fs_is_dir(at("to-dir")));
	assert_int_equal(fs_rename_new(at("from"), at("never"), &err), ERR_IO);
	assert_false(fs_exists(at("never")));
}

/* A process that holds the lock until it is killed. */
static pid_t start_holder(void)
{
	int ready;
	pid_t pid = child_fork_telling(&ready);

	if (!pid) {
		struct error err = ERROR_INIT;
		int fd;

		if (fs_lock(at("lock"), 0, &fd, &err) < 0 || write(ready, "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	child_told(ready);
	return pid;
}

static void stop(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void a_lock_excludes_others_and_dies_with_its_process(void **state)
{
	struct error err = ERROR_INIT;
	struct buf message = BUF_INIT;
	int fd = -1;
	pid_t holder;

	(void)state;
	holder = start_holder();
	buf_addf(&message, "'%s' is locked by another process", at("lock"));
	assert_int_equal(fs_lock(at("lock"), 0, &fd, &err), ERR_BUSY);
	assert_string_equal(err.msg, message.data);
	assert_int_equal(fs_lock(at("lock"), 20, &fd, &err), ERR_BUSY);
	assert_int_equal(fd, -1);
	stop(holder);
	assert_int_equal(fs_lock(at("lock"), 0, &fd, &err), 0);
	assert_true(fd >= 0);
	close(fd);
	assert_true(fs_exists(at("lock")));
	buf_release(&message);
}

static void a_lock_is_its_descriptors(void **state)
{
	struct error err = ERROR_INIT;
	int first, second = -1;

	(void)state;
	assert_int_equal(fs_lock(at("lock"), 0, &first, &err), 0);
	assert_int_equal(fcntl(first, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(mode_of("lock"), 0600);
	/* Also against this very process. */
	assert_int_equal(fs_lock(at("lock"), 0, &second, &err), ERR_BUSY);
	/* Another descriptor of the file comes and goes without taking the lock along. */
	assert_int_equal(close(open(at("lock"), O_RDWR | O_CLOEXEC)), 0);
	assert_int_equal(fs_lock(at("lock"), 0, &second, &err), ERR_BUSY);
	close(first);
	assert_int_equal(fs_lock(at("lock"), 0, &second, &err), 0);
	close(second);
}

static void waiting_for_a_lock_ends_when_it_is_free(void **state)
{
	struct error err = ERROR_INIT;
	pid_t holder, waiter;
	int status, fd;

	(void)state;
	holder = start_holder();
	waiter = child_fork();
	assert_true(waiter >= 0);
	if (!waiter)
		_exit(fs_lock(at("lock"), -1, &fd, &err) == 0 ? 7 : 1);
	stop(holder);
	assert_int_equal(waitpid(waiter, &status, 0), waiter);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void a_lock_is_no_link(void **state)
{
	struct error err = ERROR_INIT;
	int fd = -1;

	(void)state;
	assert_int_equal(symlink("elsewhere", at("lock")), 0);
	assert_int_equal(fs_lock(at("lock"), 0, &fd, &err), ERR_IO);
	assert_int_equal(fd, -1);
	assert_false(fs_exists(at("elsewhere")));
}

static void long_writes_are_finished(void **state)
{
	struct error err = ERROR_INIT;
	struct buf sent = BUF_INIT, got = BUF_INIT;
	int fds[2], status;
	pid_t pid;

	(void)state;
	for (unsigned i = 0; i < 300000; i++)
		buf_addch(&sent, (char)(i * 7 % 251));
	assert_int_equal(pipe(fds), 0);
	pid = child_fork();
	if (!pid) {
		close(fds[0]);
		_exit(fs_write_all(fds[1], sent.data, sent.len, &err) == 0 ? 7 : 1);
	}
	close(fds[1]);
	for (ssize_t n = 1; n > 0; got.len += (size_t)n) {
		assert_true(buf_grow(&got, 4096));
		n = read(fds[0], got.data + got.len, 4096);
		assert_true(n >= 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(got.len, sent.len);
	assert_memory_equal(got.data, sent.data, sent.len);
	close(fds[0]);
	buf_release(&sent);
	buf_release(&got);
}

static void a_write_that_fails_is_told(void **state)
{
	struct error err = ERROR_INIT;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, "", 0, &err), 0);
	assert_int_equal(fs_write_all(fd, "x", 1, &err), ERR_IO);
	assert_string_equal(err.msg, "cannot write: No space left on device");
	close(fd);
}

static void paths_are_joined_and_resolved(void **state)
{
	struct error err = ERROR_INIT;
	struct buf b = BUF_INIT, want = BUF_INIT;

	(void)state;
	fs_join(&b, "/a", "b");
	assert_string_equal(b.data, "/a/b");
	fs_join(&b, "/a/", "b/c");
	assert_string_equal(b.data, "/a/b/c");
	fs_join(&b, "/", "b");
	assert_string_equal(b.data, "/b");
	assert_int_equal(mkdir(at("d"), 0700), 0);
	assert_int_equal(symlink("d", at("link")), 0);
	assert_int_equal(symlink("none", at("dangling")), 0);
	assert_int_equal(fs_realpath(dir, &want, &err), 0);
	buf_adds(&want, "/d");
	assert_int_equal(fs_realpath(at("link/../link/."), &b, &err), 0);
	assert_string_equal(b.data, want.data);
	assert_int_equal(fs_realpath(at("dangling"), &b, &err), ERR_NOTFOUND);
	assert_string_equal(b.data, want.data);
	assert_true(fs_exists(at("dangling")));
	assert_false(fs_is_dir(at("dangling")));
	assert_true(fs_is_dir(at("link")));
	assert_false(fs_exists(at("none")));
	buf_release(&want);
	buf_release(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_replaced_as_a_whole),
		TEST(the_mode_is_not_the_masks),
		TEST(replacing_a_link_leaves_its_target),
		TEST(a_rename_that_fails_leaves_all_as_it_was),
		TEST(a_directory_that_is_read_only_keeps_the_old_content),
		TEST(reading_appends_and_has_a_limit),
		TEST(only_regular_files_are_read),
		TEST(a_private_file_is_ours_alone),
		TEST(a_private_directory_is_ours_alone),
		TEST(directories_are_made_with_their_parents),
		TEST(a_tree_is_removed_and_nothing_behind_links),
		TEST(read_only_directories_go_too),
		TEST(a_new_name_replaces_nothing),
		TEST(a_lock_excludes_others_and_dies_with_its_process),
		TEST(a_lock_is_its_descriptors),
		TEST(waiting_for_a_lock_ends_when_it_is_free),
		TEST(a_lock_is_no_link),
		TEST(long_writes_are_finished),
		TEST(a_write_that_fails_is_told),
		TEST(paths_are_joined_and_resolved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
