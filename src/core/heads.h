/*
 * heads.h - the version of a store: for every origin, the last seq that it holds and its hash.
 */
#ifndef CORE_HEADS_H
#define CORE_HEADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/id.h"

struct head {
	char origin[ID_HEX_SIZE];
	uint64_t seq;
	char hash[HASH_HEX_SIZE];
};

struct heads {
	struct head *v; /* sorted by origin */
	size_t n;
};

#define HEADS_INIT                                                                                 \
	{                                                                                          \
		.v = NULL                                                                          \
	}

void heads_release(struct heads *h);
const struct head *heads_find(const struct heads *h, const char *origin); /* NULL: not there */
int heads_set(
	struct heads *h, const char *origin, uint64_t seq, const char *hash, struct error *err);
int heads_copy(struct heads *out, const struct heads *h, struct error *err);
bool heads_equal(const struct heads *a, const struct heads *b);
/* Does a reach as far as b, or further, in every origin of b? */
bool heads_cover(const struct heads *a, const struct heads *b);

#endif
