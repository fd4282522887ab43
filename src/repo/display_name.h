/*
 * display_name.h - what a session is called, and whose it is, where several people give names.
 *
 * Two machines may start the same name without knowing of each other. A machine's own session keeps
 * its name on it; the other one is called name~9f3c there, with the last four digits of its id,
 * until somebody renames it. Of two that are both elsewhere the first claim keeps the name. A name
 * finds the session that is called so.
 *
 * A session is local if this machine's own events say where its workspace is; nothing is done to
 * another one but looking.
 */
#ifndef REPO_DISPLAY_NAME_H
#define REPO_DISPLAY_NAME_H

#include <stdbool.h>

#include "core/error.h"
#include "core/id.h"
#include "core/session.h"

struct repo;

#define DISPLAY_NAME_DIGITS 4
#define DISPLAY_NAME_SIZE 160

/* Sessions that are not called by their name alone. */
struct display_names {
	bool loaded;
	char (*v)[ID_UUID_SIZE]; /* sorted */
	size_t n;
};

/* For a context that is projected; one question to the store, if there are others at all. */
int display_names_load(struct repo *repo, struct error *err);
void display_names_release(struct display_names *l);
/* Loads when it has to. In static storage, eight calls long; the id if there is no name. */
const char *display_name(struct repo *repo, const struct session *s);
bool display_name_differs(struct repo *repo, const struct session *s);
/* By name~9f3c. ERR_NOTFOUND, and ERR_USAGE if there are two. */
int display_name_find(struct repo *repo, const char *label, struct session *out, struct error *err);

bool session_is_local(const struct repo *repo, const struct session *s);
/* "ana@mira"; "" if that is not known. In static storage, eight calls long. */
const char *session_whose(struct repo *repo, const struct session *s);
/* The account that the hub knows an origin by, which no event can claim; NULL: it does not say. */
const char *origin_who(struct repo *repo, const char *origin);
/*
 * Before anything is done: ERR_REFUSED, and where to go, unless it is local, and its workspace what
 * place_prove() wants. `what` is what cannot be done here.
 */
int session_want_local(
	struct repo *repo, const struct session *s, const char *what, struct error *err);

/* Once for each: others' sessions with the name of an own one. */
void display_names_report(struct repo *repo);

#endif
