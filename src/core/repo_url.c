#include "core/repo_url.h"

#include <strings.h>

#include "core/text.h"

/* A piece of the text that was given. */
struct piece {
	const char *at;
	size_t len;
};

/* scheme://user@host:port/path, git's user@host:path, or a path alone (scheme and host empty). */
struct parts {
	struct piece scheme, user, host, path;
	bool scp;
};

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool piece_is(struct piece p, const char *s)
{
	return p.len == strlen(s) && !strncasecmp(p.at, s, p.len);
}

static bool piece_among(struct piece p, const char *const *list)
{
	for (; *list; list++)
		if (piece_is(p, *list))
			return true;
	return false;
}

static size_t scheme_len(const char *s)
{
	size_t n = 0;

	if (!is_alpha(s[0]))
		return 0;
	while (is_alpha(s[n]) || is_digit(s[n]) || strchr("+-.", s[n])) {
		if (!s[n])
			return 0;
		n++;
	}
	return strncmp(s + n, "://", 3) ? 0 : n;
}

/* "[::1]:22", "host:22" and "host" -> the host, brackets only around colons. */
static struct piece host_without_port(struct piece p)
{
	const char *end;

	if (p.len && p.at[0] == '[') {
		end = memchr(p.at, ']', p.len);
		if (end) {
			struct piece in = { p.at + 1, (size_t)(end - p.at) - 1 };
			const char *colon = memchr(in.at, ':', in.len);

			if (colon && memchr(colon + 1, ':', (size_t)(end - colon) - 1))
				return (struct piece){ p.at, in.len + 2 };
			return host_without_port(in);
		}
	}
	end = memchr(p.at, ':', p.len);
	if (end)
		p.len = (size_t)(end - p.at);
	while (p.len && p.at[p.len - 1] == '.')
		p.len--;
	return p;
}

static void split_authority(struct parts *out, struct piece authority)
{
	const char *at = memrchr(authority.at, '@', authority.len);

	if (at) {
		out->user = (struct piece){ authority.at, (size_t)(at - authority.at) };
		authority.len -= out->user.len + 1;
		authority.at = at + 1;
	}
	out->host = host_without_port(authority);
}

static bool is_drive(const char *s)
{
	return is_alpha(s[0]) && s[1] == ':' && strchr("/\\", s[2]);
}

/* Where git sees the host end: the first colon outside brackets, if no slash comes before it. */
static const char *scp_colon(const char *s)
{
	bool inside = false;

	if (is_drive(s))
		return NULL;
	for (; *s && *s != '/'; s++) {
		if (*s == '[')
			inside = true;
		else if (*s == ']')
			inside = false;
		else if (*s == ':' && !inside)
			return s;
	}
	return NULL;
}

static void split_scp(struct parts *out, const char *s, const char *colon)
{
	struct piece authority;
	const char *at;

	/* user:password@host:path: what somebody meant, if not what git reads. */
	at = memrchr(colon, '@', strcspn(colon, "/"));
	if (at && !memchr(s, '@', (size_t)(colon - s)) && scp_colon(at + 1))
		colon = scp_colon(at + 1);
	out->scp = true;
	out->path = (struct piece){ colon + 1, strlen(colon + 1) };
	authority = (struct piece){ s, (size_t)(colon - s) };
	if (s[0] == '[' && colon[-1] == ']' && memchr(s, '@', authority.len)) {
		authority.at++;
		authority.len -= 2;
	}
	split_authority(out, authority);
}

static void split(struct parts *out, const char *s)
{
	const char *helper = strstr(s, "::"), *colon;
	size_t n;

	/* <remote helper>::<address> */
	if (helper && helper > s && strcspn(s, "/:@[") == (size_t)(helper - s))
		s = helper + 2;
	n = scheme_len(s);
	colon = scp_colon(s);
	if (n) {
		struct piece authority = { s + n + 3, strcspn(s + n + 3, "/") };

		out->scheme = (struct piece){ s, n };
		out->path = (struct piece){ authority.at + authority.len,
			strlen(authority.at + authority.len) };
		split_authority(out, authority);
	} else if (colon && colon > s) {
		split_scp(out, s, colon);
	} else {
		out->path = (struct piece){ s, strlen(s) };
	}
}

/* Another name that a forge gives its host, for networks that let only port 443 through. */
static const char *const host_aliases[][2] = {
	{ "ssh.github.com", "github.com" },
	{ "www.github.com", "github.com" },
	{ "altssh.gitlab.com", "gitlab.com" },
	{ "altssh.bitbucket.org", "bitbucket.org" },
};

