#include "cli/settle.h"

#include <unistd.h>

#include "cli/reconcile.h"
#include "cli/settle_internal.h"
#include "core/clock.h"
#include "core/fs.h"
#include "hooks/bell.h"

bool pr_is_fresh(const struct pr *pr, int64_t now_ms)
{
	return pr->last_checked && pr->last_checked <= now_ms &&
		now_ms - pr->last_checked <= PR_FRESH_MS;
}

bool pr_is_open(const struct pr *pr)
{
	return pr && !pr->merged_at && !pr->closed_at;
}

/* A PR that minsky did not make, or the next one after an ended one. */
static int settle_new(struct settling *t, struct error *err)
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
	r = settling_read_tip(t, t->outlook.head, &title, err);
	if (r < 0)
		goto out;
	r = settling_find_since(t, t->outlook.head, &since, err);
	if (r == 0)
		r = settling_created(t, id, t->outlook.head, since, title.data, err);
	if (r == 0)
		r = settling_ask_merged(t, t->outlook.head, since, &landing, err);
	if (r == 0 && landing.verdict.answer == MERGE_YES)
		r = settling_merged(t, id, t->outlook.head, &landing, err);
out:
	buf_release(&title);
	return r;
}

static int settle_open(struct settling *t, struct error *err)
{
	const char *since = t->pr->base_oid;
	struct buf title = BUF_INIT;
	struct landing landing;
	int r = 0;

	if (!t->outlook.head)
		return 0;
	r = settling_read_tip(t, t->outlook.head, &title, err);
	if (r < 0)
		goto out;
	if (t->outlook.changed && (!t->pr->head || strcmp(t->pr->head, t->outlook.head) != 0)) {
		r = settling_find_since(t, t->outlook.head, &since, err);
		if (r == 0)
			r = settling_updated(t, t->outlook.head, since, title.data, err);
		if (r < 0)
			goto out;
	}
	r = settling_ask_merged(t, t->outlook.head, since, &landing, err);
	if (r < 0)
		goto out;
	if (landing.verdict.answer == MERGE_YES) {
		r = settling_merged(t, t->pr->id, t->outlook.head, &landing, err);
	} else if (t->pr->exists && !t->outlook.exists) {
		r = settling_deleted(t, t->pr, err);
	} else {
		r = settling_checked(t, landing.verdict.answer, err);
	}
out:
	buf_release(&title);
	return r;
}

/* Look at a branch, and compare with where it was seen as the branch of this PR (or of none). */
static int look(struct settling *t, const char *branch, char *const seen[PR_PLACES],
	const struct pr *pr, struct error *err)
{
	int r = settle_look_at(t->c, t->s, branch, &t->places, err);

	if (r == 0)
		pr_compare(t->places.now, seen, pr ? pr->head : NULL, pr && pr->exists,
			t->places.truth_is_main, &t->outlook);
	return r;
}

/* Whoever merges what was closed has merged it all the same. */
static int settle_closed(struct settling *t, const struct pr *closed, struct error *err)
{
	struct landing landing;
	int r;

	if (!closed->head)
		return 0;
	r = settling_read_tip(t, closed->head, NULL, err);
	if (r == 0)
		r = settling_ask_merged(t, closed->head, closed->base_oid, &landing, err);
	if (r == 0 && landing.verdict.answer == MERGE_YES)
		r = settling_merged(t, closed->id, closed->head, &landing, err);
	return r;
}

/* An ended PR's branch may still go away, or come back; another one may begin. */
static int settle_ended(struct settling *t, const struct pr *ended, struct error *err)
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
		r = settling_deleted(t, ended, err);
	else if (t->outlook.changed && t->outlook.exists && same && !ended->exists)
		r = ended->merged_at ? settling_found(t, ended, err)
				     : settling_reopened(t, ended, err);
	else if (!renamed)
		r = settle_new(t, err);
	if (r == 0 && t->emit.n == before && !ended->merged_at)
		r = settle_closed(t, ended, err);
	if (r == 0 && renamed) {
		r = look(t, name.data, t->s->pr_before, NULL, err);
		if (r == 0)
			r = settle_new(t, err);
	}
	buf_release(&name);
	return r;
}

