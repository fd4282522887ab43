/*
 * approve.h - says yes to a session's PR as it stands, and lands it: the base moves to the prepared
 * commit where the truth is, the PR branch goes away, the main repository follows.
 */
#ifndef SESSION_APPROVE_H
#define SESSION_APPROVE_H

#include "core/buf.h"
#include "core/outcome.h"
#include "repo/repo.h"

struct approve_request {
	enum { APPROVE_AND_LAND, APPROVE_ONLY, LAND_APPROVED } what;
	const char *head; /* what somebody has looked at: the PR must still be there; NULL: any */
	/* To a first push to a remote's base, which is somebody else's too. */
	enum { CONSENT_NONE, CONSENT_ONCE, CONSENT_FROM_NOW_ON } consent;
};

struct approve_result {
	struct outcome outcome; /* filled also on failure */
	/* ERR_REFUSED, and it is for want of consent to this: ask, and call again. Else empty. */
	struct buf needs_consent;
	bool unchanged; /* it was approved as it stands before */
	bool main_behind; /* landed on the remote, but the main repository could not follow */
};

#define APPROVE_RESULT_INIT                                                                        \
	{                                                                                          \
		.needs_consent = BUF_INIT                                                          \
	}

void approve_result_release(struct approve_result *res);

/* *s is of `repo`, and is up to date when this returns 0. */
int session_approve(struct repo *repo, struct session *s, const struct approve_request *req,
	struct approve_result *out, struct error *err);

#endif
