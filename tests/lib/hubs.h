/*
 * hubs.h - a hub on the test server, and chains of records to push to it. Failing is an assertion.
 */
#ifndef TESTS_LIB_HUBS_H
#define TESTS_LIB_HUBS_H

#include "core/config.h"
#include "core/hub.h"

/* A configuration with a URL under this key, and one more setting ("key=value", or NULL). */
struct config *hubs_config(const char *key, const char *url, const char *setting);
/* Of the postgres module's parts, linked in; `host` NULL: the server's own socket. */
struct hub *hubs_open(const char *role, const char *db, const char *host, int deadline_ms);

struct chain {
	char origin[ID_HEX_SIZE];
	struct hub_record *v;
	size_t n;
	char **bodies;
};

/* n records of an origin, from seq 1 on; `salt` makes the bodies others. */
struct chain hubs_chain(const char *origin, size_t n, const char *salt);
void hubs_chain_release(struct chain *c);
/* Compute the hashes from record `from` on anew, after one was changed. */
void hubs_rehash(struct chain *c, size_t from);
/* The head after the first n of them. */
struct head hubs_head(const struct chain *c, size_t n);
/* Push records from .. to - 1; the status. */
enum hub_status hubs_push(struct hub *h, const char *key, const struct chain *c, size_t from,
	size_t to, struct head *head_out);
/* Join and enroll. */
void hubs_enroll(struct hub *h, const char *id, const char *origin, char key_out[ID_HEX_SIZE]);

#endif
