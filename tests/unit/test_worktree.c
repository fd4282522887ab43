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
	if (worktree_undo(at("m/.git"), at("w"), at(".w"), NULL, NULL, &err))
		fail_msg("%s: %s", break_it, err.msg);
	if (!sh_ok(".", "test ! -e w && test ! -e .w && test ! -e m/.git/worktrees/w"))
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

/* Killed while it took back: once more, from wherever that had come to. */
static void a_start_is_taken_back_again(void **state)
{
	(void)state;
	undone_after("rm -r w");
	undone_after("mv w .w");
	undone_after("git -C w checkout -q -f HEAD; mv w .w; rm .w/.git");
	undone_after("rm -r w; rm m/.git/worktrees/w/commondir");
	undone_after("rm -r w; rm m/.git/worktrees/w/HEAD");
	undone_after("rm -r w m/.git/worktrees/w");
}

static void filled_is_with_the_branch_checked_out(void **state)
{
	(void)state;
	sh(".", "repo m; cd m; commit a 1; git worktree add -q --detach ../w HEAD");
	assert_false(worktree_is_filled(at("w"), "b"));
	sh("w", "git switch -q -c b");
	assert_true(worktree_is_filled(at("w"), "b"));
	assert_false(worktree_is_filled(at("w"), "c"));
	assert_false(worktree_is_filled(at("none"), "b"));
}

static void what_is_somebody_elses_stays(void **state)
{
	(void)state;
	sh(".",
		"repo m; cd m; commit a 1; cd ..; mkdir w other; echo 'gitdir: /elsewhere' "
		">w/.git\n"
		"echo work >other/file; : >other/.git");
	error_clear(&err);
	assert_int_equal(worktree_undo(at("m/.git"), at("w"), at(".w"), NULL, NULL, &err), 0);
	assert_string_equal(ask("w", "cat .git"), "gitdir: /elsewhere");
	assert_int_equal(worktree_undo(at("m/.git"), at("other"), at(".w"), NULL, NULL, &err), 0);
	assert_string_equal(ask("other", "ls -A; cat file"), ".git\nfile\nwork");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_start_is_taken_back_however_far_it_came),
		TEST(a_start_is_taken_back_again),
		TEST(filled_is_with_the_branch_checked_out),
		TEST(what_is_somebody_elses_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
