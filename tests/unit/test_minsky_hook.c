/* The program itself, rung by real git: silent, harmless, and in front of the hook it found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"
#include "core/pointer.h"
#include "hooks/install/install.h"
#include "hooks/observe/observe.h"
#include "lib/journals.h"
#include "lib/scratch.h"
#include "lib/world.h"

#define CLONE "ffeeddccbbaa99887766554433221100"
#define SESSION "0192f0c1-0000-7000-8000-000000000001"

static struct journal *journal;
static struct pointer pointer;

static int setup(void **state)
{
	world_setup(state);
	/* A sanitized program under a busy machine: no deadline but the tests' own. */
	assert_int_equal(setenv("MINSKY_HOOKS_DEADLINE", "60s", 1), 0);
	assert_int_equal(unsetenv("MINSKY_HOOKS"), 0);
	sh(".", "repo repo; rm -f repo/.git/hooks/*; cd repo; commit base 0");
	assert_int_equal(setenv("XDG_STATE_HOME", world(), 1), 0);
	sh(".", "mkdir -p minsky/journal; chmod 700 minsky minsky/journal");
	journal = journals_new(at("minsky/journal/j"));
	pointer = (struct pointer){ .repo = CLONE, .clone = CLONE };
	return 0;
}

static int teardown(void **state)
{
	journal_close(journal);
	pointer_release(&pointer);
	return world_teardown(state);
}

static void install(bool bare)
{
	const char *dir = bare ? "bare.git" : "repo/.git";
	struct error err = ERROR_INIT;
	struct buf hooks = BUF_INIT;

	buf_addf(&hooks, "%s/hooks", at(dir));
	if (hooks_install(at(dir), hooks.data, MINSKY_HOOK_PROGRAM, bare, &err) < 0)
		fail_msg("%s", err.msg);
	buf_release(&hooks);
}

static void tie(const char *dir)
{
	struct observation b = { .git_dir = at(dir),
		.common_dir = at(dir),
		.pointer = &pointer,
		.via = "cli",
		.all_refs = true,
		.timeout_ms = 10000 };
	struct error err = ERROR_INIT;

	pointer.journal = strdup(at("minsky/journal/j"));
	assert_non_null(pointer.journal);
	if (pointer_write(&pointer, at(dir), &err) < 0 || observe_start(&b, journal, &err) < 0)
		fail_msg("%s", err.msg);
}

static void begin(void)
{
	tie("repo/.git");
	install(false);
}

static uint64_t events(void)
{
	struct journals_read r = journals_read(journal, 0);

	assert_int_equal(r.code, 0);
	return r.records;
}

static const char *last_event(void)
{
	static struct journals_read r;

	r = journals_read(journal, 0);
	return r.last_body;
}

/* An executable hook. */
static void put_hook(const char *name, const char *text)
{
	struct buf path = BUF_INIT;

	buf_addf(&path, "%s/%s", at("repo/.git/hooks"), name);
	scratch_write(path.data, text, strlen(text));
	assert_int_equal(chmod(path.data, 0755), 0);
	buf_release(&path);
}

static void a_commit_is_told_and_nobody_notices(void **state)
{
	(void)state;
	begin();
	assert_string_equal(ask("repo", "commit f 1 one 2>&1"), "");
	assert_int_equal(events(), 1);
	assert_non_null(strstr(last_event(), "\"type\":\"commit.created\""));
	assert_non_null(strstr(last_event(), "\"via\":\"hook\""));
}

static void every_hook_of_the_set_rings(void **state)
{
	(void)state;
	begin();
	sh("repo", "git switch -q -c feat");
	assert_int_equal(events(), 2);
	sh("repo", "commit f 1 one; tick; git commit -q --amend -m two");
	assert_int_equal(events(), 4);
	sh("repo", "git switch -q main; git merge -q feat");
	assert_int_equal(events(), 6);
	sh("repo",
		"git format-patch -q -1 -o ..; git reset -q --hard HEAD~1;"
		"git am -q ../0001-two.patch");
	assert_int_equal(events(), 8);
	sh("repo",
		"git reset -q --hard HEAD~1; git init -q --bare ../up.git;"
		"git push -q ../up.git main");
	assert_int_equal(events(), 9);
}

