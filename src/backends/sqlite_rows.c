#include "backends/sqlite_rows.h"

#include "backends/sqlite_query.h"
#include "core/array.h"

int rows_heads(struct db *db, sqlite3_stmt *s, struct heads *out, struct error *err)
{
	struct heads heads = HEADS_INIT;
	bool row = true;
	int r = 0;

	while (r == 0 && row) {
		const char *origin, *hash;

		r = db_step(db, s, &row, err);
		if (r < 0 || !row)
			break;
		origin = db_text(s, 0);
		hash = db_text(s, 2);
		if (!origin || !id_is_hex(origin, ID_HEX_SIZE - 1) || !hash ||
			!id_is_hex(hash, HASH_HEX_SIZE - 1))
			r = db_corrupt(db, "a head has no usable origin or hash", err);
		else
			r = heads_set(
				&heads, origin, (uint64_t)sqlite3_column_int64(s, 1), hash, err);
	}
	if (r < 0)
		heads_release(&heads);
	else
		*out = heads;
	return r;
}

/* Columns: record, hlc, origin, seq, events, frozen, id, place. */
static int read_row(struct db *db, sqlite3_stmt *s, struct session *out, struct error *err)
{
	const char *record = db_text(s, 0), *hlc = db_text(s, 1), *origin = db_text(s, 2);
	const char *id = db_text(s, 6), *place = db_text(s, 7);
	struct session row = { .name = NULL };
	int r;

	if (!record || !hlc || !id_is_hex(hlc, 16) || !origin ||
		!id_is_hex(origin, ID_HEX_SIZE - 1))
		return db_corrupt(db, "a session's row has no usable record or key", err);
	r = session_from_json(&row, record, (size_t)sqlite3_column_bytes(s, 0), err);
	if (r < 0)
		return db_in_store(db, r, err);
	if (!id || strcmp(row.id, id) != 0) {
		session_release(&row);
		return db_corrupt(db, "a session's row has the record of another", err);
	}
	r = place ? json_check(place, strlen(place), err) : 0;
	if (r == 0 && place)
		r = session_place_from_json(&row, place, strlen(place), err);
	if (r < 0) {
		session_release(&row);
		return db_in_store(db, r, err);
	}
	row.last_key.hlc = strtoull(hlc, NULL, 16);
	memcpy(row.last_key.origin, origin, ID_HEX_SIZE);
	row.last_key.seq = (uint64_t)sqlite3_column_int64(s, 3);
	row.n_events = (uint64_t)sqlite3_column_int64(s, 4);
	row.frozen = sqlite3_column_int(s, 5) != 0;
	*out = row;
	return 0;
}

int rows_choose(struct db *db, sqlite3_stmt *s, enum session_key kind, const char *key,
	struct session *out, struct error *err)
{
	struct session best = { .name = NULL };
	bool row = true;
	int r = 0;

	while (r == 0) {
		struct session session;

		r = db_step(db, s, &row, err);
		if (r == 0 && row)
			r = read_row(db, s, &session, err);
		if (r < 0 || !row)
			break;
		if (session_key_matches(kind, key, &session) &&
			(!best.id[0] || session_key_prefers(kind, &session, &best))) {
			session_release(&best);
			best = session;
		} else {
			session_release(&session);
		}
	}
	if (r == 0 && !best.id[0])
		r = error_set(err, ERR_NOTFOUND, "no session '%s'", key);
	if (r < 0)
		session_release(&best);
	else
		*out = best;
	return r;
}

static int append(struct session_set *set, size_t *cap, const struct session *s, struct error *err)
{
	if (!ARRAY_GROW(set->v, set->n, *cap))
		return error_nomem(err);
	set->v[set->n++] = *s;
	return 0;
}

int rows_collect(struct db *db, sqlite3_stmt *s, const struct session_query *q,
	struct session_set *out, struct error *err)
{
	size_t cap = 0, skip = query_cuts(q) ? 0 : q->offset;
	bool row = true;
	int r = 0;

	while (r == 0 && (!q->limit || out->n < q->limit)) {
		struct session session;

		r = db_step(db, s, &row, err);
		if (r == 0 && row)
			r = read_row(db, s, &session, err);
		if (r < 0 || !row)
			break;
		if (session_query_matches(q, &session) && (!skip || !skip--))
			r = append(out, &cap, &session, err);
		else
			session_release(&session);
		if (r < 0)
			session_release(&session);
	}
	return r;
}

int rows_write(struct db *db, const char *repo_id, struct buf *out, struct error *err)
{
	sqlite3_stmt *s;
	bool row = true;
	size_t n = 0;
	int r = db_get(db, DB_ALL, &s, err);

	if (r < 0)
		return r;
	db_bind_text(s, 1, repo_id);
	while (r == 0) {
		struct session session;

		r = db_step(db, s, &row, err);
		if (r == 0 && row)
			r = read_row(db, s, &session, err);
		if (r < 0 || !row)
			break;
		buf_adds(out, n++ ? ",\n" : "\n");
		r = session_row_to_json(out, &session, err);
		session_release(&session);
	}
	db_reset(s);
	return r;
}
