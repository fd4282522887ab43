#include "backends/postgres_conn.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/postgres_error.h"
#include "backends/postgres_resolve.h"
#include "core/clock.h"

/* False when the deadline has passed. */
static bool wait_for(PGconn *c, short events, int64_t deadline)
{
	struct pollfd p = { .fd = PQsocket(c), .events = events };

	for (;;) {
		int64_t left = deadline - clock_monotonic_ms();
		int n;

		if (left <= 0)
			return false;
		n = poll(&p, 1, left > 3600000 ? 3600000 : (int)left);
		if (n > 0 || (n < 0 && errno != EINTR))
			return true;
	}
}

static int connect_by(struct pg_conn *conn, int64_t deadline, struct error *err)
{
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;
	ConnStatusType before = PQstatus(conn->c);

	if (before == CONNECTION_BAD)
		return pg_fail_connect(conn, before, err);
	/* The only way to learn the SQLSTATE of a refusal is to read it in the message. */
	(void)PQsetErrorVerbosity(conn->c, PQERRORS_VERBOSE);
	while (want != PGRES_POLLING_OK) {
		if (!wait_for(conn->c, want == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline))
			return pg_fail_late(conn, "it did not answer in time", err);
		before = PQstatus(conn->c);
		want = PQconnectPoll(conn->c);
		if (want == PGRES_POLLING_FAILED)
			return pg_fail_connect(conn, before, err);
	}
	(void)PQsetErrorVerbosity(conn->c, PQERRORS_DEFAULT);
	if (PQsetnonblocking(conn->c, 1) < 0)
		return pg_fail_lost(conn, err);
	return 0;
}

static void ignore_notice(void *arg, const PGresult *res)
{
	(void)arg;
	(void)res;
}

/* One name that a name server has to be asked for; libpq does the rest of the cases. */
static const char *name_to_resolve(const struct pg_settings *s)
{
	const char *host = pg_settings_get(s, "host");

	if (!host || pg_settings_get(s, "hostaddr") || *host == '/' || *host == '@' ||
		strchr(host, ',') || strchr(host, ':') || host[strspn(host, "0123456789.")] == '\0')
		return NULL;
	return host;
}

/* The settings with addresses put in: a list of them needs the name as often. */
static PGconn *start_with(
	const struct pg_settings *s, const char *host, const char *addresses, size_t n)
{
	struct buf hosts = BUF_INIT;
	const char **keys = calloc(s->n + 3, sizeof(*keys));
	const char **values = calloc(s->n + 3, sizeof(*values));
	PGconn *c = NULL;

	for (size_t i = 0; i < n; i++)
		buf_addf(&hosts, "%s%s", i ? "," : "", host);
	if (keys && values && !hosts.failed) {
		memcpy(keys, s->keys, s->n * sizeof(*keys));
		memcpy(values, s->values, s->n * sizeof(*values));
		/* Of two the later counts. */
		keys[s->n] = "host";
		values[s->n] = hosts.data;
		keys[s->n + 1] = "hostaddr";
		values[s->n + 1] = addresses;
		c = PQconnectStartParams(keys, values, 0);
	}
	free(keys);
	free(values);
	buf_release(&hosts);
	return c;
}

static int start(struct pg_conn *conn, int64_t deadline, struct error *err)
{
	const char *host = name_to_resolve(conn->settings);
	struct buf addresses = BUF_INIT;
	enum pg_resolved resolved = PG_RESOLVE_FAILED;
	size_t n = 0;

	if (host)
		resolved = pg_resolve(host, deadline, &addresses, &n);
	if (resolved == PG_RESOLVE_LATE) {
		buf_release(&addresses);
		return pg_fail_late(conn, "its address could not be resolved in time", err);
	}
	conn->c = resolved == PG_RESOLVED
		? start_with(conn->settings, host, addresses.data, n)
		: PQconnectStartParams(conn->settings->keys, conn->settings->values, 0);
	buf_release(&addresses);
	if (!conn->c)
		return error_nomem(err);
	(void)PQsetNoticeReceiver(conn->c, ignore_notice, NULL);
	return 0;
}

int pg_conn_open(struct pg_conn *conn, const struct pg_settings *settings, int64_t deadline,
	struct error *err)
{
	int64_t by = clock_monotonic_ms() + settings->connect_timeout_ms;
	int r;

	*conn = (struct pg_conn){ .settings = settings, .owner = getpid() };
	by = by < deadline ? by : deadline;
	r = start(conn, by, err);
	if (r == 0)
		r = connect_by(conn, by, err);
	conn->used_at = clock_monotonic_ms();
	return r;
}

void pg_conn_close(struct pg_conn *conn)
{
	/* What a child inherited is left to lie: a farewell would end the parent's. */
	if (conn->c && conn->owner == getpid())
		PQfinish(conn->c);
	*conn = (struct pg_conn){ .c = NULL };
}

