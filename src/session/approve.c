#include "session/approve.h"

#include <unistd.h>

#include "core/fs.h"
#include "core/gitfiles/refs.h"
#include "core/oid.h"
#include "core/repo_url.h"
#include "git/gitarg.h"
#include "git/pr.h"
#include "git/refs.h"
#include "git/repository.h"
#include "repo/emit.h"
#include "session/begin.h"
#include "session/pr_create.h"
#include "session/pr_refresh.h"
#include "session/review.h"

struct approval {
	struct repo *repo;
	struct session *s;
	const struct pr *pr;
	struct pr_commit commit;
	struct pr_places places;
	struct buf main_dir;
	const struct approve_request *req;
	struct error stays; /* why the remote keeps the PR branch; code 0: it is gone */
	struct approve_result *out;
};

static bool is_approved(const struct pr *pr)
{
	return pr->approved_head && strcmp(pr->approved_head, pr->head) == 0;
}

/* It is what somebody looked at, and what was approved where that is asked for. */
static int check_head(const struct approval *a, struct error *err)
{
	const char *want = a->req->head;

	if (want && (strlen(want) < 4 || strncmp(a->pr->head, want, strlen(want)) != 0)) {
		error_refuse(err, "head-changed", "the PR of '%s' is at %.8s, not at '%s'",
			a->s->name, a->pr->head, want);
		return error_hint(err, "review it again");
	}
	if (a->req->what == APPROVE_ONLY)
		return 0;
	return review_check_required(a->repo, a->s, a->pr, a->req->what == APPROVE_AND_LAND, err);
}

/* There must be a PR that provably exists: its branch, and the commit that it points at. */
static int check_pr(struct approval *a, struct error *err)
{
	struct session *s = a->s;
	int r;

	a->pr = session_pr(s);
	if (!a->pr) {
		error_set(err, ERR_NOTFOUND, "session '%s' has no PR", s->name);
		return error_hint(err, "create one: minsky session pr create");
	}
	if (a->pr->merged_at)
		return error_refuse(
			err, "already-merged", "the PR of '%s' is merged already", s->name);
	if (a->pr->closed_at || !a->pr->exists || !a->pr->head) {
		error_refuse(
			err, "pr-branch-missing", "the PR branch of '%s' does not exist", s->name);
		return error_hint(err, "restore it: minsky session pr %s %s",
			a->pr->closed_at ? "reopen" : "create", s->name);
	}
	r = check_head(a, err);
	if (r < 0)
		return r;
	r = pr_read(&a->commit, s->workspace, a->pr->head, err);
	if (r == ERR_NOTFOUND)
		r = error_refuse(err, "pr-moved",
			"'%s' is at %.8s now, a commit that is not in the workspace",
			a->pr->branch_name, a->pr->head);
	if (r < 0)
		error_hint(err, "prepare the merge again: minsky session pr create %s", s->name);
	return r;
}

static int check_base(struct approval *a, struct error *err)
{
	struct oid base, tip;
	struct buf ref = BUF_INIT;
	int r = pr_find_base(a->repo, a->s, false, &base, err);

	if (r == 0)
		r = pr_places_look(a->repo, a->s, &a->places, err);
	if (r < 0)
		return r;
	if (!oid_equal(&base, &a->commit.base)) {
		error_refuse(err, "base-moved",
			"'%s' has moved to %.8s since the PR was made on %.8s", a->s->base_branch,
			base.hex, a->commit.base.hex);
		return error_hint(err, "refresh it: minsky session pr create %s", a->s->name);
	}
	buf_addf(&ref, "refs/heads/%s", a->s->branch);
	r = ref_read(repo_workspace_git(a->repo, a->s), ref.data, &tip, err);
	buf_release(&ref);
	if (r == 0 && !oid_is_none(&tip) && !oid_equal(&tip, &a->commit.tip))
		outcome_warn(&a->out->outcome,
			"the session has newer commits that are not part of its PR");
	return r;
}

/* Remotes and bases that the user has agreed to push to: "<canonical url> <base>" lines. */
static bool has_agreed(struct repo *repo, const char *line)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct error missing = ERROR_INIT;
	bool found = false;

	fs_join(&path, repo->file.journal, "push-agreed");
	(void)fs_read_private(path.data, 65536, &text, &missing);
	for (const char *at = text.data; !found && (at = strstr(at, line)); at++)
		found = at == text.data || at[-1] == '\n';
	buf_release(&path);
	buf_release(&text);
	return found;
}

static int remember_agreed(struct repo *repo, const char *line, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct error missing = ERROR_INIT;
	int r;

	fs_join(&path, repo->file.journal, "push-agreed");
	(void)fs_read_private(path.data, 65536, &text, &missing);
	buf_adds(&text, line);
	r = buf_check(&text, err);
	if (r == 0)
		r = fs_replace(path.data, text.data, text.len, 0600, true, err);
	buf_release(&path);
	buf_release(&text);
	return r;
}

