#include "session/pr_refresh.h"

#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"
#include "core/invariant.h"
#include "core/oid.h"
#include "hooks/observe/observe.h"
#include "repo/place.h"
#include "repo/reconcile.h"
#include "session/pr_refresh_internal.h"

bool pr_is_fresh(const struct pr *pr, int64_t now_ms)
{
	/* Another machine's word of it is a reason to look again, and no more. */
	return pr->last_checked && pr->last_checked <= now_ms &&
		pr->last_checked >= pr->hinted_at && now_ms - pr->last_checked <= PR_FRESH_MS;
}

bool pr_is_open(const struct pr *pr)
{
	return pr && !pr->merged_at && !pr->closed_at;
}

/* A PR that minsky did not make, or the next one after an ended one. */
static int refresh_new(struct refreshing *t, struct error *err)
{
	const struct pr *ended = session_pr(t->s);
	struct buf title = BUF_INIT;
	struct landing landing;
	char id[ID_UUID_SIZE];
	const char *since;
	int r;

	if (!t->outlook.exists || !t->outlook.head)
		return 0;
	if (ended && ended->head && strcmp(ended->head, t->outlook.head) == 0)
		return 0;
	r = refreshing_read_tip(t, t->outlook.head, &title, err);
	if (r < 0)
		goto out;
	r = refreshing_find_since(t, t->outlook.head, &since, err);
	if (r == 0)
		r = refreshing_created(t, id, t->outlook.head, since, title.data, err);
	if (r == 0)
		r = refreshing_ask_merged(t, t->outlook.head, since, &landing, err);
	if (r == 0 && landing.verdict.answer == MERGE_YES)
		r = refreshing_merged(t, id, t->outlook.head, &landing, err);
out:
	buf_release(&title);
	return r;
}

static int refresh_open(struct refreshing *t, struct error *err)
{
	const char *since = t->pr->base_oid;
	struct buf title = BUF_INIT;
	struct landing landing;
	int r = 0;

	if (!t->outlook.head)
		return 0;
	r = refreshing_read_tip(t, t->outlook.head, &title, err);
	if (r < 0)
		goto out;
	if (t->outlook.changed && (!t->pr->head || strcmp(t->pr->head, t->outlook.head) != 0)) {
		r = refreshing_find_since(t, t->outlook.head, &since, err);
		if (r == 0)
			r = refreshing_updated(t, t->outlook.head, since, title.data, err);
		if (r < 0)
			goto out;
	}
	r = refreshing_ask_merged(t, t->outlook.head, since, &landing, err);
	if (r < 0)
		goto out;
	if (landing.verdict.answer == MERGE_YES) {
		r = refreshing_merged(t, t->pr->id, t->outlook.head, &landing, err);
	} else if (t->pr->exists && !t->outlook.exists) {
		r = refreshing_deleted(t, t->pr, err);
	} else {
		r = refreshing_checked(t, landing.verdict.answer, err);
	}
out:
	buf_release(&title);
	return r;
}

/* Look at a branch, and compare with where it was seen as the branch of this PR (or of none). */
static int look(struct refreshing *t, const char *branch, char *const seen[PR_PLACES],
	const struct pr *pr, struct error *err)
{
	int r = pr_places_look_at(t->repo, t->s, branch, &t->places, err);

	if (r == 0)
		pr_compare(t->places.now, seen, pr ? pr->head : NULL, pr && pr->exists,
			t->places.truth_is_main, &t->outlook);
	return r;
}

/* Whoever merges what was closed has merged it all the same. */
static int refresh_closed(struct refreshing *t, const struct pr *closed, struct error *err)
{
	struct landing landing;
	int r;

	if (!closed->head)
		return 0;
	r = refreshing_read_tip(t, closed->head, NULL, err);
	if (r == 0)
		r = refreshing_ask_merged(t, closed->head, closed->base_oid, &landing, err);
	if (r == 0 && landing.verdict.answer == MERGE_YES)
		r = refreshing_merged(t, closed->id, closed->head, &landing, err);
	return r;
}

/* An ended PR's branch may still go away, or come back; another one may begin. */
static int refresh_ended(struct refreshing *t, const struct pr *ended, struct error *err)
{
	bool same = ended->head && t->outlook.head && strcmp(ended->head, t->outlook.head) == 0;
	struct buf name = BUF_INIT;
	size_t before = t->emit.n;
	bool renamed;
	int r = 0;

	buf_addf(&name, "pr/%s", t->s->name);
	renamed = ended->branch_name && strcmp(ended->branch_name, name.data) != 0;
	if (name.failed)
		r = error_nomem(err);
	else if (t->outlook.changed && !t->outlook.exists && ended->exists)
		r = refreshing_deleted(t, ended, err);
	else if (t->outlook.changed && t->outlook.exists && same && !ended->exists)
		r = ended->merged_at ? refreshing_found(t, ended, err)
				     : refreshing_reopened(t, ended, err);
	else if (!renamed)
		r = refresh_new(t, err);
	if (r == 0 && t->emit.n == before && !ended->merged_at)
		r = refresh_closed(t, ended, err);
	if (r == 0 && renamed) {
		r = look(t, name.data, t->s->pr_before, NULL, err);
		if (r == 0)
			r = refresh_new(t, err);
	}
	buf_release(&name);
	return r;
}

