/* How many columns of a terminal text takes. */
#include <locale.h>
#include <wchar.h>

#include "core/text.h"

/*
 * The user's locale may not be one with UTF-8, and the table is the C library's: it is asked in the
 * one that every system has. Without it each character is one column.
 */
static int char_width(uint32_t cp)
{
	static locale_t utf8;
	static bool asked;
	locale_t before;
	int width;

	if (!asked) {
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
		asked = true;
	}
	if (!utf8)
		return 1;
	before = uselocale(utf8);
	width = wcwidth((wchar_t)cp);
	(void)uselocale(before);
	return width < 0 ? 1 : width;
}

size_t text_width(const char *s, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len;) {
		uint32_t cp = 0;
		size_t n = text_utf8_char(s + i, len - i, &cp);

		width += n > 1 ? (size_t)char_width(cp) : 1;
		i += n ? n : 1;
	}
	return width;
}