int settle_reread(struct context *c, struct session *s, struct error *err)
{
	struct session fresh = { .name = NULL };
	int r = context_project(c, err);

	if (r == 0)
		r = c->backend->ops->get(c->backend, context_store(c), KEY_ID, s->id, &fresh, err);
	if (r == 0) {
		session_release(s);
		*s = fresh;
	}
	return r;
}

/* Is there anything to be asked at all? */
static bool is_settled(const struct settling *t, const struct pr *newest)
{
	if ((t->how & (SETTLE_FORCE | SETTLE_FETCHED)) || t->outlook.changed)
		return false;
	/* The next PR of a renamed session will be under another name than its last. */
	if (newest && !t->pr && newest->branch_name &&
		strncmp(newest->branch_name, "pr/", 3) == 0 &&
		strcmp(newest->branch_name + 3, t->s->name) != 0)
		return false;
	return !t->pr || pr_is_fresh(t->pr, clock_now_ms());
}

/* The part under the lock; *s is as new as the journal. */
static int settle_locked(struct context *c, struct session *s, unsigned how, struct error *err)
{
	struct settling t = { .c = c, .s = s, .how = how };
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
	t.base_gone = s->base_branch && !t.places.base[0];
	if (s->base_branch && (how & SETTLE_FETCHED) && !t.places.truth_is_main) {
		char base[65];

		r = settling_ref(context_workspace_git(c, s), "refs/remotes/origin/",
			s->base_branch, base, err);
		t.base_gone = t.base_gone || (r == 0 && !base[0]);
	}
	if (r == 0 && t.base_gone)
		r = settling_follow_base(&t, err);
	if (r < 0)
		goto out;
	if (t.pr)
		r = settle_open(&t, err);
	else if (newest)
		r = settle_ended(&t, newest, err);
	else
		r = settle_new(&t, err);
	if (r == 0 && t.emit.n)
		r = emit_append(&t.emit, c, err);
	if (r == 0)
		r = settle_reread(c, s, err);
out:
	facts_close(t.facts);
	emit_release(&t.emit);
	buf_release(&branch);
	return r;
}

int settle_lock(struct context *c, int *fd_out, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, c->repo.journal, "facts.lock");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_lock(path.data, 10000, fd_out, err);
	buf_release(&path);
	return r;
}

static int with_lock(struct context *c, struct session *s, unsigned how, struct error *err)
{
	int fd = -1, r;

	r = settle_lock(c, &fd, err);
	if (r == 0)
		r = settle_reread(c, s, err);
	if (r == 0 && !s->deleted && s->started && session_is_local(c, s))
		r = settle_locked(c, s, how, err);
	if (fd >= 0)
		close(fd);
	return r;
}

int settle_session(struct context *c, struct session *s, unsigned how, struct error *err)
{
	int r = context_catch_up(c, s, err);

	if (r == 0 && facts_marked(c->repo.journal))
		how |= SETTLE_FORCE;
	return r < 0 ? r : with_lock(c, s, how, err);
}

int settle_all(struct context *c, struct error *err)
{
	struct session_query query = { .sort = SORT_NAME };
	struct session_set set = { NULL, 0 };
	bool marked;
	uint64_t marks;
	int r;

	r = reconcile_all(c, NULL, err);
	if (r == 0)
		r = context_project(c, err);
	if (r == 0)
		r = c->backend->ops->list(c->backend, context_store(c), &query, &set, err);
	/* Counted before looking: what is marked from here on stays marked. */
	marks = facts_marks(c->repo.journal);
	marked = facts_marked(c->repo.journal);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = with_lock(c, &set.v[i], marked ? SETTLE_FORCE : SETTLE_USUAL, err);
	if (r == 0)
		r = facts_settled(c->repo.journal, marks, err);
	session_set_release(&set);
	return r;
}
