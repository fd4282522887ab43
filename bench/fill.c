/*
 * bench-fill DIR N [SESSIONS] - append N commit.created events to the journal at DIR, as a long
 * history would have: of the repository's main clone, so that they belong to no session, or spread
 * over so many sessions.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/clock.h"
#include "core/event.h"
#include "log/journal.h"

#define BATCH 500

static unsigned long n_sessions;

static int make_body(struct buf *body, const char *clone, unsigned long i, struct error *err)
{
	char old_oid[41], new_oid[41], data[256], session[ID_UUID_SIZE];
	struct event_src src = { .clone = clone, .ref = "refs/heads/main", .n = i };
	struct event_draft draft = { .type = EVENT_COMMIT_CREATED, .via = "hook", .src = &src };
	struct actor actor;
	int n;

	snprintf(old_oid, sizeof(old_oid), "%040lx", i - 1);
	snprintf(new_oid, sizeof(new_oid), "%040lx", i);
	src.old_oid = old_oid;
	src.new_oid = new_oid;
	n = snprintf(data, sizeof(data),
		"{\"oid\":\"%s\",\"branch\":\"main\",\"subject\":\"commit number %lu\","
		"\"how\":\"commit\"}",
		new_oid, i);
	if (n_sessions) {
		snprintf(session, sizeof(session), "0193597a-0000-7000-8000-%012lx",
			(i % n_sessions) & 0xfffffffffffful);
		draft.session = session;
	}
	draft.at = clock_now_ms();
	draft.data = data;
	draft.data_len = (size_t)n;
	actor_from_environment(&actor);
	return event_encode(body, &draft, &actor, err);
}

static int append_batch(struct journal *j, const char *clone, unsigned long first, size_t n,
	struct buf bodies[BATCH], struct error *err)
{
	struct journal_entry entries[BATCH];
	int r;

	for (size_t i = 0; i < n; i++) {
		buf_clear(&bodies[i]);
		r = make_body(&bodies[i], clone, first + i, err);
		if (r < 0)
			return r;
		entries[i].body = bodies[i].data;
		entries[i].len = bodies[i].len;
	}
	return journal_append(j, entries, n, -1, NULL, err);
}

static int fill(const char *dir, unsigned long total, struct error *err)
{
	static struct buf bodies[BATCH];
	char clone[ID_HEX_SIZE];
	struct journal *j = NULL;
	int r;

	for (size_t i = 0; i < BATCH; i++)
		bodies[i] = (struct buf)BUF_INIT;
	r = id_random_hex(clone, err);
	if (r == 0)
		r = journal_open(&j, dir, err);
	for (unsigned long done = 0; r == 0 && done < total;) {
		size_t n = total - done < BATCH ? (size_t)(total - done) : BATCH;

		r = append_batch(j, clone, done + 1, n, bodies, err);
		done += n;
	}
	for (size_t i = 0; i < BATCH; i++)
		buf_release(&bodies[i]);
	journal_close(j);
	return r;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;

	if (argc != 3 && argc != 4) {
		fputs("usage: bench-fill JOURNAL N [SESSIONS]\n", stderr);
		return 2;
	}
	n_sessions = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	if (fill(argv[1], strtoul(argv[2], NULL, 10), &err) < 0) {
		fprintf(stderr, "bench-fill: %s\n", err.msg);
		return 1;
	}
	return 0;
}
