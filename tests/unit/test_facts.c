#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "core/oid.h"
#include "git/facts.h"
#include "git/facts_impl.h"
#include "lib/world.h"

/*
 * Each history starts from this: main with files a and b of eleven lines each, branch s with what
 * the row says, and `since` at main's tip when the branch was ready.
 */
static const char start[] = "repo r; cd r\n"
			    "seq 1 11 >a; seq 1 11 >b; git add .; tick; git commit -q -m start\n"
			    "commit other 0; git branch fork\n"
			    "git switch -q -c s\n";

/* Scripts end on main. `land` names what the verdict's commit must be, as a revision. */
struct past {
	const char *name;
	const char *branch; /* on s */
	const char *base; /* on main, after `since` */
	enum merge_answer answer;
	const char *how, *evidence, *commit;
};

#define ONE "sed -i 's/^5$/five/' a; tick; git commit -q -am one\n"
#define TWO ONE "sed -i 's/^6$/six/' b; tick; git commit -q -am two\n"
#define SQUASH                                                                                     \
	"git merge -q --squash s >/dev/null; tick; git commit -q -m squashed; git tag landed\n"

static const struct past histories[] = {
	{ "fast-forward", TWO, "git merge -q --ff-only s; empty later", MERGE_YES, "ff", "ancestor",
		"s" },
	{ "merge commit", TWO,
		"commit c 1; tick; git merge -q --no-ff -m m s; git tag landed; empty later",
		MERGE_YES, "merge", "ancestor", "landed" },
	{ "merge commit on an unmoved base", TWO,
		"tick; git merge -q --no-ff -m m s; git tag landed; empty later", MERGE_YES,
		"merge", "ancestor", "landed" },
	{ "squash, base unmoved", TWO, SQUASH, MERGE_YES, "squash", "same-tree", "landed" },
	{ "squash, base moved elsewhere", TWO, "commit c 1; " SQUASH "commit d 1", MERGE_YES,
		"squash", "merge-adds-nothing", "landed" },
	{ "squash, base changed two lines away", TWO,
		"sed -i 's/^7$/seven/' a; tick; git commit -q -am near; empty x\n" SQUASH "empty y",
		MERGE_YES, "squash", "merge-adds-nothing", "landed" },
	{ "branch that merged base into itself, then squash",
		TWO "git switch -q main; commit c 1; git switch -q s; tick; "
		    "git merge -q --no-edit main\n",
		SQUASH, MERGE_YES, "squash", "same-tree", "landed" },
	{ "criss-cross, then squash",
		ONE "git switch -q main; commit c 1; git branch x; tick; git merge -q --no-edit s\n"
		    "git switch -q s; tick; git merge -q --no-edit x; commit e 1\n",
		SQUASH, MERGE_YES, "squash", NULL, "landed" },
	{ "rebase-and-merge, branch kept its old commits", TWO,
		"commit c 1; git switch -q -c copy s; tick; git rebase -q main; git switch -q "
		"main\n"
		"git merge -q --ff-only copy; git tag landed; git branch -D -q copy",
		MERGE_YES, "rebase", "merge-adds-nothing", "landed" },
	{ "rebase-and-merge, then the same line changed again", TWO,
		"commit c 1; git switch -q -c copy s; tick; git rebase -q main; git switch -q "
		"main\n"
		"git merge -q --ff-only copy; git tag landed\n"
		"sed -i 's/^five$/V/' a; tick; git commit -q -am again",
		MERGE_YES, "rebase", "patch-ids", "landed" },
	{ "squash, then the same line changed again", TWO,
		SQUASH "sed -i 's/^five$/V/' a; tick; git commit -q -am again", MERGE_YES, "squash",
		"patch-id", "landed" },
	{ "squash, then reverted", TWO, SQUASH "tick; git revert --no-edit HEAD >/dev/null",
		MERGE_YES, "squash", "patch-id", "landed" },
	{ "squash with an extra edit at merge time", TWO,
		"git merge -q --squash s >/dev/null; sed -i 's/^five$/FIVE/' a; git add a; tick\n"
		"git commit -q -m edited",
		MERGE_UNKNOWN, NULL, NULL, NULL },
	{ "squash with more edits than it had lines", TWO,
		"git merge -q --squash s >/dev/null; seq 101 120 >>a; seq 101 120 >>c; git add .\n"
		"sed -i 's/^six$/SIX/' b; git add b; tick; git commit -q -m edited",
		MERGE_UNKNOWN, NULL, NULL, NULL },
	{ "landed in two commits, each with an edit", TWO,
		"sed -i 's/^5$/FIVE/' a; tick; git commit -q -am 1; commit c 1\n"
		"sed -i 's/^6$/six/' b; tick; git commit -q -am 2",
		MERGE_UNKNOWN, NULL, NULL, NULL },
	{ "one of two commits cherry-picked", TWO, "git cherry-pick s~1 >/dev/null", MERGE_NO, NULL,
		NULL, NULL },
	{ "the base changed other lines of the same files", TWO,
		"sed -i 's/^10$/ten/' a; sed -i 's/^1$/one/' b; tick; git commit -q -am near",
		MERGE_NO, NULL, NULL, NULL },

	{ "same change landed by itself", ONE,
		"sed -i 's/^5$/five/' a; tick; git commit -q -am 'my own'; git tag landed; commit "
		"d 1",
		MERGE_YES, "squash", "merge-adds-nothing", "landed" },
	{ "not merged", TWO, "commit c 1; commit d 1", MERGE_NO, NULL, NULL, NULL },
	{ "not merged, base unmoved", TWO, "", MERGE_NO, NULL, NULL, NULL },
	{ "empty commit, not merged", "empty nothing\n", "commit c 1", MERGE_NOTHING, NULL, NULL,
		NULL },
	{ "net change is empty, not merged", ONE "tick; git revert --no-edit HEAD >/dev/null\n",
		"commit c 1", MERGE_NOTHING, NULL, NULL, NULL },
	{ "net change is empty, but merged", ONE "tick; git revert --no-edit HEAD >/dev/null\n",
		"commit c 1; tick; git merge -q --no-ff -m m s; git tag landed", MERGE_YES, "merge",
		"ancestor", "landed" },
	{ "started inside the base, no commit of its own", "", "commit c 1", MERGE_NOTHING, NULL,
		NULL, NULL },
	{ "two files that have no lines differ",
		"printf 'a\\0b' >bin; git add bin; tick; git commit -q -m bin\n",
		"printf 'a\\0c' >bin; git add bin; tick; git commit -q -m bin", MERGE_NO, NULL,
		NULL, NULL },
	{ "opposite changes of mode", "chmod +x other; tick; git commit -q -am mode\n",
		"chmod +x a; tick; git commit -q -am mode", MERGE_NO, NULL, NULL, NULL },
	{ "a merge of a rebased copy", TWO,
		"commit c 1; git switch -q -c copy s; tick; git rebase -q main; git switch -q "
		"main\n"
		"tick; git merge -q --no-ff -m m copy; git tag landed; commit d 1",
		MERGE_YES, "squash", "merge-adds-nothing", "landed" },
};

