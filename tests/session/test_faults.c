/*
 * Each use case that changes something, with an allocation or a system call of ours failing in the
 * middle. Whatever it answers: the journal reads to its end, and the same request, given again,
 * leads to where it would have led at once.
 *
 * A sample of the calls, spread evenly; all of them with MINSKY_TEST_LONG.
 */
#include <stdlib.h>
#include <unistd.h>

#include "core/fs.h"
#include "lib/alloc_fault.h"
#include "lib/fault.h"
#include "session/approve.h"
#include "session/delete.h"
#include "session/pr_create.h"
#include "session/recover.h"
#include "session/rename.h"
#include "session/start.h"
#include "session/use_case.h"

#define SAMPLE 4

struct subject {
	const char *name;
	void (*prepare)(void);
	int (*act)(void); /* the use case; its answer */
	void (*check)(void); /* that it was done, whole, and once */
};

static void nothing(void)
{
}

static int start_clone(void)
{
	const struct start_request req = { .name = "one", .mode = START_MODE_CLONE };
	struct start_result result = { .events = 0 };
	int r = session_start(&repo, &req, &result, &err);

	start_result_release(&result);
	return r;
}

static int start_tree(void)
{
	const struct start_request req = { .name = "one", .mode = START_MODE_WORKTREE };
	struct start_result result = { .events = 0 };
	int r = session_start(&repo, &req, &result, &err);

	start_result_release(&result);
	return r;
}

static void is_started(void)
{
	struct session *s = session("one");
	struct buf root = BUF_INIT;

	assert_true(s->started);
	assert_false(s->deleted);
	assert_string_equal(ask(s->workspace, "git symbolic-ref --short HEAD"), "one");
	assert_string_equal(ask(s->workspace, "git status --porcelain"), "");
	buf_add(&root, s->workspace, strlen(s->workspace) - strlen("/one"));
	assert_string_equal(ask(root.data, "ls -A"), "one");
	buf_release(&root);
}

static void one_session(void)
{
	start("one", false);
}

static void one_tree(void)
{
	start("one", true);
}

static int delete_one(void)
{
	const struct delete_request req = { .override = NULL };
	struct delete_result result = { .purged = 0 };
	struct session s = { .name = NULL };
	int r = repo_project(&repo, &err);

	if (r == 0)
		r = repo.backend->ops->get(
			repo.backend, repo_store(&repo), KEY_NAME, "one", &s, &err);
	if (r == 0)
		r = session_delete(&repo, &s, &req, &result, &err);
	delete_result_release(&result);
	session_release(&s);
	return r;
}

static void is_deleted(void)
{
	struct session gone = { .name = NULL };

	succeeds(session_find_deleted(&repo, "one", true, &gone, &err));
	assert_false(fs_exists(gone.workspace));
	session_release(&gone);
	assert_string_equal(
		ask(".", "find . -path '*/trash/*' -prune -name '*-*-*-*-*' | wc -l"), "1");
}

static void one_deleted(void)
{
	one_session();
	succeeds(delete_one());
}

static int restore_one(void)
{
	struct restore_result result = { .session = { .name = NULL } };
	int r = session_restore(&repo, "one", &result, &err);

	restore_result_release(&result);
	return r;
}

static int rename_one(void)
{
	const struct rename_request req = { .name = "two", .branch = true, .move = true };
	struct rename_result result = { .done = false };
	struct session s = { .name = NULL };
	int r = repo_project(&repo, &err);

	if (r == 0)
		r = repo.backend->ops->get(
			repo.backend, repo_store(&repo), KEY_NAME, "one", &s, &err);
	if (r == 0)
		r = session_rename(&repo, &s, &req, &result, &err);
	outcome_release(&result.outcome);
	session_release(&s);
	return r;
}

static void is_renamed(void)
{
	struct session *s = session("two");

	assert_string_equal(s->branch, "two");
	assert_string_equal(strrchr(s->workspace, '/'), "/two");
	assert_string_equal(ask(s->workspace, "git symbolic-ref --short HEAD"), "two");
}

