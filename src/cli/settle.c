#include "cli/settle.h"

#include <unistd.h>

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

/* An ended PR's branch may still go away, which prState.exists has to follow. */
static int settle_ended(struct settling *t, const struct pr *ended, struct error *err)
{
	if (!t->outlook.changed || t->outlook.exists || !ended->exists)
		return settle_new(t, err);
	return settling_deleted(t, ended, err);
}

static int reread(struct context *c, struct session *s, struct error *err)
{
	struct session fresh = { .name = NULL };
	int r = context_project(c, err);

	if (r == 0)
		r = c->backend->ops->get(c->backend, c->repo.id, KEY_ID, s->id, &fresh, err);
	if (r == 0) {
		session_release(s);
		*s = fresh;
	}
	return r;
}

/* The part under the lock; *s is as new as the journal. */
static int settle_locked(struct context *c, struct session *s, bool force, struct error *err)
{
	static char *const nowhere[PR_PLACES] = { NULL };
	struct settling t = { .c = c, .s = s };
	const struct pr *newest = session_pr(s);
	int r;

	emit_init(&t.emit);
	t.pr = pr_is_open(newest) ? newest : NULL;
	r = settle_look(c, s, &t.places, err);
	if (r < 0)
		goto out;
	pr_compare(t.places.now, newest ? newest->seen : nowhere, newest ? newest->head : NULL,
		newest && newest->exists, t.places.truth_is_main, &t.outlook);
	if (!force && !t.outlook.changed && (!t.pr || pr_is_fresh(t.pr, clock_now_ms())))
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
		r = reread(c, s, err);
out:
	facts_close(t.facts);
	emit_release(&t.emit);
	return r;
}

static int with_lock(struct context *c, struct session *s, bool force, struct error *err)
{
	struct buf path = BUF_INIT;
	int fd = -1, r;

	fs_join(&path, c->repo.journal, "facts.lock");
	r = fs_lock(path.data, 10000, &fd, err);
	if (r == 0)
		r = reread(c, s, err);
	if (r == 0 && !s->deleted && s->started)
		r = settle_locked(c, s, force, err);
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	return r;
}

int settle_session(struct context *c, struct session *s, bool force, struct error *err)
{
	int r = context_catch_up(c, s, err);

	return r < 0 ? r : with_lock(c, s, force || facts_marked(c->repo.journal), err);
}

int settle_all(struct context *c, struct error *err)
{
	struct session_query query = { .sort = SORT_NAME };
	struct session_set set = { NULL, 0 };
	bool marked;
	uint64_t marks;
	int r;

	r = context_project(c, err);
	if (r == 0)
		r = c->backend->ops->list(c->backend, c->repo.id, &query, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = context_catch_up(c, &set.v[i], err);
	/* Counted before looking: what is marked from here on stays marked. */
	marks = facts_marks(c->repo.journal);
	marked = facts_marked(c->repo.journal);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = with_lock(c, &set.v[i], marked, err);
	if (r == 0)
		r = facts_settled(c->repo.journal, marks, err);
	session_set_release(&set);
	return r;
}
