#include "core/text.h"

/*
 * A secret is known by its shape: a fixed prefix that starts a word, then at least `min`
 * characters of its alphabet, with a digit or a capital among them where ordinary words could
 * otherwise pass. The same text may be looked at plain, inside a JSON string, or made visible, so
 * escapes such as \n, \x1b and \u001b count as the end of a word. Runs are judged by their first
 * RUN_MAX characters: the time stays linear whatever the text is made of.
 */

#define RUN_MAX 512
#define USER_INFO_MAX 1024

enum alphabet {
	ALNUM,
	UPPER, /* A-Z0-9 */
	WORD, /* A-Za-z0-9_ */
	BASE64URL, /* A-Za-z0-9_- */
	DOTTED, /* A-Za-z0-9_.- */
};

#define NEED_DIGIT 1u
#define NEED_UPPER 2u
#define NEED_STRANGE 4u /* a digit or a capital */

struct shape {
	const char *prefix;
	enum alphabet alphabet;
	size_t min;
	size_t max; /* 0: no limit; more letters or digits make it something else */
	unsigned need;
};

static const struct shape shapes[] = {
	{ "ghp_", ALNUM, 36, 0, 0 },
	{ "gho_", ALNUM, 36, 0, 0 },
	{ "ghu_", ALNUM, 36, 0, 0 },
	{ "ghs_", DOTTED, 36, 0, NEED_DIGIT | NEED_UPPER },
	{ "ghr_", ALNUM, 36, 0, 0 },
	{ "github_pat_", WORD, 60, 0, NEED_STRANGE },
	{ "glpat-", DOTTED, 20, 0, NEED_STRANGE },
	{ "AKIA", UPPER, 16, 16, 0 },
	{ "ASIA", UPPER, 16, 16, 0 },
	{ "xoxa-", BASE64URL, 20, 0, NEED_DIGIT },
	{ "xoxb-", BASE64URL, 20, 0, NEED_DIGIT },
	{ "xoxp-", BASE64URL, 20, 0, NEED_DIGIT },
	{ "xoxr-", BASE64URL, 20, 0, NEED_DIGIT },
	{ "xoxs-", BASE64URL, 20, 0, NEED_DIGIT },
	{ "sk-ant-", BASE64URL, 32, 0, NEED_DIGIT | NEED_UPPER },
	{ "sk-proj-", BASE64URL, 32, 0, NEED_DIGIT | NEED_UPPER },
	{ "sk-svcacct-", BASE64URL, 32, 0, NEED_DIGIT | NEED_UPPER },
	{ "sk-admin-", BASE64URL, 32, 0, NEED_DIGIT | NEED_UPPER },
	{ "sk-", ALNUM, 40, 0, NEED_DIGIT | NEED_UPPER },
	{ "AIza", BASE64URL, 35, 0, NEED_STRANGE },
	{ "npm_", ALNUM, 36, 36, 0 },
	{ "pypi-AgE", BASE64URL, 50, 0, 0 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
	return is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z');
}

static bool in_alphabet(char c, enum alphabet a)
{
	switch (a) {
	case ALNUM:
		return is_alnum(c);
	case UPPER:
		return is_digit(c) || is_upper(c);
	case WORD:
		return is_alnum(c) || c == '_';
	case BASE64URL:
		return is_alnum(c) || c == '_' || c == '-';
	case DOTTED:
		return is_alnum(c) || c == '_' || c == '-' || c == '.';
	}
	return false;
}

static size_t run(const char *s, size_t len, size_t from, enum alphabet a, size_t max)
{
	size_t n = 0;

	while (from + n < len && n < max && in_alphabet(s[from + n], a))
		n++;
	return n;
}

static bool starts_with(const char *s, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return len >= n && !memcmp(s, prefix, n);
}

/* Can a word start at i? */
static bool word_starts(const char *s, size_t i)
{
	if (!i || !is_alnum(s[i - 1]))
		return true;
	if (i >= 2 && s[i - 2] == '\\' && strchr("nrtbf", s[i - 1]))
		return true;
	if (i >= 4 && s[i - 4] == '\\' && s[i - 3] == 'x')
		return true;
	return i >= 6 && s[i - 6] == '\\' && s[i - 5] == 'u';
}

static bool needs_met(const char *s, size_t n, unsigned need)
{
	bool digit = false, upper = false;

	for (size_t i = 0; i < n; i++) {
		digit = digit || is_digit(s[i]);
		upper = upper || is_upper(s[i]);
	}
	if ((need & NEED_DIGIT && !digit) || (need & NEED_UPPER && !upper))
		return false;
	return !(need & NEED_STRANGE) || digit || upper;
}

static size_t token_at(const char *s, size_t len, size_t i)
{
	if (!word_starts(s, i))
		return 0;
	for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++) {
		const struct shape *h = &shapes[k];
		size_t from = i + strlen(h->prefix), n;

		if (!starts_with(s + i, len - i, h->prefix))
			continue;
		n = run(s, len, from, h->alphabet, RUN_MAX);
		if (n < h->min || !needs_met(s + from, n, h->need))
			continue;
		if (h->max && run(s, len, from, ALNUM, RUN_MAX) > h->max)
			continue;
		n = run(s, len, from, h->alphabet, len);
		while (n && s[from + n - 1] == '.')
			n--;
		return from + n - i;
	}
	return 0;
}

