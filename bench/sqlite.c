/*
 * bench-sqlite COMMAND... - what replaying a journal into a backend costs.
 *
 *	write JOURNAL EVENTS SESSIONS	a history (tests/lib/generate.h); SESSIONS 0: each event
 *					starts a session of its own
 *	replay JOURNAL BACKEND STORE	into a new store
 *	rows JOURNAL STORE ROWS		the same into SQLite, noting each row and transaction in
 *ROWS bulk ROWS STORE			those rows in those transactions by one prepared statement
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/registry.h"
#include "backends/sqlite_schema.h"
#include "lib/generate.h"
#include "log/projector.h"

#define REPO "00112233445566778899aabbccddeeff"
#define BATCH 500
#define N_COLUMNS 14 /* of a row, without the repository */

static int write_history(
	const char *dir, unsigned long events, unsigned sessions, struct error *err)
{
	struct generator g = { .rng = 1, .sessions = sessions, .one_each = !sessions };
	struct journal_entry entries[BATCH];
	struct buf bodies[BATCH];
	struct journal *j = NULL;
	int r = journal_create(dir, err);

	for (size_t i = 0; i < BATCH; i++)
		bodies[i] = (struct buf)BUF_INIT;
	if (r == 0)
		r = journal_open(&j, dir, err);
	while (r == 0 && g.events < events) {
		size_t n = 0;

		for (; n < BATCH && g.events < events; n++) {
			buf_clear(&bodies[n]);
			generate_body(&g, &bodies[n], 1767225600000 + (int64_t)g.events * 100);
			entries[n] = (struct journal_entry){ bodies[n].data, bodies[n].len };
		}
		r = journal_append(j, entries, n, -1, NULL, err);
	}
	for (size_t i = 0; i < BATCH; i++)
		buf_release(&bodies[i]);
	journal_close(j);
	return r;
}

static int load_config(
	struct config **out, const char *backend, const char *store, struct error *err)
{
	const char *settings[] = { NULL, NULL, NULL };
	const struct config_sources sources = { .user_file = "/nonexistent/config.yaml",
		.settings = settings };
	struct buf name = BUF_INIT, place = BUF_INIT;
	int r;

	buf_addf(&name, "sessiondb.backend=%s", backend);
	buf_addf(&place, "sessiondb.%s=%s",
		strcmp(backend, "postgres") == 0       ? "postgres.url"
			: strcmp(backend, "json") == 0 ? "json.path"
						       : "sqlite.path",
		store);
	settings[0] = name.data;
	settings[1] = place.data;
	r = config_load(out, &sources, err);
	buf_release(&name);
	buf_release(&place);
	return r;
}

/* A backend around SQLite's that writes down what it is given. */
struct noting {
	struct backend base;
	struct backend *inner;
	FILE *out;
	sqlite3_stmt *row; /* of a database in memory: bound as the backend binds its own */
	sqlite3 *memory;
	struct buf record, task;
};

static struct noting *self(struct backend *b)
{
	return (struct noting *)(void *)b;
}

static int note_begin(struct backend *b, const char *repo_id, struct error *err)
{
	fputc('B', self(b)->out);
	return self(b)->inner->ops->begin(self(b)->inner, repo_id, err);
}

static void note_column(FILE *out, sqlite3_stmt *s, int at)
{
	int type = sqlite3_column_type(s, at), len = sqlite3_column_bytes(s, at);
	int64_t number = sqlite3_column_int64(s, at);

	fputc(type, out);
	if (type == SQLITE_INTEGER) {
		fwrite(&number, sizeof(number), 1, out);
	} else if (type == SQLITE_TEXT) {
		fwrite(&len, sizeof(len), 1, out);
		fwrite(sqlite3_column_text(s, at), 1, (size_t)len, out);
	}
}

static int note_put(struct backend *b, const struct session *s, struct error *err)
{
	struct noting *n = self(b);
	int r = schema_bind_session(n->row, s, &n->record, &n->task, err);

	if (r < 0)
		return r;
	db_bind_text(n->row, 2, s->id);
	fputc('P', n->out);
	if (sqlite3_step(n->row) == SQLITE_ROW)
		for (int i = 0; i < N_COLUMNS; i++)
			note_column(n->out, n->row, i);
	db_reset(n->row);
	return n->inner->ops->put(n->inner, s, err);
}

static int note_commit(struct backend *b, const struct heads *heads, struct error *err)
{
	fputc('C', self(b)->out);
	return self(b)->inner->ops->commit(self(b)->inner, heads, err);
}

static void note_rollback(struct backend *b)
{
	self(b)->inner->ops->rollback(self(b)->inner);
}

static int note_heads(struct backend *b, const char *repo_id, struct heads *out, struct error *err)
{
	return self(b)->inner->ops->heads(self(b)->inner, repo_id, out, err);
}

static int note_get(struct backend *b, const char *repo_id, enum session_key kind, const char *key,
	struct session *out, struct error *err)
{
	return self(b)->inner->ops->get(self(b)->inner, repo_id, kind, key, out, err);
}

