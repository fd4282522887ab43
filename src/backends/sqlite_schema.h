/*
 * sqlite_schema.h - what the tables of the sqlite backend look like, and how a store of an earlier
 * version becomes one of this.
 *
 * PRAGMA user_version counts the versions, PRAGMA application_id says that a file is ours at all.
 *
 *	1	a table of records and one of heads, both by the repository's id
 *	2	repositories in a table of their own; columns for what can be asked of pull requests
 *		and ages
 */
#ifndef BACKENDS_SQLITE_SCHEMA_H
#define BACKENDS_SQLITE_SCHEMA_H

#include <stdbool.h>

#include "backends/sqlite_db.h"
#include "core/session.h"

#define SCHEMA_VERSION 3
#define SCHEMA_APPLICATION 0x6d6e736b /* "mnsk" */

/*
 * *version_out = that of the store, 0 for a file without tables. ERR_UNSUPPORTED for a newer one
 * and for a database that is not ours.
 */
int schema_version(struct db *db, int *version_out, struct error *err);
/* In one transaction; looks again with the lock in hand, since another process may have done it. */
int schema_update(struct db *db, struct error *err);

/*
 * Columns of `session` behind (repository, id), in this order, from bind parameter 3 on; texts in
 * `record` and `task` have to live until the statement is reset.
 */
int schema_bind_session(sqlite3_stmt *s, const struct session *session, struct buf *record,
	struct buf *task, struct error *err);
/* How a task's id stands in its column: in its plain spelling, if it has one. */
int schema_task(const char *task_id, struct buf *out, struct error *err);

#endif
