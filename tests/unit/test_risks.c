#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "git/pr.h"
#include "git/workspace.h"
#include "lib/world.h"

/* up is the server, m the main repository, w the workspace on branch s. */
static const char start[] =
	"repo up; cd up; commit a 1; commit b 1; git config receive.denyCurrentBranch ignore\n"
	"cd ..; git clone -q up m; cd m; commit local 1; cd ..\n"
	"git clone -q -o minsky m w; cd w; git remote add origin ../up\n"
	"git fetch -q origin; git switch -q --no-track -c s origin/main\n"
	"git branch -q -D main\n";

/* "category: text" lines. */
static const char *risks(const char *const *published)
{
	static char text[4096];
	struct workspace_risks r = { .v = NULL };
	struct error err = ERROR_INIT;
	size_t used = 0;

	text[0] = '\0';
	assert_int_equal(workspace_find_risks(at("w"), at("m/.git"), published, &r, &err), 0);
	for (size_t i = 0; i < r.n; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s: %s\n", r.v[i].category, r.v[i].text);
	workspace_risks_release(&r);
	assert_null(r.v);
	return text;
}

static void has(const char *found, const char *wanted)
{
	if (!strstr(found, wanted))
		fail_msg("'%s' is not in '%s'", wanted, found);
}

static void lines(const char *found, size_t n)
{
	size_t count = 0;

	for (const char *c = found; *c; c++)
		count += *c == '\n';
	if (count != n)
		fail_msg("%zu risks, not %zu:\n%s", count, n, found);
}

static void a_fresh_workspace_has_none(void **state)
{
	(void)state;
	sh(".", start);
	assert_string_equal(risks(NULL), "");
	/* Nor has one with files that are ignored. */
	sh("w", "echo '*.o' >.git/info/exclude; touch x.o");
	assert_string_equal(risks(NULL), "");
}

static void files_are_named(void **state)
{
	const char *found;

	(void)state;
	sh(".", start);
	sh("w",
		"echo 2 >a; git rm -q --cached b; echo staged >c; git add c\n"
		"git config status.showUntrackedFiles no; mkdir d; touch d/1 d/2 d/3 d/4 d/5");
	found = risks(NULL);
	lines(found, 2);
	has(found, "uncommitted: 3 files changed but not committed: a, b, c\n");
	has(found, "untracked: 6 files not tracked: b, d/1, d/2, d/3, d/4, and 1 more\n");
}

static void files_that_git_was_told_not_to_look_at_are_a_risk(void **state)
{
	const char *found;

	(void)state;
	sh(".", start);
	sh("w",
		"git update-index --assume-unchanged a; git update-index --skip-worktree b\n"
		"echo 2 >a; echo 2 >b");
	found = risks(NULL);
	lines(found, 1);
	has(found, "hidden: 2 files that git was told to ignore: a, b\n");
	/* What a sparse checkout leaves out is not there to be lost. */
	sh("w", "git update-index --no-assume-unchanged a; git checkout -q a; rm b");
	assert_string_equal(risks(NULL), "");
}

static void stashes_count(void **state)
{
	(void)state;
	sh(".", start);
	sh("w", "echo 2 >a; git stash -q; echo 3 >a; git stash -q");
	assert_string_equal(risks(NULL), "stashed: 2 stash entries\n");
}

static void operations_under_way_count(void **state)
{
	(void)state;
	sh(".", start);
	sh("w",
		"git switch -q -c t; commit a 2; git switch -q s; commit a 3; git push -q origin s "
		"t\n"
		"git merge -q t >/dev/null || true; git checkout -q HEAD -- a");
	assert_string_equal(risks(NULL), "in-progress: a merge is in progress\n");
	sh("w",
		"git merge --abort; git rebase -q t >/dev/null 2>&1 || true; git checkout -q HEAD "
		"-- a");
	assert_string_equal(risks(NULL), "in-progress: a rebase is in progress\n");
	sh("w",
		"git rebase --abort; git cherry-pick t >/dev/null 2>&1 || true; git checkout -q "
		"HEAD -- a");
	assert_string_equal(risks(NULL), "in-progress: a cherry-pick is in progress\n");
	sh("w",
		"git cherry-pick --abort; git bisect start -q; git bisect bad -q 2>/dev/null || "
		"true");
	has(risks(NULL), "in-progress: a bisection is in progress\n");
}

static void commits_are_safe_where_somebody_else_has_them(void **state)
{
	(void)state;
	sh(".", start);
	sh("w", "commit new 1");
	has(risks(NULL), "unpushed: branch 's' (");
	lines(risks(NULL), 1);
	/* On the server, as the last push says. */
	sh("w", "git push -q origin s");
	assert_string_equal(risks(NULL), "");
	/* Only in the main repository. */
	sh("w", "commit new 2");
	lines(risks(NULL), 1);
	sh("w", "git push -q minsky s");
	assert_string_equal(risks(NULL), "");
	/* In the main repository under another name, merged by a commit that we have never seen. */
	sh("w", "commit new 3");
	lines(risks(NULL), 1);
	sh("m",
		"git fetch -q ../w s; tick; git merge -q --no-ff -m m FETCH_HEAD; git branch -q -D "
		"s");
	assert_string_equal(risks(NULL), "");
	/* Objects that no ref of it reaches are as good as gone. */
	sh("m", "git reset -q --hard origin/main");
	lines(risks(NULL), 1);
}

/* What the tracking refs say that main had once is no evidence: main is asked. */
static void what_main_dropped_is_at_risk(void **state)
{
	(void)state;
	sh(".", start);
	sh("w", "git switch -q -c t minsky/main");
	assert_string_equal(risks(NULL), "");
	sh("m", "git reset -q --hard HEAD~1");
	has(risks(NULL), "unpushed: branch 't' (");
	lines(risks(NULL), 1);
}

static void every_kind_of_ref_counts(void **state)
{
	const char *found;

	(void)state;
	sh(".", start);
	sh("w",
		"git switch -q --detach; commit one 1; git tag light; git switch -q --detach "
		"origin/main\n"
		"commit two 1; git notes add -m n; git tag -a -m t heavy origin/main");
	found = risks(NULL);
	has(found, "unpushed: HEAD (");
	has(found, "unpushed: tag 'light' (");
	has(found, "unpushed: ref 'refs/notes/commits' (");
	has(found, "tag: tag 'heavy' is not in the main repository\n");
	lines(found, 4);
	sh("w",
		"git update-ref -d refs/notes/commits; git switch -q s; git tag -d light "
		">/dev/null");
	sh("m", "git fetch -q ../w tag heavy");
	assert_string_equal(risks(NULL), "");
	sh("w", "git tag pic $(echo x | git hash-object -w --stdin)");
	has(risks(NULL), "unpushed: tag 'pic' (");
}

static void published_content_is_safe(void **state)
{
	const char *tip;

	(void)state;
	sh(".", start);
	sh("w", "commit new 1; commit new 2");
	tip = ask("w", "git rev-parse s");
	{
		const char *const published[] = { tip, NULL };
		const char *const older[] = { ask("w", "git rev-parse s~1"), NULL };

		assert_string_equal(risks(published), "");
		lines(risks(older), 1);
		sh("w", "git branch t; commit new 3");
		has(risks(published), "branch 's'");
		lines(risks(published), 1);
	}
}

/* A prepared merge can be made again from its parents, unless somebody put something into it. */
static void prepared_merges_are_safe_with_their_parents(void **state)
{
	struct error err = ERROR_INIT;
	struct pr_commit c = PR_COMMIT_INIT;
	char script[256];

	(void)state;
	sh(".", start);
	sh("w", "commit new 1");
	assert_int_equal(pr_prepare(&c, at("w"), "origin/main", "s", "t", 1, NULL, &err), 0);
	(void)snprintf(script, sizeof(script), "git branch pr/s %s", c.oid.hex);
	sh("w", script);
	lines(risks(NULL), 2);
	sh("w", "git push -q origin s");
	assert_string_equal(risks(NULL), "");
	sh("w",
		"git switch -q pr/s; echo more >more; git add more; tick; git commit -q --amend "
		"--no-edit");
	lines(risks(NULL), 1);
	has(risks(NULL), "unpushed: branch 'pr/s' (");
	pr_commit_release(&c);
}

static void other_work_trees_count(void **state)
{
	char wanted[512];

	(void)state;
	sh(".", start);
	sh("w", "git worktree add -q ../extra -b x origin/main");
	(void)snprintf(wanted, sizeof(wanted),
		"worktree: the linked work tree '%s' belongs to this workspace\n", at("extra"));
	assert_string_equal(risks(NULL), wanted);
}

static void submodules_count(void **state)
{
	const char *found;

	(void)state;
	sh(".", start);
	sh(".",
		"repo sub; cd sub; commit f 1; cd ../w; git -c protocol.file.allow=always "
		"submodule "
		"--quiet add \"$HOME/sub\" lib/sub; tick; git commit -q -m sub; git push -q origin "
		"s");
	assert_string_equal(risks(NULL), "");
	sh("w", "echo x >lib/sub/new");
	has(risks(NULL), "uncommitted: 1 file changed but not committed: lib/sub\n");
	sh("w/lib/sub", "rm new; git switch -q -c side; commit g 1; git switch -q main");
	found = risks(NULL);
	lines(found, 1);
	has(found,
		"submodule: submodule 'lib/sub' has commits or a stash that its remotes do "
		"not have\n");
	/* Also when it is not checked out. */
	sh("w", "git submodule --quiet deinit -f lib/sub");
	lines(risks(NULL), 1);
}

static void a_linked_work_tree_answers_for_itself_alone(void **state)
{
	struct workspace_risks r = { .v = NULL };
	struct error err = ERROR_INIT;

	(void)state;
	sh(".", start);
	sh(".",
		"git -C m worktree add -q ../linked -b wt; cd linked; commit new 1; echo 2 >a\n"
		"git stash -q");
	assert_int_equal(workspace_find_risks(at("linked"), at("m/.git"), NULL, &r, &err), 0);
	assert_int_equal(r.n, 0);
	sh("linked", "git switch -q --detach; commit new 2");
	assert_int_equal(workspace_find_risks(at("linked"), at("m/.git"), NULL, &r, &err), 0);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.v[0].category, "unpushed");
	workspace_risks_release(&r);
}

