#include "core/array.h"
#include "core/json.h"

#include "core/text.h"

/*
 * One pass, no recursion: the open objects and arrays are a fixed stack. Duplicate keys are found
 * without hashing: keys that come in ascending order (as everything that minsky writes does)
 * prove themselves unique on the way; any other object has its keys sorted when it closes. That
 * is bounded by size * log(members) whatever the keys are.
 */
struct level {
	bool object;
	bool ascending;
	size_t first_key; /* in scan.keys */
};

struct scan {
	const char *text;
	size_t len, pos;
	struct level levels[JSON_DEPTH_LIMIT];
	size_t depth, max_depth;
	struct json_slice *keys; /* of the objects that are open, outermost first */
	size_t n_keys, cap_keys;
	struct error *err;
};

/* cJSON reads a number through a buffer of this size and takes a longer one for damage. */
#define NUMBER_MAX 63

static int bad_at(const struct scan *s, size_t pos, const char *what)
{
	return error_set(s->err, ERR_CORRUPT, "not valid JSON at byte %zu: %s", pos, what);
}

static int bad(const struct scan *s, const char *what)
{
	return bad_at(s, s->pos, what);
}

static void skip_space(struct scan *s)
{
	while (s->pos < s->len) {
		char c = s->text[s->pos];

		if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
			return;
		s->pos++;
	}
}

static bool hex4(const char *p, uint32_t *out)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i];

		v <<= 4;
		if (c >= '0' && c <= '9')
			v |= (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v |= (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			v |= (uint32_t)(c - 'A' + 10);
		else
			return false;
	}
	*out = v;
	return true;
}

static int scan_escape(struct scan *s)
{
	const char *p = s->text + s->pos;
	size_t left = s->len - s->pos;
	uint32_t cp, low;

	if (left < 2)
		return bad(s, "an escape is truncated");
	if (p[1] != 'u') {
		if (!p[1] || !strchr("\"\\/bfnrt", p[1]))
			return bad(s, "unknown escape");
		s->pos += 2;
		return 0;
	}
	if (left < 6 || !hex4(p + 2, &cp))
		return bad(s, "\\u requires four hexadecimal digits");
	if (!cp)
		return bad(s, "\\u0000 is not allowed");
	if (cp >= 0xdc00 && cp <= 0xdfff)
		return bad(s, "half of a surrogate pair");
	s->pos += 6;
	if (cp < 0xd800 || cp > 0xdbff)
		return 0;
	if (left < 12 || p[6] != '\\' || p[7] != 'u' || !hex4(p + 8, &low) || low < 0xdc00 ||
		low > 0xdfff)
		return bad_at(s, s->pos - 6, "half of a surrogate pair");
	s->pos += 6;
	return 0;
}

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* Is some byte of w zero? */
static uint64_t zero_byte(uint64_t w)
{
	return (w - EACH_BYTE(1)) & ~w & EACH_BYTE(0x80);
}

/* How many of the first bytes, eight at a time, are plain: ASCII, no control, quote or backslash.
 */
static size_t plain_bytes(const char *p, size_t len)
{
	size_t n = 0;

	while (len - n >= sizeof(uint64_t)) {
		uint64_t w;

		memcpy(&w, p + n, sizeof(w));
		if ((w & EACH_BYTE(0x80)) || ((w - EACH_BYTE(0x20)) & EACH_BYTE(0x80)) ||
			zero_byte(w ^ EACH_BYTE('"')) || zero_byte(w ^ EACH_BYTE('\\')))
			break;
		n += sizeof(w);
	}
	return n;
}

