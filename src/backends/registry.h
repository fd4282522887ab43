/*
 * registry.h - the factory: from a name in the configuration to an open backend.
 *
 * Opens lazily, keeps one backend for each configuration in a process, closes them all at once.
 */
#ifndef BACKENDS_REGISTRY_H
#define BACKENDS_REGISTRY_H

#include "core/backend.h"
#include "core/config.h"
#include "core/error.h"

/* Owned by the registry. ERR_USAGE for a name that is not built in; the hint lists those that are.
 */
int registry_open(struct backend **out, const struct config *config, struct error *err);
void registry_close_all(void);

/* What is built in, one table a file. */
extern const struct backend_ops backend_json;

/* NULL-terminated, for messages and tests. */
extern const struct backend_ops *const registry_backends[];

#endif
