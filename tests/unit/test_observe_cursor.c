/* Telling each thing once, whatever happens to cursors, locks, logs and refs in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "core/event.h"
#include "core/fs.h"
#include "core/json.h"
#include "lib/journals.h"
#include "lib/observing.h"
#include "lib/scratch.h"
#include "lib/world.h"

#define SESSION "0192f0c1-0000-7000-8000-000000000001"

static void nothing_of_the_past_is_told(void **state)
{
	(void)state;
	sh(".", "repo repo; cd repo; commit f 1; git branch feat; git switch -q --detach");
	observing_start(at("repo/.git"));
	assert_int_equal(ring(true), 0);
	assert_int_equal(ring(false), 0);
}

static void a_bell_without_cursor_starts_at_the_present(void **state)
{
	(void)state;
	sh(".", "repo repo; cd repo; commit f 1");
	assert_int_equal(ring(false), 0);
	sh("repo", "commit f 2 two");
	assert_int_equal(ring(false), 1);
	assert_string_equal(news(), "commit.created main commit two\n");
}

static void an_event_says_where_git_wrote_it(void **state)
{
	const struct event_key key = { .seq = 1 };
	struct event e = { .type = EVENT_UNKNOWN };
	struct journals_read r;
	struct journal_reader *reader = NULL;
	const struct record *rec = NULL;
	struct error err = ERROR_INIT;

	(void)state;
	memcpy(observing_pointer.session, SESSION, sizeof(SESSION));
	observing_begin();
	sh("repo", "commit f 1 one");
	assert_int_equal(ring(false), 1);
	r = journals_read(observing_journal, 0);
	assert_int_equal(r.records, 1);
	assert_int_equal(journal_reader_open(&reader, observing_journal, NULL, 0, NULL, &err), 0);
	assert_int_equal(journal_reader_next(reader, &rec, &err), 0);
	assert_int_equal(event_decode(&e, rec->body, rec->body_len, &key, &err), 0);
	assert_string_equal(e.session, SESSION);
	assert_string_equal(e.via, "hook");
	assert_string_equal(e.src.ref, "refs/heads/main");
	assert_string_equal(e.src.old_oid, ask("repo", "git rev-parse HEAD~1"));
	assert_string_equal(e.src.new_oid, ask("repo", "git rev-parse HEAD"));
	assert_true(e.src.n == 1);
	assert_true(e.at == strtoll(ask("repo", "git log -1 --format=%ct"), NULL, 10) * 1000);
	assert_string_equal(json_get_string(e.data, "oid"), e.src.new_oid);
	event_release(&e);
	journal_reader_close(reader);
}

static void deletions_are_found_by_comparing(void **state)
{
	(void)state;
	observing_begin();
	sh("repo", "git branch feat; git branch pr/x");
	assert_int_equal(ring(true), 2);
	(void)news();
	sh("repo", "git branch -q -D feat; git branch -q -D pr/x");
	assert_int_equal(ring(false), 1);
	assert_string_equal(news(), "branch.deleted pr/x ?\n");
	assert_int_equal(ring(true), 1);
	assert_string_equal(news(), "branch.deleted feat ?\n");
	sh("repo", "git branch feat; git branch pr/x");
	assert_int_equal(ring(true), 2);
	assert_int_equal(ring(true), 0);
}

static void a_known_branch_is_renamed_not_deleted(void **state)
{
	(void)state;
	observing_begin();
	sh("repo", "git branch pr/a; git switch -q -c feat; commit f 1 one");
	(void)ring(true);
	(void)news();
	sh("repo", "commit f 2 two; git branch -m feat fix; git branch -m pr/a pr/b");
	(void)ring(false);
	assert_string_equal(news(),
		"commit.created feat commit two\nbranch.renamed feat fix\n"
		"branch.renamed pr/a pr/b\n");
	assert_int_equal(ring(true), 0);
}

static void moves_that_decide_what_is_merged_need_facts(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	observing_begin();
	sh("repo", "commit f 1 one");
	assert_int_equal(ring(false), 1);
	assert_false(observing_facts);
	assert_int_equal(watched_base_add(at("journal"), "main", &err), 0);
	assert_int_equal(watched_base_add(at("journal"), "main", &err), 0);
	assert_true(watched_base_has(at("journal"), "main"));
	assert_false(watched_base_has(at("journal"), "mai"));
	sh("repo", "commit f 2 two");
	assert_int_equal(ring(false), 1);
	assert_true(observing_facts);
	sh("repo", "git switch -q -c feat; commit f 3 three");
	assert_int_equal(ring(false), 3);
	assert_false(observing_facts);
	sh("repo", "git branch pr/x");
	assert_int_equal(ring(false), 1);
	assert_true(observing_facts);
	sh("repo", "git branch -q -D pr/x");
	assert_int_equal(ring(false), 1);
	assert_true(observing_facts);
	sh("repo", "git update-ref refs/remotes/up/main HEAD");
	assert_int_equal(ring(true), 1);
	assert_true(observing_facts);
}

static void a_mark_for_facts_set_while_somebody_looks_is_not_lost(void **state)
{
	struct error err = ERROR_INIT;
	uint64_t marks;

	(void)state;
	assert_false(pr_stale(at("journal")));
	assert_int_equal(pr_stale_mark(at("journal"), &err), 0);
	assert_int_equal(pr_stale_mark(at("journal"), &err), 0);
	assert_true(pr_stale(at("journal")));
	marks = pr_stale_count(at("journal"));
	assert_int_equal(pr_stale_mark(at("journal"), &err), 0);
	assert_int_equal(pr_stale_clear(at("journal"), marks, &err), 0);
	assert_true(pr_stale(at("journal")));
	assert_int_equal(pr_stale_clear(at("journal"), pr_stale_count(at("journal")), &err), 0);
	assert_false(pr_stale(at("journal")));
	assert_int_equal(pr_stale_clear(at("journal"), marks, &err), 0);
	assert_false(pr_stale(at("journal")));
}

/* Killed between the append and the cursor: the events are there, the cursor is the old one. */
static void a_kill_behind_the_append_tells_nothing_twice(void **state)
{
	struct buf cursor;

	(void)state;
	observing_begin();
	sh("repo", "commit f 1 one");
	assert_int_equal(ring(false), 1);
	cursor = scratch_read(at("journal/cursors/" CLONE));
	memcpy(strstr(cursor.data, "clean"), "dirty", 5);
	sh("repo", "git switch -q -c feat; commit f 2 two");
	assert_int_equal(ring(false), 3);
	(void)news();
	scratch_write(at("journal/cursors/" CLONE), cursor.data, cursor.len);
	assert_int_equal(ring(false), 0);
	scratch_write(at("journal/cursors/" CLONE), cursor.data, cursor.len);
	sh("repo", "commit f 3 three");
	assert_int_equal(ring(false), 1);
	assert_string_equal(news(), "commit.created feat commit three\n");
	buf_release(&cursor);
}

