#include <inttypes.h>

#include "core/array.h"
#include "core/backend.h"
#include "core/json.h"
#include "core/jsonw.h"

#define HLC_DIGITS 16

static bool parse_hlc(const char *text, uint64_t *out)
{
	if (!text || !id_is_hex(text, HLC_DIGITS))
		return false;
	*out = strtoull(text, NULL, 16);
	return true;
}

static int write_row(struct buf *out, const struct session *s, bool place, struct error *err)
{
	int r;

	buf_adds(out, "{\"record\":");
	r = session_to_json(out, s, err);
	if (r == 0 && place && session_has_place(s)) {
		buf_adds(out, ",\"place\":");
		r = session_place_to_json(out, s, err);
	}
	if (r < 0)
		return r;
	buf_addf(out,
		",\"key\":{\"hlc\":\"%016" PRIx64 "\",\"origin\":\"%s\",\"seq\":%" PRIu64
		"},\"events\":%" PRIu64 "%s}",
		s->last_key.hlc, s->last_key.origin, s->last_key.seq, s->n_events,
		s->frozen ? ",\"frozen\":true" : "");
	return buf_check(out, err);
}

int session_row_to_json(struct buf *out, const struct session *s, struct error *err)
{
	return write_row(out, s, true, err);
}

int session_shared_row_to_json(struct buf *out, const struct session *s, struct error *err)
{
	return write_row(out, s, false, err);
}

static int bad_row(struct error *err)
{
	return error_set(err, ERR_CORRUPT, "a session's row has no usable record, key or count");
}

static int read_key(struct event_key *out, const struct json_slice *text, struct error *err)
{
	struct event_key key = { .hlc = 0 };
	struct json_slice name, value;
	size_t pos = 0;
	bool more, hlc = false, origin = false, seq = false;

	if (!json_slice_is(text, '{'))
		return bad_row(err);
	for (;;) {
		char *string;
		int r = json_next_member(text->at, text->len, &pos, &name, &value, &more, err);

		if (r == 0 && more)
			r = json_slice_string(&value, &string, err);
		if (r < 0)
			return r;
		if (!more)
			break;
		if (json_key_is(&name, "hlc")) {
			hlc = parse_hlc(string, &key.hlc);
		} else if (json_key_is(&name, "origin")) {
			origin = string && id_is_hex(string, ID_HEX_SIZE - 1);
			if (origin)
				memcpy(key.origin, string, ID_HEX_SIZE);
		} else if (json_key_is(&name, "seq")) {
			seq = json_slice_u64(&value, &key.seq);
		}
		free(string);
	}
	if (!hlc || !origin || !seq)
		return bad_row(err);
	*out = key;
	return 0;
}

int session_row_from_json(struct session *out, const char *text, size_t len, struct error *err)
{
	struct json_slice name, value, record = { .len = 0 }, key = { .len = 0 },
				       place = { .len = 0 };
	struct session s = { .name = NULL };
	uint64_t events = 0;
	bool more = len && text[0] == '{', counted = false, frozen = false;
	size_t pos = 0;
	int r = 0;

	while (more) {
		r = json_next_member(text, len, &pos, &name, &value, &more, err);
		if (r < 0)
			return r;
		if (!more)
			break;
		if (json_key_is(&name, "record"))
			record = value;
		else if (json_key_is(&name, "place"))
			place = value;
		else if (json_key_is(&name, "key"))
			key = value;
		else if (json_key_is(&name, "events"))
			counted = json_slice_u64(&value, &events);
		else if (json_key_is(&name, "frozen"))
			frozen = json_slice_is(&value, 't');
	}
	if (!json_slice_is(&record, '{') || !counted)
		return bad_row(err);
	r = session_from_checked_json(&s, record.at, record.len, err);
	if (r == 0)
		r = read_key(&s.last_key, &key, err);
	if (r == 0 && json_slice_is(&place, '{'))
		r = session_place_from_json(&s, place.at, place.len, err);
	if (r < 0) {
		session_release(&s);
		return r;
	}
	s.n_events = events;
	s.frozen = frozen;
	*out = s;
	return 0;
}

