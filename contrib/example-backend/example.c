/*
 * A backend in one file, as small as one can be that passes the conformance suite: the whole of a
 * store is one text, read at every question and replaced at every commit.
 *
 *	example 1
 *	<repository id> {"heads":[...],"sessions":[...]}
 *
 * one line for each repository, whose document is the one that read_state() gives. It is good for a
 * few hundred sessions.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/config.h"
#include "core/fs.h"
#include "core/json.h"
#include "core/module.h"

#define HEADER "example 1\n"
#define STORE_MAX ((size_t)64 << 20)

struct example {
	struct backend base; /* first: a struct backend * is a struct example * */
	struct buf path, lock;
	/* The batch, while lock_fd >= 0. */
	int lock_fd;
	char repo[ID_HEX_SIZE];
	struct buf text; /* the store as it was when the batch began */
	struct session_set set; /* that repository's sessions, by id */
	size_t cap;
};

static const struct backend_ops backend_example;

static struct example *self(struct backend *b)
{
	return (struct example *)(void *)b;
}

static void example_rollback(struct backend *b)
{
	struct example *e = self(b);

	session_set_release(&e->set);
	e->cap = 0;
	buf_release(&e->text);
	if (e->lock_fd >= 0)
		close(e->lock_fd);
	e->lock_fd = -1;
}

static void example_close(struct backend *b)
{
	if (!b)
		return;
	example_rollback(b);
	buf_release(&self(b)->path);
	buf_release(&self(b)->lock);
	free(self(b));
}

