/*
 * paths.h - where minsky keeps its files: $XDG_STATE_HOME/minsky and $XDG_CONFIG_HOME/minsky,
 * with the usual places below $HOME when those are unset or not absolute.
 */
#ifndef CORE_PATHS_H
#define CORE_PATHS_H

#include "core/buf.h"
#include "core/error.h"

/* Absolute, into `out` (cleared first). ERR_IO if neither the variable nor HOME helps. */
int paths_state(struct buf *out, struct error *err);
int paths_config_file(struct buf *out, struct error *err); /* .../minsky/config.yaml */
/* "~" and "~/x" -> below HOME; anything else, "~user" too, stays. Into `out` (cleared first). */
int paths_expand_home(const char *path, struct buf *out, struct error *err);
/*
 * What follows `dir` in `path`, without the slash between them: "" if they are the same, NULL if
 * path is neither dir nor below it. By their names alone: links are not followed, and "..", "//"
 * and the like are names. Slashes at dir's end do not count.
 */
const char *path_below(const char *path, const char *dir);

#endif
