/* Hooks go in and come out, and what was there before is there again, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "hooks/install/install.h"
#include "lib/scratch.h"
#include "lib/world.h"

#define N_HOOKS 6

/* Two versions of a program that carries the marker. */
static void make_programs(void)
{
	static const char one[] = "#!/bin/sh\n# " HOOK_MARKER " one\nexit 0\n";
	static const char two[] = "#!/bin/sh\n# " HOOK_MARKER " two\nexit 0\n";

	scratch_write(at("one"), one, strlen(one));
	scratch_write(at("two"), two, strlen(two));
	sh(".", "chmod 700 one two; repo repo; rm -f repo/.git/hooks/*");
}

static void install(const char *program)
{
	struct error err = ERROR_INIT;

	if (hooks_install(at("repo/.git"), at("repo/.git/hooks"), at(program), false, &err) < 0)
		fail_msg("%s", err.msg);
}

static int install_code(struct error *err)
{
	error_clear(err);
	return hooks_install(at("repo/.git"), at("repo/.git/hooks"), at("one"), false, err);
}

/* What uninstalling leaves, one path a line. */
static const char *uninstall(void)
{
	static struct buf left = BUF_INIT;
	struct error err = ERROR_INIT;

	buf_clear(&left);
	if (hooks_uninstall(at("repo/.git"), at("repo/.git/hooks"), false, &left, &err) < 0)
		fail_msg("%s", err.msg);
	return left.data;
}

static struct hooks_report status(const char *program)
{
	struct hooks_report report = { .n = 0 };
	struct error err = ERROR_INIT;

	if (hooks_status(
		    at("repo/.git"), at("repo/.git/hooks"), at(program), false, &report, &err) < 0)
		fail_msg("%s", err.msg);
	return report;
}

static enum hook_state state_of(const char *name, const char *program)
{
	struct hooks_report report = status(program);

	for (size_t i = 0; i < report.n; i++)
		if (!strcmp(report.v[i].name, name))
			return report.v[i].state;
	fail_msg("'%s' is not reported", name);
	return HOOK_ABSENT;
}

/* Every file of .git with its mode, time and content. */
static struct buf picture(void)
{
	struct buf out = BUF_INIT;

	buf_adds(&out,
		ask("repo/.git",
			"find . ! -path './objects*' ! -type d -printf '%p %m %T@ %l\\n' | sort;"
			"find . -type d | sort; cat hooks/* 2>/dev/null | cksum"));
	assert_false(out.failed);
	return out;
}

static void hooks_are_private_copies(void **state)
{
	struct stat st;

	(void)state;
	make_programs();
	install("one");
	for (const char *const *name = hook_names(false); *name; name++) {
		struct buf path = BUF_INIT;

		buf_addf(&path, "%s/%s", at("repo/.git/hooks"), *name);
		assert_int_equal(lstat(path.data, &st), 0);
		assert_true(S_ISREG(st.st_mode));
		assert_int_equal(st.st_mode & 07777, 0755);
		assert_int_equal(st.st_nlink, 1);
		buf_release(&path);
	}
	assert_int_equal(status("one").n, N_HOOKS);
	assert_true(status("one").live);
	assert_string_equal(ask("repo/.git/hooks", "ls | wc -l | tr -d ' '"), "6");
	assert_string_equal(ask("repo/.git/hooks", "cmp post-commit ../../../one; echo $?"), "0");
}

static void a_loose_umask_opens_nothing(void **state)
{
	mode_t before;

	(void)state;
	make_programs();
	before = umask(0);
	install("one");
	(void)umask(before);
	assert_string_equal(ask("repo/.git/hooks", "find . -perm /022 -type f"), "");
}

static void a_directory_that_others_can_write_is_refused(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	make_programs();
	sh(".", "mkdir -p repo/.git/hooks; chmod 777 repo/.git/hooks");
	assert_int_equal(
		hooks_install(at("repo/.git"), at("repo/.git/hooks"), at("one"), false, &err),
		ERR_REFUSED);
	assert_non_null(strstr(err.hint, "chmod go-w"));
	assert_string_equal(ask("repo/.git/hooks", "ls"), "");
	error_clear(&err);
	sh(".", "chmod 755 repo/.git/hooks; chmod 777 repo");
	assert_int_equal(
		hooks_install(at("repo/.git"), at("repo/.git/hooks"), at("one"), false, &err),
		ERR_REFUSED);
	sh(".", "chmod 755 repo");
	install("one");
}

