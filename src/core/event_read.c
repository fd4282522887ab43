#include "core/event.h"

#include "core/clock.h"

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

/*
 * The fold keeps members that it does not know byte for byte, which the tree cannot give back: a
 * number in it has become a double.
 */
static int keep_data_text(struct event *e, const char *body, size_t len, struct error *err)
{
	struct json_slice key, value;
	size_t pos = 0;
	bool more;

	for (;;) {
		int r = json_next_member(body, len, &pos, &key, &value, &more, err);

		if (r < 0)
			return r;
		if (!more)
			return 0;
		if (json_key_is(&key, "data") && json_slice_is(&value, '{'))
			break;
	}
	e->data_text = malloc(value.len + 1);
	if (!e->data_text)
		return error_nomem(err);
	memcpy(e->data_text, value.at, value.len);
	e->data_text[value.len] = '\0';
	return 0;
}

static int fill(struct event *e, const char *body, size_t len, struct error *err)
{
	const struct json *actor = json_get(e->json, "actor");
	const char *at = json_get_string(e->json, "at");

	e->type_name = json_get_string(e->json, "type");
	if (!e->type_name || !*e->type_name)
		return error_set(err, ERR_CORRUPT, "an event without a type");
	if (!at || !clock_parse(at, &e->at))
		return error_set(err, ERR_CORRUPT, "an event without a readable time");
	e->v = EVENT_VERSION;
	if (json_get(e->json, "v") && !json_get_u64(e->json, "v", &e->v))
		e->v = UINT64_MAX;
	e->type = e->v > EVENT_VERSION ? EVENT_UNKNOWN : event_type_parse(e->type_name);
	e->crit = json_get_bool(e->json, "crit", false);
	e->via = text_or_empty(e->json, "via");
	e->session = json_get_string(e->json, "session");
	if (e->session && !id_is_uuid(e->session))
		e->session = NULL;
	e->actor.user = json_get_string(actor, "user");
	e->actor.host = json_get_string(actor, "host");
	e->actor.agent = json_get_string(actor, "agent");
	read_src(e, json_get(e->json, "src"));
	e->data = json_get(e->json, "data");
	if (!json_is_object(e->data))
		e->data = json_empty_object();
	if (e->type == EVENT_SESSION_IMPORTED || e->type == EVENT_SESSION_UPDATED)
		return keep_data_text(e, body, len, err);
	return 0;
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