/* Another run of the system: whatever the cursor lost with the page cache is in the journal. */
static void a_cursor_of_an_earlier_boot_is_checked_against_the_journal(void **state)
{
	struct buf cursor;

	(void)state;
	observing_begin();
	cursor = scratch_read(at("journal/cursors/" CLONE));
	memcpy(strstr(cursor.data, "boot ") + 5, "00000000", 8);
	sh("repo", "commit f 1 one");
	assert_int_equal(ring(false), 1);
	scratch_write(at("journal/cursors/" CLONE), cursor.data, cursor.len);
	sh("repo", "commit f 2 two");
	assert_int_equal(ring(false), 1);
	buf_release(&cursor);
}

static void a_damaged_cursor_falls_back_to_the_table_of_refs(void **state)
{
	static const char *const damage[] = { "", "minsky-cursor 1\nstate cle", "nonsense\n",
		"minsky-cursor 1\nstate clean\nboot -\nseq 1\nlog x\n" };

	(void)state;
	observing_begin();
	sh("repo", "commit f 1 one");
	assert_int_equal(ring(false), 1);
	for (size_t i = 0; i < sizeof(damage) / sizeof(*damage); i++) {
		scratch_write(at("journal/cursors/" CLONE), damage[i], strlen(damage[i]));
		assert_int_equal(ring(false), 0);
	}
	sh("repo", "commit f 2 two");
	assert_int_equal(ring(false), 1);
	assert_int_equal(unlink(at("journal/cursors/" CLONE)), 0);
	sh("repo", "commit f 3 three");
	assert_int_equal(ring(false), 1);
	assert_int_equal(ring(true), 0);
}