static void one_pr(void)
{
	const struct pr_request req = { .title = "Fix it" };
	struct pr_result result = { .made = PR_UNCHANGED };

	one_session();
	commit_in("one", "w", "work");
	succeeds(pr_create(&repo, session("one"), &req, &result, &err));
	outcome_release(&result.outcome);
}

static int approve_one(void)
{
	const struct approve_request req = { .what = APPROVE_AND_LAND };
	struct approve_result result = APPROVE_RESULT_INIT;
	struct session s = { .name = NULL };
	int r = repo_project(&repo, &err);

	if (r == 0)
		r = repo.backend->ops->get(
			repo.backend, repo_store(&repo), KEY_NAME, "one", &s, &err);
	if (r == 0)
		r = session_approve(&repo, &s, &req, &result, &err);
	approve_result_release(&result);
	session_release(&s);
	return r;
}

static void is_landed(void)
{
	const struct pr *pr = session_pr(session("one"));

	assert_true(pr->merged_at > 0);
	assert_string_equal(ask("origin.git", "git rev-parse main"), pr->head);
}

static const struct subject subjects[] = {
	{ "start", nothing, start_clone, is_started },
	{ "start --worktree", nothing, start_tree, is_started },
	{ "delete", one_session, delete_one, is_deleted },
	{ "delete of a work tree", one_tree, delete_one, is_deleted },
	{ "restore", one_deleted, restore_one, is_started },
	{ "rename", one_session, rename_one, is_renamed },
	{ "approve", one_pr, approve_one, is_landed },
};

static unsigned sample(unsigned total, unsigned k, unsigned of)
{
	return getenv("MINSKY_TEST_LONG") ? k + 1 : 1 + (unsigned)((uint64_t)total * k / of);
}

/* It answered; now the world has to be such that the same request leads to its end. */
static void finishes(const struct subject *s, int answer, const char *what, unsigned n)
{
	char first[256];
	int r;

	(void)snprintf(first, sizeof(first), "%.255s", answer < 0 ? err.msg : "done");
	error_clear(&err);
	open_again("app", NULL);
	if (repo.known) {
		struct outcome outcome = { .unwell = false };

		(void)told(0);
		/* As every command does first. */
		succeeds(session_recover_all(&repo, &outcome, &err));
		outcome_release(&outcome);
	}
	r = answer == 0 ? 0 : s->act();
	/* It may have been done, and its answer have failed. */
	if (r < 0 && r != ERR_REFUSED && r != ERR_NOTFOUND)
		fail_msg("%s, %s %u: again: %s", s->name, what, n, err.msg);
	if (r < 0)
		print_message("%s, %s %u (%s): again: %s\n", s->name, what, n, first, err.msg);
	error_clear(&err);
	s->check();
}

static void sweep(const struct subject *s, bool memory)
{
	unsigned total = 0, points = SAMPLE;
	void *state = NULL;

	for (unsigned k = 0; k <= points; k++) {
		unsigned n = k ? sample(total, k - 1, points) : 0;
		int r;

		assert_int_equal(use_case_setup(&state), 0);
		s->prepare();
		if (memory)
			alloc_fault_arm(n);
		else
			fault_arm(FAULT_EIO, n ? n : 1u << 30);
		r = s->act();
		if (memory)
			total = k ? total : alloc_fault_disarm();
		else
			fault_disarm();
		if (memory && k)
			(void)alloc_fault_disarm();
		if (!memory && !k)
			total = fault_count();
		if (!k) {
			succeeds(r);
			if (getenv("MINSKY_TEST_LONG"))
				points = total;
		}
		finishes(s, r, memory ? "allocation" : "call", n);
		assert_int_equal(use_case_teardown(&state), 0);
	}
}

static void out_of_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		sweep(&subjects[i], true);
}

static void a_call_fails(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++)
		sweep(&subjects[i], false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_of_memory),
		cmocka_unit_test(a_call_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