static void a_bare_repository_gets_post_receive(void **state)
{
	struct hooks_report report = { .n = 0 };
	struct error err = ERROR_INIT;

	(void)state;
	make_programs();
	sh(".", "git init -q --bare --template= bare.git");
	assert_int_equal(
		hooks_install(at("bare.git"), at("bare.git/hooks"), at("one"), true, &err), 0);
	assert_int_equal(
		hooks_status(at("bare.git"), at("bare.git/hooks"), at("one"), true, &report, &err),
		0);
	assert_int_equal(report.n, 1);
	assert_string_equal(report.v[0].name, "post-receive");
	assert_true(report.live);
	assert_int_equal(
		hooks_uninstall(at("bare.git"), at("bare.git/hooks"), true, NULL, &err), 0);
	assert_false(fs_exists(at("bare.git/hooks")));
	assert_false(fs_exists(at("bare.git/minsky")));
}

static void doing_it_twice_changes_nothing(void **state)
{
	struct buf before, after;

	(void)state;
	make_programs();
	sh("repo/.git/hooks", "echo 'exit 3' >pre-push; chmod 750 pre-push");
	install("one");
	before = picture();
	install("one");
	after = picture();
	assert_string_equal(before.data, after.data);
	buf_release(&before);
	buf_release(&after);
}

static void uninstalling_restores_exactly_what_was_there(void **state)
{
	struct buf before, after;

	(void)state;
	make_programs();
	sh("repo/.git/hooks",
		"printf 'exit 3' >pre-push; chmod 750 pre-push; touch -d @1500000000.5 pre-push;"
		"echo '#!/bin/sh' >post-commit; chmod 644 post-commit;"
		"ln -s nowhere post-merge; mkdir post-rewrite; echo x >post-rewrite/part;"
		"echo other >pre-commit");
	before = picture();
	install("one");
	assert_true(status("one").live);
	assert_string_equal(uninstall(), "");
	after = picture();
	assert_string_equal(before.data, after.data);
	buf_release(&before);
	buf_release(&after);
}

static void a_directory_that_was_not_there_goes_again(void **state)
{
	(void)state;
	make_programs();
	sh("repo/.git", "rm -r hooks");
	install("one");
	assert_string_equal(uninstall(), "");
	assert_false(fs_exists(at("repo/.git/hooks")));
	assert_false(fs_exists(at("repo/.git/minsky")));
}

static void a_pointer_file_survives_uninstalling(void **state)
{
	(void)state;
	make_programs();
	sh("repo/.git", "mkdir minsky; echo x >minsky/journal");
	install("one");
	assert_string_equal(uninstall(), "");
	assert_string_equal(ask("repo/.git/minsky", "ls"), "journal");
}

static void uninstalling_what_is_not_installed_does_nothing(void **state)
{
	struct buf before, after;

	(void)state;
	make_programs();
	sh("repo/.git/hooks", "echo mine >post-commit");
	before = picture();
	assert_string_equal(uninstall(), "");
	after = picture();
	assert_string_equal(before.data, after.data);
	buf_release(&before);
	buf_release(&after);
}

static void a_hook_that_is_there_waits_behind_ours(void **state)
{
	(void)state;
	make_programs();
	sh("repo/.git/hooks", "echo mine >post-commit; chmod 755 post-commit");
	assert_int_equal(state_of("post-commit", "one"), HOOK_FOREIGN);
	install("one");
	assert_int_equal(state_of("post-commit", "one"), HOOK_OURS);
	assert_true(status("one").v[0].chained);
	assert_false(status("one").v[1].chained);
	assert_string_equal(ask("repo/.git/hooks", "cat post-commit.minsky-prev"), "mine");
	assert_string_equal(
		ask("repo/.git/hooks", "stat -c '%h %a' post-commit.minsky-prev"), "1 755");
}

static void another_version_replaces_ours_in_place(void **state)
{
	(void)state;
	make_programs();
	sh("repo/.git/hooks", "echo mine >post-commit");
	install("one");
	assert_int_equal(state_of("post-commit", "two"), HOOK_OLD);
	assert_false(status("two").live);
	install("two");
	assert_true(status("two").live);
	assert_string_equal(ask("repo/.git/hooks", "cat post-commit.minsky-prev"), "mine");
	assert_string_equal(uninstall(), "");
	assert_string_equal(ask("repo/.git/hooks", "ls; cat post-commit"), "post-commit\nmine");
}

static void ours_is_known_without_the_manifest(void **state)
{
	(void)state;
	make_programs();
	install("one");
	sh("repo/.git", "rm minsky/hooks");
	assert_int_equal(state_of("post-commit", "two"), HOOK_OLD);
	install("two");
	assert_true(status("two").live);
	sh("repo/.git", "rm minsky/hooks");
	assert_string_equal(uninstall(), "");
	assert_string_equal(ask("repo/.git/hooks", "ls"), "");
}