/* Opening looks at nothing: a store that is damaged is found out by the first question. */
static int example_open(struct backend **out, const struct config *config, struct error *err)
{
	const char *path = config_get(config, "sessiondb.location");
	struct example *e;
	int r;

	if (!path || *path != '/') {
		error_set(err, ERR_USAGE, "the example backend has no place for its store");
		return error_hint(err, "set sessiondb.location to an absolute path");
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return error_nomem(err);
	e->base.ops = &backend_example;
	e->path = e->lock = e->text = (struct buf)BUF_INIT;
	e->lock_fd = -1;
	buf_adds(&e->path, path);
	buf_addf(&e->lock, "%s.lock", path);
	r = buf_check(&e->path, err);
	if (r == 0)
		r = buf_check(&e->lock, err);
	if (r < 0)
		example_close(&e->base);
	else
		*out = &e->base;
	return r;
}

/* Say which store it is, and what to do; a damaged one is never written. */
static int in_store(const struct example *e, int r, struct error *err)
{
	if (r != ERR_CORRUPT && r != ERR_UNSUPPORTED)
		return r;
	error_wrap(err, "cannot use session store '%s'", e->path.data);
	return error_hint(err,
		r == ERR_CORRUPT ? "move it away, and it is filled anew"
				 : "use a newer version of this backend");
}

static int read_store(const struct example *e, struct buf *out, struct error *err)
{
	int r = fs_read(e->path.data, STORE_MAX, out, err);

	if (r == ERR_NOTFOUND) {
		error_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	if (strncmp(out->data, HEADER, strlen(HEADER)) != 0)
		r = strncmp(out->data, "example ", 8) == 0
			? error_set(err, ERR_UNSUPPORTED, "it is of a newer version")
			: error_set(err, ERR_CORRUPT, "it does not begin with '" HEADER "'");
	else if (out->data[out->len - 1] != '\n')
		r = error_set(err, ERR_CORRUPT, "its end is missing");
	return in_store(e, r, err);
}

/* The document of a repository within the text; NULL: the store has never seen it. */
static const char *find(const struct buf *text, const char *repo_id, size_t *len_out)
{
	const char *line = text->len ? strchr(text->data, '\n') : NULL;

	while (line && *++line) {
		const char *end = strchr(line, '\n');

		if (strncmp(line, repo_id, ID_HEX_SIZE - 1) == 0 && line[ID_HEX_SIZE - 1] == ' ') {
			*len_out = (size_t)(end - line) - ID_HEX_SIZE;
			return line + ID_HEX_SIZE;
		}
		line = end;
	}
	return NULL;
}

static int parse(const struct example *e, const struct buf *text, const char *repo_id,
	struct heads *heads, struct session_set *set, struct error *err)
{
	size_t len;
	const char *document = find(text, repo_id, &len);

	if (!document)
		return 0;
	return in_store(e, state_from_json(heads, set, document, len, err), err);
}

/* What the store says of a repository now; within its batch, what was put counts. */
static int read_repo(const struct example *e, const char *repo_id, struct heads *heads,
	struct session_set *set, struct error *err)
{
	struct buf text = BUF_INIT;
	int r = read_store(e, &text, err);

	if (r == 0)
		r = parse(e, &text, repo_id, heads, set, err);
	buf_release(&text);
	if (r < 0 || e->lock_fd < 0 || strcmp(repo_id, e->repo) != 0)
		return r;
	session_set_release(set);
	set->v = calloc(e->set.n + 1, sizeof(*set->v));
	for (size_t i = 0; set->v && r == 0 && i < e->set.n; i++) {
		r = session_copy(&set->v[i], &e->set.v[i], err);
		set->n += r == 0;
	}
	return set->v ? r : error_nomem(err);
}

static int example_begin(struct backend *b, const char *repo_id, struct error *err)
{
	struct example *e = self(b);
	struct heads ignored = HEADS_INIT;
	int r;

	if (e->lock_fd >= 0)
		return error_set(err, ERR_BUSY, "a batch is already open");
	if (!id_is_hex(repo_id, ID_HEX_SIZE - 1))
		return error_set(err, ERR_USAGE, "not a repository's id: '%s'", repo_id);
	r = fs_lock(e->lock.data, 10000, &e->lock_fd, err);
	if (r < 0)
		return error_wrap(err, "cannot write session store '%s'", e->path.data);
	memcpy(e->repo, repo_id, ID_HEX_SIZE);
	r = read_store(e, &e->text, err);
	if (r == 0)
		r = parse(e, &e->text, repo_id, &ignored, &e->set, err);
	e->cap = e->set.n;
	heads_release(&ignored);
	if (r < 0)
		example_rollback(b);
	return r;
}

static int no_batch(const struct example *e, struct error *err)
{
	return e->lock_fd >= 0 ? 0 : error_set(err, ERR_USAGE, "no batch is open");
}

/* Where an id is, or would have to be. */
static size_t place(const struct session_set *set, const char *id, bool *found_out)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(set->v[mid].id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*found_out = low < set->n && strcmp(set->v[low].id, id) == 0;
	return low;
}

static int example_put(struct backend *b, const struct session *s, struct error *err)
{
	struct example *e = self(b);
	struct session copy;
	bool found;
	size_t at;
	int r = no_batch(e, err);

	if (r == 0)
		r = session_copy(&copy, s, err);
	if (r < 0)
		return r;
	at = place(&e->set, s->id, &found);
	if (found) {
		session_release(&e->set.v[at]);
		e->set.v[at] = copy;
		return 0;
	}
	if (e->set.n == e->cap) {
		size_t cap = e->cap ? 2 * e->cap : 64;
		struct session *v = reallocarray(e->set.v, cap, sizeof(*v));

		if (!v) {
			session_release(&copy);
			return error_nomem(err);
		}
		e->set.v = v;
		e->cap = cap;
	}
	memmove(e->set.v + at + 1, e->set.v + at, (e->set.n - at) * sizeof(*e->set.v));
	e->set.v[at] = copy;
	e->set.n++;
	return 0;
}

static int example_remove(struct backend *b, const char *session_id, struct error *err)
{
	struct example *e = self(b);
	bool found;
	size_t at;
	int r = no_batch(e, err);

	if (r < 0)
		return r;
	at = place(&e->set, session_id, &found);
	if (!found)
		return error_set(err, ERR_NOTFOUND, "no session '%s'", session_id);
	session_release(&e->set.v[at]);
	e->set.n--;
	memmove(e->set.v + at, e->set.v + at + 1, (e->set.n - at) * sizeof(*e->set.v));
	return 0;
}

/* {"heads":[...],"sessions":[...]} with `gap` in front of each row and `end` behind the last. */
static int write_document(struct buf *out, const struct heads *heads, const struct session_set *set,
	const char *gap, const char *end, struct error *err)
{
	int r;

	buf_adds(out, "{\"heads\":");
	r = heads_to_json(out, heads, err);
	buf_adds(out, ",\"sessions\":[");
	for (size_t i = 0; r == 0 && i < set->n; i++) {
		buf_addf(out, "%s%s", i ? "," : "", gap);
		r = session_row_to_json(out, &set->v[i], err);
	}
	buf_addf(out, "%s]}%s", end, end);
	return r < 0 ? r : buf_check(out, err);
}

/* Records and heads are in one file, which is renamed into place: all of it, or nothing. */
static int example_commit(struct backend *b, const struct heads *heads, struct error *err)
{
	struct example *e = self(b);
	struct buf out = BUF_INIT;
	size_t len = 0;
	const char *old;
	int r = no_batch(e, err);

	if (r < 0)
		return r;
	old = find(&e->text, e->repo, &len);
	if (!e->text.len)
		buf_adds(&out, HEADER);
	else if (!old)
		buf_add(&out, e->text.data, e->text.len);
	else
		buf_add(&out, e->text.data, (size_t)(old - e->text.data) - ID_HEX_SIZE);
	buf_addf(&out, "%s ", e->repo);
	r = write_document(&out, heads, &e->set, "", "", err);
	buf_addch(&out, '\n');
	if (old)
		buf_adds(&out, old + len + 1);
	if (r == 0)
		r = buf_check(&out, err);
	if (r == 0)
		r = fs_replace(e->path.data, out.data, out.len, 0600, true, err);
	example_rollback(b);
	buf_release(&out);
	return r;
}

static int example_heads(
	struct backend *b, const char *repo_id, struct heads *out, struct error *err)
{
	struct session_set set = { .v = NULL };
	struct heads heads = HEADS_INIT;
	int r = read_repo(self(b), repo_id, &heads, &set, err);

	session_set_release(&set);
	if (r < 0)
		heads_release(&heads);
	else
		*out = heads;
	return r;
}

static int example_get(struct backend *b, const char *repo_id, enum session_key kind,
	const char *key, struct session *out, struct error *err)
{
	struct session_set set = { .v = NULL };
	const struct session *best = NULL;
	struct heads heads = HEADS_INIT;
	int r = read_repo(self(b), repo_id, &heads, &set, err);

	for (size_t i = 0; r == 0 && i < set.n; i++)
		if (session_key_matches(kind, key, &set.v[i]) &&
			(!best || session_key_prefers(kind, &set.v[i], best)))
			best = &set.v[i];
	if (r == 0)
		r = best ? session_copy(out, best, err)
			 : error_set(err, ERR_NOTFOUND, "no session '%s'", key);
	session_set_release(&set);
	heads_release(&heads);
	return r;
}

static int compare(const void *a, const void *b, void *query)
{
	return session_query_compare(query, a, b);
}

static int example_list(struct backend *b, const char *repo_id, const struct session_query *query,
	struct session_set *out, struct error *err)
{
	struct session_set set = { .v = NULL };
	struct heads heads = HEADS_INIT;
	struct session_query q = *query;
	size_t n = 0, kept = 0;
	int r = read_repo(self(b), repo_id, &heads, &set, err);

	heads_release(&heads);
	if (r < 0) {
		session_set_release(&set);
		return r;
	}
	if (set.n)
		qsort_r(set.v, set.n, sizeof(*set.v), compare, &q);
	for (size_t i = 0; i < set.n; i++) {
		bool hit = session_query_matches(&q, &set.v[i]) && n++ >= q.offset &&
			(!q.limit || kept < q.limit);

		if (hit)
			set.v[kept++] = set.v[i];
		else
			session_release(&set.v[i]);
	}
	set.n = kept;
	*out = set;
	return 0;
}

static int example_location(struct backend *b, struct buf *out, struct error *err)
{
	buf_adds(out, self(b)->path.data);
	return buf_check(out, err);
}

static int example_read_state(
	struct backend *b, const char *repo_id, struct buf *out, struct error *err)
{
	struct session_set set = { .v = NULL };
	struct heads heads = HEADS_INIT;
	int r = read_repo(self(b), repo_id, &heads, &set, err);

	if (r == 0)
		r = write_document(out, &heads, &set, "\n", "\n", err);
	session_set_release(&set);
	heads_release(&heads);
	return r;
}

static int example_write_state(
	struct backend *b, const char *repo_id, const char *text, size_t len, struct error *err)
{
	struct session_set set = { .v = NULL };
	struct heads heads = HEADS_INIT;
	int r = state_from_json(&heads, &set, text, len, err);

	if (r == 0)
		r = example_begin(b, repo_id, err);
	if (r < 0)
		goto out;
	session_set_release(&self(b)->set);
	self(b)->cap = 0;
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = example_put(b, &set.v[i], err);
	if (r == 0)
		r = example_commit(b, &heads, err);
	else
		example_rollback(b);
out:
	session_set_release(&set);
	heads_release(&heads);
	return r;
}

static const struct backend_ops backend_example = {
	.name = "example",
	.open = example_open,
	.close = example_close,
	.begin = example_begin,
	.put = example_put,
	.remove = example_remove,
	.commit = example_commit,
	.rollback = example_rollback,
	.heads = example_heads,
	.get = example_get,
	.list = example_list,
	.location = example_location,
	.read_state = example_read_state,
	.write_state = example_write_state,
};

BACKEND_MODULE_EXPORT const struct backend_module minsky_backend_module = {
	.abi = BACKEND_MODULE_ABI,
	.name = "example",
	.backend = &backend_example,
};
