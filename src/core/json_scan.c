#include "core/json.h"

#include "core/clock.h"

/*
 * The text has passed json_check(), so nothing here looks for damage; still every step is bounded
 * by the length, and what cannot be walked is ERR_CORRUPT.
 */
static int broken(size_t pos, struct error *err)
{
	return error_set(err, ERR_CORRUPT, "not valid JSON at byte %zu", pos);
}

static size_t skip_space(const char *text, size_t len, size_t pos)
{
	while (pos < len &&
		(text[pos] == ' ' || text[pos] == '\n' || text[pos] == '\r' || text[pos] == '\t'))
		pos++;
	return pos;
}

/* From an opening quote to behind the closing one; `len` if there is none. */
static size_t skip_string(const char *text, size_t len, size_t pos)
{
	size_t start = ++pos;

	while (pos < len) {
		const char *quote = memchr(text + pos, '"', len - pos);
		size_t at, slashes = 0;

		if (!quote)
			return len;
		at = (size_t)(quote - text);
		while (at - slashes > start && text[at - slashes - 1] == '\\')
			slashes++;
		pos = at + 1;
		if (slashes % 2 == 0)
			return pos;
	}
	return len;
}

static bool ends_scalar(char c)
{
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* From the first byte of a value to behind its last. */
static size_t skip_value(const char *text, size_t len, size_t pos)
{
	size_t depth = 0;

	if (pos < len && text[pos] != '"' && text[pos] != '{' && text[pos] != '[') {
		while (pos < len && !ends_scalar(text[pos]))
			pos++;
		return pos;
	}
	while (pos < len) {
		switch (text[pos]) {
		case '"':
			pos = skip_string(text, len, pos);
			break;
		case '{':
		case '[':
			depth++;
			pos++;
			break;
		case '}':
		case ']':
			depth -= depth > 0;
			pos++;
			break;
		default:
			pos++;
			continue;
		}
		if (!depth)
			break;
	}
	return pos;
}

/*
 * To the first byte of the next child, behind the bracket (pos 0) or the comma. *more_out is
 * false when the closing bracket stands there.
 */
static int next_child(const char *text, size_t len, size_t *pos, char open, char close,
	bool *more_out, struct error *err)
{
	size_t p = *pos;
	bool first = p == 0;

	p = skip_space(text, len, p);
	if (first) {
		if (p >= len || text[p] != open)
			return broken(p, err);
		p = skip_space(text, len, p + 1);
	}
	if (p >= len)
		return broken(p, err);
	if (text[p] == close) {
		*pos = p;
		*more_out = false;
		return 0;
	}
	if (!first) {
		if (text[p] != ',')
			return broken(p, err);
		p = skip_space(text, len, p + 1);
	}
	*pos = p;
	*more_out = true;
	return 0;
}

int json_take_value(
	const char *text, size_t len, size_t *pos, struct json_slice *value, struct error *err)
{
	size_t end = skip_value(text, len, *pos);

	if (end == *pos)
		return broken(*pos, err);
	*value = (struct json_slice){ text + *pos, end - *pos };
	*pos = end;
	return 0;
}

int json_next_key(const char *text, size_t len, size_t *pos, struct json_slice *key, bool *more_out,
	struct error *err)
{
	size_t end;
	int r = next_child(text, len, pos, '{', '}', more_out, err);

	if (r < 0 || !*more_out)
		return r;
	if (*pos >= len || text[*pos] != '"')
		return broken(*pos, err);
	end = skip_string(text, len, *pos);
	if (end - *pos < 2)
		return broken(*pos, err);
	*key = (struct json_slice){ text + *pos + 1, end - *pos - 2 };
	*pos = skip_space(text, len, end);
	if (*pos >= len || text[*pos] != ':')
		return broken(*pos, err);
	*pos = skip_space(text, len, *pos + 1);
	return 0;
}

int json_next_member(const char *text, size_t len, size_t *pos, struct json_slice *key,
	struct json_slice *value, bool *more_out, struct error *err)
{
	int r = json_next_key(text, len, pos, key, more_out, err);

	return r < 0 || !*more_out ? r : json_take_value(text, len, pos, value, err);
}

int json_next_element(const char *text, size_t len, size_t *pos, struct json_slice *value,
	bool *more_out, struct error *err)
{
	int r = next_child(text, len, pos, '[', ']', more_out, err);

	return r < 0 || !*more_out ? r : json_take_value(text, len, pos, value, err);
}

static unsigned hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return ((unsigned)(unsigned char)c | 0x20u) - 'a' + 10;
}