static void a_rebase_is_one_event(void **state)
{
	(void)state;
	sh("repo",
		"git switch -q -c feat; commit f 1; commit f 2; commit f 3; git switch -q main;"
		"commit g 1; git switch -q feat");
	begin();
	sh("repo", "git rebase -q main");
	assert_int_equal(events(), 1);
	assert_non_null(strstr(last_event(), "\"type\":\"commits.rewritten\""));
	/* One that squashes amends on its way. */
	sh("repo",
		"commit f 4; rm ../minsky/journal/j/cursors/*.bell;"
		"GIT_SEQUENCE_EDITOR='sed -i \"2s/pick/fixup/;2abreak\"' git rebase -q -i HEAD~3;"
		"test -z \"$(ls ../minsky/journal/j/cursors/*.bell 2>/dev/null)\"; git rebase "
		"--continue "
		">../said 2>&1");
	assert_int_equal(events(), 3);
	assert_non_null(strstr(last_event(), "\"type\":\"commits.rewritten\""));
}

static void checking_out_a_file_is_nothing(void **state)
{
	(void)state;
	begin();
	sh("repo", "rm .git/minsky/journal; echo x >.git/minsky/journal");
	assert_string_equal(ask("repo", "git checkout -q -- base 2>&1"), "");
}

static void without_a_pointer_it_does_nothing(void **state)
{
	(void)state;
	install(false);
	assert_string_equal(ask("repo", "commit f 1 one 2>&1"), "");
	assert_int_equal(events(), 0);
	assert_string_equal(ask("repo/.git/minsky", "ls"), "hooks\nhooks.lock");
}

static void without_a_journal_it_does_nothing(void **state)
{
	(void)state;
	begin();
	sh(".", "mv minsky/journal/j gone");
	assert_string_equal(ask("repo", "commit f 1 one 2>&1"), "");
	assert_false(fs_exists(at("minsky/journal/j")));
}

static void it_can_be_switched_off_and_is_not_entered_twice(void **state)
{
	(void)state;
	begin();
	sh("repo", "MINSKY_HOOKS=0; export MINSKY_HOOKS; commit f 1 one");
	sh("repo", "MINSKY_HOOK=1; export MINSKY_HOOK; commit f 2 two");
	assert_int_equal(events(), 0);
	sh("repo", "commit f 3 three");
	assert_int_equal(events(), 3);
}

static void something_broken_is_one_line_and_git_goes_on(void **state)
{
	(void)state;
	begin();
	sh("repo", "echo nonsense >.git/minsky/journal");
	assert_string_equal(ask("repo", "commit f 1 one 2>&1 | wc -l | tr -d ' '"), "1");
	assert_non_null(strstr(ask("repo", "commit f 2 two 2>&1"), "minsky: cannot read pointer"));
	assert_string_equal(ask("repo", "git switch -q -c feat 2>/dev/null; echo $?"), "0");
}

static void a_fault_of_the_journal_is_also_logged(void **state)
{
	(void)state;
	begin();
	sh("minsky/journal/j", "mv cursors other; ln -s nowhere cursors");
	assert_string_equal(ask("repo", "commit f 1 one 2>&1 | cut -c1-8"), "minsky: ");
	assert_string_equal(
		ask("minsky/journal/j",
			"grep -c ' post-commit: ' hook-errors.log; stat -c %a hook-errors.log"),
		"1\n600");
}

static void a_journal_open_to_others_is_refused(void **state)
{
	(void)state;
	begin();
	sh(".", "chmod 0770 minsky/journal/j");
	assert_non_null(strstr(ask("repo", "commit f 1 one 2>&1"), "is writable by others"));
	sh(".", "chmod 0700 minsky/journal/j; cd repo; commit f 2 two");
	assert_int_equal(events(), 2);
}

