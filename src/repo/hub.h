/*
 * hub.h - the hub of a repository, as commands use it: when to ask it, for how long, and what to
 * answer when it does not.
 *
 * A repository has a hub if sessiondb.hub names one ("none": it has none), or if its backend is one
 * that a team shares. With a shared backend the rows are everybody's: they stand under the hub's
 * key of the repository, and are made of what the hub has, no more. When the hub is down or slow,
 * or will not take this machine's events, commands answer from a store in memory that is filled
 * from the journal, and say so in one line.
 *
 * Nothing here fails because a hub is not there, unless --require-backend was given.
 */
#ifndef REPO_HUB_H
#define REPO_HUB_H

#include "core/backend.h"
#include "core/heads.h"
#include "core/hub.h"
#include "core/jsonw.h"
#include "log/exchange.h"
#include "log/hub_state.h"

struct repo;

#define TEAM_READ_MS 1000
#define TEAM_WRITE_MS 5000
#define TEAM_SYNC_MS 30000

struct repo_hub {
	enum { REPO_HUB_UNASKED, REPO_HUB_NONE, REPO_HUB_APART, REPO_HUB_SHARED } kind;
	char id[HUB_ID_SIZE]; /* of the hub: digits that its settings give */
	char settings[HUB_ID_SIZE]; /* changes with anything that may let us in */
	struct hub_state state; /* as it was last written or read */
	bool tried, failed; /* by this command */
	struct head at; /* own head when it was exchanged */
	struct heads heads; /* what the hub has, and is here */
	uint64_t pulled; /* records that nobody has looked at yet for names */
	struct backend *memory; /* answers instead of the team's database */
	struct backend *own, *overlay; /* this machine's own sessions, laid over the team's */
	struct backend *shared; /* that database, left for the journal when it does not answer */
	bool told; /* the one line */
};

/* What the settings say. Cheap; nothing is connected. */
int repo_hub_ask(struct repo *repo, struct error *err);
void repo_hub_release(struct repo *repo);

struct repo_hub_wish {
	int deadline_ms; /* of each call of the hub, and of waiting for whoever is at it */
	bool patient; /* however long it takes, whatever the last failure was */
	exchange_tell_fn *tell; /* may be NULL */
	void *arg;
};

/*
 * Push and pull, and write down how it went. ERR_NOTFOUND: there is no hub. ERR_BUSY: another
 * process is at it. Errors of exchange.h; an attempt that is not due (unless patient) gives the
 * last one again. Release *out.
 */
int repo_hub_exchange(struct repo *repo, const struct repo_hub_wish *wish,
	struct exchange_result *out, struct error *err);

/* Has this journal grown since it was exchanged? */
bool repo_hub_moved(const struct repo *repo);
/* Own records that the hub does not have yet, as far as that is known here. */
uint64_t repo_hub_unpushed(const struct repo *repo);

/* For repo_project(): take in what there is, as far as a command that reads may wait. */
int repo_hub_project(struct repo *repo, struct error *err);
/* At the end of a command: give away what it wrote. */
void repo_hub_flush(struct repo *repo);

/*
 * The store answered a question with this code: is repo->backend the journal's now, to be asked
 * instead? False also when that could not be had, or is not wanted (--require-backend).
 */
bool repo_hub_leave_store(struct repo *repo, int code, struct error *err);

/* Are these answers of the journal, because the team's database does not answer? */
bool repo_hub_degraded(const struct repo *repo);

#endif
