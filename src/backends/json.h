/*
 * json.h - the JSON backend for a file that no setting names.
 */
#ifndef BACKENDS_JSON_H
#define BACKENDS_JSON_H

#include "core/backend.h"
#include "core/error.h"

/* Lazily, as backend_ops.open(); ops->close() closes it. */
int json_backend_open(struct backend **out, const char *path, struct error *err);

#endif