static void a_locked_journal_is_waited_for_briefly_and_silently(void **state)
{
	struct error err = ERROR_INIT;
	int lock;

	(void)state;
	begin();
	assert_int_equal(fs_lock(at("minsky/journal/j/lock"), 0, &lock, &err), 0);
	assert_string_equal(
		ask("repo", "export MINSKY_HOOKS_DEADLINE=40ms; commit f 1 one 2>&1"), "");
	assert_int_equal(events(), 0);
	assert_int_equal(close(lock), 0);
	sh("repo", "commit f 2 two");
	assert_int_equal(events(), 2);
}

/* Each of these starts several hooks, and git is the same process for all of them. */
static void many_hooks_of_one_command_complain_once(void **state)
{
	static const char *const from[] = { "main~3", "main~3", "main~3", "main" };
	static const char *const commands[] = { "git commit -q --amend --allow-empty -m again",
		"git cherry-pick main~3..main", "git am -q ../patches/*",
		"GIT_SEQUENCE_EDITOR='sed -i 2,3s/pick/fixup/' git rebase -q -i main~3" };

	(void)state;
	sh("repo",
		"commit a 1 one; commit b 2 two; commit c 3 three;"
		"git format-patch -q -o ../patches main~3; git switch -q -c side");
	begin();
	sh(".", "chmod 0770 minsky/journal/j");
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		struct buf line = BUF_INIT;

		buf_addf(&line,
			"git reset -q --hard %s; %s >../said 2>&1; grep -c '^minsky: ' ../said",
			from[i], commands[i]);
		assert_string_equal(ask("repo", line.data), "1");
		buf_release(&line);
	}
	/* The next one that goes well leaves nothing behind. */
	assert_true(fs_exists(at("repo/.git/minsky/patience")));
	sh(".", "chmod 0700 minsky/journal/j; cd repo; commit f 2 two");
	assert_false(fs_exists(at("repo/.git/minsky/patience")));
}

static void many_hooks_of_one_command_wait_once(void **state)
{
	struct error err = ERROR_INIT;
	int64_t before;
	int lock;

	(void)state;
	sh("repo",
		"for i in 1 2 3 4 5 6 7 8; do commit f $i $i; done; git switch -q -c side main~8");
	begin();
	assert_int_equal(fs_lock(at("minsky/journal/j/lock"), 0, &lock, &err), 0);
	before = clock_monotonic_ms();
	sh("repo",
		"export MINSKY_HOOKS_DEADLINE=2s; git cherry-pick main~8..main >../said 2>&1;"
		"test -z \"$(grep minsky ../said)\"");
	assert_in_range(clock_monotonic_ms() - before, 1500, 4500);
	assert_int_equal(events(), 0);
	/* One that its deadline ends in the middle of something has spent all of it. */
	sh("repo",
		"git commit -q --allow-empty -m struck & git=$!\n"
		"until hook=$(pgrep -P $git -f post-commit); do sleep 0.02; done\n"
		"until ls -l /proc/$hook/fd | grep -q 'j/lock$'; do sleep 0.02; done\n"
		"kill -ALRM $hook; wait $git\n"
		"test \"$(cat .git/minsky/patience)\" = \"$git 0 60000\"");
	assert_int_equal(close(lock), 0);
	/* Another git, whatever number it has, after a minute. */
	sh("repo", "touch -d '-2 minutes' .git/minsky/patience; commit g 2 two");
	assert_int_equal(events(), 10);
}

/* Killed anywhere by its own deadline: later, but once. */
static void a_deadline_that_strikes_anywhere_loses_nothing(void **state)
{
	(void)state;
	put_hook("post-commit", "#!/bin/sh\necho x >>../ran\n");
	begin();
	sh("repo",
		"for ms in 1 2 3 4 5 6 7 8 9 10 11 12 14 16 18 20 22 24 27 30; do\n"
		"	export MINSKY_HOOKS_DEADLINE=${ms}ms; commit f $ms; done");
	assert_string_equal(ask(".", "wc -l <ran | tr -d ' '"), "20");
	sh("repo", "commit f last");
	assert_int_equal(events(), 21);
}

