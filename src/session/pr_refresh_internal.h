/*
 * pr_refresh_internal.h - between the parts of settling: looking, asking the commit graph, writing
 * events, and the decisions in pr_refresh.c.
 */
#ifndef SESSION_PR_REFRESH_INTERNAL_H
#define SESSION_PR_REFRESH_INTERNAL_H

#include "core/oid.h"
#include "git/facts.h"
#include "repo/emit.h"
#include "session/pr_refresh.h"

/* What is being settled: a session, its PR if it has an open one, and what was found. */
struct refreshing {
	struct repo *repo;
	struct session *s;
	const struct pr *pr; /* NULL: none, or the newest has ended */
	struct pr_places places;
	struct pr_outlook outlook;
	struct facts *facts;
	struct oid parents[2]; /* of the tip: "" where there is none */
	unsigned how; /* enum pr_refresh_how */
	bool base_gone; /* no such branch where the PR would land */
	struct emit emit;
};

/* Where the PR was found merged, and the verdict; MERGE_NO as long as it was not. */
struct landing {
	const char *place;
	struct oid base;
	struct oid tip;
	int64_t at; /* when git says that it happened, ms; 0: not known */
	struct merge_verdict verdict;
};

bool pr_is_open(const struct pr *pr);
/* One ref by its short name; "" if the directory or the ref is not there. */
int refreshing_ref(const char *common_dir, const char *prefix, const char *name, struct oid *oid,
	struct error *err);
/* Fill t->parents from a commit; its subject, made harmless, into `subject` (may be NULL). */
int refreshing_read_tip(
	struct refreshing *t, const char *oid, struct buf *subject, struct error *err);
int refreshing_ask_merged(struct refreshing *t, const char *head, const char *since,
	struct landing *out, struct error *err);
int refreshing_find_since(
	struct refreshing *t, const char *head, const char **since, struct error *err);

/* The base branch is not there any more: was it renamed? Then the session follows. */
int refreshing_follow_base(struct refreshing *t, struct error *err);
/*
 * When was what a remote has last known here, in ms: its last fetch or push. 0 when no file tells
 * so, or only one from the future.
 */
int64_t refreshing_last_talk(const struct refreshing *t);

int refreshing_created(struct refreshing *t, char id[ID_UUID_SIZE], const char *head,
	const char *since, const char *title, struct error *err);
int refreshing_updated(struct refreshing *t, const char *head, const char *since, const char *title,
	struct error *err);
int refreshing_merged(struct refreshing *t, const char *id, const char *head,
	const struct landing *landing, struct error *err);
int refreshing_reopened(struct refreshing *t, const struct pr *pr, struct error *err);
int refreshing_rebased(struct refreshing *t, const char *to, struct error *err);
int refreshing_deleted(struct refreshing *t, const struct pr *pr, struct error *err);
/* Nothing is written while all is as it was, and was looked at a short time ago. */
int refreshing_checked(struct refreshing *t, enum merge_answer answer, struct error *err);
/* The branch of an ended PR was put back. */
int refreshing_found(struct refreshing *t, const struct pr *pr, struct error *err);

#endif
