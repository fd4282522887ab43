#include "core/jsonw.h"

#include <inttypes.h>

#include "core/clock.h"
#include "core/text.h"

void jsonw_init(struct jsonw *w, struct buf *out, bool pretty)
{
	*w = (struct jsonw){ .out = out, .pretty = pretty };
}

static void indent(struct jsonw *w)
{
	if (!w->pretty)
		return;
	buf_addch(w->out, '\n');
	for (int i = 0; i < w->depth; i++)
		buf_adds(w->out, "  ");
}

/* What has to stand before a value or a key: a comma, a line break, or nothing. */
static void lead(struct jsonw *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (!w->depth)
		return;
	if (w->comma[w->depth - 1])
		buf_addch(w->out, ',');
	w->comma[w->depth - 1] = true;
	indent(w);
}

static void begin(struct jsonw *w, char c)
{
	lead(w);
	buf_addch(w->out, c);
	if (w->depth == JSONW_DEPTH) {
		w->out->failed = true;
		return;
	}
	w->comma[w->depth++] = false;
}

static void end(struct jsonw *w, char c)
{
	if (!w->depth) {
		w->out->failed = true;
		return;
	}
	w->depth--;
	if (w->comma[w->depth])
		indent(w);
	buf_addch(w->out, c);
}

void jsonw_begin_object(struct jsonw *w)
{
	begin(w, '{');
}

void jsonw_end_object(struct jsonw *w)
{
	end(w, '}');
}

void jsonw_begin_array(struct jsonw *w)
{
	begin(w, '[');
}

void jsonw_end_array(struct jsonw *w)
{
	end(w, ']');
}

static void add_escape(struct buf *out, uint32_t cp)
{
	switch (cp) {
	case '"':
		buf_adds(out, "\\\"");
		break;
	case '\\':
		buf_adds(out, "\\\\");
		break;
	case '\n':
		buf_adds(out, "\\n");
		break;
	case '\t':
		buf_adds(out, "\\t");
		break;
	case '\r':
		buf_adds(out, "\\r");
		break;
	default:
		buf_addf(out, "\\u%04" PRIx32, cp);
	}
}

/* So many bytes from here on stand for themselves: nearly always all of them. */
static size_t plain(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && s[n] >= ' ' && s[n] <= '~' && s[n] != '"' && s[n] != '\\')
		n++;
	return n;
}

static void add_string(struct buf *out, const char *s, size_t len)
{
	buf_addch(out, '"');
	for (size_t i = 0; i < len;) {
		uint32_t cp = 0;
		size_t n = plain(s + i, len - i);

		if (n) {
			buf_add(out, s + i, n);
			i += n;
			continue;
		}
		n = text_utf8_char(s + i, len - i, &cp);

		/* json_check() refuses an escaped NUL: it would cut strings short. */
		if (!n || !cp) {
			buf_addf(out, "\\\\x%02x", (unsigned)(unsigned char)s[i]);
			n = 1;
		} else if (cp == '"' || cp == '\\' || text_is_control(cp)) {
			add_escape(out, cp);
		} else {
			buf_add(out, s + i, n);
		}
		i += n;
	}
	buf_addch(out, '"');
}

void jsonw_key(struct jsonw *w, const char *key)
{
	lead(w);
	add_string(w->out, key, strlen(key));
	buf_adds(w->out, w->pretty ? ": " : ":");
	w->after_key = true;
}

void jsonw_string_n(struct jsonw *w, const char *s, size_t len)
{
	lead(w);
	add_string(w->out, s, len);
}

void jsonw_string(struct jsonw *w, const char *s)
{
	jsonw_string_n(w, s, strlen(s));
}

void jsonw_u64(struct jsonw *w, uint64_t v)
{
	lead(w);
	buf_addf(w->out, "%" PRIu64, v);
}

void jsonw_bool(struct jsonw *w, bool v)
{
	lead(w);
	buf_adds(w->out, v ? "true" : "false");
}

void jsonw_null(struct jsonw *w)
{
	lead(w);
	buf_adds(w->out, "null");
}

void jsonw_raw(struct jsonw *w, const char *json, size_t len)
{
	lead(w);
	buf_add(w->out, json, len);
}

void jsonw_kstring(struct jsonw *w, const char *key, const char *s)
{
	jsonw_key(w, key);
	jsonw_string(w, s);
}

void jsonw_kstring_opt(struct jsonw *w, const char *key, const char *s)
{
	if (s && *s)
		jsonw_kstring(w, key, s);
}

void jsonw_ku64(struct jsonw *w, const char *key, uint64_t v)
{
	jsonw_key(w, key);
	jsonw_u64(w, v);
}

void jsonw_kbool(struct jsonw *w, const char *key, bool v)
{
	jsonw_key(w, key);
	jsonw_bool(w, v);
}

void jsonw_ktime(struct jsonw *w, const char *key, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(ms, text);
	jsonw_kstring(w, key, text);
}

void jsonw_ktime_opt(struct jsonw *w, const char *key, int64_t ms)
{
	if (ms)
		jsonw_ktime(w, key, ms);
}
