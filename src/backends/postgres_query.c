/* Finding sessions. Texts compare as bytes (the columns' collation), whatever the database's. */
#include <stdlib.h>
#include <string.h>

#include "backends/postgres_store.h"
#include "core/text.h"

static int not_found(const char *key, struct error *err)
{
	return error_set(err, ERR_NOTFOUND, "no session '%s'", key);
}

/* Of several rows the one that the key means. */
static int choose(const struct pg_store *s, const PGresult *res, enum session_key kind,
	const char *key, struct session *out, struct error *err)
{
	struct session best = { .name = NULL };
	bool found = false;
	int r = 0;

	for (int i = 0; r == 0 && i < PQntuples(res); i++) {
		struct session one = { .name = NULL };

		r = pg_store_decode(
			s, PQgetvalue(res, i, 0), (size_t)PQgetlength(res, i, 0), &one, err);
		if (r < 0)
			break;
		if (session_key_matches(kind, key, &one) &&
			(!found || session_key_prefers(kind, &one, &best))) {
			session_release(&best);
			best = one;
			found = true;
		} else {
			session_release(&one);
		}
	}
	if (r == 0 && !found)
		r = not_found(key, err);
	if (r < 0)
		session_release(&best);
	else
		*out = best;
	return r;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(a, b);
}

int pg_store_prefetch(
	struct backend *b, const char *const *session_ids, size_t n, struct error *err)
{
	static const char sql[] = "select doc, session from minsky.session_p1 "
				  "where repo = $1::uuid and session = any($2) order by session";
	struct pg_store *s = pg_store_self(b);
	struct pg_column ids = PG_COLUMN_INIT;
	struct pg_params p = { .n = 0 };
	int r;

	if (!s->conn)
		return error_set(err, ERR_USAGE, "no batch is open");
	pg_batch_forget(s);
	if (!n || s->empty)
		return 0;
	s->wanted = calloc(n, sizeof(*s->wanted));
	if (!s->wanted)
		return error_nomem(err);
	pg_column_begin(&ids, PG_ARRAY_UUID);
	for (size_t i = 0; i < n; i++) {
		if (!id_is_uuid(session_ids[i]))
			continue;
		memcpy(s->wanted[s->n_wanted++], session_ids[i], ID_UUID_SIZE);
		pg_column_add_uuid(&ids, session_ids[i]);
	}
	pg_column_end(&ids);
	qsort(s->wanted, s->n_wanted, sizeof(*s->wanted), compare_ids);
	pg_text(&p, s->repo);
	pg_array(&p, &ids.data, PG_ARRAY_UUID);
	r = buf_check(&ids.data, err);
	if (r == 0)
		r = pg_store_read(s, s->repo, sql, &p, &s->fetched, err);
	if (r < 0)
		pg_batch_forget(s);
	pg_column_release(&ids);
	return r;
}

