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
 * The fold keeps members that it does not know byte for byte, which the tree cannot give back: a
 * number in it has become a double. For the types that have such, the bytes of `data` are kept.
 */
static int keep_data_text(struct event *e, const char *body, size_t len, struct error *err)
{
	struct json_slice key, value;
	size_t pos = 0;
	bool more = keeps_text(e->type);

	while (more) {
		int r = json_next_member(body, len, &pos, &key, &value, &more, err);

		if (r < 0)
			return r;
		if (!more || !json_key_is(&key, "data") || !json_slice_is(&value, '{'))
			continue;
		e->data_text = strndup(value.at, value.len);
		return e->data_text ? 0 : error_nomem(err);
	}
	return 0;
}

static const char *check(const struct event_shape *shape, const struct json *object, bool changes);

static bool list_fits(const struct event_member *m, const struct json *list)
{
	if (!json_is_array(list))
		return false;
	for (const struct json *v = json_first(list); v; v = json_next(v))
		if (m->kind == EVENT_KIND_OBJECTS ? !json_is_object(v) || event_check_tree(m->of, v)
				: m->kind == EVENT_KIND_TEXTS ? !json_is_string(v)
							      : false)
			return false;
	return true;
}

/* `v` is a member of `of`, which some questions have to be put to. */
static bool value_fits(const struct event_member *m, const struct json *of, const struct json *v)
{
	const char *text = json_string(v);
	uint64_t n;

	switch (m->kind) {
	case EVENT_KIND_TEXT:
		return text != NULL;
	case EVENT_KIND_COUNT:
		return json_get_u64(of, m->name, &n);
	case EVENT_KIND_DEPTH:
		return text || json_get_u64(of, m->name, &n);
	case EVENT_KIND_FLAG:
		/* What is no boolean is what one would have it be. */
		return json_get_bool(of, m->name, true) == json_get_bool(of, m->name, false);
	case EVENT_KIND_TEXTS:
	case EVENT_KIND_LIST:
	case EVENT_KIND_OBJECTS:
		return list_fits(m, v);
	case EVENT_KIND_OBJECT:
		return json_is_object(v) && !event_check_tree(m->of, v);
	case EVENT_KIND_CHANGES:
		return json_is_object(v) && !check(m->of, v, true);
	default:
		return text && event_text_fits(m, text);
	}
}

static const char *check(const struct event_shape *shape, const struct json *object, bool changes)
{
	for (const struct json *v = json_first(object); v; v = json_next(v)) {
		const struct event_member *m = event_shape_find(shape, json_key(v));

		if (m && !(changes && json_is_null(v)) && !value_fits(m, object, v))
			return m->name;
	}
	return NULL;
}

const char *event_check_tree(const struct event_shape *shape, const struct json *object)
{
	return check(shape, object, false);
}

/* Does every member that the table lists fit? */
static const char *misfit(const struct event *e)
{
	const struct json *data = json_get(e->json, "data"), *src = json_get(e->json, "src"),
			  *actor = json_get(e->json, "actor");
	const char *bad = event_check_tree(event_shape(e->type), e->data);

	if (!bad && data && !json_is_object(data))
		bad = "data";
	if (!bad && src)
		bad = json_is_object(src) ? event_check_tree(&event_src_shape, src) : "src";
	if (!bad && actor)
		bad = json_is_object(actor) ? event_check_tree(&event_actor_shape, actor) : "actor";
	return bad;
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
	e->odd_member = misfit(e);
	e->odd |= e->odd_member != NULL;
	r = e->odd ? 0 : keep_data_text(e, body, len, err);
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
