#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/oid.h"
#include "session/pr_refresh.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Tips, in the order of enum pr_place: workspace, main, workspace's origin/, main's origin/. */
#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"

struct situation {
	const char *what;
	const char *now[PR_PLACES];
	const char *seen[PR_PLACES];
	const char *head;
	bool existed;
	struct pr_outlook expected;
};

static void check(const struct situation *v, size_t n, bool truth_is_main)
{
	for (size_t i = 0; i < n; i++) {
		struct pr_outlook out = { "?", !v[i].expected.exists, !v[i].expected.changed };
		struct oid tips[PR_PLACES];
		char *seen[PR_PLACES] = { NULL };

		print_message("%s\n", v[i].what);
		for (int p = 0; p < PR_PLACES; p++) {
			if (!v[i].seen[p])
				continue;
			(void)snprintf(tips[p].hex, sizeof(tips[p].hex), "%s", v[i].seen[p]);
			seen[p] = tips[p].hex;
		}
		pr_compare(v[i].now, seen, v[i].head, v[i].existed, truth_is_main, &out);
		if (v[i].expected.head)
			assert_string_equal(out.head, v[i].expected.head);
		else
			assert_null(out.head);
		assert_int_equal(out.exists, v[i].expected.exists);
		assert_int_equal(out.changed, v[i].expected.changed);
	}
}

static void nothing_moved(void **state)
{
	static const struct situation cases[] = {
		{ "no branch, no record", .expected = { NULL, false, false } },
		{ "absent is NULL or empty", { "", NULL, "", NULL }, { NULL, "", "", NULL },
			.expected = { NULL, false, false } },
		{ "all where it was", { A, A, A, A }, { A, A, A, A }, A, true, { A, true, false } },
		{ "some where it was", { NULL, NULL, A, NULL }, { NULL, NULL, A, NULL }, A, true,
			{ A, true, false } },
		{ "places that differ, as before", { B, NULL, A, C }, { B, NULL, A, C }, A, true,
			{ A, true, false } },
		{ "gone already", { NULL }, { NULL }, A, false, { A, false, false } },
		/* Gone from origin, a copy stays: it does not come back to life by that. */
		{ "deleted already, a copy is left", { A }, { A }, A, false, { A, false, false } },
	};

	(void)state;
	check(cases, N(cases), false);
	check(cases, N(cases), true);
}

static void a_branch_appears(void **state)
{
	static const struct situation with_remote[] = {
		{ "created in the workspace", { A }, { NULL }, NULL, false, { A, true, true } },
		{ "created in the main repository", { NULL, A }, { NULL }, NULL, false,
			{ A, true, true } },
		{ "pushed from the workspace", { A, NULL, A }, { NULL }, NULL, false,
			{ A, true, true } },
		{ "pushed by somebody, seen by a fetch there", { NULL, NULL, NULL, A }, { NULL },
			NULL, false, { A, true, true } },
		{ "pushed, then changed in the workspace: what was pushed counts",
			{ B, NULL, A, NULL }, { NULL }, NULL, false, { A, true, true } },
		{ "made again after it was deleted", { B, NULL, B }, { NULL }, A, false,
			{ B, true, true } },
		{ "made again as it was", { A, NULL, A }, { NULL }, A, false, { A, true, true } },
	};
	static const struct situation without_remote[] = {
		{ "created in the workspace", { A }, { NULL }, NULL, false, { A, true, true } },
		{ "created in the main repository", { NULL, A }, { NULL }, NULL, false,
			{ A, true, true } },
		{ "pushed: what the main repository has counts", { B, A, A }, { NULL }, NULL, false,
			{ A, true, true } },
		/* A tracking ref is a copy of what the main repository had at some time. */
		{ "only a tracking ref appears", { NULL, NULL, A, A }, { NULL }, NULL, false,
			{ NULL, false, false } },
	};

	(void)state;
	check(with_remote, N(with_remote), false);
	check(without_remote, N(without_remote), true);
}

static void a_branch_moves(void **state)
{
	static const struct situation with_remote[] = {
		{ "pushed again", { B, NULL, B, A }, { A, NULL, A, A }, A, true,
			{ B, true, true } },
		{ "moved in the workspace, not pushed", { B, NULL, A, A }, { A, NULL, A, A }, A,
			true, { B, true, true } },
		{ "moved on the remote, fetched by the main repository", { A, NULL, A, B },
			{ A, NULL, A, A }, A, true, { B, true, true } },
		{ "moved in the main repository", { A, B, A, A }, { A, A, A, A }, A, true,
			{ B, true, true } },
		{ "the same news reaches a second place", { B, NULL, B, B }, { B, NULL, B, A }, B,
			true, { B, true, true } },
		{ "moved in two places: origin before the workspace", { C, NULL, B, NULL },
			{ A, NULL, A, NULL }, A, true, { B, true, true } },
		{ "in two clones: the workspace's origin before main's", { A, NULL, B, C },
			{ A, NULL, A, A }, A, true, { B, true, true } },
	};
	static const struct situation without_remote[] = {
		{ "pushed again", { B, B, B }, { A, A, A }, A, true, { B, true, true } },
		{ "moved in both: the main repository counts", { B, C }, { A, A }, A, true,
			{ C, true, true } },
		{ "moved in the workspace, not pushed", { B, A, A }, { A, A, A }, A, true,
			{ B, true, true } },
		{ "the tracking ref alone catches up", { B, B, B }, { B, B, A }, B, true,
			{ B, true, false } },
	};

	(void)state;
	check(with_remote, N(with_remote), false);
	check(without_remote, N(without_remote), true);
}

