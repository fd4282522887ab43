/* Arguments of git by kind: what fits, what does not, and that nothing is run with what does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/buf.h"
#include "git/gitcmd.h"
#include "lib/world.h"

#define OID "0123456789abcdef0123456789abcdef01234567"
#define OID2 OID "0123456789abcdef01234567"

struct row {
	enum git_arg_kind kind;
	const char *text;
};

static const struct row good[] = {
	{ GIT_ARG_OID, OID },
	{ GIT_ARG_OID, OID2 },
	{ GIT_ARG_REV, OID },
	{ GIT_ARG_REV, OID "^{commit}" },
	{ GIT_ARG_REV, OID "^2" },
	{ GIT_ARG_REV, OID "..." OID },
	{ GIT_ARG_REV, "HEAD^{tree}" },
	{ GIT_ARG_REV, "refs/tags/v1^{}" },
	{ GIT_ARG_REF, "HEAD" },
	{ GIT_ARG_REF, "refs/heads/a-b/c.d" },
	{ GIT_ARG_REF, "refs/heads/\303\244" },
	{ GIT_ARG_BRANCH, "a/b" },
	{ GIT_ARG_BRANCH, "a@b" },
	{ GIT_ARG_NAME, "post-commit" },
	{ GIT_ARG_PATTERN, "refs/heads/" },
	{ GIT_ARG_PATTERN, "refs/heads/pr" },
	{ GIT_ARG_PATTERN, "refs/heads/*" },
	{ GIT_ARG_REMOTE, "origin" },
	{ GIT_ARG_REMOTE, "/srv/a:b c" },
	{ GIT_ARG_REFSPEC, OID },
	{ GIT_ARG_REFSPEC, OID ":refs/heads/x" },
	{ GIT_ARG_REFSPEC, ":refs/heads/x" },
	{ GIT_ARG_REFSPEC, "+refs/heads/*:refs/remotes/o/*" },
	{ GIT_ARG_REFSPEC, "refs/heads/x" },
	{ GIT_ARG_OPTION, "--contains=" OID },
	{ GIT_ARG_OPTION, "--max-count=12" },
	{ GIT_ARG_OPTION, "--force-with-lease=refs/heads/x:" OID },
	{ GIT_ARG_OPTION, "--force-with-lease=refs/heads/x:" },
	{ GIT_ARG_OPTION, "--exclude=origin/*" },
	{ GIT_ARG_SETTING, "remote.minsky.fetch=+refs/heads/*:refs/x/*" },
};

static const struct row bad[] = {
	{ GIT_ARG_OID, "" },
	{ GIT_ARG_OID, "--output=/tmp/x" },
	{ GIT_ARG_OID, "HEAD" },
	{ GIT_ARG_OID, "0123456789abcdef" },
	{ GIT_ARG_OID, "0123456789ABCDEF0123456789abcdef01234567" },
	{ GIT_ARG_OID, OID "\n" },
	{ GIT_ARG_OID, OID "0" },
	{ GIT_ARG_REV, "" },
	{ GIT_ARG_REV, "--all" },
	{ GIT_ARG_REV, "-x^{commit}" },
	{ GIT_ARG_REV, "^" OID },
	{ GIT_ARG_REV, OID "^{/x}" },
	{ GIT_ARG_REV, OID "^-" },
	{ GIT_ARG_REV, OID "..." },
	{ GIT_ARG_REV, OID "...--x" },
	{ GIT_ARG_REV, OID " --output=x" },
	{ GIT_ARG_REF, "" },
	{ GIT_ARG_REF, "refs/" },
	{ GIT_ARG_REF, "main" },
	{ GIT_ARG_REF, "--refs/heads/x" },
	{ GIT_ARG_REF, "refs/heads/a b" },
	{ GIT_ARG_REF, "refs/heads/a\nb" },
	{ GIT_ARG_REF, "refs/heads/a..b" },
	{ GIT_ARG_REF, "refs/heads/.a" },
	{ GIT_ARG_REF, "refs/heads/a." },
	{ GIT_ARG_REF, "refs/heads/a.lock" },
	{ GIT_ARG_REF, "refs/heads/a.lock/b" },
	{ GIT_ARG_REF, "refs/heads//a" },
	{ GIT_ARG_REF, "refs/heads/a/" },
	{ GIT_ARG_REF, "refs/heads/a@{1}" },
	{ GIT_ARG_REF, "refs/heads/a~1" },
	{ GIT_ARG_REF, "refs/heads/*" },
	{ GIT_ARG_REF, "refs/../x" },
	{ GIT_ARG_BRANCH, "" },
	{ GIT_ARG_BRANCH, "-d" },
	{ GIT_ARG_BRANCH, "--upload-pack=x" },
	{ GIT_ARG_BRANCH, "HEAD" },
	{ GIT_ARG_BRANCH, "@" },
	{ GIT_ARG_BRANCH, "a:b" },
	{ GIT_ARG_NAME, "" },
	{ GIT_ARG_NAME, "-x" },
	{ GIT_ARG_NAME, "a/b" },
	{ GIT_ARG_PATTERN, "--format=x" },
	{ GIT_ARG_PATTERN, "heads" },
	{ GIT_ARG_REMOTE, "" },
	{ GIT_ARG_REMOTE, "--upload-pack=touch x" },
	{ GIT_ARG_REMOTE, "ext::sh -c x" },
	{ GIT_ARG_REMOTE, "https://host/x" },
	{ GIT_ARG_REFSPEC, "" },
	{ GIT_ARG_REFSPEC, ":" },
	{ GIT_ARG_REFSPEC, "--exec=x" },
	{ GIT_ARG_REFSPEC, "+--exec:refs/heads/x" },
	{ GIT_ARG_REFSPEC, OID ":main" },
	{ GIT_ARG_REFSPEC, OID ":refs/heads/a:refs/heads/b" },
	{ GIT_ARG_REFSPEC, "main:refs/heads/x" },
	{ GIT_ARG_OPTION, "--output=x" },
	{ GIT_ARG_OPTION, "--contains=" },
	{ GIT_ARG_OPTION, "--contains=--x" },
	{ GIT_ARG_OPTION, "--max-count=-1" },
	{ GIT_ARG_OPTION, "--max-count=99999999999" },
	{ GIT_ARG_OPTION, "--force-with-lease=x" },
	{ GIT_ARG_OPTION, "--force-with-lease=refs/heads/x:y" },
	{ GIT_ARG_SETTING, "alias" },
	{ GIT_ARG_SETTING, "--x.y=z" },
	{ GIT_ARG_SETTING, "core.pager\n=x" },
	{ GIT_ARG_PATH, "" },
};

static void kinds_take_what_they_are(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (git_arg_check(good[i].kind, good[i].text, &err) != 0)
			fail_msg("%d '%s': %s", (int)good[i].kind, good[i].text, err.msg);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (git_arg_check(bad[i].kind, bad[i].text, &err) != ERR_REFUSED)
			fail_msg("%d takes '%s'", (int)bad[i].kind, bad[i].text);
}

/* git itself is the judge of what a ref is called. */
static void refs_are_what_git_says(void **state)
{
	static const char *const parts[] = { "a", "a.b", "a..b", ".a", "a.", "a.lock", "a~", "a^",
		"a:", "a?", "a*", "a[", "a\\", "a{", "a@{", "@", "a b", "a\tb", "a\177b", "a/",
		"/a", "a//b", "-a", "a.lock/b", "\303\244", "a'b", "a\"b", "a;b", "a$b" };
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct buf ref = BUF_INIT;
		bool fine;

		buf_addf(&ref, "refs/heads/%s", parts[i]);
		assert_int_equal(setenv("REF", ref.data, 1), 0);
		fine = sh_ok(".", "git check-ref-format \"$REF\"");
		if ((git_arg_check(GIT_ARG_REF, ref.data, &err) == 0) != fine)
			fail_msg("git and we differ about '%s'", ref.data);
		buf_release(&ref);
	}
	assert_int_equal(unsetenv("REF"), 0);
}

