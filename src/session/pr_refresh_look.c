/* Where the refs of a PR stand, and what its tip is. */
#include "core/gitfiles/refs.h"
#include "core/oid.h"
#include "session/pr_refresh_internal.h"

#include "core/text.h"
#include "git/commits.h"

int pr_branch_name(const struct session *s, struct buf *out, struct error *err)
{
	const struct pr *pr = session_pr(s);

	buf_clear(out);
	if (pr_is_open(pr) && pr->branch_name)
		buf_adds(out, pr->branch_name);
	else
		buf_addf(out, "pr/%s", s->name);
	return buf_check(out, err);
}

void pr_write_seen(struct jsonw *w, const char *const now[PR_PLACES])
{
	jsonw_key(w, "seen");
	jsonw_begin_object(w);
	for (int p = 0; p < PR_PLACES; p++)
		jsonw_kstring_opt(w, pr_place_names[p], now[p]);
	jsonw_end_object(w);
}

int refreshing_ref(const char *common_dir, const char *prefix, const char *name, struct oid *oid,
	struct error *err)
{
	struct buf ref = BUF_INIT;
	int r = 0;

	*oid = OID_NONE;
	if (!common_dir)
		return 0;
	buf_addf(&ref, "%s%s", prefix, name);
	r = buf_check(&ref, err);
	if (r == 0)
		r = ref_read(common_dir, ref.data, oid, err);
	buf_release(&ref);
	return r;
}

int pr_places_look(
	struct repo *repo, const struct session *s, struct pr_places *out, struct error *err)
{
	struct buf branch = BUF_INIT;
	int r = pr_branch_name(s, &branch, err);

	if (r == 0)
		r = pr_places_look_at(repo, s, branch.data, out, err);
	buf_release(&branch);
	return r;
}

int pr_places_look_at(struct repo *repo, const struct session *s, const char *branch,
	struct pr_places *out, struct error *err)
{
	const char *workspace = repo_workspace_git(repo, s);
	const char *main_git = repo_main_git(repo, s);
	int r;

	*out = (struct pr_places){ .truth_is_main = repo_main_is_origin(repo, s) };
	r = refreshing_ref(workspace, "refs/heads/", branch, &out->oid[PR_PLACE_WORKSPACE], err);
	if (r == 0)
		r = refreshing_ref(main_git, "refs/heads/", branch, &out->oid[PR_PLACE_MAIN], err);
	if (r == 0)
		r = refreshing_ref(workspace, "refs/remotes/origin/", branch,
			&out->oid[PR_PLACE_WORKSPACE_ORIGIN], err);
	if (r == 0 && !out->truth_is_main)
		r = refreshing_ref(main_git, repo_main_tracking(repo, s), branch,
			&out->oid[PR_PLACE_MAIN_ORIGIN], err);
	if (r == 0 && s->base_branch)
		r = refreshing_ref(main_git,
			out->truth_is_main ? "refs/heads/" : repo_main_tracking(repo, s),
			s->base_branch, &out->base, err);
	for (int p = 0; p < PR_PLACES; p++)
		out->now[p] = oid_is_none(&out->oid[p]) ? NULL : out->oid[p].hex;
	return r;
}

/* The tip's subject and parents, in one git process; harmless text. */
int refreshing_read_tip(
	struct refreshing *t, const char *oid, struct buf *subject, struct error *err)
{
	const char *dirs[] = { repo_workspace_git(t->repo, t->s), repo_main_git(t->repo, t->s) };
	struct buf out = BUF_INIT;
	bool found = false;
	char *line;
	size_t n;
	int r = git_show_commit(dirs, 2, oid, GIT_COMMIT_PARENTS_SUBJECT, &out, &found, err);

	t->parents[0] = t->parents[1] = OID_NONE;
	if (r < 0 || !found)
		goto out;
	line = strchr(out.data, '\n');
	if (line)
		*line = '\0';
	/* "<oid>", "<oid> <oid>", or nothing */
	n = oid_read(&t->parents[0], out.data);
	if (n && out.data[n] == ' ')
		(void)oid_read(&t->parents[1], out.data + n + 1);
	if (line && subject)
		text_add_scrubbed(subject, line + 1, text_cut(line + 1, strlen(line + 1), 1024));
out:
	buf_release(&out);
	return r;
}
