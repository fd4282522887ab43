/*
 * risks.h - collecting what stands against the removal of a workspace.
 */
#ifndef GIT_RISKS_H
#define GIT_RISKS_H

#include "core/buf.h"
#include "git/workspace.h"

int risk_add(struct workspace_risks *r, struct error *err, const char *category, const char *fmt,
	...) PRINTFLIKE(4, 5);
/* Turn a failure into a risk; memory that ran out stays a failure. Returns 0 or ERR_NOMEM. */
int risk_add_error(struct workspace_risks *r, struct error *err);

struct risk_place {
	const char *dir; /* the work tree */
	const char *git_dir;
	const char *common_dir;
	const char *main_git_dir; /* NULL: nobody else has its commits but remotes */
	const char *const *published; /* NULL-terminated, or NULL */
	const char *const *env; /* keeps git from looking above `dir` */
};

/* Commits, tags and other refs that are nowhere else (risks_refs.c). */
int risks_of_refs(const struct risk_place *p, struct workspace_risks *r, struct error *err);
/* Repositories of submodules inside the workspace's git directory (risks_modules.c). */
int risks_of_modules(const struct risk_place *p, struct workspace_risks *r, struct error *err);

#endif
