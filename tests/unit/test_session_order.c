/*
 * The fold does not depend on the order of arrival, on how it is cut into pieces, or on whether a
 * record was stored and read back in between. MINSKY_TEST_SEED repeats a failing run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/backend.h"
#include "core/clock.h"

#define N_EVENTS 6000
#define N_SESSIONS 250
#define N_ORIGINS 5
#define N_SHUFFLES 6

static uint64_t seed, rng;
static struct event events[N_EVENTS];

static uint64_t pick(uint64_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (rng * UINT64_C(0x2545f4914f6cdd1d) >> 33) % n;
}

static void session_id(char out[ID_UUID_SIZE], uint64_t n)
{
	(void)snprintf(out, ID_UUID_SIZE, "0193597a-0000-7000-8000-%012llx", (unsigned long long)n);
}

static const char *word(void)
{
	static const char *const words[] = { "fix", "main", "a b", "ä", "x\\\"y", "", "pr/fix",
		"\\u202e", "h1", "h2", "h3" };

	return words[pick(sizeof(words) / sizeof(*words))];
}

/* Members of every kind of event; each type takes what it knows. */
static void add_data(struct buf *b)
{
	static const char *const texts[] = { "name", "branch", "from", "to", "oid", "new", "old",
		"head", "base", "baseOid", "title", "workspace", "clone", "state", "text", "how",
		"commit", "verdict", "taskId", "description", "repoName", "branchName" };
	char id[ID_UUID_SIZE];

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (pick(3))
			buf_addf(b, "\"%s\":\"%s\",", texts[i], word());
	if (pick(3)) {
		session_id(id, 1000 + pick(4));
		buf_addf(b, "\"pr\":\"%s\",", id);
	}
	if (pick(2))
		buf_addf(b, "\"exists\":%s,", pick(2) ? "true" : "false");
	if (pick(2))
		buf_addf(b, "\"seen\":{\"main\":\"%s\"},", word());
	if (!pick(3))
		buf_addf(b, "\"checkedAt\":\"2026-01-0%uT00:00:00Z\",", (unsigned)pick(9) + 1);
	if (pick(2))
		buf_addf(b, "\"remote\":{\"depth\":%u},", (unsigned)pick(5));
	if (pick(2))
		buf_addf(b,
			"\"set\":{\"x%u\":%u.0,\"taskId\":null,\"y\":null,\"github\":{\"owner\":\"%"
			"s\","
			"\"z\":1e1}},",
			(unsigned)pick(5), (unsigned)pick(9), word());
	if (pick(2))
		buf_addf(b,
			"\"record\":{\"session\":\"%s\",\"branch\":\"fix\",\"status\":\"%s\",\"k%"
			"u\":[ "
			"1],\"prState\":{\"title\":\"%s\",\"q\":1},\"cloneId\":\"fix\"},",
			word(), pick(4) ? "active" : "deleted", (unsigned)pick(5), word());
	buf_adds(b, "\"n\":0");
}

static const char *some_type(void)
{
	static const char *const types[] = {
#define X(id, name) (name),
		EVENT_TYPES(X)
#undef X
			"session.painted",
	};
	/* Without this most sessions would soon be deleted and the rest of the rules idle. */
	size_t n = pick(sizeof(types) / sizeof(*types));

	if (strcmp(types[n], "session.deleted") == 0 && pick(4))
		return "session.restored";
	if (strcmp(types[n], "session.start_failed") == 0 && pick(8))
		return "session.started";
	return types[n];
}

static void make_event(struct event *out, const struct event_key *key)
{
	char at[CLOCK_TEXT_SIZE], id[ID_UUID_SIZE];
	struct error err = ERROR_INIT;
	struct buf b = BUF_INIT;

	clock_format((int64_t)(key->hlc >> 16) + (int64_t)pick(2000) - 1000, at);
	session_id(id, pick(N_SESSIONS));
	buf_addf(&b, "{\"type\":\"%s\",\"session\":\"%s\",\"at\":\"%s\",\"v\":%d", some_type(), id,
		at, pick(50) ? 1 : 2);
	if (!pick(100))
		buf_adds(&b, ",\"crit\":true");
	if (pick(4))
		buf_addf(&b, ",\"src\":{\"clone\":\"%s\",\"n\":1}", word());
	buf_adds(&b, ",\"data\":{");
	add_data(&b);
	buf_adds(&b, "}}");
	if (event_decode(out, b.data, b.len, key, &err) != 0)
		fail_msg("%s: %s", err.msg, b.data);
	buf_release(&b);
}

static int generate(void **state)
{
	static const char *const origins[N_ORIGINS] = { "00000000000000000000000000000001",
		"00000000000000000000000000000002", "ffffffffffffffffffffffffffffffff",
		"7fffffffffffffffffffffffffffffff", "00000000000000000000000000000003" };
	uint64_t hlc[N_ORIGINS], seq[N_ORIGINS] = { 0 };
	const char *wanted = getenv("MINSKY_TEST_SEED");

	(void)state;
	seed = wanted ? strtoull(wanted, NULL, 10) : (uint64_t)clock_monotonic_ms() | 1;
	rng = seed;
	print_message("MINSKY_TEST_SEED=%llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < N_ORIGINS; i++)
		hlc[i] = UINT64_C(1767225600000) << 16;
	for (size_t i = 0; i < N_EVENTS; i++) {
		size_t o = pick(N_ORIGINS);
		struct event_key key;

		/* Often the same moment on two machines. */
		hlc[o] += pick(3) ? UINT64_C(1) << 16 : 1;
		key = (struct event_key){ .hlc = hlc[o], .seq = ++seq[o] };
		memcpy(key.origin, origins[o], ID_HEX_SIZE);
		make_event(&events[i], &key);
	}
	return 0;
}

static int forget(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_EVENTS; i++)
		event_release(&events[i]);
	return 0;
}

