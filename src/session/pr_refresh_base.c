/* What a session's remote and its base branch are now: how old our knowledge is, and names. */
#include "core/gitfiles/gitdir.h"
#include "core/gitfiles/refs.h"
#include "session/pr_refresh_internal.h"

#include <sys/stat.h>

#include "core/clock.h"
#include "core/fs.h"
#include "core/repo_url.h"
#include "git/gitcmd.h"
#include "git/refs.h"
#include "hooks/observe/observe.h"

#define LOG_MAX (4u << 20)

static int64_t mtime(const char *dir, const char *name)
{
	struct buf path = BUF_INIT;
	struct stat st;
	int64_t ms = 0;

	fs_join(&path, dir, name);
	if (!path.failed && stat(path.data, &st) == 0)
		ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	buf_release(&path);
	return ms <= clock_now_ms() ? ms : 0;
}

/* git writes the URL without ".git" and slashes at the end, also that of a path. */
static size_t bare_length(const char *url)
{
	size_t n = strlen(url);

	while (n > 1 && url[n - 1] == '/')
		n--;
	return n > 4 && strncmp(url + n - 4, ".git", 4) == 0 ? n - 4 : n;
}

static bool same_remote(const char *a, const char *b)
{
	struct repo_url ua = REPO_URL_INIT, ub = REPO_URL_INIT;
	struct error ignored = ERROR_INIT;
	bool same;

	same = repo_url_parse(&ua, a, &ignored) == 0 && repo_url_parse(&ub, b, &ignored) == 0;
	if (same) {
		size_t na = bare_length(ua.canonical), nb = bare_length(ub.canonical);

		same = na == nb && strncmp(ua.canonical, ub.canonical, na) == 0;
	}
	repo_url_release(&ua);
	repo_url_release(&ub);
	return same;
}

/*
 * FETCH_HEAD's lines are "<oid> TAB [not-for-merge] TAB branch '<name>' of <url>": a fetch of other
 * branches, or from elsewhere, says nothing of ours.
 */
static bool fetched(const char *dir, const struct session *s)
{
	struct buf path = BUF_INIT, text = BUF_INIT, want = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool found = false;

	fs_join(&path, dir, "FETCH_HEAD");
	buf_addf(&want, "\tbranch '%s' of ", s->base_branch);
	if (!path.failed && !want.failed && fs_read(path.data, LOG_MAX, &text, &ignored) == 0) {
		char *at = text.data;

		while (!found && (at = strstr(at, want.data))) {
			size_t len;

			at += want.len;
			len = strcspn(at, "\n");
			if (at[len])
				at[len++] = '\0';
			found = same_remote(at, s->repo_url);
			at += len;
		}
	}
	buf_release(&path);
	buf_release(&text);
	buf_release(&want);
	return found;
}

/* A push moves the tracking ref, and its log. */
static int64_t moved(const char *dir, const char *tracking, const char *branch)
{
	struct buf name = BUF_INIT;
	int64_t ms = 0;

	buf_addf(&name, "logs/%s%s", tracking, branch);
	if (!name.failed)
		ms = mtime(dir, name.data);
	buf_release(&name);
	return ms;
}

/* A linked work tree has a FETCH_HEAD of its own. */
static int64_t fetched_linked(const struct session *s)
{
	struct buf git_dir = BUF_INIT, common_dir = BUF_INIT, top = BUF_INIT;
	struct error ignored = ERROR_INIT;
	int64_t at = 0;

	if (session_is_linked(s) && s->workspace &&
		gitdir_find(s->workspace, false, &git_dir, &common_dir, &top, &ignored) == 0 &&
		fetched(git_dir.data, s))
		at = mtime(git_dir.data, "FETCH_HEAD");
	buf_release(&git_dir);
	buf_release(&common_dir);
	buf_release(&top);
	return at;
}

int64_t refreshing_last_talk(const struct refreshing *t)
{
	const struct session *s = t->s;
	const struct {
		const char *dir, *tracking;
	} places[] = { { repo_workspace_git(t->repo, s), "refs/remotes/origin/" },
		{ repo_main_git(t->repo, s), repo_main_tracking(t->repo, s) } };
	int64_t newest;

	if (!s->base_branch || !s->repo_url)
		return 0;
	newest = fetched_linked(s);
	for (size_t i = 0; i < 2; i++) {
		int64_t at = 0, pushed;

		if (!places[i].dir)
			continue;
		if (fetched(places[i].dir, s))
			at = mtime(places[i].dir, "FETCH_HEAD");
		pushed = moved(places[i].dir, places[i].tracking, s->base_branch);
		at = pushed > at ? pushed : at;
		newest = at > newest ? at : newest;
	}
	return newest;
}

