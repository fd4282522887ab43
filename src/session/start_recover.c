/*
 * Starts that were interrupted: session.starting stands in the journal, and nobody holds the lock
 * of that start any more.
 */
#include <unistd.h>

#include "core/dir.h"
#include "core/fs.h"
#include "repo/emit.h"
#include "repo/place.h"
#include "session/start_linked.h"
#include "session/starting.h"

/* The id that it was watched under; of one that an older minsky put there, a new one. */
static int find_clone(
	struct repo *repo, const struct session *s, char clone[ID_HEX_SIZE], struct error *err)
{
	struct pointer pointer = POINTER_INIT;
	struct error ignored = ERROR_INIT;
	struct buf git = BUF_INIT;
	bool found;
	int r = 0;

	fs_join(&git, s->workspace, ".git");
	found = !git.failed && pointer_read(&pointer, git.data, &ignored) == 0 &&
		!strcmp(pointer.session, s->id);
	if (found)
		memcpy(clone, pointer.clone, sizeof(pointer.clone));
	else if (s->clone_id && id_is_hex(s->clone_id, ID_HEX_SIZE - 1))
		memcpy(clone, s->clone_id, ID_HEX_SIZE);
	else
		r = id_random_hex(clone, err);
	if (r == 0 && !found)
		r = starting_watch_clone(repo, s->workspace, s->id, s->name, clone, err);
	pointer_release(&pointer);
	buf_release(&git);
	return r;
}

static int finish(
	struct repo *repo, struct outcome *outcome, const struct session *s, struct error *err)
{
	char clone[ID_HEX_SIZE];
	struct jsonw *w;
	struct emit e;
	int r = 0;

	emit_init(&e);
	if (session_is_linked(s))
		memcpy(clone, s->clone_id, sizeof(clone));
	else
		r = find_clone(repo, s, clone, err);
	if (r == 0)
		r = session_is_linked(s) ? start_tie(repo, outcome, repo_workspace_git(repo, s),
						   s->workspace, s->id, s->name, err)
					 : starting_tie_clone(repo, outcome, s->workspace, s->id,
						   s->name, clone, err);
	if (r < 0)
		goto out;
	w = emit_begin(&e, EVENT_SESSION_STARTED, s->id);
	jsonw_kstring(w, "name", s->name);
	jsonw_kstring(w, "clone", clone);
	if (!repo->pointer.session[0])
		jsonw_kstring_opt(w, "mainClone", repo->pointer.clone);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, repo, err);
	if (r == 0)
		outcome_note(
			outcome, "the start of '%s' was interrupted; it is completed now", s->name);
out:
	emit_release(&e);
	return r;
}

/*
 * An intent without an outcome, and nobody at it. A work tree with its branch checked out is one
 * that somebody may have worked in since: tie it and record success. Otherwise nothing of value was
 * made.
 */
static int recover_linked(struct repo *repo, struct outcome *outcome, const struct session *s,
	const char *temporary, struct error *err)
{
	const char *common = repo_workspace_git(repo, s);
	int r;

	if (common && start_is_usable(s->workspace, s->id, s->branch))
		return finish(repo, outcome, s, err);
	r = common ? start_unlink(common, s->workspace, temporary, s->branch, s->base_oid, err) : 0;
	if (r == 0)
		r = starting_record_failure(repo, s->id, s->name, "interrupted", err);
	if (r == 0)
		outcome_note(
			outcome, "the start of '%s' was interrupted; it is undone now", s->name);
	return r;
}

/* Of a clone, the rename to its place was the last thing that could fail for good. */
static int recover_clone(struct repo *repo, struct outcome *outcome, const struct session *s,
	const char *temporary, struct error *err)
{
	struct buf git = BUF_INIT;
	int r = fs_remove_tree(temporary, err);

	fs_join(&git, s->workspace, ".git");
	if (r == 0 && fs_is_dir(git.data)) {
		r = finish(repo, outcome, s, err);
	} else if (r == 0) {
		r = starting_record_failure(repo, s->id, s->name, "interrupted", err);
		if (r == 0)
			outcome_note(outcome, "the start of '%s' was interrupted; it is undone now",
				s->name);
	}
	buf_release(&git);
	return r;
}

/* Was what stands in the workspace's place tied to a journal, and not to this start? */
static bool is_taken(const struct repo *repo, const struct session *s)
{
	struct error ignored = ERROR_INIT;
	struct buf pointer = BUF_INIT;
	bool taken;

	/* A clone is tied last: before that there is nothing that could say whose it is. */
	fs_join(&pointer, s->workspace, ".git/minsky/journal");
	taken = !pointer.failed && (session_is_linked(s) || fs_exists(pointer.data)) &&
		place_prove(repo, s, &ignored) < 0;
	buf_release(&pointer);
	return taken;
}