static void shuffle(void)
{
	for (size_t i = N_EVENTS - 1; i > 0; i--) {
		size_t other = pick(i + 1);
		struct event e = events[i];

		events[i] = events[other];
		events[other] = e;
	}
}

static void same_records(const struct session_set *a, const struct session_set *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++) {
		struct buf ta = BUF_INIT, tb = BUF_INIT;
		struct error err = ERROR_INIT;

		assert_int_equal(session_row_to_json(&ta, &a->v[i], &err), 0);
		assert_int_equal(session_row_to_json(&tb, &b->v[i], &err), 0);
		if (strcmp(ta.data, tb.data) != 0)
			fail_msg("seed %llu:\n%s\n%s", (unsigned long long)seed, ta.data, tb.data);
		buf_release(&ta);
		buf_release(&tb);
	}
}

static void arrival_does_not_matter(void **state)
{
	struct session_set first, other;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(session_fold(&first, events, N_EVENTS, &err), 0);
	assert_int_equal(first.n, N_SESSIONS);
	for (int i = 0; i < N_SHUFFLES; i++) {
		shuffle();
		assert_int_equal(session_fold(&other, events, N_EVENTS, &err), 0);
		same_records(&first, &other);
		session_set_release(&other);
	}
	session_set_release(&first);
}

static int by_key(const void *a, const void *b)
{
	return event_key_compare(&((const struct event *)a)->key, &((const struct event *)b)->key);
}

static void store_and_read_back(struct session *s)
{
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	struct session copy;

	assert_int_equal(session_row_to_json(&text, s, &err), 0);
	assert_int_equal(json_check_depth(text.data, text.len, STATE_MAX_DEPTH, &err), 0);
	assert_int_equal(session_row_from_json(&copy, text.data, text.len, &err), 0);
	session_release(s);
	*s = copy;
	buf_release(&text);
}

/* What a projector does with a backend: apply in order, put away, fetch again. */
static void storing_in_between_does_not_matter(void **state)
{
	struct session_set whole, pieces = { .n = N_SESSIONS };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(session_fold(&whole, events, N_EVENTS, &err), 0);
	pieces.v = calloc(N_SESSIONS, sizeof(*pieces.v));
	assert_non_null(pieces.v);
	qsort(events, N_EVENTS, sizeof(*events), by_key);
	for (size_t i = 0; i < N_EVENTS; i++) {
		size_t n = strtoul(events[i].session + 24, NULL, 16);

		assert_int_equal(session_apply(&pieces.v[n], &events[i], &err), 0);
		if (pick(2))
			store_and_read_back(&pieces.v[n]);
	}
	same_records(&whole, &pieces);
	session_set_release(&whole);
	session_set_release(&pieces);
}

static void a_copy_folds_on_like_the_original(void **state)
{
	struct session a = { .name = NULL }, b = { .name = NULL };
	struct error err = ERROR_INIT;
	char da[HASH_HEX_SIZE], db[HASH_HEX_SIZE];

	(void)state;
	qsort(events, N_EVENTS, sizeof(*events), by_key);
	for (size_t i = 0; i < N_EVENTS; i++) {
		if (strcmp(events[i].session, events[0].session) != 0)
			continue;
		session_release(&b);
		assert_int_equal(session_copy(&b, &a, &err), 0);
		assert_int_equal(session_apply(&a, &events[i], &err), 0);
		assert_int_equal(session_apply(&b, &events[i], &err), 0);
		assert_int_equal(session_digest(&a, da, &err), 0);
		assert_int_equal(session_digest(&b, db, &err), 0);
		assert_string_equal(da, db);
	}
	session_release(&a);
	session_release(&b);
}

static void an_event_that_comes_twice_counts_once(void **state)
{
	struct session_set once, twice;
	struct error err = ERROR_INIT;
	struct event *doubled = malloc(2 * sizeof(events));

	(void)state;
	assert_non_null(doubled);
	memcpy(doubled, events, sizeof(events));
	memcpy(doubled + N_EVENTS, events, sizeof(events));
	assert_int_equal(session_fold(&once, events, N_EVENTS, &err), 0);
	assert_int_equal(session_fold(&twice, doubled, 2 * (size_t)N_EVENTS, &err), 0);
	same_records(&once, &twice);
	session_set_release(&once);
	session_set_release(&twice);
	free(doubled);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrival_does_not_matter),
		cmocka_unit_test(storing_in_between_does_not_matter),
		cmocka_unit_test(a_copy_folds_on_like_the_original),
		cmocka_unit_test(an_event_that_comes_twice_counts_once),
	};

	return cmocka_run_group_tests(tests, generate, forget);
}
