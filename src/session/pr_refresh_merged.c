/* Has a PR arrived in its base? */
#include "core/oid.h"
#include "session/pr_refresh_internal.h"

#include "core/clock.h"
#include "git/commits.h"

static int open_facts(struct refreshing *t, struct error *err)
{
	const char *workspace = repo_workspace_git(t->repo, t->s);
	const char *main_git = repo_main_git(t->repo, t->s);
	int r;

	if (t->facts)
		return 0;
	r = facts_open(&t->facts, workspace ? workspace : main_git, err);
	/* Each of the two has commits that the other has not. */
	if (r == 0 && workspace && main_git)
		r = facts_add_objects(t->facts, main_git, err);
	return r;
}

static int ask_base(struct refreshing *t, const char *tip, const char *since, const char *place,
	const char *base, struct landing *out, struct error *err)
{
	struct merge_verdict verdict;
	int r = facts_merged(t->facts, base, tip, since, &verdict, err);

	if (r < 0)
		return r;
	/* A definite answer beats a vague one; the vague one beats none. */
	if (verdict.answer == MERGE_YES || out->verdict.answer == MERGE_NO) {
		out->verdict = verdict;
		out->place = place;
		oid_set(&out->base, base);
		oid_set(&out->tip, tip);
	}
	return 0;
}

/*
 * A commit that landed it says when. A fast-forward leaves nothing but where the branch went, and
 * the event's own time has to do. Clocks differ: it cannot have been before the PR was, nor later
 * than now.
 */
static int find_time(struct refreshing *t, const char *head, struct landing *out, struct error *err)
{
	const char *dirs[] = { repo_main_git(t->repo, t->s), repo_workspace_git(t->repo, t->s) };
	const struct pr *pr = session_pr(t->s);
	struct buf text = BUF_INIT;
	bool found = false;
	long long seconds;
	int r;

	if (strcmp(out->verdict.how, "ff") == 0 || oid_is(&out->verdict.commit, head))
		return 0;
	r = git_show_commit(dirs, 2, out->verdict.commit.hex, GIT_COMMIT_TIME, &text, &found, err);
	if (r == 0 && found && sscanf(text.data, "%lld", &seconds) == 1 && seconds > 0 &&
		seconds <= clock_now_ms() / 1000)
		out->at = (int64_t)seconds * 1000;
	if (out->at && pr && out->at < pr->created_at)
		out->at = pr->created_at;
	buf_release(&text);
	return r;
}

/*
 * Has the PR arrived in its base, anywhere that we can see? The base as last fetched, and the
 * local branch of either repository. The session's own tip counts like the prepared commit: who
 * merges the branch instead of the PR has merged the work.
 */
int refreshing_ask_merged(struct refreshing *t, const char *head, const char *since,
	struct landing *out, struct error *err)
{
	const char *workspace = repo_workspace_git(t->repo, t->s);
	const char *main_git = repo_main_git(t->repo, t->s);
	const struct {
		const char *place, *dir, *prefix;
	} places[] = { { "main", main_git, "refs/heads/" },
		{ "mainOrigin", main_git, repo_main_tracking(t->repo, t->s) },
		{ "workspaceOrigin", workspace, "refs/remotes/origin/" },
		{ "workspace", workspace, "refs/heads/" } };
	int r = open_facts(t, err);

	*out = (struct landing){ .verdict = { .answer = MERGE_NO } };
	for (size_t i = 0; r == 0 && i < sizeof(places) / sizeof(*places); i++) {
		struct oid base;

		r = refreshing_ref(places[i].dir, places[i].prefix, t->s->base_branch, &base, err);
		if (r < 0 || oid_is_none(&base))
			continue;
		r = ask_base(t, head, since, places[i].place, base.hex, out, err);
		if (r == 0 && out->verdict.answer != MERGE_YES && !oid_is_none(&t->parents[1]))
			r = ask_base(
				t, t->parents[1].hex, since, places[i].place, base.hex, out, err);
		if (out->verdict.answer == MERGE_YES)
			break;
	}
	/* Copies of a base that is gone prove that something has landed, and never that not. */
	if (r == 0 && t->base_gone && out->verdict.answer == MERGE_NO)
		out->verdict.answer = MERGE_UNKNOWN;
	if (r == 0 && out->verdict.answer == MERGE_YES)
		r = find_time(t, head, out, err);
	return r;
}

int pr_refresh_ask_tip(struct repo *repo, struct session *s, const char *tip,
	enum merge_answer *answer_out, struct error *err)
{
	struct refreshing t = { .repo = repo, .s = s };
	struct landing landing;
	int r = refreshing_ask_merged(&t, tip, NULL, &landing, err);

	if (r == 0)
		*answer_out = landing.verdict.answer;
	facts_close(t.facts);
	return r;
}

/*
 * What counts as news in the base: behind the base that a prepared commit was made for; for any
 * other tip, and for one that was in the base before the session began, behind where it began.
 */
int refreshing_find_since(
	struct refreshing *t, const char *head, const char **since, struct error *err)
{
	bool old = false;
	int r = 0;

	*since = t->s->base_oid;
	if (oid_is_none(&t->parents[1]))
		return 0;
	r = open_facts(t, err);
	if (r == 0 && t->s->base_oid)
		r = facts_is_ancestor(t->facts, head, t->s->base_oid, &old, err);
	if (r == 0 && !old)
		*since = t->parents[0].hex;
	return r;
}