/* An extension that libgit2 does not know makes git answer instead. */
static const char without_libgit2[] =
	"git config core.repositoryformatversion 1; git config extensions.preciousObjects true";

static void check(const struct past *h, const char *since, struct facts *f)
{
	struct merge_verdict v = { .answer = MERGE_UNKNOWN };
	struct error err = ERROR_INIT;
	struct oid base, tip;

	assert_int_equal(facts_ref(f, "refs/heads/main", &base, &err), 0);
	assert_int_equal(facts_ref(f, "refs/heads/s", &tip, &err), 0);
	if (facts_merged(f, base.hex, tip.hex, since, &v, &err) != 0)
		fail_msg("%s: %s", h->name, err.msg);
	if (v.answer != h->answer)
		fail_msg("%s: answer %d, not %d (%s)", h->name, (int)v.answer, (int)h->answer,
			v.evidence ? v.evidence : "");
	if (h->answer != MERGE_YES) {
		assert_null(v.how);
		return;
	}
	if (strcmp(v.how, h->how) != 0)
		fail_msg("%s: how '%s', not '%s'", h->name, v.how, h->how);
	if (h->evidence && strcmp(v.evidence, h->evidence) != 0)
		fail_msg("%s: evidence '%s', not '%s'", h->name, v.evidence, h->evidence);
	if (strcmp(v.commit.hex,
		    ask("r", h->commit[0] == 's' ? "git rev-parse s" : "git rev-parse landed")) !=
		0)
		fail_msg("%s: commit '%s'", h->name, v.commit.hex);
}

