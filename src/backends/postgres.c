#include "backends/postgres.h"

__attribute__((visibility("default"))) extern const struct backend_module minsky_backend_module;

const struct backend_module minsky_backend_module = {
	.abi = BACKEND_MODULE_ABI,
	.name = "postgres",
	.backend = &backend_postgres,
	.hub = &hub_postgres,
	.admin = &admin_postgres,
};