static void one_that_lost_its_mode_is_put_right(void **state)
{
	(void)state;
	make_programs();
	install("one");
	sh("repo/.git/hooks", "chmod 0644 post-commit; chmod 0775 post-merge");
	assert_int_equal(state_of("post-commit", "one"), HOOK_OLD);
	assert_int_equal(state_of("post-merge", "one"), HOOK_OLD);
	install("one");
	assert_true(status("one").live);
}

static void an_altered_file_of_ours_stays(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	make_programs();
	install("one");
	sh("repo/.git/hooks", "echo 'echo more' >>post-commit");
	assert_int_equal(state_of("post-commit", "one"), HOOK_CHANGED);
	assert_int_equal(install_code(&err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "post-commit"));
	assert_true(err.hint[0] != '\0');
	assert_non_null(strstr(uninstall(), "hooks/post-commit\n"));
	assert_string_equal(ask("repo/.git/hooks", "ls"), "post-commit");
	sh("repo/.git/hooks", "rm post-commit");
	assert_string_equal(uninstall(), "");
	assert_false(fs_exists(at("repo/.git/minsky")));
}

/* lefthook and friends put their own file over ours while an older one already waits. */
static void two_hooks_of_others_are_never_made_one(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	make_programs();
	sh("repo/.git/hooks", "echo mine >post-commit");
	install("one");
	sh("repo/.git/hooks", "rm post-commit; echo other >post-commit; rm post-merge");
	assert_int_equal(state_of("post-commit", "one"), HOOK_FOREIGN);
	assert_int_equal(install_code(&err), ERR_REFUSED);
	assert_false(fs_exists(at("repo/.git/hooks/post-merge")));
	assert_non_null(strstr(uninstall(), "hooks/post-commit\n"));
	assert_string_equal(
		ask("repo/.git/hooks", "cat post-commit post-commit.minsky-prev"), "other\nmine");
}

/* Killed between giving the user's hook its second name and replacing the first. */
static void an_interrupted_installation_is_finished(void **state)
{
	(void)state;
	make_programs();
	sh("repo/.git/hooks", "echo mine >post-commit; ln post-commit post-commit.minsky-prev");
	install("one");
	assert_true(status("one").live);
	assert_string_equal(uninstall(), "");
	assert_string_equal(ask("repo/.git/hooks", "ls; cat post-commit"), "post-commit\nmine");
	sh("repo/.git/hooks", "ln post-commit post-commit.minsky-prev");
	assert_string_equal(uninstall(), "");
	assert_string_equal(ask("repo/.git/hooks", "ls; cat post-commit"), "post-commit\nmine");
}

static void directories_of_others_are_refused(void **state)
{
	static const char *const places[] = { "repo/.husky/_", "repo/tracked", "elsewhere", "file",
		"repo/.git" };
	struct hooks_report report = { .n = 0 };
	struct error err = ERROR_INIT;

	(void)state;
	make_programs();
	sh(".", "mkdir -p repo/.husky/_ repo/tracked elsewhere; touch file");
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		assert_int_equal(
			hooks_install(at("repo/.git"), at(places[i]), at("one"), false, &err),
			ERR_REFUSED);
		assert_int_equal(hooks_status(at("repo/.git"), at(places[i]), at("one"), false,
					 &report, &err),
			0);
		assert_false(report.live);
	}
	sh(".", "rmdir repo/.git/hooks; ln -s ../../elsewhere repo/.git/hooks");
	assert_int_equal(install_code(&err), ERR_REFUSED);
	assert_string_equal(ask("elsewhere", "ls"), "");
	assert_false(fs_exists(at("repo/.git/minsky")));
}

static void hooks_follow_when_git_looks_elsewhere(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	make_programs();
	sh("repo/.git/hooks", "echo mine >post-commit");
	install("one");
	sh("repo/.git", "mkdir mine");
	assert_int_equal(
		hooks_install(at("repo/.git"), at("repo/.git/mine"), at("one"), false, &err), 0);
	assert_string_equal(ask("repo/.git/hooks", "ls; cat post-commit"), "post-commit\nmine");
	assert_string_equal(ask("repo/.git/mine", "ls | wc -l | tr -d ' '"), "6");
	/* And are taken out of where they are, wherever git looks then. */
	assert_string_equal(uninstall(), "");
	assert_string_equal(ask("repo/.git/mine", "ls"), "");
}

/* As pre-commit does it: moves what it finds to .legacy, and runs it from there. */
static void one_that_a_tool_has_moved_and_runs_is_left_there(void **state)
{
	(void)state;
	make_programs();
	sh("repo/.git/hooks", "echo mine >post-commit; chmod 755 post-commit");
	install("one");
	sh("repo/.git/hooks",
		"mv post-commit post-commit.legacy; echo tool >post-commit;"
		"chmod 755 post-commit");
	assert_int_equal(state_of("post-commit", "one"), HOOK_BEHIND);
	assert_true(status("one").live);
	install("two");
	assert_string_equal(
		ask("repo/.git/hooks", "cat post-commit post-commit.minsky-prev"), "tool\nmine");
	assert_string_equal(
		ask("repo/.git/hooks", "cmp post-commit.legacy ../../../two; echo $?"), "0");
	assert_string_equal(uninstall(), "");
	assert_string_equal(ask("repo/.git/hooks", "ls; cat post-commit post-commit.legacy"),
		"post-commit\npost-commit.legacy\ntool\nmine");
}

