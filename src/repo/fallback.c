#include "repo/fallback.h"

#include <stdlib.h>

#include "repo/repo.h"

struct fallback {
	struct backend base;
	struct backend_ops ops; /* with the inner's name, and NULL where it has none */
	struct repo *repo;
	struct backend *inner;
};

static struct fallback *self(struct backend *b)
{
	return (struct fallback *)(void *)b;
}

static void fb_close(struct backend *b)
{
	free(b);
}

static int fb_begin(struct backend *b, const char *repo_id, struct error *err)
{
	struct backend *in = self(b)->inner;

	return in->ops->begin(in, repo_id, err);
}

static int fb_put(struct backend *b, const struct session *s, struct error *err)
{
	struct backend *in = self(b)->inner;

	return in->ops->put(in, s, err);
}

static int fb_remove(struct backend *b, const char *session_id, struct error *err)
{
	struct backend *in = self(b)->inner;

	return in->ops->remove(in, session_id, err);
}

static int fb_commit(struct backend *b, const struct heads *heads, struct error *err)
{
	struct backend *in = self(b)->inner;

	return in->ops->commit(in, heads, err);
}

static void fb_rollback(struct backend *b)
{
	struct backend *in = self(b)->inner;

	in->ops->rollback(in);
}

static int fb_heads(struct backend *b, const char *repo_id, struct heads *out, struct error *err)
{
	struct backend *in = self(b)->inner;

	return in->ops->heads(in, repo_id, out, err);
}

static int fb_location(struct backend *b, struct buf *out, struct error *err)
{
	struct backend *in = self(b)->inner;

	return in->ops->location(in, out, err);
}

static int fb_read_state(struct backend *b, const char *repo_id, struct buf *out, struct error *err)
{
	struct backend *in = self(b)->inner;

	return in->ops->read_state(in, repo_id, out, err);
}

static int fb_write_state(
	struct backend *b, const char *repo_id, const char *text, size_t len, struct error *err)
{
	struct backend *in = self(b)->inner;

	return in->ops->write_state(in, repo_id, text, len, err);
}

static int fb_check(struct backend *b, backend_finding_fn *fn, void *arg, struct error *err)
{
	struct backend *in = self(b)->inner;

	return in->ops->check(in, fn, arg, err);
}

static int fb_prefetch(
	struct backend *b, const char *const *session_ids, size_t n, struct error *err)
{
	struct backend *in = self(b)->inner;

	return in->ops->prefetch(in, session_ids, n, err);
}

static int fb_get(struct backend *b, const char *repo_id, enum session_key kind, const char *key,
	struct session *out, struct error *err)
{
	struct backend *in = self(b)->inner;
	struct repo *repo = self(b)->repo;
	int r = in->ops->get(in, repo_id, kind, key, out, err);

	if (!repo_hub_leave_store(repo, r, err))
		return r == 0 ? r : err->code;
	return repo->backend->ops->get(repo->backend, repo->file.id, kind, key, out, err);
}

static int fb_list(struct backend *b, const char *repo_id, const struct session_query *query,
	struct session_set *out, struct error *err)
{
	struct backend *in = self(b)->inner;
	struct repo *repo = self(b)->repo;
	int r = in->ops->list(in, repo_id, query, out, err);

	if (!repo_hub_leave_store(repo, r, err))
		return r == 0 ? r : err->code;
	return repo->backend->ops->list(repo->backend, repo->file.id, query, out, err);
}

void fallback_follow(struct backend *b, struct repo *repo)
{
	if (b)
		self(b)->repo = repo;
}

int fallback_open(struct backend **out, struct repo *repo, struct backend *inner, struct error *err)
{
	struct fallback *f = calloc(1, sizeof(*f));

	if (!f)
		return error_nomem(err);
	f->ops = (struct backend_ops){
		.name = inner->ops->name,
		.open = inner->ops->open,
		.close = fb_close,
		.begin = fb_begin,
		.put = fb_put,
		.remove = fb_remove,
		.commit = fb_commit,
		.rollback = fb_rollback,
		.heads = fb_heads,
		.get = fb_get,
		.list = fb_list,
		.location = fb_location,
		.read_state = fb_read_state,
		.write_state = fb_write_state,
		.check = inner->ops->check ? fb_check : NULL,
		.prefetch = inner->ops->prefetch ? fb_prefetch : NULL,
	};
	f->base.ops = &f->ops;
	f->repo = repo;
	f->inner = inner;
	*out = &f->base;
	return 0;
}
