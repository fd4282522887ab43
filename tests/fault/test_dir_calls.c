/* Directories that cannot be read to their end: nothing is deleted, allowed or left out by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>

#include "core/fs.h"
#include "core/repo_file.h"
#include "git/pr.h"
#include "git/risks.h"
#include "git/worktree.h"
#include "lib/fault.h"
#include "lib/journals.h"
#include "lib/world.h"
#include "log/repair.h"
#include "session/delete.h"

static struct error err;

/* Reading of directories fails at its n-th call, and nothing else. */
static void fail_reading(unsigned n)
{
	error_clear(&err);
	fault_only("readdir");
	fault_arm(FAULT_EIO, n);
}

/* Was there an n-th call? */
static bool failed_reading(void)
{
	fault_disarm();
	fault_only(NULL);
	return fault_fired();
}

static void says_that(const char *what)
{
	assert_int_equal(err.code, ERR_IO);
	if (!strstr(err.msg, what) || !strstr(err.msg, "Input/output error"))
		fail_msg("%s", err.msg);
}

static void removing_a_tree_says_so(void **state)
{
	unsigned n = 0;
	bool hit;

	(void)state;
	do {
		int r;

		sh(".", "rm -rf tree; mkdir -p tree/a/b tree/c; : >tree/a/b/f; : >tree/d");
		fail_reading(++n);
		r = fs_remove_tree(at("tree"), &err);
		hit = failed_reading();
		if (hit)
			says_that("tree'");
		assert_int_equal(r, hit ? ERR_IO : 0);
	} while (hit);
	assert_true(n > 8);
	assert_true(sh_ok(".", "test ! -e tree"));
}

static void a_list_of_repositories_is_whole_or_an_error(void **state)
{
	struct repo_file_list list = { NULL, 0 };
	unsigned n = 0;
	bool hit;

	(void)state;
	sh(".", "mkdir -p state/journal/one state/journal/two");
	do {
		int r;

		fail_reading(++n);
		r = repo_file_list_load(&list, at("state"), &err);
		hit = failed_reading();
		if (hit)
			says_that("state/journal'");
		assert_int_equal(r, hit ? ERR_IO : 0);
		repo_file_list_release(&list);
	} while (hit);
	/* Two, "." and "..", and the end. */
	assert_int_equal(n, 6);
}

/* What was set aside at the end of a segment, and never said to be lost. */
static void a_repair_does_not_end_early(void **state)
{
	struct repair_options options = { .dry_run = false };
	struct repair_result result;
	struct journal *j;
	unsigned n = 0;
	bool hit;

	(void)state;
	sh(".", "mkdir -m 700 journal");
	j = journals_new(at("journal"));
	journals_fill(j, 1, 3);
	sh("journal", "n=$(ls *.log); echo torn >torn/$n.0");
	do {
		int r;

		fail_reading(++n);
		r = journal_repair(j, &options, &result, NULL, NULL, &err);
		hit = failed_reading();
		if (hit)
			says_that("torn'");
		assert_int_equal(r, hit ? ERR_IO : 0);
	} while (hit);
	assert_true(n > 3);
	assert_true(sh_ok("journal", "grep -q torn/ *.log"));
	journal_close(j);
}

/* A directory that may hold somebody's work is not taken for an empty one. */
static void taking_back_a_start_keeps_what_it_cannot_see(void **state)
{
	unsigned n = 0;
	bool hit;

	(void)state;
	sh(".", "repo m; cd m; commit a 1; cd ..; mkdir other; : >other/.git; echo work >other/f");
	do {
		fail_reading(++n);
		(void)worktree_undo(at("m/.git"), at("other"), at(".w"), NULL, NULL, &err);
		hit = failed_reading();
		assert_string_equal(ask("other", "ls -A; cat f"), ".git\nf\nwork");
	} while (hit);
	assert_true(n > 1);
}

static void taking_back_a_start_says_that_git_still_has_it(void **state)
{
	unsigned n = 0, failed = 0;
	bool hit;

	(void)state;
	do {
		int r;

		sh(".",
			"rm -rf m w; repo m; cd m; commit a 1; mkdir keep; echo x >keep/.git\n"
			"git worktree add --quiet --detach --no-checkout -- ../w HEAD\n"
			"rm .git/worktrees/w/commondir; echo initializing "
			">.git/worktrees/w/locked");
		fail_reading(++n);
		r = worktree_undo(at("m/.git"), at("w"), at(".w"), NULL, NULL, &err);
		hit = failed_reading();
		failed += r < 0;
		if (r == 0)
			assert_true(sh_ok(".", "test ! -e w && test ! -e m/.git/worktrees/w"));
	} while (hit);
	assert_true(failed > 1);
}

static void a_submodule_is_not_overlooked(void **state)
{
	struct risk_place place = {
		.dir = at("m"), .git_dir = at("m/.git"), .common_dir = at("m/.git")
	};
	unsigned n = 0;
	bool hit;

	(void)state;
	sh(".", "repo m; mkdir -p m/.git/modules/a m/.git/modules/b/c");
	do {
		struct workspace_risks risks = { .n = 0 };
		int r;

		fail_reading(++n);
		r = risks_of_modules(&place, &risks, &err);
		hit = failed_reading();
		if (hit)
			says_that("m/.git/modules");
		assert_int_equal(r, hit ? ERR_IO : 0);
		workspace_risks_release(&risks);
	} while (hit);
	assert_true(n > 8);
}

static void processes_are_not_overlooked(void **state)
{
	struct outcome outcome = { .unwell = false };

	(void)state;
	for (unsigned n = 1; n < 5; n++) {
		fail_reading(n);
		assert_int_equal(find_processes(at("nowhere"), &outcome, &err), ERR_IO);
		assert_true(failed_reading());
		says_that("/proc'");
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(removing_a_tree_says_so),
		TEST(a_list_of_repositories_is_whole_or_an_error),
		TEST(a_repair_does_not_end_early),
		TEST(taking_back_a_start_keeps_what_it_cannot_see),
		TEST(taking_back_a_start_says_that_git_still_has_it),
		TEST(a_submodule_is_not_overlooked),
		TEST(processes_are_not_overlooked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