/* Is there anything to be asked at all? */
static bool is_settled(const struct refreshing *t, const struct pr *newest)
{
	if ((t->how & (PR_REFRESH_FORCE | PR_REFRESH_FETCHED)) || t->outlook.changed)
		return false;
	/* The next PR of a renamed session will be under another name than its last. */
	if (newest && !t->pr && newest->branch_name &&
		strncmp(newest->branch_name, "pr/", 3) == 0 &&
		strcmp(newest->branch_name + 3, t->s->name) != 0)
		return false;
	return !t->pr || pr_is_fresh(t->pr, clock_now_ms());
}

/* The part under the lock; *s is as new as the journal. */
static int refresh_locked(struct repo *repo, struct session *s, unsigned how, struct error *err)
{
	struct refreshing t = { .repo = repo, .s = s, .how = how };
	const struct pr *newest = session_pr(s);
	struct buf branch = BUF_INIT;
	int r;

	emit_init(&t.emit);
	t.pr = pr_is_open(newest) ? newest : NULL;
	if (newest && newest->branch_name)
		buf_adds(&branch, newest->branch_name);
	else
		buf_addf(&branch, "pr/%s", s->name);
	r = buf_check(&branch, err);
	if (r == 0)
		r = look(&t, branch.data, newest ? newest->seen : s->pr_before, newest, err);
	if (r < 0 || is_settled(&t, newest))
		goto out;
	t.base_gone = s->base_branch && oid_is_none(&t.places.base);
	if (s->base_branch && (how & PR_REFRESH_FETCHED) && !t.places.truth_is_main) {
		struct oid base;

		r = refreshing_ref(repo_workspace_git(repo, s), "refs/remotes/origin/",
			s->base_branch, &base, err);
		t.base_gone = t.base_gone || (r == 0 && oid_is_none(&base));
	}
	if (r == 0 && t.base_gone)
		r = refreshing_follow_base(&t, err);
	if (r < 0)
		goto out;
	if (t.pr)
		r = refresh_open(&t, err);
	else if (newest)
		r = refresh_ended(&t, newest, err);
	else
		r = refresh_new(&t, err);
	if (r == 0 && t.emit.n)
		r = emit_append(&t.emit, repo, err);
	if (r == 0)
		r = repo_reread_session(repo, s, err);
out:
	facts_close(t.facts);
	emit_release(&t.emit);
	buf_release(&branch);
	return r;
}

int pr_refresh_lock(struct repo *repo, int *fd_out, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, repo->file.journal, "facts.lock");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_lock(path.data, 10000, fd_out, err);
	buf_release(&path);
	return r;
}

/*
 * What is lost says nothing about where a PR stands; that it says nothing is no news either. What
 * is known of it stays, and the others are looked at.
 */
static bool has_places(const struct repo *repo, const struct session *s)
{
	const char *workspace = repo_workspace_git(repo, s), *main_git = repo_main_git(repo, s);

	return workspace && fs_is_dir(workspace) && fs_is_dir(s->workspace) && main_git &&
		fs_is_dir(main_git);
}

static int with_lock(struct repo *repo, struct session *s, unsigned how, struct error *err)
{
	struct error elsewhere = ERROR_INIT;
	int fd = -1, r;

	r = pr_refresh_lock(repo, &fd, err);
	if (r == 0)
		r = repo_reread_session(repo, s, err);
	if (r == 0 && !s->deleted && s->started && session_is_local(repo, s) &&
		has_places(repo, s) && place_prove(repo, s, &elsewhere) == 0)
		r = refresh_locked(repo, s, how, err);
	if (fd >= 0)
		close(fd);
	return r;
}

int pr_refresh(struct repo *repo, struct session *s, unsigned how, struct error *err)
{
	int r = repo_catch_up(repo, s, err);

	INVARIANT(r < 0 || repo->backend);
	if (r == 0 && pr_stale(repo->file.journal))
		how |= PR_REFRESH_FORCE;
	return r < 0 ? r : with_lock(repo, s, how, err);
}

int pr_refresh_all(struct repo *repo, struct error *err)
{
	struct session_query query = { .sort = SORT_NAME };
	struct session_set set = { NULL, 0 };
	bool marked;
	uint64_t marks;
	int r;

	r = reconcile_all(repo, NULL, err);
	if (r == 0)
		r = repo_project(repo, err);
	INVARIANT(r < 0 || repo->backend);
	if (r == 0)
		r = repo->backend->ops->list(repo->backend, repo_store(repo), &query, &set, err);
	/* Counted before looking: what is marked from here on stays marked. */
	marks = pr_stale_count(repo->file.journal);
	marked = pr_stale(repo->file.journal);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = with_lock(repo, &set.v[i], marked ? PR_REFRESH_FORCE : PR_REFRESH_USUAL, err);
	if (r == 0)
		r = pr_stale_clear(repo->file.journal, marks, err);
	session_set_release(&set);
	return r;
}
