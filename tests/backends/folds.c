/*
 * The records in a store are those that the events give, whatever the order of arrival, the size of
 * the pieces, and however many times the process was killed on the way:
 *
 *	folds json
 *
 * Five machines write a history; their records reach a sixth in pieces. With MINSKY_TEST_LONG=1 it
 * is 100,000 events of 10,000 sessions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/generate.h"
#include "lib/journals.h"
#include "lib/scratch.h"
#include "lib/stores.h"
#include "log/peers.h"
#include "log/projector.h"

#define MACHINES 5
#define START_MS INT64_C(1767225600000)

static const char *backend;
static unsigned long n_events = 4000;
static unsigned n_sessions = 400;
static char dir[SCRATCH_SIZE];
static struct journal *machines[MACHINES];
static struct session_set expected;
static struct error err;

static void clock_is(int64_t ms)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)ms);
	assert_int_equal(setenv("MINSKY_NOW", text, 1), 0);
}

static void well(int r)
{
	if (r < 0)
		fail_msg("%s", err.msg);
}

/* Clocks that are up to two minutes apart, and runs of up to twenty events. */
static void write_history(void)
{
	struct generator g = { .rng = 20260101, .sessions = n_sessions };
	struct journal_entry entries[20];
	struct buf bodies[20];
	int64_t now = START_MS;

	for (size_t i = 0; i < 20; i++)
		bodies[i] = (struct buf)BUF_INIT;
	while (g.events < n_events) {
		unsigned who = (unsigned)generate_number(&g, MACHINES);
		size_t n = 1 + generate_number(&g, 20);

		now += (int64_t)generate_number(&g, 5000);
		clock_is(now + 30000 * who);
		for (size_t i = 0; i < n; i++) {
			buf_clear(&bodies[i]);
			generate_body(&g, &bodies[i], now);
			entries[i] = (struct journal_entry){ bodies[i].data, bodies[i].len };
		}
		well(journal_append(machines[who], entries, n, -1, NULL, &err));
	}
	for (size_t i = 0; i < 20; i++)
		buf_release(&bodies[i]);
	clock_is(now + 30000 * MACHINES);
}

static void fold_machine(struct journal *j, struct event **events, size_t *n, size_t *cap)
{
	struct journal_reader *reader;
	const struct record *record;

	well(journal_reader_open(&reader, j, NULL, 0, NULL, &err));
	for (;;) {
		struct event_key key = { .seq = 0 };

		well(journal_reader_next(reader, &record, &err));
		if (!record)
			break;
		if (*n == *cap) {
			*cap = *cap ? 2 * *cap : 1024;
			*events = reallocarray(*events, *cap, sizeof(**events));
			assert_non_null(*events);
		}
		key.hlc = record->hlc;
		key.seq = record->seq;
		memcpy(key.origin, record->origin, sizeof(key.origin));
		well(event_decode(&(*events)[(*n)++], record->body, record->body_len, &key, &err));
	}
	journal_reader_close(reader);
}

/* What is right: all events at once, by the fold itself. */
static void fold_all(void)
{
	struct event *events = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < MACHINES; i++)
		fold_machine(machines[i], &events, &n, &cap);
	assert_true(n >= n_events);
	well(session_fold(&expected, events, n, NULL, &err));
	for (size_t i = 0; i < n; i++)
		event_release(&events[i]);
	free(events);
}

static int make(void **state)
{
	(void)state;
	if (getenv("MINSKY_TEST_LONG")) {
		n_events = 100000;
		n_sessions = 10000;
	}
	scratch_make(dir);
	for (unsigned i = 0; i < MACHINES; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "machine%u", i);
		clock_is(START_MS);
		machines[i] = journals_new(scratch_path(dir, name));
	}
	write_history();
	fold_all();
	return 0;
}

static int drop(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MACHINES; i++)
		journal_close(machines[i]);
	session_set_release(&expected);
	scratch_remove(dir);
	return 0;
}

/* The machine that everything reaches. */
struct sixth {
	struct journal *j;
	char journal[SCRATCH_SIZE + 32], store[SCRATCH_SIZE + 32];
	uint64_t seq[MACHINES]; /* has arrived */
	bool done[MACHINES];
	unsigned kills;
};

static void arrive(struct sixth *s, unsigned who, uint64_t most)
{
	const char *origin = journal_origin(machines[who]);
	struct peer_import *import;
	struct journal_reader *reader;
	const struct record *record = NULL;
	uint64_t n = 0;

	well(peer_import_open(&import, s->j, origin, s->seq[who], -1, &err));
	well(journal_reader_open(&reader, machines[who], NULL, s->seq[who], NULL, &err));
	while (n < most) {
		well(journal_reader_next(reader, &record, &err));
		if (!record)
			break;
		well(peer_import_add(import, record, &err));
		s->seq[who] = record->seq;
		n++;
	}
	s->done[who] = !record;
	well(peer_import_flush(import, &err));
	peer_import_close(import);
	journal_reader_close(reader);
}

