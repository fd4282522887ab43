#include <sys/stat.h>
#include <unistd.h>

#include "backends/json.h"
#include "backends/json_store.h"
#include "backends/place.h"
#include "backends/registry.h"
#include "core/fs.h"

/*
 * One file, replaced as a whole: a temporary file beside it is written, synced and renamed over it,
 * so a reader sees the old content or the new and needs no lock. Writers exclude each other by a
 * lock on "<file>.lock", which stays; the one who has it reads the file anew if it has changed.
 * A file that cannot be understood is never written.
 */
#define FILE_MAX ((size_t)256 << 20)
#define LOCK_TIMEOUT_MS 10000

struct json_backend {
	struct backend base;
	struct buf path, lock_path;
	struct store store;
	bool loaded;
	struct stat seen; /* the file as it was when it was read; st_ino 0: there was none */
	int lock_fd; /* -1 outside a batch */
	char batch_repo[ID_HEX_SIZE];
};

static struct json_backend *self(struct backend *b)
{
	return (struct json_backend *)(void *)b;
}

static void end_batch(struct json_backend *b)
{
	if (b->lock_fd >= 0)
		close(b->lock_fd);
	b->lock_fd = -1;
}

static void forget(struct json_backend *b)
{
	store_release(&b->store);
	b->loaded = false;
}

static void file_rollback(struct backend *backend)
{
	struct json_backend *b = self(backend);

	if (b->lock_fd < 0)
		return;
	forget(b);
	end_batch(b);
}

static void file_close(struct backend *backend)
{
	struct json_backend *b = self(backend);

	if (!b)
		return;
	file_rollback(backend);
	forget(b);
	buf_release(&b->path);
	buf_release(&b->lock_path);
	free(b);
}

static int file_open(struct backend **out, const struct config *config, struct error *err)
{
	const char *path = config_get(config, "sessiondb.json.path");

	if (!path || !*path)
		return error_set(err, ERR_USAGE, "sessiondb.json.path is not set");
	return json_backend_open(out, path, err);
}

