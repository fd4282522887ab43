/*
 * module.h - finds and loads backends that are not built in (core/module.h says what one is).
 *
 * A module is known by its bare name. It is looked for in $MINSKY_MODULE_DIR/backends, then beside
 * this program (<prefix>/bin -> <prefix>/<libdir>/minsky/backends, so that an installation may be
 * moved as a whole), then where it was installed; the first that has it decides. Once loaded it
 * stays for the life of the process.
 */
#ifndef BACKENDS_MODULE_H
#define BACKENDS_MODULE_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/module.h"

/* Letters, digits, '-' and '_'; a name with '/' or '.' would be a path. */
bool module_name_ok(const char *name);
/*
 * ERR_NOTFOUND: no directory has it. ERR_USAGE: that is no name. ERR_UNSUPPORTED: made for another
 * minsky, or no backend at all.
 */
int module_load(const struct backend_module **out, const char *name, struct error *err);
/* ", name" for each module that can be found, appended: for messages. */
void module_add_names(struct buf *out);

#endif