static void add_host(struct buf *out, struct piece host)
{
	for (size_t i = 0; i < sizeof(host_aliases) / sizeof(host_aliases[0]); i++) {
		if (piece_is(host, host_aliases[i][0])) {
			buf_adds(out, host_aliases[i][1]);
			return;
		}
	}
	for (size_t i = 0; i < host.len; i++) {
		char c = host.at[i];

		buf_addch(out, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
	}
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool has_control(const char *s, size_t len)
{
	uint32_t cp = 0;

	for (size_t i = 0, n; i < len; i += n ? n : 1) {
		n = text_utf8_char(s + i, len - i, &cp);
		if (n ? text_is_control(cp) : (unsigned char)s[i] < 0x20)
			return true;
	}
	return false;
}

/* %20 and its like, unless the outcome would be no text, or break lines. */
static void add_decoded(struct buf *out, struct piece p)
{
	size_t start = out->len;

	for (size_t i = 0; i < p.len; i++) {
		int hi = p.at[i] == '%' && i + 2 < p.len ? hex_digit(p.at[i + 1]) : -1;
		int lo = hi >= 0 ? hex_digit(p.at[i + 2]) : -1;

		if (lo >= 0) {
			buf_addch(out, (char)(hi << 4 | lo));
			i += 2;
		} else {
			buf_addch(out, p.at[i]);
		}
	}
	if (memchr(out->data + start, '\0', out->len - start) ||
		has_control(out->data + start, out->len - start) ||
		!text_is_utf8(out->data + start, out->len - start)) {
		buf_truncate(out, start);
		buf_add(out, p.at, p.len);
	}
}

/* Append the path without empty and "." parts and without ".git" at its end. */
static void add_path(struct buf *out, const char *s)
{
	size_t start = out->len;

	while (*s) {
		size_t n = strcspn(s, "/");

		if (n && !(n == 1 && *s == '.')) {
			if (out->len > start)
				buf_addch(out, '/');
			buf_add(out, s, n);
		}
		s += n + (s[n] == '/');
	}
	if (out->len - start >= 4 && !strcmp(out->data + out->len - 4, ".git"))
		buf_truncate(out, out->len - 4);
	if (out->len > start && out->data[out->len - 1] == '/')
		buf_truncate(out, out->len - 1);
}

/* Last part of a path, without ".git"; never empty. */
static void add_base(struct buf *out, const char *s, size_t len)
{
	const char *separators = is_drive(s) ? "/\\" : "/";
	size_t from;

	for (;;) {
		while (len && strchr(separators, s[len - 1]))
			len--;
		from = len;
		while (from && !strchr(separators, s[from - 1]))
			from--;
		if (len - from == 4 && !memcmp(s + from, ".git", 4) && from) {
			len = from;
			continue;
		}
		break;
	}
	if (len - from > 4 && !memcmp(s + len - 4, ".git", 4))
		len -= 4;
	if (strspn(s + from, ".~") >= len - from)
		buf_adds(out, "repo");
	else
		buf_add(out, s + from, len - from);
}

static char *scrubbed(const struct buf *b)
{
	struct buf clean = BUF_INIT;

	if (b->failed)
		return NULL;
	text_add_scrubbed(&clean, b->data, b->len);
	return buf_detach(&clean);
}

/* The text as given; without user info that holds so much as a colon. */
static void add_url(struct buf *out, const char *text, const struct parts *p, bool web)
{
	const char *rest = text;

	if (p->user.at && memchr(p->user.at, ':', p->user.len)) {
		buf_add(out, text, (size_t)(p->user.at - text));
		rest = p->user.at + p->user.len + 1;
	}
	/* A query is no part of where a repository is, and may carry a token of any shape. */
	if (web)
		buf_add(out, rest, (size_t)(p->path.at - rest) + strcspn(p->path.at, "?#"));
	else
		buf_adds(out, rest);
}

/* Take out a password or token in front of the host, as the first thing: nothing else sees it. */
static void add_without_credential(struct buf *out, const char *text)
{
	size_t n = 0;
	const char *secret = text_find_secret(text, strlen(text), &n);

	if (secret && secret - text > 3 && !memcmp(secret - 3, "://", 3) && secret[n] == '@') {
		buf_add(out, text, (size_t)(secret - text));
		text = secret + n + 1;
	}
	buf_adds(out, text);
}

static void describe_local(
	struct repo_url *u, const struct parts *p, struct buf *canonical, struct buf *name)
{
	if (p->scheme.len)
		add_decoded(canonical, p->path);
	else
		buf_add(canonical, p->path.at, p->path.len);
	while (canonical->len > 1 && canonical->data[canonical->len - 1] == '/')
		buf_truncate(canonical, canonical->len - 1);
	buf_adds(name, "local-");
	add_base(name, canonical->data, canonical->len);
	u->backend_type = "local";
}

static void describe_remote(struct repo_url *u, const struct parts *p, bool web,
	struct buf *canonical, struct buf *name)
{
	static const char *const ssh[] = { "ssh", "git+ssh", "ssh+git", NULL };
	struct piece path = p->path;
	struct buf decoded = BUF_INIT;

	if (web)
		path.len = strcspn(path.at, "?#");
	if (p->scp)
		buf_add(&decoded, path.at, path.len);
	else
		add_decoded(&decoded, path);
	add_path(name, decoded.data);
	canonical->failed |= decoded.failed;
	buf_release(&decoded);
	add_host(canonical, p->host);
	if (name->len) {
		buf_addch(canonical, '/');
		buf_add(canonical, name->data, name->len);
	} else {
		buf_add(name, canonical->data, canonical->len);
	}
	u->backend_type = "remote";
	u->auth_method = web ? "https" : p->scp || piece_among(p->scheme, ssh) ? "ssh" : "none";
}

/* github.com/<owner>/<repo>, and nothing behind it. */
static int find_github(struct repo_url *u, struct error *err)
{
	static const char host[] = "github.com/";
	const char *owner = u->canonical + sizeof(host) - 1, *slash;

	if (strncmp(u->canonical, host, sizeof(host) - 1) != 0)
		return 0;
	slash = strchr(owner, '/');
	if (!slash || strchr(slash + 1, '/'))
		return 0;
	u->github_owner = strndup(owner, (size_t)(slash - owner));
	u->github_repo = strdup(slash + 1);
	if (!u->github_owner || !u->github_repo)
		return error_nomem(err);
	u->backend_type = "github";
	return 0;
}

static int check(const char *text, const struct parts *p, struct error *err)
{
	struct buf shown = BUF_INIT, clean = BUF_INIT;
	const char *wrong = NULL;
	int r = 0;

	if (!*text)
		return error_set(err, ERR_USAGE, "repository URL is empty");
	if (has_control(text, strlen(text)))
		wrong = "contains control characters";
	else if (!p->host.len && (p->scp || (p->scheme.len && !piece_is(p->scheme, "file"))))
		wrong = "has no host";
	else if (!p->path.len && (!p->host.len || piece_is(p->scheme, "file")))
		wrong = "has no path";
	if (!wrong)
		return 0;
	text_add_scrubbed(&clean, text, strlen(text));
	text_add_line(&shown, clean.data, text_cut(clean.data, clean.len, 200));
	r = buf_check(&shown, err);
	if (!r)
		r = error_set(err, ERR_USAGE, "repository URL '%s' %s", shown.data, wrong);
	buf_release(&shown);
	buf_release(&clean);
	return r;
}

int repo_url_parse(struct repo_url *out, const char *given, struct error *err)
{
	static const char *const webs[] = { "https", "http", NULL };
	struct repo_url u = REPO_URL_INIT;
	struct buf text = BUF_INIT, url = BUF_INIT, canonical = BUF_INIT, name = BUF_INIT;
	struct parts p = { .scp = false };
	bool web;
	int r;

	add_without_credential(&text, given);
	r = buf_check(&text, err);
	if (r)
		return r;
	split(&p, text.data);
	r = check(text.data, &p, err);
	if (r)
		goto out;
	web = piece_among(p.scheme, webs);
	if ((!p.scheme.len && !p.scp) || piece_is(p.scheme, "file"))
		describe_local(&u, &p, &canonical, &name);
	else
		describe_remote(&u, &p, web, &canonical, &name);
	add_url(&url, text.data, &p, web);
	u.url = scrubbed(&url);
	u.canonical = scrubbed(&canonical);
	u.repo_name = scrubbed(&name);
	r = u.url && u.canonical && u.repo_name ? find_github(&u, err) : error_nomem(err);
	if (!r) {
		*out = u;
		u = (struct repo_url)REPO_URL_INIT;
	}
out:
	repo_url_release(&u);
	buf_release(&text);
	buf_release(&url);
	buf_release(&canonical);
	buf_release(&name);
	return r;
}

void repo_url_release(struct repo_url *u)
{
	free(u->url);
	free(u->canonical);
	free(u->repo_name);
	free(u->github_owner);
	free(u->github_repo);
	*u = (struct repo_url)REPO_URL_INIT;
}
