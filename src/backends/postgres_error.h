/*
 * postgres_error.h - what a failure of the server or of libpq means, and how it is told.
 */
#ifndef BACKENDS_POSTGRES_ERROR_H
#define BACKENDS_POSTGRES_ERROR_H

#include "backends/postgres_conn.h"

/* A statement's. `res` is one with an error. */
int pg_fail_result(struct pg_conn *conn, const PGresult *res, struct error *err);
/* The connection's: it could not be made, or was cut. `before` is how far it had got. */
int pg_fail_connect(struct pg_conn *conn, ConnStatusType before, struct error *err);
int pg_fail_lost(struct pg_conn *conn, struct error *err);
int pg_fail_late(struct pg_conn *conn, const char *what, struct error *err);

#endif
