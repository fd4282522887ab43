#include "backends/json_store.h"

#include <inttypes.h>

#include "core/array.h"
#include "core/backend.h"

/* What was folded before 2 did not ask who said it: such rows are made anew from the journal. */
#define STORE_SCHEMA 2
/* The layers around a record: document, repositories, repository, sessions, row. */
#define STORE_MAX_DEPTH (JSON_MAX_DEPTH + 8)

static void repo_clear(struct store_repo *r)
{
	store_rows_clear(r);
	free(r->rows);
	free(r->unknown.v);
	free(r->own_heads);
	free(r->own_id);
}

void store_release(struct store *s)
{
	for (size_t i = 0; i < s->n_repos; i++)
		repo_clear(&s->repos[i]);
	free(s->repos);
	free(s->unknown.v);
	buf_release(&s->text);
	*s = (struct store)STORE_INIT;
}

static int keep_unknown(struct store_members *m, const struct json_slice *key,
	const struct json_slice *value, struct error *err)
{
	if (!ARRAY_GROW_SHORT(m->v, m->n))
		return error_nomem(err);
	m->v[m->n++] = (struct store_member){ *key, *value };
	return 0;
}

static int row_append(struct store_repo *r, struct store_row **out, struct error *err)
{
	if (!ARRAY_GROW(r->rows, r->n_rows, r->cap_rows))
		return error_nomem(err);
	*out = &r->rows[r->n_rows++];
	**out = (struct store_row){ .own = NULL };
	return 0;
}

/*
 * Rows are most of the file, four layers deep: the layers are walked into, not passed over first,
 * so that each byte is read once. `text` is everything from the first byte of the value on;
 * *len_out is how long the value is.
 */
static int parse_rows(
	struct store_repo *r, const struct json_slice *text, size_t *len_out, struct error *err)
{
	struct json_slice value;
	struct store_row *row = NULL;
	size_t pos = 0;
	bool more = true;

	if (!json_slice_is(text, '['))
		return error_set(err, ERR_CORRUPT, "'sessions' is not an array");
	while (more) {
		int rc = json_next_element(text->at, text->len, &pos, &value, &more, err);

		if (rc == 0 && more)
			rc = row_append(r, &row, err);
		if (rc < 0)
			return rc;
		if (more)
			row->text = value;
	}
	*len_out = pos + 1;
	return 0;
}

/* What is left of a text from a position on. */
static struct json_slice rest_of(const struct json_slice *text, size_t pos)
{
	return (struct json_slice){ text->at + pos, text->len - pos };
}

static int parse_repo(
	struct store_repo *r, const struct json_slice *text, size_t *len_out, struct error *err)
{
	struct json_slice key, value;
	size_t pos = 0, len = 0;
	bool more = json_slice_is(text, '{'), rows = false;

	while (more) {
		int rc = json_next_key(text->at, text->len, &pos, &key, &more, err);

		if (rc < 0)
			return rc;
		if (!more)
			break;
		if (json_key_is(&key, "sessions")) {
			value = rest_of(text, pos);
			rows = true;
			rc = parse_rows(r, &value, &len, err);
			pos += len;
		} else {
			rc = json_take_value(text->at, text->len, &pos, &value, err);
			if (rc == 0 && json_key_is(&key, "heads"))
				r->heads = value;
			else if (rc == 0)
				rc = keep_unknown(&r->unknown, &key, &value, err);
		}
		if (rc < 0)
			return rc;
	}
	if (!rows || !json_slice_is(&r->heads, '['))
		return error_set(err, ERR_CORRUPT, "a repository without heads or sessions");
	*len_out = pos + 1;
	return 0;
}

static int repo_append(
	struct store *s, const struct json_slice *id, struct store_repo **out, struct error *err)
{
	if (!ARRAY_GROW_SHORT(s->repos, s->n_repos))
		return error_nomem(err);
	*out = &s->repos[s->n_repos++];
	**out = (struct store_repo){ .id = *id };
	return 0;
}

static int parse_repos(
	struct store *s, const struct json_slice *text, size_t *len_out, struct error *err)
{
	struct json_slice key, value;
	struct store_repo *repo = NULL;
	size_t pos = 0, len = 0;
	bool more = true;

	if (!json_slice_is(text, '{'))
		return error_set(err, ERR_CORRUPT, "'repositories' is not an object");
	while (more) {
		int r = json_next_key(text->at, text->len, &pos, &key, &more, err);

		if (r == 0 && more)
			r = repo_append(s, &key, &repo, err);
		if (r == 0 && more) {
			value = rest_of(text, pos);
			r = parse_repo(repo, &value, &len, err);
			pos += len;
		}
		if (r < 0)
			return r;
	}
	*len_out = pos + 1;
	return 0;
}

static int foreign(struct error *err)
{
	error_set(err, ERR_UNSUPPORTED, "the file was written by the previous minsky");
	return error_hint(
		err, "set sessiondb.json.path to another file; this one is left unchanged");
}

static int check_schema(uint64_t schema, struct error *err)
{
	if (schema <= STORE_SCHEMA)
		return 0;
	error_set(err, ERR_UNSUPPORTED, "its schema %" PRIu64 " is newer than this minsky", schema);
	return error_hint(err, "use the newer version of minsky that wrote it");
}

