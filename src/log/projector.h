/*
 * projector.h - replays a journal into a backend until their heads agree.
 *
 * Records and heads are committed together, so that killing it anywhere costs nothing: the next
 * run resumes. A late event (only peers' can be late) refolds its one session.
 */
#ifndef LOG_PROJECTOR_H
#define LOG_PROJECTOR_H

#include <stdint.h>

#include "core/backend.h"
#include "core/error.h"
#include "log/journal.h"

struct projector_result {
	uint64_t events; /* folded in this run */
	uint64_t sessions; /* rows written */
	uint64_t unknown; /* events of a type or version that this minsky does not know */
	uint64_t odd; /* events with a member that does not fit, or that are none */
	uint64_t without_effect; /* events about others' sessions that only their owners may say */
};

/*
 * ERR_CORRUPT at damage in the journal (what precedes it is projected), or when the backend's
 * heads are not in the journal: it was restored from a backup, or belongs to another journal. A
 * store that holds records which the journal tells under another origin now (reorigin.h) is
 * emptied and filled anew.
 */
int projector_run(struct journal *j, struct backend *b, const char *repo_id,
	struct projector_result *out, struct error *err);
/* The same into a store that holds the sessions of this machine's own origins alone. */
int projector_run_own(struct journal *j, struct backend *b, const char *repo_id, struct error *err);
/*
 * For a store that a team shares: not beyond `upto`, what the hub has, so that everybody can have
 * what the rows are made of. ERR_NOTFOUND when the store holds records that are not here yet (pull,
 * then try again). It is never emptied, and its rows know of no place on anybody's machine.
 */
int projector_run_upto(struct journal *j, struct backend *b, const char *repo_id,
	const struct heads *upto, struct projector_result *out, struct error *err);
/* Empty the store of this repository: the next run fills it from the beginning. */
int projector_reset(struct backend *b, const char *repo_id, struct error *err);

#endif
