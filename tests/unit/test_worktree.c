#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "git/worktree.h"
#include "lib/world.h"

static struct error err;

/* `git worktree add` as minsky runs it, killed where `break_it` says; then undone. */
static void undone_after(const char *break_it)
{
	sh(".",
		"repo m; cd m; commit a 1; mkdir keep; echo x >keep/.git\n"
		"git worktree add --quiet --detach --no-checkout -- ../w HEAD\n"
		"echo initializing >.git/worktrees/w/locked");
	sh(".", break_it);
	error_clear(&err);
	if (worktree_undo(at("m/.git"), at("w"), NULL, NULL, &err))
		fail_msg("%s: %s", break_it, err.msg);
	if (!sh_ok(".", "test ! -e w"))
		fail_msg("%s: the directory is still there", break_it);
	if (!sh_ok("m", "git worktree add --quiet --detach -- ../w HEAD && git -C ../w status"))
		fail_msg("%s: git will not have another there", break_it);
	sh(".", "rm -rf m w");
}

static void a_start_is_taken_back_however_far_it_came(void **state)
{
	(void)state;
	undone_after(":");
	undone_after("rm w/.git m/.git/worktrees/w/HEAD m/.git/worktrees/w/commondir");
	undone_after(": >w/.git; rm m/.git/worktrees/w/HEAD m/.git/worktrees/w/commondir");
	undone_after("printf 'gitdir: /' >w/.git; rm m/.git/worktrees/w/HEAD");
	undone_after("rm m/.git/worktrees/w/HEAD m/.git/worktrees/w/commondir");
	undone_after("rm m/.git/worktrees/w/commondir");
	undone_after(": >m/.git/worktrees/w/commondir");
	undone_after(": >m/.git/worktrees/w/commondir; rm -r w");
	undone_after(": >m/.git/worktrees/w/HEAD; rm m/.git/worktrees/w/commondir w/.git");
	undone_after("git -C w checkout -q -f HEAD; echo more >w/file");
}

static void what_is_somebody_elses_stays(void **state)
{
	(void)state;
	sh(".",
		"repo m; cd m; commit a 1; cd ..; mkdir w other; echo 'gitdir: /elsewhere' "
		">w/.git\n"
		"echo work >other/file; : >other/.git");
	error_clear(&err);
	assert_int_equal(worktree_undo(at("m/.git"), at("w"), NULL, NULL, &err), 0);
	assert_string_equal(ask("w", "cat .git"), "gitdir: /elsewhere");
	assert_int_equal(worktree_undo(at("m/.git"), at("other"), NULL, NULL, &err), 0);
	assert_string_equal(ask("other", "ls -A; cat file"), ".git\nfile\nwork");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_start_is_taken_back_however_far_it_came),
		TEST(what_is_somebody_elses_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
