/*
 * session_pr.h - the part of the fold that deals with pull requests.
 */
#ifndef CORE_SESSION_PR_H
#define CORE_SESSION_PR_H

#include <stdbool.h>

#include "core/error.h"
#include "core/session.h"

bool is_pr_event(enum event_type type);
/* The event's `seen`; places stay as they are when it has none. */
int session_take_seen(char *places[PR_PLACES], const struct event *e, struct error *err);
int session_apply_pr(struct session *s, const struct event *e, struct error *err);
/* The same of an origin that does not own the session. *said_out: was it heard? */
int session_apply_pr_of_other(
	struct session *s, const struct event *e, bool *said_out, struct error *err);

#endif
