/*
 * invariant.h - what must hold whatever the world does: a mistake of ours ends the program.
 *
 * For programmers' errors alone, never for what a disk, a user or another program can cause: that
 * is a struct error. Kept in every build. The condition costs next to nothing and has no side
 * effects. What is written goes straight to standard error, so that it may be used anywhere, in a
 * signal handler too. In a hook it ends our part of the work; git and the next hook go on
 * (chain.h).
 */
#ifndef CORE_INVARIANT_H
#define CORE_INVARIANT_H

#define INVARIANT(condition)                                                                       \
	((condition) ? (void)0 : invariant_broken(__FILE__, __LINE__, #condition))

/* "minsky: FILE:LINE: broken invariant: CONDITION", and abort(3). */
_Noreturn void invariant_broken(const char *file, int line, const char *condition);

#endif