static int recover_one(
	struct repo *repo, struct outcome *outcome, const struct session *s, struct error *err)
{
	const char *slash = strrchr(s->workspace, '/');
	struct buf temporary = BUF_INIT;
	int r;

	if (slash)
		buf_add(&temporary, s->workspace, (size_t)(slash - s->workspace));
	if (is_taken(repo, s)) {
		outcome_warn(outcome,
			"the start of '%s' was interrupted, and '%s' is another's now",
			s->name ? s->name : s->id, s->workspace);
		buf_release(&temporary);
		return 0;
	}
	buf_addf(&temporary, "/.%s.tmp", s->id);
	r = buf_check(&temporary, err);
	if (r == 0)
		r = session_is_linked(s) ? recover_linked(repo, outcome, s, temporary.data, err)
					 : recover_clone(repo, outcome, s, temporary.data, err);
	buf_release(&temporary);
	return r;
}

static int recover_locked(
	struct repo *repo, struct outcome *outcome, const char *id, struct error *err)
{
	struct session s = { .name = NULL };
	struct error busy = ERROR_INIT;
	struct buf lock = BUF_INIT;
	int fd = -1, r = 0;

	buf_addf(&lock, "%s/start.%s.lock", repo->file.journal, id);
	if (lock.failed || fs_lock(lock.data, 0, &fd, &busy) < 0)
		goto out;
	/* It may have ended between our looking and the lock. */
	r = repo_project(repo, err);
	if (r == 0)
		r = repo->backend->ops->get(repo->backend, repo_store(repo), KEY_ID, id, &s, err);
	if (r == 0 && !s.started && !s.deleted && s.workspace && session_is_local(repo, &s))
		r = recover_one(repo, outcome, &s, err);
	unlink(lock.data);
	close(fd);
out:
	session_release(&s);
	buf_release(&lock);
	return r;
}

/* "/.<id>.tmp": a workspace that somebody was making. */
static bool is_temporary(const char *name, char id[ID_UUID_SIZE])
{
	size_t len = ID_UUID_SIZE - 1;

	if (name[0] != '.' || strlen(name) != len + 5 || strcmp(name + 1 + len, ".tmp") != 0)
		return false;
	memcpy(id, name + 1, len);
	id[len] = '\0';
	return id_is_uuid(id);
}

/* Not that of a start that stands in the journal: it is finished, or taken back as a whole. */
static int sweep_one(
	struct repo *repo, const char *root, const char *name, const char *id, struct error *err)
{
	struct session s = { .name = NULL };
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT, lock = BUF_INIT;
	int fd = -1;
	int r = repo->backend->ops->get(repo->backend, repo_store(repo), KEY_ID, id, &s, &ignored);
	bool ours = r == ERR_NOTFOUND || (r == 0 && s.deleted);

	fs_join(&path, root, name);
	buf_addf(&lock, "%s/start.%s.lock", repo->file.journal, id);
	r = path.failed ? error_nomem(err) : buf_check(&lock, err);
	if (r == 0 && ours && fs_lock(lock.data, 0, &fd, &ignored) == 0) {
		/* A git that its minsky left behind may still be writing: then the next one does. */
		(void)fs_remove_tree(path.data, &ignored);
		unlink(lock.data);
		close(fd);
	}
	session_release(&s);
	buf_release(&path);
	buf_release(&lock);
	return r;
}

/* What an adoption that was killed has left. Whoever adopts holds the lock of the names. */
static int sweep(struct repo *repo, struct error *err)
{
	struct error busy = ERROR_INIT;
	struct buf root = BUF_INIT, gate = BUF_INIT;
	struct dir d = DIR_INIT;
	const char *name;
	char id[ID_UUID_SIZE];
	int fd = -1, r;

	fs_join(&gate, repo->file.journal, "names.lock");
	r = buf_check(&gate, err);
	if (r < 0 || fs_lock(gate.data, 0, &fd, &busy) < 0)
		goto out;
	r = starting_root(repo, &root, err);
	if (r == 0)
		r = dir_open_or_empty(&d, root.data, err);
	while (r == 0 && (r = dir_next(&d, &name, err)) == 0 && name)
		if (is_temporary(name, id))
			r = sweep_one(repo, root.data, name, id, err);
	dir_close(&d);
out:
	if (fd >= 0)
		close(fd);
	buf_release(&root);
	buf_release(&gate);
	return r;
}

int start_recover(struct repo *repo, struct outcome *outcome, struct error *err)
{
	struct session_query query = { .status = session_status_name(SESSION_STARTING) };
	struct session_set set = { NULL, 0 };
	int r = repo_project(repo, err);

	if (r == 0)
		r = repo->backend->ops->list(repo->backend, repo_store(repo), &query, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = recover_locked(repo, outcome, set.v[i].id, err);
	if (r == 0 && set.n)
		r = repo_project(repo, err);
	if (r == 0)
		r = sweep(repo, err);
	session_set_release(&set);
	return r;
}