/* At the opening quote; ends behind the closing one. */
static int scan_string(struct scan *s)
{
	size_t start = s->pos++;

	s->pos += plain_bytes(s->text + s->pos, s->len - s->pos);
	while (s->pos < s->len) {
		unsigned char c = (unsigned char)s->text[s->pos];

		if (c == '"') {
			s->pos++;
			return 0;
		}
		if (c == '\\') {
			int r = scan_escape(s);

			if (r < 0)
				return r;
		} else if (c < 0x20) {
			return bad(s, "a control character in a string");
		} else if (c < 0x80) {
			s->pos++;
		} else {
			uint32_t cp;
			size_t n = text_utf8_char(s->text + s->pos, s->len - s->pos, &cp);

			if (!n)
				return bad(s, "not UTF-8");
			s->pos += n;
		}
	}
	return bad_at(s, start, "a string is not terminated");
}

static size_t scan_digits(struct scan *s)
{
	size_t start = s->pos;

	while (s->pos < s->len && s->text[s->pos] >= '0' && s->text[s->pos] <= '9')
		s->pos++;
	return s->pos - start;
}

/* The value of an exponent's digits, which no number of 63 bytes can shift back into range. */
static long exponent_value(const char *p, size_t n)
{
	long v = 0;

	for (size_t i = 0; i < n && v < 100000; i++)
		v = v * 10 + (p[i] - '0');
	return v;
}

/*
 * Decimal exponent of the first digit that is not zero, before the written exponent is added;
 * `digits` runs from the first digit of the integer to the last of the fraction.
 */
static long leading_exponent(const char *digits, size_t n, size_t whole)
{
	long place = (long)whole - 1;

	for (size_t i = 0; i < n; i++) {
		if (digits[i] == '.')
			continue;
		if (digits[i] != '0')
			return place;
		place--;
	}
	return -10000000; /* all zero: no exponent makes it large */
}

static int scan_number(struct scan *s)
{
	size_t start = s->pos, digits, whole, end;
	long exponent = 0;

	if (s->text[s->pos] == '-')
		s->pos++;
	digits = s->pos;
	whole = scan_digits(s);
	if (!whole || (whole > 1 && s->text[digits] == '0'))
		return bad_at(s, start, "not a number");
	if (s->pos < s->len && s->text[s->pos] == '.') {
		s->pos++;
		if (!scan_digits(s))
			return bad_at(s, start, "not a number");
	}
	end = s->pos;
	if (s->pos < s->len && (s->text[s->pos] | 0x20) == 'e') {
		bool negative = false;
		size_t n;

		s->pos++;
		if (s->pos < s->len && (s->text[s->pos] == '-' || s->text[s->pos] == '+'))
			negative = s->text[s->pos++] == '-';
		n = scan_digits(s);
		if (!n)
			return bad_at(s, start, "not a number");
		exponent = exponent_value(s->text + s->pos - n, n);
		if (negative)
			exponent = -exponent;
	}
	if (s->pos - start > NUMBER_MAX)
		return bad_at(s, start, "a number is too long");
	if (leading_exponent(s->text + digits, end - digits, whole) + exponent >= 308)
		return bad_at(s, start, "a number is too large");
	return 0;
}

static int scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if (s->len - s->pos < n || memcmp(s->text + s->pos, word, n) != 0)
		return bad(s, "not a value");
	s->pos += n;
	return 0;
}

static int scan_scalar(struct scan *s)
{
	switch (s->text[s->pos]) {
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		return scan_number(s);
	}
}

static int push_key(struct scan *s, struct json_slice key)
{
	struct level *l = &s->levels[s->depth - 1];

	if (!ARRAY_GROW(s->keys, s->n_keys, s->cap_keys))
		return error_nomem(s->err);
	if (l->ascending && s->n_keys > l->first_key) {
		int c = json_key_order(&s->keys[s->n_keys - 1], &key);

		if (!c)
			return bad_at(s, (size_t)(key.at - s->text), "duplicate key");
		l->ascending = c < 0;
	}
	s->keys[s->n_keys++] = key;
	return 0;
}

static int order_keys(const void *a, const void *b)
{
	return json_key_order(a, b);
}

