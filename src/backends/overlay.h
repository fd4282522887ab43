/*
 * overlay.h - a store that others write too, with this machine's own sessions laid over it.
 *
 * What a row of a shared store says is for showing; what is done goes by the record that this
 * machine has folded itself. So a session that the own store has is answered from there, by
 * whatever name it is asked for, and the rows of the shared one are what there is besides. For
 * reading alone: the projector has the two stores themselves.
 */
#ifndef BACKENDS_OVERLAY_H
#define BACKENDS_OVERLAY_H

#include "core/backend.h"

/*
 * `own` is stored under own_repo. Neither is closed with the overlay, and both have to outlive it.
 */
int overlay_open(struct backend **out, struct backend *shared, struct backend *own,
	const char *own_repo, struct error *err);

#endif
