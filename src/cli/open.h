/*
 * open.h - opening what a command is about: as repo.h does it, for whoever sits at the terminal,
 * and with the looks (colour, pager) that the settings found there ask for.
 */
#ifndef CLI_OPEN_H
#define CLI_OPEN_H

#include "cli/app.h"
#include "history/as_of.h"
#include "repo/repo.h"
#include "repo/visit.h"

/* The caller that a repository was opened for. */
struct app *app_of(const struct repo *repo);
/* For calls below that take one: as the options say by now. */
const struct caller *app_caller(struct app *app);
/* Print what a use case had to say: words at once, reasons with the error; exit 1 when unwell. */
void app_outcome(struct app *app, struct outcome *outcome);

int open_repo(struct repo *repo, struct app *app, const char *path, struct error *err);
int open_journal(struct repo *repo, struct app *app, const char *journal, struct error *err);
int open_session(struct repo *repo, struct app *app, const char *path, const char *key,
	struct session *out, struct error *err);
int open_as_of(struct repo *repo, struct app *app, const char *path, const char *key,
	const char *when, struct as_of *a, const struct session **out, struct error *err);
/* Settings alone, outside a repository too. */
int open_config(struct repo *repo, struct app *app, struct error *err);
/* repo_visit_all(); one that was left out makes the exit status 6. */
int visit_all(struct app *app, const char *state, repo_fn *fn, void *arg, struct error *err);

#endif
