/* A PR from its making to its end. */
#include <unistd.h>

#include "session/approve.h"
#include "session/pr_close.h"
#include "session/pr_create.h"
#include "session/use_case.h"

static const struct pr_request make = { .title = "Fix it", .body = "For good.", .body_len = 9 };

static void with_pr(const char *name)
{
	struct pr_result result = { .made = PR_UNCHANGED };

	start(name, false);
	commit_in(name, name, "work");
	succeeds(pr_create(&repo, session(name), &make, &result, &err));
	assert_int_equal(result.made, PR_MADE);
	outcome_release(&result.outcome);
}

static void made_refreshed_and_left_alone(void **state)
{
	const struct pr_request again = { .title = NULL };
	struct pr_result result = { .made = PR_MADE };
	struct session *s;
	uint64_t seq;

	(void)state;
	with_pr("one");
	s = session("one");
	assert_true(session_pr(s)->exists);
	assert_string_equal(ask("origin.git", "git rev-parse pr/one"), session_pr(s)->head);
	assert_string_equal(ask("origin.git", "git log -1 --format=%s pr/one"), "Fix it");
	seq = last_seq();
	succeeds(pr_create(&repo, s, &again, &result, &err));
	assert_int_equal(result.made, PR_UNCHANGED);
	assert_string_equal(told(seq), "");
	commit_in("one", "more", "work");
	succeeds(pr_create(&repo, session("one"), &again, &result, &err));
	assert_int_equal(result.made, PR_REFRESHED);
	assert_non_null(strstr(told(seq), "commit.created pr.updated"));
	outcome_release(&result.outcome);
}

static void what_is_in_no_commit_is_a_reason(void **state)
{
	struct pr_result result = { .made = PR_UNCHANGED };

	(void)state;
	start("one", false);
	commit_in("one", "w", "work");
	sh(workspace("one"), "echo x >>w; echo y >new");
	refuses(pr_create(&repo, session("one"), &make, &result, &err), ERR_REFUSED, "2 files");
	assert_true(has_reason(&result.outcome, "changed"));
	assert_true(has_reason(&result.outcome, "untracked"));
	assert_false(sh_ok("origin.git", "git rev-parse -q --verify pr/one"));
	outcome_release(&result.outcome);
}

static void a_conflict_with_the_base_is_a_reason(void **state)
{
	const struct pr_request req = { .title = "x", .fetch = true };
	struct pr_result result = { .made = PR_UNCHANGED };

	(void)state;
	start("one", false);
	commit_in("one", "a", "mine");
	commit_on_main("a", "theirs");
	assert_int_equal(pr_create(&repo, session("one"), &req, &result, &err), ERR_REFUSED);
	assert_true(has_reason(&result.outcome, "conflict"));
	assert_false(sh_ok("origin.git", "git rev-parse -q --verify pr/one"));
	error_clear(&err);
	outcome_release(&result.outcome);
}

static void approved_and_landed(void **state)
{
	const struct approve_request req = { .what = APPROVE_AND_LAND };
	struct approve_result result = APPROVE_RESULT_INIT;
	struct session *s;
	uint64_t seq;

	(void)state;
	with_pr("one");
	seq = last_seq();
	s = session("one");
	succeeds(session_approve(&repo, s, &req, &result, &err));
	assert_int_equal(result.needs_consent.len, 0);
	assert_true(session_pr(s)->merged_at > 0);
	assert_false(session_pr(s)->exists);
	assert_string_equal(ask("origin.git", "git rev-parse main"), session_pr(s)->head);
	assert_string_equal(ask("app", "git rev-parse main"), session_pr(s)->head);
	assert_false(sh_ok("origin.git", "git rev-parse -q --verify pr/one"));
	assert_non_null(strstr(told(seq), "pr.approved pr.merged"));
	refuses(session_approve(&repo, s, &req, &result, &err), ERR_REFUSED, "merged");
	approve_result_release(&result);
}

