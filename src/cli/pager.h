/*
 * pager.h - long answers on a terminal, through the program in the setting `pager`.
 */
#ifndef CLI_PAGER_H
#define CLI_PAGER_H

#include "cli/app.h"

/*
 * Hand what has gathered in app->out to the pager, and wait for it. False, and nothing is changed,
 * if there is no pager, standard output is no terminal, the answer fits on it, or the pager does
 * not start.
 */
bool pager_show(struct app *app);

#endif
