/*
 * session_shape.h - tables that say which member of the record's JSON is which member of struct
 * session and struct pr. Releasing, copying, writing and reading all go by them, so that a new
 * member is one line in session_shape.c.
 */
#ifndef CORE_SESSION_SHAPE_H
#define CORE_SESSION_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/json.h"
#include "core/session.h"

enum member_kind {
	MEMBER_TEXT, /* char * */
	MEMBER_RAW, /* char *: JSON text of a string or number */
	MEMBER_LIST, /* char *: JSON text of a list, that the fold alone writes */
	MEMBER_TIME, /* int64_t, 0 = absent */
	MEMBER_COUNT, /* uint64_t, 0 = absent */
	MEMBER_BOOL, /* bool, always written */
	MEMBER_UUID, /* char[ID_UUID_SIZE], "" = absent */
	MEMBER_HEX, /* char[ID_HEX_SIZE], "" = absent */
	MEMBER_OBJECT, /* members of the same struct, in an object of their own */
	MEMBER_NONE, /* not kept and not written: the name is taken by what stands beside a record
		      */
	/* What session_json.c writes and reads itself. */
	MEMBER_STATUS,
	MEMBER_PR,
	MEMBER_OLDER_PRS,
};

#define N_SPECIAL (MEMBER_OLDER_PRS - MEMBER_STATUS + 1)

struct member {
	const char *name;
	size_t len; /* of the name */
	enum member_kind kind;
	size_t offset;
	const struct shape *shape; /* of an object */
};

#define NO_EXTRA ((size_t)-1)

struct shape {
	const struct member *v; /* sorted by name */
	size_t n;
	size_t extra; /* offset of the char * that keeps unknown members, or NO_EXTRA */
};

extern const struct shape session_shape;
extern const struct shape pr_shape;
extern const struct shape place_shape; /* of struct session, no part of session_shape */

/* Free every string of it; the struct itself is the caller's. */
void shape_release(void *base, const struct shape *shape);
/* *base is a copy by assignment: give it strings of its own. On failure it has none. */
int shape_own(void *base, const struct shape *shape, struct error *err);

/* Set one member from a value's text; any value that does not fit, null too, clears it. */
int shape_set(
	void *base, const struct member *m, const struct json_slice *value, struct error *err);
/* NULL if the shape has no such member. */
const struct member *shape_find(const struct shape *shape, const struct json_slice *key);
/* Read an object. Values of special kinds are left in special[kind - MEMBER_STATUS]. */
int shape_read(void *base, const struct shape *shape, const char *text, size_t len,
	struct json_slice special[N_SPECIAL], struct error *err);

/*
 * Read a record into a session without PRs; its bookkeeping is left alone. What is no object is a
 * record without members.
 */
int session_read_record(struct session *s, const char *text, size_t len, struct error *err);

/* A change of unknown members; a value of length 0 removes. */
struct extra_change {
	struct json_slice key, value;
};

struct extra_changes {
	struct extra_change *v;
	size_t n, cap;
};

int extra_changes_add(struct extra_changes *c, const struct json_slice *key,
	const struct json_slice *value, struct error *err);
/* Of two changes of one key the later counts. */
int extra_apply(char **extra, const struct extra_changes *c, struct error *err);

/* NULL clears. `text` may not be the old value itself. */
int text_set(char **dst, const char *text, struct error *err);

#endif
