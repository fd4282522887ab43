#include "backends/memory.h"

#include "core/array.h"

/* One repository's rows, sorted by session id. */
struct shelf {
	char repo[ID_HEX_SIZE];
	struct heads heads;
	struct session *v;
	size_t n, cap;
};

struct memory {
	struct backend backend;
	struct shelf *shelves;
	size_t n;
	struct shelf before; /* of the open batch: what rollback brings back */
	char open[ID_HEX_SIZE]; /* the batch's repository; "": none */
};

static struct memory *of(struct backend *b)
{
	return (struct memory *)b;
}

static void shelf_release(struct shelf *s)
{
	for (size_t i = 0; i < s->n; i++)
		session_release(&s->v[i]);
	free(s->v);
	heads_release(&s->heads);
	*s = (struct shelf){ .v = NULL };
}

static struct shelf *find(struct memory *m, const char *repo)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->shelves[i].repo, repo) == 0)
			return &m->shelves[i];
	return NULL;
}

static int get_shelf(struct memory *m, const char *repo, struct shelf **out, struct error *err)
{
	*out = find(m, repo);
	if (*out)
		return 0;
	if (!ARRAY_GROW_SHORT(m->shelves, m->n))
		return error_nomem(err);
	*out = &m->shelves[m->n++];
	**out = (struct shelf){ .v = NULL };
	(void)snprintf((*out)->repo, sizeof((*out)->repo), "%s", repo);
	return 0;
}

static int shelf_copy(struct shelf *out, const struct shelf *s, struct error *err)
{
	struct shelf copy = { .cap = s->n };
	int r = heads_copy(&copy.heads, &s->heads, err);

	memcpy(copy.repo, s->repo, sizeof(copy.repo));
	if (r == 0 && s->n) {
		copy.v = calloc(s->n, sizeof(*copy.v));
		r = copy.v ? 0 : error_nomem(err);
	}
	for (size_t i = 0; r == 0 && i < s->n; i++) {
		r = session_copy(&copy.v[i], &s->v[i], err);
		copy.n += r == 0;
	}
	if (r < 0)
		shelf_release(&copy);
	else
		*out = copy;
	return r;
}

static int by_key_id(const void *key, const void *element)
{
	return strcmp(key, ((const struct session *)element)->id);
}

/* Is the row there? Where it is, or where it belongs. */
static bool find_row(const struct shelf *s, const char *id, size_t *at_out)
{
	return ARRAY_FIND(id, s->v, s->n, by_key_id, at_out);
}

static int mem_open(struct backend **out, const struct config *config, struct error *err)
{
	(void)config;
	return memory_open(out, err);
}

static void mem_close(struct backend *b)
{
	struct memory *m = of(b);

	if (!b)
		return;
	for (size_t i = 0; i < m->n; i++)
		shelf_release(&m->shelves[i]);
	free(m->shelves);
	shelf_release(&m->before);
	free(m);
}

static int mem_begin(struct backend *b, const char *repo_id, struct error *err)
{
	struct memory *m = of(b);
	struct shelf *s;
	int r;

	if (m->open[0])
		return error_set(err, ERR_BUSY, "a batch is already open");
	r = get_shelf(m, repo_id, &s, err);
	if (r == 0)
		r = shelf_copy(&m->before, s, err);
	if (r == 0)
		memcpy(m->open, s->repo, sizeof(m->open));
	return r;
}

static int mem_put(struct backend *b, const struct session *session, struct error *err)
{
	struct shelf *s = find(of(b), of(b)->open);
	struct session copy;
	size_t at;
	int r;

	if (!s)
		return error_set(err, ERR_USAGE, "no batch is open");
	r = session_copy(&copy, session, err);
	if (r < 0)
		return r;
	if (find_row(s, session->id, &at)) {
		session_release(&s->v[at]);
	} else {
		if (!ARRAY_GROW(s->v, s->n, s->cap)) {
			session_release(&copy);
			return error_nomem(err);
		}
		ARRAY_OPEN(s->v, s->n, at);
		s->n++;
	}
	s->v[at] = copy;
	return 0;
}

static int mem_remove(struct backend *b, const char *session_id, struct error *err)
{
	struct shelf *s = find(of(b), of(b)->open);
	size_t at;

	if (!s)
		return error_set(err, ERR_USAGE, "no batch is open");
	if (!find_row(s, session_id, &at))
		return error_set(err, ERR_NOTFOUND, "no session '%s'", session_id);
	session_release(&s->v[at]);
	ARRAY_CLOSE(s->v, s->n, at);
	s->n--;
	return 0;
}

static void end(struct memory *m)
{
	shelf_release(&m->before);
	m->open[0] = '\0';
}

static void mem_rollback(struct backend *b)
{
	struct memory *m = of(b);
	struct shelf *s = find(m, m->open);

	if (!s)
		return;
	shelf_release(s);
	*s = m->before;
	m->before = (struct shelf){ .v = NULL };
	end(m);
}

