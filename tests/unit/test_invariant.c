#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/invariant.h"
#include "hooks/program/chain.h"

#define LONG_TEXT                                                                                  \
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"

static char said[1024];

/* What `f` writes to standard error; how its process ends. */
static int run(void (*f)(void))
{
	size_t len = 0;
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (!pid) {
		const struct rlimit none = { 0, 0 };

		(void)setrlimit(RLIMIT_CORE, &none);
		(void)signal(SIGABRT, SIG_DFL);
		(void)dup2(fds[1], STDERR_FILENO);
		f();
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void holds(void)
{
	INVARIANT(sizeof(said) == 1024);
}

static void broken(void)
{
	INVARIANT(sizeof(said) == 1);
}

static void broken_in_src(void)
{
	invariant_broken("/home/src/minsky/src/log/append.c", 12345, "n > 0");
}

static void broken_at_length(void)
{
	invariant_broken("src/log/append.c", 0,
		LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT LONG_TEXT);
}

static void broken_in_a_hook(void)
{
	chain_init();
	broken();
}

static void what_holds_says_nothing(void **state)
{
	(void)state;
	assert_int_equal(run(holds), 0);
	assert_string_equal(said, "");
}

static void what_does_not_hold_is_named_and_ends_the_process(void **state)
{
	int status;

	(void)state;
	status = run(broken_in_src);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_string_equal(said, "minsky: src/log/append.c:12345: broken invariant: n > 0\n");
	status = run(broken);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(said, "test_invariant.c:"));
	assert_non_null(strstr(said, ": broken invariant: sizeof(said) == 1\n"));
}

static void a_long_one_is_one_line(void **state)
{
	(void)state;
	assert_true(WIFSIGNALED(run(broken_at_length)));
	assert_int_equal(strlen(said), 512);
	assert_int_equal(strcspn(said, "\n"), 511);
}

/* git goes on, and so does what is behind us. */
static void a_hook_ends_well_all_the_same(void **state)
{
	int status;

	(void)state;
	status = run(broken_in_a_hook);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_non_null(strstr(said, ": broken invariant: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_holds_says_nothing),
		cmocka_unit_test(what_does_not_hold_is_named_and_ends_the_process),
		cmocka_unit_test(a_long_one_is_one_line),
		cmocka_unit_test(a_hook_ends_well_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
