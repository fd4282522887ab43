/*
 * worker.h - starts `minsky sync --facts` or `--flush` as a process of its own, and does not wait
 * for it.
 *
 * minsky writes its own path into <journal>/program (private, one absolute path and a newline).
 * The worker runs in a session of its own, in "/", with 0, 1 and 2 on /dev/null and nothing else
 * open, so that git and whoever captures its output never wait for it; without any GIT_* variable,
 * which would make it look at the wrong repository.
 */
#ifndef HOOKS_OBSERVE_WORKER_H
#define HOOKS_OBSERVE_WORKER_H

#include "core/error.h"

enum worker {
	WORKER_FACTS, /* decide what is merged */
	WORKER_FLUSH, /* give a hub what was written */
};

/* ERR_NOTFOUND when no program is known; ERR_REFUSED when its path cannot be trusted. */
int worker_start(const char *journal_dir, enum worker worker, struct error *err);

#endif
