#include "repo/health.h"

#include <fcntl.h>

#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "hooks/observe/observe.h"

/* The log of a linked work tree's HEAD, by way of its ".git", which may name what has gone. */
static bool linked_log(const struct session *s, struct buf *out)
{
	struct buf git_dir = BUF_INIT, common = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool there = fs_is_dir(s->workspace), found;

	found = there && gitdir_find(s->workspace, false, &git_dir, &common, NULL, &ignored) == 0;
	if (found)
		fs_join(out, git_dir.data, "logs/HEAD");
	buf_release(&git_dir);
	buf_release(&common);
	return found || !there;
}

enum session_health session_health(struct repo *repo, const struct session *s)
{
	const char *git = repo_workspace_git(repo, s);
	enum session_health health = HEALTH_OK;
	struct buf path = BUF_INIT;
	int64_t log = 0, cursor;

	if (s->deleted || !s->started)
		return HEALTH_OK;
	if (!session_is_local(repo, s))
		return HEALTH_ELSEWHERE;
	if (!s->workspace)
		return HEALTH_LOST;
	if (git && session_is_linked(s) && !linked_log(s, &path))
		health = HEALTH_BROKEN;
	else if (git && !session_is_linked(s))
		fs_join(&path, git, "logs/HEAD");
	/* <name>/.git/logs/HEAD: workspaces lie beside each other. */
	if (path.len && !path.failed)
		log = stat_cache_mtime(&repo->workspaces, path.data, 4, 0);
	/* With a log there is a workspace: no second look, which counts with hundreds of them. */
	if (!log && !fs_is_dir(s->workspace))
		health = HEALTH_LOST;
	if (!log)
		goto out;
	buf_clear(&path);
	buf_adds(&path, repo->file.journal);
	buf_adds(&path, "/cursors/");
	buf_adds(&path, s->clone_id);
	cursor = path.failed ? 0 : stat_cache_mtime(&repo->cursors, path.data, 1, 0);
	if (log > cursor)
		health = HEALTH_UNCHECKED;
out:
	buf_release(&path);
	return health;
}

const char *session_health_name(enum session_health h)
{
	static const char *const names[] = {
		[HEALTH_OK] = "ok",
		[HEALTH_LOST] = "lost",
		[HEALTH_BROKEN] = "broken",
		[HEALTH_UNCHECKED] = "unchecked",
		[HEALTH_ELSEWHERE] = "elsewhere",
	};

	return names[h];
}

int64_t session_last_hook(struct repo *repo, const struct session *s)
{
	struct buf path = BUF_INIT;
	int64_t ms = 0;

	if (!s->clone_id || s->deleted || !session_is_local(repo, s))
		return 0;
	last_hook_path(&path, repo->file.journal, session_is_linked(s) ? s->id : s->clone_id);
	if (!path.failed)
		ms = stat_cache_mtime(&repo->cursors, path.data, 1, AT_SYMLINK_NOFOLLOW);
	buf_release(&path);
	return ms;
}

bool repo_pr_stale(struct repo *repo)
{
	if (repo->facts == FACTS_UNASKED)
		repo->facts = pr_stale(repo->file.journal) ? FACTS_PENDING : FACTS_CURRENT;
	return repo->facts == FACTS_PENDING;
}
