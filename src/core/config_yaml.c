#include <yaml.h>

#include "core/config_parts.h"
#include "core/text.h"

#define MAX_DEPTH 16
#define MAX_EVENTS 10000

struct frame {
	bool list, flow;
	bool has_key; /* a mapping's key was read, its value comes next */
	size_t path_len;
};

struct walk {
	const char *name;
	config_node_fn *fn;
	void *arg;
	struct frame stack[MAX_DEPTH];
	size_t depth, lists, documents, events;
	struct buf path;
	yaml_mark_t key; /* where the key of the path stands */
	size_t last; /* byte behind the last word */
	const char *text;
	size_t len, byte, index; /* a byte of the text, and which character it begins */
	struct buf seen; /* hashes of all paths so far */
};

static int fail_at(const struct walk *w, yaml_mark_t at, const char *what, struct error *err)
{
	return error_set(
		err, ERR_USAGE, "%s:%zu:%zu: %s", w->name, at.line + 1, at.column + 1, what);
}

static int fail_path(struct walk *w, yaml_mark_t at, const char *what, struct error *err)
{
	struct buf shown = BUF_INIT;
	int r;

	text_add_line(&shown, w->path.data, text_cut(w->path.data, w->path.len, 200));
	r = buf_check(&shown, err);
	if (!r)
		r = error_set(err, ERR_USAGE, "%s:%zu:%zu: '%s' %s", w->name, at.line + 1,
			at.column + 1, shown.data, what);
	buf_release(&shown);
	return r;
}

static bool is_null(const yaml_event_t *e)
{
	const char *s = (const char *)e->data.scalar.value;

	return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		(!*s || !strcmp(s, "~") || !strcmp(s, "null"));
}

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* libyaml counts characters. */
static size_t byte_of(struct walk *w, yaml_mark_t at)
{
	while (w->byte < w->len && w->index < at.index) {
		do
			w->byte++;
		while (w->byte < w->len && continues(w->text[w->byte]));
		w->index++;
	}
	while (w->byte && w->index > at.index) {
		do
			w->byte--;
		while (w->byte && continues(w->text[w->byte]));
		w->index--;
	}
	return w->byte;
}

static int hand_out(struct walk *w, enum config_node_kind kind, const yaml_event_t *e,
	const char *value, struct error *err)
{
	struct config_node node = {
		.kind = kind,
		.path = w->path.data,
		.value = value,
		.line = w->key.line + 1,
		.column = w->key.column + 1,
		.second = w->depth > 2  ? w->stack[2].path_len
			: w->depth == 2 ? w->path.len
					: 0,
		.begin = byte_of(w, w->key),
		.at = byte_of(w, e->start_mark),
		.end = byte_of(w, e->end_mark),
	};
	int r = buf_check(&w->path, err);

	if (kind == CONFIG_NODE_SECTION)
		node.flow = e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;

	return r || w->lists ? r : w->fn(w->arg, &node, err);
}

/* The value of the innermost mapping's key is complete. */
static void end_value(struct walk *w)
{
	if (w->depth && !w->stack[w->depth - 1].list) {
		w->stack[w->depth - 1].has_key = false;
		buf_truncate(&w->path, w->stack[w->depth - 1].path_len);
	}
}

static int see_path(struct walk *w, yaml_mark_t at, struct error *err)
{
	uint64_t hash = UINT64_C(14695981039346656037), other;

	for (size_t i = 0; i < w->path.len; i++)
		hash = (hash ^ (unsigned char)w->path.data[i]) * UINT64_C(1099511628211);
	for (size_t i = 0; i < w->seen.len; i += sizeof(hash)) {
		memcpy(&other, w->seen.data + i, sizeof(other));
		if (other == hash)
			return fail_path(w, at, "appears twice", err);
	}
	buf_add(&w->seen, &hash, sizeof(hash));
	return buf_check(&w->seen, err);
}

static int read_key(struct walk *w, const yaml_event_t *e, struct error *err)
{
	struct frame *f = &w->stack[w->depth - 1];

	if (!e->data.scalar.length)
		return fail_at(w, e->start_mark, "key is empty", err);
	f->has_key = true;
	w->key = e->start_mark;
	w->last = byte_of(w, e->end_mark);
	if (w->lists)
		return 0;
	if (w->path.len)
		buf_addch(&w->path, '.');
	buf_add(&w->path, e->data.scalar.value, e->data.scalar.length);
	if (w->path.failed)
		return error_nomem(err);
	return see_path(w, e->start_mark, err);
}

static int on_scalar(struct walk *w, const yaml_event_t *e, struct error *err)
{
	const char *s = (const char *)e->data.scalar.value;
	size_t len = e->data.scalar.length;
	int r;

	if (e->data.scalar.anchor || e->data.scalar.tag)
		return fail_at(w, e->start_mark, "anchors and tags are not allowed", err);
	if (len > CONFIG_MAX_VALUE)
		return fail_at(w, e->start_mark, "text is longer than 4096 bytes", err);
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\n' && s[i] != '\t') || s[i] == 0x7f)
			return fail_at(w, e->start_mark, "text contains control characters", err);
	if (!w->depth)
		return is_null(e) ? 0
				  : fail_at(w, e->start_mark, "expected 'key: value' lines", err);
	if (!w->stack[w->depth - 1].list && !w->stack[w->depth - 1].has_key)
		return read_key(w, e, err);
	w->last = byte_of(w, e->end_mark);
	if (w->stack[w->depth - 1].list)
		return 0;
	r = hand_out(w, is_null(e) ? CONFIG_NODE_NULL : CONFIG_NODE_TEXT, e, s, err);
	end_value(w);
	return r;
}

