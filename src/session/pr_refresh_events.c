/* What settling writes into the journal. */
#include "core/invariant.h"
#include "session/pr_refresh_internal.h"

#include "core/clock.h"

static bool is_time(int64_t ms)
{
	return ms > 0 && ms <= clock_now_ms();
}

/*
 * What is known of a PR on a server is as old as the last fetch or push; of one in the main
 * repository beside us, it is what we just saw. A time from the future is none.
 */
static int64_t known_since(const struct refreshing *t, const struct pr *pr)
{
	int64_t at = refreshing_last_talk(t);

	if (t->places.truth_is_main || (t->how & PR_REFRESH_FETCHED))
		return clock_now_ms();
	if (pr && is_time(pr->last_checked) && pr->last_checked > at)
		return pr->last_checked;
	if (!at && pr && is_time(pr->created_at))
		return pr->created_at;
	return at;
}

/* Left out when it is the time of the event itself. */
static void write_checked_at(struct refreshing *t, struct jsonw *w, const struct pr *pr, bool local)
{
	int64_t at = known_since(t, pr);

	if (!local && at != t->emit.draft.at)
		jsonw_ktime_opt(w, "checkedAt", at);
}

/* Is the tip that counts one that the server has not told us of? */
static bool moved_here(const struct refreshing *t)
{
	static const enum pr_place told[] = { PR_PLACE_WORKSPACE_ORIGIN, PR_PLACE_MAIN_ORIGIN };

	for (size_t i = 0; i < 2; i++)
		if (t->places.now[told[i]] && t->outlook.head &&
			strcmp(t->places.now[told[i]], t->outlook.head) == 0)
			return false;
	return true;
}

int refreshing_created(struct refreshing *t, char id[ID_UUID_SIZE], const char *head,
	const char *since, const char *title, struct error *err)
{
	struct buf branch = BUF_INIT;
	struct jsonw *w;
	int r = id_uuid7(id, clock_now_ms(), err);

	if (r == 0)
		r = pr_branch_name(t->s, &branch, err);
	if (r < 0)
		goto out;
	w = emit_begin(&t->emit, EVENT_PR_CREATED, t->s->id);
	jsonw_kstring(w, "pr", id);
	jsonw_kstring(w, "branchName", branch.data);
	jsonw_kstring(w, "head", head);
	jsonw_kstring_opt(w, "base", t->s->base_branch);
	jsonw_kstring_opt(w, "baseOid", since);
	jsonw_kstring_opt(w, "title", title);
	write_checked_at(t, w, NULL, moved_here(t));
	pr_write_seen(w, t->places.now);
	r = emit_end(&t->emit, err);
out:
	buf_release(&branch);
	return r;
}

int refreshing_updated(struct refreshing *t, const char *head, const char *since, const char *title,
	struct error *err)
{
	struct jsonw *w = emit_begin(&t->emit, EVENT_PR_UPDATED, t->s->id);

	INVARIANT(t->pr && head);
	jsonw_kstring(w, "pr", t->pr->id);
	jsonw_kstring(w, "head", head);
	jsonw_kstring_opt(w, "baseOid", since);
	jsonw_kstring_opt(w, "title", title);
	write_checked_at(t, w, t->pr, moved_here(t));
	pr_write_seen(w, t->places.now);
	return emit_end(&t->emit, err);
}

int refreshing_merged(struct refreshing *t, const char *id, const char *head,
	const struct landing *landing, struct error *err)
{
	bool here = strcmp(landing->place, "main") == 0 || strcmp(landing->place, "workspace") == 0;
	struct jsonw *w = emit_begin(&t->emit, EVENT_PR_MERGED, t->s->id);

	INVARIANT(landing->verdict.answer == MERGE_YES && landing->verdict.how);
	if (landing->at)
		t->emit.draft.at = landing->at;
	jsonw_kstring(w, "pr", id);
	jsonw_kstring(w, "how", landing->verdict.how);
	jsonw_kstring(w, "commit", landing->verdict.commit.hex);
	jsonw_kstring_opt(w, "base", t->s->base_branch);
	jsonw_kstring(w, "baseOid", landing->base.hex);
	jsonw_kstring(w, "head", head);
	jsonw_kbool(w, "exists", t->outlook.exists);
	jsonw_key(w, "evidence");
	jsonw_begin_object(w);
	jsonw_kstring(w, "kind", landing->verdict.evidence);
	jsonw_kstring(w, "place", landing->place);
	jsonw_kstring(w, "base", landing->base.hex);
	jsonw_kstring(w, "tip", landing->tip.hex);
	jsonw_end_object(w);
	/* When it happened is one thing, when we came to know it another. */
	jsonw_ktime_opt(w, "checkedAt", here ? clock_now_ms() : known_since(t, session_pr(t->s)));
	pr_write_seen(w, t->places.now);
	return emit_end(&t->emit, err);
}