static void what_git_does_not_answer_is_a_risk(void **state)
{
	struct workspace_risks r = { .v = NULL };
	struct error err = ERROR_INIT;

	(void)state;
	sh(".", start);
	assert_int_equal(workspace_find_risks(at("none"), at("m/.git"), NULL, &r, &err), 0);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.v[0].category, "git-error");
	workspace_risks_release(&r);
	sh(".", "mv m gone");
	has(risks(NULL), "git-error: ");
	sh(".", "mv gone m; echo garbage >w/.git/refs/heads/broken");
	has(risks(NULL), "git-error: ");
	sh(".", "rm w/.git/refs/heads/broken; echo garbage >w/.git/index");
	has(risks(NULL), "git-error: ");
	/* Without its .git it would be answered for by whatever lies above. */
	sh(".", "rm -rf w/.git; git init -q .; printf '*\\n' >.git/info/exclude");
	has(risks(NULL), "git-error: ");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_fresh_workspace_has_none),
		CASE(files_are_named),
		CASE(files_that_git_was_told_not_to_look_at_are_a_risk),
		CASE(stashes_count),
		CASE(operations_under_way_count),
		CASE(commits_are_safe_where_somebody_else_has_them),
		CASE(what_main_dropped_is_at_risk),
		CASE(every_kind_of_ref_counts),
		CASE(published_content_is_safe),
		CASE(prepared_merges_are_safe_with_their_parents),
		CASE(other_work_trees_count),
		CASE(submodules_count),
		CASE(a_linked_work_tree_answers_for_itself_alone),
		CASE(what_git_does_not_answer_is_a_risk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
