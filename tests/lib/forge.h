/*
 * forge.h - makes events by the table of core/event_shape.h: valid-looking ones about somebody
 * else's things, and values that do not fit. Seeded: one seed, one sequence.
 */
#ifndef TESTS_LIB_FORGE_H
#define TESTS_LIB_FORGE_H

#include <stdint.h>

#include "core/buf.h"
#include "core/event_shape.h"

/* What the forger knows of its victim; each list ends with NULL, and may be NULL. */
struct forge_world {
	const char *const *sessions; /* uuids */
	const char *const *origins;
	const char *const *oids;
	const char *const *ids; /* clones, repositories */
	const char *const *branches;
	const char *const *names;
	const char *const *paths;
	const char *const *prs; /* uuids */
};

struct forge {
	uint64_t state;
	const struct forge_world *world;
};

uint64_t forge_random(struct forge *f, uint64_t below);
/* JSON text of a value that fits, or of one that does not. */
void forge_fitting(struct forge *f, struct buf *out, const struct event_member *m);
void forge_misfit(struct forge *f, struct buf *out, const struct event_member *m);
/* A whole body: some of the type's members, all fitting. *type_out may be NULL. */
void forge_body(struct forge *f, struct buf *out, int64_t at, enum event_type *type_out);

#endif
