/* Where a session's base is, as far as this machine knows, and asking the remote for it. */
#include "core/oid.h"
#include "session/pr_create.h"

#include "core/gitfiles/refs.h"
#include "core/text.h"
#include "git/commits.h"
#include "git/fetch.h"
#include "git/pr.h"
#include "git/refs.h"
#include "git/workspace.h"
#include "session/pr_refresh.h"

int pr_read_ref(const char *git_dir, const char *prefix, const char *name, struct oid *oid,
	struct error *err)
{
	struct buf ref = BUF_INIT;
	int r;

	*oid = OID_NONE;
	buf_addf(&ref, "%s%s", prefix, name);
	r = buf_check(&ref, err);
	if (r == 0 && git_dir)
		r = ref_read(git_dir, ref.data, oid, err);
	buf_release(&ref);
	return r;
}

static int fetch_base(const struct session *s, bool talk, struct error *err)
{
	struct git_fetch fetch = { .dir = s->workspace, .remote = "origin", .talk = talk };
	struct buf spec = BUF_INIT;
	int r;

	buf_addf(&spec, "+refs/heads/%s:refs/remotes/origin/%s", s->base_branch, s->base_branch);
	fetch.specs[0] = spec.data;
	r = buf_check(&spec, err);
	if (r == 0)
		r = git_fetch(&fetch, err);
	buf_release(&spec);
	return r < 0 ? error_wrap(err, "cannot fetch '%s'", s->base_branch) : 0;
}

/*
 * A name alone must exist there, while a pattern may match nothing; --prune then drops what is
 * gone, among these. If the base is gone, the remote's HEAD may say what it is called now.
 */
int pr_fetch(struct repo *repo, const struct session *s, struct error *err)
{
	const struct git_fetch all = { .dir = s->workspace, .remote = "origin", .prune = true };
	struct git_fetch fetch = all;
	struct buf branch = BUF_INIT, base_spec = BUF_INIT, pr_spec = BUF_INIT;
	const char *base = s->base_branch;
	const struct pr *pr = session_pr(s);
	struct error ignored = ERROR_INIT;
	struct oid oid = OID_NONE;
	int r;

	if (repo_main_is_origin(repo, s) || !base || !s->workspace)
		return 0;
	r = pr_branch_name(s, &branch, err);
	if (pr && pr->branch_name) {
		buf_clear(&branch);
		buf_adds(&branch, pr->branch_name);
	}
	buf_addf(&base_spec, "+refs/heads/%s*:refs/remotes/origin/%s*", base, base);
	buf_addf(&pr_spec, "+refs/heads/%s*:refs/remotes/origin/%s*", branch.data, branch.data);
	fetch.talk = repo->caller->watched;
	fetch.specs[0] = base_spec.data;
	fetch.specs[1] = pr_spec.data;
	if (r == 0)
		r = buf_check(&base_spec, err);
	if (r == 0)
		r = buf_check(&pr_spec, err);
	if (r == 0)
		r = git_fetch(&fetch, err);
	if (r < 0)
		error_wrap(err, "cannot ask the remote of '%s'", s->name);
	else
		r = pr_read_ref(
			repo_workspace_git(repo, s), "refs/remotes/origin/", base, &oid, err);
	if (r == 0 && oid_is_none(&oid)) {
		(void)git_fetch(&all, &ignored);
		(void)git_ask_remote_head(s->workspace, "origin", &ignored);
	}
	buf_release(&branch);
	buf_release(&base_spec);
	buf_release(&pr_spec);
	return r;
}

/*
 * The user fetches in the main repository, the session was cloned some time before: take over
 * what is newer there. Objects come from the remote `minsky`, which is the main repository.
 */
static int take_over(struct repo *repo, const struct session *s, struct oid *oid, struct error *err)
{
	struct oid newer;
	const char *tracking = repo_main_tracking(repo, s);
	struct buf ref = BUF_INIT, theirs = BUF_INIT;
	struct git_fetch fetch = { .dir = s->workspace, .remote = "minsky", .quiet = true };
	struct error ignored = ERROR_INIT;
	bool newer_there = false;
	int r;

	r = pr_read_ref(repo_main_git(repo, s), tracking, s->base_branch, &newer, err);
	if (r < 0 || oid_is_none(&newer) || oid_equal(&newer, oid))
		return r;
	buf_addf(&ref, "refs/remotes/origin/%s", s->base_branch);
	buf_addf(&theirs, "%s%s", tracking, s->base_branch);
	fetch.specs[0] = theirs.data;
	r = buf_check(&ref, err);
	if (r == 0)
		r = buf_check(&theirs, err);
	if (r == 0 && git_fetch(&fetch, &ignored) == 0) {
		newer_there = oid_is_none(oid);
		if (!oid_is_none(oid))
			r = git_is_ancestor(s->workspace, oid->hex, newer.hex, &newer_there, err);
	}
	if (r == 0 && newer_there) {
		r = git_set_ref(s->workspace, ref.data, newer.hex, err);
		if (r == 0)
			*oid = newer;
	}
	buf_release(&ref);
	buf_release(&theirs);
	return r;
}

/* A main repository that is the remote itself is beside us: one look, and no network. */
static int look_beside(
	struct repo *repo, const struct session *s, struct oid *oid, struct error *err)
{
	const char *workspace = repo_workspace_git(repo, s);
	struct oid theirs;
	int r = pr_read_ref(repo_main_git(repo, s), "refs/heads/", s->base_branch, &theirs, err);

	if (r == 0 && oid_is_none(&theirs)) {
		error_set(err, ERR_NOTFOUND, "there is no base branch '%s'", s->base_branch);
		return error_hint(err,
			"set the base branch: minsky session update %s --base BRANCH", s->name);
	}
	if (r == 0)
		r = pr_read_ref(workspace, "refs/remotes/origin/", s->base_branch, oid, err);
	if (r < 0 || oid_equal(oid, &theirs))
		return r;
	r = fetch_base(s, false, err);
	return r < 0 ? r : pr_read_ref(workspace, "refs/remotes/origin/", s->base_branch, oid, err);
}

int pr_find_base(struct repo *repo, const struct session *s, bool fetch, struct oid *oid_out,
	struct error *err)
{
	struct oid oid;
	int r = 0;

	if (repo_main_is_origin(repo, s)) {
		r = look_beside(repo, s, &oid, err);
	} else {
		if (fetch)
			r = fetch_base(s, repo->caller->watched, err);
		if (r == 0)
			r = pr_read_ref(repo_workspace_git(repo, s), "refs/remotes/origin/",
				s->base_branch, &oid, err);
		if (r == 0)
			r = take_over(repo, s, &oid, err);
	}
	if (r < 0)
		return r;
	if (oid_is_none(&oid)) {
		error_set(err, ERR_NOTFOUND, "the base branch '%s' does not exist here",
			s->base_branch);
		return error_hint(err, "try again with --fetch");
	}
	*oid_out = oid;
	return 0;
}
