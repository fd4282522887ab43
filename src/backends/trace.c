#include "backends/trace.h"

#include <inttypes.h>

#include "core/clock.h"
#include "core/text.h"

struct trace {
	struct backend base;
	struct backend_ops ops; /* what is NULL there is NULL here, and the name is the same */
	struct backend *inner;
	trace_fn *fn;
	void *arg;
};

static struct trace *self(struct backend *b)
{
	return (struct trace *)(void *)b;
}

/* One call on its way. */
struct call {
	struct trace *t;
	struct buf line;
	int64_t start;
};

static struct call begin_call(struct backend *b, const char *what)
{
	struct call c = { .t = self(b), .line = BUF_INIT };

	buf_addf(&c.line, "%s %s", c.t->ops.name, what);
	c.start = clock_monotonic_us();
	return c;
}

static void add_word(struct call *c, const char *word)
{
	buf_addch(&c->line, ' ');
	text_add_line(&c->line, word, strlen(word));
}

static void tell(struct call *c, const char *outcome, int64_t us)
{
	buf_addf(&c->line, " -> %s, %" PRId64 " us", outcome, us);
	if (!c->line.failed)
		c->t->fn(c->t->arg, c->line.data);
	buf_release(&c->line);
}

static int64_t since(const struct call *c)
{
	return clock_monotonic_us() - c->start;
}

static int end_call(struct call *c, int r)
{
	int64_t us = since(c);

	tell(c, r < 0 ? error_name((enum error_code)r) : "ok", us);
	return r;
}

static int end_counted(struct call *c, int r, size_t n, const char *what)
{
	int64_t us = since(c);
	char outcome[64];

	(void)snprintf(outcome, sizeof(outcome), "ok: %zu %s", n, what);
	tell(c, r < 0 ? error_name((enum error_code)r) : outcome, us);
	return r;
}

static void trace_close(struct backend *b)
{
	struct call c;

	if (!b)
		return;
	c = begin_call(b, "close");
	self(b)->inner->ops->close(self(b)->inner);
	(void)end_call(&c, 0);
	free(self(b));
}

static int trace_begin(struct backend *b, const char *repo_id, struct error *err)
{
	struct call c = begin_call(b, "begin");

	add_word(&c, repo_id);
	return end_call(&c, c.t->inner->ops->begin(c.t->inner, repo_id, err));
}

static int trace_put(struct backend *b, const struct session *s, struct error *err)
{
	struct call c = begin_call(b, "put");

	add_word(&c, s->id);
	return end_call(&c, c.t->inner->ops->put(c.t->inner, s, err));
}

static int trace_remove(struct backend *b, const char *session_id, struct error *err)
{
	struct call c = begin_call(b, "remove");

	add_word(&c, session_id);
	return end_call(&c, c.t->inner->ops->remove(c.t->inner, session_id, err));
}

static int trace_commit(struct backend *b, const struct heads *heads, struct error *err)
{
	struct call c = begin_call(b, "commit");
	int r = c.t->inner->ops->commit(c.t->inner, heads, err);

	return end_counted(&c, r, heads->n, "heads");
}

static void trace_rollback(struct backend *b)
{
	struct call c = begin_call(b, "rollback");

	c.t->inner->ops->rollback(c.t->inner);
	(void)end_call(&c, 0);
}

static int trace_heads(struct backend *b, const char *repo_id, struct heads *out, struct error *err)
{
	struct call c = begin_call(b, "heads");
	int r;

	add_word(&c, repo_id);
	r = c.t->inner->ops->heads(c.t->inner, repo_id, out, err);
	return end_counted(&c, r, r == 0 ? out->n : 0, "heads");
}

static int trace_get(struct backend *b, const char *repo_id, enum session_key kind, const char *key,
	struct session *out, struct error *err)
{
	static const char *const kinds[] = {
		[KEY_ID] = "id", [KEY_NAME] = "name", [KEY_TASK] = "task"
	};
	struct call c = begin_call(b, "get");

	add_word(&c, repo_id);
	add_word(&c, kinds[kind]);
	buf_adds(&c.line, " '");
	text_add_line(&c.line, key, strlen(key));
	buf_addch(&c.line, '\'');
	return end_call(&c, c.t->inner->ops->get(c.t->inner, repo_id, kind, key, out, err));
}

static int trace_list(struct backend *b, const char *repo_id, const struct session_query *query,
	struct session_set *out, struct error *err)
{
	struct call c = begin_call(b, "list");
	int r;

	add_word(&c, repo_id);
	r = c.t->inner->ops->list(c.t->inner, repo_id, query, out, err);
	return end_counted(&c, r, r == 0 ? out->n : 0, "sessions");
}

static int trace_location(struct backend *b, struct buf *out, struct error *err)
{
	struct backend *inner = self(b)->inner;

	return inner->ops->location(inner, out, err);
}

static int trace_read_state(
	struct backend *b, const char *repo_id, struct buf *out, struct error *err)
{
	struct call c = begin_call(b, "read_state");
	size_t before = out->len;
	int r;

	add_word(&c, repo_id);
	r = c.t->inner->ops->read_state(c.t->inner, repo_id, out, err);
	return end_counted(&c, r, out->len - before, "bytes");
}

static int trace_write_state(
	struct backend *b, const char *repo_id, const char *text, size_t len, struct error *err)
{
	struct call c = begin_call(b, "write_state");
	int r;

	add_word(&c, repo_id);
	r = c.t->inner->ops->write_state(c.t->inner, repo_id, text, len, err);
	return end_counted(&c, r, len, "bytes");
}

static int trace_check(struct backend *b, backend_finding_fn *fn, void *arg, struct error *err)
{
	struct call c = begin_call(b, "check");

	return end_call(&c, c.t->inner->ops->check(c.t->inner, fn, arg, err));
}

static int trace_prefetch(
	struct backend *b, const char *const *session_ids, size_t n, struct error *err)
{
	struct call c = begin_call(b, "prefetch");
	int r = c.t->inner->ops->prefetch(c.t->inner, session_ids, n, err);

	return end_counted(&c, r, n, "sessions");
}

static const struct backend_ops trace_ops = {
	.close = trace_close,
	.begin = trace_begin,
	.put = trace_put,
	.remove = trace_remove,
	.commit = trace_commit,
	.rollback = trace_rollback,
	.heads = trace_heads,
	.get = trace_get,
	.list = trace_list,
	.location = trace_location,
	.read_state = trace_read_state,
	.write_state = trace_write_state,
	.check = trace_check,
	.prefetch = trace_prefetch,
};

int trace_wrap(struct backend **b, int64_t open_us, trace_fn *fn, void *arg, struct error *err)
{
	struct trace *t = calloc(1, sizeof(*t));
	struct error ignored = ERROR_INIT;
	struct buf where = BUF_INIT;
	struct call c;

	if (!t)
		return error_nomem(err);
	t->ops = trace_ops;
	t->ops.name = (*b)->ops->name;
	t->ops.open = (*b)->ops->open;
	if (!(*b)->ops->check)
		t->ops.check = NULL;
	if (!(*b)->ops->prefetch)
		t->ops.prefetch = NULL;
	t->base.ops = &t->ops;
	t->inner = *b;
	t->fn = fn;
	t->arg = arg;
	*b = &t->base;
	c = begin_call(*b, "open");
	if (trace_location(*b, &where, &ignored) == 0)
		add_word(&c, where.data);
	tell(&c, "ok", open_us);
	buf_release(&where);
	return 0;
}
