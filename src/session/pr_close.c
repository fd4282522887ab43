#include "session/pr_close.h"

#include "git/commits.h"
#include "git/fetch.h"
#include "git/pr.h"
#include "git/refs.h"
#include "repo/emit.h"
#include "session/begin.h"
#include "session/pr_create.h"
#include "session/pr_refresh.h"

struct closing {
	struct repo *repo;
	struct session *s;
	const struct pr *pr;
	struct pr_places places;
	struct buf keep; /* the ref that keeps the commit */
};

static int find_pr(struct closing *k, struct error *err)
{
	k->pr = session_pr(k->s);
	if (!k->pr) {
		error_set(err, ERR_NOTFOUND, "session '%s' has no PR", k->s->name);
		return error_hint(err, "create one: minsky session pr create");
	}
	if (k->pr->merged_at)
		return error_refuse(
			err, "already-merged", "the PR of '%s' is merged already", k->s->name);
	buf_addf(&k->keep, "refs/minsky/closed/%s", k->pr->id);
	return buf_check(&k->keep, err);
}

/* Somebody else may have made what the branch points at, and have no other name for it. */
static int keep_commit(struct closing *k, struct error *err)
{
	struct git_fetch fetch = { .dir = k->s->workspace, .remote = "origin", .quiet = true };
	struct buf ref = BUF_INIT;
	bool there = false;
	int r = git_has_commit(k->s->workspace, k->pr->head, &there, err);

	buf_addf(&ref, "refs/heads/%s", k->pr->branch_name);
	if (r == 0)
		r = buf_check(&ref, err);
	fetch.specs[0] = ref.data;
	if (r == 0 && !there)
		r = git_fetch(&fetch, err);
	if (r == 0)
		r = git_set_ref(k->s->workspace, k->keep.data, k->pr->head, err);
	if (r < 0)
		error_wrap(err, "cannot keep %.8s", k->pr->head);
	buf_release(&ref);
	return r;
}

static void drop_keep(struct closing *k)
{
	struct error ignored = ERROR_INIT;

	(void)git_delete_ref(k->s->workspace, k->keep.data, &ignored);
}

/* The pictures that repositories have of a remote, as a push would have left them. */
static void forget_tracking(const char *dir, const char *tracking, const char *branch)
{
	struct buf ref = BUF_INIT;
	struct error ignored = ERROR_INIT;

	buf_addf(&ref, "%s%s", tracking, branch);
	if (!ref.failed)
		(void)git_delete_ref(dir, ref.data, &ignored);
	buf_release(&ref);
}

static int delete_branches(struct closing *k, struct error *err)
{
	const char *branch = k->pr->branch_name, *head = k->pr->head;
	struct error ignored = ERROR_INIT;
	struct buf main_dir = BUF_INIT;
	int r = repo_main_dir(k->repo, k->s, &main_dir, err);

	if (r < 0)
		goto out;
	if (k->places.truth_is_main)
		r = pr_delete_branch(main_dir.data, branch, head, err);
	else if (k->places.now[PR_PLACE_WORKSPACE_ORIGIN] || k->places.now[PR_PLACE_MAIN_ORIGIN])
		r = pr_unpublish(
			k->s->workspace, "origin", head, branch, k->repo->caller->watched, err);
	if (r < 0)
		goto out;
	if (k->places.now[PR_PLACE_WORKSPACE_ORIGIN])
		forget_tracking(k->s->workspace, "refs/remotes/origin/", branch);
	if (k->places.now[PR_PLACE_MAIN_ORIGIN])
		forget_tracking(main_dir.data, repo_main_tracking(k->repo, k->s), branch);
	/* A copy that is at something else, or checked out, is somebody's own. */
	if (k->places.now[PR_PLACE_WORKSPACE])
		(void)pr_delete_branch(k->s->workspace, branch, head, &ignored);
out:
	buf_release(&main_dir);
	return r;
}

static int record(struct closing *k, enum event_type type, struct error *err)
{
	struct pr_places now;
	struct jsonw *w;
	struct emit e;
	int r = pr_places_look_at(k->repo, k->s, k->pr->branch_name, &now, err);

	emit_init(&e);
	if (r < 0)
		return r;
	w = emit_begin(&e, type, k->s->id);
	jsonw_kstring(w, "pr", k->pr->id);
	if (type == EVENT_PR_CLOSED)
		jsonw_kbool(w, "exists", false);
	else
		jsonw_kstring(w, "head", k->pr->head);
	pr_write_seen(w, now.now);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, k->repo, err);
	if (r == 0)
		r = pr_refresh(k->repo, k->s, PR_REFRESH_USUAL, err);
	emit_release(&e);
	return r;
}

int pr_close(struct repo *repo, struct session *s, bool *done_out, struct error *err)
{
	struct closing k = { .repo = repo, .s = s, .keep = BUF_INIT };
	int r = session_begin(repo, s, "close its PR", err);

	if (r == 0)
		r = find_pr(&k, err);
	if (r < 0)
		goto out;
	*done_out = !k.pr->closed_at;
	if (k.pr->closed_at)
		goto out;
	if (k.pr->exists && k.pr->head && k.pr->branch_name) {
		r = pr_places_look_at(repo, s, k.pr->branch_name, &k.places, err);
		if (r == 0)
			r = keep_commit(&k, err);
		if (r == 0)
			r = delete_branches(&k, err);
		if (r < 0)
			drop_keep(&k);
	}
	if (r == 0)
		r = record(&k, EVENT_PR_CLOSED, err);
out:
	buf_release(&k.keep);
	return r;
}

int pr_reopen(struct repo *repo, struct session *s, bool *done_out, struct error *err)
{
	struct closing k = { .repo = repo, .s = s, .keep = BUF_INIT };
	bool there = false;
	int r = session_begin(repo, s, "close its PR", err);

	if (r == 0)
		r = find_pr(&k, err);
	if (r < 0)
		goto out;
	*done_out = k.pr->closed_at || !k.pr->exists;
	if (!*done_out)
		goto out;
	if (k.pr->head)
		r = git_has_commit(s->workspace, k.pr->head, &there, err);
	if (r < 0)
		goto out;
	if (!there) {
		r = error_refuse(err, "commit-missing",
			"the commit of the PR of '%s' does not exist any more", s->name);
		error_hint(err, "create another PR: minsky session pr create %s --title TITLE",
			s->name);
		goto out;
	}
	r = pr_publish(repo, s, k.pr->head, k.pr->branch_name, true, err);
	if (r == 0)
		r = record(&k, EVENT_PR_REOPENED, err);
	if (r == 0)
		drop_keep(&k);
out:
	buf_release(&k.keep);
	return r;
}
