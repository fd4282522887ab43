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
#include "lib/forge.h"

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

static char ids[N_SESSIONS][ID_UUID_SIZE];
static const char *sessions[N_SESSIONS + 1];
static const char *const origins[N_ORIGINS + 1] = { "00000000000000000000000000000001",
	"00000000000000000000000000000002", "ffffffffffffffffffffffffffffffff",
	"7fffffffffffffffffffffffffffffff", "00000000000000000000000000000003", NULL };
static const char *const clones[] = { "cccccccccccccccccccccccccccccccc", NULL };
static const char *const branches[] = { "fix", NULL };
static const char *const prs[] = { "0193597a-0000-7000-8000-0000000000a1",
	"0193597a-0000-7000-8000-0000000000a2", NULL };
static const struct forge_world world = { .sessions = sessions,
	.origins = origins,
	.ids = clones,
	.branches = branches,
	.names = branches,
	.prs = prs };

/* One that somebody deletes would soon be the end of most, and the rest of the rules idle. */
static bool is_wanted(enum event_type type)
{
	if (type == EVENT_SESSION_DELETED || type == EVENT_SESSION_START_FAILED)
		return !pick(8);
	return true;
}

static void make_event(struct event *out, const struct event_key *key)
{
	struct forge f = { .state = pick(UINT64_C(1) << 31), .world = &world };
	struct error err = ERROR_INIT;
	struct buf b = BUF_INIT;
	enum event_type type;

	do {
		buf_clear(&b);
		forge_body(&f, &b, (int64_t)(key->hlc >> 16) + (int64_t)pick(2000) - 1000, &type);
	} while (!is_wanted(type));
	if (event_decode(out, b.data, b.len, key, &err) != 0)
		fail_msg("%s: %s", err.msg, b.data);
	if (out->odd)
		fail_msg("%s: %s is odd", b.data, out->odd_member);
	buf_release(&b);
}

static int generate(void **state)
{
	uint64_t hlc[N_ORIGINS], seq[N_ORIGINS] = { 0 };
	const char *wanted = getenv("MINSKY_TEST_SEED");

	(void)state;
	seed = wanted ? strtoull(wanted, NULL, 10) : (uint64_t)clock_monotonic_ms() | 1;
	rng = seed;
	print_message("MINSKY_TEST_SEED=%llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < N_SESSIONS; i++) {
		session_id(ids[i], i);
		sessions[i] = ids[i];
	}
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
	assert_int_equal(session_fold(&first, events, N_EVENTS, NULL, &err), 0);
	assert_true(first.n > N_SESSIONS);
	for (int i = 0; i < N_SHUFFLES; i++) {
		shuffle();
		assert_int_equal(session_fold(&other, events, N_EVENTS, NULL, &err), 0);
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

static struct session_family *family_for(const struct event *e)
{
	static struct session_family families[N_SESSIONS];

	for (size_t i = 0; i < N_SESSIONS; i++)
		if (e->session && strcmp(ids[i], e->session) == 0)
			return &families[i];
	return NULL;
}

/* What a projector does with a backend: apply in order, put away, fetch again. */
static void storing_in_between_does_not_matter(void **state)
{
	struct own_origin own_origin = { "ffffffffffffffffffffffffffffffff", UINT64_MAX };
	const struct own_origins own = { &own_origin, 1 };
	struct session_set whole;
	struct error err = ERROR_INIT;
	size_t n = 0, places = 0;

	(void)state;
	assert_int_equal(session_fold(&whole, events, N_EVENTS, &own, &err), 0);
	qsort(events, N_EVENTS, sizeof(*events), by_key);
	for (size_t i = 0; i < N_EVENTS; i++) {
		struct session_family *f = family_for(&events[i]);

		if (!f)
			continue;
		assert_int_equal(family_apply(f, &events[i], &own, &err), 0);
		for (size_t k = 0; k < f->n; k++)
			if (pick(2))
				store_and_read_back(&f->v[k]);
	}
	for (size_t i = 0; i < N_EVENTS; i++) {
		struct session_family *f = family_for(&events[i]);

		for (size_t k = 0; f && k < f->n; k++) {
			struct session_set one = { &f->v[k], 1 }, other = { NULL, 1 };

			for (size_t w = 0; w < whole.n; w++)
				if (strcmp(whole.v[w].id, f->v[k].id) == 0)
					other.v = &whole.v[w];
			assert_non_null(other.v);
			same_records(&one, &other);
			places += session_has_place(&f->v[k]);
			/* Only what an own origin began has a place. */
			assert_true(!session_has_place(&f->v[k]) ||
				own_origins_has(&own, f->v[k].owner));
			/* And what it began has the id itself. */
			assert_true(!own_origins_has(&own, f->v[k].owner) || k == 0);
			n++;
		}
		if (f)
			family_release(f);
	}
	assert_true(n > N_SESSIONS && places > 10);
	session_set_release(&whole);
}

static void a_copy_folds_on_like_the_original(void **state)
{
	struct session a = { .name = NULL }, b = { .name = NULL };
	struct error err = ERROR_INIT;
	char da[HASH_HEX_SIZE], db[HASH_HEX_SIZE];

	(void)state;
	qsort(events, N_EVENTS, sizeof(*events), by_key);
	for (size_t i = 0; i < N_EVENTS; i++) {
		if (!events[i].session || strcmp(events[i].session, sessions[0]) != 0)
			continue;
		session_release(&b);
		assert_int_equal(session_copy(&b, &a, &err), 0);
		assert_int_equal(session_apply(&a, &events[i], NULL, &err), 0);
		assert_int_equal(session_apply(&b, &events[i], NULL, &err), 0);
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
	assert_int_equal(session_fold(&once, events, N_EVENTS, NULL, &err), 0);
	assert_int_equal(session_fold(&twice, doubled, 2 * (size_t)N_EVENTS, NULL, &err), 0);
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