int json_backend_open(struct backend **out, const char *path, struct error *err)
{
	struct json_backend *b;
	int r;

	b = calloc(1, sizeof(*b));
	if (!b)
		return error_nomem(err);
	b->base.ops = &backend_json;
	b->path = (struct buf)BUF_INIT;
	b->lock_path = (struct buf)BUF_INIT;
	b->store = (struct store)STORE_INIT;
	b->lock_fd = -1;
	r = place_resolve(&b->path, path, err);
	if (r < 0)
		goto out;
	buf_addf(&b->lock_path, "%s.lock", b->path.data);
	r = buf_check(&b->lock_path, err);
	if (r < 0)
		goto out;
	*out = &b->base;
	b = NULL;
out:
	file_close(b ? &b->base : NULL);
	return r;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void look(const struct json_backend *b, struct stat *out)
{
	if (stat(b->path.data, out) < 0)
		*out = (struct stat){ .st_ino = 0 };
}

/* Say which store it is that an error is about, and what to do with a damaged one. */
static int in_store(const struct json_backend *b, int r, struct error *err)
{
	if (r == ERR_CORRUPT || r == ERR_UNSUPPORTED)
		error_wrap(err, "cannot use session store '%s'", b->path.data);
	if (r == ERR_CORRUPT)
		error_hint(err,
			"it was left unchanged; move it away, and minsky creates a new one from "
			"the journal");
	return r;
}

/* Have the file's present content in memory; inside a batch it cannot change. */
static int load(struct json_backend *b, struct error *err)
{
	struct buf text = BUF_INIT;
	struct stat now;
	int r;

	if (b->loaded && b->lock_fd >= 0)
		return 0;
	look(b, &now);
	if (b->loaded && same_file(&now, &b->seen))
		return 0;
	forget(b);
	r = fs_read(b->path.data, FILE_MAX, &text, err);
	if (r == 0) {
		r = store_parse(&b->store, &text, err);
		if (r < 0)
			error_wrap(err, "cannot use session store '%s'", b->path.data);
		if (r == ERR_CORRUPT)
			error_hint(err,
				"it was left unchanged; move it away, and minsky creates a new one "
				"from the journal");
	} else if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	buf_release(&text);
	if (r == 0) {
		b->loaded = true;
		b->seen = now;
	}
	return r;
}

static int file_begin(struct backend *backend, const char *repo_id, struct error *err)
{
	struct json_backend *b = self(backend);
	int fd, r;

	if (b->lock_fd >= 0)
		return error_set(err, ERR_BUSY, "a batch is already open");
	if (!id_is_hex(repo_id, ID_HEX_SIZE - 1))
		return error_set(err, ERR_USAGE, "not a repository's id: '%s'", repo_id);
	r = place_make_parent(b->path.data, err);
	if (r < 0)
		return r;
	r = fs_lock(b->lock_path.data, LOCK_TIMEOUT_MS, &fd, err);
	if (r < 0)
		return error_wrap(err, "cannot write session store '%s'", b->path.data);
	/* Looked at with the lock in hand: now nobody else replaces it. */
	r = load(b, err);
	if (r < 0) {
		close(fd);
		return r;
	}
	b->lock_fd = fd;
	memcpy(b->batch_repo, repo_id, ID_HEX_SIZE);
	return 0;
}

static int batch_repo(struct json_backend *b, struct store_repo **out, struct error *err)
{
	if (b->lock_fd < 0)
		return error_set(err, ERR_USAGE, "no batch is open");
	*out = store_find(&b->store, b->batch_repo);
	return *out ? 0 : store_add(&b->store, b->batch_repo, out, err);
}

static int file_put(struct backend *backend, const struct session *s, struct error *err)
{
	struct json_backend *b = self(backend);
	struct store_repo *repo;
	int r = batch_repo(b, &repo, err);

	return r < 0 ? r : in_store(b, store_row_put(repo, s, err), err);
}

static int file_remove(struct backend *backend, const char *session_id, struct error *err)
{
	struct json_backend *b = self(backend);
	struct store_repo *repo;
	struct store_row *row;
	int r = batch_repo(b, &repo, err);

	if (r == 0)
		r = in_store(b, store_index(repo, err), err);
	if (r < 0)
		return r;
	row = store_row_find(repo, session_id);
	if (!row)
		return error_set(err, ERR_NOTFOUND, "no session '%s'", session_id);
	store_row_remove(repo, row);
	return 0;
}

static int set_heads(struct store_repo *repo, const struct heads *heads, struct error *err)
{
	struct buf text = BUF_INIT;
	size_t len;
	int r = heads_to_json(&text, heads, err);

	if (r < 0) {
		buf_release(&text);
		return r;
	}
	len = text.len;
	free(repo->own_heads);
	repo->own_heads = buf_detach(&text);
	repo->heads = (struct json_slice){ repo->own_heads, len };
	return 0;
}

static int file_commit(struct backend *backend, const struct heads *heads, struct error *err)
{
	struct json_backend *b = self(backend);
	struct buf text = BUF_INIT;
	struct store_repo *repo;
	int r = batch_repo(b, &repo, err);

	if (r < 0)
		return r;
	r = set_heads(repo, heads, err);
	if (r == 0)
		r = store_write(&text, &b->store, err);
	if (r == 0 && text.len > FILE_MAX) {
		r = error_set(err, ERR_IO, "session store '%s' would grow beyond %zu bytes",
			b->path.data, FILE_MAX);
		error_hint(err,
			"for this many sessions, use SQLite: minsky config set sessiondb.backend "
			"sqlite");
	}
	if (r == 0)
		r = fs_replace(b->path.data, text.data, text.len, 0600, true, err);
	buf_release(&text);
	if (r < 0) {
		file_rollback(backend);
		return r;
	}
	look(b, &b->seen);
	end_batch(b);
	return 0;
}

static int file_heads(
	struct backend *backend, const char *repo_id, struct heads *out, struct error *err)
{
	struct json_backend *b = self(backend);
	const struct store_repo *repo;
	int r = load(b, err);

	if (r < 0)
		return r;
	repo = store_find(&b->store, repo_id);
	if (!repo) {
		*out = (struct heads)HEADS_INIT;
		return 0;
	}
	r = heads_from_json(out, repo->heads.at, repo->heads.len, err);
	return in_store(b, r, err);
}

static int row_decode(const struct json_backend *b, const struct store_row *row,
	struct session *out, struct error *err)
{
	int r = session_row_from_json(out, row->text.at, row->text.len, err);

	return in_store(b, r, err);
}

static int no_session(const char *key, struct error *err)
{
	return error_set(err, ERR_NOTFOUND, "no session '%s'", key);
}

/* The best answer among all rows. */
static int search(const struct json_backend *b, const struct store_repo *repo,
	enum session_key kind, const char *key, struct session *out, struct error *err)
{
	struct session best = { .name = NULL };
	int r = 0;

	for (size_t i = 0; i < repo->n_rows; i++) {
		struct session s;

		r = row_decode(b, &repo->rows[i], &s, err);
		if (r < 0)
			break;
		if (session_key_matches(kind, key, &s) &&
			(!best.id[0] || session_key_prefers(kind, &s, &best))) {
			session_release(&best);
			best = s;
		} else {
			session_release(&s);
		}
	}
	if (r == 0 && !best.id[0])
		r = no_session(key, err);
	if (r < 0)
		session_release(&best);
	else
		*out = best;
	return r;
}

static int file_get(struct backend *backend, const char *repo_id, enum session_key kind,
	const char *key, struct session *out, struct error *err)
{
	struct json_backend *b = self(backend);
	struct store_repo *repo;
	const struct store_row *row;
	int r = load(b, err);

	if (r < 0)
		return r;
	repo = store_find(&b->store, repo_id);
	if (!repo)
		return no_session(key, err);
	if (kind != KEY_ID)
		return search(b, repo, kind, key, out, err);
	r = store_index(repo, err);
	if (r < 0)
		return in_store(b, r, err);
	row = store_row_find(repo, key);
	return row ? row_decode(b, row, out, err) : no_session(key, err);
}

static int compare_for(const void *a, const void *b, void *query)
{
	return session_query_compare(query, a, b);
}

/* Sort, then let go of what lies outside offset and limit. */
static void cut(struct session_set *set, const struct session_query *query)
{
	size_t from = query->offset < set->n ? query->offset : set->n;
	size_t n = set->n - from;
	struct session_query by = *query;

	if (query->limit && query->limit < n)
		n = query->limit;
	if (set->n)
		qsort_r(set->v, set->n, sizeof(*set->v), compare_for, &by);
	for (size_t i = 0; i < set->n; i++)
		if (i < from || i >= from + n)
			session_release(&set->v[i]);
	if (n)
		memmove(set->v, set->v + from, n * sizeof(*set->v));
	set->n = n;
}

static int file_list(struct backend *backend, const char *repo_id,
	const struct session_query *query, struct session_set *out, struct error *err)
{
	struct json_backend *b = self(backend);
	struct session_set set = { .v = NULL };
	const struct store_repo *repo;
	int r = load(b, err);

	if (r < 0)
		return r;
	repo = store_find(&b->store, repo_id);
	if (repo && repo->n_rows) {
		set.v = calloc(repo->n_rows, sizeof(*set.v));
		if (!set.v)
			return error_nomem(err);
	}
	for (size_t i = 0; repo && i < repo->n_rows; i++) {
		r = row_decode(b, &repo->rows[i], &set.v[set.n], err);
		if (r < 0) {
			session_set_release(&set);
			return r;
		}
		if (session_query_matches(query, &set.v[set.n]))
			set.n++;
		else
			session_release(&set.v[set.n]);
	}
	cut(&set, query);
	*out = set;
	return 0;
}

static int file_location(struct backend *backend, struct buf *out, struct error *err)
{
	buf_adds(out, self(backend)->path.data);
	return buf_check(out, err);
}

static int file_read_state(
	struct backend *backend, const char *repo_id, struct buf *out, struct error *err)
{
	struct json_backend *b = self(backend);
	struct store_repo *repo;
	int r = load(b, err);

	if (r < 0)
		return r;
	repo = store_find(&b->store, repo_id);
	r = repo ? store_index(repo, err) : 0;
	if (r < 0)
		return in_store(b, r, err);
	buf_adds(out, "{\"heads\":");
	if (repo)
		buf_add(out, repo->heads.at, repo->heads.len);
	else
		buf_adds(out, "[]");
	buf_adds(out, ",\"sessions\":[");
	for (size_t i = 0; repo && i < repo->n_rows; i++) {
		buf_adds(out, i ? ",\n" : "\n");
		buf_add(out, repo->rows[i].text.at, repo->rows[i].text.len);
	}
	buf_adds(out, "\n]}\n");
	return buf_check(out, err);
}

static int file_write_state(struct backend *backend, const char *repo_id, const char *text,
	size_t len, struct error *err)
{
	struct session_set set = { .v = NULL };
	struct heads heads = HEADS_INIT;
	struct store_repo *repo;
	int r = state_from_json(&heads, &set, text, len, err);

	if (r < 0)
		return r;
	r = file_begin(backend, repo_id, err);
	if (r < 0)
		goto out;
	r = batch_repo(self(backend), &repo, err);
	if (r == 0) {
		store_rows_clear(repo);
		repo->indexed = true;
	}
	for (size_t i = 0; r == 0 && i < set.n; i++)
		r = store_row_put(repo, &set.v[i], err);
	if (r == 0)
		r = file_commit(backend, &heads, err);
	else
		file_rollback(backend);
out:
	heads_release(&heads);
	session_set_release(&set);
	return r;
}

const struct backend_ops backend_json = {
	.name = "json",
	.open = file_open,
	.close = file_close,
	.begin = file_begin,
	.put = file_put,
	.remove = file_remove,
	.commit = file_commit,
	.rollback = file_rollback,
	.heads = file_heads,
	.get = file_get,
	.list = file_list,
	.location = file_location,
	.read_state = file_read_state,
	.write_state = file_write_state,
};
