/*
 * pr_refresh.h - makes a session's prState true: looks at where its PR branch and its base stand
 * now, asks the commit graph whether it is merged, and journals what changed.
 *
 * One process at a time settles a repository (<journal>/facts.lock), so that two that learn the
 * same thing journal it once. Everything is decided from refs and commits; nothing is fetched.
 */
#ifndef SESSION_PR_REFRESH_H
#define SESSION_PR_REFRESH_H

#include "core/oid.h"
#include "git/facts.h"
#include "repo/repo.h"

#define PR_FRESH_MS 300000 /* older than this, and times in the future, are stale */

/* Where the branch stands now, compared with where it was seen last. Pure. */
struct pr_outlook {
	const char *head; /* the tip that counts now; NULL when nothing moved and none is known */
	bool exists;
	bool changed; /* some place differs from what was seen */
};

/*
 * `now` and `seen` hold object ids by place, NULL or "" where there is none; `truth_is_main` when
 * the main repository is the PR's remote. `head` is the tip that the record has, `existed` whether
 * it says that the branch exists.
 */
void pr_compare(const char *const now[PR_PLACES], char *const seen[PR_PLACES], const char *head,
	bool existed, bool truth_is_main, struct pr_outlook *out);

/* Name of the PR branch of a session: that of its open PR, else "pr/<name>". */
int pr_branch_name(const struct session *s, struct buf *out, struct error *err);
bool pr_is_fresh(const struct pr *pr, int64_t now_ms);

enum pr_refresh_how {
	PR_REFRESH_USUAL,
	PR_REFRESH_FORCE = 1 << 0, /* ask git also when prState is fresh and nothing is marked */
	PR_REFRESH_FETCHED =
		1 << 1, /* the remote has just been asked where base and PR branch are */
};

/* Catch up, look, journal, project. *s is read again from the backend. */
int pr_refresh(struct repo *repo, struct session *s, unsigned how, struct error *err);
/* All sessions that are not deleted. */
int pr_refresh_all(struct repo *repo, struct error *err);

/* What nobody may settle in between is done under this lock; closing gives it up. */
int pr_refresh_lock(struct repo *repo, int *fd_out, struct error *err);

/* Is this commit of the session's branch in its base, anywhere that we can see? */
int pr_refresh_ask_tip(struct repo *repo, struct session *s, const char *tip,
	enum merge_answer *answer_out, struct error *err);

/* Write the "seen" member of a PR event. */
void pr_write_seen(struct jsonw *w, const char *const now[PR_PLACES]);
/* The four tips as they are now; release with pr_places_release(). */
struct pr_places {
	struct oid oid[PR_PLACES];
	const char *now[PR_PLACES]; /* NULL where there is none */
	struct oid base; /* tip of the base branch where the PR would land, "" if none */
	bool truth_is_main;
};
int pr_places_look(
	struct repo *repo, const struct session *s, struct pr_places *out, struct error *err);
/* The same for a branch by its name. */
int pr_places_look_at(struct repo *repo, const struct session *s, const char *branch,
	struct pr_places *out, struct error *err);

#endif
