/*
 * start_linked.h - the part of starting a session that is different for a linked work tree: it is
 * made in its place, one at a time, and tied to its session by a file in its git directory.
 */
#ifndef SESSION_START_LINKED_H
#define SESSION_START_LINKED_H

#include "core/outcome.h"
#include "git/workspace.h"
#include "repo/repo.h"

/* PRs are pushed to `origin`: a work tree has the repository's remotes, by their names there. */
int start_check_linked(const char *remote, struct error *err);
/* *linked_out, also on failure: there is something to take back with start_unlink(). */
int start_link(struct repo *repo, struct outcome *outcome, const struct workspace_plan *plan,
	const char *workspace, const char *id, const char *name, bool *linked_out,
	struct error *err);
/* The work tree alone, by which nothing is a session yet. */
int start_add(struct repo *repo, const struct workspace_plan *plan, const char *workspace,
	struct error *err);
/* `common_dir` is that of the main repository; the rest as worktree_undo() has it. */
int start_unlink(const char *common_dir, const char *workspace, const char *temporary,
	const char *branch, const char *base_oid, struct error *err);
/* Its making is no news: begin its cursor at the present. */
int start_pass(struct repo *repo, const char *common_dir, const char *workspace, struct error *err);
/* Say whose it is, begin its cursor at the present, see to the repository's hooks. */
int start_tie(struct repo *repo, struct outcome *outcome, const char *common_dir,
	const char *workspace, const char *id, const char *name, struct error *err);
/* Was that done, or at least all before it, so that people may have worked there? */
bool start_is_usable(const char *workspace, const char *id, const char *branch);

#endif
