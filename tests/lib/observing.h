/*
 * observing.h - a real repository with a cursor and a journal, and what a bell tells about it.
 * Failing is an assertion. Works in the world of world.h.
 */
#ifndef TESTS_LIB_OBSERVING_H
#define TESTS_LIB_OBSERVING_H

#include "hooks/observe/observe.h"
#include "log/journal.h"

#define CLONE "ffeeddccbbaa99887766554433221100"

extern struct journal *observing_journal; /* at "journal" */
extern struct pointer observing_pointer; /* of the clone CLONE, outside of sessions */
extern bool observing_facts; /* did the last bell say that facts are needed? */

/* For cmocka; with world_setup() and world_teardown(). */
int observing_setup(void **state);
int observing_teardown(void **state);
/* A repository "repo" with one commit on main, and a cursor behind it. */
void observing_begin(void);
struct observation observation_of(const char *git_dir, const char *common_dir, bool all);
void observing_start(const char *git_dir);
/* Ring in "repo", as a hook does or as a command does; how many events came of it. */
size_t ring(bool all);
size_t ring_in(const char *git_dir, const char *common_dir, bool all);
/*
 * The events since the last call, one a line: type, branch, from, to, how, subject, "remote", and
 * "?" where the time is unknown; ids are shown as "(id)" or left out. In static storage.
 */
const char *news(void);

#endif
