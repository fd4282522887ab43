/*
 * starting.h - a session in the making: what start.c, start_recover.c and adopt.c share.
 */
#ifndef SESSION_STARTING_H
#define SESSION_STARTING_H

#include "core/jsonw.h"
#include "core/repo_url.h"
#include "git/repository.h"
#include "git/workspace.h"
#include "session/start.h"

struct starting {
	struct repo *repo;
	struct git_repo git;
	struct outcome *outcome;
	struct buf name, task; /* chosen and checked; task is empty without one */
	const char *description;
	const char *wanted_base; /* NULL: the default branch */
	bool worktree;
	char id[ID_UUID_SIZE];
	char *remote, *remote_url;
	struct repo_url url;
	const struct git_repo *base_git; /* where the base is looked for; NULL: in `git` */
	struct git_base base;
	const char
		*base_oid; /* where work starts: the tip of the base, or a commit that was named */
	const char *base_tip;
	const char *branch;
	struct buf workspace; /* final place */
	struct buf temporary;
	bool linked; /* registered as a linked work tree */
	bool placed; /* our clone is at `workspace` */
	struct buf lock; /* <journal>/start.<id>.lock: held while we are at it */
	int lock_fd;
	char clone[ID_HEX_SIZE];
};

void starting_init(struct starting *t, struct repo *repo, struct outcome *outcome);
void starting_release(struct starting *t);
/* Description, base and mode, as they were asked for or the settings say. */
void starting_choose(struct starting *t, const struct start_request *req);
/* ERR_REFUSED if there is a session of this name, or one for this task. */
int starting_check_taken(struct starting *t, struct error *err);
int starting_choose_base(struct starting *t, struct error *err);
/* What session.starting and session.started both carry. */
void starting_write_record(struct jsonw *w, const struct starting *t);
/* The directory of this repository's workspaces; it may have to be made. */
int starting_root(struct repo *repo, struct buf *out, struct error *err);
/* Where the workspace goes; ERR_REFUSED if something is there. */
int starting_choose_places(struct starting *t, struct error *err);
/* Submodules and hooks of the work tree at `dir`, which is or will be the workspace. */
int starting_fill(struct starting *t, const char *dir, struct error *err);
struct workspace_plan starting_plan(const struct starting *t);
/* The clone at `dir`, which is to be the session's, is one from now on: its cursor begins. */
int starting_watch_clone(struct repo *repo, const char *dir, const char *id, const char *name,
	const char *clone, struct error *err);
/* It is in place: the list of clones, its pointer and its hooks say so. */
int starting_tie_clone(struct repo *repo, struct outcome *outcome, const char *workspace,
	const char *id, const char *name, const char *clone, struct error *err);
/* session.started; main_clone may be NULL. */
int starting_record_success(struct starting *t, const char *main_clone, const char *head,
	const char *base, bool adopted, struct error *err);
/* session.start_failed */
int starting_record_failure(
	struct repo *repo, const char *id, const char *name, const char *reason, struct error *err);

#endif
