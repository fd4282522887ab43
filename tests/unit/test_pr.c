#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "git/pr.h"
#include "lib/world.h"

/* An origin, a clone of it, and in the clone a branch s of two commits on main. */
static const char start[] =
	"repo up; cd up; commit a 1; commit b 1; git switch -q --detach; cd ..\n"
	"git clone -q up w; cd w; git switch -q main; git switch -q -c s\n"
	"commit a 2; commit c 1\n";

static const char *rev(const char *dir, const char *name)
{
	char script[256];

	(void)snprintf(script, sizeof(script), "git rev-parse --verify -q '%s' || true", name);
	return ask(dir, script);
}

static struct pr_commit prepared(const char *message)
{
	struct pr_commit c = PR_COMMIT_INIT;
	struct error err = ERROR_INIT;

	if (pr_prepare(&c, at("w"), "refs/remotes/origin/main", "refs/heads/s", message,
		    strlen(message), NULL, &err) != 0)
		fail_msg("%s", err.msg);
	return c;
}

static void prepared_merge_has_both_parents_and_the_merged_tree(void **state)
{
	struct pr_commit c;
	char script[512];

	(void)state;
	sh(".", start);
	sh("up", "git switch -q main; commit d 1");
	sh("w", "git fetch -q; echo dirty >a; echo new >untracked");
	c = prepared("title\n\nbody");
	assert_string_equal(c.base.hex, rev("w", "origin/main"));
	assert_string_equal(c.tip.hex, rev("w", "s"));
	assert_string_equal(c.message.data, "title\n\nbody\n");
	(void)snprintf(script, sizeof(script),
		"test \"$(git rev-parse %s^1)\" = \"$(git rev-parse origin/main)\"\n"
		"test \"$(git rev-parse %s^2)\" = \"$(git rev-parse s)\"\n"
		"test \"$(git show %s:a)\" = 2; git show %s:d >/dev/null\n"
		"test \"$(git status --porcelain)\" = \" M a\n?? untracked\"",
		c.oid.hex, c.oid.hex, c.oid.hex, c.oid.hex);
	sh("w", script);
	pr_commit_release(&c);
}

static void messages_survive_byte_for_byte(void **state)
{
	static const char *const messages[] = {
		"title\n",
		"title\n\nbody\n",
		"title\n\n\n  two blank lines, spaces at the end  \n\n\n",
		"\"quoted\" 'title' $(touch oops) `touch oops` ; touch oops\n\nback\\slash %s\n",
		"-dash\n\n--option\n# comment?\n",
		"\xc3\xbcn\xc3\xaf c\xc3\xb6re \xf0\x9f\x98\x80\n\n\xe6\x97\xa5\xe6\x9c\xac\n",
		"crlf\r\n\r\nbody\r\n",
		"tree 0123\nparent x\n\nlooks like headers\n",
	};

	(void)state;
	sh(".", start);
	sh("w", "git config i18n.commitEncoding ISO-8859-1; git config core.commentChar '#'");
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct pr_commit c = prepared(messages[i]);
		struct pr_commit back = PR_COMMIT_INIT;
		struct error err = ERROR_INIT;

		assert_int_equal(pr_read(&back, at("w"), c.oid.hex, &err), 0);
		assert_string_equal(back.message.data, messages[i]);
		assert_int_equal(back.message.len, strlen(messages[i]));
		assert_string_equal(back.oid.hex, c.oid.hex);
		assert_string_equal(back.base.hex, c.base.hex);
		assert_string_equal(back.tip.hex, c.tip.hex);
		pr_commit_release(&c);
		pr_commit_release(&back);
	}
	sh("w", "test ! -e oops");
}

static void refused_to_prepare(
	const char *message, size_t len, const char *tip, enum error_code code, const char *words)
{
	struct pr_commit c = PR_COMMIT_INIT;
	struct error err = ERROR_INIT;

	assert_int_equal(
		pr_prepare(&c, at("w"), "origin/main", tip, message, len, NULL, &err), code);
	if (!strstr(err.msg, words))
		fail_msg("'%s' is not in '%s'", words, err.msg);
	assert_string_equal(c.oid.hex, "");
}

