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

#define BACKEND_MODULE_ABI 4u
#define BACKEND_MODULE_SYMBOL "minsky_backend_module"
/* In front of its definition: everything else of a module stays inside. */
#define BACKEND_MODULE_EXPORT __attribute__((visibility("default")))

/*
 * For a store that somebody has to make before it can be used, and to say who may use it. `members`
 * is a NULL-terminated list of accounts; those who are members already stay so.
 */
struct backend_admin {
	/* What set_up() does, as a text that whoever keeps the store can read and run. */
	int (*script)(struct buf *out, const char *const *members, struct error *err);
	/*
	 * Make the store or bring it up to date. Versions of before and after, from 0 if it is new;
	 * `location` as in backend_ops.
	 */
	int (*set_up)(const struct config *config, const char *const *members, int *from_out,
		int *to_out, struct buf *location, struct error *err);
};

struct backend_module {
	uint32_t abi; /* BACKEND_MODULE_ABI */
	const char *name;
	const struct backend_ops *backend;
	const struct hub_ops *hub; /* NULL: cannot be a hub */
	const struct backend_admin *admin; /* NULL: nothing to make */
};

#endif
