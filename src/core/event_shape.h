/*
 * event_shape.h - what each type of event may carry, and who may say it: the gate.
 *
 * One table, in event_shape.c. The encoder refuses what does not fit it, the decoder takes an event
 * with such a member for one of an unknown kind (kept, skipped, counted), and the documentation,
 * the generator of forged events and a hub's check are compared with it. So whatever reads a member
 * of an event has a value of that kind or none: an object id is one, a branch is a name that git
 * takes and no option, a word is one of those listed.
 *
 * Members that the table does not list are let through and mean nothing: the fold reads none.
 *
 * A shape is not a permission: whose word counts for what is decided by the fold (session.h), by
 * the `who` of the type.
 */
#ifndef CORE_EVENT_SHAPE_H
#define CORE_EVENT_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/event.h"

#define EVENT_KINDS(X)                                                                             \
	X(OID, "oid") /* 40 or 64 lower-case digits */                                             \
	X(BRANCH, "branch") /* short name of a branch; bytes that are no UTF-8 as \xNN */          \
	X(REF, "ref") /* HEAD, refs/..., worktrees/NAME/HEAD */                                    \
	X(REV, "rev") /* an object id, or the short name of a branch */                            \
	X(NAME, "name") /* of a session */                                                         \
	X(UUID, "uuid")                                                                            \
	X(ID, "id") /* 32 digits: a repository, a clone, an origin */                              \
	X(HASH, "hash") /* 64 digits */                                                            \
	X(TIME, "time") /* RFC 3339 */                                                             \
	X(WORD, "word") /* one of the member's `words` */                                          \
	X(TEXT, "text") /* anything; never shown raw */                                            \
	X(PATH, "path") /* absolute, for people to read */                                         \
	X(URL, "url") /* or a path; no control characters, no dash in front */                     \
	X(COUNT, "count") /* a whole number up to 2^53 */                                          \
	X(FLAG, "flag") /* true or false */                                                        \
	X(DEPTH, "depth") /* a count, or the same as text */                                       \
	X(TEXTS, "texts") /* a list of texts */                                                    \
	X(LIST, "list") /* of anything */                                                          \
	X(OBJECT, "object") /* with members of its own */                                          \
	X(CHANGES, "changes") /* the same, where null takes a member away */                       \
	X(OBJECTS, "objects") /* a list of such objects */

enum event_kind {
#define X(id, name) EVENT_KIND_##id,
	EVENT_KINDS(X)
#undef X
};

struct event_shape;

struct event_member {
	const char *name;
	enum event_kind kind;
	const char *words; /* of a word: separated by spaces */
	const struct event_shape *of; /* of objects */
};

struct event_shape {
	const struct event_member *v;
	size_t n;
};

/* Whose word counts, of an event about a session. */
enum event_who {
	EVENT_BY_OWNER, /* the session's owner alone; others' are without effect */
	EVENT_BY_ANYONE, /* everybody's, shown as theirs */
	EVENT_AS_HINT, /* the owner's; another's only makes the owner look again */
	EVENT_OF_MACHINE, /* not about a session's record */
};

const char *event_kind_name(enum event_kind kind);
const char *event_who_name(enum event_who who); /* "owner", "anyone", "hint", "machine" */
/* Of EVENT_UNKNOWN: no members, and of a machine. */
const struct event_shape *event_shape(enum event_type type);
enum event_who event_who(enum event_type type);
/* NULL: the table does not list it. */
const struct event_member *event_shape_find(const struct event_shape *shape, const char *name);

/*
 * Does a value's JSON text fit? Text that has passed json_check(). A null never does, except in
 * EVENT_KIND_CHANGES.
 */
bool event_kind_fits(const struct event_member *m, const char *value, size_t len);
/*
 * The first member of `data` that does not fit, in static storage; NULL: all do. *path_out, if
 * there is one, is `a.b` for a member of an object.
 */
const char *event_check(enum event_type type, const char *data, size_t len);
/*
 * The same by the tree of what was parsed (event_read.c), which is to be had for nothing when an event
 * is read.
 */
const char *event_check_tree(const struct event_shape *shape, const struct json *object);
/* Of a kind that is written as a string and is no text: does the decoded string fit? */
bool event_text_fits(const struct event_member *m, const char *text);
/* The envelope's "src" and "actor". */
extern const struct event_shape event_src_shape, event_actor_shape;

/* "type<TAB>member<TAB>kind<TAB>words<TAB>who" lines, members of objects as a.b: for comparing. */
void event_shape_print(struct buf *out);

#endif
