#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "git/gitcmd.h"
#include "lib/child.h"
#include "lib/world.h"

/* A `git` that is a script of ours, in front on PATH. */
static void fake_git(const char *script)
{
	struct buf text = BUF_INIT;

	buf_addf(&text,
		"mkdir -p fake; printf '#!/bin/sh\\n%%s\\n' '%s' >fake/git; chmod +x fake/git",
		script);
	assert_false(text.failed);
	sh(".", text.data);
	buf_clear(&text);
	buf_addf(&text, "%s/fake:%s", world(), getenv("PATH"));
	assert_int_equal(setenv("PATH", text.data, 1), 0);
	buf_release(&text);
}

static char *path_before;

static int setup(void **state)
{
	path_before = strdup(getenv("PATH"));
	return path_before ? world_setup(state) : -1;
}

static int teardown(void **state)
{
	int r = setenv("PATH", path_before, 1);

	free(path_before);
	return r ? r : world_teardown(state);
}

static void output_and_status_are_handed_over(void **state)
{
	const struct git_cmd cmd = { .dir = "r",
		.args = { GIT_WORDS("rev-parse", "--verify", "nothing") } };
	const struct git_cmd good = { .dir = "r", .args = { GIT_WORDS("symbolic-ref", "HEAD") } };
	struct buf out = BUF_INIT, errout = BUF_INIT;
	struct error err = ERROR_INIT;
	int status = -1;

	(void)state;
	sh(".", "repo r");
	assert_int_equal(git_run(&good, &out, &errout, &status, &err), 0);
	assert_int_equal(status, 0);
	assert_string_equal(out.data, "refs/heads/main\n");
	assert_string_equal(errout.data, "");
	git_chomp(&out);
	assert_string_equal(out.data, "refs/heads/main");
	buf_clear(&out);
	assert_int_equal(git_run(&cmd, &out, &errout, &status, &err), 0);
	assert_int_equal(status, 128);
	assert_string_equal(errout.data, "fatal: Needed a single revision\n");
	assert_int_equal(git_must(&cmd, NULL, &err), ERR_GIT);
	assert_string_equal(err.msg, "git rev-parse: Needed a single revision");
	buf_release(&out);
	buf_release(&errout);
}

/* Both directions are far larger than a pipe, and git writes before it has read everything. */
static void large_input_and_output_do_not_block(void **state)
{
	struct buf input = BUF_INIT, out = BUF_INIT, errout = BUF_INIT;
	struct error err = ERROR_INIT;
	struct git_cmd cmd = { .dir = "r", .args = { GIT_WORDS("cat-file", "--batch") } };
	int status = -1;

	(void)state;
	sh(".",
		"repo r; cd r; head -c 3000 /dev/zero | tr '\\0' x >f; git add f; tick; git commit "
		"-q -m f");
	for (int i = 0; i < 1000; i++)
		buf_adds(&input, "HEAD:f\n");
	cmd.input = input.data;
	cmd.input_len = input.len;
	assert_int_equal(git_run(&cmd, &out, &errout, &status, &err), 0);
	assert_int_equal(status, 0);
	/* "<oid> blob 3000\n", the bytes, a newline */
	assert_int_equal(out.len, 1000 * (40 + strlen(" blob 3000\n") + 3000 + 1));
	buf_release(&input);
	buf_release(&out);
	buf_release(&errout);
}

static void large_stderr_does_not_block(void **state)
{
	const struct git_cmd cmd = { .args = { GIT_WORD("x") } };
	struct buf out = BUF_INIT, errout = BUF_INIT;
	struct error err = ERROR_INIT;
	int status = -1;

	(void)state;
	fake_git("head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; exit 3");
	assert_int_equal(git_run(&cmd, &out, &errout, &status, &err), 0);
	assert_int_equal(status, 3);
	assert_int_equal(out.len, 300000);
	assert_int_equal(errout.len, 300000);
	buf_clear(&out);
	/* Nobody wants either. */
	assert_int_equal(git_run(&cmd, NULL, NULL, &status, &err), 0);
	assert_int_equal(status, 3);
	buf_release(&out);
	buf_release(&errout);
}

