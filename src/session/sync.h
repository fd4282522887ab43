/*
 * sync.h - notice everything that git did, decide what is merged, bring the store up, and exchange
 * events with the hub.
 */
#ifndef SESSION_SYNC_H
#define SESSION_SYNC_H

#include "core/outcome.h"
#include "log/exchange.h"
#include "repo/back_fill.h"
#include "repo/repo.h"

struct sync_request {
	const char *since; /* also what happened before minsky knew a clone; NULL: not */
	exchange_tell_fn *tell; /* how far the exchange has come; may be NULL */
	void *arg;
};

struct sync_result {
	struct outcome outcome;
	uint64_t events; /* new in this machine's journal */
	uint64_t seq; /* of its last record */
	bool hub; /* there is one; the rest is about both exchanges with it */
	uint64_t pushed, pulled, forked, unpushed;
	enum exchange_trouble trouble;
	char what[256];
};

/* ERR_NOTFOUND: the repository has no journal. A hub that fails does not stop the other work. */
int session_sync(struct repo *repo, const struct sync_request *req, struct sync_result *out,
	struct error *err);
/* The hooks' worker: decide what is merged, as long as something is marked. One at a time. */
int session_sync_facts(struct repo *repo, struct error *err);

#endif
