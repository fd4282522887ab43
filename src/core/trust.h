/*
 * trust.h - what the user lets the files of repositories decide: <state>/trust.json.
 *
 * One entry is one value of one key in one repository, known by its id: another value, or the
 * same one elsewhere, has to be trusted on its own, and a branch that does not have it takes
 * nothing away. Of the value a hash is kept, and what may be shown. The file is 0600 and replaced
 * as a whole under a lock. One that cannot be read is ERR_CORRUPT, never "nothing is trusted".
 */
#ifndef CORE_TRUST_H
#define CORE_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/id.h"

struct trust_entry {
	char repo[ID_HEX_SIZE];
	char hash[HASH_HEX_SIZE];
	char *key, *shown;
	int64_t at; /* ms */
};

struct trust {
	struct trust_entry *v; /* in the order in which they were trusted */
	size_t n;
};

#define TRUST_INIT                                                                                 \
	{                                                                                          \
		.v = NULL                                                                          \
	}

void trust_release(struct trust *t);
/* No file is no trust. */
int trust_load(struct trust *out, const char *state_dir, struct error *err);
bool trust_has(const struct trust *t, const char *repo, const char *key, const char *raw);

struct trust_value {
	const struct config_key *key;
	const char *raw;
};

/* Those that are trusted already stay as they are. */
int trust_add(const char *state_dir, const char *repo, const struct trust_value *v, size_t n,
	struct error *err);
/* Of all values of these keys in a repository; of all its keys when `keys` is NULL. */
int trust_revoke(const char *state_dir, const char *repo, const char *const *keys, size_t n,
	size_t *revoked_out, struct error *err);

#endif
