#include "backends/postgres_url.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <unistd.h>

#include "core/array.h"
#include "core/fs.h"
#include "core/text.h"

#define KEY "sessiondb.postgres."

static const char *keep(struct pg_settings *s, const char *text, struct error *err)
{
	char *copy = strdup(text);

	if (!copy || !ARRAY_GROW_SHORT(s->owned, s->n_owned)) {
		free(copy);
		(void)error_nomem(err);
		return NULL;
	}
	s->owned[s->n_owned++] = copy;
	return copy;
}

const char *pg_settings_get(const struct pg_settings *s, const char *key)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->keys[i], key) == 0)
			return *s->values[i] ? s->values[i] : NULL;
	return NULL;
}

static int set(struct pg_settings *s, const char *key, const char *value, struct error *err)
{
	const char *copy = keep(s, value, err);
	size_t i = 0;

	if (!copy)
		return err->code;
	while (i < s->n && strcmp(s->keys[i], key) != 0)
		i++;
	if (i == s->n) {
		/* And one for the NULL at the end of both. */
		if (!ARRAY_GROW_SHORT(s->keys, s->n + 1) || !ARRAY_GROW_SHORT(s->values, s->n + 1))
			return error_nomem(err);
		s->keys[i] = keep(s, key, err);
		if (!s->keys[i])
			return err->code;
		s->n++;
		s->keys[s->n] = s->values[s->n] = NULL;
	}
	s->values[i] = copy;
	return 0;
}

static int set_missing(struct pg_settings *s, const char *key, const char *value, struct error *err)
{
	return pg_settings_get(s, key) ? 0 : set(s, key, value, err);
}

/* What the environment and a service of the service file say; a default of libpq's counts as said.
 */
static int add_defaults(struct pg_settings *s, const char *service, struct error *err)
{
	const char *given = getenv("PGSERVICE");
	char *saved = given ? strdup(given) : NULL;
	PQconninfoOption *options;
	int r = 0;

	if (given && !saved)
		return error_nomem(err);
	if (service)
		(void)setenv("PGSERVICE", service, 1);
	options = PQconndefaults();
	if (service && saved)
		(void)setenv("PGSERVICE", saved, 1);
	else if (service)
		(void)unsetenv("PGSERVICE");
	free(saved);
	if (!options)
		return error_nomem(err);
	for (const PQconninfoOption *o = options; r == 0 && o->keyword; o++)
		if (o->val && *o->val)
			r = set(s, o->keyword, o->val, err);
	/* Once more, so that libpq complains of a service that is not there. */
	if (r == 0 && service)
		r = set(s, "service", service, err);
	PQconninfoFree(options);
	return r;
}

/* libpq's complaint without what it quotes, which may be a password. */
static int bad_url(
	const char *setting, const struct config *config, const char *why, struct error *err)
{
	struct buf text = BUF_INIT;
	size_t len = why ? strcspn(why, "\"\n") : 0;

	if (why)
		text_add_line(&text, why, len);
	error_set(err, ERR_USAGE, "%s (%s) is not a valid database URL%s%s", setting,
		config_origin(config, setting), len ? ": " : "", len ? text.data : "");
	buf_release(&text);
	return error_hint(err, "write postgres://user@host/database");
}

/*
 * A password with one of @ : / in it as it is makes libpq take part of it for a host or a database,
 * which would then be shown. Of the characters in front of a "?", a URL has one @ at most, in front
 * of every slash.
 */
static bool is_ambiguous(const char *url)
{
	const char *from = strstr(url, "://"), *at, *end;

	if (!from || strcspn(url, " ='") < (size_t)(from - url))
		return false;
	from += 3;
	end = from + strcspn(from, "?");
	at = memchr(from, '@', (size_t)(end - from));
	if (!at)
		return false;
	return memchr(from, '/', (size_t)(at - from)) ||
		memchr(at + 1, '@', (size_t)(end - at - 1));
}

static int refuse_ambiguous(const char *setting, const struct config *config, struct error *err)
{
	error_set(err, ERR_USAGE, "%s (%s) is ambiguous", setting, config_origin(config, setting));
	return error_hint(
		err, "in a password write %%40 for @, %%3A for :, %%2F for /, %%3F for ?");
}

/* The service that a connection string names: libpq would ask its file after us. */
static int find_service(char **out, const char *url, struct error *err)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	int r = 0;

	for (const PQconninfoOption *o = options; r == 0 && o && o->keyword; o++) {
		if (strcmp(o->keyword, "service") != 0 || !o->val || !*o->val)
			continue;
		*out = strdup(o->val);
		r = *out ? 0 : error_nomem(err);
	}
	PQconninfoFree(options);
	return r;
}

static int add_url(
	struct pg_settings *s, const char *setting, const struct config *config, struct error *err)
{
	const char *url = config_get(config, setting);
	PQconninfoOption *options;
	char *why = NULL;
	int r = 0;