struct document {
	struct store *store;
	struct json_slice text;
	size_t pos;
	uint64_t schema;
	struct json_slice early; /* repositories that stand in front of the schema */
	bool repos, sessions;
};

/* A newer schema may have other things there. */
static int parse_checked_repos(
	struct document *d, const struct json_slice *text, size_t *len_out, struct error *err)
{
	int r = check_schema(d->schema, err);

	d->repos = true;
	return r < 0 ? r : parse_repos(d->store, text, len_out, err);
}

/* The value at d->pos. */
static int parse_member(struct document *d, const struct json_slice *key, struct error *err)
{
	const bool repos = json_key_is(key, "repositories");
	struct json_slice value = rest_of(&d->text, d->pos);
	size_t len = 0;
	int r;

	if (repos && d->schema) {
		r = parse_checked_repos(d, &value, &len, err);
		d->pos += len;
		return r;
	}
	r = json_take_value(d->text.at, d->text.len, &d->pos, &value, err);
	if (r < 0)
		return r;
	if (repos) {
		d->early = value;
		return 0;
	}
	if (json_key_is(key, "schema")) {
		if (!json_slice_u64(&value, &d->schema))
			d->schema = 0;
		return 0;
	}
	d->sessions = d->sessions || json_key_is(key, "sessions");
	return keep_unknown(&d->store->unknown, key, &value, err);
}

static void forget_rows(struct store *s)
{
	for (size_t i = 0; i < s->n_repos; i++) {
		store_rows_clear(&s->repos[i]);
		s->repos[i].heads = (struct json_slice){ "[]", 2 };
	}
}

static int parse_document(struct store *s, struct error *err)
{
	struct document d = { .store = s, .text = { s->text.data, s->text.len } };
	struct json_slice key;
	bool more = true;
	size_t len;
	int r;

	if (json_slice_is(&d.text, '['))
		return foreign(err);
	for (;;) {
		r = json_next_key(d.text.at, d.text.len, &d.pos, &key, &more, err);
		if (r == 0 && more)
			r = parse_member(&d, &key, err);
		if (r < 0)
			return r;
		if (!more)
			break;
	}
	if (!d.schema && d.sessions)
		return foreign(err);
	if (!d.schema)
		return error_set(err, ERR_CORRUPT, "it has no schema number");
	r = d.repos ? 0 : parse_checked_repos(&d, &d.early, &len, err);
	if (r == 0 && d.schema < STORE_SCHEMA)
		forget_rows(s);
	return r;
}

int store_parse(struct store *out, struct buf *text, struct error *err)
{
	struct store s = { .text = *text };
	int r;

	*text = (struct buf)BUF_INIT;
	r = json_check_depth(s.text.data, s.text.len, STORE_MAX_DEPTH, err);
	if (r == 0)
		r = parse_document(&s, err);
	if (r < 0) {
		store_release(&s);
		return r;
	}
	*out = s;
	return 0;
}

static void write_unknown(struct buf *out, const struct store_members *m)
{
	for (size_t i = 0; i < m->n; i++) {
		buf_adds(out, ",\n\"");
		buf_add(out, m->v[i].key.at, m->v[i].key.len);
		buf_adds(out, "\":");
		buf_add(out, m->v[i].value.at, m->v[i].value.len);
	}
}

static void write_repo(struct buf *out, const struct store_repo *r)
{
	buf_addch(out, '"');
	buf_add(out, r->id.at, r->id.len);
	buf_adds(out, "\":{\n\"heads\":");
	buf_add(out, r->heads.at, r->heads.len);
	write_unknown(out, &r->unknown);
	buf_adds(out, ",\n\"sessions\":[");
	for (size_t i = 0; i < r->n_rows; i++) {
		buf_adds(out, i ? ",\n" : "\n");
		buf_add(out, r->rows[i].text.at, r->rows[i].text.len);
	}
	buf_adds(out, "\n]}");
}

int store_write(struct buf *out, const struct store *s, struct error *err)
{
	buf_addf(out, "{\n\"schema\":%d", STORE_SCHEMA);
	write_unknown(out, &s->unknown);
	buf_adds(out, ",\n\"repositories\":{");
	for (size_t i = 0; i < s->n_repos; i++) {
		buf_adds(out, i ? ",\n" : "\n");
		write_repo(out, &s->repos[i]);
	}
	buf_adds(out, "\n}\n}\n");
	return buf_check(out, err);
}

struct store_repo *store_find(struct store *s, const char *repo_id)
{
	for (size_t i = 0; i < s->n_repos; i++)
		if (json_key_is(&s->repos[i].id, repo_id))
			return &s->repos[i];
	return NULL;
}

int store_add(struct store *s, const char *repo_id, struct store_repo **out, struct error *err)
{
	struct json_slice id;
	char *copy;
	int r;

	/* It becomes a key of the file as it is. */
	if (!id_is_hex(repo_id, ID_HEX_SIZE - 1))
		return error_set(err, ERR_USAGE, "not a repository's id: '%s'", repo_id);
	copy = strdup(repo_id);
	if (!copy)
		return error_nomem(err);
	id = (struct json_slice){ copy, strlen(copy) };
	r = repo_append(s, &id, out, err);
	if (r < 0) {
		free(copy);
		return r;
	}
	(*out)->own_id = copy;
	(*out)->heads = (struct json_slice){ "[]", 2 };
	return 0;
}
