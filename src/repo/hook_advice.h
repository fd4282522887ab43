/*
 * hook_advice.h - what to add to somebody else's hooks so that they ring for minsky.
 *
 * What was there goes on as it did: arguments, stdin and exit status of a hook are its own, a
 * configuration that was understood is understood. Added twice is added once, and without
 * minsky-hook it does nothing.
 */
#ifndef REPO_HOOK_ADVICE_H
#define REPO_HOOK_ADVICE_H

#include "repo/hook_place.h"

/*
 * One line for a shell that makes the hooks there ring `program`; a comment, in a shell's eyes,
 * where only a person can do it. Empty when there is nothing to add.
 */
void hook_advice(const struct hook_place *p, const char *program, struct buf *out);
/* Where that was followed, a file that speaks of minsky-hook. Empty: nowhere. */
void hook_advice_followed(const struct hook_place *p, struct buf *out);

#endif
