/*
 * config_here.h - the settings of where we are, which need not be in a repository.
 */
#ifndef CLI_CONFIG_HERE_H
#define CLI_CONFIG_HERE_H

#include "cli/app.h"
#include "repo/repo.h"

/* The repository, if there is one. */
int config_open_here(struct repo *repo, struct app *app, struct error *err);
/* Why something has no effect, for people. */
const char *config_note_text(enum config_note_kind kind);

#endif
