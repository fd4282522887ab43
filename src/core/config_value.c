#include <errno.h>
#include <strings.h>
#include <unistd.h>

#include "core/config_parts.h"
#include "core/duration.h"
#include "core/paths.h"
#include "core/text.h"

bool config_parse_bool(const char *text, bool *out)
{
	static const char *const yes[] = { "true", "yes", "on" },
				 *const no[] = { "false", "no", "off" };

	for (size_t i = 0; i < 3; i++) {
		if (!strcasecmp(text, yes[i]) || !strcasecmp(text, no[i])) {
			*out = !strcasecmp(text, yes[i]);
			return true;
		}
	}
	return false;
}

/* Digits up to *end_out; false without any, or above 2^53. */
static bool parse_digits(const char *text, int64_t *out, const char **end_out)
{
	int64_t v = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (*p - '0');
		if (v > (INT64_C(1) << 53))
			return false;
	}
	*out = v;
	*end_out = p;
	return p > text;
}

bool config_parse_int(const char *text, int64_t *out)
{
	const char *end;
	int64_t v;

	if (!parse_digits(text, &v, &end) || *end)
		return false;
	*out = v;
	return true;
}

#define VARIABLE_MAX 128

static bool is_name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		(!first && c >= '0' && c <= '9');
}

/* What a repository may learn of the user's environment. */
static bool repository_may_name(const char *variable)
{
	return !strncmp(variable, "MINSKY_", 7) || !strncmp(variable, "XDG_", 4) ||
		!strcmp(variable, "HOME") || !strcmp(variable, "USER");
}

static int add_variable(struct buf *out, const struct config_key *key, const char *name,
	const char *origin, struct error *err)
{
	const char *value;

	if (!strcmp(name, "MINSKY_STATE")) {
		struct buf state = BUF_INIT;
		int r = paths_state(&state, err);

		if (!r)
			buf_add(out, state.data, state.len);
		buf_release(&state);
		return r;
	}
	value = getenv(name);
	if (!value) {
		error_set(err, ERR_USAGE, "%s: '%s' uses ${%s}, which is not set", origin,
			key->name, name);
		return error_hint(err, "set %s, or write $${ for a literal ${", name);
	}
	buf_adds(out, value);
	return 0;
}

/* Length of the "${NAME}" at p, whose name is copied; 0 if it is none. */
static size_t variable_at(const char *p, char name[VARIABLE_MAX])
{
	size_t n = 0;

	if (strncmp(p, "${", 2) != 0)
		return 0;
	while (n < VARIABLE_MAX - 1 && is_name_char(p[2 + n], !n)) {
		name[n] = p[2 + n];
		n++;
	}
	name[n] = '\0';
	return n && p[2 + n] == '}' ? n + 3 : 0;
}

int config_expand(const struct config_key *key, const char *raw, const char *origin,
	struct buf *out, struct error *err)
{
	const char *p = raw;
	int r;

	if (key->type == CONFIG_PATH && p[0] == '~' && (!p[1] || p[1] == '/')) {
		r = paths_expand_home("~", out, err);
		if (r)
			return error_wrap(err, "%s: '%s'", origin, key->name);
		p++;
	}
	while (*p) {
		char name[VARIABLE_MAX];
		size_t n = variable_at(p, name);

		if (!strncmp(p, "$${", 3)) {
			buf_adds(out, "${");
			p += 3;
			continue;
		}
		if (strncmp(p, "${", 2) != 0) {
			buf_addch(out, *p++);
			continue;
		}
		if (!n) {
			error_set(err, ERR_USAGE,
				"%s: '%s' contains a '${' without the name of a variable", origin,
				key->name);
			return error_hint(err, "write ${NAME}, or $${ for a literal ${");
		}
		r = add_variable(out, key, name, origin, err);
		if (r)
			return r;
		p += n;
	}
	return buf_check(out, err);
}

static bool among(const char *value, const char *choices)
{
	size_t len = strlen(value), n;

	for (const char *p = choices;; p += n + 1) {
		n = strcspn(p, "|");
		if (n == len && !memcmp(p, value, n))
			return true;
		if (!p[n])
			return false;
	}
}

static bool in_range(int64_t v, const char *range)
{
	const char *end;
	int64_t least, most;

	if (!range)
		return true;
	return parse_digits(range, &least, &end) && config_parse_int(end + 2, &most) &&
		v >= least && v <= most;
}

static bool bare_name(const char *value)
{
	size_t n =
		strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n && !value[n] && value[0] != '-';
}