	if (is_ambiguous(url))
		return refuse_ambiguous(setting, config, err);
	options = PQconninfoParse(url, &why);
	if (!options) {
		r = bad_url(setting, config, why, err);
		PQfreemem(why);
		return r;
	}
	for (const PQconninfoOption *o = options; r == 0 && o->keyword; o++) {
		if (!o->val || !*o->val)
			continue;
		if (!strcmp(o->keyword, "options") || !strcmp(o->keyword, "replication")) {
			error_set(err, ERR_USAGE,
				"%s (%s) sets '%s', which a connection pool would reject", setting,
				config_origin(config, setting), o->keyword);
			r = error_hint(err, "leave it out; set it for the role instead");
		} else if (!strcmp(o->keyword, "port") && o->val[strspn(o->val, "0123456789,")]) {
			r = refuse_ambiguous(setting, config, err);
		} else {
			r = set(s, o->keyword, o->val, err);
		}
	}
	PQconninfoFree(options);
	return r;
}

/* Does the address name this machine? Of names, "localhost" alone. */
static bool is_local_name(const char *name, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr six;
	struct in_addr four;

	if (name[0] == '/' || name[0] == '@')
		return true;
	if (len == 9 && !strncasecmp(name, "localhost", 9))
		return true;
	if (len >= sizeof(text))
		return false;
	memcpy(text, name, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, text, &six) != 1)
		return false;
	return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
}

/* The n-th of a list with commas between; an empty one where the list is shorter, or NULL. */
static const char *list_entry(const char *list, size_t n, size_t *len_out)
{
	for (; list && n; n--) {
		list = strchr(list, ',');
		list = list ? list + 1 : NULL;
	}
	*len_out = list ? strcspn(list, ",") : 0;
	return list ? list : "";
}

static size_t list_length(const char *list)
{
	size_t n = list ? 1 : 0;

	for (; list && *list; list++)
		n += *list == ',';
	return n;
}

/*
 * Would each connection that libpq may make end on this machine? Of the two lists, an entry of
 * hostaddr says where to go; where it is empty the host's does; where that is too, libpq's own
 * default is a socket of this machine.
 */
static bool is_local(const struct pg_settings *s)
{
	const char *addresses = pg_settings_get(s, "hostaddr");
	const char *hosts = pg_settings_get(s, "host");
	size_t n = list_length(addresses) > list_length(hosts) ? list_length(addresses)
							       : list_length(hosts);

	for (size_t i = 0; i < n; i++) {
		size_t len;
		const char *name = list_entry(addresses, i, &len);

		if (!len)
			name = list_entry(hosts, i, &len);
		if (len && !is_local_name(name, len))
			return false;
	}
	return true;
}

/* Before libpq 16 there is no "system": the file that the distributions keep. */
static const char *system_roots(void)
{
	static const char *const files[] = { "/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem" };

	if (PQlibVersion() >= 160000)
		return "system";
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (fs_exists(files[i]))
			return files[i];
	return files[0];
}

static bool has_own_roots(void)
{
	const char *home = getenv("HOME");
	struct buf path = BUF_INIT;
	bool there;

	buf_addf(&path, "%s/.postgresql/root.crt", home ? home : "");
	there = home && !path.failed && fs_exists(path.data);
	buf_release(&path);
	return there;
}

static int add_tls(struct pg_settings *s, const struct config *config, struct error *err)
{
	const char *mode = config_get(config, KEY "sslmode");
	const char *roots = config_get(config, KEY "sslrootcert"), *was;
	bool own = mode && config_level(config, KEY "sslmode") != CONFIG_REPOSITORY;
	int r = 0;

	if (mode && (own || is_local(s))) {
		r = set(s, "sslmode", mode, err);
	} else if (!is_local(s)) {
		was = pg_settings_get(s, "sslmode");
		/* "prefer" is what libpq says when nobody has said anything. */
		s->tls_forced = mode ||
			(was && strcmp(was, "verify-full") != 0 && strcmp(was, "prefer") != 0);
		r = set(s, "sslmode", "verify-full", err);
	}
	if (r == 0 && roots)
		r = set(s, "sslrootcert", strcmp(roots, "system") ? roots : system_roots(), err);
	else if (r == 0 && !is_local(s) && !pg_settings_get(s, "sslrootcert") && !has_own_roots())
		r = set(s, "sslrootcert", system_roots(), err);
	return r;
}

static int add_fixed(struct pg_settings *s, const struct config *config, struct error *err)
{
	const char *passfile = config_get(config, KEY "passfile");
	const char *hosts = pg_settings_get(s, "host"), *attrs;
	int r = passfile ? set(s, "passfile", passfile, err) : 0;

	if (r == 0)
		r = set(s, "client_encoding", "UTF8", err);
	if (r == 0)
		r = set(s, "fallback_application_name", "minsky", err);
	if (r == 0)
		r = set(s, "gssencmode", "disable", err);
	if (r == 0)
		r = set_missing(s, "tcp_user_timeout", "10000", err);
	attrs = pg_settings_get(s, "target_session_attrs");
	if (r == 0 && hosts && strchr(hosts, ',') && (!attrs || !strcmp(attrs, "any")))
		r = set(s, "target_session_attrs", "read-write", err);
	return r;
}

