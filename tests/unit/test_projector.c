/* A journal replayed into a backend, whole, in pieces, late, and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"
#include "lib/child.h"
#include "lib/journals.h"
#include "lib/scratch.h"
#include "lib/stores.h"
#include "log/projector.h"

#define HEAD_OID "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f"

static char dir[SCRATCH_SIZE];
static char store[SCRATCH_SIZE + 32];
static struct journal *j;
static struct backend *b;
static struct error err;
static uint64_t rng;

static uint64_t pick(uint64_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng * UINT64_C(0x2545f4914f6cdd1d) >> 33) % n;
}

static int make(void **state)
{
	(void)state;
	scratch_make(dir);
	(void)snprintf(store, sizeof(store), "%s/store.json", dir);
	j = journals_new(scratch_path(dir, "journal"));
	b = stores_open("json", store);
	rng = 42;
	(void)unsetenv("MINSKY_NOW");
	return 0;
}

static int drop(void **state)
{
	(void)state;
	journal_close(j);
	stores_close(b);
	scratch_remove(dir);
	(void)unsetenv("MINSKY_NOW");
	return 0;
}

static void body(struct buf *out, unsigned session, const char *type, const char *data)
{
	buf_addf(out,
		"{\"type\":\"%s\",\"session\":\"%s\",\"at\":\"2026-01-01T00:00:00.000Z\",\"v\":1,"
		"\"data\":{%s}}",
		type, stores_id(session), data);
}

static void tell(struct journal *journal, unsigned session, const char *type, const char *data)
{
	struct buf text = BUF_INIT;

	body(&text, session, type, data);
	journals_add(journal, text.data);
	buf_release(&text);
}

static struct projector_result run(void)
{
	struct projector_result result = { .events = 0 };

	if (projector_run(j, b, STORES_REPO, &result, &err) < 0)
		fail_msg("%s", err.msg);
	return result;
}

static struct session get(unsigned session)
{
	struct session s = { .name = NULL };

	if (b->ops->get(b, STORES_REPO, KEY_ID, stores_id(session), &s, &err) < 0)
		fail_msg("%s", err.msg);
	return s;
}

static void is_named(unsigned session, const char *name)
{
	struct session s = get(session);

	assert_string_equal(s.name, name);
	session_release(&s);
}

/* The store holds what replaying the journal into an empty one gives. */
static void is_whole(void)
{
	struct backend *fresh = stores_open("json", scratch_path(dir, "fresh.json"));
	struct buf mine = BUF_INIT, whole = BUF_INIT;
	struct projector_result result;

	if (projector_run(j, fresh, STORES_REPO, &result, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(b->ops->read_state(b, STORES_REPO, &mine, &err), 0);
	assert_int_equal(fresh->ops->read_state(fresh, STORES_REPO, &whole, &err), 0);
	assert_string_equal(mine.data, whole.data);
	buf_release(&mine);
	buf_release(&whole);
	stores_close(fresh);
	assert_int_equal(unlink(scratch_path(dir, "fresh.json")), 0);
}

static void heads_agree(void)
{
	struct heads here = HEADS_INIT, there = HEADS_INIT;

	assert_int_equal(journal_heads(j, &here, &err), 0);
	assert_int_equal(b->ops->heads(b, STORES_REPO, &there, &err), 0);
	assert_true(heads_equal(&here, &there));
	heads_release(&here);
	heads_release(&there);
}

static void events_become_records(void **state)
{
	struct projector_result result;
	struct session s;

	(void)state;
	journals_add(j,
		"{\"type\":\"journal.opened\",\"at\":\"2026-01-01T00:00:00.000Z\",\"v\":1,"
		"\"data\":{}}");
	tell(j, 1, "session.starting", "\"name\":\"fix\"");
	tell(j, 2, "session.starting", "\"name\":\"other\"");
	tell(j, 1, "session.started", "\"head\":\"" HEAD_OID "\"");
	result = run();
	assert_int_equal(result.events, 4);
	assert_int_equal(result.sessions, 2);
	assert_int_equal(result.unknown, 0);
	heads_agree();
	s = get(1);
	assert_string_equal(s.name, "fix");
	assert_int_equal(session_status(&s), SESSION_ACTIVE);
	assert_int_equal(s.n_events, 2);
	assert_int_equal(s.last_key.seq, 4);
	assert_string_equal(s.last_key.origin, journal_origin(j));
	session_release(&s);
}

static void nothing_new_touches_nothing(void **state)
{
	struct stat before, after;

	(void)state;
	assert_int_equal(run().events, 0);
	assert_false(fs_exists(store));
	tell(j, 1, "session.starting", "\"name\":\"fix\"");
	assert_int_equal(run().events, 1);
	assert_int_equal(stat(store, &before), 0);
	assert_int_equal(run().events, 0);
	assert_int_equal(stat(store, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void a_deleted_store_is_rebuilt(void **state)
{
	(void)state;
	tell(j, 1, "session.starting", "\"name\":\"fix\"");
	(void)run();
	assert_int_equal(unlink(store), 0);
	assert_int_equal(run().events, 1);
	is_named(1, "fix");
}

static void what_is_not_understood_is_counted(void **state)
{
	struct projector_result result;

	(void)state;
	tell(j, 1, "session.starting", "\"name\":\"fix\"");
	tell(j, 1, "session.painted", "\"name\":\"x\"");
	journals_add(j, "{\"no\":\"event\"}");
	tell(j, 1, "session.renamed", "\"name\":\"mend\"");
	result = run();
	assert_int_equal(result.events, 4);
	assert_int_equal(result.unknown, 1);
	assert_int_equal(result.odd, 1);
	is_named(1, "mend");
	heads_agree();
}

/* More than one batch, and batches of different sizes. */
static void a_long_journal_is_replayed(void **state)
{
	struct journal_entry entries[500];
	struct buf bodies[500];
	struct projector_result result;

	(void)state;
	for (unsigned round = 0; round < 19; round++) {
		for (unsigned i = 0; i < 500; i++) {
			bodies[i] = (struct buf)BUF_INIT;
			body(&bodies[i], (unsigned)pick(700), "session.renamed",
				pick(2) ? "\"name\":\"a\"" : "\"name\":\"b\"");
			entries[i] = (struct journal_entry){ bodies[i].data, bodies[i].len };
		}
		assert_int_equal(journal_append(j, entries, 500, -1, NULL, &err), 0);
		for (unsigned i = 0; i < 500; i++)
			buf_release(&bodies[i]);
	}
	result = run();
	assert_int_equal(result.events, 9500);
	heads_agree();
	for (unsigned i = 0; i < 50; i++)
		tell(j, (unsigned)pick(700), "session.renamed", "\"name\":\"c\"");
	assert_int_equal(run().events, 50);
	is_whole();
}

/* Give our journal the segment of another machine's as it is now. */
static void receive(struct journal *from)
{
	const char *segment = journals_segment(from);
	char path[512];
	struct buf text;

	if (!segment)
		return;
	(void)snprintf(path, sizeof(path), "%s/journal/peers", dir);
	assert_int_equal(fs_mkdirs(path, 0700, &err), 0);
	(void)snprintf(path, sizeof(path), "%s/journal/peers/%s", dir, strrchr(segment, '/') + 1);
	text = scratch_read(segment);
	scratch_write(path, text.data, text.len);
	buf_release(&text);
}

static void at(int64_t ms)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)ms);
	assert_int_equal(setenv("MINSKY_NOW", text, 1), 0);
}

static void a_late_event_takes_its_place(void **state)
{
	struct journal *peer = journals_new(scratch_path(dir, "peer"));
	struct session s;

	(void)state;
	at(1000);
	tell(j, 1, "session.starting", "\"name\":\"first\",\"description\":\"d1\"");
	tell(j, 2, "session.starting", "\"name\":\"untouched\"");
	at(2000);
	tell(peer, 1, "session.noted", "\"text\":\"second\"");
	tell(peer, 1, "pr.created", "\"pr\":\"0193597a-0000-7000-8000-0000000000a1\"");
	at(3000);
	tell(j, 1, "session.renamed", "\"name\":\"third\"");
	(void)run();
	is_named(1, "third");
	receive(peer);
	assert_int_equal(run().events, 2);
	s = get(1);
	assert_string_equal(s.name, "third");
	/* It is another's session: a note is his, a PR is not for him to make. */
	assert_non_null(strstr(s.notes, "\"text\":\"second\""));
	assert_int_equal(s.n_prs, 0);
	assert_int_equal(s.without_effect, 1);
	assert_int_equal(s.n_events, 4);
	assert_int_equal(s.last_key.seq, 3);
	session_release(&s);
	at(4000);
	tell(peer, 1, "session.renamed", "\"name\":\"fourth\"");
	receive(peer);
	assert_int_equal(run().without_effect, 1);
	is_named(1, "third");
	is_named(2, "untouched");
	heads_agree();
	is_whole();
	journal_close(peer);
}

/* An id that was written with escapes is the same id. */
static void a_late_refold_misses_no_spelling(void **state)
{
	struct journal *peer = journals_new(scratch_path(dir, "peer"));
	struct buf text = BUF_INIT;
	struct session s;

	(void)state;
	at(1000);
	buf_addf(&text,
		"{\"type\":\"session.starting\",\"session\":\"\\u0030%s\",\"at\":\"2026-01-01T00:"
		"00:"
		"00.000Z\",\"v\":1,\"data\":{\"name\":\"x\",\"taskId\":\"7\"}}",
		stores_id(1) + 1);
	journals_add(j, text.data);
	at(2000);
	tell(peer, 1, "session.noted", "\"text\":\"late\"");
	at(3000);
	tell(j, 1, "session.noted", "\"state\":\"done\"");
	(void)run();
	receive(peer);
	(void)run();
	s = get(1);
	assert_non_null(strstr(s.notes, "late"));
	session_release(&s);
	is_whole();
	buf_release(&text);
	journal_close(peer);
}

static void tell_something(struct journal *journal)
{
	static const char *const types[] = { "session.starting", "session.started",
		"session.renamed", "session.updated", "session.noted", "session.deleted",
		"session.restored", "pr.created", "pr.updated", "pr.merged", "pr.closed" };
	struct buf data = BUF_INIT;

	buf_addf(&data,
		"\"name\":\"n%u\",\"description\":\"d%u\",\"text\":\"s%u\",\"pr\":\"%s\","
		"\"title\":"
		"\"t%u\",\"set\":{\"u%u\":%u}",
		(unsigned)pick(9), (unsigned)pick(9), (unsigned)pick(9),
		stores_id(500 + (unsigned)pick(3)), (unsigned)pick(9), (unsigned)pick(3),
		(unsigned)pick(9));
	tell(journal, (unsigned)pick(12), types[pick(sizeof(types) / sizeof(*types))], data.data);
	buf_release(&data);
}

/* Three machines whose events reach us in pieces, at any time, in any order. */
static void pieces_make_the_same_whole(void **state)
{
	struct journal *peers[2] = { journals_new(scratch_path(dir, "p1")),
		journals_new(scratch_path(dir, "p2")) };
	int64_t now = 1000000;

	(void)state;
	for (int round = 0; round < 400; round++) {
		struct journal *who = pick(2) ? j : peers[pick(2)];

		/* Clocks that disagree by more than the time between two events. */
		at(now + (who == j ? 0 : (int64_t)pick(60)));
		now += (int64_t)pick(10);
		tell_something(who);
		if (!pick(7))
			receive(peers[pick(2)]);
		if (!pick(5))
			(void)run();
	}
	receive(peers[0]);
	receive(peers[1]);
	(void)run();
	heads_agree();
	is_whole();
	journal_close(peers[0]);
	journal_close(peers[1]);
}

static void project_alone(void)
{
	struct backend *own = stores_open("json", store);
	struct journal *same = journals_open(journal_dir(j));
	struct projector_result result;
	struct error e = ERROR_INIT;

	for (int i = 0; i < 60; i++)
		if (projector_run(same, own, STORES_REPO, &result, &e) < 0)
			_exit(1);
	journal_close(same);
	stores_close(own);
	_exit(0);
}

static void two_projectors_do_not_disturb_each_other(void **state)
{
	pid_t pids[2];

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		tell_something(j);
	for (int i = 0; i < 2; i++) {
		pids[i] = child_fork();
		if (!pids[i])
			project_alone();
	}
	for (unsigned i = 0; i < 60; i++) {
		tell_something(j);
		(void)run();
	}
	for (int i = 0; i < 2; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	(void)run();
	heads_agree();
	is_whole();
}

/* A backend in front of the real one: at the second batch somebody else has just finished. */
struct overtaken {
	struct backend base;
	struct backend_ops ops;
	struct backend *real;
	unsigned batches;
};

static struct overtaken overtaken;

static int overtaken_begin(struct backend *self, const char *repo_id, struct error *e)
{
	(void)self;
	if (++overtaken.batches == 2) {
		struct backend *other = stores_open("json", store);
		struct projector_result result;

		assert_int_equal(projector_run(j, other, repo_id, &result, e), 0);
		stores_close(other);
	}
	return overtaken.real->ops->begin(overtaken.real, repo_id, e);
}

static int overtaken_put(struct backend *self, const struct session *s, struct error *e)
{
	(void)self;
	return overtaken.real->ops->put(overtaken.real, s, e);
}

static int overtaken_commit(struct backend *self, const struct heads *heads, struct error *e)
{
	(void)self;
	return overtaken.real->ops->commit(overtaken.real, heads, e);
}

static void overtaken_rollback(struct backend *self)
{
	(void)self;
	overtaken.real->ops->rollback(overtaken.real);
}

static int overtaken_heads(
	struct backend *self, const char *repo_id, struct heads *out, struct error *e)
{
	(void)self;
	return overtaken.real->ops->heads(overtaken.real, repo_id, out, e);
}

static int overtaken_get(struct backend *self, const char *repo_id, enum session_key kind,
	const char *key, struct session *out, struct error *e)
{
	(void)self;
	return overtaken.real->ops->get(overtaken.real, repo_id, kind, key, out, e);
}

static void a_projector_that_was_overtaken_goes_on_from_there(void **state)
{
	struct projector_result result;
	struct journal_entry entries[100];
	struct buf text = BUF_INIT;

	(void)state;
	body(&text, 1, "session.noted", "\"state\":\"done\"");
	for (size_t i = 0; i < 100; i++)
		entries[i] = (struct journal_entry){ text.data, text.len };
	for (int i = 0; i < 50; i++)
		assert_int_equal(journal_append(j, entries, 100, -1, NULL, &err), 0);
	overtaken = (struct overtaken){ .real = b,
		.ops = { .begin = overtaken_begin,
			.put = overtaken_put,
			.commit = overtaken_commit,
			.rollback = overtaken_rollback,
			.heads = overtaken_heads,
			.get = overtaken_get } };
	overtaken.base.ops = &overtaken.ops;
	assert_int_equal(projector_run(j, &overtaken.base, STORES_REPO, &result, &err), 0);
	assert_int_equal(overtaken.batches, 2);
	/* The first batch; the other one did the rest. */
	assert_int_equal(result.events, 2000);
	heads_agree();
	is_whole();
	buf_release(&text);
}

static void what_precedes_damage_is_projected(void **state)
{
	struct projector_result result = { .events = 77 };
	struct buf text;
	char path[512];

	(void)state;
	tell(j, 1, "session.starting", "\"name\":\"fix\"");
	tell(j, 1, "session.renamed", "\"name\":\"mend\"");
	tell(j, 1, "session.renamed", "\"name\":\"broken\"");
	tell(j, 1, "session.renamed", "\"name\":\"behind\"");
	(void)snprintf(path, sizeof(path), "%s", journals_segment(j));
	text = scratch_read(path);
	*strstr(text.data, "broken") = 'B';
	scratch_write(path, text.data, text.len);
	buf_release(&text);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(projector_run(j, b, STORES_REPO, &result, &err), ERR_CORRUPT);
		assert_int_equal(result.events, 77);
		assert_non_null(strstr(err.hint, "journal verify"));
		is_named(1, "mend");
	}
}

/* Equal heads must not hide that something stands behind them. */
static void damage_at_the_end_is_told(void **state)
{
	struct projector_result result;
	char path[512];
	struct buf text;

	(void)state;
	tell(j, 1, "session.starting", "\"name\":\"fix\"");
	tell(j, 1, "session.renamed", "\"name\":\"mend\"");
	(void)snprintf(path, sizeof(path), "%s", journals_segment(j));
	text = scratch_read(path);
	*strstr(text.data, "mend") = 'M';
	scratch_write(path, text.data, text.len);
	buf_release(&text);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(projector_run(j, b, STORES_REPO, &result, &err), ERR_CORRUPT);
		is_named(1, "fix");
	}
}

static void a_store_of_another_journal_is_refused(void **state)
{
	struct journal *other = journals_new(scratch_path(dir, "other"));
	struct projector_result result;
	struct buf before, after;

	(void)state;
	tell(j, 1, "session.starting", "\"name\":\"fix\"");
	(void)run();
	before = scratch_read(store);
	tell(other, 1, "session.starting", "\"name\":\"fix\"");
	assert_int_equal(projector_run(other, b, STORES_REPO, &result, &err), ERR_CORRUPT);
	assert_non_null(strstr(err.msg, "does not match"));
	assert_non_null(strstr(err.hint, "restored from a backup"));
	after = scratch_read(store);
	assert_string_equal(before.data, after.data);
	buf_release(&before);
	buf_release(&after);
	journal_close(other);
}

/* The store is of a journal that went on differently: same origin, same seq, other hash. */
static void a_store_with_another_past_is_refused(void **state)
{
	struct heads heads = HEADS_INIT;
	struct projector_result result;
	char hash[HASH_HEX_SIZE];

	(void)state;
	tell(j, 1, "session.starting", "\"name\":\"fix\"");
	tell(j, 1, "session.renamed", "\"name\":\"mend\"");
	hash_bytes("other", 5, hash);
	for (uint64_t seq = 1; seq < 9; seq += 3) {
		assert_int_equal(heads_set(&heads, journal_origin(j), seq, hash, &err), 0);
		assert_int_equal(b->ops->begin(b, STORES_REPO, &err), 0);
		assert_int_equal(b->ops->commit(b, &heads, &err), 0);
		assert_int_equal(projector_run(j, b, STORES_REPO, &result, &err), ERR_CORRUPT);
		assert_non_null(strstr(err.msg, "does not match"));
	}
	heads_release(&heads);
}

static void a_corrupt_store_is_not_replaced(void **state)
{
	struct projector_result result;
	struct buf after;

	(void)state;
	tell(j, 1, "session.starting", "\"name\":\"fix\"");
	scratch_write(store, "{", 1);
	assert_int_equal(projector_run(j, b, STORES_REPO, &result, &err), ERR_CORRUPT);
	after = scratch_read(store);
	assert_string_equal(after.data, "{");
	buf_release(&after);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_become_records),
		TEST(nothing_new_touches_nothing),
		TEST(a_deleted_store_is_rebuilt),
		TEST(what_is_not_understood_is_counted),
		TEST(a_long_journal_is_replayed),
		TEST(a_late_event_takes_its_place),
		TEST(a_late_refold_misses_no_spelling),
		TEST(pieces_make_the_same_whole),
		TEST(two_projectors_do_not_disturb_each_other),
		TEST(a_projector_that_was_overtaken_goes_on_from_there),
		TEST(what_precedes_damage_is_projected),
		TEST(damage_at_the_end_is_told),
		TEST(a_store_of_another_journal_is_refused),
		TEST(a_store_with_another_past_is_refused),
		TEST(a_corrupt_store_is_not_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