static bool allowed(const struct config_key *key, const char *value)
{
	int64_t number;
	bool flag;

	switch (key->type) {
	case CONFIG_TEXT:
		return true;
	case CONFIG_PATH:
		return value[0] == '/' || (key->choices && among(value, key->choices));
	case CONFIG_BOOL:
		return config_parse_bool(value, &flag);
	case CONFIG_CHOICE:
		return among(value, key->choices);
	case CONFIG_NAME:
		return among(value, key->choices) || bare_name(value);
	case CONFIG_DURATION:
		return duration_parse(value, &number);
	case CONFIG_INT:
		return config_parse_int(value, &number) && in_range(number, key->choices);
	}
	return false;
}

static int hint_allowed(const struct config_key *key, struct error *err)
{
	switch (key->type) {
	case CONFIG_TEXT:
		break;
	case CONFIG_PATH:
		return error_hint(err, "write an absolute path, or one that starts with ~/");
	case CONFIG_BOOL:
		return error_hint(err, "write true or false");
	case CONFIG_CHOICE:
		return error_hint(err, "one of: %s", key->choices);
	case CONFIG_NAME:
		return error_hint(err, "one of: %s, or the bare name of a module", key->choices);
	case CONFIG_DURATION:
		return error_hint(
			err, "write a number with a unit: 200ms, 90s, 5m, 12h, 14d or 2w");
	case CONFIG_INT:
		return error_hint(err, "write a number%s%s", key->choices ? " in " : "",
			key->choices ? key->choices : "");
	}
	return err->code;
}

int config_check(
	const struct config_key *key, const char *value, const char *origin, struct error *err)
{
	struct buf clean = BUF_INIT, shown = BUF_INIT;
	int r;

	if (allowed(key, value))
		return 0;
	text_add_scrubbed(&clean, value, strlen(value));
	text_add_line(&shown, clean.data, text_cut(clean.data, clean.len, 200));
	r = buf_check(&clean, err);
	if (!r)
		r = buf_check(&shown, err);
	if (!r) {
		error_set(err, ERR_USAGE, "%s: '%s' cannot be '%s'", origin, key->name,
			key->secret ? "..." : shown.data);
		r = hint_allowed(key, err);
	}
	buf_release(&clean);
	buf_release(&shown);
	return r;
}

bool config_is_credential(const struct config_key *key, const char *value)
{
	size_t n = 0;

	if (text_find_secret(value, strlen(value), &n))
		return true;
	/* libpq takes it as a parameter of the URL, and in "key=value" form too. */
	return key->secret && strcasestr(value, "password");
}

static bool names_foreign_variable(const char *raw)
{
	char name[VARIABLE_MAX];

	for (const char *p = raw; *p; p++) {
		if (!strncmp(p, "$${", 3))
			p += 2;
		else if (variable_at(p, name) && !repository_may_name(name))
			return true;
	}
	return false;
}

bool config_needs_trust(const struct config_key *key, const char *raw)
{
	char name[VARIABLE_MAX];
	size_t n = variable_at(raw, name);

	if (names_foreign_variable(raw))
		return true;
	if (key->secret && n && !raw[n] && !strncmp(name, "MINSKY_", 7))
		return false;
	return key->sensitive || (key->type == CONFIG_NAME && !among(raw, key->choices));
}

static bool starts_url(const char *value, size_t *len_out)
{
	size_t n = strspn(value, "abcdefghijklmnopqrstuvwxyz");

	*len_out = n + 3;
	return n && !strncmp(value + n, "://", 3);
}

/*
 * Of a URL: scheme, user, host, database. Everything else can be a password; what stands between
 * the first colon and the last @ is, whatever else is in it.
 */
static void add_url(struct buf *out, const char *value, size_t scheme)
{
	const char *at = strrchr(value + scheme, '@'), *host = at ? at + 1 : value + scheme;
	size_t user = strcspn(value + scheme, ":@"), n = strcspn(host, "?#");

	buf_add(out, value, scheme);
	if (at) {
		buf_add(out, value + scheme, user);
		buf_adds(out, value[scheme + user] == ':' ? ":***@" : "@");
	}
	buf_add(out, host, n);
	if (host[n])
		buf_adds(out, "?***");
}

void config_add_shown(struct buf *out, const struct config_key *key, const char *value)
{
	struct buf shown = BUF_INIT;
	size_t scheme;

	if (!key->secret || !*value)
		buf_adds(&shown, value);
	else if (starts_url(value, &scheme))
		add_url(&shown, value, scheme);
	else if (among(value, "postgres"))
		buf_adds(&shown, value);
	else
		buf_adds(&shown, "***");
	text_add_scrubbed(out, shown.data, shown.len);
	out->failed |= shown.failed;
	buf_release(&shown);
}
