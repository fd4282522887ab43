#include "session/purge.h"

#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"
#include "repo/emit.h"
#include "session/delete.h"
#include "session/trash.h"

struct purging {
	struct repo *repo;
	const struct purge_request *req;
	const char *id; /* only this session; NULL: all */
	int64_t keep_ms;
	purge_fn *fn;
	void *arg;
	size_t n;
};

int64_t purge_keep(const struct repo *repo)
{
	return config_get_ms(repo->config, "trash.keep");
}

/* One that was deleted in the future, by a clock that was wrong, is young. */
static bool is_wanted(const struct purging *p, const struct session *s)
{
	if (p->id)
		return !strcmp(p->id, s->id);
	return clock_now_ms() - s->deleted_at >= p->keep_ms;
}

/* It may have been restored, and even deleted again, while others were removed. */
static int is_wanted_still(
	const struct purging *p, const struct session *s, bool *out, struct error *err)
{
	struct repo *repo = p->repo;
	struct session now = { .name = NULL };
	int r = repo_project(repo, err);

	if (r == 0)
		r = repo->backend->ops->get(
			repo->backend, repo_store(repo), KEY_ID, s->id, &now, err);
	if (r == 0)
		*out = now.deleted && is_wanted(p, &now);
	session_release(&now);
	return r;
}

static int tell(
	const struct purging *p, const struct session *s, const char *where, struct error *err)
{
	struct jsonw *w;
	struct emit e;
	int r;

	emit_init(&e);
	w = emit_begin(&e, EVENT_SESSION_PURGED, s->id);
	jsonw_kstring(w, "how", p->id ? "asked" : "expired");
	jsonw_kstring(w, "trash", where);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, p->repo, err);
	emit_release(&e);
	return r;
}

/* From whichever step the last one came to. */
static int purge_one(struct purging *p, const struct session *s, struct error *err)
{
	enum trash_state state;
	struct buf where = BUF_INIT;
	bool told, wanted = true;
	int r = trash_look(p->repo, s, &state, &where, err);

	if (r < 0 || state == TRASH_NOTHING)
		goto out;
	if (state == TRASH_KEPT) {
		wanted = is_wanted(p, s);
		if (wanted && !p->req->dry_run)
			r = is_wanted_still(p, s, &wanted, err);
	}
	if (r < 0 || !wanted)
		goto out;
	told = state == TRASH_GONE;
	if (!told)
		r = p->fn(p->arg, s, where.data, err);
	p->n += !told;
	if (p->req->dry_run)
		goto out;
	if (r == 0 && state == TRASH_KEPT)
		r = trash_leave(where.data, err);
	if (r == 0 && !told)
		r = tell(p, s, where.data, err);
	if (r == 0 && !told)
		r = trash_told(where.data, err);
	if (r == 0)
		r = trash_remove(p->repo, s, where.data, err);
out:
	buf_release(&where);
	return r;
}

static int purge_all(struct purging *p, struct error *err)
{
	const struct session_query query = { .status = "deleted", .deleted = true };
	struct repo *repo = p->repo;
	struct session_set set = { NULL, 0 };
	struct buf path = BUF_INIT;
	int lock = -1, r;

	fs_join(&path, repo->state.data, "trash.lock");
	r = buf_check(&path, err);
	if (r == 0 && !p->req->dry_run)
		r = fs_lock(path.data, p->req->lock_ms, &lock, err);
	if (r == 0)
		r = repo->backend->ops->list(repo->backend, repo_store(repo), &query, &set, err);
	for (size_t i = 0; r == 0 && i < set.n; i++)
		if (session_is_local(repo, &set.v[i]))
			r = purge_one(p, &set.v[i], err);
	if (lock >= 0)
		close(lock);
	session_set_release(&set);
	buf_release(&path);
	return r;
}

int session_purge(struct repo *repo, const struct purge_request *req, purge_fn *fn, void *arg,
	struct error *err)
{
	struct purging p = { .repo = repo, .req = req, .fn = fn, .arg = arg };
	struct session s = { .name = NULL };
	int r;

	p.keep_ms = req->keep_ms < 0 ? purge_keep(repo) : req->keep_ms;
	if (req->key) {
		r = session_find_deleted(repo, req->key, true, &s, err);
		if (r == 0)
			r = session_want_local(repo, &s, "purge it", err);
		p.id = s.id;
	} else {
		r = repo_project(repo, err);
	}
	if (r == 0)
		r = purge_all(&p, err);
	if (r == 0 && req->key && !p.n)
		r = error_set(
			err, ERR_NOTFOUND, "the workspace of '%s' is not in the trash", s.name);
	if (r == 0 && p.n)
		r = repo_project(repo, err);
	session_release(&s);
	return r;
}
