/*
 * postgres.h - the PostgreSQL server of this run of tests (tests/lib/postgres.sh made it and says
 * who may log in; MINSKY_TEST_POSTGRES says where it is). Failing is an assertion.
 */
#ifndef TESTS_LIB_POSTGRES_H
#define TESTS_LIB_POSTGRES_H

#include "core/buf.h"

/* Directory with its socket, and what its port is called. */
const char *pgtest_dir(void);
const char *pgtest_port(void);
/* A database with the schema and the members; nothing happens if it is there. */
void pgtest_make(const char *db);
void pgtest_drop(const char *db);
/* As superuser. The answer's rows are lines, columns divided by '|'. */
struct buf pgtest_ask(const char *db, const char *sql);
void pgtest_run(const char *db, const char *sql);
/* Compares the answer, without its last newline. */
void pgtest_is(const char *db, const char *sql, const char *expected);
/* Asks until that is the answer; not within half a minute is a failure. */
void pgtest_wait(const char *db, const char *sql, const char *expected);
/* Append postgres://role@/db?host=...; `socket_dir` NULL: the server's own. */
void pgtest_url(struct buf *out, const char *role, const char *db, const char *socket_dir);

#endif
