#include <inttypes.h>

#include "fault/driver.h"
#include "fault/oracle.h"
#include "lib/stores.h"

static int commit_one(struct backend *b, unsigned i, struct error *err)
{
	struct session s = stores_session(i, "\"session\":\"s\",\"status\":\"ACTIVE\"");
	struct heads heads = stores_heads(i + 1);
	int r = b->ops->begin(b, STORES_REPO, err);

	if (r == 0) {
		r = b->ops->put(b, &s, err);
		if (r == 0)
			r = b->ops->commit(b, &heads, err);
		else
			b->ops->rollback(b);
	}
	session_release(&s);
	heads_release(&heads);
	return r;
}

int driver_store(const char *path, unsigned from, unsigned n, told_fn *told, struct error *err)
{
	struct backend *b = stores_open("json", path);
	int r = 0;

	for (unsigned i = 0; r == 0 && i < n; i++) {
		r = commit_one(b, from + i, err);
		if (r == 0)
			r = told(NULL, 0, i, from + i + 1, err);
	}
	stores_close(b);
	return r;
}

static int check_content(struct backend *b, uint64_t least, struct error *err)
{
	const struct session_query all = { .deleted = true };
	struct session_set set = { .v = NULL };
	uint64_t seq = stores_seq(b, STORES_REPO);
	int r = 0;

	if (seq < least || seq > least + 1)
		return error_set(err, ERR_CORRUPT,
			"the heads say %" PRIu64 ", acknowledged are %" PRIu64, seq, least);
	r = b->ops->list(b, STORES_REPO, &all, &set, err);
	if (r == 0 && set.n != seq)
		r = error_set(err, ERR_CORRUPT,
			"the heads say %" PRIu64 ", but there are %zu sessions", seq, set.n);
	session_set_release(&set);
	return r;
}

int driver_check_store(const char *path, unsigned from, char *const *acks, struct error *err)
{
	struct oracle oracle = ORACLE_INIT;
	struct backend *b = NULL;
	int r = 0;

	for (; r == 0 && *acks; acks++)
		r = oracle_read(&oracle, *acks, err);
	if (r == 0) {
		b = stores_open("json", path);
		r = check_content(b, from + oracle.acknowledged, err);
	}
	if (r == 0)
		r = commit_one(b, (unsigned)stores_seq(b, STORES_REPO), err);
	stores_close(b);
	oracle_release(&oracle);
	return r;
}
