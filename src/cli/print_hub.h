/*
 * print_hub.h - how the exchange with a hub stands, after repo_hub_ask().
 */
#ifndef CLI_PRINT_HUB_H
#define CLI_PRINT_HUB_H

#include "core/jsonw.h"
#include "repo/repo.h"

/* A member "hub". */
void print_hub_json(struct repo *repo, struct jsonw *w);
/* Rows. */
void print_hub(struct repo *repo);

#endif
