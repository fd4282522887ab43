/*
 * origins.h - whose the origins are: what the hub said when it was last asked.
 *
 * The journal's file `origins`, a line each, sorted: "<origin> <role> <who>", where the role is
 * member, keeper or retired, and `who` is the account of the hub that the origin belongs to, which
 * the hub has checked and no event can claim. A journal that never met a hub has no such file. The
 * hub's word decides what is shown and whose redactions count; nothing on this machine's disk but
 * its copies of others' records is changed by it.
 */
#ifndef LOG_ORIGINS_H
#define LOG_ORIGINS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/id.h"

struct origin_owner {
	char origin[ID_HEX_SIZE];
	char *who; /* shown harmlessly as it is */
	bool keeper, retired;
};

struct origins {
	struct origin_owner *v; /* sorted by origin */
	size_t n, cap;
};

#define ORIGINS_INIT                                                                               \
	{                                                                                          \
		.v = NULL                                                                          \
	}

void origins_release(struct origins *o);
/* NULL: the hub does not know it. */
const struct origin_owner *origins_find(const struct origins *o, const char *origin);
/* In any order; of one that is added twice the later counts. */
int origins_add(struct origins *o, const char *origin, const char *who, bool keeper, bool retired,
	struct error *err);
/* No file is no origins; lines that are none are left out. ERR_REFUSED, ERR_IO. */
int origins_load(struct origins *out, const char *journal_dir, struct error *err);
/* Writes only what differs from the file. */
int origins_save(const struct origins *o, const char *journal_dir, struct error *err);

#endif
