#include "backends/postgres_error.h"

#include <ctype.h>

#define STATE_LEN 5

static const char init_hint[] =
	"the administrator has to run 'minsky sessiondb init postgres' once";

/* By SQLSTATE, or by its class of two characters; the first that fits. */
static const struct meaning {
	const char *state;
	int code;
	bool again;
	const char *hint;
} meanings[] = {
	{ "40001", ERR_BACKEND, true, NULL },
	{ "40P01", ERR_BACKEND, true, NULL },
	{ "57P01", ERR_BACKEND, true, NULL }, /* the administrator ended it */
	{ "57P02", ERR_BACKEND, true, NULL }, /* another process crashed */
	{ "57P03", ERR_BACKEND, true, NULL }, /* it starts, or recovers */
	{ "08P01", ERR_BACKEND, false, NULL },
	{ "08", ERR_BACKEND, true, NULL },
	{ "25P03", ERR_BACKEND, false, NULL }, /* idle in a transaction for too long */
	{ "55P03", ERR_BUSY, false, "another machine is writing; try again" },
	{ "28", ERR_REFUSED, false,
		"check the role, and its password in the passfile, the service file or "
		"MINSKY_POSTGRES_URL" },
	{ "42501", ERR_REFUSED, false,
		"the administrator has to run 'minsky sessiondb init postgres --member ROLE'" },
	{ "MK401", ERR_REFUSED, false,
		"the administrator has to run 'minsky sessiondb init postgres --member ROLE'" },
	{ "MK403", ERR_REFUSED, false, NULL },
	{ "MK404", ERR_NOTFOUND, false, NULL },
	{ "MK429", ERR_BACKEND, false,
		"a keeper can retire origins that are not used any more: minsky.retire(), "
		"minsky.retire_all()" },
	{ "MK505", ERR_UNSUPPORTED, false, "use the newer version of minsky that wrote it" },
	{ "3D000", ERR_USAGE, false, "check its name, and whether it was created" },
	{ "3F000", ERR_REFUSED, false, init_hint },
	{ "42P01", ERR_REFUSED, false, init_hint },
	{ "42883", ERR_REFUSED, false, init_hint },
	{ "42703", ERR_REFUSED, false, init_hint },
	{ "42704", ERR_NOTFOUND, false, "create the role first, with LOGIN" },
	{ "XX001", ERR_CORRUPT, false, NULL },
	{ "XX002", ERR_CORRUPT, false, NULL },
	{ "22", ERR_USAGE, false, NULL },
	{ "25006", ERR_BACKEND, false, "it is a read-only replica, or in recovery" },
	{ "53100", ERR_BACKEND, false, "its disk is full" },
	{ "53300", ERR_BACKEND, false, "it has too many connections" },
	{ "", ERR_BACKEND, false, NULL },
};

static const struct meaning *meaning_of(const char *state)
{
	const struct meaning *m = meanings;

	while (*m->state && strncmp(m->state, state, strlen(m->state)) != 0)
		m++;
	return m;
}

/* libpq's own questions to the reader stand in lines of their own, behind a tab. */
static void add_facts(struct buf *out, const char *text)
{
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = text + strcspn(text, "\n");
		if (*text == '\t' || end == text)
			continue;
		buf_adds(out, out->len ? "; " : "");
		buf_add(out, text, (size_t)(end - text));
	}
}

static int tell(struct pg_conn *conn, const struct meaning *m, const char *text, struct error *err)
{
	struct buf facts = BUF_INIT, line = BUF_INIT;

	add_facts(&facts, text);
	pg_add_scrubbed(&line, conn->settings, facts.data);
	buf_release(&facts);
	conn->again = m->again;
	error_set(err, (enum error_code)m->code, "cannot use database '%s': %s",
		conn->settings->location, line.data);
	buf_release(&line);
	if (m->hint)
		error_hint(err, "%s", m->hint);
	else if (m->code == ERR_BACKEND)
		error_hint(err, "nothing is lost: events are kept in the journal until it answers");
	return err->code;
}

