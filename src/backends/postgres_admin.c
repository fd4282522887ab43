/* Setting up a team's database: the schema, and who is a member. */
#include <libpq-fe.h>
#include <time.h>

#include "backends/postgres.h"
#include "backends/postgres_conn.h"
#include "backends/postgres_pool.h"
#include "backends/postgres_schema.h"
#include "core/clock.h"

/* Making indexes on a big table takes a while. */
#define SET_UP_MS (INT64_C(10) * 60 * 1000)
#define ATTEMPTS 8

/* In double quotes as an identifier, in single ones as a text. */
static void add_quoted(struct buf *out, const char *text, char quote)
{
	buf_addch(out, quote);
	for (const char *p = text; *p; p++) {
		if (*p == quote)
			buf_addch(out, quote);
		buf_addch(out, *p);
	}
	buf_addch(out, quote);
}

static int check_member(const char *role, struct error *err)
{
	size_t len = strlen(role);
	bool odd = !len || len > 63;

	for (const char *p = role; *p; p++)
		odd = odd || (unsigned char)*p < ' ' || *p == '\\';
	if (!odd)
		return 0;
	error_set(err, ERR_USAGE, "'%s' is not a valid name for a role", role);
	return error_hint(err, "give the login role of the person");
}

static int make_script(struct buf *out, const char *const *members, struct error *err)
{
	int r;

	buf_adds(out, postgres_schema);
	for (size_t i = 0; members && members[i]; i++) {
		r = check_member(members[i], err);
		if (r < 0)
			return r;
		buf_adds(out, i ? "" : "\n");
		buf_adds(out, "begin;\ngrant minsky_member to ");
		add_quoted(out, members[i], '"');
		buf_adds(out, ";\nselect minsky.add_member(");
		add_quoted(out, members[i], '\'');
		buf_adds(out, ", ");
		add_quoted(out, members[i], '\'');
		buf_adds(out, ") where not exists (select from minsky.member where db_role = ");
		add_quoted(out, members[i], '\'');
		buf_adds(out, ");\ncommit;\n");
	}
	return buf_check(out, err);
}

static int there_is(struct pg_conn *conn, int64_t deadline, int *out, struct error *err)
{
	PGresult *res = NULL;
	int64_t version = 0;
	int r = pg_script(
		conn, "select to_regclass('minsky.meta') is not null", deadline, &res, err);
	bool made = r == 0 && PQgetvalue(res, 0, 0)[0] == 't';

	PQclear(res);
	res = NULL;
	if (r == 0 && made)
		r = pg_script(conn, "select schema_version from minsky.meta", deadline, &res, err);
	if (r == 0 && made && !pg_column_int(res, 0, 0, &version))
		r = error_set(err, ERR_CORRUPT, "database '%s': minsky.meta is empty",
			conn->settings->location);
	PQclear(res);
	if (r == 0)
		*out = (int)version;
	return r;
}

static int run_script(struct pg_conn *conn, const char *script, int64_t deadline, struct error *err)
{
	PGresult *res = NULL;
	int r = pg_script(conn, script, deadline, &res, err);

	PQclear(res);
	/* Who may not make roles or schemas needs another hint than who is no member. */
	if (r == ERR_REFUSED)
		error_hint(err,
			"use a role that can create roles and owns the database, or give such a "
			"role the output of: minsky sessiondb init postgres --print-sql");
	return r;
}

static int set_up_once(const struct pg_settings *settings, const char *script, int *from_out,
	int *to_out, bool *again_out, struct error *err)
{
	int64_t deadline = clock_monotonic_ms() + SET_UP_MS;
	struct pg_conn conn;
	int from = 0, to = 0;
	int r = pg_conn_open(&conn, settings, deadline, err);

	if (r == 0)
		r = there_is(&conn, deadline, &from, err);
	if (r == 0)
		r = run_script(&conn, script, deadline, err);
	if (r == 0)
		r = there_is(&conn, deadline, &to, err);
	*again_out = conn.again || (r == ERR_BACKEND && !conn.broken);
	pg_conn_close(&conn);
	if (r == 0) {
		*from_out = from;
		*to_out = to;
	}
	return r;
}

static int set_up(const struct config *config, const char *const *members, int *from_out,
	int *to_out, struct buf *location, struct error *err)
{
	struct pg_settings settings = { .n = 0 };
	struct buf script = BUF_INIT;
	int r = make_script(&script, members, err);

	if (r == 0)
		r = pg_settings_load(&settings, config, PG_FOR_HUB, err);
	for (unsigned attempt = 0; r == 0; attempt++) {
		struct timespec pause = { .tv_nsec = 0 };
		bool again = false;

		r = set_up_once(&settings, script.data, from_out, to_out, &again, err);
		/* Somebody else may be doing the same. */
		if (r != ERR_BACKEND || !again || attempt + 1 == ATTEMPTS)
			break;
		error_clear(err);
		r = 0;
		pause = clock_timespec(pg_backoff_ms(attempt));
		(void)nanosleep(&pause, NULL);
	}
	if (r == 0) {
		buf_adds(location, settings.location);
		r = buf_check(location, err);
	}
	pg_settings_release(&settings);
	buf_release(&script);
	return r;
}

const struct backend_admin admin_postgres = { .script = make_script, .set_up = set_up };
