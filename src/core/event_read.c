#include "core/event.h"

#include "core/clock.h"
#include "core/event_shape.h"
#include "core/session.h"

static const char *text_or_empty(const struct json *object, const char *key)
{
	const char *text = json_get_string(object, key);

	return text ? text : "";
}

static void read_src(struct event *e, const struct json *src)
{
	e->has_src = json_is_object(src);
	e->src.clone = text_or_empty(src, "clone");
	e->src.ref = text_or_empty(src, "ref");
	e->src.old_oid = text_or_empty(src, "old");
	e->src.new_oid = text_or_empty(src, "new");
	e->src.n = 0;
	(void)json_get_u64(src, "n", &e->src.n);
}

static bool keeps_text(enum event_type type)
{
	return type == EVENT_SESSION_IMPORTED || type == EVENT_SESSION_UPDATED;
}

/*
 * Does every member that the table lists fit? The fold keeps members that it does not know byte for
 * byte, which the tree cannot give back (a number in it has become a double): for the types that
 * have such, the bytes of `data` are kept.
 */
static int look_at_members(struct event *e, const char *body, size_t len, struct error *err)
{
	struct json_slice key, value;
	size_t pos = 0;

	for (;;) {
		const char *bad = NULL;
		bool more, data;
		int r = json_next_member(body, len, &pos, &key, &value, &more, err);

		if (r < 0 || !more)
			return r;
		data = json_key_is(&key, "data");
		if (data)
			bad = event_check(e->type, value.at, value.len);
		else if (json_key_is(&key, "src"))
			bad = event_check_src(value.at, value.len);
		else if (json_key_is(&key, "actor"))
			bad = event_check_actor(value.at, value.len);
		if (bad) {
			e->odd = true;
			e->odd_member = bad;
		}
		if (!data || !keeps_text(e->type) || !json_slice_is(&value, '{'))
			continue;
		e->data_text = strndup(value.at, value.len);
		if (!e->data_text)
			return error_nomem(err);
	}
}

/* A record cannot know what is later than its clock. Before 2004 that is none. */
static void bound_time(struct event *e)
{
	const int64_t ms = (int64_t)(e->key.hlc >> 16);

	if (ms >> 40 && e->at > ms + EVENT_AHEAD_MS)
		e->at = ms;
}

static int fill(struct event *e, const char *body, size_t len, struct error *err)
{
	const struct json *actor = json_get(e->json, "actor");
	const char *at = json_get_string(e->json, "at");
	const char *owner = json_get_string(e->json, "owner");
	int r;

	e->type_name = json_get_string(e->json, "type");
	if (!e->type_name || !*e->type_name)
		return error_set(err, ERR_CORRUPT, "an event without a type");
	if (!at || !clock_parse(at, &e->at))
		return error_set(err, ERR_CORRUPT, "an event without a readable time");
	e->v = EVENT_VERSION_PLAIN;
	if (json_get(e->json, "v") && !json_get_u64(e->json, "v", &e->v))
		e->v = UINT64_MAX;
	e->type = e->v > EVENT_VERSION ? EVENT_UNKNOWN : event_type_parse(e->type_name);
	e->crit = json_get_bool(e->json, "crit", false);
	e->via = text_or_empty(e->json, "via");
	e->session = json_get_string(e->json, "session");
	if (e->session && !id_is_uuid(e->session))
		e->session = NULL;
	/* Such an id is made up here, and never told. */
	if (e->session && session_is_rival_id(e->session)) {
		e->session = NULL;
		e->odd = true;
	}
	if (owner && id_is_hex(owner, ID_HEX_SIZE - 1))
		memcpy(e->owner, owner, sizeof(e->owner));
	else if (owner)
		e->odd = true;
	e->actor.user = json_get_string(actor, "user");
	e->actor.host = json_get_string(actor, "host");
	e->actor.agent = json_get_string(actor, "agent");
	read_src(e, json_get(e->json, "src"));
	e->data = json_get(e->json, "data");
	if (!json_is_object(e->data))
		e->data = json_empty_object();
	bound_time(e);
	if (e->type == EVENT_UNKNOWN)
		return 0;
	r = look_at_members(e, body, len, err);
	if (e->odd)
		e->type = EVENT_UNKNOWN;
	return r;
}

int event_decode(struct event *out, const char *body, size_t len, const struct event_key *key,
	struct error *err)
{
	struct event e = { .key = *key };
	int r = json_parse(&e.json, body, len, err);

	if (r < 0)
		return r;
	r = json_is_object(e.json) ? fill(&e, body, len, err)
				   : error_set(err, ERR_CORRUPT, "an event is not a JSON object");
	if (r < 0) {
		event_release(&e);
		return r;
	}
	*out = e;
	return 0;
}

void event_release(struct event *e)
{
	json_free(e->json);
	free(e->data_text);
	*e = (struct event){ .type = EVENT_UNKNOWN };
}
