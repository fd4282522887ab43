/* Who may say what of a session: every type, every member, by an origin that does not own it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/session.h"
#include "lib/forge.h"

#define ID "0193597a-0000-7000-8000-000000000001"
#define PR "0193597a-0000-7000-8000-0000000000a1"
#define ANA "0123456789abcdef0123456789abcdef"
#define MALLORY "ffffffffffffffffffffffffffffffff"
#define CLONE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OID "1111111111111111111111111111111111111111"
#define START_MS INT64_C(1767225600000)

static struct own_origin ana_origin = { ANA, UINT64_MAX };
static const struct own_origins own = { &ana_origin, 1 };
static struct error err;
static uint64_t clock_ms;

static void apply(struct session_family *f, const char *origin, const char *body)
{
	struct event_key key = { .seq = ++clock_ms };
	struct event e;

	key.hlc = (uint64_t)(START_MS + (int64_t)clock_ms) << 16;
	memcpy(key.origin, origin, sizeof(key.origin));
	if (event_decode(&e, body, strlen(body), &key, &err) < 0)
		fail_msg("%s: %s", err.msg, body);
	assert_int_equal(family_apply(f, &e, &own, &err), 0);
	event_release(&e);
}

#define EVENT(type, members)                                                                       \
	"{\"type\":\"" type "\",\"session\":\"" ID                                                 \
	"\",\"at\":\"2026-01-01T00:00:00Z\",\"v\":1,\"data\":{" members "}}"

static void begin(struct session_family *f)
{
	*f = (struct session_family){ NULL, 0 };
	clock_ms = 0;
	apply(f, ANA,
		EVENT("session.started",
			"\"name\":\"fix\",\"branch\":\"fix\",\"clone\":\"" CLONE
			"\",\"workspace\":\"/w\",\"mode\":\"clone\",\"mainClone\":\"" CLONE "\""));
	apply(f, ANA,
		EVENT("pr.created",
			"\"pr\":\"" PR "\",\"head\":\"" OID "\",\"branchName\":\"pr/fix\""));
}

/* The record and the place, without what may stand there as others' words. */
static void written(struct buf *out, const struct session_family *f)
{
	struct session s;

	buf_clear(out);
	assert_int_equal(session_copy(&s, &f->v[0], &err), 0);
	s.without_effect = 0;
	free(s.notes);
	free(s.rivals);
	s.notes = s.rivals = NULL;
	for (size_t i = 0; i < s.n_prs; i++) {
		struct pr *pr = &s.prs[i];

		free(pr->reviews);
		free(pr->hint);
		free(pr->hint_user);
		free(pr->hint_host);
		pr->reviews = pr->hint = pr->hint_user = pr->hint_host = NULL;
		pr->hinted_at = 0;
		pr->hint_origin[0] = '\0';
	}
	assert_int_equal(session_to_json(out, &s, &err), 0);
	assert_int_equal(session_place_to_json(out, &s, &err), 0);
	session_release(&s);
}

/* An event of that type with this one member, or more, that names the owner or does not. */
static void try_member(const struct event_member *m, enum event_type type, struct forge *forge)
{
	for (int named = 0; named < 2; named++) {
		struct buf body = BUF_INIT, before = BUF_INIT, after = BUF_INIT;
		struct session_family f;

		begin(&f);
		written(&before, &f);
		buf_addf(&body,
			"{\"type\":\"%s\",\"session\":\"" ID
			"\",%s\"at\":\"2026-01-01T00:00:01Z\",\"v\":%d,\"src\":{\"clone\":\"" CLONE
			"\",\"ref\":\"HEAD\",\"old\":\"" OID "\",\"new\":\"" OID
			"\",\"n\":1},\"data\":{\"pr\":\"" PR "\"",
			event_type_name(type), named ? "\"owner\":\"" ANA "\"," : "", 1 + named);
		if (strcmp(m->name, "pr") != 0) {
			buf_addf(&body, ",\"%s\":", m->name);
			forge_fitting(forge, &body, m);
		}
		buf_adds(&body, "}}");
		apply(&f, MALLORY, body.data);
		written(&after, &f);
		if (strcmp(before.data, after.data) != 0)
			fail_msg("%s\n%s\n%s", body.data, before.data, after.data);
		family_release(&f);
		buf_release(&body);
		buf_release(&before);
		buf_release(&after);
	}
}

