/*
 * session.h - the session record, and the fold that makes it from events.
 *
 * state(session) = session_apply() over its events in the order of event_key_compare(), never in
 * the order of arrival; session_fold() sorts and applies. Last writer wins for each member, not
 * for the record. The fold asks nobody: no clock, no file, no git.
 *
 * A struct session owns its strings; NULL means the member is absent. session_release() accepts
 * a zeroed struct.
 */
#ifndef CORE_SESSION_H
#define CORE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/error.h"
#include "core/event.h"
#include "core/hash.h"
#include "core/id.h"
#include "core/own_origins.h"

/* status, as stored and shown */
#define SESSION_STATUSES(X)                                                                        \
	X(STARTING, "starting")                                                                    \
	X(ACTIVE, "active")                                                                        \
	X(PR_OPEN, "pr-open")                                                                      \
	X(APPROVED, "approved")                                                                    \
	X(MERGED, "merged")                                                                        \
	X(CLOSED, "closed")                                                                        \
	X(DELETED, "deleted")

enum session_status {
#define X(id, name) SESSION_##id,
	SESSION_STATUSES(X)
#undef X
};

const char *session_status_name(enum session_status s);
bool session_status_parse(const char *name, enum session_status *out);

/* Where the tip of a PR branch was last seen: object ids, NULL where there is no such ref. */
enum pr_place {
	PR_PLACE_WORKSPACE, /* refs/heads/pr/X in the workspace */
	PR_PLACE_MAIN, /* the same in the main repository */
	PR_PLACE_WORKSPACE_ORIGIN, /* refs/remotes/origin/pr/X in the workspace */
	PR_PLACE_MAIN_ORIGIN, /* the same in the main repository */
	PR_PLACES,
};

extern const char *const pr_place_names[PR_PLACES]; /* "workspace", "main", ...: keys in "seen" */

/* A PR; prState in JSON is the newest one, prHistory the older ones, oldest first. */
struct pr {
	char id[ID_UUID_SIZE];
	char *branch_name;
	bool exists;
	int64_t last_checked, created_at, approved_at, merged_at, closed_at; /* ms; 0 = absent */
	char *head; /* tip of the PR branch */
	char *base; /* branch that it is for */
	char *base_oid; /* tip of the base when the PR was made or refreshed */
	char *title;
	char *approved_head; /* the owner's; an approval lapses when head moves on */
	char *reviews; /* JSON text of a list: who approved which head, the newest of each origin */
	/* another machine's word that it was merged, or its branch is gone: to be looked at */
	int64_t hinted_at;
	char *hint, *hint_user, *hint_host;
	char hint_origin[ID_HEX_SIZE];
	char *merge_method; /* "ff", "merge", "squash", "rebase" */
	char *merge_commit;
	char *verdict; /* "unknown" when git could not tell whether it is merged */
	char *seen[PR_PLACES];
	char *extra; /* as in struct session */
};

struct session {
	/* identity: the origin that began it, and the id. Of several that one id names see family
	 */
	char id[ID_UUID_SIZE];
	char owner[ID_HEX_SIZE]; /* "": nobody has begun it yet */
	char claimed_id[ID_UUID_SIZE]; /* "" unless `id` had to be made up */
	char repo_id[ID_HEX_SIZE];
	char *name;
	/* the seed's record */
	char *repo_name, *repo_url;
	int64_t created_at;
	char *task_id, *description;
	char *branch, *base_branch;
	char *base_oid; /* "baseOid": where the branch began (session.started's `base`) */
	char *backend_type; /* "local", "remote", "github" */
	char *github_owner, *github_repo, *github_token_ref;
	char *remote_auth_method;
	char *remote_depth; /* JSON text of a string or number, as it came: 1 or "1" */
	/*
	 * The place: this machine's, from events that were written on it. What acts goes by this;
	 * NULL of a session whose workspace is elsewhere. No part of the record.
	 */
	char *workspace;
	char *mode; /* "clone" or "worktree" */
	char *clone_id, *main_clone_id;
	/* what its owner says of its place, for people to read */
	char *told_workspace, *told_mode, *told_clone_id, *told_main_clone_id;
	/* who started it, and in which origin's journal */
	char *started_user, *started_host, *started_agent;
	char started_origin[ID_HEX_SIZE];
	/* the event that gave it its name: of two with one name the first claim keeps it */
	char *claim_hlc; /* 16 digits */
	char claim_origin[ID_HEX_SIZE];
	int64_t last_activity_at, deleted_at;
	/* where its branch stands */
	char *head;
	uint64_t commit_count;
	/* attention: what its agent says of itself */
	char *note_state, *note_text;
	int64_t noted_at;
	char *notes; /* JSON text of a list: others' notes, the newest of each origin */
	/* events by others that said what they have no say in */
	uint64_t without_effect;
	char *rivals; /* JSON text of a list: other origins that have begun a session of this id */
	/* where pr/<name> stood before the session had its name: none of its own */
	char *pr_before[PR_PLACES];
	/* pull requests, oldest first */
	struct pr *prs;
	size_t n_prs;
	/* members that this version does not know, one JSON object text, byte for byte; or NULL */
	char *extra;
	char *github_extra, *remote_extra; /* the same inside github and remote */
	bool started, deleted;
	/* bookkeeping: not part of the record, not part of the digest */
	struct event_key last_key;
	uint64_t n_events;
	bool frozen; /* met a critical event of an unknown type: folds no further */
};

