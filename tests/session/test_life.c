/* What happens to a session: notes, names, updates, deletion and what comes after it. */
#include <unistd.h>

#include "core/fs.h"
#include "session/delete.h"
#include "session/note.h"
#include "session/purge.h"
#include "session/rename.h"
#include "session/sync.h"
#include "session/update.h"
#include "session/use_case.h"

static void notes_replace_each_other(void **state)
{
	const struct note_request waits = { .state = "waiting", .text = "for review" },
				  text = { .text = "for Bob" }, done = { .state = "done" },
				  gone = { .clear = true }, bad = { .state = "idle" },
				  both = { .clear = true, .text = "x" },
				  lines = { .text = "two\nlines" };
	struct session *s;
	bool changed = false;
	uint64_t seq;

	(void)state;
	start("one", false);
	seq = last_seq();
	s = session("one");
	succeeds(session_note(&repo, s, &waits, &changed, &err));
	assert_true(changed);
	assert_string_equal(s->note_state, "waiting");
	succeeds(session_note(&repo, s, &waits, &changed, &err));
	assert_false(changed);
	succeeds(session_note(&repo, s, &text, &changed, &err));
	assert_string_equal(s->note_state, "waiting");
	assert_string_equal(s->note_text, "for Bob");
	succeeds(session_note(&repo, s, &done, &changed, &err));
	assert_null(s->note_text);
	succeeds(session_note(&repo, s, &gone, &changed, &err));
	assert_null(s->note_state);
	assert_string_equal(told(seq), "session.noted session.noted session.noted session.noted");
	assert_int_equal(session_note(&repo, s, &bad, &changed, &err), ERR_USAGE);
	assert_int_equal(session_note(&repo, s, &both, &changed, &err), ERR_USAGE);
	assert_int_equal(session_note(&repo, s, &lines, &changed, &err), ERR_USAGE);
	error_clear(&err);
}

static void a_name_its_branch_and_its_directory(void **state)
{
	const struct rename_request name = { .name = "two" },
				    all = { .name = "three", .branch = true, .move = true };
	struct rename_result result = { .done = false };
	char old[1024];
	struct session *s;

	(void)state;
	start("one", false);
	start("taken", false);
	s = session("one");
	(void)snprintf(old, sizeof(old), "%s", s->workspace);
	succeeds(session_rename(&repo, s, &name, &result, &err));
	assert_true(result.done);
	assert_string_equal(s->name, "two");
	assert_string_equal(s->branch, "one");
	assert_string_equal(s->workspace, old);
	succeeds(session_rename(&repo, s, &name, &result, &err));
	assert_false(result.done);
	succeeds(session_rename(&repo, s, &all, &result, &err));
	assert_string_equal(s->branch, "three");
	assert_false(fs_exists(old));
	assert_string_equal(ask(s->workspace, "git symbolic-ref --short HEAD"), "three");
	outcome_release(&result.outcome);
}

static void a_name_that_is_taken_changes_nothing(void **state)
{
	const struct rename_request req = { .name = "taken", .branch = true, .move = true };
	struct rename_result result = { .done = false };
	struct session *s;
	uint64_t seq;

	(void)state;
	start("one", false);
	start("taken", false);
	seq = last_seq();
	s = session("one");
	refuses(session_rename(&repo, s, &req, &result, &err), ERR_REFUSED, "'taken'");
	assert_string_equal(told(seq), "");
	assert_string_equal(ask(workspace("one"), "git symbolic-ref --short HEAD"), "one");
	outcome_release(&result.outcome);
}

static void the_base_comes_in(void **state)
{
	const struct update_request req = { .fetch = true },
				    dry = { .fetch = true, .dry_run = true };
	struct update_result result = { .how = NULL };
	struct session *s;

	(void)state;
	start("one", false);
	commit_on_main("c", "three");
	s = session("one");
	succeeds(session_update(&repo, s, &dry, &result, &err));
	assert_string_equal(result.how, "ff");
	assert_false(sh_ok(s->workspace, "test -e c"));
	succeeds(session_update(&repo, s, &req, &result, &err));
	assert_true(sh_ok(s->workspace, "test -e c"));
	commit_in("one", "d", "four");
	commit_on_main("e", "five");
	s = session("one");
	succeeds(session_update(&repo, s, &req, &result, &err));
	assert_string_equal(result.how, "merge");
	result.how = NULL;
	succeeds(session_update(&repo, s, &req, &result, &err));
	assert_null(result.how);
	outcome_release(&result.outcome);
}

static void a_conflict_is_found_before_anything_changes(void **state)
{
	const struct update_request req = { .fetch = true };
	struct update_result result = { .how = NULL };
	struct session *s;
	char tip[80];

	(void)state;
	start("one", false);
	commit_in("one", "a", "mine");
	commit_on_main("a", "theirs");
	s = session("one");
	(void)snprintf(tip, sizeof(tip), "%s", ask(s->workspace, "git rev-parse HEAD"));
	assert_int_equal(session_update(&repo, s, &req, &result, &err), ERR_REFUSED);
	assert_true(has_reason(&result.outcome, "conflict"));
	assert_string_equal(ask(s->workspace, "git rev-parse HEAD; git status --porcelain"), tip);
	error_clear(&err);
	outcome_release(&result.outcome);
}

