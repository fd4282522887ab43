#include "core/array.h"
#include "core/clock.h"
#include "core/jsonw.h"
#include "core/session_shape.h"

static const void *at_offset(const void *base, size_t offset)
{
	return (const char *)base + offset;
}

static const char *text_at(const void *base, size_t offset)
{
	return *(char *const *)at_offset(base, offset);
}

static const char *extra_of(const void *base, const struct shape *shape)
{
	return shape->extra == NO_EXTRA ? NULL : text_at(base, shape->extra);
}

static bool is_present(const void *base, const struct member *m)
{
	const void *at = at_offset(base, m->offset);

	switch (m->kind) {
	case MEMBER_TEXT:
	case MEMBER_RAW:
	case MEMBER_LIST:
		return *(char *const *)at != NULL;
	case MEMBER_TIME:
		return *(const int64_t *)at != 0;
	case MEMBER_COUNT:
		return *(const uint64_t *)at != 0;
	case MEMBER_UUID:
	case MEMBER_HEX:
		return *(const char *)at != '\0';
	case MEMBER_OBJECT:
		for (size_t i = 0; i < m->shape->n; i++)
			if (is_present(base, &m->shape->v[i]))
				return true;
		return extra_of(base, m->shape) != NULL;
	case MEMBER_PR:
		return ((const struct session *)base)->n_prs > 0;
	case MEMBER_OLDER_PRS:
		return ((const struct session *)base)->n_prs > 1;
	case MEMBER_NONE:
		return false;
	case MEMBER_BOOL:
	case MEMBER_STATUS:
		break;
	}
	return true;
}

static void write_shape(struct buf *out, const void *base, const struct shape *shape);

static void write_string(struct buf *out, const char *text)
{
	struct jsonw w;

	jsonw_init(&w, out, false);
	jsonw_string(&w, text);
}

static void write_time(struct buf *out, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(ms, text);
	buf_addch(out, '"');
	buf_adds(out, text);
	buf_addch(out, '"');
}

static void write_older_prs(struct buf *out, const struct session *s)
{
	buf_addch(out, '[');
	for (size_t i = 0; i + 1 < s->n_prs; i++) {
		if (i)
			buf_addch(out, ',');
		write_shape(out, &s->prs[i], &pr_shape);
	}
	buf_addch(out, ']');
}

static void write_value(struct buf *out, const void *base, const struct member *m)
{
	const void *at = at_offset(base, m->offset);
	struct jsonw w;

	switch (m->kind) {
	case MEMBER_TEXT:
		write_string(out, *(char *const *)at);
		break;
	case MEMBER_RAW:
	case MEMBER_LIST:
		buf_adds(out, *(char *const *)at);
		break;
	case MEMBER_TIME:
		write_time(out, *(const int64_t *)at);
		break;
	case MEMBER_COUNT:
		jsonw_init(&w, out, false);
		jsonw_u64(&w, *(const uint64_t *)at);
		break;
	case MEMBER_BOOL:
		buf_adds(out, *(const bool *)at ? "true" : "false");
		break;
	case MEMBER_UUID:
	case MEMBER_HEX:
		write_string(out, at);
		break;
	case MEMBER_OBJECT:
		write_shape(out, base, m->shape);
		break;
	case MEMBER_STATUS:
		write_string(out, session_status_name(session_status(base)));
		break;
	case MEMBER_PR:
		write_shape(out, session_pr(base), &pr_shape);
		break;
	case MEMBER_OLDER_PRS:
		write_older_prs(out, base);
		break;
	case MEMBER_NONE:
		break;
	}
}

/* Where the unknown members stand while they are merged in between the known ones. */
struct extra_walk {
	const char *text;
	size_t len, pos;
	struct json_slice key, value;
	bool more;
};

static void extra_next(struct extra_walk *w)
{
	struct error ignored = ERROR_INIT;

	/* The text is extra_apply()'s own: it can be walked. */
	if (json_next_member(w->text, w->len, &w->pos, &w->key, &w->value, &w->more, &ignored) < 0)
		w->more = false;
}

static void extra_write(struct buf *out, struct extra_walk *w, bool *first)
{
	buf_adds(out, *first ? "\"" : ",\"");
	buf_add(out, w->key.at, w->key.len);
	buf_adds(out, "\":");
	buf_add(out, w->value.at, w->value.len);
	*first = false;
	extra_next(w);
}

