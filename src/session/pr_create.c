#include "session/pr_create.h"

#include "core/clock.h"
#include "core/gitfiles/refs.h"
#include "core/oid.h"
#include "core/text.h"
#include "git/commits.h"
#include "git/fetch.h"
#include "git/pr.h"
#include "git/workspace.h"
#include "repo/emit.h"
#include "session/begin.h"
#include "session/pr_refresh.h"

#define SHOWN_FILES 20

static int check_clean(const struct session *s, struct outcome *outcome, struct error *err)
{
	struct buf files = BUF_INIT;
	size_t n = 0;
	int r = workspace_status(s->workspace, &files, err);

	for (char *line = files.data; r == 0 && *line; n++) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		if (n < SHOWN_FILES)
			r = outcome_add_reason(outcome,
				strncmp(line, "??", 2) == 0 ? "untracked" : "changed",
				strlen(line) > 3 ? line + 3 : line, err);
		line = end ? end + 1 : line + strlen(line);
	}
	if (r == 0 && n) {
		r = error_refuse(err, "uncommitted", "%zu file%s in the workspace %s not committed",
			n, n == 1 ? "" : "s", n == 1 ? "is" : "are");
		error_hint(err, "commit or stash them; to list them: git -C '%s' status",
			s->workspace);
	}
	buf_release(&files);
	return r;
}

struct making {
	struct repo *repo;
	struct session *s;
	const struct pr_request *req;
	struct outcome *outcome;
	const struct pr *open; /* NULL: none */
	struct oid base, tip;
	struct pr_commit old, made;
	bool have_old;
	struct buf message;
	struct buf branch;
};

static void making_release(struct making *m)
{
	pr_commit_release(&m->old);
	pr_commit_release(&m->made);
	buf_release(&m->message);
	buf_release(&m->branch);
}

/* Title, blank line, body; what is not given stays as it is in the PR there is, byte for byte. */
static int compose(struct making *m, struct error *err)
{
	const char *old = m->have_old ? m->old.message.data : "";
	size_t old_len = m->have_old ? m->old.message.len : 0;
	size_t title_len = strcspn(old, "\n"), body_at = title_len;

	if (!m->req->title && !m->have_old) {
		error_set(err, ERR_USAGE, "a new PR needs a title");
		return error_hint(err, "give one with --title");
	}
	/* Exactly the blank line: a body may begin with more of them. */
	for (int i = 0; i < 2 && body_at < old_len && old[body_at] == '\n'; i++)
		body_at++;
	if (m->req->title)
		buf_adds(&m->message, m->req->title);
	else
		buf_add(&m->message, old, title_len);
	if (!m->req->title && !m->req->body) {
		buf_add(&m->message, old + title_len, old_len - title_len);
	} else if (m->req->body ? m->req->body_len > 0 : body_at < old_len) {
		buf_adds(&m->message, "\n\n");
		if (m->req->body)
			buf_add(&m->message, m->req->body, m->req->body_len);
		else
			buf_add(&m->message, old + body_at, old_len - body_at);
	}
	return buf_check(&m->message, err);
}

static bool same_message(const struct buf *a, const struct buf *b)
{
	size_t an = a->len, bn = b->len;

	/* git ends every message with a newline. */
	if (an && a->data[an - 1] == '\n')
		an--;
	if (bn && b->data[bn - 1] == '\n')
		bn--;
	return an == bn && memcmp(a->data, b->data, an) == 0;
}

static int find_tip(struct making *m, struct error *err)
{
	struct session *s = m->s;
	int r = pr_read_ref(repo_workspace_git(m->repo, s), "refs/heads/", s->branch, &m->tip, err);

	if (r == 0 && oid_is_none(&m->tip)) {
		r = error_set(err, ERR_NOTFOUND, "the workspace has no branch '%s'", s->branch);
		error_hint(err, "a PR is created from the session's own branch");
	}
	return r;
}

/* For certain. */
static bool has_in_tip(const struct making *m, const char *oid)
{
	struct error ignored = ERROR_INIT;
	bool has = false;

	return git_is_ancestor(m->s->workspace, oid, m->tip.hex, &has, &ignored) == 0 && has;
}

/* A PR branch that somebody moved by hand may hold the only name of their work. */
static int check_replaceable(struct making *m, struct error *err)
{
	if (!m->open || !m->open->exists || !m->open->head || m->have_old ||
		has_in_tip(m, m->open->head))
		return 0;
	error_refuse(err, "pr-moved",
		"'%s' is at %.8s, which is not a prepared merge of this session", m->branch.data,
		m->open->head);
	return error_hint(err,
		"somebody else moved it there; review it, and delete the branch if it is not "
		"needed");
}

