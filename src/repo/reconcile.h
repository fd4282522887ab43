/*
 * reconcile.h - what did git do in the clones of a repository since minsky last looked? Reads
 * reflogs and refs as a bell does, in the clone and in its linked work trees, and appends an event
 * for each thing that no hook told.
 */
#ifndef REPO_RECONCILE_H
#define REPO_RECONCILE_H

#include "repo/repo.h"

struct reconcile {
	/* Not NULL: nothing is written; called with the body of each event that would be. */
	int (*show)(void *arg, const char *body, size_t len, struct error *err);
	void *show_arg;
	size_t events; /* so many were appended, or shown */
	struct buf shown; /* what has been; to be released */
};

/* One clone, by its common git directory. Not there, or not this repository's: nothing. */
int reconcile_clone(
	struct repo *repo, const char *common_dir, struct reconcile *rec, struct error *err);
/*
 * Every clone in repo.json that is there, and the main repository. One that cannot be read is
 * warned about and passed over.
 */
int reconcile_all(struct repo *repo, struct reconcile *rec, struct error *err);

/*
 * What the reflogs say of the time before minsky knew these clones, from `since` (ms) on: in all
 * clones that are there. Asking twice adds nothing twice. The journal is read once for each clone.
 */
int reconcile_history(struct repo *repo, int64_t since, struct reconcile *rec, struct error *err);
/*
 * The same for one session's work tree: of its own branches, or of `branch` (full name) alone.
 * `git_dir` is its own; `common_dir` too, unless it is a linked one.
 */
int reconcile_session_history(struct repo *repo, const char *git_dir, const char *common_dir,
	const char *branch, size_t *events_out, struct error *err);
/*
 * What the journal has lost of the time since then, as far as the reflogs of all clones tell it;
 * see past.h. After reconcile_all().
 */
int reconcile_lost(struct repo *repo, int64_t since, struct reconcile *rec, struct error *err);

#endif