int heads_to_json(struct buf *out, const struct heads *heads, struct error *err)
{
	buf_addch(out, '[');
	for (size_t i = 0; i < heads->n; i++) {
		const struct head *h = &heads->v[i];

		buf_addf(out, "%s{\"origin\":\"%s\",\"seq\":%" PRIu64 ",\"hash\":\"%s\"}",
			i ? "," : "", h->origin, h->seq, h->hash);
	}
	buf_addch(out, ']');
	return buf_check(out, err);
}

static int read_head(struct heads *heads, const struct json_slice *text, struct error *err)
{
	struct json_slice name, value;
	char *origin = NULL, *hash = NULL;
	uint64_t seq = 0;
	size_t pos = 0;
	bool more = json_slice_is(text, '{'), counted = false;
	int r = 0;

	while (more) {
		char **string;

		r = json_next_member(text->at, text->len, &pos, &name, &value, &more, err);
		if (r < 0 || !more)
			break;
		string = json_key_is(&name, "origin") ? &origin
			: json_key_is(&name, "hash")  ? &hash
						      : NULL;
		if (string)
			r = json_slice_string(&value, string, err);
		else if (json_key_is(&name, "seq"))
			counted = json_slice_u64(&value, &seq);
		if (r < 0)
			break;
	}
	if (r == 0 &&
		(!counted || !origin || !id_is_hex(origin, ID_HEX_SIZE - 1) || !hash ||
			!id_is_hex(hash, HASH_HEX_SIZE - 1)))
		r = error_set(err, ERR_CORRUPT, "a head has no usable origin, seq or hash");
	if (r == 0)
		r = heads_set(heads, origin, seq, hash, err);
	free(origin);
	free(hash);
	return r;
}

int heads_from_json(struct heads *out, const char *text, size_t len, struct error *err)
{
	struct heads heads = HEADS_INIT;
	struct json_slice value;
	size_t pos = 0;
	bool more = true;
	int r = 0;

	if (!len || text[0] != '[')
		return error_set(err, ERR_CORRUPT, "the heads are not an array");
	while (more) {
		r = json_next_element(text, len, &pos, &value, &more, err);
		if (r == 0 && more)
			r = read_head(&heads, &value, err);
		if (r < 0) {
			heads_release(&heads);
			return r;
		}
	}
	*out = heads;
	return 0;
}

static int read_rows(struct session_set *set, const struct json_slice *text, struct error *err)
{
	struct json_slice value;
	size_t pos = 0, cap = 0;
	bool more = true;

	if (!json_slice_is(text, '['))
		return error_set(err, ERR_CORRUPT, "the sessions are not an array");
	while (more) {
		int r = json_next_element(text->at, text->len, &pos, &value, &more, err);

		if (r < 0 || !more)
			return r;
		if (!ARRAY_GROW(set->v, set->n, cap))
			return error_nomem(err);
		r = session_row_from_json(&set->v[set->n], value.at, value.len, err);
		if (r < 0)
			return r;
		set->n++;
	}
	return 0;
}

int state_from_json(struct heads *heads_out, struct session_set *set_out, const char *text,
	size_t len, struct error *err)
{
	struct json_slice name, value, heads_text = { .len = 0 }, rows = { .len = 0 };
	struct session_set set = { .v = NULL };
	struct heads heads = HEADS_INIT;
	size_t pos = 0;
	bool more = true;
	int r = json_check_depth(text, len, STATE_MAX_DEPTH, err);

	while (r == 0 && more) {
		r = json_next_member(text, len, &pos, &name, &value, &more, err);
		if (r < 0 || !more)
			break;
		if (json_key_is(&name, "heads"))
			heads_text = value;
		else if (json_key_is(&name, "sessions"))
			rows = value;
	}
	if (r == 0)
		r = heads_from_json(&heads, heads_text.at, heads_text.len, err);
	if (r == 0)
		r = read_rows(&set, &rows, err);
	if (r < 0) {
		heads_release(&heads);
		session_set_release(&set);
		return r;
	}
	*heads_out = heads;
	*set_out = set;
	return 0;
}