static void a_branch_is_deleted_where_it_counts(void **state)
{
	static const struct situation with_remote[] = {
		{ "everywhere", { NULL }, { A, NULL, A, A }, A, true, { A, false, true } },
		{ "on the remote, a copy in the workspace is left", { A }, { A, NULL, A, NULL }, A,
			true, { A, false, true } },
		{ "on the remote, a copy in the main repository is left", { NULL, A },
			{ NULL, A, NULL, A }, A, true, { A, false, true } },
		{ "pruned in the workspace alone", { NULL, NULL, NULL, A }, { NULL, NULL, A, A }, A,
			true, { A, false, true } },
		{ "pruned in the main repository alone", { A, NULL, A, NULL }, { A, NULL, A, A }, A,
			true, { A, false, true } },
		{ "never pushed, deleted in the workspace", { NULL }, { A }, A, true,
			{ A, false, true } },
	};
	static const struct situation without_remote[] = {
		{ "everywhere", { NULL }, { A, A, A }, A, true, { A, false, true } },
		{ "in the main repository, a copy in the workspace is left", { A, NULL, A },
			{ A, A, A }, A, true, { A, false, true } },
		{ "never pushed, deleted in the workspace", { NULL }, { A }, A, true,
			{ A, false, true } },
	};

	(void)state;
	check(with_remote, N(with_remote), false);
	check(without_remote, N(without_remote), true);
}

static void a_copy_is_tidied_away(void **state)
{
	static const struct situation with_remote[] = {
		{ "in the workspace", { NULL, NULL, A, A }, { A, NULL, A, A }, A, true,
			{ A, true, true } },
		{ "in the main repository", { NULL, NULL, A, A }, { NULL, A, A, A }, A, true,
			{ A, true, true } },
		{ "the workspace's, never pushed, and the main repository has one", { NULL, A },
			{ A, A }, A, true, { A, true, true } },
	};
	static const struct situation without_remote[] = {
		{ "in the workspace", { NULL, A, A }, { A, A, A }, A, true, { A, true, true } },
		{ "the tracking ref alone", { NULL, A, NULL }, { NULL, A, A }, A, true,
			{ A, true, false } },
	};

	(void)state;
	check(with_remote, N(with_remote), false);
	check(without_remote, N(without_remote), true);
}

static void what_is_made_anew_beats_what_went(void **state)
{
	static const struct situation with_remote[] = {
		{ "deleted on the remote, moved in the workspace", { B }, { A, NULL, A, A }, A,
			true, { B, true, true } },
		{ "pruned in one clone, moved in the other", { NULL, NULL, NULL, B },
			{ NULL, NULL, A, A }, A, true, { B, true, true } },
		{ "a copy went, the remote's moved", { NULL, NULL, B, A }, { A, NULL, A, A }, A,
			true, { B, true, true } },
	};
	static const struct situation without_remote[] = {
		{ "deleted in the main repository, moved in the workspace", { B }, { A, A }, A,
			true, { B, true, true } },
		{ "a copy went, the main repository's moved", { NULL, B }, { A, A }, A, true,
			{ B, true, true } },
	};

	(void)state;
	check(with_remote, N(with_remote), false);
	check(without_remote, N(without_remote), true);
}

static void a_state_is_fresh_for_five_minutes(void **state)
{
	struct pr pr = { .last_checked = 1000000 };

	(void)state;
	assert_true(pr_is_fresh(&pr, 1000000));
	assert_true(pr_is_fresh(&pr, 1000000 + 300000));
	assert_false(pr_is_fresh(&pr, 1000000 + 300001));
	assert_false(pr_is_fresh(&pr, 999999)); /* checked in the future */
	pr.last_checked = 0;
	assert_false(pr_is_fresh(&pr, 1)); /* never */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_moved),
		cmocka_unit_test(a_branch_appears),
		cmocka_unit_test(a_branch_moves),
		cmocka_unit_test(a_branch_is_deleted_where_it_counts),
		cmocka_unit_test(a_copy_is_tidied_away),
		cmocka_unit_test(what_is_made_anew_beats_what_went),
		cmocka_unit_test(a_state_is_fresh_for_five_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