static int on_start(
	struct walk *w, const yaml_event_t *e, bool list, bool marked, struct error *err)
{
	int r = 0;

	if (marked)
		return fail_at(w, e->start_mark, "anchors and tags are not allowed", err);
	if (w->depth == MAX_DEPTH)
		return fail_at(w, e->start_mark, "nested deeper than 16 levels", err);
	if (!w->depth && list)
		return fail_at(w, e->start_mark, "expected 'key: value' lines, not a list", err);
	if (w->depth && !w->stack[w->depth - 1].list) {
		if (!w->stack[w->depth - 1].has_key)
			return fail_at(w, e->start_mark, "key is not plain text", err);
		r = hand_out(w, list ? CONFIG_NODE_LIST : CONFIG_NODE_SECTION, e, NULL, err);
	}
	if (r)
		return r;
	w->lists += list;
	w->stack[w->depth++] = (struct frame){
		.list = list,
		.flow = !list && e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE,
		.path_len = w->path.len,
	};
	return 0;
}

static int on_end(struct walk *w, const yaml_event_t *e, struct error *err)
{
	struct config_node node = { .kind = CONFIG_NODE_END, .at = w->last };
	int r = 0;

	/* In braces or brackets it ends behind them, elsewhere somewhere before the next word. */
	if (e->end_mark.index > e->start_mark.index)
		w->last = byte_of(w, e->end_mark);
	w->depth--;
	w->lists -= w->stack[w->depth].list;
	node.path = w->path.data;
	node.end = w->last;
	node.flow = w->stack[w->depth].flow;
	if (!w->stack[w->depth].list && !w->lists)
		r = w->fn(w->arg, &node, err);
	end_value(w);
	return r;
}

static int on_event(struct walk *w, const yaml_event_t *e, struct error *err)
{
	if (++w->events > MAX_EVENTS)
		return fail_at(w, e->start_mark, "more than 10000 elements", err);
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (w->documents++)
			return fail_at(w, e->start_mark, "a second document begins", err);
		return 0;
	case YAML_ALIAS_EVENT:
		return fail_at(w, e->start_mark, "aliases are not allowed", err);
	case YAML_SCALAR_EVENT:
		return on_scalar(w, e, err);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(w, e, true,
			e->data.sequence_start.anchor || e->data.sequence_start.tag, err);
	case YAML_MAPPING_START_EVENT:
		return on_start(w, e, false,
			e->data.mapping_start.anchor || e->data.mapping_start.tag, err);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(w, e, err);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		return 0;
	}
	return 0;
}

/* The line and column of a byte, in characters as libyaml counts them. */
static yaml_mark_t mark_of(const char *text, size_t offset)
{
	yaml_mark_t m = { .index = offset };

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			m.line++;
			m.column = 0;
		} else if (!continues(text[i])) {
			m.column++;
		}
	}
	return m;
}

static int check_utf8(const struct walk *w, const char *text, size_t len, struct error *err)
{
	uint32_t cp;

	for (size_t i = 0, n; i < len; i += n) {
		n = text_utf8_char(text + i, len - i, &cp);
		if (!n)
			return fail_at(w, mark_of(text, i), "not UTF-8", err);
	}
	return 0;
}

/* libyaml's index counts characters. */
static bool is_tab(const char *text, size_t len, size_t index)
{
	for (size_t i = 0; i < len; i++)
		if (!continues(text[i]) && !index--)
			return text[i] == '\t';
	return false;
}

static int fail_parse(const struct walk *w, const yaml_parser_t *parser, const char *text,
	size_t len, struct error *err)
{
	yaml_mark_t at = parser->problem_mark;
	const char *problem = parser->problem ? parser->problem : "cannot be parsed";

	if (parser->error == YAML_MEMORY_ERROR)
		return error_nomem(err);
	if (parser->error == YAML_READER_ERROR)
		at = mark_of(text, parser->problem_offset < len ? parser->problem_offset : len);
	if (parser->context)
		error_set(err, ERR_USAGE, "%s:%zu:%zu: %s %s", w->name, at.line + 1, at.column + 1,
			problem, parser->context);
	else
		fail_at(w, at, problem, err);
	if (is_tab(text, len, at.index) && strstr(problem, "token"))
		return error_hint(err, "indent with spaces: YAML does not allow tabs");
	return err->code;
}

int config_yaml_walk(const char *name, const char *text, size_t len, config_node_fn *fn, void *arg,
	struct error *err)
{
	struct walk w = { .name = name,
		.fn = fn,
		.arg = arg,
		.path = BUF_INIT,
		.seen = BUF_INIT,
		.text = text,
		.len = len };
	yaml_parser_t parser;
	yaml_event_t event;
	bool end = false;
	int r;

	if (len > CONFIG_MAX_FILE)
		return error_set(
			err, ERR_USAGE, "'%s' is larger than %d bytes", name, CONFIG_MAX_FILE);
	r = check_utf8(&w, text, len, err);
	if (r)
		return r;
	if (!yaml_parser_initialize(&parser))
		return error_nomem(err);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	while (!r && !end) {
		if (!yaml_parser_parse(&parser, &event)) {
			r = fail_parse(&w, &parser, text, len, err);
			break;
		}
		end = event.type == YAML_STREAM_END_EVENT;
		r = on_event(&w, &event, err);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	buf_release(&w.path);
	buf_release(&w.seen);
	return r;
}
