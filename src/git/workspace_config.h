/*
 * workspace_config.h - the configuration file of a new workspace.
 */
#ifndef GIT_WORKSPACE_CONFIG_H
#define GIT_WORKSPACE_CONFIG_H

#include "core/buf.h"
#include "git/workspace.h"

/*
 * Append the new content for .git/config to `out`. Of what clone wrote, [core] and [extensions]
 * stay, since they describe the disk; the remotes and everything copied from the main repository
 * is written anew.
 */
void workspace_config_text(const struct workspace_plan *plan, const char *cloned, struct buf *out);

#endif