static void the_settings_say_how_long_it_may_take(void **state)
{
	static const char *const no_duration[] = { "soon\n", "0\n", "2h\n", "" };
	struct error err = ERROR_INIT;
	int lock;

	(void)state;
	begin();
	assert_int_equal(unsetenv("MINSKY_HOOKS_DEADLINE"), 0);
	assert_int_equal(fs_lock(at("minsky/journal/j/lock"), 0, &lock, &err), 0);
	/* These give up: the lock is held until they have. */
	for (size_t i = 0; i < sizeof(no_duration) / sizeof(*no_duration); i++) {
		scratch_write(at("minsky/journal/j/hooks-deadline"), no_duration[i],
			strlen(no_duration[i]));
		sh("repo", "chmod 600 ../minsky/journal/j/hooks-deadline; empty x");
	}
	assert_int_equal(events(), 0);
	/* This one is still there when it is let go, and tells what the others left. */
	scratch_write(at("minsky/journal/j/hooks-deadline"), "60s\n", 4);
	sh("repo",
		"(git commit -q --allow-empty -m last & echo $! >../git; wait; echo >../ended) "
		">/dev/null 2>&1 &\n"
		"until test -s ../git && hook=$(pgrep -P $(cat ../git) -f post-commit) &&\n"
		"	ls -l /proc/$hook/fd | grep -q 'j/lock$'; do sleep 0.02; done");
	assert_int_equal(close(lock), 0);
	sh(".", "until test -e ended; do sleep 0.02; done");
	assert_int_equal(events(), 5);
}

/* pre-commit has moved ours; what ours was chained to is where it was. */
static void one_that_a_tool_has_moved_rings_and_goes_on(void **state)
{
	(void)state;
	put_hook("post-commit", "#!/bin/sh\necho first >>../ran\n");
	begin();
	sh("repo/.git/hooks", "mv post-commit post-commit.legacy");
	put_hook("post-commit",
		"#!/bin/sh\n.git/hooks/post-commit.legacy \"$@\"; echo tool >>../ran\n");
	sh("repo", "commit f 1 one");
	assert_int_equal(events(), 1);
	assert_string_equal(ask(".", "cat ran"), "first\ntool");
	/* With ours in front again the moved one does nothing: it would go round in circles. */
	sh("repo/.git/hooks",
		"mv post-commit post-commit.minsky-prev;"
		"cp post-commit.legacy post-commit");
	sh("repo", "rm ../ran; commit f 2 two");
	assert_int_equal(events(), 2);
	assert_string_equal(ask(".", "cat ran"), "tool");
}

/* As the configuration of git 2.54 starts it: the same command whatever happened. */
static void a_command_for_any_event_knows_it_by_its_arguments(void **state)
{
	struct buf ring = BUF_INIT;

	(void)state;
	tie("repo/.git");
	buf_addf(&ring, "commit f 1 one; %s run any a b 0", MINSKY_HOOK_PROGRAM);
	sh("repo", ring.data);
	assert_int_equal(events(), 0);
	buf_clear(&ring);
	buf_addf(&ring, "mkdir .git/rebase-merge; %s run any; rmdir .git/rebase-merge",
		MINSKY_HOOK_PROGRAM);
	sh("repo", ring.data);
	assert_int_equal(events(), 0);
	buf_clear(&ring);
	buf_addf(&ring, "mkdir .git/rebase-merge; %s run any rebase; rmdir .git/rebase-merge",
		MINSKY_HOOK_PROGRAM);
	sh("repo", ring.data);
	assert_int_equal(events(), 1);
	buf_release(&ring);
}

