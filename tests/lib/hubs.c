#include "lib/hubs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/postgres.h"
#include "lib/postgres.h"
#include "lib/scratch.h"
#include "log/record.h"

#define FIRST_HLC UINT64_C(0x0193597a00000000)

struct config *hubs_config(const char *key, const char *url, const char *setting)
{
	struct buf text = BUF_INIT;
	const char *settings[4] = { NULL };
	struct config_sources sources = { .user_file = scratch_absent(), .settings = settings };
	struct config *config = NULL;
	struct error err = ERROR_INIT;

	buf_addf(&text, "%s=%s", key, url);
	settings[0] = text.data;
	settings[1] = setting;
	if (config_load(&config, &sources, &err) < 0)
		fail_msg("%s", err.msg);
	buf_release(&text);
	return config;
}

struct hub *hubs_open(const char *role, const char *db, const char *host, int deadline_ms)
{
	struct buf url = BUF_INIT;
	struct config *config;
	struct hub *h = NULL;
	struct error err = ERROR_INIT;

	pgtest_url(&url, role, db, host);
	config = hubs_config("sessiondb.hub", url.data, NULL);
	if (hub_postgres.open(&h, config, deadline_ms, &err) < 0)
		fail_msg("%s", err.msg);
	config_free(config);
	buf_release(&url);
	return h;
}

void hubs_rehash(struct chain *c, size_t from)
{
	for (size_t i = from; i < c->n; i++) {
		struct hub_record *r = &c->v[i];

		if (r->body)
			hash_bytes(r->body, r->body_len, r->bodyhash);
		record_hash(r->hash, i ? c->v[i - 1].hash : HASH_ZERO, c->origin, r->seq, r->hlc,
			r->bodyhash);
	}
}

struct chain hubs_chain(const char *origin, size_t n, const char *salt)
{
	struct chain c = { .n = n };

	memcpy(c.origin, origin, ID_HEX_SIZE);
	c.v = calloc(n + 1, sizeof(*c.v));
	c.bodies = calloc(n + 1, sizeof(*c.bodies));
	assert_non_null(c.v);
	assert_non_null(c.bodies);
	for (size_t i = 0; i < n; i++) {
		struct buf body = BUF_INIT;

		buf_addf(&body, "{\"type\":\"commit.created\",\"n\":%zu,\"salt\":\"%s\"}", i + 1,
			salt);
		c.bodies[i] = buf_detach(&body);
		c.v[i] = (struct hub_record){ .seq = i + 1,
			.hlc = FIRST_HLC + i,
			.body = c.bodies[i],
			.body_len = strlen(c.bodies[i]),
			.type = "commit.created",
			.version = 1 };
		(void)snprintf(
			c.v[i].session, ID_UUID_SIZE, "0193597a-0000-7000-8000-%012zu", i % 7);
	}
	hubs_rehash(&c, 0);
	return c;
}

void hubs_chain_release(struct chain *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->bodies[i]);
	free(c->bodies);
	free(c->v);
	*c = (struct chain){ .n = 0 };
}

struct head hubs_head(const struct chain *c, size_t n)
{
	struct head h = { .seq = n };

	memcpy(h.origin, c->origin, ID_HEX_SIZE);
	memcpy(h.hash, n ? c->v[n - 1].hash : HASH_ZERO, HASH_HEX_SIZE);
	return h;
}

enum hub_status hubs_push(struct hub *h, const char *key, const struct chain *c, size_t from,
	size_t to, struct head *head_out)
{
	struct head base = hubs_head(c, from), head;
	enum hub_status status = HUB_OK;
	struct error err = ERROR_INIT;

	if (h->ops->push(h, key, &base, c->v + from, to - from, &status, &head, &err) < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(head.origin, c->origin);
	if (head_out)
		*head_out = head;
	return status;
}

void hubs_enroll(struct hub *h, const char *id, const char *origin, char key_out[ID_HEX_SIZE])
{
	struct hub_repo repo = { .id = id, .name = "o/r" };
	struct error err = ERROR_INIT;

	if (h->ops->join(h, &repo, key_out, &err) < 0 ||
		h->ops->enroll(h, key_out, origin, "mira", NULL, &err) < 0)
		fail_msg("%s", err.msg);
}
