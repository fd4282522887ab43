/*
 * review.h - who has to have approved a PR before it is merged, and approving one whose session is
 * another machine's.
 *
 * A review is an approval of one head. Its owner shows it beside the PR; what it counts for is the
 * setting pr.required: owner (the owner's own alone), any (anybody's), or how many people. Who
 * somebody is says the hub, where there is one (repo/display_name.h), else each origin is one.
 */
#ifndef SESSION_REVIEW_H
#define SESSION_REVIEW_H

#include <stdbool.h>

#include "core/error.h"
#include "core/session.h"
#include "repo/repo.h"

/* ERR_REFUSED for an agent (MINSKY_AGENT) and its own machine's session, unless pr.agents is yes.
 */
int review_check_agent(const struct repo *repo, const struct session *s, struct error *err);
/* ERR_REFUSED unless the PR is approved at its head as pr.required wants. `approving`: by us, now.
 */
int review_check_required(struct repo *repo, const struct session *s, const struct pr *pr,
	bool approving, struct error *err);
/* Approve another machine's PR at the head that is known here; `head`, if given, must be it. */
int review_other(struct repo *repo, struct session *s, const char *head, bool *unchanged_out,
	struct error *err);

#endif