/* Does the branch's log say that it had the other name? */
static bool was_called(const char *dir, const char *ref, const char *old)
{
	struct buf path = BUF_INIT, text = BUF_INIT, line = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool found;

	buf_addf(&path, "%s/logs/%s", dir, ref);
	buf_addf(&line, "\tBranch: renamed refs/heads/%s to %s\n", old, ref);
	found = !path.failed && !line.failed && fs_read(path.data, LOG_MAX, &text, &ignored) == 0 &&
		strstr(text.data, line.data) != NULL;
	buf_release(&path);
	buf_release(&text);
	buf_release(&line);
	return found;
}

/* What a repository's or a remote's HEAD names now; "" if nothing. */
static void read_default(const char *dir, const char *head, struct buf *out)
{
	struct error ignored = ERROR_INIT;
	struct oid oid;

	buf_clear(out);
	(void)ref_file_read(dir, head, out, &oid, &ignored);
}

/*
 * A branch that has the commit where the session began, and that git itself says is what the base
 * was called: by its log, by the HEAD of a repository that keeps no logs, or by the remote's HEAD.
 */
static void find_successor(struct refreshing *t, const char *dir, const char *prefix,
	const struct buf *refs, struct buf *out)
{
	bool local = t->places.truth_is_main;
	struct buf head = BUF_INIT, name = BUF_INIT;

	if (local)
		buf_adds(&name, "HEAD");
	else
		buf_addf(&name, "%sHEAD", prefix);
	if (!name.failed)
		read_default(dir, name.data, &head);
	for (const char *at = refs->data; *at && !out->len;) {
		size_t len = strcspn(at, "\n");
		struct buf ref = BUF_INIT, log = BUF_INIT;

		buf_add(&ref, at, len);
		buf_addf(&log, "logs/%s", ref.data);
		if (ref.failed || log.failed || ref_is_pr(ref.data) ||
			strcmp(ref.data + strlen(prefix), t->s->base_branch) == 0) {
			/* no other base; an old copy of this one */
		} else if (local && mtime(dir, log.data) > 0) {
			if (was_called(dir, ref.data, t->s->base_branch))
				buf_adds(out, ref.data + strlen(prefix));
		} else if (strcmp(ref.data, head.data) == 0) {
			buf_adds(out, ref.data + strlen(prefix));
		}
		buf_release(&ref);
		buf_release(&log);
		at += len + (at[len] != '\0');
	}
	buf_release(&head);
	buf_release(&name);
}

static int ask_successor(struct refreshing *t, const char *dir, const char *prefix, struct buf *out,
	struct error *err)
{
	struct buf refs = BUF_INIT;
	int r = git_refs_containing(dir, prefix, t->s->base_oid, &refs, err);

	if (r == 0)
		find_successor(t, dir, prefix, &refs, out);
	if (r == 0)
		r = buf_check(out, err);
	buf_release(&refs);
	return r;
}

int refreshing_follow_base(struct refreshing *t, struct error *err)
{
	const struct {
		const char *dir, *prefix;
	} places[] = { { repo_main_git(t->repo, t->s),
			       t->places.truth_is_main ? "refs/heads/"
						       : repo_main_tracking(t->repo, t->s) },
		{ t->places.truth_is_main ? NULL : repo_workspace_git(t->repo, t->s),
			"refs/remotes/origin/" } };
	struct buf name = BUF_INIT;
	size_t where = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < 2 && !name.len && t->s->base_oid; i++) {
		where = i;
		if (places[i].dir)
			r = ask_successor(t, places[i].dir, places[i].prefix, &name, err);
	}
	if (r < 0 || !name.len)
		goto out;
	r = refreshing_rebased(t, name.data, err);
	if (r == 0)
		r = watched_base_add(t->repo->file.journal, name.data, err);
	if (r < 0)
		goto out;
	free(t->s->base_branch);
	t->s->base_branch = buf_detach(&name);
	t->base_gone = false;
	r = refreshing_ref(
		places[where].dir, places[where].prefix, t->s->base_branch, &t->places.base, err);
out:
	buf_release(&name);
	return r;
}
