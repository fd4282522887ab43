/*
 * fetch.h - fetching into a repository, by the user's own git and credentials.
 */
#ifndef GIT_FETCH_H
#define GIT_FETCH_H

#include <stdbool.h>

#include "core/error.h"

#define GIT_FETCH_SPECS_MAX 4

struct git_fetch {
	const char *dir;
	const char *remote; /* its name, or the absolute path of a repository */
	const char *specs[GIT_FETCH_SPECS_MAX]; /* refspecs; none: what the remote's settings say */
	bool prune; /* drop what is gone, among these */
	bool quiet; /* it is not for anybody to see: no FETCH_HEAD, no maintenance afterwards */
	bool talk; /* progress and questions go to the user's terminal */
};

int git_fetch(const struct git_fetch *f, struct error *err);
/* Ask the remote which branch its HEAD is, and keep that as refs/remotes/<remote>/HEAD. */
int git_ask_remote_head(const char *dir, const char *remote, struct error *err);

#endif
