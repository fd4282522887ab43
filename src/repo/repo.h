/*
 * repo.h - the repository that a command is about, with everything opened that it needs.
 *
 * Found from the working directory (or --repo): git directory -> pointer file -> journal,
 * repo.json, configuration, backend. A repository that minsky has not met has no pointer; then
 * `known` is false and there is neither journal nor backend until repo_register() made them.
 */
#ifndef REPO_REPO_H
#define REPO_REPO_H

#include <stdbool.h>

#include "core/backend.h"
#include "core/buf.h"
#include "core/config.h"
#include "core/pointer.h"
#include "core/repo_file.h"
#include "core/session.h"
#include "core/stat_cache.h"
#include "git/repository.h"
#include "log/journal.h"
#include "log/origins.h"
#include "repo/caller.h"
#include "repo/display_name.h"
#include "repo/hub.h"

struct repo {
	const struct caller *caller; /* never NULL */
	struct buf state; /* <state> */
	struct buf git_dir, common_dir, top; /* where the command was given; empty outside */
	struct pointer pointer;
	struct repo_file file;
	struct journal *journal;
	struct config *config;
	struct backend *backend; /* the registry's */
	struct buf tracking_of, tracking; /* repo_main_tracking()'s last answer */
	struct repo_hub hub;
	struct display_names display_names;
	struct stat_cache cursors, workspaces; /* what output.c looks at */
	struct origins origins; /* whose they are, as the hub says; loaded when it is asked */
	bool origins_loaded;
	bool known;
	bool offline; /* a hub is not asked, whatever there is: nobody may wait */
	bool wrote; /* events of its own: repo_hub_flush() gives them away */
	bool stale_store; /* bodies were blanked: the store has to be filled anew */
	/* Before repo_open(): are settings read, and is what is ignored of them said? */
	enum { SETTINGS_SAID, SETTINGS_QUIET, SETTINGS_UNREAD } settings;
	enum { FACTS_UNASKED, FACTS_PENDING, FACTS_CURRENT } facts; /* see output.c */
	bool facts_needed; /* a base or PR branch moved: the worker is started when we are done */
};

#define REPO_INIT                                                                                  \
	{                                                                                          \
		.caller = &caller_silent, .state = BUF_INIT, .git_dir = BUF_INIT,                  \
		.common_dir = BUF_INIT, .top = BUF_INIT, .pointer = POINTER_INIT,                  \
		.file = REPO_FILE_INIT, .tracking_of = BUF_INIT, .tracking = BUF_INIT,             \
		.cursors = STAT_CACHE_INIT, .workspaces = STAT_CACHE_INIT                          \
	}

void repo_release(struct repo *repo);

/*
 * Open the repository at `path` (NULL: here). ERR_NOTFOUND outside a repository. A clone that was
 * moved or copied gets its pointer file put right.
 */
int repo_open(struct repo *repo, const struct caller *caller, const char *path, struct error *err);
/* The same for a repository that is known by its journal alone, wherever we are. */
int repo_open_journal(
	struct repo *repo, const struct caller *caller, const char *journal, struct error *err);
/* Settings alone, for commands that work outside a repository; enough for repo_release(). */
int repo_load_config(struct repo *repo, struct error *err);
/*
 * Where they come from. `text` is for a bare repository's file; the names of this repository, for
 * free(), point into the context. No repository: no file.
 */
int repo_config_sources(struct repo *repo, struct config_sources *out, struct buf *file,
	struct buf *text, const char ***names_out, struct error *err);
/* A config_trusted_fn. */
int repo_ask_trust(
	void *context, const struct config_key *key, const char *raw, bool *out, struct error *err);
/* Go by the branch that is checked out now from here on (config_kept.h), and read them again. */
int repo_follow_branch(struct repo *repo, struct error *err);

/*
 * Make a repository known: id, journal, repo.json, pointer file. One that has the same remote as a
 * known one joins it. Changes nothing when it is known already. *made_out (may be NULL) tells.
 */
int repo_register(struct repo *repo, const struct git_repo *git, bool *made_out, struct error *err);
/* Would that join a repository that is known, as another clone of it? */
int repo_would_join(struct repo *repo, const struct git_repo *git, bool *out, struct error *err);
/* Add a clone to repo.json. Several processes may do so at once: it is read again under a lock. */
int repo_add_clone(struct repo *repo, const char *id, const char *path, const char *session,
	struct error *err);
/* Read repo.json again, change it and write it, under its lock. */
typedef int repo_file_change_fn(struct repo_file *path, const void *arg, struct error *err);
int repo_change_file(
	struct repo *repo, repo_file_change_fn *fn, const void *arg, struct error *err);
/* Where it was opened, as git is to be started: the work tree, or the git directory of a bare one.
 */
const char *repo_dir(const struct repo *repo);
/* The id under which the backend stores this repository: its own, or a team's key for it. */
const char *repo_store(const struct repo *repo);
/*
 * Open the backend and bring it up to the journal's heads, with the others' events as far as a hub
 * gives them in time (hub.h). Warns once about unknown events.
 */
int repo_project(struct repo *repo, struct error *err);
/* Empty the backend of this repository, whose journal has changed: the next one fills it anew. */
int repo_empty_backend(struct repo *repo, struct error *err);

/*
 * The session that a command means: by name, id or task; NULL: the one whose workspace we are
 * in. Projects first. Outside any repository every known one is searched; two hits are
 * ERR_USAGE. The context is then that of the session's repository.
 */
int repo_find_session(struct repo *repo, const struct caller *caller, const char *path,
	const char *key, struct session *out, struct error *err);

/* *s as the journal has it now. Projects. */
int repo_reread_session(struct repo *repo, struct session *s, struct error *err);

/* Of the living sessions of that name this machine's, else the one whose claim was first. */
int repo_find_named(struct repo *repo, const char *name, struct session *out, struct error *err);

/*
 * Real path of the main repository: its work tree, or the bare repository itself. Of a session it
 * is the clone that it was started from, otherwise the one that we are in or that is known best.
 */
int repo_main_dir(
	const struct repo *repo, const struct session *s, struct buf *out, struct error *err);
/* Common git directory of a session's workspace and of its main repository; NULL if unknown. */
const char *repo_workspace_git(const struct repo *repo, const struct session *s);
const char *repo_main_git(const struct repo *repo, const struct session *s);
/*
 * A hook that rings in a workspace that was moved says so in the journal, but cannot write
 * repo.json: make that follow the record. Returns at once where the clone is known to be.
 */
int repo_follow(struct repo *repo, const struct session *s, struct error *err);
/* Was the session started from a repository without a remote, so that this one is its origin? */
bool repo_main_is_origin(const struct repo *repo, const struct session *s);
/*
 * Where a session's main repository keeps what it fetched from the session's origin:
 * "refs/remotes/origin/", or that of its only remote. Asks git only where that does not
 * show.
 */
const char *repo_main_tracking(struct repo *repo, const struct session *s);

/*
 * Read what git wrote since minsky last looked: in the session's workspace (NULL: only the
 * main repository). Then project. A clone that is not there any more is passed over; one without
 * its HEAD is warned about.
 */
int repo_catch_up(struct repo *repo, const struct session *s, struct error *err);
#endif