static void bad_messages_are_usage_errors(void **state)
{
	(void)state;
	sh(".", start);
	refused_to_prepare("", 0, "s", ERR_USAGE, "no title");
	refused_to_prepare("\nbody", 5, "s", ERR_USAGE, "no title");
	refused_to_prepare("a\0b", 3, "s", ERR_USAGE, "NUL");
	refused_to_prepare("caf\xe9", 4, "s", ERR_USAGE, "not UTF-8");
	refused_to_prepare("t", 1, "--all", ERR_USAGE, "--all");
	refused_to_prepare("t", 1, "none", ERR_GIT, "none");
}

static void nothing_to_merge_is_refused(void **state)
{
	(void)state;
	sh(".", start);
	sh("w",
		"git branch same origin/main; git switch -q -c undone; git revert --no-edit HEAD\n"
		"git revert --no-edit HEAD~2 >/dev/null; git switch -q s");
	refused_to_prepare("t", 1, "same", ERR_REFUSED, "nothing to merge");
	refused_to_prepare("t", 1, "undone", ERR_REFUSED, "nothing to merge");
	sh("up", "git switch -q main; git pull -q ../w s");
	sh("w", "git fetch -q");
	refused_to_prepare("t", 1, "s", ERR_REFUSED, "nothing to merge");
	sh("w", "git switch -q --orphan alone; commit z 1");
	refused_to_prepare("t", 1, "alone", ERR_REFUSED, "unrelated histories");
}

static void conflicts_name_their_files_and_change_nothing(void **state)
{
	struct pr_commit c = PR_COMMIT_INIT;
	struct buf conflicts = BUF_INIT;
	struct error err = ERROR_INIT;
	const char *before;

	(void)state;
	sh(".", start);
	sh("w", "commit 'odd\nname' s");
	sh("up", "git switch -q main; commit a 3; commit c 9; commit 'odd\nname' main");
	sh("w", "git fetch -q");
	before = ask("w", "git for-each-ref; git status --porcelain");
	assert_int_equal(
		pr_prepare(&c, at("w"), "origin/main", "s", "t", 1, &conflicts, &err), ERR_REFUSED);
	assert_string_equal(conflicts.data, "a\nc\nodd\\x0aname\n");
	assert_non_null(strstr(err.msg, "3 files"));
	assert_string_equal(ask("w", "git for-each-ref; git status --porcelain"), before);
	buf_release(&conflicts);
}

static void who_nobody_knows_gets_advice(void **state)
{
	struct pr_commit c = PR_COMMIT_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	sh(".", start);
	sh("w", "git config user.useConfigOnly true");
	assert_int_equal(unsetenv("GIT_AUTHOR_NAME"), 0);
	assert_int_equal(unsetenv("GIT_AUTHOR_EMAIL"), 0);
	assert_int_equal(unsetenv("GIT_COMMITTER_NAME"), 0);
	assert_int_equal(unsetenv("GIT_COMMITTER_EMAIL"), 0);
	assert_int_equal(pr_prepare(&c, at("w"), "origin/main", "s", "t", 1, NULL, &err), ERR_GIT);
	assert_non_null(strstr(err.hint, "user.name"));
}

/* gpg.program is a script that signs with a word; commit.gpgSign decides whether it is asked. */
static void signed_if_the_user_signs(void **state)
{
	struct pr_commit c, back = PR_COMMIT_INIT;
	struct error err = ERROR_INIT;
	char script[256];

	(void)state;
	sh(".", start);
	sh(".",
		"cat >sign <<'X'\n#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\n"
		"echo '-----BEGIN PGP SIGNATURE-----'; echo; echo parent of nothing\n"
		"echo '-----END PGP SIGNATURE-----'\nX\n"
		"chmod +x sign; cd w; git config gpg.program \"$HOME/sign\"");
	c = prepared("unsigned");
	(void)snprintf(
		script, sizeof(script), "git cat-file -p %s | grep -c gpgsig || true", c.oid.hex);
	assert_string_equal(ask("w", script), "0");
	pr_commit_release(&c);
	sh("w", "git config commit.gpgSign yes");
	c = prepared("signed");
	(void)snprintf(
		script, sizeof(script), "git cat-file -p %s | grep -c gpgsig || true", c.oid.hex);
	assert_string_equal(ask("w", script), "1");
	assert_int_equal(pr_read(&back, at("w"), c.oid.hex, &err), 0);
	assert_string_equal(back.message.data, "signed\n");
	pr_commit_release(&c);
	pr_commit_release(&back);
}

