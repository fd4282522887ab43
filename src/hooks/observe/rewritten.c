/*
 * A log that lost the line up to which it was read (`git reflog expire`, gc) is read again from
 * where it may go on. What was told of it before has other numbers now; type, time, ref, commits
 * and data are the same. No line is older than one of its log that was told.
 */
#include "hooks/observe/pending.h"

struct stretch {
	const char *at;
	size_t len;
};

/* From `from` up to `to` in an event's body; empty if they are not there. */
static struct stretch cut(struct stretch body, const char *from, const char *to)
{
	struct stretch out = { NULL, 0 };
	const char *at = memmem(body.at, body.len, from, strlen(from));
	const char *end;

	if (!at)
		return out;
	end = memmem(at, body.len - (size_t)(at - body.at), to, strlen(to));
	out.at = at;
	out.len = (size_t)((end ? end : body.at + body.len) - at);
	return out;
}

static bool same(struct stretch a, struct stretch b)
{
	return a.len == b.len && a.len && !memcmp(a.at, b.at, a.len);
}

static bool same_between(struct stretch a, struct stretch b, const char *from, const char *to)
{
	return same(cut(a, from, to), cut(b, from, to));
}

/* Without how long it took to tell, and the braces that end it. */
static struct stretch data_of(struct stretch body)
{
	struct stretch data = cut(body, "\"data\":{", ",\"us\":");

	while (data.len && data.at[data.len - 1] == '}')
		data.len--;
	return data;
}

/* A commit, or something like one: it is made once, whatever its log is called afterwards. */
static bool is_made_once(struct stretch body)
{
	static const char *const types[] = { "{\"type\":\"commit.created\"",
		"{\"type\":\"commits.rewritten\"", "{\"type\":\"merge.completed\"",
		"{\"type\":\"branch.renamed\"" };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (body.len > strlen(types[i]) && !memcmp(body.at, types[i], strlen(types[i])))
			return true;
	return false;
}

static bool alike(struct stretch a, struct stretch b)
{
	return same_between(a, b, "{\"type\":", ",") && same_between(a, b, "\"at\":\"", ",") &&
		same_between(a, b, is_made_once(a) ? ",\"old\":\"" : "\"src\":{", ",\"n\":") &&
		same(data_of(a), data_of(b));
}

/* Of the same log, and before the one that was told. */
static bool older(struct stretch a, struct stretch told)
{
	/* What has its time from minsky's clock says nothing about the log. */
	const char unknown[] = "\"timeUnknown\":true";
	struct stretch at = cut(a, "\"at\":\"", "."), than = cut(told, "\"at\":\"", ".");

	if (memmem(told.at, told.len, unknown, strlen(unknown)))
		return false;

	return same_between(a, told, "\"src\":{", ",\"old\":") && at.len == than.len &&
		memcmp(at.at, than.at, at.len) < 0;
}

void told_drop(struct pending *t, const char *body, size_t len, bool with_older)
{
	const struct stretch told = { body, len };
	size_t kept = 0;

	for (size_t i = 0; i < t->n_batch; i++) {
		const struct batch_entry *e = &t->batch[i];
		struct stretch mine = { t->bodies.data + e->body, e->len };

		if (!alike(mine, told) && !(with_older && e->reread && older(mine, told)))
			t->batch[kept++] = *e;
	}
	t->n_batch = kept;
}

/* What was there before minsky is history; a log knows seconds. */
static void drop_history(struct pending *t, const char *body, size_t len)
{
	struct stretch first = cut((struct stretch){ body, len }, "\"at\":\"", ".");
	size_t kept = 0;

	for (size_t i = 0; i < t->n_batch; i++) {
		const struct batch_entry *e = &t->batch[i];
		struct stretch mine = { t->bodies.data + e->body, e->len };
		struct stretch at = cut(mine, "\"at\":\"", ".");

		if (!e->reread || at.len != first.len || memcmp(at.at, first.at, at.len) >= 0)
			t->batch[kept++] = *e;
	}
	t->n_batch = kept;
}

static int drop_from(struct pending *t, const char *origin, const char *mine, struct error *err)
{
	bool first = true;
	struct journal_reader *reader = NULL;
	int r = journal_reader_open(&reader, t->j, origin, 0, NULL, err);

	while (r == 0 && t->n_batch) {
		const struct record *record;

		r = journal_reader_next(reader, &record, err);
		if (r < 0 || !record)
			break;
		if (record->body && first)
			drop_history(t, record->body, record->body_len);
		first = first && !record->body;
		if (record->body && memmem(record->body, record->body_len, mine, strlen(mine)))
			told_drop(t, record->body, record->body_len, true);
	}
	journal_reader_close(reader);
	if (r < 0 && (err->code == ERR_CORRUPT || err->code == ERR_NOTFOUND)) {
		error_clear(err);
		r = 0;
	}
	return r;
}

int rewritten_drop_told(struct pending *t, struct error *err)
{
	struct buf mine = BUF_INIT;
	struct head parent;
	int r;

	buf_addf(&mine, "\"src\":{\"clone\":\"%s\"", t->b->pointer->clone);
	r = buf_check(&mine, err);
	if (r == 0 && journal_parent(t->j, &parent))
		r = drop_from(t, parent.origin, mine.data, err);
	if (r == 0)
		r = drop_from(t, NULL, mine.data, err);
	buf_release(&mine);
	return r;
}