/* False: it was not asked for ahead. */
static bool was_fetched(const struct pg_store *s, const char *id, int *row_out)
{
	int low = 0, high = s->n_wanted ? PQntuples(s->fetched) : 0;

	if (!s->n_wanted || !bsearch(id, s->wanted, s->n_wanted, sizeof(*s->wanted), compare_ids))
		return false;
	*row_out = -1;
	while (low < high) {
		int mid = low + (high - low) / 2;
		int c = strcmp(PQgetvalue(s->fetched, mid, 1), id);

		if (c == 0) {
			*row_out = mid;
			break;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return true;
}

int pg_store_get(struct backend *b, const char *repo_id, enum session_key kind, const char *key,
	struct session *out, struct error *err)
{
	static const char *const sql[] = {
		[KEY_ID] = "select doc from minsky.session_p1 where repo = $1::uuid "
			   "and session = $2::uuid",
		[KEY_NAME] = "select doc from minsky.session_p1 where repo = $1::uuid "
			     "and name = $2 and not deleted",
		[KEY_TASK] = "select doc from minsky.session_p1 where repo = $1::uuid "
			     "and task_key = $2 and not deleted and name is not null",
	};
	struct pg_store *s = pg_store_self(b);
	struct pg_params p = { .n = 0 };
	struct buf task = BUF_INIT;
	PGresult *res = NULL;
	int r = pg_store_check_repo(repo_id, err), row;

	if (r < 0)
		return r;
	if ((kind == KEY_ID && !id_is_uuid(key)) || !text_is_utf8(key, strlen(key)) ||
		(s->conn && s->empty && strcmp(s->repo, repo_id) == 0))
		return not_found(key, err);
	if (kind == KEY_ID && s->conn && strcmp(s->repo, repo_id) == 0 && was_fetched(s, key, &row))
		return row < 0 ? not_found(key, err)
			       : pg_store_decode(s, PQgetvalue(s->fetched, row, 0),
					 (size_t)PQgetlength(s->fetched, row, 0), out, err);
	if (kind == KEY_TASK)
		r = pg_store_task_key(&task, key, err);
	pg_text(&p, repo_id);
	pg_text(&p, kind == KEY_TASK ? task.data : key);
	if (r == 0)
		r = pg_store_read(s, repo_id, sql[kind], &p, &res, err);
	if (r == 0)
		r = choose(s, res, kind, key, out, err);
	PQclear(res);
	buf_release(&task);
	return r;
}

struct where {
	struct buf sql;
	struct pg_params params;
	struct buf task;
};

static void and_text(struct where *w, const char *condition, const char *value)
{
	if (!value)
		return;
	pg_text(&w->params, value);
	buf_addf(&w->sql, " and %s $%d", condition, w->params.n);
}

static void and_int(struct where *w, const char *condition, int64_t value)
{
	if (!value)
		return;
	pg_int(&w->params, value);
	buf_addf(&w->sql, " and %s $%d", condition, w->params.n);
}

/* lower() of the "C" collation knows the letters a to z alone, as the other backends do. */
static void and_part(struct where *w, const char *text)
{
	static const char *const columns[] = { "name", "task", "branch", "description" };

	if (!text || !*text)
		return;
	pg_text(&w->params, text);
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		buf_addf(&w->sql, "%s strpos(lower(%s), lower($%d::text collate \"C\")) > 0",
			i ? " or" : " and (", columns[i], w->params.n);
	buf_adds(&w->sql, ")");
}

static int make_where(
	struct where *w, const char *repo_id, const struct session_query *q, struct error *err)
{
	static const char *const orders[] = {
		[SORT_ACTIVITY] = "activity_at desc, session desc",
		[SORT_CREATED] = "created_at desc, session desc",
		[SORT_NAME] = "name, session",
	};
	int r = q->task_id ? pg_store_task_key(&w->task, q->task_id, err) : 0;

	if (r < 0)
		return r;
	pg_text(&w->params, repo_id);
	buf_adds(&w->sql,
		"select doc from minsky.session_p1 where repo = $1::uuid "
		"and name is not null");
	and_text(w, "status =", q->status);
	if (!q->deleted && !q->status)
		buf_adds(&w->sql, " and not deleted");
	and_text(w, "task_key =", q->task_id ? w->task.data : NULL);
	and_text(w, "branch =", q->branch);
	and_text(w, "pr =", q->pr == PR_STATE_ANY ? NULL : session_pr_state_name(q->pr));
	and_int(w, "created_at >=", q->created_since);
	and_int(w, "created_at <", q->created_before);
	and_int(w, "activity_at >=", q->active_since);
	and_int(w, "activity_at <", q->active_before);
	and_part(w, q->text);
	buf_addf(&w->sql, " order by %s", orders[q->sort]);
	if (q->limit)
		buf_addf(&w->sql, " limit %zu", q->limit);
	if (q->offset)
		buf_addf(&w->sql, " offset %zu", q->offset);
	return buf_check(&w->sql, err);
}

static int decode_all(
	const struct pg_store *s, const PGresult *res, struct session_set *out, struct error *err)
{
	struct session_set set = { .v = NULL };
	int n = PQntuples(res), r = 0;

	if (n) {
		set.v = calloc((size_t)n, sizeof(*set.v));
		if (!set.v)
			return error_nomem(err);
	}
	for (int i = 0; r == 0 && i < n; i++) {
		r = pg_store_decode(s, PQgetvalue(res, i, 0), (size_t)PQgetlength(res, i, 0),
			&set.v[set.n], err);
		if (r == 0)
			set.n++;
	}
	if (r < 0)
		session_set_release(&set);
	else
		*out = set;
	return r;
}

static bool is_text(const char *text)
{
	return !text || text_is_utf8(text, strlen(text));
}

int pg_store_list(struct backend *b, const char *repo_id, const struct session_query *query,
	struct session_set *out, struct error *err)
{
	struct pg_store *s = pg_store_self(b);
	struct where w = { .sql = BUF_INIT, .params = { .n = 0 }, .task = BUF_INIT };
	PGresult *res = NULL;
	int r = pg_store_check_repo(repo_id, err);

	if (r < 0)
		return r;
	/* What is no text is in none. */
	if (!is_text(query->status) || !is_text(query->task_id) || !is_text(query->branch) ||
		!is_text(query->text)) {
		*out = (struct session_set){ .v = NULL };
		return 0;
	}
	r = make_where(&w, repo_id, query, err);
	if (r == 0)
		r = pg_store_read(s, repo_id, w.sql.data, &w.params, &res, err);
	if (r == 0)
		r = decode_all(s, res, out, err);
	PQclear(res);
	buf_release(&w.sql);
	buf_release(&w.task);
	return r;
}
