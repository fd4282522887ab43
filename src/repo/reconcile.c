#include "repo/reconcile.h"

#include "core/fs.h"
#include "hooks/observe/linked.h"
#include "hooks/observe/observe.h"
#include "hooks/observe/past.h"

/*
 * Nothing moves while events are only shown, so that a branch of a linked work tree is met again
 * with the refs of the whole clone. What git recorded tells one event from another.
 */
static int show_once(void *arg, const char *body, size_t len, struct error *err)
{
	struct reconcile *rec = arg;
	const char *src = memmem(body, len, "\"src\":", 6);
	const char *end = src ? memmem(src, len - (size_t)(src - body), "},\"data\":", 9) : NULL;
	size_t n = end ? (size_t)(end - src) : 0;

	if (n && rec->shown.len && memmem(rec->shown.data, rec->shown.len, src, n))
		return 0;
	buf_add(&rec->shown, src ? src : "", n);
	rec->events++;
	return rec->shown.failed ? error_nomem(err) : rec->show(rec->show_arg, body, len, err);
}

static int ring(
	struct repo *repo, const struct observation *b, struct reconcile *rec, struct error *err)
{
	struct observe_result result = { 0 };
	int r = observe(b, repo->journal, &result, err);

	if (r < 0)
		return r;
	if (rec && !rec->show)
		rec->events += result.events;
	if (!b->show && result.facts_needed) {
		repo->facts_needed = true;
		r = pr_stale_mark(repo->file.journal, err);
	}
	return r;
}

/* Where a session's linked work tree is now. */
static int follow_linked(struct repo *repo, const struct observation *main, const struct linked *l,
	struct error *err)
{
	struct pointer pointer = POINTER_INIT;
	struct buf top = BUF_INIT;
	int r = pointer_read(&pointer, main->common_dir, err);

	if (r == 0)
		r = pointer_enter(&pointer, l->git_dir, err);
	if (r == 0 && pointer.top && !main->show && fs_realpath(l->top, &top, err) == 0)
		r = observe_found(
			repo->journal, &pointer, l->git_dir, top.data, "reconcile", 5000, err);
	else
		error_clear(err);
	pointer_release(&pointer);
	buf_release(&top);
	return r;
}

/* *bell is to ring in the clone. False: it is none of this repository's, or was moved or copied. */
static int begin(struct repo *repo, const char *common_dir, struct reconcile *rec,
	struct observation *bell, struct pointer *pointer, bool *ours_out, struct error *err)
{
	int r = pointer_read(pointer, common_dir, err);

	*ours_out = false;
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		return 0;
	}
	if (r < 0 || strcmp(pointer->repo, repo->file.id) != 0 ||
		pointer_where(pointer, common_dir) != POINTER_HERE)
		return r;
	*bell = (struct observation){ .git_dir = common_dir,
		.common_dir = common_dir,
		.pointer = pointer,
		.via = "reconcile",
		.all_refs = true,
		.timeout_ms = 5000 };
	if (rec && rec->show) {
		bell->show = show_once;
		bell->show_arg = rec;
	}
	*ours_out = true;
	return 0;
}

int reconcile_clone(
	struct repo *repo, const char *common_dir, struct reconcile *rec, struct error *err)
{
	struct pointer pointer = POINTER_INIT;
	struct linked_list linked = { .v = NULL };
	struct observation bell = { .git_dir = common_dir };
	bool ours;
	int r = begin(repo, common_dir, rec, &bell, &pointer, &ours, err);

	if (r < 0 || !ours)
		goto out;
	r = linked_load(&linked, common_dir, err);
	for (size_t i = 0; r == 0 && i < linked.n; i++)
		r = follow_linked(repo, &bell, &linked.v[i], err);
	if (r == 0)
		r = ring(repo, &bell, rec, err);
out:
	linked_release(&linked);
	pointer_release(&pointer);
	return r;
}

