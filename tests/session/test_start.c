#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "session/start.h"
#include "session/use_case.h"

static struct start_result result;

static int setup(void **state)
{
	result = (struct start_result){ .events = 0 };
	return use_case_setup(state);
}

static int teardown(void **state)
{
	start_result_release(&result);
	return use_case_teardown(state);
}

static int run(const struct start_request *req)
{
	start_result_release(&result);
	return session_start(&repo, req, &result, &err);
}

static void a_clone_on_its_own_branch(void **state)
{
	const struct start_request req = {
		.task = "#12", .description = "Fix the login", .mode = START_MODE_CLONE
	};

	(void)state;
	assert_false(repo.known);
	succeeds(run(&req));
	assert_true(repo.known);
	assert_string_equal(result.session.name, "task-12");
	assert_string_equal(result.session.task_id, "12");
	assert_string_equal(result.session.base_branch, "main");
	assert_string_equal(
		ask(result.session.workspace, "git symbolic-ref HEAD"), "refs/heads/task-12");
	assert_string_equal(ask(result.session.workspace, "git rev-parse HEAD"),
		ask("app", "git rev-parse origin/main"));
	assert_non_null(strstr(told(0), "session.starting session.started"));
	assert_false(result.outcome.unwell);
	/* There is no program to install, and that is a word, no failure. */
	assert_true(has_word(&result.outcome, "hooks"));
}

static void a_linked_work_tree(void **state)
{
	const struct start_request req = { .name = "one", .mode = START_MODE_WORKTREE };

	(void)state;
	succeeds(run(&req));
	assert_true(session_is_linked(&result.session));
	assert_string_equal(ask(result.session.workspace, "git rev-parse --git-common-dir"),
		ask("app", "realpath .git"));
}

static void mode_and_base_come_from_the_settings(void **state)
{
	static const char *const settings[] = { "session.mode=worktree", "session.base=next",
		NULL };
	const struct start_request req = { .name = "one" },
				   clone = {
					   .name = "two", .mode = START_MODE_CLONE, .base = "main"
				   };

	(void)state;
	sh("app", "git switch -q -c next; commit c three; git switch -q main");
	open_again("app", settings);
	succeeds(run(&req));
	assert_true(session_is_linked(&result.session));
	assert_string_equal(result.session.base_branch, "next");
	succeeds(run(&clone));
	assert_false(session_is_linked(&result.session));
	assert_string_equal(result.session.base_branch, "main");
}

static void a_base_of_the_settings_that_is_not_there_is_named(void **state)
{
	static const char *const settings[] = { "session.base=nowhere", NULL };
	const struct start_request req = { .name = "one" };

	(void)state;
	open_again("app", settings);
	refuses(run(&req), ERR_NOTFOUND, "session.base (command line");
	assert_null(strstr(told(0), "session.start"));
}

static void what_makes_no_sense_is_no_request(void **state)
{
	const struct start_request none = { .name = NULL }, bad = { .name = "../x" },
				   branch = { .name = "x", .branch = "-x" };

	(void)state;
	assert_int_equal(start_check(&none, &err), ERR_USAGE);
	assert_int_equal(start_check(&bad, &err), ERR_USAGE);
	assert_int_equal(start_check(&branch, &err), ERR_USAGE);
	error_clear(&err);
	assert_int_equal(run(&none), ERR_USAGE);
	assert_false(repo.known);
	error_clear(&err);
}

static void a_name_and_a_task_are_taken_once(void **state)
{
	const struct start_request one = { .name = "one", .task = "7" }, name = { .name = "one" },
				   task = { .name = "two", .task = "#7" };
	uint64_t seq;

	(void)state;
	succeeds(run(&one));
	seq = last_seq();
	refuses(run(&name), ERR_REFUSED, "'one'");
	refuses(run(&task), ERR_REFUSED, "task 7");
	assert_string_equal(told(seq), "");
}

static void inside_a_workspace_it_is_refused(void **state)
{
	const struct start_request req = { .name = "two" };
	char path[1024];

	(void)state;
	start("one", false);
	(void)snprintf(path, sizeof(path), "%s", workspace("one") + strlen(world()) + 1);
	open_again(path, NULL);
	refuses(run(&req), ERR_REFUSED, "'one'");
}

static void a_directory_in_the_way_stays(void **state)
{
	const struct start_request req = { .name = "two" };
	char path[1024];

	(void)state;
	start("one", false);
	(void)snprintf(path, sizeof(path), "%.*stwo",
		(int)(strlen(workspace("one")) - strlen("one")), workspace("one"));
	assert_int_equal(mkdir(path, 0700), 0);
	refuses(run(&req), ERR_REFUSED, path);
	assert_true(fs_is_dir(path));
}

static void a_setup_that_fails_leaves_a_session_that_is_not_well(void **state)
{
	static const char *const settings[] = {
		"session.setup=echo \"$MINSKY_SESSION\" >done; exit 3", NULL
	};
	const struct start_request req = { .name = "one" };

	(void)state;
	open_again("app", settings);
	succeeds(run(&req));
	assert_true(result.outcome.unwell);
	assert_true(has_word(&result.outcome, "session.setup"));
	assert_string_equal(ask(result.session.workspace, "cat done"), "one");
}

static void what_is_there_is_adopted(void **state)
{
	const struct start_request req = { .description = "taken over" },
				   branch = { .branch = "feat/x", .mode = START_MODE_CLONE };
	struct start_result again = { .events = 0 };

	(void)state;
	start("one", false);
	sh(".", "git clone -q origin.git mine; cd mine; git switch -q -c mine; commit m mine");
	open_again("mine", NULL);
	start_result_release(&result);
	succeeds(session_adopt(&repo, &req, at("mine"), &result, &err));
	assert_string_equal(result.session.name, "mine");
	assert_string_equal(result.session.workspace, at("mine"));
	assert_true(result.events > 0);
	refuses(session_adopt(&repo, &req, at("mine"), &again, &err), ERR_REFUSED, "'mine'");
	start_result_release(&again);
	sh("app", "git branch feat/x; git switch -q feat/x; commit f x; git switch -q main");
	open_again("app", NULL);
	succeeds(session_adopt(&repo, &branch, NULL, &again, &err));
	assert_string_equal(again.session.name, "feat-x");
	assert_string_equal(ask(again.session.workspace, "git rev-parse HEAD"),
		ask("app", "git rev-parse feat/x"));
	start_result_release(&again);
}

static void what_cannot_be_adopted_is_refused(void **state)
{
	const struct start_request req = { .name = NULL }, main = { .branch = "main" };

	(void)state;
	start("one", false);
	refuses(session_adopt(&repo, &main, NULL, &result, &err), ERR_REFUSED, "base branch");
	start_result_release(&result);
	sh("alone", "git switch -q -c other");
	open_again("alone", NULL);
	refuses(session_adopt(&repo, &req, at("alone"), &result, &err), ERR_REFUSED, "not a clone");
	assert_false(repo.known);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_clone_on_its_own_branch),
		TEST(a_linked_work_tree),
		TEST(mode_and_base_come_from_the_settings),
		TEST(a_base_of_the_settings_that_is_not_there_is_named),
		TEST(what_makes_no_sense_is_no_request),
		TEST(a_name_and_a_task_are_taken_once),
		TEST(inside_a_workspace_it_is_refused),
		TEST(a_directory_in_the_way_stays),
		TEST(a_setup_that_fails_leaves_a_session_that_is_not_well),
		TEST(what_is_there_is_adopted),
		TEST(what_cannot_be_adopted_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
