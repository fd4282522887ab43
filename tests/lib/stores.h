/*
 * stores.h - opening backends and making sessions for tests. Failing is an assertion.
 */
#ifndef TESTS_LIB_STORES_H
#define TESTS_LIB_STORES_H

#include "core/backend.h"
#include "core/config.h"

#define STORES_REPO "11111111111111111111111111111111"
#define STORES_OTHER_REPO "22222222222222222222222222222222"
#define STORES_ORIGIN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* A configuration with this backend, its store at `path`; nothing of the machine's gets in. */
struct config *stores_config(const char *backend, const char *path);
/* A handle of its own, not the registry's; end with stores_close(). */
struct backend *stores_open(const char *backend, const char *path);
void stores_close(struct backend *b);

/* The id of session number n. */
const char *stores_id(unsigned n);
/* A record: sessionId of number n, and the given members ("\"session\":\"x\""). */
struct session stores_session(unsigned n, const char *members);
/* Heads that say: `seq` events of one origin. */
struct heads stores_heads(uint64_t seq);

/* One batch that puts one session and moves the heads. */
void stores_put(struct backend *b, const char *repo_id, const struct session *s, uint64_t seq);
/* The same with stores_session(). */
void stores_add(struct backend *b, const char *repo_id, unsigned n, const char *members);
uint64_t stores_seq(struct backend *b, const char *repo_id);

#endif