/*
 * A branch of that name which is no PR of this session: somebody had the name before, and may have
 * nothing else that names their work.
 */
static int check_own(struct making *m, struct error *err)
{
	const struct pr *newest = session_pr(m->s);
	struct pr_places places;
	int r;

	if (m->open ||
		(newest && newest->branch_name && strcmp(newest->branch_name, m->branch.data) == 0))
		return 0;
	r = pr_places_look(m->repo, m->s, &places, err);
	for (int p = 0; r == 0 && p < PR_PLACES; p++) {
		/* Of a main repository that is the remote itself, tracking refs are old copies. */
		if (places.truth_is_main && p != PR_PLACE_MAIN && p != PR_PLACE_WORKSPACE)
			continue;
		if (!places.now[p] || has_in_tip(m, places.now[p]))
			continue;
		r = error_refuse(err, "pr-branch-taken",
			"'%s' already exists, at %.8s, from before the session got its name",
			m->branch.data, places.now[p]);
		error_hint(err,
			"delete the branch if it is not needed, or rename the session: minsky "
			"session rename %s NEW",
			m->s->name);
	}
	return r;
}

static int prepare(struct making *m, struct error *err)
{
	struct repo *repo = m->repo;
	struct error unread = ERROR_INIT;
	int r = check_clean(m->s, m->outcome, err);

	if (r == 0)
		r = pr_branch_name(m->s, &m->branch, err);
	if (r == 0)
		r = find_tip(m, err);
	if (r == 0)
		r = pr_find_base(repo, m->s, m->req->fetch, &m->base, err);
	if (r < 0)
		return r;
	if (m->open && m->open->head)
		m->have_old = pr_read(&m->old, m->s->workspace, m->open->head, &unread) == 0;
	r = check_own(m, err);
	if (r == 0)
		r = check_replaceable(m, err);
	return r < 0 ? r : compose(m, err);
}

void pr_add_conflicts(struct outcome *outcome, struct buf *conflicts)
{
	struct error ignored = ERROR_INIT;

	for (char *line = conflicts->data; *line;) {
		char *end = strchr(line, '\n');

		if (end)
			*end = '\0';
		(void)outcome_add_reason(outcome, "conflict", line, &ignored);
		line = end ? end + 1 : line + strlen(line);
	}
}

void pr_hint_conflict(const struct session *s, struct error *err)
{
	struct buf quoted = BUF_INIT;

	if (err->code != ERR_REFUSED || !err->reason || strcmp(err->reason, "conflict") != 0)
		return;
	text_add_quoted(&quoted, s->workspace);
	error_hint(err,
		"merge the base there, resolve the conflicts and commit, then try again: git -C %s "
		"merge origin/%s",
		quoted.data, s->base_branch);
	buf_release(&quoted);
}

static int merge(struct making *m, struct error *err)
{
	struct buf conflicts = BUF_INIT;
	int r = pr_prepare(&m->made, m->s->workspace, m->base.hex, m->tip.hex, m->message.data,
		m->message.len, &conflicts, err);

	if (r == ERR_REFUSED)
		pr_add_conflicts(m->outcome, &conflicts);
	pr_hint_conflict(m->s, err);
	buf_release(&conflicts);
	return r;
}

/* What may be on the remote at this moment, so that nobody else's branch is overwritten. */
int pr_publish(struct repo *repo, const struct session *s, const char *oid, const char *branch,
	bool anew, struct error *err)
{
	struct pr_places places;
	const char *expected = NULL;
	int r = pr_places_look_at(repo, s, branch, &places, err);

	if (r < 0)
		return r;
	if (!anew)
		expected = places.truth_is_main ? places.now[PR_PLACE_MAIN]
						: places.now[PR_PLACE_WORKSPACE_ORIGIN];
	return pr_push(s->workspace, "origin", oid, branch, expected,
		!places.truth_is_main && repo->caller->watched, err);
}

/* Known to be deleted, whatever tracking refs still say. */
static bool is_gone(const struct making *m)
{
	const struct pr *newest = session_pr(m->s);

	return newest && !newest->exists && newest->branch_name &&
		strcmp(newest->branch_name, m->branch.data) == 0;
}

/*
 * What the remote has told us by taking the push, the main repository may know too: then its next
 * fetch with --prune can tell that the branch is gone. Not where nothing is tracked.
 */
