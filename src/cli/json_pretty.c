#include "cli/json_pretty.h"

#include "core/json.h"
#include "core/text.h"

static void new_line(struct buf *out, int depth)
{
	buf_addch(out, '\n');
	for (int i = 0; i < depth; i++)
		buf_addch(out, '\t');
}

/* The text has passed json_check(), which bounds the depth. */
static int add_value(struct buf *out, const struct json_slice *value, int depth, struct error *err)
{
	bool object = json_slice_is(value, '{'), more;
	struct json_slice key, part;
	size_t pos = 0, n = 0;
	int r = 0;

	if (!object && !json_slice_is(value, '[')) {
		text_add_line(out, value->at, value->len);
		return 0;
	}
	buf_addch(out, object ? '{' : '[');
	for (;; n++) {
		r = object ? json_next_member(value->at, value->len, &pos, &key, &part, &more, err)
			   : json_next_element(value->at, value->len, &pos, &part, &more, err);
		if (r < 0 || !more)
			break;
		if (n)
			buf_addch(out, ',');
		new_line(out, depth + 1);
		if (object) {
			buf_addch(out, '"');
			text_add_line(out, key.at, key.len);
			buf_adds(out, "\": ");
		}
		r = add_value(out, &part, depth + 1, err);
		if (r < 0)
			break;
	}
	if (n)
		new_line(out, depth);
	buf_addch(out, object ? '}' : ']');
	return r;
}

int json_pretty(struct buf *out, const char *text, size_t len, struct error *err)
{
	static const char space[] = " \t\r\n";
	struct json_slice whole = { text, len };
	int r = json_check(text, len, err);

	if (r < 0)
		return r;
	while (whole.len && strchr(space, *whole.at)) {
		whole.at++;
		whole.len--;
	}
	while (whole.len && strchr(space, whole.at[whole.len - 1]))
		whole.len--;
	r = add_value(out, &whole, 0, err);
	return r < 0 ? r : buf_check(out, err);
}
