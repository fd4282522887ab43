#include "core/trust.h"

#include <string.h>
#include <unistd.h>

#include "core/array.h"
#include "core/clock.h"
#include "core/fs.h"
#include "core/json.h"
#include "core/jsonw.h"

#define TRUST_MAX (4 << 20)
#define LOCK_MS 10000

static void entry_release(struct trust_entry *e)
{
	free(e->key);
	free(e->shown);
}

void trust_release(struct trust *t)
{
	for (size_t i = 0; i < t->n; i++)
		entry_release(&t->v[i]);
	free(t->v);
	*t = (struct trust)TRUST_INIT;
}

static int add_entry(struct trust *t, const char *repo, const char *hash, const char *key,
	const char *shown, int64_t at, struct error *err)
{
	struct trust_entry e = { .at = at };

	if (!ARRAY_GROW_SHORT(t->v, t->n))
		return error_nomem(err);
	memcpy(e.repo, repo, sizeof(e.repo));
	memcpy(e.hash, hash, sizeof(e.hash));
	e.key = strdup(key);
	e.shown = strdup(shown);
	if (!e.key || !e.shown) {
		entry_release(&e);
		return error_nomem(err);
	}
	t->v[t->n++] = e;
	return 0;
}

static int read_entry(struct trust *t, const struct json *j, struct error *err)
{
	const char *repo = json_get_string(j, "repo"), *hash = json_get_string(j, "hash"),
		   *key = json_get_string(j, "key"), *shown = json_get_string(j, "shown");

	if (!repo || strlen(repo) != ID_HEX_SIZE - 1 || !hash ||
		strlen(hash) != HASH_HEX_SIZE - 1 || !key)
		return error_set(err, ERR_CORRUPT, "an entry is incomplete");
	return add_entry(t, repo, hash, key, shown ? shown : "", json_get_time(j, "at"), err);
}

int trust_load(struct trust *out, const char *state_dir, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct trust t = TRUST_INIT;
	struct json *j = NULL;
	const struct json *list;
	int r;

	fs_join(&path, state_dir, "trust.json");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_read_private(path.data, TRUST_MAX, &text, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		*out = t;
		r = 0;
		goto out;
	}
	if (r == 0)
		r = json_parse(&j, text.data, text.len, err);
	list = json_get(j, "trusted");
	if (r == 0 && !json_is_array(list))
		r = error_set(err, ERR_CORRUPT, "it has no list of trusted values");
	for (const struct json *e = json_first(list); e && r == 0; e = json_next(e))
		r = read_entry(&t, e, err);
	if (r < 0) {
		if (r != ERR_REFUSED && r != ERR_IO)
			error_wrap(err, "'%s'", path.data);
		if (r == ERR_CORRUPT)
			error_hint(err,
				"move it away, then run 'minsky trust' again in the repositories "
				"that need it");
		goto out;
	}
	*out = t;
	t = (struct trust)TRUST_INIT;
out:
	json_free(j);
	trust_release(&t);
	buf_release(&path);
	buf_release(&text);
	return r;
}

static bool is(const struct trust_entry *e, const char *repo, const char *key, const char *hash)
{
	return !strcmp(e->repo, repo) && !strcmp(e->key, key) && !strcmp(e->hash, hash);
}

bool trust_has(const struct trust *t, const char *repo, const char *key, const char *raw)
{
	char hash[HASH_HEX_SIZE];

	hash_bytes(raw, strlen(raw), hash);
	for (size_t i = 0; i < t->n; i++)
		if (is(&t->v[i], repo, key, hash))
			return true;
	return false;
}

static int save(const struct trust *t, const char *state_dir, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct jsonw w;
	int r;

	jsonw_init(&w, &text, true);
	jsonw_begin_object(&w);
	jsonw_ku64(&w, "schema", 1);
	jsonw_key(&w, "trusted");
	jsonw_begin_array(&w);
	for (size_t i = 0; i < t->n; i++) {
		jsonw_begin_object(&w);
		jsonw_kstring(&w, "repo", t->v[i].repo);
		jsonw_kstring(&w, "key", t->v[i].key);
		jsonw_kstring(&w, "hash", t->v[i].hash);
		jsonw_kstring(&w, "shown", t->v[i].shown);
		jsonw_ktime(&w, "at", t->v[i].at);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_addch(&text, '\n');
	fs_join(&path, state_dir, "trust.json");
	r = buf_check(&text, err);
	if (r == 0)
		r = buf_check(&path, err);
	if (r == 0)
		r = fs_replace(path.data, text.data, text.len, 0600, true, err);
	buf_release(&path);
	buf_release(&text);
	return r;
}

/* The file as it is now, under its lock until *fd_out is closed. */
static int load_locked(struct trust *t, const char *state_dir, int *fd_out, struct error *err)
{
	struct buf lock = BUF_INIT;
	int r = fs_mkdirs(state_dir, 0700, err);

	fs_join(&lock, state_dir, "trust.lock");
	if (r == 0)
		r = buf_check(&lock, err);
	if (r == 0)
		r = fs_lock(lock.data, LOCK_MS, fd_out, err);
	if (r == 0)
		r = trust_load(t, state_dir, err);
	buf_release(&lock);
	return r;
}

static int add_value(
	struct trust *t, const char *repo, const struct trust_value *v, struct error *err)
{
	struct buf shown = BUF_INIT;
	char hash[HASH_HEX_SIZE];
	int r;

	hash_bytes(v->raw, strlen(v->raw), hash);
	config_add_shown(&shown, v->key, v->raw);
	r = buf_check(&shown, err);
	if (r == 0)
		r = add_entry(t, repo, hash, v->key->name, shown.data, clock_now_ms(), err);
	buf_release(&shown);
	return r;
}

int trust_add(const char *state_dir, const char *repo, const struct trust_value *v, size_t n,
	struct error *err)
{
	struct trust t = TRUST_INIT;
	int fd = -1, r = load_locked(&t, state_dir, &fd, err);
	size_t before = t.n;

	for (size_t i = 0; i < n && r == 0; i++)
		if (!trust_has(&t, repo, v[i].key->name, v[i].raw))
			r = add_value(&t, repo, &v[i], err);
	if (r == 0 && t.n > before)
		r = save(&t, state_dir, err);
	if (fd >= 0)
		close(fd);
	trust_release(&t);
	return r;
}

int trust_revoke(const char *state_dir, const char *repo, const char *const *keys, size_t n,
	size_t *revoked_out, struct error *err)
{
	struct trust t = TRUST_INIT;
	int fd = -1, r = load_locked(&t, state_dir, &fd, err);
	size_t kept = 0, before = t.n;

	for (size_t i = 0; i < t.n && r == 0; i++) {
		bool hit = !strcmp(t.v[i].repo, repo) && !keys;

		for (size_t k = 0; keys && k < n && !hit; k++)
			hit = !strcmp(t.v[i].repo, repo) && !strcmp(t.v[i].key, keys[k]);
		if (hit)
			entry_release(&t.v[i]);
		else
			t.v[kept++] = t.v[i];
	}
	if (r == 0)
		t.n = kept;
	if (r == 0 && kept < before)
		r = save(&t, state_dir, err);
	if (r == 0)
		*revoked_out = before - kept;
	if (fd >= 0)
		close(fd);
	trust_release(&t);
	return r;
}
