#include "core/session_list.h"

#include "core/clock.h"
#include "core/jsonw.h"

void session_word_release(struct session_word *w)
{
	free(w->user);
	free(w->host);
	free(w->agent);
	free(w->head);
	free(w->state);
	free(w->text);
	*w = (struct session_word){ .at = 0 };
}

static bool next(const char *list, size_t *pos, struct json_slice *out)
{
	struct error ignored = ERROR_INIT;
	bool more = list && *list == '[';

	return more && json_next_element(list, strlen(list), pos, out, &more, &ignored) == 0 &&
		more;
}

static void take(struct session_word *w, const struct json_slice *key, const struct json_slice *v)
{
	const struct {
		const char *name;
		char **dst;
	} texts[] = { { "user", &w->user }, { "host", &w->host }, { "agent", &w->agent },
		{ "head", &w->head }, { "state", &w->state }, { "text", &w->text } };
	struct error ignored = ERROR_INIT;
	char *text = NULL;

	if (json_key_is(key, "at"))
		w->at = json_slice_time(v);
	if (json_slice_string(v, &text, &ignored) < 0 || !text)
		return;
	if (json_key_is(key, "origin") && id_is_hex(text, ID_HEX_SIZE - 1))
		memcpy(w->origin, text, ID_HEX_SIZE);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		if (!json_key_is(key, texts[i].name) || *texts[i].dst)
			continue;
		*texts[i].dst = text;
		return;
	}
	free(text);
}

static void read_word(struct session_word *w, const struct json_slice *object)
{
	struct error ignored = ERROR_INIT;
	struct json_slice key, value;
	size_t pos = 0;
	bool more = json_slice_is(object, '{');

	while (more &&
		json_next_member(object->at, object->len, &pos, &key, &value, &more, &ignored) ==
			0 &&
		more)
		take(w, &key, &value);
}

bool session_list_next(const char *list, size_t *pos, struct session_word *out)
{
	struct json_slice object;

	if (!next(list, pos, &object))
		return false;
	*out = (struct session_word){ .at = 0 };
	read_word(out, &object);
	return true;
}

/* Keys in order, as everywhere in a record. */
static void write_word(struct buf *out, const struct session_word *w)
{
	struct jsonw j;

	jsonw_init(&j, out, false);
	jsonw_begin_object(&j);
	jsonw_kstring_opt(&j, "agent", w->agent);
	jsonw_ktime(&j, "at", w->at);
	jsonw_kstring_opt(&j, "head", w->head);
	jsonw_kstring_opt(&j, "host", w->host);
	jsonw_kstring(&j, "origin", w->origin);
	jsonw_kstring_opt(&j, "state", w->state);
	jsonw_kstring_opt(&j, "text", w->text);
	jsonw_kstring_opt(&j, "user", w->user);
	jsonw_end_object(&j);
}

static size_t count(const char *list)
{
	struct json_slice v;
	size_t pos = 0, n = 0;

	while (next(list, &pos, &v))
		n++;
	return n;
}

int session_list_put(char **list, const struct session_word *w, struct error *err)
{
	size_t pos = 0, n = count(*list),
	       skip = n >= SESSION_LIST_MAX ? 1 + n - SESSION_LIST_MAX : 0;
	struct buf text = BUF_INIT;
	struct json_slice object;
	int r;

	buf_addch(&text, '[');
	while (next(*list, &pos, &object)) {
		struct session_word other = { .at = 0 };
		bool same;

		read_word(&other, &object);
		same = strcmp(other.origin, w->origin) == 0;
		session_word_release(&other);
		if (same || (skip && skip--))
			continue;
		buf_adds(&text, text.len > 1 ? "," : "");
		buf_add(&text, object.at, object.len);
	}
	buf_adds(&text, text.len > 1 ? "," : "");
	write_word(&text, w);
	buf_addch(&text, ']');
	r = buf_check(&text, err);
	if (r == 0) {
		free(*list);
		*list = buf_detach(&text);
	}
	buf_release(&text);
	return r;
}

int session_list_add_origin(
	char **list, const char *origin, size_t max, bool *added_out, struct error *err)
{
	struct buf text = BUF_INIT;
	int r;

	*added_out = false;
	if ((*list && strstr(*list, origin)) || count(*list) >= max)
		return 0;
	if (*list)
		buf_add(&text, *list, strlen(*list) - 1);
	buf_addf(&text, "%s\"%s\"]", *list ? "," : "[", origin);
	r = buf_check(&text, err);
	if (r == 0) {
		free(*list);
		*list = buf_detach(&text);
		*added_out = true;
	}
	buf_release(&text);
	return r;
}
