/*
 * names.h - what a session, a task and a branch may be called.
 */
#ifndef CORE_NAMES_H
#define CORE_NAMES_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"

#define NAME_MAX_BYTES 100

/*
 * One path segment of [A-Za-z0-9._#-], 1 to 100 bytes, not starting with '-' or '.', and good as
 * a branch name (no "..", no ".lock" or "." at the end). ERR_USAGE says which rule broke and
 * shows the name harmlessly.
 */
int name_check_session(const char *name, struct error *err);
/* git check-ref-format --branch, plus: at most 250 bytes, UTF-8, no other name of HEAD. ERR_USAGE.
 */
int name_check_branch(const char *branch, struct error *err);
/* The same rules; of a branch those of git alone, however long it is. */
bool name_is_session(const char *name);
bool name_is_branch(const char *branch);
/* The next three append to `out`. */
/* "123", "#123", "task#123" (any case) -> "123"; leading zeros are dropped. ERR_USAGE. */
int name_task_id(const char *text, struct buf *out, struct error *err);
/* A session name made of a description: lower case, words joined by '-', at most 50 bytes. */
int name_slug(const char *description, struct buf *out, struct error *err);
/* The piece of a path or URL that is safe as a directory name: [A-Za-z0-9._-], never empty. */
void name_dir_slug(const char *text, struct buf *out);

#endif