static int write_check(
	struct refreshing *t, const struct pr *pr, const char *verdict, struct error *err)
{
	struct jsonw *w = emit_begin(&t->emit, EVENT_PR_CHECKED, t->s->id);

	jsonw_kstring(w, "pr", pr->id);
	jsonw_kbool(w, "exists", t->outlook.exists);
	jsonw_kstring_opt(w, "head", t->outlook.head);
	jsonw_ktime_opt(w, "checkedAt", known_since(t, pr));
	jsonw_kstring_opt(w, "verdict", verdict);
	pr_write_seen(w, t->places.now);
	return emit_end(&t->emit, err);
}

int refreshing_checked(struct refreshing *t, enum merge_answer answer, struct error *err)
{
	static const char *const names[] = { [MERGE_NO] = "no",
		[MERGE_YES] = "yes",
		[MERGE_NOTHING] = "nothing",
		[MERGE_UNKNOWN] = "unknown" };
	const char *verdict = names[answer];
	const char *had = t->pr->verdict ? t->pr->verdict : "no";
	int64_t at = known_since(t, t->pr);
	/* An event of this look says where the branch is already. */
	bool told = t->emit.n || !t->outlook.changed;
	bool recent = t->emit.n || at == t->pr->last_checked || pr_is_fresh(t->pr, clock_now_ms());

	if (t->how & PR_REFRESH_FETCHED)
		recent = false;
	if (told && recent && strcmp(had, verdict) == 0)
		return 0;
	return write_check(t, t->pr, verdict, err);
}

int refreshing_found(struct refreshing *t, const struct pr *pr, struct error *err)
{
	return write_check(t, pr, NULL, err);
}

int refreshing_reopened(struct refreshing *t, const struct pr *pr, struct error *err)
{
	struct jsonw *w = emit_begin(&t->emit, EVENT_PR_REOPENED, t->s->id);

	jsonw_kstring(w, "pr", pr->id);
	jsonw_kstring_opt(w, "head", t->outlook.head);
	write_checked_at(t, w, pr, moved_here(t));
	pr_write_seen(w, t->places.now);
	return emit_end(&t->emit, err);
}

int refreshing_deleted(struct refreshing *t, const struct pr *pr, struct error *err)
{
	struct jsonw *w = emit_begin(&t->emit, EVENT_PR_BRANCH_DELETED, t->s->id);

	jsonw_kstring(w, "pr", pr->id);
	jsonw_kstring_opt(w, "old", pr->head);
	write_checked_at(t, w, pr, false);
	pr_write_seen(w, t->places.now);
	return emit_end(&t->emit, err);
}

int refreshing_rebased(struct refreshing *t, const char *to, struct error *err)
{
	struct jsonw *w = emit_begin(&t->emit, EVENT_SESSION_UPDATED, t->s->id);
	int r;

	jsonw_kstring(w, "how", "base-renamed");
	jsonw_kstring(w, "from", t->s->base_branch);
	jsonw_kstring(w, "to", to);
	jsonw_key(w, "set");
	jsonw_begin_object(w);
	jsonw_kstring(w, "baseBranch", to);
	jsonw_end_object(w);
	r = emit_end(&t->emit, err);
	if (r < 0 || !t->pr)
		return r;
	w = emit_begin(&t->emit, EVENT_PR_UPDATED, t->s->id);
	jsonw_kstring(w, "pr", t->pr->id);
	jsonw_kstring(w, "base", to);
	write_checked_at(t, w, t->pr, false);
	return emit_end(&t->emit, err);
}
