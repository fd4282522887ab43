/*
 * world.h - real git repositories for tests: a throw-away directory with its own HOME and identity,
 * and shell to build histories in it. Failing is an assertion.
 */
#ifndef TESTS_LIB_WORLD_H
#define TESTS_LIB_WORLD_H

#include <stdbool.h>

/*
 * Setup and teardown for cmocka: makes the directory, changes into it, and points HOME, XDG_* and
 * git's own configuration at it. State is not used.
 */
int world_setup(void **state);
int world_teardown(void **state);
/* The directory, real path. */
const char *world(void);

/*
 * Run a script with sh -e in `dir` (relative to the world, or absolute). Functions that it can use:
 *	repo DIR		an empty repository on branch main
 *	commit FILE TEXT	write TEXT and a newline to FILE and commit that, one second later
 *	empty MESSAGE		an empty commit
 */
void sh(const char *dir, const char *script);
/* What a script prints, without the last newline; in static storage, eight calls long. */
const char *ask(const char *dir, const char *script);
bool sh_ok(const char *dir, const char *script);
/* "<world>/<name>", in static storage, eight calls long. */
const char *at(const char *name);

#endif
