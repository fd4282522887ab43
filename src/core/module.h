/*
 * module.h - what a loadable backend exports: one symbol, minsky_backend_module.
 *
 * Modules stand in <libdir>/minsky/backends and are found by their bare name (`postgres` is
 * postgres.so). The number is compared before anything else in the table is looked at: it counts
 * up whenever this table, struct backend_ops, struct hub_ops or anything that they pass changes.
 */
#ifndef CORE_MODULE_H
#define CORE_MODULE_H

#include <stdint.h>

#include "core/backend.h"
#include "core/hub.h"

#define BACKEND_MODULE_ABI 1u
#define BACKEND_MODULE_SYMBOL "minsky_backend_module"

struct backend_module {
	uint32_t abi; /* BACKEND_MODULE_ABI */
	const char *name;
	const struct backend_ops *backend;
	const struct hub_ops *hub; /* NULL: cannot be a hub */
};

#endif