static void write_shape(struct buf *out, const void *base, const struct shape *shape)
{
	struct extra_walk w = { .text = extra_of(base, shape) };
	bool first = true;

	if (w.text) {
		w.len = strlen(w.text);
		extra_next(&w);
	}
	buf_addch(out, '{');
	for (size_t i = 0; i < shape->n; i++) {
		const struct member *m = &shape->v[i];
		struct json_slice name = { m->name, strlen(m->name) };

		if (!is_present(base, m))
			continue;
		while (w.more && json_key_order(&w.key, &name) < 0)
			extra_write(out, &w, &first);
		buf_adds(out, first ? "\"" : ",\"");
		buf_adds(out, m->name);
		buf_adds(out, "\":");
		write_value(out, base, m);
		first = false;
	}
	while (w.more)
		extra_write(out, &w, &first);
	buf_addch(out, '}');
}

int session_to_json(struct buf *out, const struct session *s, struct error *err)
{
	write_shape(out, s, &session_shape);
	return buf_check(out, err);
}

int session_pr_to_json(struct buf *out, const struct pr *pr, struct error *err)
{
	write_shape(out, pr, &pr_shape);
	return buf_check(out, err);
}

bool session_has_place(const struct session *s)
{
	return s->workspace || s->clone_id || s->main_clone_id || s->mode;
}

int session_place_to_json(struct buf *out, const struct session *s, struct error *err)
{
	write_shape(out, s, &place_shape);
	return buf_check(out, err);
}

int session_place_from_json(struct session *s, const char *text, size_t len, struct error *err)
{
	struct json_slice none[N_SPECIAL];

	return shape_read(s, &place_shape, text, len, none, err);
}

void session_drop_place(struct session *s)
{
	shape_release(s, &place_shape);
}

int session_digest(const struct session *s, char out[HASH_HEX_SIZE], struct error *err)
{
	struct buf text = BUF_INIT;
	int r = session_to_json(&text, s, err);

	if (r == 0)
		hash_bytes(text.data, text.len, out);
	buf_release(&text);
	return r;
}

static int read_pr(struct session *s, const struct json_slice *value, struct error *err)
{
	struct json_slice none[N_SPECIAL];

	if (!json_slice_is(value, '{'))
		return 0;
	if (!ARRAY_GROW_SHORT(s->prs, s->n_prs))
		return error_nomem(err);
	s->prs[s->n_prs] = (struct pr){ .branch_name = NULL };
	return shape_read(&s->prs[s->n_prs++], &pr_shape, value->at, value->len, none, err);
}

static int read_prs(
	struct session *s, const struct json_slice special[N_SPECIAL], struct error *err)
{
	const struct json_slice *older = &special[MEMBER_OLDER_PRS - MEMBER_STATUS];
	size_t pos = 0;
	bool more = json_slice_is(older, '[');

	while (more) {
		struct json_slice value;
		int r = json_next_element(older->at, older->len, &pos, &value, &more, err);

		if (r == 0 && more)
			r = read_pr(s, &value, err);
		if (r < 0)
			return r;
	}
	return read_pr(s, &special[MEMBER_PR - MEMBER_STATUS], err);
}

/* Most of a status follows from other members; what does not is whether it started. */
static int read_status(struct session *s, const struct json_slice *value, struct error *err)
{
	char *text;
	int r = json_slice_string(value, &text, err);

	if (r < 0)
		return r;
	s->deleted = text && strcmp(text, session_status_name(SESSION_DELETED)) == 0;
	s->started = !text || strcmp(text, session_status_name(SESSION_STARTING)) != 0;
	free(text);
	return 0;
}

int session_read_record(struct session *s, const char *text, size_t len, struct error *err)
{
	struct json_slice special[N_SPECIAL];
	int r = shape_read(s, &session_shape, text, len, special, err);

	if (r == 0)
		r = read_status(s, &special[0], err);
	if (r == 0)
		r = read_prs(s, special, err);
	return r;
}

int session_from_checked_json(struct session *out, const char *text, size_t len, struct error *err)
{
	struct session s = { .name = NULL };
	int r = session_read_record(&s, text, len, err);

	if (r == 0 && !s.id[0])
		r = error_set(err, ERR_CORRUPT, "a session record without a sessionId");
	if (r < 0) {
		session_release(&s);
		return r;
	}
	*out = s;
	return 0;
}

int session_from_json(struct session *out, const char *text, size_t len, struct error *err)
{
	int r = json_check(text, len, err);

	return r < 0 ? r : session_from_checked_json(out, text, len, err);
}
