#include "session/purge.h"

#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"
#include "repo/emit.h"
#include "session/trash.h"

int64_t purge_keep(const struct repo *repo)
{
	return config_get_ms(repo->config, "trash.keep");
}

/* One that was deleted in the future, by a clock that was wrong, is young. */
static bool is_wanted(const struct purge_request *req, const struct session *s)
{
	if (req->id)
		return !strcmp(req->id, s->id);
	return clock_now_ms() - s->deleted_at >= req->keep_ms;
}

/* It may have been restored, and even deleted again, while others were removed. */
static int is_wanted_still(struct repo *repo, const struct purge_request *req,
	const struct session *s, bool *out, struct error *err)
{
	struct session now = { .name = NULL };
	int r = repo_project(repo, err);

	if (r == 0)
		r = repo->backend->ops->get(
			repo->backend, repo_store(repo), KEY_ID, s->id, &now, err);
	if (r == 0)
		*out = now.deleted && is_wanted(req, &now);
	session_release(&now);
	return r;
}

static int tell(struct repo *repo, const struct purge_request *req, const struct session *s,
	const char *where, struct error *err)
{
	struct jsonw *w;
	struct emit e;
	int r;

	emit_init(&e);
	w = emit_begin(&e, EVENT_SESSION_PURGED, s->id);
	jsonw_kstring(w, "how", req->id ? "asked" : "expired");
	jsonw_kstring(w, "trash", where);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, repo, err);
	emit_release(&e);
	return r;
}

/* From whichever step the last one came to. */
static int purge_one(struct repo *repo, const struct purge_request *req, const struct session *s,
	purge_fn *fn, void *arg, struct error *err)
{
	enum trash_state state;
	struct buf where = BUF_INIT;
	bool told, wanted = true;
	int r = trash_look(repo, s, &state, &where, err);

	if (r < 0 || state == TRASH_NOTHING)
		goto out;
	if (state == TRASH_KEPT) {
		wanted = is_wanted(req, s);
		if (wanted && !req->dry_run)
			r = is_wanted_still(repo, req, s, &wanted, err);
	}
	if (r < 0 || !wanted)
		goto out;
	told = state == TRASH_GONE;
	if (!told)
		r = fn(arg, s, where.data, err);
	if (req->dry_run)
		goto out;
	if (r == 0 && state == TRASH_KEPT)
		r = trash_leave(where.data, err);
	if (r == 0 && !told)
		r = tell(repo, req, s, where.data, err);
	if (r == 0 && !told)
		r = trash_told(where.data, err);
	if (r == 0)
		r = trash_remove(repo, s, where.data, err);
out:
	buf_release(&where);
	return r;
}

int purge_sessions(struct repo *repo, const struct purge_request *req, purge_fn *fn, void *arg,
	struct error *err)
{
	const struct session_query query = { .status = "deleted", .deleted = true };
	struct session_set set = { NULL, 0 };
	struct buf path = BUF_INIT;
	int lock = -1, r;

	fs_join(&path, repo->state.data, "trash.lock");
	r = buf_check(&path, err);
	if (r == 0 && !req->dry_run)
		r = fs_lock(path.data, req->lock_ms, &lock, err);
	if (r == 0)
		r = repo->backend->ops->list(repo->backend, repo_store(repo), &query, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		if (session_is_local(repo, &set.v[i]))
			r = purge_one(repo, req, &set.v[i], fn, arg, err);
	if (lock >= 0)
		close(lock);
	session_set_release(&set);
	buf_release(&path);
	return r;
}