static void with_both_cursors_damaged_it_starts_at_the_present(void **state)
{
	(void)state;
	observing_begin();
	sh("repo", "commit f 1 one");
	scratch_write(at("journal/cursors/" CLONE), "x", 1);
	scratch_write(at("journal/cursors/" CLONE ".refs"), "x", 1);
	assert_int_equal(ring(true), 0);
	sh("repo", "commit f 2 two");
	assert_int_equal(ring(true), 1);
}

static void a_locked_cursor_is_busy_and_nothing_is_lost(void **state)
{
	struct observation b;
	struct observe_result result;
	struct error err = ERROR_INIT;
	int lock;

	(void)state;
	observing_begin();
	sh("repo", "commit f 1 one");
	assert_int_equal(fs_lock(at("journal/cursors/" CLONE ".lock"), 0, &lock, &err), 0);
	b = observation_of(at("repo/.git"), at("repo/.git"), false);
	b.timeout_ms = 1;
	assert_int_equal(observe(&b, observing_journal, &result, &err), ERR_BUSY);
	assert_int_equal(close(lock), 0);
	assert_int_equal(ring(false), 1);
}

static void a_locked_journal_is_busy_and_nothing_is_lost(void **state)
{
	struct observation b;
	struct observe_result result;
	struct error err = ERROR_INIT;
	int lock;

	(void)state;
	observing_begin();
	sh("repo", "commit f 1 one");
	assert_int_equal(fs_lock(at("journal/lock"), 0, &lock, &err), 0);
	b = observation_of(at("repo/.git"), at("repo/.git"), false);
	b.timeout_ms = 1;
	assert_int_equal(observe(&b, observing_journal, &result, &err), ERR_BUSY);
	assert_int_equal(close(lock), 0);
	assert_int_equal(ring(false), 1);
	assert_int_equal(ring(true), 0);
}

static void a_stopped_rebase_is_told_at_its_end(void **state)
{
	(void)state;
	observing_begin();
	sh("repo",
		"git switch -q -c feat; commit f 1 one; git switch -q main; commit f 2 two;"
		"git switch -q feat");
	(void)ring(true);
	(void)news();
	sh("repo", "git rebase -q main >/dev/null 2>&1 || :");
	assert_int_equal(ring(true), 0);
	sh("repo", "echo 3 >f; git add f; GIT_EDITOR=: git rebase --continue >/dev/null");
	assert_int_equal(ring(true), 1);
	assert_string_equal(news(), "commits.rewritten feat rebase\n");
}

static void an_expired_log_is_made_up_for_by_comparing(void **state)
{
	(void)state;
	observing_begin();
	sh("repo", "commit f 1 one");
	assert_int_equal(ring(true), 1);
	(void)news();
	sh("repo", "commit f 2 two; git reflog expire --expire=now --all");
	assert_int_equal(ring(false), 1);
	assert_string_equal(news(), "branch.moved main update ?\n");
	sh("repo", "commit f 3 three");
	assert_int_equal(ring(false), 1);
	assert_string_equal(news(), "commit.created main commit three\n");
	assert_int_equal(ring(true), 0);
}

static void without_reflogs_refs_are_compared(void **state)
{
	(void)state;
	observing_begin();
	sh("repo", "rm -r .git/logs; git config core.logAllRefUpdates false; commit f 1 one");
	assert_int_equal(ring(false), 1);
	assert_string_equal(news(), "branch.moved main update ?\n");
	sh("repo", "git branch feat; commit f 2 two; git pack-refs --all");
	assert_int_equal(ring(true), 2);
	assert_string_equal(news(), "branch.created feat ?\nbranch.moved main update ?\n");
	assert_int_equal(ring(true), 0);
}

