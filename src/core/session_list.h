/*
 * session_list.h - the lists in a record that hold one entry for each origin: JSON text of objects,
 * each with an "origin", the newest last.
 */
#ifndef CORE_SESSION_LIST_H
#define CORE_SESSION_LIST_H

#include "core/error.h"
#include "core/event.h"
#include "core/json.h"
#include "core/session.h"

#define SESSION_LIST_MAX 64

/* Someone's word, as a list holds it; the texts are borrowed until the next call. */
struct session_word {
	char origin[ID_HEX_SIZE];
	char *user, *host, *agent; /* NULL if not known */
	char *head; /* of a review */
	char *state, *text; /* of a note */
	int64_t at;
};

void session_word_release(struct session_word *w);
/* The entry of w->origin, put at the end; of more than SESSION_LIST_MAX the first goes. */
int session_list_put(char **list, const struct session_word *w, struct error *err);
/* An id without more: for lists of origins. False in *added_out: it is there, or there is no room.
 */
int session_list_add_origin(
	char **list, const char *origin, size_t max, bool *added_out, struct error *err);
/* Entries one after the other; *pos begins at 0. False at the end. Release *out each time. */
bool session_list_next(const char *list, size_t *pos, struct session_word *out);

#endif