static void each_history(const char *prepare)
{
	for (size_t i = 0; i < sizeof(histories) / sizeof(histories[0]); i++) {
		const struct past *h = &histories[i];
		struct error err = ERROR_INIT;
		struct facts *f = NULL;
		char script[2048], since[OID_SIZE];

		sh(".", "rm -rf r");
		(void)snprintf(
			script, sizeof(script), "%s%sgit switch -q main\n", start, h->branch);
		sh(".", script);
		(void)snprintf(since, sizeof(since), "%s", ask("r", "git rev-parse main"));
		sh("r", h->base);
		if (prepare)
			sh("r", prepare);
		assert_int_equal(facts_open(&f, at("r/.git"), &err), 0);
		check(h, since, f);
		facts_close(f);
	}
}

static void histories_by_libgit2(void **state)
{
	(void)state;
	assert_non_null(facts_module_load());
	each_history(NULL);
}

static void histories_by_git(void **state)
{
	(void)state;
	each_history(without_libgit2);
}

static void histories_with_a_commit_graph(void **state)
{
	(void)state;
	each_history("git commit-graph write --reachable 2>/dev/null");
}

static struct facts *open_r(void)
{
	struct error err = ERROR_INIT;
	struct facts *f = NULL;

	if (facts_open(&f, at("r/.git"), &err) != 0)
		fail_msg("%s", err.msg);
	return f;
}

static struct merge_verdict verdict(
	struct facts *f, const char *base, const char *tip, const char *since)
{
	struct merge_verdict v = { .answer = MERGE_NO };
	struct error err = ERROR_INIT;

	assert_int_equal(facts_merged(f, base, tip, since, &v, &err), 0);
	return v;
}

/* pr = a prepared merge of s; somebody merges s itself. */
static void prepared_merge_arrives_by_its_second_parent(void **state)
{
	struct merge_verdict v;
	struct facts *f;

	(void)state;
	sh(".", start);
	sh("r",
		TWO "git switch -q -c pr fork; tick; git merge -q --no-ff -m 'title' s\n"
		    "git switch -q main; commit c 1; tick; git merge -q --no-ff -m hand s\n"
		    "sed -i 's/^five$/V/' a; tick; git commit -q -am again");
	f = open_r();
	v = verdict(f, ask("r", "git rev-parse main"), ask("r", "git rev-parse pr"),
		ask("r", "git rev-parse fork"));
	assert_int_equal(v.answer, MERGE_YES);
	assert_string_equal(v.how, "merge");
	assert_string_equal(v.commit.hex, ask("r", "git rev-parse main~1"));
	facts_close(f);
}

/* The merge commit holds an edit of its own: that its second parent is there proves nothing. */
static void prepared_merge_with_an_edit_is_not_merged_by_its_parent(void **state)
{
	struct merge_verdict v;
	struct facts *f;

	(void)state;
	sh(".", start);
	sh("r",
		TWO "git switch -q -c pr fork; git merge -q --no-ff --no-commit s >/dev/null\n"
		    "echo extra >extra; git add extra; tick; git commit -q -m title\n"
		    "git switch -q main; commit c 1; tick; git merge -q --no-ff -m hand s");
	f = open_r();
	v = verdict(f, ask("r", "git rev-parse main"), ask("r", "git rev-parse pr"),
		ask("r", "git rev-parse fork"));
	assert_int_equal(v.answer, MERGE_NO);
	facts_close(f);
}

