/* What is read of a git directory without git, against what git writes there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/gitfiles/gitdir.h"
#include "core/gitfiles/operation.h"
#include "core/gitfiles/refs.h"
#include "lib/world.h"

static struct error err;

static bool goes_on(const char *git_dir, const char *file)
{
	bool there = false;

	assert_int_equal(operation_look(git_dir, file, &there, &err), 0);
	return there;
}

/* The names of all that go on, one behind the other. */
static const char *under_way(const char *git_dir)
{
	static char names[512];
	size_t len = 0;

	names[0] = '\0';
	for (const struct operation *o = operations; o->file; o++)
		if (goes_on(git_dir, o->file))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s;", o->what);
	return names;
}

static void operations_are_seen_while_they_go_on(void **state)
{
	(void)state;
	sh(".",
		"repo r; cd r; commit f 1; git switch -q -c b; commit f 2; git switch -q main\n"
		"commit f 3");
	assert_string_equal(under_way(at("r/.git")), "");
	assert_false(operation_is_rebase(at("r/.git")));
	sh("r", "git merge -q b >out 2>&1 || true");
	assert_string_equal(under_way(at("r/.git")), "a merge;");
	sh("r", "git merge --abort; git cherry-pick b >out 2>&1 || true");
	assert_string_equal(under_way(at("r/.git")), "a cherry-pick;");
	sh("r", "git cherry-pick --abort; git bisect start >out");
	assert_string_equal(under_way(at("r/.git")), "a bisection;");
	sh("r", "git bisect reset >out 2>&1");
	assert_string_equal(under_way(at("r/.git")), "");
}

static void a_rebase_is_told_from_git_am_and_knows_its_branch(void **state)
{
	static const char *const backends[] = { "--merge", "--apply" };

	(void)state;
	sh(".",
		"repo r; cd r; commit f 1; git switch -q -c b; commit f 2; git switch -q main\n"
		"commit f 3; git format-patch -q -1 b --stdout >../patch");
	for (size_t i = 0; i < 2; i++) {
		char script[128];

		(void)snprintf(script, sizeof(script), "git rebase -q %s main b >out 2>&1 || true",
			backends[i]);
		sh("r", script);
		assert_true(operation_is_rebase(at("r/.git")));
		assert_true(operation_is_rebase_of(at("r/.git"), "b"));
		assert_false(operation_is_rebase_of(at("r/.git"), "main"));
		sh("r", "git rebase --abort");
		assert_false(operation_is_rebase(at("r/.git")));
		assert_false(operation_is_rebase_of(at("r/.git"), "b"));
	}
	sh("r", "git switch -q main; git am -q ../patch >out 2>&1 || true");
	assert_string_equal(under_way(at("r/.git")), "a rebase or git am;");
	assert_false(operation_is_rebase(at("r/.git")));
}

static void a_file_of_a_ref_is_symbolic_or_an_id(void **state)
{
	struct buf target = BUF_INIT;
	struct oid oid;

	(void)state;
	sh(".", "repo r; cd r; commit f 1");
	assert_int_equal(ref_file_read(at("r/.git"), "HEAD", &target, &oid, &err), 0);
	assert_string_equal(target.data, "refs/heads/main");
	assert_true(oid_is_none(&oid));
	assert_int_equal(ref_file_read(at("r/.git"), "refs/heads/main", &target, &oid, &err), 0);
	assert_string_equal(target.data, "");
	assert_string_equal(oid.hex, ask("r", "git rev-parse HEAD"));
	/* As a very old git made it. */
	sh("r", "rm .git/HEAD; ln -s refs/heads/main .git/HEAD");
	assert_int_equal(ref_file_read(at("r/.git"), "HEAD", &target, &oid, &err), 0);
	assert_string_equal(target.data, "refs/heads/main");
	sh("r", "rm .git/HEAD; echo 'ref: ' >.git/HEAD");
	assert_int_equal(ref_file_read(at("r/.git"), "HEAD", &target, &oid, &err), ERR_CORRUPT);
	assert_int_equal(head_read(at("r/.git"), &target, &err), ERR_CORRUPT);
	sh("r", "echo nothing >.git/HEAD");
	assert_int_equal(head_read(at("r/.git"), &target, &err), 0);
	assert_string_equal(target.data, "");
	assert_int_equal(
		ref_file_read(at("r/.git"), "refs/heads/x", &target, &oid, &err), ERR_NOTFOUND);
	buf_release(&target);
}

static void a_linked_work_tree_leads_to_its_repository(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	sh(".", "repo r; cd r; commit f 1; git worktree add -q ../l");
	assert_int_equal(gitdir_common(at("r/.git"), &out, &err), 0);
	assert_string_equal(out.data, at("r/.git"));
	assert_int_equal(gitdir_common(at("r/.git/worktrees/l"), &out, &err), 0);
	assert_string_equal(out.data, at("r/.git"));
	assert_int_equal(gitdir_linked_top(at("r/.git/worktrees/l"), &out, &err), 0);
	assert_string_equal(out.data, at("l"));
	assert_int_equal(gitdir_linked_top(at("r/.git"), &out, &err), ERR_NOTFOUND);
	sh("r", ": >.git/worktrees/l/commondir");
	error_clear(&err);
	assert_int_equal(gitdir_common(at("r/.git/worktrees/l"), &out, &err), ERR_CORRUPT);
	buf_release(&out);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(operations_are_seen_while_they_go_on),
		TEST(a_rebase_is_told_from_git_am_and_knows_its_branch),
		TEST(a_file_of_a_ref_is_symbolic_or_an_id),
		TEST(a_linked_work_tree_leads_to_its_repository),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