static void add(struct pg_params *p, Oid type, const char *value, int length, int format)
{
	p->types[p->n] = type;
	p->values[p->n] = value;
	p->lengths[p->n] = length;
	p->formats[p->n] = format;
	p->n++;
}

void pg_text(struct pg_params *p, const char *text)
{
	add(p, 0, text, 0, 0);
}

void pg_int(struct pg_params *p, int64_t value)
{
	char *text = p->numbers[p->n];

	(void)snprintf(text, sizeof(p->numbers[0]), "%" PRId64, value);
	add(p, PG_TYPE_INT8, text, 0, 0);
}

void pg_array(struct pg_params *p, const struct buf *array, Oid type)
{
	add(p, type, array->data, (int)array->len, 1);
}

/* Everything that is to be sent, while taking in what comes: the server may be waiting for us. */
static int flush(struct pg_conn *conn, int64_t deadline, struct error *err)
{
	int more;

	while ((more = PQflush(conn->c)) == 1) {
		if (!wait_for(conn->c, POLLIN | POLLOUT, deadline))
			return pg_fail_late(conn, "it did not accept the statement in time", err);
		if (!PQconsumeInput(conn->c))
			return pg_fail_lost(conn, err);
	}
	return more < 0 ? pg_fail_lost(conn, err) : 0;
}

int pg_send(struct pg_conn *conn, const char *sql, const struct pg_params *p, int64_t deadline,
	struct error *err)
{
	int ok;

	conn->again = false;
	if (conn->broken)
		return pg_fail_lost(conn, err);
	ok = p ? PQsendQueryParams(
			 conn->c, sql, p->n, p->types, p->values, p->lengths, p->formats, 0)
	       : PQsendQuery(conn->c, sql);
	if (!ok)
		return pg_fail_lost(conn, err);
	conn->sent = true;
	return flush(conn, deadline, err);
}

static int next_result(struct pg_conn *conn, int64_t deadline, PGresult **out, struct error *err)
{
	int r = flush(conn, deadline, err);

	while (r == 0 && PQisBusy(conn->c)) {
		if (!wait_for(conn->c, POLLIN, deadline))
			return pg_fail_late(conn, "it did not answer in time", err);
		if (!PQconsumeInput(conn->c))
			return pg_fail_lost(conn, err);
	}
	if (r == 0)
		*out = PQgetResult(conn->c);
	conn->used_at = clock_monotonic_ms();
	return r;
}

static bool is_good(const PGresult *res)
{
	ExecStatusType status = PQresultStatus(res);

	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ||
		status == PGRES_SINGLE_TUPLE;
}

int pg_receive(struct pg_conn *conn, int64_t deadline, PGresult **out, struct error *err)
{
	PGresult *last = NULL, *res = NULL;
	int r, failed = 0;

	for (;;) {
		r = next_result(conn, deadline, &res, err);
		if (r < 0 || !res)
			break;
		/* The first failure is the one that the others come from. */
		if (!failed && !is_good(res))
			failed = pg_fail_result(conn, res, err);
		PQclear(last);
		last = res;
	}
	conn->sent = false;
	if (r == 0)
		r = failed;
	if (r == 0 && !last)
		r = pg_fail_lost(conn, err);
	if (r < 0) {
		PQclear(last);
		return r;
	}
	*out = last;
	return 0;
}

int pg_receive_row(struct pg_conn *conn, int64_t deadline, PGresult **out, struct error *err)
{
	PGresult *res = NULL;
	int r = next_result(conn, deadline, &res, err);

	if (r < 0)
		return r;
	if (res && PQresultStatus(res) == PGRES_SINGLE_TUPLE) {
		*out = res;
		return 0;
	}
	if (res && !is_good(res))
		r = pg_fail_result(conn, res, err);
	/* What is left is the end of the answer. */
	while (res) {
		PQclear(res);
		res = NULL;
		if (next_result(conn, deadline, &res, err) < 0)
			return err->code;
	}
	conn->sent = false;
	if (r == 0)
		*out = NULL;
	return r;
}

int pg_query(struct pg_conn *conn, const char *sql, const struct pg_params *p, int64_t deadline,
	PGresult **out, struct error *err)
{
	int r = pg_send(conn, sql, p, deadline, err);

	return r < 0 ? r : pg_receive(conn, deadline, out, err);
}

int pg_script(
	struct pg_conn *conn, const char *sql, int64_t deadline, PGresult **out, struct error *err)
{
	return pg_query(conn, sql, NULL, deadline, out, err);
}

bool pg_column_text(const PGresult *res, int row, int column, const char **out)
{
	if (row >= PQntuples(res) || column >= PQnfields(res) || PQgetisnull(res, row, column))
		return false;
	*out = PQgetvalue(res, row, column);
	return true;
}

bool pg_column_int(const PGresult *res, int row, int column, int64_t *out)
{
	const char *text;
	char *end;

	if (!pg_column_text(res, row, column, &text) || !*text)
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return !*end && !errno;
}
