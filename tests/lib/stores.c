#include "lib/stores.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/registry.h"
#include "lib/scratch.h"

static void newer_json(const char *place)
{
	static const char text[] = "{\"schema\":9,\"repositories\":\"elsewhere\"}\n";

	scratch_write(place, text, strlen(text));
}

const struct store_kind stores_json = { .name = "json", .make_newer = newer_json };

static void module_settings(struct buf *out, const char *place)
{
	buf_addf(out, "sessiondb.location=%s\n", place);
}

static void newer_example(const char *place)
{
	scratch_write(place, "example 2\n", 10);
}

/* contrib/example-backend */
static const struct store_kind stores_example = {
	.name = "example", .settings = module_settings, .make_newer = newer_example
};

const struct store_kind *const store_kinds[] = { &stores_json, &stores_sqlite, &stores_example,
	NULL };

const struct store_kind *stores_kind(const char *name)
{
	static struct store_kind module = { .settings = module_settings };
	const struct backend_ops *ops;
	struct error err = ERROR_INIT;

	for (size_t i = 0; store_kinds[i]; i++)
		if (strcmp(store_kinds[i]->name, name) == 0)
			return store_kinds[i];
	if (&stores_postgres && strcmp(stores_postgres.name, name) == 0)
		return &stores_postgres;
	if (registry_find(&ops, name, &err) < 0)
		return NULL;
	module.name = ops->name;
	return &module;
}

void stores_drop(const struct store_kind *kind, const char *place)
{
	if (kind->drop)
		kind->drop(place);
}

bool stores_corrupt(const struct store_kind *kind, const char *place, unsigned way)
{
	struct buf whole;

	if (kind->corrupt)
		return kind->corrupt(place, way);
	if (way > 1)
		return false;
	whole = scratch_read(place);
	if (way == 0)
		scratch_write(place, whole.data, whole.len / 2);
	else
		scratch_write(place, "this is no store\n", 17);
	buf_release(&whole);
	return true;
}

struct buf stores_content(const struct store_kind *kind, const char *place)
{
	return kind->content ? kind->content(place) : scratch_read(place);
}

static void directory_of(const char *place, struct buf *out)
{
	buf_add(out, place, (size_t)(strrchr(place, '/') - place));
}

void stores_make_read_only(const struct store_kind *kind, const char *place)
{
	struct buf dir = BUF_INIT, lock = BUF_INIT;

	if (kind->make_read_only) {
		kind->make_read_only(place);
		return;
	}
	directory_of(place, &dir);
	/* Permissions mean nothing to root, who gives the files to somebody else. */
	if (geteuid() == 0) {
		assert_int_equal(chown(dir.data, 65534, 65534), 0);
		assert_int_equal(chown(place, 65534, 65534), 0);
		buf_addf(&lock, "%s.lock", place);
		(void)!unlink(lock.data);
	}
	assert_int_equal(chmod(place, 0400), 0);
	assert_int_equal(chmod(dir.data, 0500), 0);
	buf_release(&lock);
	buf_release(&dir);
}

bool stores_located(const struct store_kind *kind, const char *place, const char *location)
{
	return kind->located ? kind->located(place, location) : strcmp(place, location) == 0;
}

struct config *stores_config(const char *backend, const char *place)
{
	const struct store_kind *kind = stores_kind(backend);
	const char *settings[16] = { NULL };
	struct config_sources sources = { .user_file = scratch_absent(), .settings = settings };
	struct buf lines = BUF_INIT;
	struct config *config = NULL;
	struct error err = ERROR_INIT;
	size_t n = 0;

	assert_non_null(kind);
	buf_addf(&lines, "sessiondb.backend=%s\n", backend);
	if (kind->settings)
		kind->settings(&lines, place);
	else
		buf_addf(&lines, "sessiondb.%s.path=%s\n", backend, place);
	for (char *line = lines.data; *line && n < 15; line += strlen(line) + 1) {
		line[strcspn(line, "\n")] = '\0';
		settings[n++] = line;
	}
	if (config_load(&config, &sources, &err) < 0)
		fail_msg("%s", err.msg);
	buf_release(&lines);
	return config;
}

static trace_fn *trace;
static void *trace_arg;

void stores_trace(trace_fn *fn, void *arg)
{
	trace = fn;
	trace_arg = arg;
}

struct backend *stores_open(const char *backend, const char *place)
{
	struct config *config = stores_config(backend, place);
	const struct backend_ops *ops;
	struct error err = ERROR_INIT;
	struct backend *b = NULL;

	if (registry_find(&ops, backend, &err) < 0 || ops->open(&b, config, &err) < 0)
		fail_msg("%s", err.msg);
	config_free(config);
	assert_non_null(b);
	if (trace)
		assert_int_equal(trace_wrap(&b, 0, trace, trace_arg, &err), 0);
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