static const struct backend_ops noting_ops = {
	.begin = note_begin,
	.put = note_put,
	.commit = note_commit,
	.rollback = note_rollback,
	.heads = note_heads,
	.get = note_get,
};

static int replay(const char *dir, const char *backend, const char *store, const char *rows,
	struct error *err)
{
	struct noting noting = { .base = { &noting_ops }, .record = BUF_INIT, .task = BUF_INIT };
	struct projector_result result = { .events = 0 };
	struct config *config = NULL;
	struct journal *j = NULL;
	struct backend *b = NULL;
	int r = load_config(&config, backend, store, err);

	if (r == 0)
		r = registry_open(&b, config, err);
	if (r == 0 && rows) {
		noting.inner = b;
		noting.out = fopen(rows, "we");
		b = &noting.base;
		if (!noting.out || sqlite3_open(":memory:", &noting.memory) != SQLITE_OK ||
			sqlite3_prepare_v2(noting.memory,
				"SELECT ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
				" ?15",
				-1, &noting.row, NULL) != SQLITE_OK)
			r = error_errno(err, "cannot note rows in '%s'", rows);
	}
	if (r == 0)
		r = journal_open(&j, dir, err);
	if (r == 0)
		r = projector_run(j, b, REPO, &result, err);
	if (r == 0)
		printf("%llu events, %llu rows written\n", (unsigned long long)result.events,
			(unsigned long long)result.sessions);
	if (noting.out && fclose(noting.out) != 0)
		r = error_errno(err, "cannot write '%s'", rows);
	sqlite3_finalize(noting.row);
	sqlite3_close(noting.memory);
	buf_release(&noting.record);
	buf_release(&noting.task);
	journal_close(j);
	registry_close_all();
	config_free(config);
	return r;
}

static const char *bind_column(sqlite3_stmt *s, int at, const char *p)
{
	int type = *p++, len;
	int64_t number;

	if (type == SQLITE_INTEGER) {
		memcpy(&number, p, sizeof(number));
		sqlite3_bind_int64(s, at, number);
		return p + sizeof(number);
	}
	if (type != SQLITE_TEXT) {
		sqlite3_bind_null(s, at);
		return p;
	}
	memcpy(&len, p, sizeof(len));
	sqlite3_bind_text(s, at, p + sizeof(len), len, SQLITE_STATIC);
	return p + sizeof(len) + len;
}

static int insert_all(sqlite3 *db, const char *p, const char *end)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_exec(
		db, "INSERT INTO repository (n, id) VALUES (1, '" REPO "')", NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(db, db_sql[DB_PUT], -1, &s, NULL);
	while (rc == SQLITE_OK && p < end) {
		char what = *p++;

		if (what == 'P') {
			sqlite3_bind_int64(s, 1, 1);
			for (int i = 0; i < N_COLUMNS; i++)
				p = bind_column(s, i + 2, p);
			rc = sqlite3_step(s) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR;
			sqlite3_reset(s);
		} else {
			rc = sqlite3_exec(
				db, what == 'B' ? "BEGIN IMMEDIATE" : "COMMIT", NULL, NULL, NULL);
		}
	}
	sqlite3_finalize(s);
	/* The last transaction of a replay finds nothing left to do. */
	if (rc == SQLITE_OK && !sqlite3_get_autocommit(db))
		rc = sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

static int bulk(const char *rows, const char *store, struct error *err)
{
	int fd = open(rows, O_RDONLY | O_CLOEXEC);
	struct config *config = NULL;
	struct stat st;
	struct db db;
	char *text;
	int r = load_config(&config, "sqlite", store, err);

	if (r < 0)
		return r;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno(err, "cannot read '%s'", rows);
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		return error_errno(err, "cannot read '%s'", rows);
	r = db_init(&db, config, err);
	if (r == 0)
		r = db_open_to_write(&db, err);
	if (r == 0 && insert_all(db.handle, text, text + st.st_size) != SQLITE_OK)
		r = db_error(&db, SQLITE_ERROR, err);
	db_release(&db);
	config_free(config);
	return r;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	const char *what = argc > 1 ? argv[1] : "";
	int r = ERR_USAGE;

	if (strcmp(what, "write") == 0 && argc == 5)
		r = write_history(argv[2], strtoul(argv[3], NULL, 10),
			(unsigned)strtoul(argv[4], NULL, 10), &err);
	else if (strcmp(what, "replay") == 0 && argc == 5)
		r = replay(argv[2], argv[3], argv[4], NULL, &err);
	else if (strcmp(what, "rows") == 0 && argc == 5)
		r = replay(argv[2], "sqlite", argv[3], argv[4], &err);
	else if (strcmp(what, "bulk") == 0 && argc == 4)
		r = bulk(argv[2], argv[3], &err);
	else
		error_set(&err, ERR_USAGE, "no such command");
	if (r < 0)
		fprintf(stderr, "bench-sqlite %s: %s\n", what, err.msg);
	return r < 0;
}