static void the_hook_behind_gets_arguments_and_gives_its_status(void **state)
{
	(void)state;
	put_hook("post-checkout", "#!/bin/sh\necho \"$#:$3\" >../args\nexit 3\n");
	begin();
	assert_string_equal(ask("repo", "git switch -q -c feat || echo $?; cat ../args"), "1\n3:1");
	assert_int_equal(events(), 2);
}

static void a_refusing_pre_push_refuses_with_its_stdin_intact(void **state)
{
	(void)state;
	put_hook("pre-push", "#!/bin/sh\ncat >../stdin\nexit 1\n");
	begin();
	sh("repo", "git init -q --bare ../up.git");
	assert_false(sh_ok("repo", "git push -q ../up.git main 2>/dev/null"));
	assert_string_equal(ask(".", "cut -d' ' -f1,3 stdin"), "refs/heads/main refs/heads/main");
	assert_string_equal(ask("up.git", "git for-each-ref"), "");
}

static void switched_off_the_hook_behind_still_runs(void **state)
{
	(void)state;
	put_hook("post-commit", "#!/bin/sh\necho ran >>../ran\n");
	begin();
	sh("repo", "MINSKY_HOOKS=0; export MINSKY_HOOKS; commit f 1 one");
	sh("repo", "MINSKY_HOOK=1; export MINSKY_HOOK; commit f 2 two");
	sh("repo", "rm .git/minsky/journal; commit f 3 three");
	assert_string_equal(ask(".", "cat ran"), "ran\nran\nran");
}

static void a_hook_that_git_would_have_skipped_is_skipped(void **state)
{
	(void)state;
	put_hook("post-commit", "#!/bin/sh\necho ran >../ran\n");
	put_hook("post-merge", "#!/bin/sh\n");
	sh("repo/.git/hooks", "chmod 644 post-commit; rm post-merge; mkdir post-merge");
	begin();
	assert_string_equal(ask("repo", "commit f 1 one 2>&1"), "");
	sh("repo", "git branch feat HEAD~1; git switch -q feat; git merge -q main");
	assert_false(fs_exists(at("ran")));
}

static void a_script_without_interpreter_line_runs(void **state)
{
	(void)state;
	put_hook("post-commit", "echo \"ran $0\" >../ran\n");
	begin();
	sh("repo", "commit f 1 one");
	assert_string_equal(ask(".", "cat ran"), "ran .git/hooks/post-commit.minsky-prev");
}

/* Environment, signals, umask and descriptors: the same with minsky in front and without. */
static void the_hook_behind_lives_in_gits_own_world(void **state)
{
	static const char look[] =
		"#!/bin/sh\n"
		"{ env | grep -v '^_=' | sort; grep '^Sig[BI]' /proc/self/status\n"
		"umask; ls /proc/$$/fd; } >../world\n";

	(void)state;
	put_hook("post-commit", look);
	sh("repo", "rm -f $HOME/clock; empty x; mv ../world ../without");
	begin();
	sh("repo", "rm -f $HOME/clock; empty x");
	assert_int_equal(events(), 1);
	assert_string_equal(ask(".", "diff without world"), "");
}

static void a_copy_of_ourselves_behind_us_does_not_loop(void **state)
{
	(void)state;
	begin();
	sh("repo/.git/hooks", "cp post-commit post-commit.minsky-prev");
	sh("repo", "commit f 1 one");
	assert_int_equal(events(), 1);
}

static void a_hook_manager_calls_it_by_name(void **state)
{
	struct buf script = BUF_INIT;

	(void)state;
	tie("repo/.git");
	buf_addf(&script, "#!/bin/sh\n'%s' run post-commit \"$@\" || :\n", MINSKY_HOOK_PROGRAM);
	put_hook("post-commit", script.data);
	sh("repo", "commit f 1 one");
	assert_int_equal(events(), 1);
	buf_clear(&script);
	buf_addf(&script, "'%s' --version", MINSKY_HOOK_PROGRAM);
	assert_non_null(strstr(ask(".", script.data), HOOK_MARKER));
	buf_clear(&script);
	buf_addf(&script, "'%s' nonsense 2>/dev/null || echo $?", MINSKY_HOOK_PROGRAM);
	assert_string_equal(ask(".", script.data), "2");
	buf_clear(&script);
	buf_addf(&script, "'%s' run pre-commit; echo $?", MINSKY_HOOK_PROGRAM);
	assert_string_equal(ask(".", script.data), "0");
	buf_release(&script);
}

