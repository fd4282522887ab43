#include "core/text.h"

size_t text_utf8_char(const char *s, size_t len, uint32_t *cp_out)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t cp, least;
	size_t n;

	if (!len)
		return 0;
	if (p[0] < 0x80) {
		*cp_out = p[0];
		return 1;
	}
	if ((p[0] & 0xe0) == 0xc0) {
		n = 2;
		cp = p[0] & 0x1fu;
		least = 0x80;
	} else if ((p[0] & 0xf0) == 0xe0) {
		n = 3;
		cp = p[0] & 0x0fu;
		least = 0x800;
	} else if ((p[0] & 0xf8) == 0xf0) {
		n = 4;
		cp = p[0] & 0x07u;
		least = 0x10000;
	} else {
		return 0;
	}
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3fu);
	}
	if (cp < least || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*cp_out = cp;
	return n;
}

bool text_is_utf8(const char *s, size_t len)
{
	uint32_t cp;

	for (size_t i = 0, n; i < len; i += n) {
		n = text_utf8_char(s + i, len - i, &cp);
		if (!n)
			return false;
	}
	return true;
}

bool text_is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x061c || cp == 0x200e ||
		cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

static void add_escaped(struct buf *out, const char *s, size_t len, bool keep_lines)
{
	size_t plain = 0, i = 0;

	while (i < len) {
		uint32_t cp = 0;
		size_t n = text_utf8_char(s + i, len - i, &cp);

		if (n && (!text_is_control(cp) || (keep_lines && (cp == '\n' || cp == '\t')))) {
			i += n;
			continue;
		}
		buf_add(out, s + plain, i - plain);
		if (!n || cp < 0x80)
			buf_addf(out, "\\x%02x", (unsigned)(unsigned char)s[i]);
		else
			buf_addf(out, "\\u%04x", (unsigned)cp);
		i += n ? n : 1;
		plain = i;
	}
	buf_add(out, s + plain, len - plain);
}

void text_add_visible(struct buf *out, const char *s, size_t len)
{
	add_escaped(out, s, len, true);
}

void text_add_line(struct buf *out, const char *s, size_t len)
{
	add_escaped(out, s, len, false);
}

void text_add_quoted(struct buf *out, const char *s)
{
	buf_addch(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addch(out, *s);
	}
	buf_addch(out, '\'');
}

size_t text_cut(const char *s, size_t len, size_t max)
{
	uint32_t cp;

	if (len <= max)
		return len;
	for (size_t back = 1; back <= 3 && back <= max; back++) {
		size_t n = text_utf8_char(s + max - back, len - max + back, &cp);

		if (n)
			return n > back ? max - back : max;
	}
	return max;
}