/* As lefthook does it: moves what it finds to .old, and forgets it. */
static void one_that_a_tool_has_pushed_aside_gets_in_front_again(void **state)
{
	(void)state;
	make_programs();
	install("one");
	sh("repo/.git/hooks",
		"mv post-commit post-commit.old; echo tool >post-commit;"
		"chmod 755 post-commit");
	assert_int_equal(state_of("post-commit", "one"), HOOK_FOREIGN);
	assert_false(status("one").live);
	install("one");
	assert_true(status("one").live);
	assert_string_equal(
		ask("repo/.git/hooks", "ls post-commit*"), "post-commit\npost-commit.minsky-prev");
	assert_string_equal(uninstall(), "");
	assert_string_equal(ask("repo/.git/hooks", "ls; cat post-commit"), "post-commit\ntool");
}

static void ours_leaves_the_place_where_a_tool_has_put_it(void **state)
{
	(void)state;
	make_programs();
	install("one");
	sh("repo/.git/hooks", "mv post-commit post-commit.old; echo tool >post-commit");
	assert_string_equal(uninstall(), "");
	assert_string_equal(ask("repo/.git/hooks", "ls"), "post-commit");
}

static void every_kind_of_hook_comes_back_as_it_was(void **state)
{
	struct buf before, after;

	(void)state;
	make_programs();
	sh("repo/.git/hooks",
		"printf x >post-commit; chmod 640 post-commit; ln -s ../config post-checkout;"
		"ln -s nowhere post-merge; mkdir post-rewrite; echo part >post-rewrite/10-part;"
		"printf '#!/bin/sh\\nexec true' >pre-push; chmod 6755 pre-push;"
		"touch -d @1000000000 post-commit pre-push");
	before = picture();
	install("one");
	assert_true(status("one").live);
	assert_string_equal(uninstall(), "");
	after = picture();
	assert_string_equal(after.data, before.data);
	buf_release(&before);
	buf_release(&after);
}

static void a_damaged_manifest_is_named(void **state)
{
	static const char *const damage[] = { "x\n", "minsky-hooks 1\n",
		"minsky-hooks 1\ndir ../../x\n", "minsky-hooks 1\ndir hooks\nhook a b\n",
		"minsky-hooks 1\ndir hooks" };
	struct error err = ERROR_INIT;

	(void)state;
	make_programs();
	install("one");
	for (size_t i = 0; i < sizeof(damage) / sizeof(*damage); i++) {
		scratch_write(at("repo/.git/minsky/hooks"), damage[i], strlen(damage[i]));
		assert_int_equal(install_code(&err), ERR_CORRUPT);
		assert_non_null(strstr(err.msg, "minsky/hooks"));
	}
}

static void a_program_that_is_not_there_installs_nothing(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	make_programs();
	assert_int_equal(
		hooks_install(at("repo/.git"), at("repo/.git/hooks"), at("missing"), false, &err),
		ERR_NOTFOUND);
	assert_string_equal(ask("repo/.git/hooks", "ls"), "");
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(hooks_are_private_copies),
		T(a_loose_umask_opens_nothing),
		T(a_directory_that_others_can_write_is_refused),
		T(a_bare_repository_gets_post_receive),
		T(doing_it_twice_changes_nothing),
		T(uninstalling_restores_exactly_what_was_there),
		T(a_directory_that_was_not_there_goes_again),
		T(a_pointer_file_survives_uninstalling),
		T(uninstalling_what_is_not_installed_does_nothing),
		T(a_hook_that_is_there_waits_behind_ours),
		T(another_version_replaces_ours_in_place),
		T(ours_is_known_without_the_manifest),
		T(one_that_lost_its_mode_is_put_right),
		T(an_altered_file_of_ours_stays),
		T(two_hooks_of_others_are_never_made_one),
		T(an_interrupted_installation_is_finished),
		T(directories_of_others_are_refused),
		T(hooks_follow_when_git_looks_elsewhere),
		T(one_that_a_tool_has_moved_and_runs_is_left_there),
		T(one_that_a_tool_has_pushed_aside_gets_in_front_again),
		T(ours_leaves_the_place_where_a_tool_has_put_it),
		T(every_kind_of_hook_comes_back_as_it_was),
		T(a_damaged_manifest_is_named),
		T(a_program_that_is_not_there_installs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