void session_release(struct session *s);
int session_copy(struct session *out, const struct session *s, struct error *err);
enum session_status session_status(const struct session *s);
/* The newest PR, or NULL. */
const struct pr *session_pr(const struct session *s);
/* Is its workspace a linked work tree of the main repository, whose refs it shares? */
bool session_is_linked(const struct session *s);

/*
 * Who may say what (event_shape.h has the table). A session belongs to the origin that began it,
 * and its record is what that one says. Another's note or approval stands in it as theirs;
 * another's word that it was merged makes the owner look again; anything else of another is without
 * effect and is counted. `own` says which origins are this machine's, NULL: none are. An own origin
 * speaks for every session that an own origin began, and its events alone fill the place.
 *
 * Apply one event that lies above s->last_key. A zeroed struct is a session of which nothing is
 * known yet. Events of another session, and events that mean nothing for a record, only move the
 * bookkeeping. ERR_CORRUPT never. An event that does not lie above s->last_key was applied already
 * and changes nothing. After ERR_NOMEM the record is good for session_release() only.
 */
int session_apply(
	struct session *s, const struct event *e, const struct own_origins *own, struct error *err);

struct session_set {
	struct session *v; /* sorted by id */
	size_t n;
};

/*
 * Everything that one id names. Two origins that begin a session with the same id have two
 * sessions: v[0] has the id (this machine's own; else the one that was begun first), the others an
 * id that follows from owner and id. At most FAMILY_MAX of them; what comes later is without
 * effect.
 */
struct session_family {
	struct session *v;
	size_t n;
};

#define FAMILY_MAX 16

/* As session_apply(), with the one of the family that the event is about. */
int family_apply(struct session_family *f, const struct event *e, const struct own_origins *own,
	struct error *err);
/* The one of the family that the event is about; NULL: none yet. */
const struct session *family_of(
	const struct session_family *f, const struct event *e, const struct own_origins *own);
/* Does the event lie at or below one that was applied? */
bool family_is_late(const struct session_family *f, const struct event *e);
void family_release(struct session_family *f);
void session_rival_id(const char *owner, const char *id, char out[ID_UUID_SIZE]);
/* Is it such an id? No event may claim one. */
bool session_is_rival_id(const char *id);
/* The id that events about it carry. */
const char *session_told_id(const struct session *s);
/* May that origin speak for it? */
bool session_is_owner(const struct session *s, const char *origin, const struct own_origins *own);

/*
 * Sorts `events` in place and folds them; an event that comes twice counts once. Release the set
 * with session_set_release().
 */
int session_fold(struct session_set *out, struct event *events, size_t n,
	const struct own_origins *own, struct error *err);
void session_set_release(struct session_set *set);

/* The place, {"clone":...,"mainClone":...,"mode":...,"workspace":...}; false: there is none. */
bool session_has_place(const struct session *s);
int session_place_to_json(struct buf *out, const struct session *s, struct error *err);
int session_place_from_json(struct session *s, const char *text, size_t len, struct error *err);
void session_drop_place(struct session *s);

/*
 * Canonical JSON of the record: keys sorted by bytes, absent members left out, no spaces, unknown
 * members as they came. doc/schema.md lists the members.
 */
int session_to_json(struct buf *out, const struct session *s, struct error *err);
/*
 * The inverse; bookkeeping stays zero. Members that are not in the list end up in `extra`, byte
 * for byte; so do those inside github, remote and a PR, in theirs (attention and seen keep none). A
 * member of the wrong kind counts as absent, and so does null. ERR_CORRUPT if it is not an object
 * with a sessionId.
 */
int session_from_json(struct session *out, const char *text, size_t len, struct error *err);
/* The same for text that is part of something that has passed json_check(). */
int session_from_checked_json(struct session *out, const char *text, size_t len, struct error *err);
/* The same for one of its PRs. */
int session_pr_to_json(struct buf *out, const struct pr *pr, struct error *err);
/* SHA-256 of the canonical JSON. */
int session_digest(const struct session *s, char out[HASH_HEX_SIZE], struct error *err);

#endif
