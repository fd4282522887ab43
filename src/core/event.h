/*
 * event.h - one thing that happened: the body of a journal record.
 *
 *	{"type":"commit.created","session":"<uuid>","at":"<RFC 3339>","v":1,
 *	 "actor":{"user":"ana","host":"mira","agent":"claude"},"via":"hook",
 *	 "src":{"clone":"<32 hex>","ref":"refs/heads/x","old":"<oid>","new":"<oid>","n":7},
 *	 "data":{...}}
 *
 * In this order, without spaces; "session", "src" and the members of "actor" that are not known
 * are left out; "crit":true comes behind "v" where it is set. An event about a session that another
 * origin owns names it: "owner":"<32 hex>" behind "session", and then "v" is 2. Writing
 *(event_encode, in event.c) needs no library, since minsky-hook does it; reading (event_decode, in
 *event_read.c) uses cJSON.
 */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/id.h"
#include "core/json.h"

#define EVENT_MAX_BODY 65536
#define EVENT_VERSION 2 /* the highest that is understood */
#define EVENT_VERSION_PLAIN 1 /* of events that need nothing above it */
/* How far a time may lie ahead of the clock of the record that says it. */
#define EVENT_AHEAD_MS 300000

/* The catalogue. */
#define EVENT_TYPES(X)                                                                             \
	X(JOURNAL_OPENED, "journal.opened")                                                        \
	X(JOURNAL_FORKED, "journal.forked")                                                        \
	X(JOURNAL_REPAIRED, "journal.repaired")                                                    \
	X(JOURNAL_BREAK, "journal.break")                                                          \
	X(REPO_IDENTIFIED, "repo.identified")                                                      \
	X(EVENT_REDACTED, "event.redacted")                                                        \
	X(SESSION_STARTING, "session.starting")                                                    \
	X(SESSION_STARTED, "session.started")                                                      \
	X(SESSION_START_FAILED, "session.start_failed")                                            \
	X(SESSION_RENAMED, "session.renamed")                                                      \
	X(SESSION_UPDATED, "session.updated")                                                      \
	X(SESSION_NOTED, "session.noted")                                                          \
	X(SESSION_DELETED, "session.deleted")                                                      \
	X(SESSION_RESTORED, "session.restored")                                                    \
	X(SESSION_PURGED, "session.purged")                                                        \
	X(SESSION_IMPORTED, "session.imported")                                                    \
	X(SESSION_LOST, "session.lost")                                                            \
	X(SESSION_FOUND, "session.found")                                                          \
	X(COMMIT_CREATED, "commit.created")                                                        \
	X(COMMITS_REWRITTEN, "commits.rewritten")                                                  \
	X(BRANCH_CREATED, "branch.created")                                                        \
	X(BRANCH_SWITCHED, "branch.switched")                                                      \
	X(BRANCH_MOVED, "branch.moved")                                                            \
	X(BRANCH_RENAMED, "branch.renamed")                                                        \
	X(BRANCH_DELETED, "branch.deleted")                                                        \
	X(MERGE_COMPLETED, "merge.completed")                                                      \
	X(PR_CREATED, "pr.created")                                                                \
	X(PR_UPDATED, "pr.updated")                                                                \
	X(PR_APPROVED, "pr.approved")                                                              \
	X(PR_MERGED, "pr.merged")                                                                  \
	X(PR_CLOSED, "pr.closed")                                                                  \
	X(PR_REOPENED, "pr.reopened")                                                              \
	X(PR_BRANCH_DELETED, "pr.branch_deleted")                                                  \
	X(PR_CHECKED, "pr.checked")                                                                \
	X(HOOKS_INSTALLED, "hooks.installed")                                                      \
	X(HOOKS_REMOVED, "hooks.removed")                                                          \
	X(BACKEND_MIGRATED, "backend.migrated")                                                    \
	X(OVERRIDE_USED, "override.used")

enum event_type {
	EVENT_UNKNOWN = 0, /* a newer minsky's: kept, never interpreted */
#define X(id, name) EVENT_##id,
	EVENT_TYPES(X)
#undef X
};

const char *event_type_name(enum event_type type); /* "unknown" for EVENT_UNKNOWN */
enum event_type event_type_parse(const char *name);

/* Who did it. Any member may be NULL. */
struct actor {
	const char *user;
	const char *host;
	const char *agent;
};

/* $USER (else the uid), the host name, and MINSKY_AGENT. Points into static storage and environ. */
void actor_from_environment(struct actor *out);

/*
 * Where git recorded it; (clone, ref, old, new, n) is unique, and its exact text in the body is
 * what makes an event that was appended before a crash recognisable. n counts the entries of that
 * ref's log that minsky has read in this clone.
 */
struct event_src {
	const char *clone;
	const char *ref;
	const char *old_oid; /* 40 or 64 digits; all zeros: nothing there */
	const char *new_oid;
	uint64_t n;
};

/* An event to be written. Everything is borrowed. */
struct event_draft {
	enum event_type type;
	const char *session; /* UUID, or NULL */
	const char *owner; /* the origin that owns the session; NULL: the one that writes */
	int64_t at; /* when it happened, ms */
	bool crit;
	const char *via; /* "cli", "hook", "reconcile", "import" */
	const struct event_src *src;
	const char *data; /* text of a JSON object; NULL = {} */
	size_t data_len;
};

/*
 * Append the body to `body`. ERR_USAGE if it would be over 64 KiB, is not UTF-8, has a member that
 * does not fit its type (event_shape.h), or holds something shaped like a secret: callers clean
 * text with text_add_scrubbed() first, this is the last line of defence.
 */
int event_encode(struct buf *body, const struct event_draft *draft, const struct actor *actor,
	struct error *err);
/* Append just "src":{...}, byte for byte as event_encode writes it. */
void event_encode_src(struct buf *out, const struct event_src *src);

/* The place of an event in the total order that the fold follows. */
struct event_key {
	uint64_t hlc;
	char origin[ID_HEX_SIZE];
	uint64_t seq;
};

int event_key_compare(const struct event_key *a, const struct event_key *b);

/* An event that was read. Strings live in `json`. A "session" that is no UUID counts as none. */
struct event {
	struct event_key key;
	enum event_type type;
	const char *type_name;
	const char *session; /* NULL if none */
	char owner[ID_HEX_SIZE]; /* "" if it names none */
	bool odd; /* of a known type, and with a member that does not fit it */
	int64_t at; /* never far ahead of the record's clock */
	uint64_t v;
	bool crit;
	const char *via; /* "" if none */
	struct actor actor;
	bool has_src;
	struct event_src src; /* never NULL inside: "" for what is not there */
	const struct json *data; /* always an object */
	char *data_text; /* owned; its bytes, only for session.updated and session.imported */
	const char *odd_member; /* which one, in static storage */
	struct json *json; /* owned */
};

/*
 * Parse a body. ERR_CORRUPT if it is not a JSON object with a string "type" and a readable "at".
 * An unknown type, a v above EVENT_VERSION, or a member that does not fit is no error: type is then
 * EVENT_UNKNOWN, and odd tells the last.
 * event_release() frees it; it accepts a zeroed struct.
 */
int event_decode(struct event *out, const char *body, size_t len, const struct event_key *key,
	struct error *err);
void event_release(struct event *e);

#endif