static void nothing_is_run_with_an_argument_that_is_not_of_its_kind(void **state)
{
	struct error err = ERROR_INIT;

	(void)state;
	sh(".", "repo r; cd r; commit f 1");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct git_cmd cmd = { .dir = "r",
			.args = { GIT_WORDS("log", "-1", "--"), { bad[i].kind, bad[i].text } } };
		int status = 77;

		error_clear(&err);
		assert_int_equal(git_run(&cmd, NULL, NULL, &status, &err), ERR_REFUSED);
		assert_int_equal(status, 77);
	}
}

static int check(const struct git_arg *args, size_t n)
{
	struct error err = ERROR_INIT;

	return git_args_check(args, n, &err);
}

static void texts_settings_and_paths_have_their_places(void **state)
{
	const struct git_arg text[] = { GIT_WORD("-m"), GIT_TEXT("--x") };
	const struct git_arg lost[] = { GIT_WORD("commit"), GIT_TEXT("--x") };
	const struct git_arg value[] = { GIT_OID(OID), GIT_TEXT("x") };
	const struct git_arg setting[] = { GIT_WORD("-c"), GIT_SETTING("a.b=--x") };
	const struct git_arg loose[] = { GIT_WORD("x"), GIT_SETTING("a.b=c") };
	const struct git_arg path[] = { GIT_WORDS("x", "--"), GIT_PATH("-x"), GIT_PATH("-y") };
	const struct git_arg bare[] = { GIT_WORD("x"), GIT_PATH("y") };
	const struct git_arg dash[] = { GIT_WORD("-m"), GIT_TEXT("--"), GIT_PATH("y") };

	(void)state;
	assert_int_equal(check(text, 2), 0);
	assert_int_equal(check(lost, 2), ERR_REFUSED);
	assert_int_equal(check(value, 2), ERR_REFUSED);
	assert_int_equal(check(setting, 2), 0);
	assert_int_equal(check(loose, 2), ERR_REFUSED);
	assert_int_equal(check(path, 4), 0);
	assert_int_equal(check(bare, 2), ERR_REFUSED);
	/* A text is no "--", whatever it says. */
	assert_int_equal(check(dash, 3), ERR_REFUSED);
}

