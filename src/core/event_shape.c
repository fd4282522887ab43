#include "core/event_shape.h"

#include <string.h>

#include "core/clock.h"
#include "core/json.h"
#include "core/names.h"
#include "core/oid.h"
#include "core/text.h"

#define VALUE_MAX 4096 /* bytes of a value that is more than text */

static const char *const kind_names[] = {
#define X(id, name) [EVENT_KIND_##id] = (name),
	EVENT_KINDS(X)
#undef X
};

static const char *const who_names[] = {
	[EVENT_BY_OWNER] = "owner",
	[EVENT_BY_ANYONE] = "anyone",
	[EVENT_AS_HINT] = "hint",
	[EVENT_OF_MACHINE] = "machine",
};

static const struct event_member src_members[] = {
	{ "clone", EVENT_KIND_ID, NULL, NULL },
	{ "ref", EVENT_KIND_REF, NULL, NULL },
	{ "old", EVENT_KIND_OID, NULL, NULL },
	{ "new", EVENT_KIND_OID, NULL, NULL },
	{ "n", EVENT_KIND_COUNT, NULL, NULL },
};
const struct event_shape event_src_shape = { src_members, 5 };

static const struct event_member actor_members[] = {
	{ "user", EVENT_KIND_TEXT, NULL, NULL },
	{ "host", EVENT_KIND_TEXT, NULL, NULL },
	{ "agent", EVENT_KIND_TEXT, NULL, NULL },
};
const struct event_shape event_actor_shape = { actor_members, 3 };

const char *event_kind_name(enum event_kind kind)
{
	return kind_names[kind];
}

const char *event_who_name(enum event_who who)
{
	return who_names[who];
}

const struct event_member *event_shape_find(const struct event_shape *shape, const char *name)
{
	for (size_t i = 0; i < shape->n; i++)
		if (shape->v[i].name[0] == name[0] && strcmp(shape->v[i].name, name) == 0)
			return &shape->v[i];
	return NULL;
}

static const struct event_member *find(
	const struct event_shape *shape, const struct json_slice *key)
{
	for (size_t i = 0; i < shape->n; i++)
		if (json_key_is(key, shape->v[i].name))
			return &shape->v[i];
	return NULL;
}

static bool is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/*
 * What git takes for a branch, and no option. A byte that is no UTF-8 is written as the four
 * characters \xNN, the only place where a backslash may stand.
 */
static bool is_branch(const char *s)
{
	char plain[VALUE_MAX];
	size_t n = 0;

	if (!strchr(s, '\\'))
		return name_is_branch(s);
	for (; *s && n + 1 < sizeof(plain); n++) {
		if (s[0] == '\\' && s[1] == 'x' && is_hex_digit(s[2]) && is_hex_digit(s[3])) {
			plain[n] = 'x';
			s += 4;
		} else {
			plain[n] = *s++;
		}
	}
	plain[n] = '\0';
	return !*s && name_is_branch(plain);
}

static bool is_ref(const char *s)
{
	static const char linked[] = "worktrees/";
	size_t n = strlen(s);

	if (!strcmp(s, "HEAD"))
		return true;
	if (!strncmp(s, linked, sizeof(linked) - 1) && n > 5 && !strcmp(s + n - 5, "/HEAD"))
		return is_branch(s);
	return !strncmp(s, "refs/", 5) && is_branch(s);
}

static bool is_path(const char *s)
{
	return s[0] == '/';
}