static void no_member_of_no_type_changes_anothers_record(void **state)
{
	struct forge forge = { .state = 7 };

	(void)state;
	for (int t = 1; t <= EVENT_OVERRIDE_USED; t++) {
		const struct event_shape *shape = event_shape((enum event_type)t);

		for (size_t i = 0; i < shape->n; i++)
			for (int n = 0; n < 4; n++)
				try_member(&shape->v[i], (enum event_type)t, &forge);
	}
}

static void any_number_of_forged_events_changes_nothing(void **state)
{
	static const char *const sessions[] = { ID, NULL }, *const origins[] = { ANA, NULL },
				 *const ids[] = { CLONE, NULL }, *const prs[] = { PR, NULL },
				 *const oids[] = { OID, NULL }, *const names[] = { "fix", NULL },
				 *const paths[] = { "/w", NULL };
	static const struct forge_world world = { .sessions = sessions,
		.origins = origins,
		.ids = ids,
		.prs = prs,
		.oids = oids,
		.branches = names,
		.names = names,
		.paths = paths };
	const long n = getenv("MINSKY_TEST_LONG") ? 100000 : 3000;
	struct forge forge = { .state = 11, .world = &world };
	struct buf body = BUF_INIT, before = BUF_INIT, after = BUF_INIT;
	struct session_family f;

	(void)state;
	begin(&f);
	written(&before, &f);
	for (long i = 0; i < n; i++) {
		char origin[ID_HEX_SIZE];

		(void)snprintf(origin, sizeof(origin), "%032lx", 1 + i % 40);
		buf_clear(&body);
		forge_body(&forge, &body, START_MS + i, NULL);
		apply(&f, origin, body.data);
	}
	written(&after, &f);
	assert_string_equal(before.data, after.data);
	assert_true(f.n <= FAMILY_MAX);
	assert_false(f.v[0].frozen);
	assert_true(f.v[0].without_effect > 100);
	for (size_t i = 1; i < f.n; i++)
		assert_false(session_has_place(&f.v[i]));
	family_release(&f);
	buf_release(&body);
	buf_release(&before);
	buf_release(&after);
}

static void what_others_may_say_stands_as_theirs(void **state)
{
	struct session_family f;

	(void)state;
	begin(&f);
	apply(&f, MALLORY, EVENT("session.noted", "\"state\":\"done\",\"text\":\"t\""));
	apply(&f, MALLORY, EVENT("pr.approved", "\"pr\":\"" PR "\",\"head\":\"" OID "\""));
	apply(&f, MALLORY, EVENT("pr.merged", "\"pr\":\"" PR "\",\"how\":\"ff\""));
	assert_null(f.v[0].note_state);
	assert_non_null(strstr(f.v[0].notes, MALLORY));
	assert_null(f.v[0].prs[0].approved_head);
	assert_non_null(strstr(f.v[0].prs[0].reviews, MALLORY));
	assert_true(f.v[0].prs[0].merged_at == 0);
	assert_string_equal(f.v[0].prs[0].hint, "merged");
	assert_int_equal(f.v[0].without_effect, 0);
	family_release(&f);
}

/* Whoever claims the id, and however early: this machine's own keeps it. */
static void two_that_claim_one_id_have_two_sessions(void **state)
{
	struct session_family f = { NULL, 0 };

	(void)state;
	clock_ms = 0;
	apply(&f, MALLORY, EVENT("session.started", "\"name\":\"his\",\"workspace\":\"/x\""));
	assert_string_equal(f.v[0].id, ID);
	assert_false(session_has_place(&f.v[0]));
	apply(&f, ANA, EVENT("session.started", "\"name\":\"hers\",\"workspace\":\"/w\""));
	assert_int_equal(f.n, 2);
	assert_string_equal(f.v[0].id, ID);
	assert_string_equal(f.v[0].name, "hers");
	assert_string_equal(f.v[0].workspace, "/w");
	assert_string_equal(f.v[1].name, "his");
	assert_string_equal(f.v[1].claimed_id, ID);
	assert_true(session_is_rival_id(f.v[1].id));
	apply(&f, MALLORY, EVENT("session.renamed", "\"name\":\"mine\""));
	assert_string_equal(f.v[0].name, "hers");
	assert_string_equal(f.v[1].name, "mine");
	family_release(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_member_of_no_type_changes_anothers_record),
		cmocka_unit_test(any_number_of_forged_events_changes_nothing),
		cmocka_unit_test(what_others_may_say_stands_as_theirs),
		cmocka_unit_test(two_that_claim_one_id_have_two_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
