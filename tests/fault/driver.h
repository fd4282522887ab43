/*
 * driver.h - the parts of fault-driver, the program that tests/fault kills, starves and examines.
 */
#ifndef TESTS_FAULT_DRIVER_H
#define TESTS_FAULT_DRIVER_H

#include "core/error.h"
#include "log/journal.h"

/*
 * Append events i = 0 .. n - 1 of a life, calling told() for each that was acknowledged. n 0: until
 * something fails.
 */
typedef int told_fn(void *arg, size_t life, size_t i, uint64_t seq, struct error *err);
int driver_live(
	const char *dir, size_t life, size_t n, told_fn *told, void *arg, struct error *err);

/*
 * Many lives at once, each ended by SIGKILL at random and followed by another one, until every
 * writer has had `each` acknowledged and `kills` were done; then all that oracle.h says.
 */
struct writers {
	const char *dir;
	unsigned n, each, kills;
	uint64_t seed;
};
int driver_writers(const struct writers *w, struct error *err);

/*
 * Commits i = from .. from + n - 1 to a JSON store: each puts session i and sets the heads to
 * i + 1. Then the check: the store holds what was acknowledged, sessions and heads together, at
 * most one commit more, and takes the next one.
 */
int driver_store(const char *path, unsigned from, unsigned n, told_fn *told, struct error *err);
int driver_check_store(const char *path, unsigned from, char *const *acks, struct error *err);

/* An append works, and the journal is then without findings. `damaged`: but for the damage. */
int driver_goes_on(struct journal *j, bool damaged, struct error *err);

#endif
