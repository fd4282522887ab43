/*
 * repair_hub.h - a team's hub as a source for `journal repair`.
 */
#ifndef REPO_REPAIR_HUB_H
#define REPO_REPAIR_HUB_H

#include "repo/repo.h"

struct repair_hub {
	struct buf dir; /* where its records are, as another copy of the journal */
	bool ready; /* they are */
};

#define REPAIR_HUB_INIT                                                                            \
	{                                                                                          \
		.dir = BUF_INIT                                                                    \
	}

/*
 * Add what the hub remembers of the origins here to `remembered`, and, if the journal needs repair,
 * fetch its records of them. A repository without a hub: nothing. A hub that does not answer does
 * not keep the journal from its repair; that is said in one line.
 */
int repair_hub_ask(
	struct repair_hub *h, struct repo *repo, struct heads *remembered, struct error *err);
/* Removes what was fetched. */
void repair_hub_release(struct repair_hub *h);

#endif
