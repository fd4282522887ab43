#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/dir.h"
#include "lib/scratch.h"

static char root[SCRATCH_SIZE];

static int make_dir(void **state)
{
	(void)state;
	scratch_make(root);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	scratch_remove(root);
	return 0;
}

/* The names a to c, one bit each; anything else fails. */
static unsigned names_of(struct dir *d)
{
	struct error err = ERROR_INIT;
	unsigned found = 0;
	const char *name;

	while (dir_next(d, &name, &err) == 0 && name) {
		assert_true(name[0] >= 'a' && name[0] <= 'c' && !name[1]);
		assert_false(found & (1u << (name[0] - 'a')));
		found |= 1u << (name[0] - 'a');
	}
	assert_int_equal(err.code, 0);
	dir_close(d);
	return found;
}

static void every_name_comes_once(void **state)
{
	struct error err = ERROR_INIT;
	struct dir d = DIR_INIT;
	int fd;

	(void)state;
	assert_int_equal(dir_open(&d, root, &err), 0);
	assert_int_equal(names_of(&d), 0);
	scratch_write(scratch_path(root, "a"), "", 0);
	scratch_write(scratch_path(root, "b"), "", 0);
	assert_int_equal(mkdir(scratch_path(root, "c"), 0700), 0);
	assert_int_equal(dir_open(&d, root, &err), 0);
	assert_int_equal(names_of(&d), 7);
	assert_int_equal(dir_open_or_empty(&d, root, &err), 0);
	assert_int_equal(names_of(&d), 7);
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(dir_open_fd(&d, fd, "shown", &err), 0);
	assert_int_equal(names_of(&d), 7);
	/* It was taken over. */
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void what_is_no_directory_is_not_an_empty_one(void **state)
{
	struct error err = ERROR_INIT;
	struct dir d = DIR_INIT;
	int fd;

	(void)state;
	scratch_write(scratch_path(root, "f"), "", 0);
	assert_int_equal(dir_open(&d, scratch_path(root, "f"), &err), ERR_IO);
	assert_int_equal(dir_open_or_empty(&d, scratch_path(root, "f"), &err), ERR_IO);
	fd = open(scratch_path(root, "f"), O_RDONLY | O_CLOEXEC);
	assert_int_equal(dir_open_fd(&d, fd, "shown", &err), ERR_IO);
	assert_string_equal(err.msg, "cannot read directory 'shown': Not a directory");
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	dir_close(&d);
}

static void what_is_not_there_may_count_as_empty(void **state)
{
	struct error err = ERROR_INIT;
	struct dir d = DIR_INIT;

	(void)state;
	assert_int_equal(dir_open(&d, scratch_path(root, "none"), &err), ERR_NOTFOUND);
	assert_int_equal(dir_open_or_empty(&d, scratch_path(root, "none"), &err), 0);
	assert_int_equal(err.code, 0);
	assert_int_equal(names_of(&d), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_name_comes_once),
		TEST(what_is_no_directory_is_not_an_empty_one),
		TEST(what_is_not_there_may_count_as_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