static void lines_for_update_ref_are_single_lines(void **state)
{
	struct buf input = BUF_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(git_input_update(&input, "refs/heads/", "a", OID, &err), 0);
	assert_int_equal(git_input_delete(&input, "refs/heads/", "b", &err), 0);
	assert_string_equal(input.data, "update refs/heads/a " OID "\ndelete refs/heads/b\n");
	assert_int_equal(
		git_input_update(&input, "refs/heads/", "a x\ndelete refs/heads/main", OID, &err),
		ERR_REFUSED);
	assert_int_equal(
		git_input_update(&input, "refs/heads/", "a", "x\ndelete y", &err), ERR_REFUSED);
	assert_int_equal(git_input_delete(&input, "refs/heads/", "../x", &err), ERR_REFUSED);
	assert_string_equal(input.data, "update refs/heads/a " OID "\ndelete refs/heads/b\n");
	buf_release(&input);
}

static void an_embedded_bare_repository_is_not_obeyed(void **state)
{
	const struct git_cmd fetch = { .dir = "w/evil", .args = { GIT_WORDS("fetch", "origin") } };
	const struct git_cmd status_of = { .dir = "w/evil", .args = { GIT_WORDS("status", "-s") } };
	struct error err = ERROR_INIT;
	int status = 0;

	(void)state;
	sh(".",
		"repo w; cd w; commit f 1; git init -q --bare evil;"
		"git -C evil config core.bare false; git -C evil config core.worktree ..;"
		"git -C evil config protocol.ext.allow always;"
		"git -C evil config core.fsmonitor \"touch $PWD/../PWNED; false\";"
		"git -C evil config remote.origin.url \"ext::touch $PWD/../PWNED\"");
	assert_int_equal(git_run(&fetch, NULL, NULL, &status, &err), 0);
	assert_int_not_equal(status, 0);
	assert_int_equal(git_run(&status_of, NULL, NULL, &status, &err), 0);
	assert_int_not_equal(status, 0);
	sh(".", "test ! -e PWNED");
	/* A bare repository that is not in a work tree is one, whatever the user's own setting is.
	 */
	sh(".", "git init -q --bare b; printf '[safe]\\n bareRepository = explicit\\n' >global");
	assert_int_equal(setenv("GIT_CONFIG_GLOBAL", at("global"), 1), 0);
	{
		const struct git_cmd cmd = { .dir = "b",
			.args = { GIT_WORDS("rev-parse", "--git-dir") } };

		assert_int_equal(git_run(&cmd, NULL, NULL, &status, &err), 0);
		assert_int_equal(status, 0);
	}
}

/* Last: it holds for the process. */
static void what_runs_by_itself_starts_no_other_program(void **state)
{
	const struct git_cmd cmd = { .dir = "r",
		.args = { GIT_WORDS("-c", "protocol.ext.allow=always", "-c",
			"remote.o.url=ext::sh -c touch% PWNED", "fetch", "--", "o") } };
	const struct git_cmd file = { .dir = "r",
		.args = { GIT_WORDS("-c", "remote.o.url=../s", "fetch", "--", "o") } };
	struct error err = ERROR_INIT;
	int status = 0;

	(void)state;
	sh(".", "repo r; repo s; cd s; commit f 1");
	assert_int_equal(git_run(&cmd, NULL, NULL, &status, &err), 0);
	sh("r", "test -e PWNED; rm PWNED"); /* as the user, or the repository, has configured it */
	git_unattended();
	assert_int_equal(git_run(&cmd, NULL, NULL, &status, &err), 0);
	assert_int_not_equal(status, 0);
	sh("r", "test ! -e PWNED");
	assert_int_equal(git_run(&file, NULL, NULL, &status, &err), 0);
	assert_int_equal(status, 0);
	/* What the user forbids stays forbidden, what the user allows besides does not count. */
	assert_int_equal(setenv("GIT_ALLOW_PROTOCOL", "ext:https", 1), 0);
	assert_int_equal(git_run(&cmd, NULL, NULL, &status, &err), 0);
	sh("r", "test ! -e PWNED");
	assert_int_equal(git_run(&file, NULL, NULL, &status, &err), 0);
	assert_int_not_equal(status, 0);
	assert_int_equal(unsetenv("GIT_ALLOW_PROTOCOL"), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(kinds_take_what_they_are),
		T(refs_are_what_git_says),
		T(nothing_is_run_with_an_argument_that_is_not_of_its_kind),
		T(texts_settings_and_paths_have_their_places),
		T(lines_for_update_ref_are_single_lines),
		T(an_embedded_bare_repository_is_not_obeyed),
		T(what_runs_by_itself_starts_no_other_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