static void tell_main(struct making *m)
{
	const char *tracking = repo_main_tracking(m->repo, m->s);
	struct buf dir = BUF_INIT, spec = BUF_INIT;
	struct git_fetch fetch = { .remote = m->s->workspace, .quiet = true };
	struct error ignored = ERROR_INIT;
	struct oid oid;

	if (session_is_linked(m->s) || repo_main_is_origin(m->repo, m->s) ||
		repo_main_dir(m->repo, m->s, &dir, &ignored) < 0)
		goto out;
	if (pr_read_ref(repo_main_git(m->repo, m->s), tracking, m->s->base_branch, &oid, &ignored) <
			0 ||
		oid_is_none(&oid))
		goto out;
	buf_addf(&spec, "+%s:%s%s", m->made.oid.hex, tracking, m->branch.data);
	fetch.dir = dir.data;
	fetch.specs[0] = spec.data;
	if (!spec.failed)
		(void)git_fetch(&fetch, &ignored);
out:
	buf_release(&dir);
	buf_release(&spec);
}

static int record(struct making *m, struct error *err)
{
	struct pr_places places;
	char id[ID_UUID_SIZE];
	struct buf title = BUF_INIT;
	struct jsonw *w;
	struct emit e;
	int r = pr_places_look(m->repo, m->s, &places, err);

	emit_init(&e);
	if (r == 0 && !m->open)
		r = id_uuid7(id, clock_now_ms(), err);
	if (r < 0)
		goto out;
	text_add_scrubbed(&title, m->message.data, strcspn(m->message.data, "\n"));
	w = emit_begin(&e, m->open ? EVENT_PR_UPDATED : EVENT_PR_CREATED, m->s->id);
	jsonw_kstring(w, "pr", m->open ? m->open->id : id);
	jsonw_kstring(w, "branchName", m->branch.data);
	jsonw_kstring(w, "head", m->made.oid.hex);
	jsonw_kstring(w, "base", m->s->base_branch);
	jsonw_kstring(w, "baseOid", m->base.hex);
	jsonw_key(w, "title");
	jsonw_string_n(w, title.data, text_cut(title.data, title.len, 1024));
	pr_write_seen(w, places.now);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, m->repo, err);
out:
	emit_release(&e);
	buf_release(&title);
	return r;
}

/* Work that went on on another branch, or on none, is not in the PR. */
static void tell_elsewhere(const struct making *m)
{
	struct git_repo git = { .top = NULL };
	struct error ignored = ERROR_INIT;
	uint64_t n = 0;

	if (git_repo_open(&git, m->s->workspace, &ignored) == 0 && git.head &&
		(!git.branch || strcmp(git.branch, m->s->branch) != 0) &&
		git_count_beside(m->s->workspace, m->s->branch, &n, &ignored) == 0 && n)
		outcome_warn(m->outcome,
			"the workspace is on %s%s%s, with %llu commit%s that '%s' does not have; "
			"the PR does not include them",
			git.branch ? "'" : "a detached HEAD", git.branch ? git.branch : "",
			git.branch ? "'" : "", (unsigned long long)n, n == 1 ? "" : "s",
			m->s->branch);
	git_repo_release(&git);
}

int pr_create(struct repo *repo, struct session *s, const struct pr_request *req,
	struct pr_result *out, struct error *err)
{
	struct making m = { .repo = repo,
		.s = s,
		.req = req,
		.outcome = &out->outcome,
		.old = PR_COMMIT_INIT,
		.made = PR_COMMIT_INIT,
		.message = BUF_INIT,
		.branch = BUF_INIT };
	const struct pr *newest;
	bool same;
	int r = session_begin(repo, s, "create its PR", err);

	if (r < 0)
		return r;
	newest = session_pr(s);
	m.open = newest && !newest->merged_at && !newest->closed_at ? newest : NULL;
	r = prepare(&m, err);
	if (r < 0)
		goto out;
	tell_elsewhere(&m);
	same = m.have_old && m.open->exists && oid_equal(&m.old.base, &m.base) &&
		oid_equal(&m.old.tip, &m.tip) && same_message(&m.old.message, &m.message);
	if (same) {
		out->made = PR_UNCHANGED;
		goto out;
	}
	r = merge(&m, err);
	if (r == 0)
		r = pr_publish(repo, s, m.made.oid.hex, m.branch.data, is_gone(&m), err);
	if (r == 0)
		tell_main(&m);
	if (r == 0)
		r = record(&m, err);
	if (r == 0)
		out->made = m.open ? PR_REFRESHED : PR_MADE;
	if (r == 0)
		r = pr_refresh(repo, s, PR_REFRESH_USUAL, err);
out:
	making_release(&m);
	return r;
}
