/*
 * oidset.h - is an object id among those that git printed?
 */
#ifndef GIT_OIDSET_H
#define GIT_OIDSET_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"

/* Object ids, one a line in a text that outlives the set. */
struct oid_set {
	const char **v;
	size_t n;
};

int oid_set_fill(struct oid_set *set, const struct buf *lines, struct error *err);
bool oid_set_has(const struct oid_set *set, const char *oid);
void oid_set_release(struct oid_set *set);

#endif