/* A name that a person may copy into a URL again. */
static int make_location(struct pg_settings *s, struct error *err)
{
	const char *user = pg_settings_get(s, "user"), *db = pg_settings_get(s, "dbname");
	const char *host = pg_settings_get(s, "host"), *port = pg_settings_get(s, "port");
	bool socket = !host || *host == '/' || *host == '@';
	struct buf text = BUF_INIT, line = BUF_INIT;

	if (!host)
		host = pg_settings_get(s, "hostaddr");
	if (port && !strcmp(port, "5432"))
		port = NULL;
	buf_addf(&text, "postgres://%s%s", user ? user : "", user ? "@" : "");
	if (!socket)
		buf_addf(&text, "%s%s%s", host, port ? ":" : "", port ? port : "");
	buf_addf(&text, "/%s", db ? db : user ? user : "");
	if (socket && host)
		buf_addf(&text, "?host=%s%s%s", host, port ? "&port=" : "", port ? port : "");
	text_add_line(&line, text.data, text.len);
	buf_release(&text);
	s->location = buf_detach(&line);
	return s->location ? 0 : error_nomem(err);
}

static int make_identity(struct pg_settings *s, struct error *err)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < s->n; i++)
		buf_addf(&text, "%s=%s\n", s->keys[i], s->values[i]);
	s->identity = buf_detach(&text);
	return s->identity ? 0 : error_nomem(err);
}

/* Where the connection's own name stands; NULL: the environment has to know. */
static const char *url_setting(const struct config *config, enum pg_purpose purpose)
{
	const char *hub = config_get(config, "sessiondb.hub");
	const char *url = config_get(config, KEY "url");

	if (purpose == PG_FOR_HUB && hub && strchr(hub, ':'))
		return "sessiondb.hub";
	return url && *url ? KEY "url" : NULL;
}

int pg_settings_load(struct pg_settings *out, const struct config *config, enum pg_purpose purpose,
	struct error *err)
{
	const char *setting = url_setting(config, purpose);
	const char *service = config_get(config, KEY "service");
	struct pg_settings s = { .n = 0 };
	char *named = NULL;
	int r = 0;

	if (service && (!*service || (setting && !strcmp(setting, "sessiondb.hub"))))
		service = NULL;
	if (!setting && !service && !getenv("PGHOST") && !getenv("PGSERVICE") &&
		!getenv("PGDATABASE")) {
		error_set(err, ERR_USAGE, "no PostgreSQL database is configured");
		return error_hint(
			err, "set " KEY "url to postgres://user@host/database, or " KEY "service");
	}
	s.connect_timeout_ms = (int)config_get_ms(config, KEY "connectTimeout");
	s.pool_size = (int)config_get_int(config, KEY "poolSize");
	if (setting)
		r = find_service(&named, config_get(config, setting), err);
	if (r == 0)
		r = add_defaults(&s, named ? named : service, err);
	free(named);
	if (r == 0 && setting)
		r = add_url(&s, setting, config, err);
	if (r == 0)
		r = add_fixed(&s, config, err);
	if (r == 0)
		r = add_tls(&s, config, err);
	if (r == 0)
		r = make_location(&s, err);
	if (r == 0)
		r = make_identity(&s, err);
	if (r < 0) {
		pg_settings_release(&s);
		return r;
	}
	*out = s;
	return 0;
}

void pg_settings_release(struct pg_settings *s)
{
	for (size_t i = 0; i < s->n_owned; i++) {
		explicit_bzero(s->owned[i], strlen(s->owned[i]));
		free(s->owned[i]);
	}
	if (s->identity)
		explicit_bzero(s->identity, strlen(s->identity));
	free(s->owned);
	free(s->keys);
	free(s->values);
	free(s->location);
	free(s->identity);
	*s = (struct pg_settings){ .n = 0 };
}

/* The secrets themselves wherever they stand, then whatever else looks like one. */
void pg_add_scrubbed(struct buf *out, const struct pg_settings *s, const char *text)
{
	static const char *const secrets[] = { "password", "sslpassword" };
	struct buf clean = BUF_INIT, shaped = BUF_INIT;
	size_t len = strlen(text);

	while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	while (len) {
		size_t n = 1;
		bool hit = false;

		for (size_t i = 0; !hit && i < sizeof(secrets) / sizeof(*secrets); i++) {
			const char *secret = pg_settings_get(s, secrets[i]);
			size_t size = secret ? strlen(secret) : 0;

			hit = size && size <= len && memcmp(text, secret, size) == 0;
			n = hit ? size : n;
		}
		if (hit)
			buf_adds(&clean, "[removed]");
		else if (*text == '\n' || *text == '\t')
			buf_addch(&clean, ' ');
		else
			buf_addch(&clean, *text);
		text += n;
		len -= n;
	}
	text_add_scrubbed(&shaped, clean.data, clean.len);
	text_add_line(out, shaped.data, shaped.len);
	out->failed = out->failed || clean.failed || shaped.failed;
	buf_release(&clean);
	buf_release(&shaped);
}
