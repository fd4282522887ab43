/*
 * sqlite_check.h - looks for damage in a store that is open: of the file, of references between
 * rows, and columns that do not say what their record says.
 */
#ifndef BACKENDS_SQLITE_CHECK_H
#define BACKENDS_SQLITE_CHECK_H

#include "backends/sqlite_db.h"
#include "core/backend.h"

int check_store(struct db *db, backend_finding_fn *fn, void *arg, struct error *err);

#endif
