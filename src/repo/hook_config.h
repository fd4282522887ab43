/*
 * hook_config.h - hooks as configuration, which git knows from 2.54 on: they stand beside the files
 * of the hooks directory and of hook managers, and nobody's file is touched.
 *
 *	[hook "minsky"]
 *		command = test ! -x '<minsky-hook>' || '<minsky-hook>' run any "$@" || :
 *		event = post-commit		(and so on, one for each hook)
 *
 * in the repository's own configuration. The words around the program keep git going when it is
 * gone. Older gits pass over them.
 */
#ifndef REPO_HOOK_CONFIG_H
#define REPO_HOOK_CONFIG_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"

/* Is this the form for the git that there is? */
int hook_config_usable(bool *out, struct error *err);
/* Is anything of it in the repository's configuration? Asks no git. */
bool hook_config_there(const char *common_dir);
/* All of it, as it would be written, and not switched off? */
int hook_config_complete(
	const char *common_dir, const char *program, bool bare, bool *out, struct error *err);
int hook_config_install(const char *common_dir, const char *program, bool bare, struct error *err);
int hook_config_remove(const char *common_dir, struct error *err);

#endif
