/*
 * postgres_store.h - what the files that implement the backend have in common.
 *
 * The rows are the projection that a whole team shares. A batch is a transaction that holds the
 * lock of one repository's row in store_p1, so that projectors take turns; the server ends it if
 * we fall silent. Rows travel by the thousand, one statement at a time, while the next thousand
 * is being written. A row that has seen more events than the one that is put stays as it is, and
 * so does a head that is further: whatever order machines come in, nothing goes backwards.
 */
#ifndef BACKENDS_POSTGRES_STORE_H
#define BACKENDS_POSTGRES_STORE_H

#include "backends/postgres.h"
#include "backends/postgres_array.h"
#include "backends/postgres_pool.h"

/* For each statement of a batch; connecting has its own. */
#define PG_STORE_DEADLINE_MS 30000
/* For a question that somebody waits for: after that the journal answers. */
#define PG_STORE_READ_MS 3000

enum pg_row_column {
	ROW_SESSION,
	ROW_EVENTS,
	ROW_NAME,
	ROW_TASK,
	ROW_TASK_KEY,
	ROW_BRANCH,
	ROW_DESCRIPTION,
	ROW_STATUS,
	ROW_DELETED,
	ROW_PR,
	ROW_CREATED,
	ROW_ACTIVITY,
	ROW_DOC,
	ROW_COLUMNS,
};

/* Rows on their way. */
struct pg_rows {
	struct pg_column columns[ROW_COLUMNS];
	size_t n, bytes;
};

struct pg_store {
	struct backend base;
	struct pg_pool *pool;
	/* the open batch */
	struct pg_conn *conn; /* NULL: none */
	char repo[ID_HEX_SIZE];
	struct heads heads; /* as they were when it began */
	bool empty; /* the repository has no rows, and none were put */
	struct pg_rows rows;
	/* rows that were asked for ahead, by session; and which those were, sorted */
	PGresult *fetched;
	char (*wanted)[ID_UUID_SIZE];
	size_t n_wanted;
};

struct pg_store *pg_store_self(struct backend *b);
int64_t pg_store_deadline(void);
int pg_store_check_repo(const char *repo_id, struct error *err);
int pg_store_corrupt(const struct pg_store *s, struct error *err);
/* A row's text as a session; ERR_CORRUPT names the store. */
int pg_store_decode(const struct pg_store *s, const char *doc, size_t len, struct session *out,
	struct error *err);
/* A statement that reads: on the batch's connection if that is open for this repository. */
int pg_store_read(struct pg_store *s, const char *repo_id, const char *sql,
	const struct pg_params *p, PGresult **out, struct error *err);
/* Heads from columns `at` (origin), at + 1, at + 2; rows whose origin is null are passed over. */
int pg_store_heads(const struct pg_store *s, const PGresult *res, int at, struct heads *out,
	struct error *err);
/* How a task is found: in one spelling. */
int pg_store_task_key(struct buf *out, const char *task, struct error *err);

int pg_batch_begin(struct backend *b, const char *repo_id, struct error *err);
int pg_batch_put(struct backend *b, const struct session *session, struct error *err);
int pg_batch_remove(struct backend *b, const char *session_id, struct error *err);
int pg_batch_commit(struct backend *b, const struct heads *heads, struct error *err);
void pg_batch_rollback(struct backend *b);
/* Have the server see what was put. */
int pg_batch_flush(struct pg_store *s, struct error *err);
/* What was fetched ahead is not true any more. */
void pg_batch_forget(struct pg_store *s);
void pg_rows_init(struct pg_rows *rows);
void pg_rows_release(struct pg_rows *rows);

int pg_store_get(struct backend *b, const char *repo_id, enum session_key kind, const char *key,
	struct session *out, struct error *err);
int pg_store_prefetch(
	struct backend *b, const char *const *session_ids, size_t n, struct error *err);
int pg_store_check(struct backend *b, backend_finding_fn *fn, void *arg, struct error *err);
int pg_store_list(struct backend *b, const char *repo_id, const struct session_query *query,
	struct session_set *out, struct error *err);

#endif