static int close_level(struct scan *s)
{
	const struct level *l = &s->levels[s->depth - 1];

	if (l->object && !l->ascending) {
		struct json_slice *v = s->keys + l->first_key;
		size_t n = s->n_keys - l->first_key;

		qsort(v, n, sizeof(*v), order_keys);
		for (size_t i = 1; i < n; i++) {
			const char *later = v[i].at > v[i - 1].at ? v[i].at : v[i - 1].at;

			if (json_key_order(&v[i - 1], &v[i]) == 0)
				return bad_at(s, (size_t)(later - s->text), "duplicate key");
		}
	}
	s->n_keys = l->first_key;
	s->depth--;
	s->pos++;
	return 0;
}

/* A key and the colon behind it. */
static int scan_key(struct scan *s)
{
	struct json_slice key;
	size_t start;
	int r;

	skip_space(s);
	if (s->pos >= s->len || s->text[s->pos] != '"')
		return bad(s, "a key is missing");
	start = s->pos + 1;
	r = scan_string(s);
	if (r < 0)
		return r;
	key = (struct json_slice){ s->text + start, s->pos - 1 - start };
	r = push_key(s, key);
	if (r < 0)
		return r;
	skip_space(s);
	if (s->pos >= s->len || s->text[s->pos] != ':')
		return bad(s, "a colon is missing");
	s->pos++;
	return 0;
}

/* Enter the object or array at pos; *empty_out when it ended at once. */
static int open_level(struct scan *s, bool *empty_out)
{
	bool object = s->text[s->pos] == '{';

	if (s->depth == s->max_depth)
		return bad(s, "nested too deeply");
	s->levels[s->depth++] =
		(struct level){ .object = object, .ascending = true, .first_key = s->n_keys };
	s->pos++;
	skip_space(s);
	*empty_out = s->pos < s->len && s->text[s->pos] == (object ? '}' : ']');
	if (*empty_out)
		return close_level(s);
	return object ? scan_key(s) : 0;
}

/*
 * Behind a value: close what ends here, up to the comma that announces the next value. *done_out
 * when the outermost value has ended.
 */
static int after_value(struct scan *s, bool *done_out)
{
	while (s->depth) {
		bool object = s->levels[s->depth - 1].object;
		int r;

		skip_space(s);
		if (s->pos >= s->len)
			return bad(s, "the text ends too early");
		if (s->text[s->pos] == ',') {
			s->pos++;
			*done_out = false;
			return object ? scan_key(s) : 0;
		}
		if (s->text[s->pos] != (object ? '}' : ']'))
			return bad(s,
				object ? "a comma or '}' is missing" : "a comma or ']' is missing");
		r = close_level(s);
		if (r < 0)
			return r;
	}
	*done_out = true;
	return 0;
}

static int scan_all(struct scan *s)
{
	bool done = false;

	while (!done) {
		bool entered = false;
		int r;

		skip_space(s);
		if (s->pos >= s->len)
			return bad(s, "the text ends too early");
		if (s->text[s->pos] == '{' || s->text[s->pos] == '[') {
			bool empty = false;

			r = open_level(s, &empty);
			entered = !empty;
		} else {
			r = scan_scalar(s);
		}
		if (r < 0)
			return r;
		if (!entered) {
			r = after_value(s, &done);
			if (r < 0)
				return r;
		}
	}
	skip_space(s);
	return s->pos == s->len ? 0 : bad(s, "extra text after the value");
}

int json_check_depth(const char *text, size_t len, size_t max_depth, struct error *err)
{
	struct scan s = { .text = text, .len = len, .err = err };
	int r;

	s.max_depth = max_depth < JSON_DEPTH_LIMIT ? max_depth : JSON_DEPTH_LIMIT;
	r = scan_all(&s);
	free(s.keys);
	return r;
}

int json_check(const char *text, size_t len, struct error *err)
{
	return json_check_depth(text, len, JSON_MAX_DEPTH, err);
}
