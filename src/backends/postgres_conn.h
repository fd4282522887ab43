/*
 * postgres_conn.h - one connection to a server, on which nothing waits longer than a deadline.
 *
 * Statements are single and unnamed; nothing is set for the session, so that a pool of connections
 * in transaction mode may stand between. After a failure `broken` says that the connection is of no
 * more use, and `again` that the same work may well succeed in a moment: a serialization failure, a
 * deadlock, a server that is shutting down or starting up, a connection that was cut (SQLSTATE
 * 40001, 40P01, 57P0x, 08xxx).
 *
 * ERR_BACKEND: no answer in time, or a passing state of the server. ERR_REFUSED: who we are, TLS,
 * grants, a schema that is not there. ERR_BUSY: a lock was not to be had. ERR_NOTFOUND, ERR_CORRUPT
 * and ERR_USAGE as the server says.
 */
#ifndef BACKENDS_POSTGRES_CONN_H
#define BACKENDS_POSTGRES_CONN_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "backends/postgres_url.h"
#include "core/buf.h"
#include "core/error.h"

struct pg_conn {
	PGconn *c;
	const struct pg_settings *settings;
	int64_t used_at; /* monotonic, ms */
	pid_t owner; /* a child has no business with its parent's connections */
	bool broken, again;
	bool busy; /* somebody has it */
	bool sent; /* a statement's answer is still to be read */
};

#define PG_PARAMS_MAX 16

/* Parameters of a statement; what they point to stays the caller's. */
struct pg_params {
	int n;
	Oid types[PG_PARAMS_MAX];
	const char *values[PG_PARAMS_MAX];
	int lengths[PG_PARAMS_MAX];
	int formats[PG_PARAMS_MAX];
	char numbers[PG_PARAMS_MAX][24];
};

#define PG_TYPE_INT8 20u
#define PG_TYPE_TEXT 25u

/* Deadlines are moments of clock_monotonic_ms(). */
int pg_conn_open(struct pg_conn *conn, const struct pg_settings *settings, int64_t deadline,
	struct error *err);
void pg_conn_close(struct pg_conn *conn);

/* NULL is null. */
void pg_text(struct pg_params *p, const char *text);
void pg_int(struct pg_params *p, int64_t value);
/* Of postgres_array.h, finished. */
void pg_array(struct pg_params *p, const struct buf *array, Oid type);

/* The answer, with PGRES_TUPLES_OK or PGRES_COMMAND_OK; PQclear() it. */
int pg_query(struct pg_conn *conn, const char *sql, const struct pg_params *p, int64_t deadline,
	PGresult **out, struct error *err);
/* Several statements without parameters, joined by ';'; the answer is the last one's. */
int pg_script(
	struct pg_conn *conn, const char *sql, int64_t deadline, PGresult **out, struct error *err);
/* The same in halves, so that the server works while we do. Nothing else may come between. */
int pg_send(struct pg_conn *conn, const char *sql, const struct pg_params *p, int64_t deadline,
	struct error *err);
int pg_receive(struct pg_conn *conn, int64_t deadline, PGresult **out, struct error *err);
/* One row after the other; *out is NULL behind the last. Follows pg_send() and
 * PQsetSingleRowMode().
 */
int pg_receive_row(struct pg_conn *conn, int64_t deadline, PGresult **out, struct error *err);

/* Columns, as what they have to be; false: they are not. */
bool pg_column_int(const PGresult *res, int row, int column, int64_t *out);
bool pg_column_text(const PGresult *res, int row, int column, const char **out);

#endif
