#include <string.h>

#include "core/event.h"
#include "core/json.h"
#include "fuzz/fuzz.h"

static void walk_members(const char *text, size_t len)
{
	struct json_slice key = { 0 }, value = { 0 };
	struct error err = ERROR_INIT;
	size_t pos = 0, before = 0;
	bool more = true;

	for (;;) {
		HOLDS(json_next_member(text, len, &pos, &key, &value, &more, &err) == 0);
		if (!more)
			return;
		HOLDS(pos > before && pos <= len);
		HOLDS(key.at >= text && key.at + key.len <= text + len);
		HOLDS(value.at > key.at && value.len && value.at + value.len <= text + len);
		HOLDS(json_check(value.at, value.len, &err) == 0);
		before = pos;
	}
}

/* What the checks let through parses, and the other way round; an event is a checked object. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const struct event_key key = { .hlc = 1, .seq = 1 };
	struct event e = { .type = EVENT_UNKNOWN };
	struct error err = ERROR_INIT;
	struct json *j = NULL;
	bool good = json_check(text, size, &err) == 0;

	HOLDS(good || (err.code == ERR_CORRUPT && *err.msg));
	HOLDS((json_parse(&j, text, size, &err) == 0) == good);
	if (good && json_is_object(j))
		walk_members(text, size);
	if (event_decode(&e, text, size, &key, &err) == 0) {
		HOLDS(good && json_is_object(j));
		HOLDS(e.type_name && json_is_object(e.data));
		HOLDS(e.type == EVENT_UNKNOWN || strcmp(event_type_name(e.type), e.type_name) == 0);
	}
	event_release(&e);
	json_free(j);
	return 0;
}
