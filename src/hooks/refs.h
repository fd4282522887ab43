/*
 * refs.h - reads refs from a git directory without git: loose files and packed-refs.
 *
 * For repositories with git's files backend; symbolic refs are followed up to five steps.
 */
#ifndef HOOKS_REFS_H
#define HOOKS_REFS_H

#include "core/error.h"

/* Object id of a ref (full name); "" if there is none. */
int refs_read(const char *common_dir, const char *ref, char oid_out[65], struct error *err);

#endif