static void what_could_be_lost_stands_against_deleting(void **state)
{
	struct delete_request req = { .override = NULL };
	struct delete_result result = { .purged = 0 };
	struct session *s;
	uint64_t seq;

	(void)state;
	start("one", false);
	commit_in("one", "w", "work");
	s = session("one");
	sh(s->workspace, "echo x >>w; echo y >new");
	seq = last_seq();
	assert_int_equal(session_delete(&repo, s, &req, &result, &err), ERR_REFUSED);
	assert_true(has_reason(&result.outcome, "unmerged"));
	assert_true(has_reason(&result.outcome, "untracked"));
	assert_null(strstr(told(seq), "session.deleted"));
	assert_true(fs_is_dir(session("one")->workspace));
	error_clear(&err);
	delete_result_release(&result);
	req.override = "it was a try";
	succeeds(session_delete(&repo, session("one"), &req, &result, &err));
	assert_true(result.session.deleted);
	assert_non_null(strstr(told(seq), "override.used session.deleted"));
	delete_result_release(&result);
}

static void nobody_deletes_the_ground_below_his_feet(void **state)
{
	struct delete_request req = { .override = "now" };
	struct delete_result result = { .purged = 0 };
	struct session *s;

	(void)state;
	start("one", false);
	s = session("one");
	req.cwd = s->workspace;
	refuses(session_delete(&repo, s, &req, &result, &err), ERR_REFUSED, "'one'");
	assert_true(fs_is_dir(s->workspace));
	delete_result_release(&result);
}

static void deleted_and_restored(void **state)
{
	const struct delete_request req = { .override = NULL };
	const bool kinds[] = { false, true };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const char *name = kinds[i] ? "tree" : "clone";
		struct delete_result gone = { .purged = 0 };
		struct restore_result back = { .session = { .name = NULL } };
		char dir[1024];
		uint64_t seq;

		start(name, kinds[i]);
		(void)snprintf(dir, sizeof(dir), "%s", workspace(name));
		succeeds(session_delete(&repo, session(name), &req, &gone, &err));
		assert_false(fs_exists(dir));
		assert_true(has_word(&gone.outcome, "in the trash"));
		succeeds(session_restore(&repo, name, &back, &err));
		assert_string_equal(back.session.workspace, dir);
		assert_string_equal(ask(dir, "git symbolic-ref --short HEAD"), name);
		restore_result_release(&back);
		/* It is there: asking again changes nothing. */
		seq = last_seq();
		succeeds(session_restore(&repo, name, &back, &err));
		assert_string_equal(told(seq), "");
		delete_result_release(&gone);
		restore_result_release(&back);
	}
}

static int count(void *arg, const struct session *s, const char *where, struct error *e)
{
	(void)e;
	assert_non_null(s->name);
	assert_true(fs_is_dir(where));
	++*(size_t *)arg;
	return 0;
}

static void purged_for_good(void **state)
{
	const struct delete_request req = { .override = NULL };
	struct purge_request purge = { .key = "one", .keep_ms = PURGE_KEEP, .dry_run = true };
	struct delete_result gone = { .purged = 0 };
	struct restore_result back = { .session = { .name = NULL } };
	uint64_t seq;
	size_t n = 0;

	(void)state;
	start("one", false);
	succeeds(session_delete(&repo, session("one"), &req, &gone, &err));
	seq = last_seq();
	succeeds(session_purge(&repo, &purge, count, &n, &err));
	assert_int_equal(n, 1);
	assert_string_equal(told(seq), "");
	purge.key = NULL; /* it is younger than trash.keep */
	succeeds(session_purge(&repo, &purge, count, &n, &err));
	assert_int_equal(n, 1);
	purge.key = "one";
	purge.dry_run = false;
	succeeds(session_purge(&repo, &purge, count, &n, &err));
	assert_int_equal(n, 2);
	assert_string_equal(told(seq), "session.purged");
	refuses(session_purge(&repo, &purge, count, &n, &err), ERR_NOTFOUND, "not in the trash");
	assert_int_equal(session_restore(&repo, "one", &back, &err), ERR_NOTFOUND);
	error_clear(&err);
	delete_result_release(&gone);
	restore_result_release(&back);
}

static void a_lost_workspace_is_deleted_all_the_same(void **state)
{
	const struct delete_request req = { .override = NULL };
	struct delete_result gone = { .purged = 0 };
	struct session *s;

	(void)state;
	start("one", false);
	s = session("one");
	assert_int_equal(fs_remove_tree(s->workspace, &err), 0);
	succeeds(session_delete(&repo, s, &req, &gone, &err));
	assert_true(gone.session.deleted);
	assert_false(has_word(&gone.outcome, "restore"));
	delete_result_release(&gone);
}

/* Nobody rang: what git did is noticed by whoever syncs. */
static void sync_notices_what_no_hook_told(void **state)
{
	const struct sync_request req = { .since = NULL };
	struct sync_result result = { .hub = false };
	uint64_t seq;

	(void)state;
	start("one", false);
	seq = last_seq();
	commit_in("one", "w", "work");
	succeeds(session_sync(&repo, &req, &result, &err));
	assert_int_equal(result.events, 1);
	assert_string_equal(told(seq), "commit.created");
	assert_false(result.hub);
	assert_false(result.outcome.unwell);
	outcome_release(&result.outcome);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		USE_CASE(notes_replace_each_other),
		USE_CASE(a_name_its_branch_and_its_directory),
		USE_CASE(a_name_that_is_taken_changes_nothing),
		USE_CASE(the_base_comes_in),
		USE_CASE(a_conflict_is_found_before_anything_changes),
		USE_CASE(what_could_be_lost_stands_against_deleting),
		USE_CASE(nobody_deletes_the_ground_below_his_feet),
		USE_CASE(deleted_and_restored),
		USE_CASE(purged_for_good),
		USE_CASE(a_lost_workspace_is_deleted_all_the_same),
		USE_CASE(sync_notices_what_no_hook_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