/* Header and payload of a JSON web token, both beginning as {" does in base64; any signature. */
static size_t jwt_at(const char *s, size_t len, size_t i)
{
	size_t end, n;

	if (!starts_with(s + i, len - i, "eyJ") || !word_starts(s, i))
		return 0;
	n = run(s, len, i, BASE64URL, 4 * RUN_MAX);
	end = i + n;
	if (n < 13 || end == len || s[end] != '.' ||
		!starts_with(s + end + 1, len - end - 1, "eyJ"))
		return 0;
	n = run(s, len, end + 1, BASE64URL, len);
	if (n < 10)
		return 0;
	end += 1 + n;
	if (end < len && s[end] == '.')
		end += 1 + run(s, len, end + 1, BASE64URL, len);
	return end - i;
}

static size_t find(const char *s, size_t len, size_t from, const char *what)
{
	const char *at;

	if (from >= len)
		return len;
	at = memmem(s + from, len - from, what, strlen(what));
	return at ? (size_t)(at - s) : len;
}

/* A private key in armour, up to its END line or, cut short, to the end of the text. */
static size_t pem_at(const char *s, size_t len, size_t i)
{
	static const char begin[] = "-----BEGIN ", key[] = "PRIVATE KEY";
	size_t line, end;

	if (!starts_with(s + i, len - i, begin))
		return 0;
	line = i + sizeof(begin) - 1;
	while (line < len && line - i < 64 && (in_alphabet(s[line], UPPER) || s[line] == ' '))
		line++;
	if (!starts_with(s + line, len - line, "-----"))
		return 0;
	if (find(s, line, i, key) == line)
		return 0;
	end = find(s, len, line, "-----END ");
	if (end < len)
		end = find(s, len, end + sizeof("-----END ") - 1, "-----");
	return (end < len ? end + 5 : len) - i;
}

static bool ends_url(char c)
{
	return (unsigned char)c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' ||
		c == '`' || c == '\\' || c == 0x7f;
}

/* Stars, or a ${VARIABLE}: written where a password would be, but none. */
static bool is_placeholder(const char *s, size_t n)
{
	if (n > 3 && s[0] == '$' && s[1] == '{' && s[n - 1] == '}')
		return run(s, n, 2, WORD, n) == n - 3;
	for (size_t i = 0; i < n; i++)
		if (s[i] != '*')
			return false;
	return true;
}

/* An account name is rarely that long and never mixed like that; a token alone is. */
static bool user_is_token(const char *s, size_t n)
{
	bool letter = false;

	if (n < 20 || run(s, n, 0, WORD, n) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		letter = letter || (!is_digit(s[i]) && s[i] != '_');
	return letter && needs_met(s, n, NEED_DIGIT);
}

static size_t find_char(const char *s, size_t from, size_t to, const char *set)
{
	while (from < to && !strchr(set, s[from]))
		from++;
	return from;
}

/* Of the last @, or `to`. */
static size_t last_at(const char *s, size_t from, size_t to)
{
	for (size_t i = to; i > from; i--)
		if (s[i - 1] == '@')
			return i - 1;
	return to;
}

static bool is_port(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_digit(s[i]))
			return false;
	return true;
}

/*
 * Length of the user info, without its @, behind the "://" at i, if it holds a password or is a
 * token. A password with a bare slash in it is against the rules and yet written: where what
 * follows the colon is no port, the @ may stand behind the slash.
 */
static size_t user_info_at(const char *s, size_t len, size_t i, size_t *at_out)
{
	size_t from = i + 3, stop = from, end, at, colon;
	bool ssh = i >= 3 && !memcmp(s + i - 3, "ssh", 3);

	while (stop < len && stop - from < USER_INFO_MAX && !ends_url(s[stop]))
		stop++;
	end = find_char(s, from, stop, "/?#");
	at = last_at(s, from, end);
	if (at < end) {
		colon = find_char(s, from, at, ":");
	} else {
		colon = find_char(s, from, end, ":");
		at = find_char(s, end, stop, "@");
		if (s[from] == '[' || colon == end || at == stop ||
			is_port(s + colon + 1, end - colon - 1))
			return 0;
		at = last_at(s, at, find_char(s, at, stop, "/?#"));
	}
	*at_out = from;
	if (colon < at && at - colon > 1)
		return is_placeholder(s + colon + 1, at - colon - 1) ? 0 : at - from;
	return !ssh && user_is_token(s + from, colon - from) ? at - from : 0;
}

const char *text_find_secret(const char *s, size_t len, size_t *len_out)
{
	for (size_t i = 0; i < len; i++) {
		size_t at = i, n = 0;

		if (strchr("gAxsnp", s[i]) && s[i])
			n = token_at(s, len, i);
		else if (s[i] == 'e')
			n = jwt_at(s, len, i);
		else if (s[i] == '-')
			n = pem_at(s, len, i);
		else if (len - i > 3 && starts_with(s + i, len - i, "://"))
			n = user_info_at(s, len, i, &at);
		if (n) {
			*len_out = n;
			return s + at;
		}
	}
	return NULL;
}

void text_add_scrubbed(struct buf *out, const char *s, size_t len)
{
	const char *secret;
	size_t n = 0;

	while ((secret = text_find_secret(s, len, &n))) {
		buf_add(out, s, (size_t)(secret - s));
		buf_adds(out, "[removed]");
		len -= (size_t)(secret - s) + n;
		s = secret + n;
	}
	buf_add(out, s, len);
}