static void only_prepared_merges_are_read(void **state)
{
	struct pr_commit c = PR_COMMIT_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	sh(".", start);
	sh("w",
		"git tag blob s:a; git switch -q -c o1 main; commit x 1; git switch -q -c o2 main\n"
		"commit y 1; git switch -q s; tick; git merge -q -m octopus o1 o2");
	assert_int_equal(pr_read(&c, at("w"), "refs/heads/none", &err), ERR_NOTFOUND);
	assert_int_equal(pr_read(&c, at("w"), "blob", &err), ERR_NOTFOUND);
	assert_int_equal(pr_read(&c, at("w"), "main", &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "1 parent,"));
	assert_int_equal(pr_read(&c, at("w"), "s", &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "3 parents"));
	assert_int_equal(pr_read(&c, at("w"), "a\nb", &err), ERR_USAGE);
	assert_string_equal(c.oid.hex, "");
}

static void push_replaces_only_what_is_expected(void **state)
{
	struct error err = ERROR_INIT;
	struct pr_commit one, two;

	(void)state;
	sh(".", start);
	one = prepared("one");
	two = prepared("two");
	assert_int_equal(pr_push(at("w"), "origin", one.oid.hex, "pr/s", NULL, false, &err), 0);
	assert_string_equal(rev("up", "refs/heads/pr/s"), one.oid.hex);
	assert_string_equal(rev("w", "refs/remotes/origin/pr/s"), one.oid.hex);
	/* Something is there. */
	assert_int_equal(
		pr_push(at("w"), "origin", two.oid.hex, "pr/s", NULL, false, &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "stale info"));
	assert_non_null(strstr(err.hint, "fetch"));
	assert_string_equal(rev("up", "refs/heads/pr/s"), one.oid.hex);
	/* Something else is there. */
	assert_int_equal(pr_push(at("w"), "origin", two.oid.hex, "pr/s", two.base.hex, false, &err),
		ERR_REFUSED);
	assert_string_equal(rev("up", "refs/heads/pr/s"), one.oid.hex);
	assert_int_equal(
		pr_push(at("w"), "origin", two.oid.hex, "pr/s", one.oid.hex, false, &err), 0);
	assert_string_equal(rev("up", "refs/heads/pr/s"), two.oid.hex);
	assert_int_equal(pr_push(at("w"), "origin", one.oid.hex, "pr/s", "", false, &err), 0);
	assert_string_equal(rev("up", "refs/heads/pr/s"), one.oid.hex);
	pr_commit_release(&one);
	pr_commit_release(&two);
}

static void the_remotes_words_are_passed_on(void **state)
{
	struct error err = ERROR_INIT;
	struct pr_commit c;

	(void)state;
	sh(".", start);
	sh("up",
		"cat >.git/hooks/pre-receive <<'X'\n#!/bin/sh\necho 'not on a Friday' >&2; exit "
		"1\nX\n"
		"chmod +x .git/hooks/pre-receive");
	c = prepared("t");
	assert_int_equal(
		pr_push(at("w"), "origin", c.oid.hex, "pr/s", NULL, false, &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "pre-receive hook declined"));
	assert_non_null(strstr(err.msg, "not on a Friday"));
	assert_string_equal(error_reason_of(&err), "declined-by-server");
	sh(".", "mv up elsewhere");
	assert_int_equal(pr_push(at("w"), "origin", c.oid.hex, "pr/s", NULL, false, &err), ERR_GIT);
	pr_commit_release(&c);
}

static void landing_is_one_atomic_push(void **state)
{
	struct error err = ERROR_INIT, stays = ERROR_INIT;
	struct pr_commit c;

	(void)state;
	sh(".", start);
	c = prepared("t");
	assert_int_equal(pr_push(at("w"), "origin", c.oid.hex, "pr/s", NULL, false, &err), 0);
	assert_int_equal(pr_land(at("w"), "origin", c.oid.hex, "main", "pr/s", c.oid.hex, false,
				 &stays, &err),
		0);
	assert_string_equal(rev("up", "refs/heads/main"), c.oid.hex);
	assert_string_equal(rev("up", "refs/heads/pr/s"), "");
	assert_string_equal(rev("w", "refs/remotes/origin/main"), c.oid.hex);
	assert_string_equal(rev("w", "refs/remotes/origin/pr/s"), "");
	pr_commit_release(&c);
}

