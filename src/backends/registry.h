/*
 * registry.h - the factory: from a name in the configuration to an open backend or hub.
 *
 * Opens lazily, keeps one of each for each configuration in a process, closes them all at once. A
 * name that is not built in is that of a module (module.h). That a repository's file names none but
 * those that come with minsky, unless the user trusts it, is the configuration's doing (config.h).
 */
#ifndef BACKENDS_REGISTRY_H
#define BACKENDS_REGISTRY_H

#include <stdbool.h>

#include "backends/trace.h"
#include "core/backend.h"
#include "core/config.h"
#include "core/error.h"
#include "core/hub.h"

/*
 * What sessiondb.backend names; owned by the registry. ERR_USAGE for a name that is neither built
 * in nor a module's (the hint lists those there are), ERR_UNSUPPORTED for a module that does not
 * fit.
 */
int registry_open(struct backend **out, const struct config *config, struct error *err);
/*
 * The hub: of the module that sessiondb.hub names ("postgres", or the scheme of a URL), else of the
 * backend, if that can be one. ERR_NOTFOUND: there is none. Owned by the registry; `deadline_ms` as
 * in hub_ops.open(), and one with another deadline is another hub. Errors as above.
 */
int registry_open_hub(
	struct hub **out, const struct config *config, int deadline_ms, struct error *err);
/* Can the backend of this name be a hub too? False also for one that is not there. */
bool registry_is_hub(const char *name);
/* The ops behind a name, built in or loaded: for tests, and for naming another backend. */
int registry_find(const struct backend_ops **out, const char *name, struct error *err);
void registry_close_all(void);

/* Every backend that is opened from now on tells its calls (trace.h); NULL: no more. */
void registry_trace(trace_fn *fn, void *arg);

/* What is built in, one table a file. */
extern const struct backend_ops backend_json;

/* NULL-terminated, for messages and tests. */
extern const struct backend_ops *const registry_backends[];

#endif