static void input_that_git_does_not_read_is_no_failure(void **state)
{
	struct git_cmd cmd = { .args = { GIT_WORD("x") } };
	struct error err = ERROR_INIT;
	int status = -1;
	char *input = calloc(1, 1000000);

	(void)state;
	assert_non_null(input);
	fake_git("exit 0");
	cmd.input = input;
	cmd.input_len = 1000000;
	assert_int_equal(git_run(&cmd, NULL, NULL, &status, &err), 0);
	assert_int_equal(status, 0);
	free(input);
}

/* "name=value" lines of what git was given, for one name; "" if it is unset. */
static const char *given(const struct git_cmd *cmd, const char *name)
{
	static char value[256];
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	char prefix[64];
	int status = -1;

	(void)snprintf(prefix, sizeof(prefix), "%s=", name);
	value[0] = '\0';
	assert_int_equal(git_run(cmd, &out, NULL, &status, &err), 0);
	for (char *line = out.data; *line; line += strcspn(line, "\n") + 1)
		if (strncmp(line, prefix, strlen(prefix)) == 0) {
			assert_string_equal(value, ""); /* never twice */
			(void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\n"),
				line + strlen(prefix));
			value[strcspn(value, "\n")] = '\0';
		}
	buf_release(&out);
	return value;
}

/* What it traces to a file may stay; on stderr it would pass for git's words. */
static void tracing_does_not_get_into_what_is_read(void **state)
{
	static const char *const kept[] = { "/dev/null", "af_unix:/nowhere" };
	static const char *const dropped[] = { "1", "2", "true", "" };
	struct git_cmd cmd = { .args = { GIT_WORD("x") } };

	(void)state;
	fake_git("env");
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		assert_int_equal(setenv("GIT_TRACE2_EVENT", kept[i], 1), 0);
		assert_string_equal(given(&cmd, "GIT_TRACE2_EVENT"), kept[i]);
	}
	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		assert_int_equal(setenv("GIT_TRACE2_EVENT", dropped[i], 1), 0);
		assert_string_equal(given(&cmd, "GIT_TRACE2_EVENT"), "");
	}
	assert_int_equal(unsetenv("GIT_TRACE2_EVENT"), 0);
}

static void the_environment_of_a_hook_does_not_reach_git(void **state)
{
	static const char *const dropped[] = { "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE",
		"GIT_OBJECT_DIRECTORY", "GIT_QUARANTINE_PATH", "GIT_PREFIX", "GIT_REFLOG_ACTION",
		"GIT_CONFIG_PARAMETERS", "GIT_EDITOR", "GIT_TRACE", "GIT_CURL_VERBOSE" };
	static const char *const kept[] = { "GIT_SSH_COMMAND", "GIT_SSH", "GIT_ASKPASS",
		"GIT_AUTHOR_DATE", "GIT_COMMITTER_NAME", "GIT_EXEC_PATH", "GIT_SSL_NO_VERIFY",
		"GIT_PROXY_COMMAND", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0",
		"GIT_LFS_SKIP_SMUDGE", "OTHER" };
	static const char *const extra[] = { "GIT_REFLOG_ACTION=ours", "OTHER=extra", NULL };
	struct git_cmd cmd = { .args = { GIT_WORD("x") } };

	(void)state;
	fake_git("env");
	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		assert_int_equal(setenv(dropped[i], "1", 1), 0);
		assert_string_equal(given(&cmd, dropped[i]), "");
	}
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		const char *before = getenv(kept[i]);
		char *saved = before ? strdup(before) : NULL;

		assert_int_equal(setenv(kept[i], "mine", 1), 0);
		assert_string_equal(given(&cmd, kept[i]), "mine");
		if (i + 1 < sizeof(kept) / sizeof(kept[0])) {
			assert_int_equal(saved ? setenv(kept[i], saved, 1) : unsetenv(kept[i]), 0);
		}
		free(saved);
	}
	assert_int_equal(setenv("LC_ALL", "de_DE.UTF-8", 1), 0);
	assert_string_equal(given(&cmd, "LC_ALL"), "C");
	assert_string_equal(given(&cmd, "MINSKY_HOOK"), "1");
	assert_int_equal(setenv("GIT_TERMINAL_PROMPT", "1", 1), 0);
	assert_string_equal(given(&cmd, "GIT_TERMINAL_PROMPT"), "0");
	cmd.talk = true;
	assert_string_equal(given(&cmd, "GIT_TERMINAL_PROMPT"), "1");
	cmd.env = extra;
	assert_string_equal(given(&cmd, "GIT_REFLOG_ACTION"), "ours");
	assert_string_equal(given(&cmd, "OTHER"), "extra");
	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++)
		assert_int_equal(unsetenv(dropped[i]), 0);
}