static void the_script_rings_and_never_fails(void **state)
{
	struct buf script = BUF_INIT;

	(void)state;
	tie("repo/.git");
	buf_addf(&script, "cp '%s' post-commit; cp post-commit post-checkout", MINSKY_HOOK_SCRIPT);
	sh("repo/.git/hooks", script.data);
	assert_int_equal(setenv("MINSKY_HOOK_PROGRAM", MINSKY_HOOK_PROGRAM, 1), 0);
	sh("repo", "commit f 1 one");
	assert_int_equal(events(), 1);
	assert_int_equal(setenv("MINSKY_HOOK_PROGRAM", "/bin/false", 1), 0);
	sh("repo", "git switch -q -c feat");
	assert_int_equal(unsetenv("MINSKY_HOOK_PROGRAM"), 0);
	buf_release(&script);
}

static void a_receiving_bare_repository_tells_what_was_pushed(void **state)
{
	(void)state;
	sh(".", "git init -q --bare -b main bare.git; rm -f bare.git/hooks/*");
	scratch_write(at("bare.git/hooks/post-receive"), "cat >got\n", 9);
	sh(".", "chmod 755 bare.git/hooks/post-receive");
	tie("bare.git");
	install(true);
	assert_string_equal(ask("repo", "git push -q ../bare.git main main:pr/x 2>&1"), "");
	assert_int_equal(events(), 2);
	assert_string_equal(
		ask("bare.git", "cut -d' ' -f3 got"), "refs/heads/main\nrefs/heads/pr/x");
}

/* More than minsky reads of it. */
static void the_hook_behind_gets_all_of_a_long_stdin(void **state)
{
	(void)state;
	sh(".", "git init -q --bare -b main bare.git; rm -f bare.git/hooks/*");
	scratch_write(at("bare.git/hooks/post-receive"), "cat >got\n", 9);
	sh(".", "chmod 755 bare.git/hooks/post-receive");
	tie("bare.git");
	install(true);
	sh("bare.git", "seq 400000 >lines; GIT_DIR=. hooks/post-receive <lines; cmp lines got");
}

static void a_moved_workspace_stays_itself_and_says_so(void **state)
{
	struct pointer now = POINTER_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	memcpy(pointer.session, SESSION, sizeof(SESSION));
	begin();
	sh(".", "mv repo moved; cd moved; commit f 1 one");
	assert_int_equal(events(), 2);
	assert_int_equal(pointer_read(&now, at("moved/.git"), &err), 0);
	assert_string_equal(now.path, at("moved/.git"));
	assert_string_equal(now.clone, CLONE);
	assert_non_null(strstr(last_event(), "commit.created"));
	pointer_release(&now);
}

static void a_copied_clone_is_silent(void **state)
{
	(void)state;
	begin();
	sh(".", "cp -a repo copy");
	assert_string_equal(ask("copy", "commit f 1 one 2>&1"), "");
	assert_int_equal(events(), 0);
	sh("repo", "commit f 1 one");
	assert_int_equal(events(), 1);
}

/* Another clone, which reads on where the one that it replaces had got to. */
static void a_restored_backup_goes_on_as_another_clone(void **state)
{
	struct pointer now = POINTER_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	begin();
	sh(".", "cp -a repo backup; mv repo gone; mv backup repo; cd repo; commit f 1 one");
	assert_int_equal(events(), 1);
	assert_int_equal(pointer_read(&now, at("repo/.git"), &err), 0);
	assert_string_not_equal(now.clone, CLONE);
	assert_non_null(strstr(last_event(), now.clone));
	sh("repo", "commit f 2 two");
	assert_int_equal(events(), 2);
	assert_non_null(strstr(last_event(), now.clone));
	pointer_release(&now);
}

