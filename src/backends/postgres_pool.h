/*
 * postgres_pool.h - the connections of this process to one database, shared by hub and backend.
 *
 * At most sessiondb.postgres.poolSize of them are open. One that has been idle is looked at before
 * it is used again, one that failed is closed. A child process starts with none. A new connection
 * first asks for the version of the schema, the instance and the time, in one statement.
 */
#ifndef BACKENDS_POSTGRES_POOL_H
#define BACKENDS_POSTGRES_POOL_H

#include "backends/postgres_conn.h"

/* The version of the schema that this program makes and expects. */
#define PG_SCHEMA 3

struct pg_pool;

/* Shared by settings; ends with as many pg_pool_close() as there were pg_pool_open(). */
int pg_pool_open(struct pg_pool **out, const struct config *config, enum pg_purpose purpose,
	struct error *err);
void pg_pool_close(struct pg_pool *p); /* accepts NULL */
const struct pg_settings *pg_pool_settings(const struct pg_pool *p);

/* ERR_BUSY when all are in use. Whoever takes one puts it back, failed or not. */
int pg_pool_take(struct pg_pool *p, int64_t deadline, struct pg_conn **out, struct error *err);
void pg_pool_put(struct pg_pool *p, struct pg_conn *conn);

/*
 * Do some work on a connection; do it again, with another one if need be, while its failure is
 * one that passes and the deadline allows. So the work has to be harmless when it is repeated.
 */
typedef int pg_work_fn(struct pg_conn *conn, int64_t deadline, void *arg, struct error *err);
int pg_pool_run(struct pg_pool *p, int64_t deadline, pg_work_fn *fn, void *arg, struct error *err);
/* The same; after success the connection is the caller's, who puts it back. */
int pg_pool_run_keep(struct pg_pool *p, int64_t deadline, pg_work_fn *fn, void *arg,
	struct pg_conn **out, struct error *err);

/* How long to wait after that many failures; by chance half to one and a half times of 20 ms, 40
 * ms, 80 ms, so that those who failed together part. */
int64_t pg_backoff_ms(unsigned attempt);

/* As the last connection was told; "" and 0 before there was one. */
const char *pg_pool_instance(const struct pg_pool *p);
int64_t pg_pool_skew(const struct pg_pool *p);

#endif