static void arguments_are_never_read_by_a_shell(void **state)
{
	const struct git_cmd cmd = { .dir = "r",
		.args = { GIT_WORDS(
			"check-ref-format", "--branch", "$(touch oops)`touch oops`;touch oops") } };
	struct error err = ERROR_INIT;
	int status = -1;

	(void)state;
	sh(".", "repo r");
	assert_int_equal(git_run(&cmd, NULL, NULL, &status, &err), 0);
	assert_int_not_equal(status, 0);
	sh(".", "test ! -e oops && test ! -e r/oops");
}

static void failures_speak_with_gits_words(void **state)
{
	const struct git_cmd cmd = { .args = { GIT_WORDS("-c", "a.b=c", "merge", "x") } };
	struct error err = ERROR_INIT;

	(void)state;
	fake_git("printf \"error: these files:\\n\\ta\\n\\tb\\nPlease move.\\nAborting\\n\" >&2; "
		 "exit 1");
	assert_int_equal(git_must(&cmd, NULL, &err), ERR_GIT);
	assert_string_equal(err.msg, "git merge: these files: a, b");
	fake_git("printf \"one\\ntwo\\nhint: three\\n\\n\" >&2; exit 1");
	assert_int_equal(git_must(&cmd, NULL, &err), ERR_GIT);
	assert_string_equal(err.msg, "git merge: two");
	fake_git("exit 9");
	assert_int_equal(git_must(&cmd, NULL, &err), ERR_GIT);
	assert_string_equal(err.msg, "git merge failed with status 9");
	/* What git adds behind any failure of a remote does not hide the reason. */
	fake_git("printf \"ssh: no route\\nfatal: Could not read from remote repository.\\n\\n"
		 "Please make sure\\n\" >&2; exit 128");
	assert_int_equal(git_must(&cmd, NULL, &err), ERR_GIT);
	assert_string_equal(err.msg, "git merge: ssh: no route");
	fake_git("printf \"fatal: Could not read from remote repository.\\n\\nPlease\\n\" >&2; "
		 "exit 1");
	assert_int_equal(git_must(&cmd, NULL, &err), ERR_GIT);
	assert_string_equal(err.msg, "git merge: Could not read from remote repository.");
	/* A hook's or a filter's lines go with it, git's own summary does not. */
	fake_git("printf \"login_test fails\\r\\nand more \\nhint: no\\nerror: failed to push\\n\" "
		 ">&2; exit 1");
	assert_int_equal(git_must(&cmd, NULL, &err), ERR_GIT);
	assert_string_equal(err.msg, "git merge: failed to push");
	assert_string_equal(err.said, "login_test fails\nand more");
	fake_git("printf \"gpg: no tty\\nerror: gpg failed to sign the data\\n"
		 "fatal: failed to write commit object\\n\" >&2; exit 1");
	assert_int_equal(git_must(&cmd, NULL, &err), ERR_GIT);
	assert_string_equal(err.said, "gpg: no tty\nerror: gpg failed to sign the data");
	assert_string_equal(error_reason_of(&err), "signing-failed");
	/* No escape sequences, and no passwords. */
	fake_git("printf \"fatal: \\033[31mno https://ana:hunter22@host.org/x\\n\" >&2; exit 1");
	assert_int_equal(git_must(&cmd, NULL, &err), ERR_GIT);
	assert_null(strchr(err.msg, '\033'));
	assert_null(strstr(err.msg, "hunter22"));
	assert_non_null(strstr(err.msg, "\\x1b[31mno"));
}

