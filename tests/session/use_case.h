/*
 * use_case.h - a real repository and its bare origin for tests of src/session, and the journal as
 * they leave it. No process of minsky runs. Failing is an assertion.
 */
#ifndef TESTS_SESSION_USE_CASE_H
#define TESTS_SESSION_USE_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/outcome.h"
#include "lib/world.h"
#include "repo/repo.h"

extern struct repo repo; /* open at "app" */
extern struct error err;

/*
 * For cmocka. "app" is a clone of "origin.git" with two commits on main; "alone" has no remote.
 * `repo` is open in app.
 */
int use_case_setup(void **state);
int use_case_teardown(void **state);
/* Close `repo`, and open the repository at `path` with these settings ("key=value", or NULL). */
void open_again(const char *path, const char *const *settings);

/* Start a session of that name in `repo`; a clone, or a linked work tree. */
void start(const char *name, bool worktree);
/* A commit in its workspace, and on main of the origin. */
void commit_in(const char *name, const char *file, const char *text);
void commit_on_main(const char *file, const char *text);
/* The session, as the journal has it now; static, the next call releases it. */
struct session *session(const char *name);
const char *workspace(const char *name); /* its directory */

/* Types of this machine's events behind record `after`, a space between; static. */
const char *told(uint64_t after);
uint64_t last_seq(void);
/* Is there a reason of that category? A word that contains the text? */
bool has_reason(const struct outcome *o, const char *category);
bool has_word(const struct outcome *o, const char *text);

void succeeds(int r); /* else fails with err.msg */
#define refuses(r, code_, text)                                                                    \
	do {                                                                                       \
		assert_int_equal(r, code_);                                                        \
		assert_int_equal(err.code, code_);                                                 \
		if (!strstr(err.msg, text))                                                        \
			fail_msg("'%s' does not say '%s'", err.msg, text);                         \
		error_clear(&err);                                                                 \
	} while (0)

#define USE_CASE(f) cmocka_unit_test_setup_teardown(f, use_case_setup, use_case_teardown)

#endif