static void prepared_merge_that_the_base_moves_to_is_ff(void **state)
{
	struct merge_verdict v;
	struct facts *f;

	(void)state;
	sh(".", start);
	sh("r", TWO "git switch -q main; tick; git merge -q --no-ff -m title s; empty later");
	f = open_r();
	v = verdict(f, ask("r", "git rev-parse main"), ask("r", "git rev-parse main~1"),
		ask("r", "git rev-parse fork"));
	assert_int_equal(v.answer, MERGE_YES);
	assert_string_equal(v.how, "ff");
	assert_string_equal(v.commit.hex, ask("r", "git rev-parse main~1"));
	facts_close(f);
}

/* What the base had before the PR was made is no evidence, however equal. */
static void only_what_came_since_counts(void **state)
{
	struct merge_verdict v;
	struct facts *f;

	(void)state;
	sh(".", start);
	sh("r",
		ONE "git switch -q main; sed -i 's/^5$/five/' a; tick; git commit -q -am mine\n"
		    "git branch since; commit c 1");
	f = open_r();
	v = verdict(f, ask("r", "git rev-parse main"), ask("r", "git rev-parse s"),
		ask("r", "git rev-parse since"));
	assert_int_equal(v.answer, MERGE_NOTHING);
	v = verdict(f, ask("r", "git rev-parse main"), ask("r", "git rev-parse s"),
		ask("r", "git rev-parse main"));
	assert_int_equal(v.answer, MERGE_NOTHING);
	v = verdict(f, ask("r", "git rev-parse main"), ask("r", "git rev-parse s"), NULL);
	assert_int_equal(v.answer, MERGE_YES);
	facts_close(f);
}

static void what_cannot_be_told_is_unknown(void **state)
{
	struct error err = ERROR_INIT;
	struct merge_verdict v;
	struct facts *f;
	bool yes;

	(void)state;
	sh(".", start);
	sh("r", TWO "git switch -q --orphan alone; commit z 1; git switch -q main");
	f = open_r();
	v = verdict(f, ask("r", "git rev-parse main"), ask("r", "git rev-parse alone"), NULL);
	assert_int_equal(v.answer, MERGE_UNKNOWN);
	v = verdict(f, ask("r", "git rev-parse main"), "1234567890123456789012345678901234567890",
		NULL);
	assert_int_equal(v.answer, MERGE_UNKNOWN);
	assert_int_equal(facts_merged(f, "main", "s", NULL, &v, &err), ERR_USAGE);
	assert_int_equal(facts_is_ancestor(f, ask("r", "git rev-parse fork"),
				 ask("r", "git rev-parse s"), &yes, &err),
		0);
	assert_true(yes);
	assert_int_equal(facts_is_ancestor(f, ask("r", "git rev-parse s"),
				 ask("r", "git rev-parse fork"), &yes, &err),
		0);
	assert_false(yes);
	facts_close(f);
}

static void refs_are_peeled_and_may_be_absent(void **state)
{
	static const char *const modes[] = { "true", without_libgit2 };
	struct error err = ERROR_INIT;
	struct oid oid;

	(void)state;
	sh(".", start);
	sh("r", "git tag -a -m t annotated; git pack-refs --all");
	for (size_t i = 0; i < 2; i++) {
		struct facts *f;

		sh("r", modes[i]);
		f = open_r();
		assert_int_equal(facts_ref(f, "refs/tags/annotated", &oid, &err), 0);
		assert_string_equal(oid.hex, ask("r", "git rev-parse s"));
		assert_int_equal(facts_ref(f, "refs/heads/none", &oid, &err), 0);
		assert_string_equal(oid.hex, "");
		assert_true(facts_has_commit(f, ask("r", "git rev-parse s")));
		assert_false(facts_has_commit(f, ask("r", "git rev-parse s:a")));
		assert_false(facts_has_commit(f, "s"));
		facts_close(f);
	}
}

