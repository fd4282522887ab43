#include "backends/postgres_pool.h"

#include <poll.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/id.h"

/* Idle for longer than this, a connection may have been forgotten by something on the way. */
#define IDLE_MS 30000
#define CHECK_MS 1000
#define ATTEMPTS 6
#define FIRST_DELAY_MS 20

struct pg_pool {
	struct pg_settings settings;
	struct pg_conn *conns;
	size_t n;
	unsigned users;
	bool again; /* why the last take failed may pass */
	char instance[ID_UUID_SIZE];
	int64_t skew;
	struct pg_pool *next;
};

static struct pg_pool *pools;

static void free_pool(struct pg_pool *p)
{
	for (size_t i = 0; p->conns && i < p->n; i++)
		pg_conn_close(&p->conns[i]);
	free(p->conns);
	pg_settings_release(&p->settings);
	free(p);
}

int pg_pool_open(struct pg_pool **out, const struct config *config, enum pg_purpose purpose,
	struct error *err)
{
	struct pg_pool *p = calloc(1, sizeof(*p)), *known;
	int r;

	if (!p)
		return error_nomem(err);
	r = pg_settings_load(&p->settings, config, purpose, err);
	if (r < 0) {
		free_pool(p);
		return r;
	}
	for (known = pools; known; known = known->next)
		if (strcmp(known->settings.identity, p->settings.identity) == 0)
			break;
	if (known) {
		free_pool(p);
		known->users++;
		*out = known;
		return 0;
	}
	p->n = (size_t)p->settings.pool_size;
	p->conns = calloc(p->n, sizeof(*p->conns));
	if (!p->conns) {
		free_pool(p);
		return error_nomem(err);
	}
	p->users = 1;
	p->next = pools;
	pools = p;
	*out = p;
	return 0;
}

void pg_pool_close(struct pg_pool *p)
{
	struct pg_pool **at = &pools;

	if (!p || --p->users)
		return;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	free_pool(p);
}

const struct pg_settings *pg_pool_settings(const struct pg_pool *p)
{
	return &p->settings;
}

const char *pg_pool_instance(const struct pg_pool *p)
{
	return p->instance;
}

int64_t pg_pool_skew(const struct pg_pool *p)
{
	return p->skew;
}

static int wrong_schema(struct pg_conn *conn, int64_t version, int64_t least, struct error *err)
{
	const char *where = conn->settings->location;

	if (least > PG_SCHEMA) {
		error_set(err, ERR_UNSUPPORTED,
			"cannot use database '%s': its schema %lld is newer than this minsky",
			where, (long long)version);
		return error_hint(err, "use the newer version of minsky that the team uses");
	}
	if (version >= PG_SCHEMA)
		return 0;
	error_refuse(err, "schema-too-old",
		"cannot use database '%s': its schema %lld is older than %d", where,
		(long long)version, PG_SCHEMA);
	return error_hint(
		err, "the administrator has to run 'minsky sessiondb init postgres' again");
}

/* What is behind this connection, and is it something that we know? */
static int greet(struct pg_pool *p, struct pg_conn *conn, int64_t deadline, struct error *err)
{
	static const char sql[] = "select schema_version, min_client, instance_id, "
				  "(extract(epoch from clock_timestamp()) * 1000)::bigint "
				  "from minsky.meta";
	int64_t sent = clock_now_ms(), version, least, now;
	PGresult *res = NULL;
	const char *instance;
	int r = pg_query(conn, sql, &(struct pg_params){ .n = 0 }, deadline, &res, err);

	if (r < 0)
		return r;
	if (!pg_column_int(res, 0, 0, &version) || !pg_column_int(res, 0, 1, &least) ||
		!pg_column_text(res, 0, 2, &instance) || !pg_column_int(res, 0, 3, &now)) {
		error_set(err, ERR_CORRUPT, "cannot use database '%s': minsky.meta is not valid",
			p->settings.location);
		r = error_hint(err, "check whether it was restored completely");
	} else {
		p->skew = now - (sent + clock_now_ms()) / 2;
		(void)snprintf(p->instance, sizeof(p->instance), "%s", instance);
		r = wrong_schema(conn, version, least, err);
	}
	PQclear(res);
	return r;
}

