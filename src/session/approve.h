/*
 * approve.h - says yes to a session's PR as it stands, and lands it: the base moves to the prepared
 * commit where the truth is, the PR branch goes away, the main repository follows.
 */
#ifndef SESSION_APPROVE_H
#define SESSION_APPROVE_H

#include "repo/repo.h"

struct approve_request {
	enum { APPROVE_AND_LAND, APPROVE_ONLY, LAND_APPROVED } what;
	const char *head; /* what somebody has looked at: the PR must still be there; NULL: any */
	bool yes; /* do not ask before a first push */
};

struct approve_result {
	bool unchanged; /* it was approved as it stands before */
	bool main_behind; /* landed on the remote, but the main repository could not follow */
};

/* *s is settled when it comes in and when it leaves. */
int approve_session(struct repo *repo, struct session *s, const struct approve_request *req,
	struct approve_result *out, struct error *err);

#endif
