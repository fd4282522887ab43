#include "backends/sqlite_query.h"

#include "backends/sqlite_schema.h"

/* Numbers of the parameters, whether a statement has them or not. */
enum parameter {
	P_REPOSITORY = 1,
	P_STATUS,
	P_TASK,
	P_BRANCH,
	P_PR,
	P_CREATED_SINCE,
	P_CREATED_BEFORE,
	P_ACTIVE_SINCE,
	P_ACTIVE_BEFORE,
	P_LIMIT,
	P_OFFSET,
};

bool query_cuts(const struct session_query *q)
{
	return (q->limit || q->offset) && !q->text;
}

int query_sql(struct buf *out, const struct session_query *q, struct error *err)
{
	static const char *const order[] = {
		[SORT_ACTIVITY] = "active DESC, id DESC",
		[SORT_CREATED] = "created DESC, id DESC",
		[SORT_NAME] = "name, id",
	};
	/* Few rows to be sorted are better than all rows in order; the plus says so. */
	bool few = q->status || q->task_id || q->branch;

	buf_adds(out,
		"SELECT record, hlc, origin, seq, events, frozen, id, place FROM session"
		" WHERE repository = (SELECT n FROM repository WHERE id = ?1)"
		" AND name IS NOT NULL");
	if (q->status)
		buf_addf(out, " AND status = ?%d", P_STATUS);
	else if (!q->deleted)
		buf_adds(out, " AND status <> 'deleted'");
	if (q->task_id)
		buf_addf(out, " AND task = ?%d", P_TASK);
	if (q->branch)
		buf_addf(out, " AND branch = ?%d", P_BRANCH);
	if (q->pr != PR_STATE_ANY)
		buf_addf(out, " AND pr = ?%d", P_PR);
	if (q->created_since)
		buf_addf(out, " AND created >= ?%d", P_CREATED_SINCE);
	if (q->created_before)
		buf_addf(out, " AND created < ?%d", P_CREATED_BEFORE);
	if (q->active_since)
		buf_addf(out, " AND active >= ?%d", P_ACTIVE_SINCE);
	if (q->active_before)
		buf_addf(out, " AND active < ?%d", P_ACTIVE_BEFORE);
	buf_addf(out, " ORDER BY %s%s", few ? "+" : "", order[q->sort]);
	if (query_cuts(q))
		buf_addf(out, " LIMIT ?%d OFFSET ?%d", P_LIMIT, P_OFFSET);
	return buf_check(out, err);
}

static int64_t count(uint64_t n)
{
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

int query_bind(sqlite3_stmt *s, const char *repo_id, const struct session_query *q,
	struct buf *task, struct error *err)
{
	int r = schema_task(q->task_id, task, err);

	if (r < 0)
		return r;
	/* Parameters that the statement does not have are refused, which is no failure. */
	db_bind_text(s, P_REPOSITORY, repo_id);
	db_bind_text(s, P_STATUS, q->status);
	db_bind_text(s, P_TASK, q->task_id ? task->data : NULL);
	db_bind_text(s, P_BRANCH, q->branch);
	db_bind_text(s, P_PR, session_pr_state_name(q->pr));
	(void)sqlite3_bind_int64(s, P_CREATED_SINCE, q->created_since);
	(void)sqlite3_bind_int64(s, P_CREATED_BEFORE, q->created_before);
	(void)sqlite3_bind_int64(s, P_ACTIVE_SINCE, q->active_since);
	(void)sqlite3_bind_int64(s, P_ACTIVE_BEFORE, q->active_before);
	(void)sqlite3_bind_int64(s, P_LIMIT, q->limit ? count(q->limit) : -1);
	(void)sqlite3_bind_int64(s, P_OFFSET, count(q->offset));
	return 0;
}