static int connect_one(struct pg_pool *p, struct pg_conn *conn, int64_t deadline, struct error *err)
{
	int r = pg_conn_open(conn, &p->settings, deadline, err);

	if (r == 0)
		r = greet(p, conn, deadline, err);
	p->again = conn->again;
	if (r < 0)
		pg_conn_close(conn);
	return r;
}

static bool is_alive(struct pg_conn *conn, int64_t deadline)
{
	struct pollfd fd = { .fd = PQsocket(conn->c), .events = POLLIN };
	struct error ignored = ERROR_INIT;
	int64_t now = clock_monotonic_ms(), by = now + CHECK_MS;
	PGresult *res = NULL;

	/* A server says nothing unasked but goodbye. */
	if (poll(&fd, 1, 0) != 0 &&
		(!PQconsumeInput(conn->c) || PQstatus(conn->c) != CONNECTION_OK ||
			(fd.revents & (POLLHUP | POLLERR))))
		return false;
	if (now - conn->used_at < IDLE_MS)
		return true;
	if (pg_query(conn, "select 1", &(struct pg_params){ .n = 0 }, by < deadline ? by : deadline,
		    &res, &ignored) < 0)
		return false;
	PQclear(res);
	return true;
}

int pg_pool_take(struct pg_pool *p, int64_t deadline, struct pg_conn **out, struct error *err)
{
	struct pg_conn *empty = NULL;
	int r;

	p->again = false;
	for (size_t i = 0; i < p->n; i++) {
		struct pg_conn *conn = &p->conns[i];

		if (conn->c && conn->owner != getpid())
			pg_conn_close(conn);
		if (conn->c && !conn->busy && !is_alive(conn, deadline))
			pg_conn_close(conn);
		if (!conn->c) {
			empty = conn;
		} else if (!conn->busy) {
			conn->busy = true;
			*out = conn;
			return 0;
		}
	}
	if (!empty) {
		error_set(err, ERR_BUSY, "all %zu connections to '%s' are in use", p->n,
			p->settings.location);
		return error_hint(err, "sessiondb.postgres.poolSize sets the maximum");
	}
	r = connect_one(p, empty, deadline, err);
	if (r < 0)
		return r;
	empty->busy = true;
	*out = empty;
	return 0;
}

void pg_pool_put(struct pg_pool *p, struct pg_conn *conn)
{
	(void)p;
	conn->busy = false;
	/* What is unfinished on it would be the next one's. */
	if (conn->broken || conn->sent || PQtransactionStatus(conn->c) != PQTRANS_IDLE)
		pg_conn_close(conn);
}

int64_t pg_backoff_ms(unsigned attempt)
{
	int64_t delay = (int64_t)FIRST_DELAY_MS << attempt;
	uint64_t x = (uint64_t)clock_monotonic_us() ^ ((uint64_t)getpid() << 20);

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return delay / 2 + (int64_t)(x % (uint64_t)(delay + 1));
}

static bool wait_again(unsigned attempt, int64_t deadline)
{
	int64_t delay = pg_backoff_ms(attempt);
	struct timespec pause = clock_timespec(delay);

	if (attempt + 1 >= ATTEMPTS || clock_monotonic_ms() + delay >= deadline)
		return false;
	(void)nanosleep(&pause, NULL);
	return true;
}

int pg_pool_run_keep(struct pg_pool *p, int64_t deadline, pg_work_fn *fn, void *arg,
	struct pg_conn **out, struct error *err)
{
	for (unsigned attempt = 0;; attempt++) {
		struct pg_conn *conn;
		bool again;
		int r = pg_pool_take(p, deadline, &conn, err);

		again = p->again;
		if (r == 0) {
			r = fn(conn, deadline, arg, err);
			again = conn->again;
			if (r == 0)
				*out = conn;
			else
				pg_pool_put(p, conn);
		}
		if (r != ERR_BACKEND || !again || !wait_again(attempt, deadline))
			return r;
		error_clear(err);
	}
}

int pg_pool_run(struct pg_pool *p, int64_t deadline, pg_work_fn *fn, void *arg, struct error *err)
{
	struct pg_conn *conn = NULL;
	int r = pg_pool_run_keep(p, deadline, fn, arg, &conn, err);

	if (r == 0)
		pg_pool_put(p, conn);
	return r;
}
