/*
 * What git does in a real repository, told as events: each row is a script and the events that the
 * next bell, and then the next command, append. Every row also checks that a second look finds
 * nothing, so no event is told twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/observing.h"
#include "lib/world.h"

struct row {
	const char *what;
	const char *script; /* in the repository */
	const char *bell; /* what a hook tells */
	const char *command; /* what a command tells after that */
};

static const struct row rows[] = {
	{ "commit", "commit f 1 one", "commit.created main commit one\n", "" },
	{ "empty message", "tick; git commit -q --allow-empty --allow-empty-message -m ''",
		"commit.created main commit \n", "" },
	{ "amend", "commit f 1 one; tick; git commit -q --amend -m two",
		"commit.created main commit one\ncommits.rewritten main amend\n", "" },
	{ "switch -c", "git switch -q -c feat; commit f 1 one",
		"branch.created feat\nbranch.switched main feat\ncommit.created feat commit one\n",
		"" },
	{ "switch to and fro",
		"git switch -q -c feat; commit f 1 one; git switch -q main; commit g 1 two;"
		"git switch -q feat",
		"branch.created feat\nbranch.switched main feat\ncommit.created feat commit one\n"
		"branch.switched feat main\ncommit.created main commit two\n"
		"branch.switched main feat\n",
		"" },
	{ "merge ff",
		"git switch -q -c feat; commit f 1 one; git switch -q main; git merge -q feat",
		"branch.created feat\nbranch.switched main feat\ncommit.created feat commit one\n"
		"branch.switched feat main\nmerge.completed main ff\n",
		"" },
	{ "merge no-ff",
		"git switch -q -c feat; commit f 1 one; git switch -q main;"
		"git merge -q --no-ff -m m feat",
		"branch.created feat\nbranch.switched main feat\ncommit.created feat commit one\n"
		"branch.switched feat main\nmerge.completed main merge\n",
		"" },
	{ "merge with conflict",
		"git branch feat; commit f 1 one; git switch -q feat; commit f 2 two;"
		"git merge -q main >/dev/null 2>&1 || :; echo 3 >f; git add f; git commit -q -m "
		"both",
		"commit.created main commit one\nbranch.created feat\nbranch.switched main feat\n"
		"commit.created feat commit two\ncommit.created feat merge both\n",
		"" },
	{ "merge --abort",
		"git branch feat; commit f 1 one; git switch -q feat; commit f 2 two;"
		"git merge -q main >/dev/null 2>&1 || :; git merge --abort",
		"commit.created main commit one\nbranch.created feat\nbranch.switched main feat\n"
		"commit.created feat commit two\n",
		"" },
	{ "merge --squash",
		"git switch -q -c feat; commit f 1 one; git switch -q main;"
		"git merge -q --squash feat >/dev/null; git commit -q -m squashed",
		"branch.created feat\nbranch.switched main feat\ncommit.created feat commit one\n"
		"branch.switched feat main\ncommit.created main commit squashed\n",
		"" },
	{ "rebase",
		"git switch -q -c feat; commit f 1 one; commit f 2 two; git switch -q main;"
		"commit g 1 three; git switch -q feat; git rebase -q main",
		"branch.created feat\nbranch.switched main feat\ncommit.created feat commit one\n"
		"commit.created feat commit two\nbranch.switched feat main\n"
		"commit.created main commit three\nbranch.switched main feat\n"
		"commits.rewritten feat rebase\n",
		"" },
	{ "rebase --apply",
		"git switch -q -c feat; commit f 1 one; git switch -q main;"
		"commit g 1 three; git switch -q feat; git rebase -q --apply main >/dev/null",
		"branch.created feat\nbranch.switched main feat\ncommit.created feat commit one\n"
		"branch.switched feat main\ncommit.created main commit three\n"
		"branch.switched main feat\ncommits.rewritten feat rebase\n",
		"" },
	{ "rebase -i --autosquash",
		"git switch -q -c feat; commit f 1 one; echo 2 >f; git add f;"
		"git commit -q --fixup HEAD; git switch -q main; commit g 1 three;"
		"git switch -q feat; GIT_SEQUENCE_EDITOR=: git rebase -q -i --autosquash main",
		"branch.created feat\nbranch.switched main feat\ncommit.created feat commit one\n"
		"commit.created feat commit fixup! one\nbranch.switched feat main\n"
		"commit.created main commit three\nbranch.switched main feat\n"
		"commits.rewritten feat rebase\n",
		"" },
	{ "rebase --abort",
		"git switch -q -c feat; commit f 1 one; git switch -q main; commit f 2 two;"
		"git switch -q feat; git rebase -q main >/dev/null 2>&1 || :; git rebase --abort;"
		"commit g 1 three",
		"branch.created feat\nbranch.switched main feat\ncommit.created feat commit one\n"
		"branch.switched feat main\ncommit.created main commit two\n"
		"branch.switched main feat\ncommit.created feat commit three\n",
		"" },
	{ "cherry-pick and revert",
		"git switch -q -c feat; commit f 1 one; git switch -q main;"
		"commit g 1 two; git cherry-pick feat >/dev/null; git revert --no-edit HEAD "
		">/dev/null",
		"branch.created feat\nbranch.switched main feat\ncommit.created feat commit one\n"
		"branch.switched feat main\ncommit.created main commit two\n"
		"commit.created main cherry-pick one\n"
		"commit.created main revert Revert \"one\"\n",
		"" },
	{ "cherry-pick --ff",
		"git switch -q -c feat; commit f 1 one; git switch -q main;"
		"git cherry-pick --ff feat",
		"branch.created feat\nbranch.switched main feat\ncommit.created feat commit one\n"
		"branch.switched feat main\nbranch.moved main update\n",
		"" },
	{ "am",
		"commit f 1 one; git format-patch -q -1 -o ..; git reset -q --hard HEAD~1;"
		"git am -q ../0001-one.patch",
		"commit.created main commit one\nbranch.moved main reset\n"
		"commit.created main am one\n",
		"" },
	{ "reset that moves nothing", "git reset -q --hard; git reset -q HEAD", "", "" },
	{ "stash and tag",
		"echo 1 >>base; git stash push -q; git stash pop -q; git stash push -q;"
		"git stash drop -q; git tag v1; git tag -a v2 -m v2",
		"", "" },
	{ "detached commit", "git switch -q --detach; commit f 1 one; git switch -q main",
		"branch.switched main HEAD\ncommit.created commit one\nbranch.switched (id) main\n",
		"" },
	{ "detached at a branch's name",
		"git branch feat; git switch -q --detach feat; commit f 1 one",
		"branch.switched main feat\ncommit.created commit one\nbranch.created feat\n", "" },
	{ "orphan", "git switch -q --orphan new; commit f 1 one",
		"commit.created new commit one\nbranch.switched main new ?\n", "" },
	{ "branch", "git branch feat; git branch feat2 feat", "",
		"branch.created feat\nbranch.created feat2\n" },
	{ "branch -f", "commit f 1 one; git branch feat; git branch -f feat HEAD~1",
		"commit.created main commit one\n",
		"branch.created feat\nbranch.moved feat reset\n" },
	{ "branch -m of the current one", "commit f 1 one; git branch -m trunk; commit f 2 two",
		"commit.created main commit one\nbranch.renamed main trunk\n"
		"commit.created trunk commit two\n",
		"" },
	{ "branch -m of another one", "git branch feat; git branch -m feat fix", "",
		"branch.created feat\nbranch.renamed feat fix\n" },
	{ "branch -c", "git branch -c main copy", "", "branch.created copy\n" },
	{ "branch -D of an unknown one", "git branch feat; git branch -q -D feat", "", "" },
	{ "update-ref", "git update-ref refs/heads/low HEAD", "", "branch.created low\n" },
	{ "update-ref of the current branch",
		"commit f 1 one; git update-ref refs/heads/main HEAD~1",
		"commit.created main commit one\nbranch.moved main update\n", "" },
	{ "a tool's own words",
		"export GIT_REFLOG_ACTION=mytool; git switch -q -c feat; commit f 1 one;"
		"git switch -q main; git merge -q feat",
		"merge.completed main ff\n", "branch.created feat\nbranch.moved feat update\n" },
	{ "words that look like git's",
		"commit f 1 'x (start): y'; commit f 2 'checkout: moving from main to z';"
		"commit f 3 'a: Fast-forward'",
		"commit.created main commit x (start): y\n"
		"commit.created main commit checkout: moving from main to z\n"
		"commit.created main commit a: Fast-forward\n",
		"" },
	{ "a secret in git's words",
		"commit f 1 one; git update-ref -m 'pull https://bob:hunter22@example.org/r.git "
		"main:"
		" Fast-forward' refs/heads/main HEAD~1",
		"commit.created main commit one\nmerge.completed main ff\n", "" },
	{ "a secret in a subject", "commit f 1 'use https://bob:hunter22@example.org/r.git'",
		"commit.created main commit use https://[removed]@example.org/r.git\n", "" },
	{ "PR branch", "git branch pr/x; git branch -f pr/x; commit f 1 one; git branch -f pr/x",
		"commit.created main commit one\nbranch.created pr/x\nbranch.moved pr/x reset\n",
		"" },
	{ "gc", "commit f 1 one; git gc -q --prune=now; commit f 2 two",
		"commit.created main commit one\ncommit.created main commit two\n", "" },
	{ "worktree add", "git worktree add -q ../linked 2>/dev/null", "",
		"branch.created linked\n" },
	{ "nothing", ":", "", "" },
};

static void run_row(const struct row *row)
{
	const char *got;

	observing_begin();
	sh("repo", row->script);
	(void)ring(false);
	got = news();
	if (strcmp(got, row->bell) != 0)
		fail_msg("%s: the bell told\n%snot\n%s", row->what, got, row->bell);
	(void)ring(true);
	got = news();
	if (strcmp(got, row->command) != 0)
		fail_msg("%s: the command told\n%snot\n%s", row->what, got, row->command);
	if (ring(false) || ring(true))
		fail_msg("%s: told again\n%s", row->what, news());
}

static void operations_are_told_once(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		run_row(&rows[i]);
		assert_int_equal(observing_teardown(state), 0);
		assert_int_equal(observing_setup(state), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			operations_are_told_once, observing_setup, observing_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