static void a_linked_work_tree_rings_for_itself(void **state)
{
	(void)state;
	begin();
	sh("repo", "git worktree add -q -b feat ../linked");
	sh("linked", "commit f 1 one");
	assert_int_equal(events(), 2);
	assert_non_null(strstr(last_event(), "\"ref\":\"refs/heads/feat\""));
}

/* The worker is not waited for, so the test waits. */
static void a_moved_pr_branch_starts_the_worker_apart_from_git(void **state)
{
	struct buf program = BUF_INIT;
	static const char text[] =
		"#!/bin/sh\n{ echo \"$@\"; pwd; env | grep ^GIT_ || :; echo $MINSKY_AGENT\n"
		"ls -l /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 | grep -c /dev/null; } 2>&1 "
		">\"$HOME/out.tmp\"; mv \"$HOME/out.tmp\" \"$HOME/out\"\n";

	(void)state;
	begin();
	scratch_write(at("worker"), text, strlen(text));
	buf_addf(&program, "%s\n", at("worker"));
	scratch_write(at("minsky/journal/j/program"), program.data, program.len);
	sh(".",
		"chmod 700 worker; chmod 600 minsky/journal/j/program; cd repo; git branch pr/x;"
		"MINSKY_AGENT=bot; export MINSKY_AGENT; commit f 1 one");
	assert_true(pr_stale(at("minsky/journal/j")));
	sh(".", "n=0; until test -e out; do n=$((n + 1)); test $n -lt 3000; sleep 0.01; done");
	buf_clear(&program);
	buf_addf(&program, "sync --facts --repo-journal %s\n/\nbot\n", at("minsky/journal/j"));
	assert_memory_equal(ask(".", "cat out"), program.data, program.len);
	buf_release(&program);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_commit_is_told_and_nobody_notices),
		T(every_hook_of_the_set_rings),
		T(a_rebase_is_one_event),
		T(checking_out_a_file_is_nothing),
		T(without_a_pointer_it_does_nothing),
		T(without_a_journal_it_does_nothing),
		T(it_can_be_switched_off_and_is_not_entered_twice),
		T(something_broken_is_one_line_and_git_goes_on),
		T(a_fault_of_the_journal_is_also_logged),
		T(a_journal_open_to_others_is_refused),
		T(a_locked_journal_is_waited_for_briefly_and_silently),
		T(many_hooks_of_one_command_complain_once),
		T(many_hooks_of_one_command_wait_once),
		T(a_deadline_that_strikes_anywhere_loses_nothing),
		T(the_settings_say_how_long_it_may_take),
		T(one_that_a_tool_has_moved_rings_and_goes_on),
		T(a_command_for_any_event_knows_it_by_its_arguments),
		T(the_hook_behind_gets_arguments_and_gives_its_status),
		T(a_refusing_pre_push_refuses_with_its_stdin_intact),
		T(switched_off_the_hook_behind_still_runs),
		T(a_hook_that_git_would_have_skipped_is_skipped),
		T(a_script_without_interpreter_line_runs),
		T(the_hook_behind_lives_in_gits_own_world),
		T(a_copy_of_ourselves_behind_us_does_not_loop),
		T(a_hook_manager_calls_it_by_name),
		T(the_script_rings_and_never_fails),
		T(a_receiving_bare_repository_tells_what_was_pushed),
		T(the_hook_behind_gets_all_of_a_long_stdin),
		T(a_moved_workspace_stays_itself_and_says_so),
		T(a_copied_clone_is_silent),
		T(a_restored_backup_goes_on_as_another_clone),
		T(a_linked_work_tree_rings_for_itself),
		T(a_moved_pr_branch_starts_the_worker_apart_from_git),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