/* A base on another machine is somebody else's too: the first push there wants a yes. */
static int ask_push(struct approval *a, struct error *err)
{
	const char *policy = config_get(a->repo->config, "pr.push");
	struct git_repo git = { .top = NULL };
	struct repo_url url = REPO_URL_INIT;
	char *name = NULL, *text = NULL;
	struct buf line = BUF_INIT;
	int r = git_repo_open(&git, a->s->workspace, err);

	if (r == 0)
		r = git_repo_remote(&git, &name, &text, err);
	if (r == 0)
		r = repo_url_parse(&url, text ? text : "", err);
	if (r < 0)
		goto out;
	buf_addf(&line, "%s %s\n", url.canonical, a->s->base_branch);
	if (!url.auth_method || a->req->consent == CONSENT_ONCE || strcmp(policy, "yes") == 0 ||
		has_agreed(a->repo, line.data))
		goto out;
	if (strcmp(policy, "no") == 0) {
		r = error_refuse(err, "push-not-allowed",
			"not pushed to '%s': the setting pr.push is 'no'", url.url);
		goto out;
	}
	if (a->req->consent == CONSENT_NONE) {
		buf_addf(&a->out->needs_consent, "push to branch '%s' of '%s'", a->s->base_branch,
			url.url);
		r = error_refuse(err, "consent-needed", "not pushed to '%s' of '%s'",
			a->s->base_branch, url.url);
		error_hint(err, "give --yes, or allow it: minsky config set pr.push yes");
		goto out;
	}
	r = remember_agreed(a->repo, line.data, err);
out:
	free(name);
	free(text);
	repo_url_release(&url);
	git_repo_release(&git);
	buf_release(&line);
	return r;
}

/* What the remote has told us by taking the push: the main repository may know it too. */
static void tell_main(struct approval *a)
{
	const char *tracking = repo_main_tracking(a->repo, a->s);
	struct buf input = BUF_INIT;
	struct error ignored = ERROR_INIT;

	if (git_input_update(&input, tracking, a->s->base_branch, a->commit.oid.hex, &ignored) ==
			0 &&
		(!a->places.now[PR_PLACE_MAIN_ORIGIN] ||
			git_input_delete(&input, tracking, a->pr->branch_name, &ignored) == 0))
		(void)git_update_refs(a->main_dir.data, &input, &ignored);
	buf_release(&input);
}

static int land_remote(struct approval *a, struct error *err)
{
	int r = ask_push(a, err);

	return r < 0 ? r
		     : pr_land(a->s->workspace, "origin", a->commit.oid.hex, a->s->base_branch,
			       a->pr->branch_name, a->commit.oid.hex, a->repo->caller->watched,
			       &a->stays, err);
}

/* The main repository goes with the remote, if it can. */
static void follow_remote(struct approval *a)
{
	struct error why = ERROR_INIT;

	if (pr_forward(a->main_dir.data, a->s->workspace, a->s->base_branch, a->commit.oid.hex,
		    &why) < 0) {
		outcome_warn(&a->out->outcome,
			"merged on the remote, but '%s' in '%s' was not updated: %s",
			a->s->base_branch, a->main_dir.data, why.msg);
		a->out->main_behind = true;
	}
	if (a->stays.code)
		outcome_warn(&a->out->outcome,
			"merged, but the branch '%s' stays on the remote: %s", a->pr->branch_name,
			a->stays.msg);
	tell_main(a);
}

static int land_local(struct approval *a, struct error *err)
{
	struct buf input = BUF_INIT;
	struct error ignored = ERROR_INIT;
	int r = pr_check_branch(a->main_dir.data, a->pr->branch_name, a->commit.oid.hex, err);

	if (r == 0)
		r = pr_forward(a->main_dir.data, a->s->workspace, a->s->base_branch,
			a->commit.oid.hex, err);
	if (r == 0)
		r = pr_drop_branch(a->main_dir.data, a->pr->branch_name, a->commit.oid.hex, err);
	if (r < 0)
		return r;
	/* The workspace's picture of its origin, as a push would have left it. */
	r = git_input_update(
		&input, "refs/remotes/origin/", a->s->base_branch, a->commit.oid.hex, &ignored);
	if (r == 0 && a->places.now[PR_PLACE_WORKSPACE_ORIGIN])
		r = git_input_delete(&input, "refs/remotes/origin/", a->pr->branch_name, &ignored);
	if (r == 0)
		(void)git_update_refs(a->s->workspace, &input, &ignored);
	buf_release(&input);
	return 0;
}

static int add_approved(struct approval *a, struct emit *e, struct error *err)
{
	struct jsonw *w;

	if (is_approved(a->pr))
		return 0;
	w = emit_begin(e, EVENT_PR_APPROVED, a->s->id);
	jsonw_kstring(w, "pr", a->pr->id);
	jsonw_kstring(w, "head", a->pr->head);
	return emit_end(e, err);
}

