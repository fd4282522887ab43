/*
 * memory.h - a store in memory: what commands ask when the team's database does not answer.
 *
 * Filled from the journal by the projector like any other, and gone with the process. It cannot be
 * named in the configuration.
 */
#ifndef BACKENDS_MEMORY_H
#define BACKENDS_MEMORY_H

#include "core/backend.h"

/* Empty; ops->close() releases it. */
int memory_open(struct backend **out, struct error *err);

#endif
