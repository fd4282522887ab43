#include "core/session.h"

#include "core/array.h"
#include "core/session_shape.h"

static const char *const status_names[] = {
#define X(id, name) [SESSION_##id] = (name),
	SESSION_STATUSES(X)
#undef X
};

#define N_STATUSES (sizeof(status_names) / sizeof(*status_names))

const char *const pr_place_names[PR_PLACES] = {
	[PR_PLACE_WORKSPACE] = "workspace",
	[PR_PLACE_MAIN] = "main",
	[PR_PLACE_WORKSPACE_ORIGIN] = "workspaceOrigin",
	[PR_PLACE_MAIN_ORIGIN] = "mainOrigin",
};

const char *session_status_name(enum session_status s)
{
	return status_names[s];
}

bool session_status_parse(const char *name, enum session_status *out)
{
	for (size_t i = 0; i < N_STATUSES; i++) {
		if (strcmp(status_names[i], name) == 0) {
			*out = (enum session_status)i;
			return true;
		}
	}
	return false;
}

static void prs_release(struct pr *prs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		shape_release(&prs[i], &pr_shape);
	free(prs);
}

void session_release(struct session *s)
{
	prs_release(s->prs, s->n_prs);
	shape_release(s, &session_shape);
	shape_release(s, &place_shape);
	*s = (struct session){ .name = NULL };
}

static int prs_copy(struct session *out, const struct session *s, struct error *err)
{
	out->prs = NULL;
	out->n_prs = 0;
	if (!s->n_prs)
		return 0;
	out->prs = calloc(s->n_prs, sizeof(*out->prs));
	if (!out->prs)
		return error_nomem(err);
	for (size_t i = 0; i < s->n_prs; i++) {
		int r;

		out->prs[i] = s->prs[i];
		out->n_prs++;
		r = shape_own(&out->prs[i], &pr_shape, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int session_copy(struct session *out, const struct session *s, struct error *err)
{
	struct session copy = *s;
	int r;

	copy.prs = NULL;
	copy.n_prs = 0;
	/* Of two the one that fails leaves what is borrowed in the other. */
	r = shape_own(&copy, &place_shape, err);
	if (r < 0)
		return r;
	r = shape_own(&copy, &session_shape, err);
	if (r == 0)
		r = prs_copy(&copy, s, err);
	if (r < 0) {
		session_release(&copy);
		return r;
	}
	*out = copy;
	return 0;
}

const struct pr *session_pr(const struct session *s)
{
	return s->n_prs ? &s->prs[s->n_prs - 1] : NULL;
}

enum session_status session_status(const struct session *s)
{
	const struct pr *pr = session_pr(s);

	if (s->deleted)
		return SESSION_DELETED;
	if (!s->started)
		return SESSION_STARTING;
	if (!pr)
		return SESSION_ACTIVE;
	if (pr->merged_at)
		return SESSION_MERGED;
	if (pr->closed_at)
		return SESSION_CLOSED;
	if (!pr->exists)
		return SESSION_ACTIVE;
	if (pr->approved_head && pr->head && strcmp(pr->approved_head, pr->head) == 0)
		return SESSION_APPROVED;
	return SESSION_PR_OPEN;
}

/* By session, then in the order of the fold; events without a session come first. */
static int by_session_and_key(const void *a, const void *b)
{
	const struct event *ea = a, *eb = b;
	int c;

	if (!ea->session || !eb->session)
		c = (ea->session != NULL) - (eb->session != NULL);
	else
		c = strcmp(ea->session, eb->session);
	return c ? c : event_key_compare(&ea->key, &eb->key);
}

static int add_family(
	struct session_set *set, size_t *cap, struct session_family *f, struct error *err)
{
	for (size_t i = 0; i < f->n; i++) {
		if (!ARRAY_GROW(set->v, set->n, *cap))
			return error_nomem(err);
		set->v[set->n++] = f->v[i];
		f->v[i] = (struct session){ .name = NULL };
	}
	family_release(f);
	return 0;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct session *)a)->id, ((const struct session *)b)->id);
}

int session_fold(struct session_set *out, struct event *events, size_t n,
	const struct own_origins *own, struct error *err)
{
	struct session_set set = { .v = NULL };
	struct session_family family = { .v = NULL };
	const char *id = "";
	size_t cap = 0;
	int r = 0;

	if (n)
		qsort(events, n, sizeof(*events), by_session_and_key);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct event *e = &events[i];

		if (!e->session)
			continue;
		if (strcmp(id, e->session) != 0)
			r = add_family(&set, &cap, &family, err);
		id = e->session;
		if (r == 0 && !family_is_late(&family, e))
			r = family_apply(&family, e, own, err);
	}
	if (r == 0)
		r = add_family(&set, &cap, &family, err);
	family_release(&family);
	if (r < 0) {
		session_set_release(&set);
		return r;
	}
	if (set.n)
		qsort(set.v, set.n, sizeof(*set.v), by_id);
	*out = set;
	return 0;
}

void session_set_release(struct session_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		session_release(&set->v[i]);
	free(set->v);
	*set = (struct session_set){ .v = NULL };
}

bool session_is_linked(const struct session *s)
{
	return s->mode && !strcmp(s->mode, "worktree");
}
