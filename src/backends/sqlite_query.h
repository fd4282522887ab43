/*
 * sqlite_query.h - a session_query as SQL.
 *
 * What the columns can say is said in the WHERE clause; the caller still asks
 * session_query_matches() about each row, which settles the rest (`text`), so that this backend
 * cannot answer otherwise than the others. Rows come in the query's order.
 */
#ifndef BACKENDS_SQLITE_QUERY_H
#define BACKENDS_SQLITE_QUERY_H

#include "backends/sqlite_db.h"
#include "core/backend.h"

/* Appends the statement. It is the same text for queries that set the same members. */
int query_sql(struct buf *out, const struct session_query *q, struct error *err);
/* `task` holds a text until the statement is done. */
int query_bind(sqlite3_stmt *s, const char *repo_id, const struct session_query *q,
	struct buf *task, struct error *err);
/* Are offset and limit in the statement? Otherwise the caller counts. */
bool query_cuts(const struct session_query *q);

#endif
