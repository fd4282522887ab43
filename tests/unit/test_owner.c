/* Who else could change what a path leads to. Run as root, since owners are changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "core/owner.h"
#include "lib/world.h"

#define STRANGER "6666"

static int code(const char *path, struct error *err)
{
	error_clear(err);
	return owner_check(at(path), err);
}

static void good(const char *path)
{
	struct error err = ERROR_INIT;

	if (code(path, &err) != 0)
		fail_msg("'%s' is refused: %s", path, err.msg);
}

/* Refused, and what the hint says to type puts it right. */
static void bad(const char *path, const char *what)
{
	struct error err = ERROR_INIT;
	const char *command;

	assert_int_equal(code(path, &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, what));
	command = strstr(err.hint, "run: ");
	assert_non_null(command);
	assert_true(sh_ok(".", command + strlen("run: ")));
	good(path);
}

static void our_own_files_are_good(void **state)
{
	(void)state;
	sh(".",
		"mkdir -p a/b; echo x >a/b/f; chmod 600 a/b/f; ln -s a/b way; ln -s ../b/f "
		"a/b/again");
	good("a/b/f");
	good("way/f");
	good("a/b/again");
	good("a/b/../b/./f");
	good("a//b///f/");
	good("a/b/missing/too");
	good("a/b/f/below-a-file");
}

static void what_others_can_write_is_refused(void **state)
{
	(void)state;
	sh(".", "mkdir -p a/b; echo x >a/b/f; chmod 755 a a/b; chmod 600 a/b/f");
	sh(".", "chmod 606 a/b/f");
	bad("a/b/f", "/a/b/f' is writable by others");
	sh(".", "chmod 757 a/b");
	bad("a/b/f", "/a/b' is writable by others");
	sh(".", "chmod 777 a");
	bad("a/b/f", "/a' is writable by others");
	/* A parent of what is not there yet. */
	sh(".", "chmod 777 a/b");
	bad("a/b/new/file", "/a/b' is writable by others");
	/* Others may put something beside ours, not in its place. */
	sh(".", "chmod 1777 a");
	good("a/b/f");
}

static void what_is_a_strangers_is_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	sh(".", "mkdir -p a/b; echo x >a/b/f; chmod 755 a a/b; chmod 644 a/b/f");
	sh(".", "chown " STRANGER " a/b/f");
	bad("a/b/f", "/a/b/f' belongs to another user");
	sh(".", "chown " STRANGER " a/b");
	bad("a/b/f", "/a/b' belongs to another user");
	sh(".", "chown " STRANGER " a");
	bad("a/b/f", "/a' belongs to another user");
}

static void links_lead_through_good_places_or_nowhere(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	sh(".",
		"mkdir -p a open/x; echo y >open/x/f; chmod 755 a; ln -s ../open/x/f a/f; ln -s "
		"loop loop");
	good("a/f");
	sh(".", "chmod 777 open");
	bad("a/f", "/open' is writable by others");
	/* A link in a directory that others write to, to a file of ours. */
	sh(".", "ln -s ../a open/back; chmod 777 open");
	bad("open/back/f", "/open' is writable by others");
	assert_int_equal(code("loop", &err), ERR_IO);
	if (geteuid() == 0) {
		sh(".", "mkdir -m 1777 tmp; ln -s ../a tmp/l; chown -h " STRANGER " tmp/l");
		bad("tmp/l/f", "/tmp/l' belongs to another user");
	}
}

/* In a child that is no root: root's files are believed, a private group is nobody else. */
static void root_and_a_private_group_are_no_others(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	sh(".",
		"mkdir -m 755 mine theirs; echo x >theirs/root; chmod 644 theirs/root;"
		"echo x >mine/f; chmod 664 mine/f; chmod 775 mine; chown -R 1234:1234 mine;"
		"echo x >mine/g; chown 1234:5678 mine/g; chmod 664 mine/g; chmod 755 .");
	assert_int_equal(setegid(1234), 0);
	assert_int_equal(seteuid(1234), 0);
	good("theirs/root");
	good("mine/f");
	{
		struct error err = ERROR_INIT;

		assert_int_equal(code("mine/g", &err), ERR_REFUSED);
	}
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(our_own_files_are_good),
		T(what_others_can_write_is_refused),
		T(what_is_a_strangers_is_refused),
		T(links_lead_through_good_places_or_nowhere),
		T(root_and_a_private_group_are_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