static int mem_commit(struct backend *b, const struct heads *heads, struct error *err)
{
	struct memory *m = of(b);
	struct shelf *s = find(m, m->open);
	struct heads copy = HEADS_INIT;
	int r;

	if (!s)
		return error_set(err, ERR_USAGE, "no batch is open");
	r = heads_copy(&copy, heads, err);
	if (r < 0) {
		mem_rollback(b);
		return r;
	}
	heads_release(&s->heads);
	s->heads = copy;
	end(m);
	return 0;
}

static int mem_heads(struct backend *b, const char *repo_id, struct heads *out, struct error *err)
{
	const struct shelf *s = find(of(b), repo_id);

	if (s)
		return heads_copy(out, &s->heads, err);
	*out = (struct heads)HEADS_INIT;
	return 0;
}

static int mem_get(struct backend *b, const char *repo_id, enum session_key kind, const char *key,
	struct session *out, struct error *err)
{
	const struct shelf *s = find(of(b), repo_id);
	const struct session *best = NULL;

	for (size_t i = 0; s && i < s->n; i++) {
		const struct session *one = &s->v[i];

		if (session_key_matches(kind, key, one) &&
			(!best || session_key_prefers(kind, one, best)))
			best = one;
	}
	if (!best)
		return error_set(err, ERR_NOTFOUND, "no session '%s'", key);
	return session_copy(out, best, err);
}

struct by_query {
	const struct session_query *query;
	const struct session *session;
};

static int compare(const void *a, const void *b)
{
	const struct by_query *qa = a, *qb = b;

	return session_query_compare(qa->query, qa->session, qb->session);
}

static int mem_list(struct backend *b, const char *repo_id, const struct session_query *query,
	struct session_set *out, struct error *err)
{
	const struct shelf *s = find(of(b), repo_id);
	struct session_set set = { .v = NULL };
	size_t n = 0, total = s ? s->n : 0;
	struct by_query *hits = calloc(total + 1, sizeof(*hits));
	int r = 0;

	set.v = calloc(total + 1, sizeof(*set.v));
	if (!hits || !set.v)
		r = error_nomem(err);
	for (size_t i = 0; r == 0 && i < total; i++)
		if (session_query_matches(query, &s->v[i]))
			hits[n++] = (struct by_query){ query, &s->v[i] };
	if (r == 0)
		qsort(hits, n, sizeof(*hits), compare);
	for (size_t i = query->offset; r == 0 && i < n && (!query->limit || set.n < query->limit);
		i++) {
		r = session_copy(&set.v[set.n], hits[i].session, err);
		set.n += r == 0;
	}
	free(hits);
	if (r < 0)
		session_set_release(&set);
	else
		*out = set;
	return r;
}

static int mem_location(struct backend *b, struct buf *out, struct error *err)
{
	(void)b;
	buf_adds(out, "memory");
	return buf_check(out, err);
}

static int mem_read_state(
	struct backend *b, const char *repo_id, struct buf *out, struct error *err)
{
	const struct shelf *s = find(of(b), repo_id);
	const struct heads none = HEADS_INIT;
	int r;

	buf_adds(out, "{\"heads\":");
	r = heads_to_json(out, s ? &s->heads : &none, err);
	buf_adds(out, ",\"sessions\":[");
	for (size_t i = 0; r == 0 && s && i < s->n; i++) {
		buf_adds(out, i ? "," : "");
		r = session_row_to_json(out, &s->v[i], err);
	}
	buf_adds(out, "]}");
	return r < 0 ? r : buf_check(out, err);
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct session *)a)->id, ((const struct session *)b)->id);
}

static int mem_write_state(
	struct backend *b, const char *repo_id, const char *text, size_t len, struct error *err)
{
	struct session_set set = { .v = NULL };
	struct heads heads = HEADS_INIT;
	struct shelf *s;
	int r = get_shelf(of(b), repo_id, &s, err);

	if (r == 0)
		r = state_from_json(&heads, &set, text, len, err);
	if (r < 0)
		return r;
	if (set.n)
		qsort(set.v, set.n, sizeof(*set.v), by_id);
	for (size_t i = 0; i < s->n; i++)
		session_release(&s->v[i]);
	free(s->v);
	heads_release(&s->heads);
	s->heads = heads;
	s->v = set.v;
	s->n = s->cap = set.n;
	return 0;
}

static const struct backend_ops memory_ops = {
	.name = "memory",
	.open = mem_open,
	.close = mem_close,
	.begin = mem_begin,
	.put = mem_put,
	.remove = mem_remove,
	.commit = mem_commit,
	.rollback = mem_rollback,
	.heads = mem_heads,
	.get = mem_get,
	.list = mem_list,
	.location = mem_location,
	.read_state = mem_read_state,
	.write_state = mem_write_state,
};

int memory_open(struct backend **out, struct error *err)
{
	struct memory *m = calloc(1, sizeof(*m));

	if (!m)
		return error_nomem(err);
	m->backend.ops = &memory_ops;
	*out = &m->backend;
	return 0;
}