static uint32_t hex4(const char *p)
{
	return (hex_value(p[0]) & 15) << 12 | (hex_value(p[1]) & 15) << 8 |
		(hex_value(p[2]) & 15) << 4 | (hex_value(p[3]) & 15);
}

static size_t put_utf8(uint32_t cp, char out[4])
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/* Decode the escape at p (a backslash) into out; *n_out bytes. Returns how long it was. */
static size_t unescape(const char *p, size_t left, char out[4], size_t *n_out)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	uint32_t cp;

	*n_out = 1;
	if (left < 2) {
		out[0] = *p;
		return 1;
	}
	if (p[1] != 'u' || left < 6) {
		const char *at = p[1] ? strchr(from, p[1]) : NULL;

		out[0] = at ? to[at - from] : p[1];
		return 2;
	}
	cp = hex4(p + 2);
	if (cp >= 0xd800 && cp <= 0xdbff && left >= 12) {
		cp = 0x10000 + ((cp - 0xd800) << 10) + ((hex4(p + 8) - 0xdc00) & 0x3ff);
		*n_out = put_utf8(cp, out);
		return 12;
	}
	*n_out = put_utf8(cp, out);
	return 6;
}

/* The bytes of a key, decoded one by one. */
struct key_reader {
	const char *p;
	size_t left;
	char held[4];
	size_t n_held, next_held;
};

static int key_byte(struct key_reader *k)
{
	if (k->next_held < k->n_held)
		return (unsigned char)k->held[k->next_held++];
	if (!k->left)
		return -1;
	if (*k->p == '\\') {
		size_t used = unescape(k->p, k->left, k->held, &k->n_held);

		k->p += used;
		k->left -= used;
		k->next_held = 1;
		return (unsigned char)k->held[0];
	}
	k->left--;
	return (unsigned char)*k->p++;
}

int json_key_order(const struct json_slice *a, const struct json_slice *b)
{
	size_t n = a->len < b->len ? a->len : b->len, i = 0;
	struct key_reader ka, kb;
	int ca, cb;

	while (i < n && a->at[i] == b->at[i] && a->at[i] != '\\')
		i++;
	if (i == n)
		return (a->len > b->len) - (a->len < b->len);
	ka = (struct key_reader){ .p = a->at + i, .left = a->len - i };
	kb = (struct key_reader){ .p = b->at + i, .left = b->len - i };
	do {
		ca = key_byte(&ka);
		cb = key_byte(&kb);
	} while (ca == cb && ca >= 0);
	return (ca > cb) - (ca < cb);
}

bool json_key_is(const struct json_slice *key, const char *name)
{
	size_t n = strlen(name);
	struct json_slice other = { name, n };

	if (!memchr(key->at, '\\', key->len))
		return key->len == n && memcmp(key->at, name, n) == 0;
	return json_key_order(key, &other) == 0;
}

bool json_slice_is(const struct json_slice *v, char first)
{
	return v->len && v->at[0] == first;
}

int json_slice_string(const struct json_slice *v, char **out, struct error *err)
{
	const char *p, *end;
	char *text, *q;

	if (v->len < 2 || v->at[0] != '"') {
		*out = NULL;
		return 0;
	}
	p = v->at + 1;
	end = v->at + v->len - 1;
	/* No escape is shorter than what it stands for. */
	text = malloc(v->len - 1);
	if (!text)
		return error_nomem(err);
	q = text;
	while (p < end) {
		const char *slash = memchr(p, '\\', (size_t)(end - p));
		size_t plain = (size_t)((slash ? slash : end) - p), n;
		char held[4];

		memcpy(q, p, plain);
		q += plain;
		p += plain;
		if (!slash)
			break;
		p += unescape(p, (size_t)(end - p), held, &n);
		memcpy(q, held, n);
		q += n;
	}
	*q = '\0';
	*out = text;
	return 0;
}

bool json_slice_u64(const struct json_slice *v, uint64_t *out)
{
	uint64_t n = 0;

	if (!v->len || v->len > 16)
		return false;
	for (size_t i = 0; i < v->len; i++) {
		if (v->at[i] < '0' || v->at[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(v->at[i] - '0');
	}
	if (n > JSON_MAX_WHOLE)
		return false;
	*out = n;
	return true;
}

int64_t json_slice_time(const struct json_slice *v)
{
	char text[64];
	int64_t ms;

	if (v->len < 2 || v->at[0] != '"' || v->len - 2 >= sizeof(text))
		return 0;
	memcpy(text, v->at + 1, v->len - 2);
	text[v->len - 2] = '\0';
	return clock_parse(text, &ms) ? ms : 0;
}