static void project(const struct sixth *s)
{
	struct backend *b = stores_open(backend, s->store);
	struct projector_result result = { .events = 0 };

	well(projector_run(s->j, b, STORES_REPO, &result, &err));
	stores_close(b);
}

static void project_and_be_killed(struct sixth *s, long after_us)
{
	struct timespec pause = { .tv_nsec = after_us * 1000 };
	pid_t pid = child_fork();
	int status;

	if (!pid) {
		project(s);
		_exit(0);
	}
	nanosleep(&pause, NULL);
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		s->kills++;
	else
		assert_int_equal(status, 0);
}

static void is_as_expected(const struct sixth *s)
{
	const struct session_query all = { .deleted = true };
	struct backend *b = stores_open(backend, s->store);
	struct session_set named = { .v = NULL };
	size_t n_named = 0;

	for (size_t i = 0; i < expected.n; i++) {
		struct session got = { .name = NULL };
		char here[HASH_HEX_SIZE], there[HASH_HEX_SIZE];

		well(b->ops->get(b, STORES_REPO, KEY_ID, expected.v[i].id, &got, &err));
		well(session_digest(&expected.v[i], here, &err));
		well(session_digest(&got, there, &err));
		if (strcmp(here, there) != 0)
			fail_msg("session %s is another", got.id);
		assert_int_equal(got.n_events, expected.v[i].n_events);
		assert_int_equal(event_key_compare(&got.last_key, &expected.v[i].last_key), 0);
		n_named += expected.v[i].name != NULL;
		session_release(&got);
	}
	well(b->ops->list(b, STORES_REPO, &all, &named, &err));
	assert_int_equal(named.n, n_named);
	session_set_release(&named);
	stores_close(b);
}

static void sixth_begin(struct sixth *s, const char *name)
{
	char journal[64];

	*s = (struct sixth){ .j = NULL };
	(void)snprintf(journal, sizeof(journal), "journal-of-%s", name);
	(void)snprintf(s->journal, sizeof(s->journal), "%s", scratch_path(dir, journal));
	(void)snprintf(s->store, sizeof(s->store), "%s", scratch_path(dir, name));
	s->j = journals_new(s->journal);
	/* A database has to be there before anybody can be killed while he makes it. */
	stores_close(stores_open(backend, s->store));
}

static void sixth_end(struct sixth *s)
{
	is_as_expected(s);
	journal_close(s->j);
	stores_drop(stores_kind(backend), s->store);
}

/* All of one machine, then all of the next: nearly everything is late. */
static void machine_by_machine(void **state)
{
	struct sixth s;

	(void)state;
	sixth_begin(&s, "whole");
	for (unsigned who = MACHINES; who-- > 0;) {
		arrive(&s, who, UINT64_MAX);
		project(&s);
	}
	sixth_end(&s);
}

static void all_at_once(void **state)
{
	struct sixth s;

	(void)state;
	sixth_begin(&s, "once");
	for (unsigned who = 0; who < MACHINES; who++)
		arrive(&s, who, UINT64_MAX);
	project(&s);
	sixth_end(&s);
}

static bool any_left(const struct sixth *s)
{
	for (unsigned who = 0; who < MACHINES; who++)
		if (!s->done[who])
			return true;
	return false;
}

static void in_pieces_and_killed(void **state)
{
	struct generator g = { .rng = 7 };
	struct sixth s;

	(void)state;
	sixth_begin(&s, "pieces");
	while (any_left(&s)) {
		unsigned who = (unsigned)generate_number(&g, MACHINES);

		arrive(&s, who, 1 + generate_number(&g, n_events / 20));
		if (generate_number(&g, 3))
			project_and_be_killed(&s, 500 + (long)generate_number(&g, 30000));
		else if (!generate_number(&g, 2))
			project(&s);
	}
	for (int i = 0; i < 3; i++)
		project_and_be_killed(&s, 2000 << 2 * i);
	project(&s);
	assert_true(s.kills > 0);
	sixth_end(&s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(machine_by_machine),
		cmocka_unit_test(in_pieces_and_killed),
	};

	if (argc != 2 || !stores_kind(argv[1])) {
		(void)fprintf(stderr, "usage: folds BACKEND\n");
		return 2;
	}
	backend = argv[1];
	return cmocka_run_group_tests(tests, make, drop);
}
