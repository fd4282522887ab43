/*
 * note.h - whoever works in a session says how it stands, for those who look.
 */
#ifndef SESSION_NOTE_H
#define SESSION_NOTE_H

#include "repo/repo.h"

struct note_request {
	const char *state; /* working, waiting, blocked or done; NULL: as it is, or working */
	const char *text; /* a line of UTF-8; NULL: none, or as it is if the state is not given */
	bool clear; /* take the note away; nothing goes with it */
};

/* ERR_USAGE when the request makes no sense. For before a repository is opened. */
int note_check(const struct note_request *req, struct error *err);
/* *s is the record as it is now when this returns 0. *changed_out: false when it said so already.
 */
int session_note(struct repo *repo, struct session *s, const struct note_request *req,
	bool *changed_out, struct error *err);

#endif