int pg_fail_result(struct pg_conn *conn, const PGresult *res, struct error *err)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
	const struct meaning *m;

	if (PQstatus(conn->c) == CONNECTION_BAD)
		conn->broken = true;
	if (!state)
		return pg_fail_lost(conn, err);
	m = meaning_of(state);
	/* It ends the connection as well, if not at this very moment. */
	if (!strncmp(state, "57P0", 4) || !strncmp(state, "08", 2) || !strcmp(state, "25P03"))
		conn->broken = true;
	return tell(conn, m, text && *text ? text : "it failed", err);
}

int pg_fail_lost(struct pg_conn *conn, struct error *err)
{
	static const struct meaning lost = { "08006", ERR_BACKEND, true, NULL };
	const char *text = PQerrorMessage(conn->c);

	conn->broken = true;
	return tell(conn, &lost, *text ? text : "the connection was lost", err);
}

int pg_fail_late(struct pg_conn *conn, const char *what, struct error *err)
{
	static const struct meaning late = { "", ERR_BACKEND, false, NULL };

	conn->broken = true;
	return tell(conn, &late, what, err);
}

/* "FATAL:  28P01: password ..." -> the place of its state; NULL if the server said nothing. */
static const char *find_state(const char *text)
{
	const char *found = NULL;

	for (const char *p = text; (p = strstr(p, ":  ")); p += 3) {
		size_t n = 0;

		while (n < STATE_LEN &&
			(isupper((unsigned char)p[3 + n]) || isdigit((unsigned char)p[3 + n])))
			n++;
		if (n == STATE_LEN && p[3 + n] == ':')
			found = p + 3;
	}
	return found;
}

static bool has_any(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

static bool is_tls_verdict(const char *text)
{
	static const char *const words[] = { "certificate", "does not support SSL", "SSL error",
		"host name" };

	return !strstr(text, "SYSCALL") && has_any(text, words, sizeof(words) / sizeof(*words));
}

/* It went wrong at once: on the way to the server, or had libpq not even a way? */
static bool is_about_the_way(const char *text)
{
	static const char *const words[] = { "connection to server", "could not connect",
		"could not translate host name", "could not create socket" };

	return has_any(text, words, sizeof(words) / sizeof(*words));
}

static int tell_tls(struct pg_conn *conn, const char *text, struct error *err)
{
	static const struct meaning tls = { "", ERR_REFUSED, false,
		"the certificate and the name of a remote server are verified; to trust another "
		"certificate, set sessiondb.postgres.sslrootcert; to verify less, set "
		"sessiondb.postgres.sslmode in your own configuration" };

	tell(conn, &tls, text, err);
	if (conn->settings->tls_forced)
		error_wrap(err, "sslmode was raised to verify-full");
	return err->code;
}

int pg_fail_connect(struct pg_conn *conn, ConnStatusType before, struct error *err)
{
	static const struct meaning unreachable = { "", ERR_BACKEND, false, NULL },
				    cut = { "08", ERR_BACKEND, true, NULL },
				    unusable = { "", ERR_USAGE, false, NULL };
	const char *text = PQerrorMessage(conn->c), *state = find_state(text);
	struct buf words = BUF_INIT;
	int r;

	conn->broken = true;
	if (state) {
		/* Up to the line that says where in the server's source it was. */
		const char *end = strstr(state, "\nLOCATION:");

		buf_add(&words, state + STATE_LEN + 2,
			end ? (size_t)(end - state) - STATE_LEN - 2
			    : strlen(state + STATE_LEN + 2));
		r = tell(conn, meaning_of(state), words.data, err);
		buf_release(&words);
		return r;
	}
	if (PQconnectionNeedsPassword(conn->c))
		return tell(conn, meaning_of("28P01"), text, err);
	if (before == CONNECTION_SSL_STARTUP && is_tls_verdict(text))
		return tell_tls(conn, text, err);
	if (before == CONNECTION_BAD)
		return tell(conn, is_about_the_way(text) ? &unreachable : &unusable, text, err);
	/* It was there and went away, or it was never there. */
	return tell(conn, before == CONNECTION_STARTED ? &unreachable : &cut, text, err);
}