/* The branches are told with the clone's own HEAD; of the others, what happened to them alone. */
static int clone_history(struct repo *repo, const char *common_dir, int64_t since, bool lost,
	struct reconcile *rec, struct error *err)
{
	struct pointer pointer = POINTER_INIT;
	struct linked_list linked = { .v = NULL };
	struct observation bell = { .git_dir = common_dir };
	struct past history = { .bell = &bell, .since = since, .lost = lost };
	size_t events = 0;
	bool ours;
	int r = begin(repo, common_dir, rec, &bell, &pointer, &ours, err);

	if (r == 0 && ours)
		r = observe_past(&history, repo->journal, &events, err);
	rec->events += rec->show ? 0 : events;
	if (r == 0 && ours)
		r = linked_load(&linked, common_dir, err);
	history.branch = "";
	for (size_t i = 0; r == 0 && i < linked.n; i++) {
		bell.git_dir = linked.v[i].git_dir;
		r = pointer_read(&pointer, common_dir, err);
		if (r == 0)
			r = pointer_enter(&pointer, bell.git_dir, err);
		if (r == 0)
			r = observe_past(&history, repo->journal, &events, err);
		rec->events += r == 0 && !rec->show ? events : 0;
	}
	linked_release(&linked);
	pointer_release(&pointer);
	return r;
}

int reconcile_session_history(struct repo *repo, const char *git_dir, const char *common_dir,
	const char *branch, size_t *events_out, struct error *err)
{
	struct pointer pointer = POINTER_INIT;
	struct observation bell = { .git_dir = common_dir };
	struct past history = { .bell = &bell, .branch = branch };
	size_t events = 0;
	bool ours;
	int r = begin(repo, common_dir, NULL, &bell, &pointer, &ours, err);

	bell.git_dir = git_dir;
	if (r == 0 && ours && strcmp(git_dir, common_dir) != 0)
		r = pointer_enter(&pointer, git_dir, err);
	if (r == 0 && ours)
		r = observe_past(&history, repo->journal, &events, err);
	if (r == 0)
		*events_out = events;
	pointer_release(&pointer);
	return r;
}

/* A repository that somebody broke must not stand in the way of the record and of the others. */
static int warn(struct repo *repo, const char *common_dir, int r, struct error *err)
{
	if (r == 0 || r == ERR_NOMEM)
		return r;
	caller_warn(repo->caller, "cannot read what git did in '%s': %s", common_dir, err->msg);
	error_clear(err);
	return 0;
}

/* Workspaces that were moved and have rung since. */
static int follow_moved(struct repo *repo, struct error *err)
{
	struct session_query query = { .sort = SORT_NAME };
	struct session_set set = { NULL, 0 };
	bool missing = false;
	int r = 0;

	for (size_t i = 0; i < repo->file.n_clones; i++)
		missing = missing ||
			(repo->file.clones[i].session[0] && !fs_is_dir(repo->file.clones[i].path));
	if (missing)
		r = repo_project(repo, err);
	if (r == 0 && missing)
		r = repo->backend->ops->list(repo->backend, repo_store(repo), &query, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = repo_follow(repo, &set.v[i], err);
	session_set_release(&set);
	return r;
}

int reconcile_all(struct repo *repo, struct reconcile *rec, struct error *err)
{
	int r = follow_moved(repo, err);

	for (size_t i = 0; r == 0 && i < repo->file.n_clones; i++) {
		const char *path = repo->file.clones[i].path;

		if (fs_is_dir(path))
			r = warn(repo, path, reconcile_clone(repo, path, rec, err), err);
	}
	return r;
}

static int all_history(
	struct repo *repo, int64_t since, bool lost, struct reconcile *rec, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < repo->file.n_clones; i++) {
		const char *path = repo->file.clones[i].path;

		if (fs_is_dir(path))
			r = warn(repo, path, clone_history(repo, path, since, lost, rec, err), err);
	}
	return r;
}

int reconcile_history(struct repo *repo, int64_t since, struct reconcile *rec, struct error *err)
{
	return all_history(repo, since, false, rec, err);
}

int reconcile_lost(struct repo *repo, int64_t since, struct reconcile *rec, struct error *err)
{
	return all_history(repo, since, true, rec, err);
}