static void an_approval_is_of_one_commit(void **state)
{
	const struct approve_request approve = { .what = APPROVE_ONLY },
				     land = { .what = LAND_APPROVED },
				     other = { .what = APPROVE_ONLY, .head = "0000000" };
	const struct pr_request again = { .title = NULL };
	struct approve_result result = APPROVE_RESULT_INIT;
	struct pr_result made = { .made = PR_UNCHANGED };
	struct session *s;

	(void)state;
	with_pr("one");
	s = session("one");
	refuses(session_approve(&repo, s, &land, &result, &err), ERR_REFUSED, "not approved");
	refuses(session_approve(&repo, s, &other, &result, &err), ERR_REFUSED, "0000000");
	succeeds(session_approve(&repo, s, &approve, &result, &err));
	assert_false(result.unchanged);
	succeeds(session_approve(&repo, s, &approve, &result, &err));
	assert_true(result.unchanged);
	commit_in("one", "more", "work");
	succeeds(pr_create(&repo, session("one"), &again, &made, &err));
	s = session("one");
	assert_int_equal(session_approve(&repo, s, &land, &result, &err), ERR_REFUSED);
	error_clear(&err);
	succeeds(session_approve(&repo, s, &approve, &result, &err));
	succeeds(session_approve(&repo, s, &land, &result, &err));
	assert_true(session_pr(s)->merged_at > 0);
	approve_result_release(&result);
	outcome_release(&made.outcome);
}

static void a_base_that_moved_is_refused_and_nothing_has_changed(void **state)
{
	const struct approve_request req = { .what = APPROVE_AND_LAND };
	struct approve_result result = APPROVE_RESULT_INIT;
	struct session *s;
	char main[80];

	(void)state;
	with_pr("one");
	commit_on_main("c", "three");
	(void)snprintf(main, sizeof(main), "%s", ask("origin.git", "git rev-parse main"));
	s = session("one");
	assert_int_equal(session_approve(&repo, s, &req, &result, &err), ERR_REFUSED);
	assert_string_equal(ask("origin.git", "git rev-parse main"), main);
	assert_true(sh_ok("origin.git", "git rev-parse -q --verify pr/one"));
	assert_false(session_pr(session("one"))->merged_at);
	error_clear(&err);
	approve_result_release(&result);
}

static void closed_and_reopened(void **state)
{
	struct session *s;
	bool done = false;
	char head[80];

	(void)state;
	with_pr("one");
	s = session("one");
	(void)snprintf(head, sizeof(head), "%s", session_pr(s)->head);
	succeeds(pr_close(&repo, s, &done, &err));
	assert_true(done);
	assert_true(session_pr(s)->closed_at > 0);
	assert_false(sh_ok("origin.git", "git rev-parse -q --verify pr/one"));
	succeeds(pr_close(&repo, s, &done, &err));
	assert_false(done);
	succeeds(pr_reopen(&repo, s, &done, &err));
	assert_true(done);
	assert_string_equal(ask("origin.git", "git rev-parse pr/one"), head);
	assert_true(session_pr(s)->exists);
}

static void without_a_pr_there_is_nothing_to_say_yes_to(void **state)
{
	const struct approve_request req = { .what = APPROVE_AND_LAND };
	struct approve_result result = APPROVE_RESULT_INIT;
	bool done = false;

	(void)state;
	start("one", false);
	refuses(session_approve(&repo, session("one"), &req, &result, &err), ERR_NOTFOUND, "no PR");
	refuses(pr_close(&repo, session("one"), &done, &err), ERR_NOTFOUND, "no PR");
	approve_result_release(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		USE_CASE(made_refreshed_and_left_alone),
		USE_CASE(what_is_in_no_commit_is_a_reason),
		USE_CASE(a_conflict_with_the_base_is_a_reason),
		USE_CASE(approved_and_landed),
		USE_CASE(an_approval_is_of_one_commit),
		USE_CASE(a_base_that_moved_is_refused_and_nothing_has_changed),
		USE_CASE(closed_and_reopened),
		USE_CASE(without_a_pr_there_is_nothing_to_say_yes_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
