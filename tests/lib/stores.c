#include "lib/stores.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "backends/registry.h"

struct config *stores_config(const char *backend, const char *path)
{
	struct buf name = BUF_INIT, place = BUF_INIT;
	const char *settings[3] = { NULL };
	struct config_sources sources = { .user_file = "/nonexistent/config.yaml",
		.settings = settings };
	struct config *config = NULL;
	struct error err = ERROR_INIT;

	buf_addf(&name, "sessiondb.backend=%s", backend);
	buf_addf(&place, "sessiondb.%s.path=%s", backend, path);
	settings[0] = name.data;
	settings[1] = place.data;
	if (config_load(&config, &sources, &err) < 0)
		fail_msg("%s", err.msg);
	buf_release(&name);
	buf_release(&place);
	return config;
}

struct backend *stores_open(const char *backend, const char *path)
{
	struct config *config = stores_config(backend, path);
	struct error err = ERROR_INIT;
	struct backend *b = NULL;

	for (size_t i = 0; registry_backends[i]; i++)
		if (strcmp(registry_backends[i]->name, backend) == 0 &&
			registry_backends[i]->open(&b, config, &err) < 0)
			fail_msg("%s", err.msg);
	config_free(config);
	assert_non_null(b);
	return b;
}

void stores_close(struct backend *b)
{
	if (b)
		b->ops->close(b);
}

const char *stores_id(unsigned n)
{
	static char ids[4][ID_UUID_SIZE];
	static unsigned turn;
	char *id = ids[turn++ % 4];

	(void)snprintf(id, ID_UUID_SIZE, "0193597a-0000-7000-8000-%012x", n);
	return id;
}

struct session stores_session(unsigned n, const char *members)
{
	struct session s = { .name = NULL };
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;

	buf_addf(&text, "{\"sessionId\":\"%s\"%s%s}", stores_id(n), *members ? "," : "", members);
	if (session_from_json(&s, text.data, text.len, &err) < 0)
		fail_msg("%s: %s", err.msg, text.data);
	buf_release(&text);
	s.last_key = (struct event_key){ .hlc = 0x0193597a00000000 + n, .seq = n + 1 };
	memcpy(s.last_key.origin, STORES_ORIGIN, ID_HEX_SIZE);
	s.n_events = n + 2;
	return s;
}

struct heads stores_heads(uint64_t seq)
{
	struct heads heads = HEADS_INIT;
	struct error err = ERROR_INIT;
	char hash[HASH_HEX_SIZE];

	hash_bytes(&seq, sizeof(seq), hash);
	assert_int_equal(heads_set(&heads, STORES_ORIGIN, seq, hash, &err), 0);
	return heads;
}

void stores_put(struct backend *b, const char *repo_id, const struct session *s, uint64_t seq)
{
	struct heads heads = stores_heads(seq);
	struct error err = ERROR_INIT;

	if (b->ops->begin(b, repo_id, &err) < 0 || b->ops->put(b, s, &err) < 0 ||
		b->ops->commit(b, &heads, &err) < 0)
		fail_msg("%s", err.msg);
	heads_release(&heads);
}

void stores_add(struct backend *b, const char *repo_id, unsigned n, const char *members)
{
	struct session s = stores_session(n, members);

	stores_put(b, repo_id, &s, n + 1);
	session_release(&s);
}

uint64_t stores_seq(struct backend *b, const char *repo_id)
{
	struct heads heads = HEADS_INIT;
	struct error err = ERROR_INIT;
	const struct head *head;
	uint64_t seq;

	if (b->ops->heads(b, repo_id, &heads, &err) < 0)
		fail_msg("%s", err.msg);
	head = heads_find(&heads, STORES_ORIGIN);
	seq = head ? head->seq : 0;
	heads_release(&heads);
	return seq;
}