/* The base moved on, or the PR branch did: both stay. */
static void landing_changes_nothing_when_rejected(void **state)
{
	struct error err = ERROR_INIT, stays = ERROR_INIT;
	struct pr_commit c;
	const char *base;

	(void)state;
	sh(".", start);
	c = prepared("t");
	assert_int_equal(pr_push(at("w"), "origin", c.oid.hex, "pr/s", NULL, false, &err), 0);
	base = rev("up", "refs/heads/main");
	assert_int_equal(pr_land(at("w"), "origin", c.oid.hex, "main", "pr/s", c.base.hex, false,
				 &stays, &err),
		ERR_REFUSED);
	assert_non_null(strstr(err.msg, "stale info"));
	assert_string_equal(rev("up", "refs/heads/main"), base);
	assert_string_equal(rev("up", "refs/heads/pr/s"), c.oid.hex);
	sh("up", "git switch -q main; commit moved 1; git switch -q --detach");
	base = rev("up", "refs/heads/main");
	assert_int_equal(pr_land(at("w"), "origin", c.oid.hex, "main", "pr/s", c.oid.hex, false,
				 &stays, &err),
		ERR_REFUSED);
	assert_non_null(strstr(err.msg, "fetch first"));
	assert_string_equal(rev("up", "refs/heads/main"), base);
	assert_string_equal(rev("up", "refs/heads/pr/s"), c.oid.hex);
	assert_string_equal(rev("w", "refs/remotes/origin/pr/s"), c.oid.hex);
	pr_commit_release(&c);
}

static void forward_moves_a_branch_that_nobody_is_on(void **state)
{
	struct error err = ERROR_INIT;
	struct pr_commit c;

	(void)state;
	sh(".", start);
	sh(".", "git clone -q --bare up bare.git");
	c = prepared("t");
	assert_int_equal(pr_forward(at("up"), at("w"), "main", c.oid.hex, &err), 0);
	assert_string_equal(rev("up", "refs/heads/main"), c.oid.hex);
	assert_string_equal(ask("up", "git reflog show -1 --format=%gs main"), "minsky: approve");
	assert_string_equal(ask("up", "git status --porcelain"), "");
	/* Again: it is there already. And by its git directory. */
	assert_int_equal(pr_forward(at("up/.git"), at("w"), "main", c.oid.hex, &err), 0);
	assert_int_equal(pr_forward(at("up/.git"), at("w"), "main", c.base.hex, &err), 0);
	assert_string_equal(rev("up", "refs/heads/main"), c.oid.hex);
	assert_int_equal(pr_forward(at("bare.git"), at("w"), "main", c.oid.hex, &err), 0);
	assert_string_equal(rev("bare.git", "refs/heads/main"), c.oid.hex);
	assert_int_equal(pr_forward(at("up"), at("w"), "none", c.oid.hex, &err), ERR_NOTFOUND);
	assert_string_equal(ask("up", "ls .git/FETCH_HEAD 2>/dev/null || true"), "");
	pr_commit_release(&c);
}

static void forward_takes_the_work_tree_along(void **state)
{
	struct error err = ERROR_INIT;
	struct pr_commit c;

	(void)state;
	sh(".", start);
	c = prepared("t");
	sh("up",
		"git switch -q main; echo mine >>b; echo new >untracked; git config "
		"merge.autoStash true");
	assert_int_equal(pr_forward(at("up"), at("w"), "main", c.oid.hex, &err), 0);
	assert_string_equal(rev("up", "HEAD"), c.oid.hex);
	assert_string_equal(
		ask("up", "cat a b; git status --porcelain"), "2\n1\nmine\n M b\n?? untracked");
	assert_string_equal(
		ask("up", "git reflog -1 --format=%gs"), "minsky: approve: Fast-forward");
	pr_commit_release(&c);
}

static void forward_follows_in_a_linked_work_tree(void **state)
{
	struct error err = ERROR_INIT;
	struct pr_commit c;

	(void)state;
	sh(".", start);
	sh("up", "git worktree add -q '../li nked' main");
	c = prepared("t");
	assert_int_equal(pr_forward(at("up"), at("w"), "main", c.oid.hex, &err), 0);
	assert_string_equal(rev("li nked", "HEAD"), c.oid.hex);
	assert_string_equal(ask("li nked", "cat a; git status --porcelain"), "2");
	/* A work tree that was removed by hand does not hold the branch. */
	sh(".", "rm -rf 'li nked'; cd w; commit e 1");
	pr_commit_release(&c);
	c = prepared("t");
	sh("up", "git update-ref refs/heads/main main~1");
	assert_int_equal(pr_forward(at("up"), at("w"), "main", c.oid.hex, &err), 0);
	assert_string_equal(rev("up", "refs/heads/main"), c.oid.hex);
	pr_commit_release(&c);
}

