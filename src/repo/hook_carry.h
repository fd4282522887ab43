/*
 * hook_carry.h - the hooks that a team has in its repository run in a session's workspace too.
 *
 * A clone has none of them: .git/hooks is nobody's to copy, and a core.hooksPath of the
 * repository's own configuration does not come with it. Beside minsky's own hooks, and behind them,
 * lie small scripts then, one for each hook that git runs where somebody works. Such a script
 * copies nothing: whenever git runs it, it looks where the main repository takes its hooks from at
 * that moment, and becomes the hook that is there, if there is one. A relative core.hooksPath means
 * the workspace's own directory if it has that (as in any work tree of git), else the main
 * repository's, where what a tool generated is (.husky/_).
 *
 * A linked work tree has the repository's hooks anyhow, but for such a generated directory, which
 * is then made, with the same scripts and a .gitignore.
 */
#ifndef REPO_HOOK_CARRY_H
#define REPO_HOOK_CARRY_H

#include <stdbool.h>

#include "core/buf.h"
#include "core/error.h"
#include "git/repository.h"

/*
 * Scripts for the clone at `common_dir`, whose main repository is at `main_dir` (its common git
 * directory). A hook that is there stays; one of minsky's gets the script behind it. Doing it twice
 * changes nothing. Needs minsky's own hooks to be there already, or not to come as files.
 */
int hook_carry(const char *common_dir, const char *main_dir, struct error *err);
/* The same for a linked work tree at `top` that lacks the directory of a relative core.hooksPath.
 */
int hook_carry_linked(const struct git_repo *main, const char *top, struct error *err);
/* Take the scripts out of a clone. */
int hook_carry_remove(const char *common_dir, struct error *err);
/*
 * The hooks that the main repository has now, which a workspace does not have by itself: "a, b";
 * and the directory that they are in. Empty if there are none.
 */
int hook_carry_list(
	const struct git_repo *main, struct buf *names, struct buf *dir, struct error *err);

#endif
