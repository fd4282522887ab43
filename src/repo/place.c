#include "repo/place.h"

#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "core/pointer.h"
#include "repo/display_name.h"
#include "repo/repo.h"

static int not_it(
	const struct repo *repo, const struct session *s, const char *why, struct error *err)
{
	(void)repo;
	error_refuse(err, "not-the-workspace", "'%s' is not the workspace of '%s': %s",
		s->workspace, s->name ? s->name : s->id, why);
	return error_hint(err,
		"nothing was changed; move it away, or for details: minsky session get %s",
		s->name ? s->name : s->id);
}

/* Does the journal list the clone at that place? */
static bool is_listed(const struct repo *repo, const char *clone, const char *common)
{
	const struct repo_file_clone *there = repo_file_find_clone(&repo->file, clone);
	struct stat a, b;

	return there && there->path &&
		(strcmp(there->path, common) == 0 ||
			(stat(there->path, &a) == 0 && stat(common, &b) == 0 &&
				a.st_dev == b.st_dev && a.st_ino == b.st_ino) ||
			/* Moved, and nobody has looked since: that it is the one says its inode. */
			stat(there->path, &a) < 0);
}

static const char *check_pointer(const struct repo *repo, const struct session *s,
	const char *git_dir, const char *common, struct error *err)
{
	struct pointer p = POINTER_INIT;
	const char *why = NULL;

	if (pointer_read(&p, common, err) < 0)
		why = "it is another repository, which is not registered";
	else if (strcmp(p.journal, repo->file.journal) != 0)
		why = "it belongs to another repository";
	else if (s->clone_id && strcmp(p.clone, s->clone_id) != 0)
		why = "it is another clone";
	else if (!is_listed(repo, p.clone, common))
		why = "that clone is registered at another place";
	else if (strcmp(git_dir, common) != 0 && pointer_enter(&p, git_dir, err) < 0)
		why = "cannot determine which session it belongs to";
	else if (p.session[0] && strcmp(p.session, session_told_id(s)) != 0)
		why = "it is the workspace of another session";
	error_clear(err);
	pointer_release(&p);
	return why;
}

int place_prove(const struct repo *repo, const struct session *s, struct error *err)
{
	struct buf git_dir = BUF_INIT, common = BUF_INIT, top = BUF_INIT, real = BUF_INIT;
	struct error ignored = ERROR_INIT;
	const char *why = NULL;
	struct stat st;

	/* Of a deleted one the workspace is in the trash, and what is in its place stays there. */
	if (!s->workspace || s->deleted || lstat(s->workspace, &st) < 0)
		return 0;
	/* A link is moved as one; whatever is done behind it is done in what it leads to. */
	if (!S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode))
		return not_it(repo, s, "it is not a directory", err);
	if (st.st_uid != geteuid())
		return not_it(repo, s, "it belongs to another user", err);
	if (fs_realpath(s->workspace, &real, &ignored) < 0 ||
		gitdir_find(s->workspace, false, &git_dir, &common, &top, &ignored) < 0)
		goto out;
	/* One that has lost its .git is found to be in whatever it lies in. */
	if (strcmp(top.data, real.data) == 0)
		why = check_pointer(repo, s, git_dir.data, common.data, &ignored);
out:
	buf_release(&git_dir);
	buf_release(&common);
	buf_release(&top);
	buf_release(&real);
	return why ? not_it(repo, s, why, err) : 0;
}
