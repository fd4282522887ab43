#include "backends/json_store.h"

#include "core/array.h"
#include "core/backend.h"

/* The member `name` of an object's text; empty if it is not there. */
static int member_of(
	const struct json_slice *text, const char *name, struct json_slice *out, struct error *err)
{
	struct json_slice key, value;
	size_t pos = 0;
	bool more = json_slice_is(text, '{');

	*out = (struct json_slice){ .len = 0 };
	while (more) {
		int r = json_next_member(text->at, text->len, &pos, &key, &value, &more, err);

		if (r < 0)
			return r;
		if (more && json_key_is(&key, name)) {
			*out = value;
			return 0;
		}
	}
	return 0;
}

static int row_read_id(struct store_row *row, struct error *err)
{
	struct json_slice record, value = { .len = 0 };
	char *id = NULL;
	int r = member_of(&row->text, "record", &record, err);

	if (r == 0)
		r = member_of(&record, "sessionId", &value, err);
	if (r == 0)
		r = json_slice_string(&value, &id, err);
	if (r == 0 && (!id || !id_is_uuid(id)))
		r = error_set(err, ERR_CORRUPT, "a session's row without a sessionId");
	if (r == 0)
		memcpy(row->id, id, ID_UUID_SIZE);
	free(id);
	return r;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct store_row *)a)->id, ((const struct store_row *)b)->id);
}

int store_index(struct store_repo *r, struct error *err)
{
	if (r->indexed)
		return 0;
	for (size_t i = 0; i < r->n_rows; i++) {
		int rc = row_read_id(&r->rows[i], err);

		if (rc < 0)
			return rc;
	}
	if (r->n_rows)
		qsort(r->rows, r->n_rows, sizeof(*r->rows), by_id);
	for (size_t i = 1; i < r->n_rows; i++)
		if (strcmp(r->rows[i - 1].id, r->rows[i].id) == 0)
			return error_set(
				err, ERR_CORRUPT, "session '%s' has two rows", r->rows[i].id);
	r->indexed = true;
	return 0;
}

static int by_session(const void *key, const void *element)
{
	return strcmp(key, ((const struct store_row *)element)->id);
}

struct store_row *store_row_find(struct store_repo *r, const char *session_id)
{
	size_t at;

	return ARRAY_FIND(session_id, r->rows, r->n_rows, by_session, &at) ? &r->rows[at] : NULL;
}

/* What a newer minsky added to a row is not lost when this one replaces it. */
static int carry_unknown(struct buf *out, const struct json_slice *old, struct error *err)
{
	static const char *const known[] = { "record", "place", "key", "events", "frozen" };
	struct json_slice key, value;
	size_t pos = 0;
	bool more = json_slice_is(old, '{');

	while (more) {
		int r = json_next_member(old->at, old->len, &pos, &key, &value, &more, err);
		bool mine = false;

		if (r < 0)
			return r;
		for (size_t i = 0; more && i < sizeof(known) / sizeof(*known); i++)
			mine = mine || json_key_is(&key, known[i]);
		if (!more || mine)
			continue;
		buf_truncate(out, out->len - 1);
		buf_adds(out, ",\"");
		buf_add(out, key.at, key.len);
		buf_adds(out, "\":");
		buf_add(out, value.at, value.len);
		buf_addch(out, '}');
	}
	return buf_check(out, err);
}

static int row_insert(
	struct store_repo *r, const char *id, struct store_row **out, struct error *err)
{
	size_t at;

	(void)ARRAY_FIND(id, r->rows, r->n_rows, by_session, &at);
	if (!ARRAY_GROW(r->rows, r->n_rows, r->cap_rows))
		return error_nomem(err);
	ARRAY_OPEN(r->rows, r->n_rows, at);
	r->n_rows++;
	*out = &r->rows[at];
	**out = (struct store_row){ .own = NULL };
	memcpy((*out)->id, id, ID_UUID_SIZE);
	return 0;
}

int store_row_put(struct store_repo *r, const struct session *s, struct error *err)
{
	struct buf text = BUF_INIT;
	struct store_row *row = NULL;
	size_t len;
	char *own;
	int rc = store_index(r, err);

	if (rc < 0)
		return rc;
	row = store_row_find(r, s->id);
	rc = session_row_to_json(&text, s, err);
	if (rc == 0 && row)
		rc = carry_unknown(&text, &row->text, err);
	if (rc == 0 && !row)
		rc = row_insert(r, s->id, &row, err);
	if (rc < 0) {
		buf_release(&text);
		return rc;
	}
	len = text.len;
	own = buf_detach(&text);
	free(row->own);
	row->own = own;
	row->text = (struct json_slice){ own, len };
	return 0;
}

void store_row_remove(struct store_repo *r, struct store_row *row)
{
	size_t at = (size_t)(row - r->rows);

	free(row->own);
	ARRAY_CLOSE(r->rows, r->n_rows, at);
	r->n_rows--;
}

void store_rows_clear(struct store_repo *r)
{
	for (size_t i = 0; i < r->n_rows; i++)
		free(r->rows[i].own);
	r->n_rows = 0;
}