static void objects_of_another_repository_count(void **state)
{
	static const char *const modes[] = { "true", without_libgit2 };
	struct error err = ERROR_INIT;

	(void)state;
	sh(".", start);
	sh(".", "git clone -q r 'w \"1:\\'; cd 'w \"1:\\'; git switch -q -c t; commit new 1");
	for (size_t i = 0; i < 2; i++) {
		const char *tip = ask("w \"1:\\", "git rev-parse t");
		struct facts *f;

		sh("r", modes[i]);
		f = open_r();
		assert_false(facts_has_commit(f, tip));
		assert_int_equal(facts_add_objects(f, at("w \"1:\\/.git"), &err), 0);
		assert_true(facts_has_commit(f, tip));
		assert_int_equal(
			verdict(f, tip, ask("r", "git rev-parse s"), NULL).answer, MERGE_YES);
		facts_close(f);
	}
}

static void shallow_and_extended_repositories_are_answered_for(void **state)
{
	struct error err = ERROR_INIT;
	struct facts *f = NULL;

	(void)state;
	sh(".", start);
	sh("r", ONE);
	sh(".",
		"git clone -q --depth 2 --no-single-branch file://\"$PWD\"/r shallow\n"
		"git -C shallow branch fork origin/fork");
	assert_int_equal(facts_open(&f, at("shallow/.git"), &err), 0);
	assert_int_equal(verdict(f, ask("shallow", "git rev-parse s"),
				 ask("shallow", "git rev-parse fork"), NULL)
				 .answer,
		MERGE_YES);
	facts_close(f);
	sh("r",
		"git config core.repositoryformatversion 1\n"
		"git config extensions.worktreeConfig true\n"
		"git config extensions.partialClone origin");
	f = open_r();
	assert_true(facts_has_commit(f, ask("r", "git rev-parse s")));
	facts_close(f);
	assert_int_equal(facts_open(&f, at("nowhere"), &err), ERR_NOTFOUND);
	sh(".", "mkdir plain");
	assert_true(facts_open(&f, at("plain"), &err) < 0);
}

/* libgit2 1.5 does not understand "*", and git answers; without git's word nobody does. */
static void foreign_owner_needs_gits_word(void **state)
{
	struct error err = ERROR_INIT;
	struct facts *f = NULL;

	(void)state;
	if (geteuid() != 0)
		skip();
	sh(".", start);
	sh(".", "tip=$(git -C r rev-parse s); chown -R 12345 r; echo $tip >tip");
	assert_int_equal(facts_open(&f, at("r/.git"), &err), ERR_REFUSED);
	assert_non_null(strstr(err.hint, at("r'")));
	for (size_t i = 0; i < 2; i++) {
		sh(".",
			i ? "printf '[safe]\n\tdirectory = *\n' >config"
			  : "printf '[safe]\n\tdirectory = %s/r\n' \"$PWD\" >config");
		assert_int_equal(setenv("GIT_CONFIG_GLOBAL", at("config"), 1), 0);
		f = open_r();
		assert_true(facts_has_commit(f, ask(".", "cat tip")));
		facts_close(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(histories_by_libgit2, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(histories_by_git, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			histories_with_a_commit_graph, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			prepared_merge_arrives_by_its_second_parent, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			prepared_merge_with_an_edit_is_not_merged_by_its_parent, world_setup,
			world_teardown),
		cmocka_unit_test_setup_teardown(
			prepared_merge_that_the_base_moves_to_is_ff, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			only_what_came_since_counts, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_told_is_unknown, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			refs_are_peeled_and_may_be_absent, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			objects_of_another_repository_count, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(shallow_and_extended_repositories_are_answered_for,
			world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(
			foreign_owner_needs_gits_word, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