static void forward_never_touches_changes_of_the_users(void **state)
{
	struct error err = ERROR_INIT;
	struct pr_commit c;
	const char *before;

	(void)state;
	sh(".", start);
	c = prepared("t");
	sh("up", "git switch -q main; echo mine >>a; echo new >c");
	before = ask("up", "git rev-parse HEAD; git status --porcelain; cat a c");
	assert_int_equal(pr_forward(at("up"), at("w"), "main", c.oid.hex, &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "would be overwritten by merge"));
	assert_non_null(strstr(err.msg, at("up")));
	assert_string_equal(
		ask("up", "git rev-parse HEAD; git status --porcelain; cat a c"), before);
	assert_string_equal(ask("up", "git stash list"), "");
	pr_commit_release(&c);
}

static void forward_is_never_anything_else(void **state)
{
	struct error err = ERROR_INIT;
	struct pr_commit c;
	const char *before;

	(void)state;
	sh(".", start);
	c = prepared("t");
	sh("up", "git switch -q main; commit mine 1; git switch -q --detach");
	before = rev("up", "main");
	assert_int_equal(pr_forward(at("up"), at("w"), "main", c.oid.hex, &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "cannot be fast-forwarded"));
	assert_string_equal(rev("up", "main"), before);
	/* A rebase would put the branch back where it was. */
	sh("up",
		"git update-ref refs/heads/main main~1; git switch -q main; commit a 9; commit a "
		"8\n"
		"! git -c sequence.editor='sed -i 1d' rebase -q -i HEAD~2 2>/dev/null\n"
		"git update-ref refs/heads/main ORIG_HEAD~2");
	before = rev("up", "main");
	assert_int_equal(pr_forward(at("up"), at("w"), "main", c.oid.hex, &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "is being rebased"));
	assert_string_equal(rev("up", "main"), before);
	pr_commit_release(&c);
}

static void a_branch_is_deleted_only_where_it_is_known_to_be(void **state)
{
	struct error err = ERROR_INIT;
	const char *oid;

	(void)state;
	sh(".", start);
	sh("w", "git branch pr/s; git switch -q main");
	oid = rev("w", "s");
	assert_int_equal(pr_delete_branch(at("w"), "pr/s", rev("w", "s~1"), &err), ERR_REFUSED);
	assert_string_equal(rev("w", "pr/s"), oid);
	sh("w", "git worktree add -q ../linked pr/s");
	assert_int_equal(pr_delete_branch(at("w"), "pr/s", oid, &err), ERR_REFUSED);
	assert_non_null(strstr(err.msg, "checked out"));
	sh("w", "git worktree remove ../linked");
	assert_int_equal(pr_delete_branch(at("w"), "pr/s", oid, &err), 0);
	assert_string_equal(rev("w", "refs/heads/pr/s"), "");
	assert_int_equal(pr_delete_branch(at("w"), "pr/s", oid, &err), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(prepared_merge_has_both_parents_and_the_merged_tree),
		CASE(messages_survive_byte_for_byte),
		CASE(bad_messages_are_usage_errors),
		CASE(nothing_to_merge_is_refused),
		CASE(conflicts_name_their_files_and_change_nothing),
		CASE(who_nobody_knows_gets_advice),
		CASE(signed_if_the_user_signs),
		CASE(only_prepared_merges_are_read),
		CASE(push_replaces_only_what_is_expected),
		CASE(the_remotes_words_are_passed_on),
		CASE(landing_is_one_atomic_push),
		CASE(landing_changes_nothing_when_rejected),
		CASE(forward_moves_a_branch_that_nobody_is_on),
		CASE(forward_takes_the_work_tree_along),
		CASE(forward_follows_in_a_linked_work_tree),
		CASE(forward_never_touches_changes_of_the_users),
		CASE(forward_is_never_anything_else),
		CASE(a_branch_is_deleted_only_where_it_is_known_to_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