static int record_approved(struct approval *a, struct error *err)
{
	struct emit e;
	int r;

	emit_init(&e);
	r = add_approved(a, &e, err);
	if (r == 0)
		r = emit_append(&e, a->repo, err);
	emit_release(&e);
	return r;
}

static int add_merged(struct approval *a, struct emit *e, struct error *err)
{
	struct pr_places now;
	struct jsonw *w;
	int r = pr_places_look(a->repo, a->s, &now, err);

	if (r < 0)
		return r;
	w = emit_begin(e, EVENT_PR_MERGED, a->s->id);
	jsonw_kstring(w, "pr", a->pr->id);
	jsonw_kstring(w, "how", "ff");
	jsonw_kstring(w, "commit", a->commit.oid.hex);
	jsonw_kstring(w, "base", a->s->base_branch);
	jsonw_kstring(w, "baseOid", a->commit.oid.hex);
	jsonw_kstring(w, "head", a->commit.oid.hex);
	jsonw_kbool(w, "exists", a->stays.code != ERR_OK);
	jsonw_key(w, "evidence");
	jsonw_begin_object(w);
	jsonw_kstring(w, "kind", "approved");
	jsonw_kstring(w, "place", a->places.truth_is_main ? "main" : "workspaceOrigin");
	jsonw_kstring(w, "base", a->commit.base.hex);
	jsonw_kstring(w, "tip", a->commit.oid.hex);
	jsonw_end_object(w);
	pr_write_seen(w, now.now);
	return emit_end(e, err);
}

/*
 * Under the lock. A push is seen by whoever looks at its tracking branch, and may have been told
 * before we had the lock; the approval has not.
 */
static int record(struct approval *a, struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct buf id = BUF_INIT;
	struct emit e;
	int r;

	emit_init(&e);
	buf_adds(&id, a->pr->id);
	r = buf_check(&id, err);
	if (r < 0)
		goto out;
	/* It has landed: told twice is better than not told. */
	(void)repo_reread_session(a->repo, a->s, &ignored);
	a->pr = session_pr(a->s);
	if (!a->pr || strcmp(a->pr->id, id.data) != 0) {
		r = error_refuse(err, "pr-replaced", "'%s' has another PR now", a->s->name);
		goto out;
	}
	if (a->req->what != LAND_APPROVED)
		r = add_approved(a, &e, err);
	if (r == 0 && !a->pr->merged_at)
		r = add_merged(a, &e, err);
	if (r == 0 && e.n)
		r = emit_append(&e, a->repo, err);
out:
	emit_release(&e);
	buf_release(&id);
	return r;
}

static int land(struct approval *a, struct error *err)
{
	int r = check_base(a, err), lock = -1;

	if (r == 0)
		r = repo_main_dir(a->repo, a->s, &a->main_dir, err);
	/* A remote may take its time: nobody is to wait for it. */
	if (r == 0 && !a->places.truth_is_main)
		r = land_remote(a, err);
	if (r == 0 && pr_refresh_lock(a->repo, &lock, err) < 0) {
		if (a->places.truth_is_main)
			return err->code;
		error_clear(err);
	}
	if (r < 0)
		return r;
	if (a->places.truth_is_main)
		r = land_local(a, err);
	else
		follow_remote(a);
	/* A copy of the PR branch in the workspace has done its work. */
	if (r == 0 && a->places.now[PR_PLACE_WORKSPACE]) {
		struct error ignored = ERROR_INIT;

		(void)pr_delete_branch(
			a->s->workspace, a->pr->branch_name, a->commit.oid.hex, &ignored);
	}
	if (r == 0)
		r = record(a, err);
	if (lock >= 0)
		close(lock);
	return r;
}

void approve_result_release(struct approve_result *res)
{
	outcome_release(&res->outcome);
	buf_release(&res->needs_consent);
	*res = (struct approve_result)APPROVE_RESULT_INIT;
}

int session_approve(struct repo *repo, struct session *s, const struct approve_request *req,
	struct approve_result *out, struct error *err)
{
	struct approval a = { .repo = repo,
		.s = s,
		.req = req,
		.out = out,
		.commit = PR_COMMIT_INIT,
		.main_dir = BUF_INIT };
	int r = req->what == LAND_APPROVED ? 0 : review_check_agent(repo, s, err);

	if (r == 0 && req->what == APPROVE_ONLY && s->owner[0] && !session_is_local(repo, s))
		return review_other(repo, s, req->head, &out->unchanged, err);
	if (r == 0)
		r = session_begin(repo, s, "approve it", err);
	if (r == 0)
		r = check_pr(&a, err);
	if (r < 0)
		goto out;
	out->unchanged = is_approved(a.pr);
	r = req->what == APPROVE_ONLY ? record_approved(&a, err) : land(&a, err);
	if (r == 0)
		r = pr_refresh(repo, s, PR_REFRESH_USUAL, err);
out:
	pr_commit_release(&a.commit);
	buf_release(&a.main_dir);
	return r;
}