static bool is_url(const char *s)
{
	if (!*s || *s == '-')
		return false;
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

static bool is_word(const char *words, const char *s)
{
	size_t len = strlen(s), n;

	for (const char *w = words;; w += n + 1) {
		n = strcspn(w, " ");
		if (n == len && !memcmp(w, s, n))
			return true;
		if (!w[n])
			return false;
	}
}

bool event_text_fits(const struct event_member *m, const char *s)
{
	int64_t ms;

	switch (m->kind) {
	case EVENT_KIND_OID:
		return oid_is_valid(s);
	case EVENT_KIND_BRANCH:
		return is_branch(s);
	case EVENT_KIND_REF:
		return is_ref(s);
	case EVENT_KIND_REV:
		return oid_is_valid(s) || is_branch(s);
	case EVENT_KIND_NAME:
		return name_is_session(s);
	case EVENT_KIND_UUID:
		return id_is_uuid(s);
	case EVENT_KIND_ID:
		return id_is_hex(s, 32);
	case EVENT_KIND_HASH:
		return id_is_hex(s, 64);
	case EVENT_KIND_TIME:
		return clock_parse(s, &ms);
	case EVENT_KIND_WORD:
		return is_word(m->words, s);
	case EVENT_KIND_PATH:
		return is_path(s);
	case EVENT_KIND_URL:
		return is_url(s);
	default:
		return true;
	}
}

/* A string that is no text for people: short, and looked at decoded. */
static bool string_fits(const struct event_member *m, const struct json_slice *v)
{
	struct error ignored = ERROR_INIT;
	char held[VALUE_MAX], *text = NULL;
	bool fits;

	if (!json_slice_is(v, '"') || v->len >= sizeof(held))
		return false;
	if (!memchr(v->at, '\\', v->len)) {
		memcpy(held, v->at + 1, v->len - 2);
		held[v->len - 2] = '\0';
		return event_text_fits(m, held);
	}
	if (json_slice_string(v, &text, &ignored) < 0 || !text)
		return false;
	fits = event_text_fits(m, text);
	free(text);
	return fits;
}

static bool object_fits(const struct event_shape *shape, const struct json_slice *v, bool changes,
	const char **bad_out)
{
	struct error ignored = ERROR_INIT;
	struct json_slice key, value;
	size_t pos = 0;
	bool more;

	if (!json_slice_is(v, '{'))
		return false;
	for (;;) {
		const struct event_member *m;

		if (json_next_member(v->at, v->len, &pos, &key, &value, &more, &ignored) < 0)
			return false;
		if (!more)
			return true;
		m = find(shape, &key);
		if (!m || (changes && value.len == 4 && !memcmp(value.at, "null", 4)) ||
			event_kind_fits(m, value.at, value.len))
			continue;
		if (bad_out)
			*bad_out = m->name;
		return false;
	}
}

/* With a shape, a list of such objects; else of texts. */
static bool list_fits(const struct event_member *m, const struct json_slice *v)
{
	struct error ignored = ERROR_INIT;
	struct json_slice value;
	size_t pos = 0;
	bool more = json_slice_is(v, '['), good = more;

	while (good && more) {
		if (json_next_element(v->at, v->len, &pos, &value, &more, &ignored) < 0)
			return false;
		if (more && m->kind == EVENT_KIND_OBJECTS)
			good = object_fits(m->of, &value, false, NULL);
		else if (more && m->kind == EVENT_KIND_TEXTS)
			good = json_slice_is(&value, '"');
	}
	return good;
}

bool event_kind_fits(const struct event_member *m, const char *value, size_t len)
{
	const struct json_slice v = { value, len };
	uint64_t n;

	switch (m->kind) {
	case EVENT_KIND_TEXT:
		return json_slice_is(&v, '"');
	case EVENT_KIND_COUNT:
		return json_slice_u64(&v, &n);
	case EVENT_KIND_DEPTH:
		return json_slice_is(&v, '"') || json_slice_u64(&v, &n);
	case EVENT_KIND_FLAG:
		return json_slice_is(&v, 't') || json_slice_is(&v, 'f');
	case EVENT_KIND_TEXTS:
	case EVENT_KIND_LIST:
	case EVENT_KIND_OBJECTS:
		return list_fits(m, &v);
	case EVENT_KIND_OBJECT:
	case EVENT_KIND_CHANGES:
		return object_fits(m->of, &v, m->kind == EVENT_KIND_CHANGES, NULL);
	default:
		return string_fits(m, &v);
	}
}

static const char *check(const struct event_shape *shape, const char *text, size_t len)
{
	const struct json_slice v = { text, len };
	const char *bad = "it";

	return object_fits(shape, &v, false, &bad) ? NULL : bad;
}

const char *event_check(enum event_type type, const char *data, size_t len)
{
	return check(event_shape(type), data, len);
}

static void print(struct buf *out, const char *type, enum event_who who, const char *in,
	const struct event_shape *shape)
{
	for (size_t i = 0; i < shape->n; i++) {
		const struct event_member *m = &shape->v[i];
		char path[128];

		(void)snprintf(path, sizeof(path), "%s%s%s", in, *in ? "." : "", m->name);
		buf_addf(out, "%s\t%s\t%s\t%s\t%s\n", type, path, event_kind_name(m->kind),
			m->words ? m->words : "", event_who_name(who));
		if (m->of)
			print(out, type, who, path, m->of);
	}
}

void event_shape_print(struct buf *out)
{
	for (int t = EVENT_UNKNOWN + 1;
		event_type_name((enum event_type)t) != event_type_name(EVENT_UNKNOWN); t++)
		print(out, event_type_name((enum event_type)t), event_who((enum event_type)t), "",
			event_shape((enum event_type)t));
}
