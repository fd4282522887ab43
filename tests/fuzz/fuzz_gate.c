#include <string.h>

#include "core/backend.h"
#include "core/event_shape.h"
#include "core/session.h"
#include "fuzz/fuzz.h"
#include "lib/forge.h"

#define ID "0193597a-0000-7000-8000-000000000001"
#define OWNER "0123456789abcdef0123456789abcdef"

static struct own_origin own_origin = { OWNER, UINT64_MAX };
static const struct own_origins own = { &own_origin, 1 };

static void apply(struct session_family *f, const char *origin, uint64_t n, const struct buf *body)
{
	struct event_key key = { .hlc = n << 16, .seq = n };
	struct event e = { .type = EVENT_UNKNOWN };
	struct error err = ERROR_INIT;

	memcpy(key.origin, origin, sizeof(key.origin));
	if (event_decode(&e, body->data, body->len, &key, &err) == 0)
		HOLDS(family_apply(f, &e, &own, &err) == 0);
	event_release(&e);
}

/*
 * The first eight bytes are a seed of forged events, the rest is the data of one of each type: all
 * of another origin. The owner's record is what it was, and every row reads back.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const sessions[] = { ID, NULL }, *const origins[] = { OWNER, NULL };
	static const struct forge_world world = { .sessions = sessions, .origins = origins };
	static const char other[] = "ffffffffffffffffffffffffffffffff";
	struct forge forge = { .world = &world };
	struct session_family f = { NULL, 0 };
	struct buf body = BUF_INIT, row = BUF_INIT;
	struct error err = ERROR_INIT;
	uint64_t n = 1;

	memcpy(&forge.state, data, size < 8 ? size : 8);
	buf_adds(&body,
		"{\"type\":\"session.started\",\"session\":\"" ID
		"\",\"at\":\"2026-01-01T00:00:00Z\",\"data\":{\"name\":\"n\",\"branch\":\"b\","
		"\"workspace\":\"/w\"}}");
	apply(&f, OWNER, n++, &body);
	for (int i = 0; i < 20; i++) {
		buf_clear(&body);
		forge_body(&forge, &body, 0, NULL);
		apply(&f, other, n++, &body);
	}
	for (int t = 1; size > 8 && t <= EVENT_OVERRIDE_USED; t++) {
		buf_clear(&body);
		buf_addf(&body,
			"{\"type\":\"%s\",\"session\":\"" ID
			"\",\"at\":\"2026-01-01T00:00:00Z\",\"data\":",
			event_type_name((enum event_type)t));
		buf_add(&body, (const char *)data + 8, size - 8);
		buf_addch(&body, '}');
		apply(&f, other, n++, &body);
	}
	HOLDS(f.n && strcmp(f.v[0].id, ID) == 0 && strcmp(f.v[0].name, "n") == 0);
	HOLDS(strcmp(f.v[0].branch, "b") == 0 && strcmp(f.v[0].workspace, "/w") == 0);
	HOLDS(!f.v[0].frozen && !f.v[0].deleted);
	for (size_t i = 0; i < f.n; i++) {
		struct session s;

		HOLDS(i == 0 || !session_has_place(&f.v[i]));
		buf_clear(&row);
		HOLDS(session_row_to_json(&row, &f.v[i], &err) == 0);
		HOLDS(session_row_from_json(&s, row.data, row.len, &err) == 0);
		session_release(&s);
	}
	family_release(&f);
	buf_release(&body);
	buf_release(&row);
	return 0;
}
