#include "session/update.h"

#include "core/fs.h"
#include "core/gitfiles/operation.h"
#include "core/gitfiles/refs.h"
#include "core/names.h"
#include "core/oid.h"
#include "git/commits.h"
#include "git/merge.h"
#include "git/pr.h"
#include "hooks/observe/observe.h"
#include "repo/emit.h"
#include "session/begin.h"
#include "session/pr_create.h"
#include "session/pr_refresh.h"

struct updating {
	struct repo *repo;
	struct session *s;
	const struct update_request *req;
	struct git_repo git; /* the workspace */
	struct update_result *result;
};

/* A merge is made where the branch is checked out, and only where nothing else is going on. */
static int check_workspace(struct updating *u, struct error *err)
{
	int r = git_repo_open(&u->git, u->s->workspace, err);

	if (r < 0)
		return r;
	if (!u->git.branch || strcmp(u->git.branch, u->s->branch) != 0) {
		error_refuse(err, "other-branch",
			"the workspace is on '%s', not on the session's '%s'",
			u->git.branch ? u->git.branch : "no branch", u->s->branch);
		error_reason(err, "other-branch");
		return error_hint(
			err, "switch back: git -C '%s' switch %s", u->s->workspace, u->s->branch);
	}
	for (const struct operation *o = operations; o->file; o++) {
		bool there = false;

		r = o->commits ? operation_look(u->git.git_dir, o->file, &there, err) : 0;
		if (r < 0)
			return r;
		if (there) {
			error_refuse(err, "in-progress",
				"a merge, rebase or cherry-pick is in progress in the workspace");
			error_reason(err, "in-progress");
			return error_hint(err,
				"complete or abort it; for details: git -C '%s' status",
				u->s->workspace);
		}
	}
	return 0;
}

/* What there is to do, and that it can be done. */
static int forecast(struct updating *u, struct error *err)
{
	struct update_result *res = u->result;
	struct buf conflicts = BUF_INIT;
	bool has = false, ff = false;
	int r = pr_find_base(u->repo, u->s, u->req->fetch, &res->to, err);

	if (r < 0)
		return r;
	if (!u->git.head)
		return error_set(err, ERR_NOTFOUND, "the branch '%s' has no commit", u->s->branch);
	oid_set(&res->from, u->git.head);
	r = git_is_ancestor(u->s->workspace, res->to.hex, res->from.hex, &has, err);
	if (r == 0 && !has)
		r = git_is_ancestor(u->s->workspace, res->from.hex, res->to.hex, &ff, err);
	if (r < 0 || has)
		return r;
	if (!ff)
		r = pr_forecast(u->s->workspace, res->from.hex, res->to.hex, &conflicts, err);
	if (r == ERR_REFUSED)
		pr_add_conflicts(&u->result->outcome, &conflicts);
	pr_hint_conflict(u->s, err);
	if (r == 0)
		res->how = ff ? "ff" : "merge";
	buf_release(&conflicts);
	return r;
}

static int merge(struct updating *u, struct error *err)
{
	struct buf message = BUF_INIT, ref = BUF_INIT;
	int r;

	buf_addf(&message, "Merge branch '%s' into %s", u->s->base_branch, u->s->branch);
	buf_addf(&ref, "refs/heads/%s", u->s->branch);
	r = buf_check(&message, err);
	if (r == 0)
		r = buf_check(&ref, err);
	if (r == 0)
		r = git_merge(u->s->workspace, u->result->to.hex, !strcmp(u->result->how, "ff"),
			message.data, err);
	if (r < 0)
		git_merge_abort(u->s->workspace, u->git.git_dir);
	else
		r = ref_read(u->git.common_dir, ref.data, &u->result->to, err);
	buf_release(&message);
	buf_release(&ref);
	return r;
}

static int record(struct updating *u, struct error *err)
{
	struct jsonw *w;
	struct emit e;
	int r;

	emit_init(&e);
	w = emit_begin(&e, EVENT_SESSION_UPDATED, u->s->id);
	jsonw_kstring(w, "how", u->result->how);
	jsonw_kstring(w, "from", u->result->from.hex);
	jsonw_kstring(w, "to", u->result->to.hex);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, u->repo, err);
	emit_release(&e);
	return r;
}

static int record_base(struct updating *u, const char *old, struct error *err)
{
	const struct pr *pr = session_pr(u->s);
	struct jsonw *w;
	struct emit e;
	int r;

	emit_init(&e);
	w = emit_begin(&e, EVENT_SESSION_UPDATED, u->s->id);
	jsonw_kstring(w, "how", "base-chosen");
	jsonw_kstring_opt(w, "from", old);
	jsonw_kstring(w, "to", u->req->base);
	jsonw_key(w, "set");
	jsonw_begin_object(w);
	jsonw_kstring(w, "baseBranch", u->req->base);
	jsonw_end_object(w);
	r = emit_end(&e, err);
	if (r == 0 && pr && !pr->merged_at && !pr->closed_at) {
		w = emit_begin(&e, EVENT_PR_UPDATED, u->s->id);
		jsonw_kstring(w, "pr", pr->id);
		jsonw_kstring(w, "base", u->req->base);
		r = emit_end(&e, err);
	}
	if (r == 0)
		r = watched_base_add(u->repo->file.journal, u->req->base, err);
	if (r == 0)
		r = emit_append(&e, u->repo, err);
	emit_release(&e);
	return r;
}

/* The session has the new base while we look whether it is there, and for good if it is. */
static int choose_base(struct updating *u, struct error *err)
{
	char *old = u->s->base_branch, *chosen;
	struct oid oid;
	int r;

	if (!u->req->base || (old && strcmp(old, u->req->base) == 0))
		return 0;
	chosen = strdup(u->req->base);
	if (!chosen)
		return error_nomem(err);
	u->s->base_branch = chosen;
	r = pr_find_base(u->repo, u->s, u->req->fetch, &oid, err);
	if (r == 0 && !u->req->dry_run)
		r = record_base(u, old, err);
	free(old);
	return r;
}

static void note_pr(const struct session *s, struct outcome *outcome)
{
	const struct pr *pr = session_pr(s);

	if (pr && pr->exists && !pr->merged_at)
		outcome_note(outcome,
			"the PR is unchanged; refresh it: minsky session pr create %s", s->name);
}

int session_update(struct repo *repo, struct session *s, const struct update_request *req,
	struct update_result *out, struct error *err)
{
	struct updating u = { .repo = repo, .s = s, .req = req, .result = out };
	int r = req->base ? name_check_branch(req->base, err) : 0;

	if (r == 0)
		r = session_begin(repo, s, "update it", err);
	if (r == 0)
		r = check_workspace(&u, err);
	if (r == 0)
		r = choose_base(&u, err);
	if (r == 0)
		r = forecast(&u, err);
	if (r == 0 && out->how && !req->dry_run) {
		r = merge(&u, err);
		if (r == 0)
			r = record(&u, err);
	}
	if (r == 0 && !req->dry_run)
		r = pr_refresh(repo, s, PR_REFRESH_USUAL, err);
	if (r == 0 && out->how && !req->dry_run)
		note_pr(s, &out->outcome);
	git_repo_release(&u.git);
	return r;
}
