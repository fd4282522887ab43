/*
 * own_origins.h - the origins of this machine: those whose journal lives here, and those that it
 * went on from. What they say of places is said of this machine; what others say is for reading.
 */
#ifndef CORE_OWN_ORIGINS_H
#define CORE_OWN_ORIGINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/id.h"

struct own_origin {
	char origin[ID_HEX_SIZE];
	uint64_t upto; /* its records up to here were written on this machine; UINT64_MAX: all */
};

struct own_origins {
	struct own_origin *v;
	size_t n;
};

#define OWN_ORIGINS_INIT                                                                           \
	{                                                                                          \
		NULL, 0                                                                            \
	}

/* Of one that is there already the higher bound counts. */
int own_origins_add(struct own_origins *o, const char *origin, uint64_t upto, struct error *err);
void own_origins_release(struct own_origins *o);
/* NULL is nobody's machine. */
bool own_origins_has(const struct own_origins *o, const char *origin);
/* Was that record written here? */
bool own_origins_wrote(const struct own_origins *o, const char *origin, uint64_t seq);

#endif