static void another_users_repository_is_refused_with_advice(void **state)
{
	const struct git_cmd cmd = { .args = { GIT_WORD("fetch") } };
	struct buf words = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	sh(".", "repo \"it's\"");
	buf_addf(&words,
		"fatal: detected dubious ownership in repository at '%s/it's'\nTo add\n"
		"fatal: Could not read from remote repository.\n",
		world());
	assert_int_equal(git_failed(&cmd, 128, &words, ERR_GIT, &err), ERR_REFUSED);
	buf_clear(&words);
	buf_addf(&words, "repository '%s/it's' belongs to another user", world());
	assert_string_equal(err.msg, words.data);
	buf_clear(&words);
	buf_addf(&words,
		"if you trust it: git config --global --add safe.directory '%s/it'\\''s' && "
		"git config --global --add safe.directory '%s/it'\\''s/.git'",
		world(), world());
	assert_string_equal(err.hint, words.data);
	buf_clear(&words);
	assert_int_equal(git_foreign(&words, &err), 0);
	buf_release(&words);
}

static void git_that_is_not_there_is_an_error_with_advice(void **state)
{
	const struct git_cmd cmd = { .args = { GIT_WORD("version") } };
	struct error err = ERROR_INIT;
	int status = 77;

	(void)state;
	assert_int_equal(setenv("PATH", world(), 1), 0);
	assert_int_equal(git_run(&cmd, NULL, NULL, &status, &err), ERR_GIT);
	assert_int_equal(status, 77);
	assert_string_equal(err.msg, "cannot run git: No such file or directory");
	assert_non_null(strstr(err.hint, "install git"));
}

/* In a child of its own: the process remembers that it was interrupted. */
static void a_signal_ends_git_and_the_call(void **state)
{
	const struct git_cmd cmd = { .args = { GIT_WORD("x") } };
	int status;
	pid_t pid;

	(void)state;
	fake_git("echo $$ >git.pid; kill -INT $PPID; exec sleep 1000");
	pid = child_fork();
	if (pid == 0) {
		struct buf out = BUF_INIT;
		struct error err = ERROR_INIT;
		bool good;

		(void)signal(SIGINT, SIG_DFL);
		good = git_run(&cmd, &out, NULL, &status, &err) == ERR_GIT &&
			strcmp(err.msg, "interrupted by signal 2") == 0 &&
			git_interrupted() == SIGINT &&
			git_run(&cmd, NULL, NULL, &status, &err) == ERR_GIT;
		buf_release(&out);
		/* With git gone, the disposition is what it was. */
		if (good)
			(void)raise(SIGINT);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
	assert_false(sh_ok(".", "kill -0 $(cat git.pid) 2>/dev/null"));
}

static void version_is_read(void **state)
{
	struct error err = ERROR_INIT;
	int major = 0, minor = 0;

	(void)state;
	assert_int_equal(git_version(&major, &minor, &err), 0);
	assert_true(major >= 2);
	fake_git("echo git version 1.2.3");
	assert_int_equal(git_version(&major, &minor, &err), 0);
	assert_true(major >= 2); /* asked once */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(output_and_status_are_handed_over, setup, teardown),
		cmocka_unit_test_setup_teardown(
			large_input_and_output_do_not_block, setup, teardown),
		cmocka_unit_test_setup_teardown(large_stderr_does_not_block, setup, teardown),
		cmocka_unit_test_setup_teardown(
			input_that_git_does_not_read_is_no_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(
			tracing_does_not_get_into_what_is_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_environment_of_a_hook_does_not_reach_git, setup, teardown),
		cmocka_unit_test_setup_teardown(
			arguments_are_never_read_by_a_shell, setup, teardown),
		cmocka_unit_test_setup_teardown(failures_speak_with_gits_words, setup, teardown),
		cmocka_unit_test_setup_teardown(
			another_users_repository_is_refused_with_advice, setup, teardown),
		cmocka_unit_test_setup_teardown(
			git_that_is_not_there_is_an_error_with_advice, setup, teardown),
		cmocka_unit_test_setup_teardown(a_signal_ends_git_and_the_call, setup, teardown),
		cmocka_unit_test_setup_teardown(version_is_read, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
