/*
 * begin.h - what every use case that works in a session's workspace begins with.
 */
#ifndef SESSION_BEGIN_H
#define SESSION_BEGIN_H

#include "repo/repo.h"

/*
 * *s, of this machine and with its workspace in place, is brought up to date (pr_refresh.h).
 * ERR_REFUSED otherwise; `what` is what is wanted, for the message: "update it".
 */
int session_begin(struct repo *repo, struct session *s, const char *what, struct error *err);

#endif