static void fetches_and_pushes_move_tracking_refs(void **state)
{
	(void)state;
	observing_begin();
	sh(".",
		"git init -q --bare up.git; cd repo; git remote add origin ../up.git;"
		"git push -q origin main:main main:pr/x");
	assert_int_equal(ring(false), 1);
	assert_string_equal(news(), "branch.created origin/pr/x remote\n");
	assert_true(observing_facts);
	assert_int_equal(ring(true), 1);
	assert_string_equal(news(), "branch.created origin/main remote\n");
	sh(".",
		"git clone -q -b main up.git other; cd other; commit g 1 one; git push -q origin"
		" main main:pr/x; git push -q origin main:refs/heads/new; cd ../repo; git fetch "
		"-q");
	assert_int_equal(ring(true), 3);
	assert_string_equal(news(),
		"branch.moved origin/pr/x fetch remote\nbranch.moved origin/main fetch remote\n"
		"branch.created origin/new remote\n");
	sh("repo", "git push -q --delete origin pr/x; git remote set-head origin main");
	assert_int_equal(ring(true), 1);
	assert_string_equal(news(), "branch.deleted origin/pr/x remote ?\n");
	sh("repo", "git remote rename origin up 2>/dev/null");
	assert_int_equal(ring(true), 2);
	assert_string_equal(news(),
		"branch.renamed origin/main up/main remote\n"
		"branch.renamed origin/new up/new remote\n");
}

static void a_linked_work_tree_has_a_head_of_its_own(void **state)
{
	const char *linked;

	(void)state;
	observing_begin();
	sh("repo", "git worktree add -q -b feat ../linked; cd ../linked; commit f 1 one");
	linked = at("repo/.git/worktrees/linked");
	assert_int_equal(ring_in(linked, at("repo/.git"), false), 2);
	assert_string_equal(news(), "branch.created feat\ncommit.created feat commit one\n");
	sh("linked", "git switch -q --detach; commit f 2 two");
	sh("repo", "commit g 1 three");
	assert_int_equal(ring(false), 1);
	assert_string_equal(news(), "commit.created main commit three\n");
	assert_int_equal(ring_in(linked, at("repo/.git"), false), 2);
	assert_string_equal(news(), "branch.switched feat HEAD\ncommit.created commit two\n");
	assert_int_equal(ring(true), 0);
	assert_int_equal(ring_in(linked, at("repo/.git"), true), 0);
}

static void lines_told_from_another_work_tree_are_not_told_again(void **state)
{
	(void)state;
	observing_begin();
	sh("repo", "git worktree add -q -b feat ../linked; cd ../linked; commit f 1 one");
	assert_int_equal(ring(true), 2);
	assert_int_equal(ring_in(at("repo/.git/worktrees/linked"), at("repo/.git"), false), 0);
}

static void a_bare_repository_is_told_by_what_was_pushed(void **state)
{
	struct observation b;
	struct observe_result result;
	struct error err = ERROR_INIT;
	struct buf lines = BUF_INIT;
	const char *head, *zero = "0000000000000000000000000000000000000000";

	(void)state;
	sh(".", "git init -q --bare -b main repo.git; repo work; cd work; commit f 1");
	observing_start(at("repo.git"));
	sh("work", "git push -q ../repo.git main main:pr/x");
	head = ask("work", "git rev-parse HEAD");
	buf_addf(&lines, "%s %s refs/heads/main\n%s %s refs/heads/pr/x\n", zero, head, zero, head);
	buf_addf(&lines, "%s %s refs/tags/t\n%s %s refs/heads/../../x\nnonsense\n", zero, head,
		zero, head);
	b = observation_of(at("repo.git"), at("repo.git"), false);
	b.pushed = lines.data;
	b.pushed_len = lines.len;
	assert_int_equal(observe(&b, observing_journal, &result, &err), 0);
	assert_int_equal(result.events, 2);
	assert_true(result.facts_needed);
	assert_string_equal(news(), "branch.created main\nbranch.created pr/x\n");
	assert_int_equal(ring_in(at("repo.git"), at("repo.git"), true), 0);
	sh("work", "git push -q ../repo.git :pr/x");
	assert_int_equal(ring_in(at("repo.git"), at("repo.git"), true), 1);
	assert_string_equal(news(), "branch.deleted pr/x ?\n");
	buf_release(&lines);
}

/* More lines than one round reads, and no hook that rang for any of them. */
static void a_year_in_the_dark_is_told_in_one_go(void **state)
{
	(void)state;
	observing_begin();
	sh("repo",
		"who='Ana <ana@example.org>'; first=$(git rev-parse HEAD); i=0\n"
		"while [ $i -lt 2500 ]; do i=$((i + 1))\n"
		"	printf 'commit refs/heads/main\\ncommitter %s %s +0000\\ndata 1\\nx\\n' "
		"\"$who\" $((1790001000 + i))\n"
		"	test $i -gt 1 || printf 'from %s\\n' $first\n"
		"done | git fast-import --quiet\n"
		"old=$first; git rev-list --reverse $first..main | while read -r new; do\n"
		"	printf '%s %s %s 1790000000 +0000\\tcommit: x\\n' $old $new \"$who\"\n"
		"	old=$new; done >lines\n"
		"sed -i '$d' .git/logs/refs/heads/main\n"
		"cat lines >>.git/logs/refs/heads/main; cat lines >>.git/logs/HEAD");
	assert_int_equal(ring(false), 2500);
	assert_int_equal(ring(true), 0);
}

static void refs_that_did_not_change_are_not_looked_at(void **state)
{
	(void)state;
	observing_begin();
	/* A while ago: what has just changed may have changed once more. */
	sh("repo",
		"git branch feat; find .git/refs .git/logs -type d -exec touch -d '-1 minute' {} "
		"+");
	assert_int_equal(ring(true), 1);
	/* Behind git's back, so that no directory shows it. */
	sh("repo",
		"git rev-parse HEAD~0 >/dev/null; git commit-tree -m x HEAD^{tree} >oid;"
		"cat oid >.git/refs/heads/feat");
	assert_int_equal(ring(true), 0);
	/* Once something else makes it look, the ref that no line led to is noticed as well. */
	sh("repo", "git branch other");
	assert_int_equal(ring(true), 2);
}

static void a_forgotten_clone_leaves_no_cursor(void **state)
{
	(void)state;
	observing_begin();
	observe_forget(at("journal"), CLONE);
	assert_string_equal(ask("journal/cursors", "ls -A"), "");
}

#define T(f) cmocka_unit_test_setup_teardown(f, observing_setup, observing_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_of_the_past_is_told),
		T(a_bell_without_cursor_starts_at_the_present),
		T(an_event_says_where_git_wrote_it),
		T(deletions_are_found_by_comparing),
		T(a_known_branch_is_renamed_not_deleted),
		T(moves_that_decide_what_is_merged_need_facts),
		T(a_mark_for_facts_set_while_somebody_looks_is_not_lost),
		T(a_kill_behind_the_append_tells_nothing_twice),
		T(a_cursor_of_an_earlier_boot_is_checked_against_the_journal),
		T(a_damaged_cursor_falls_back_to_the_table_of_refs),
		T(with_both_cursors_damaged_it_starts_at_the_present),
		T(a_locked_cursor_is_busy_and_nothing_is_lost),
		T(a_locked_journal_is_busy_and_nothing_is_lost),
		T(a_stopped_rebase_is_told_at_its_end),
		T(an_expired_log_is_made_up_for_by_comparing),
		T(without_reflogs_refs_are_compared),
		T(fetches_and_pushes_move_tracking_refs),
		T(a_linked_work_tree_has_a_head_of_its_own),
		T(lines_told_from_another_work_tree_are_not_told_again),
		T(a_bare_repository_is_told_by_what_was_pushed),
		T(a_year_in_the_dark_is_told_in_one_go),
		T(refs_that_did_not_change_are_not_looked_at),
		T(a_forgotten_clone_leaves_no_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
