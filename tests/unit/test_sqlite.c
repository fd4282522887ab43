#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/registry.h"
#include "backends/sqlite_query.h"
#include "backends/sqlite_schema.h"
#include "core/fs.h"
#include "lib/child.h"
#include "lib/scratch.h"
#include "lib/stores.h"

static char dir[SCRATCH_SIZE];
static char path[SCRATCH_SIZE + 16];
static struct backend *b;
static struct error err;

static int make(void **state)
{
	(void)state;
	scratch_make(dir);
	(void)snprintf(path, sizeof(path), "%s/store", dir);
	error_clear(&err);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	stores_close(b);
	b = NULL;
	scratch_remove(dir);
	return 0;
}

static void open_store(void)
{
	stores_close(b);
	b = stores_open("sqlite", path);
}

/* With one more setting. */
static void open_with(const char *setting)
{
	struct buf place = BUF_INIT;
	const char *settings[] = { "sessiondb.backend=sqlite", NULL, setting, NULL };
	struct config_sources sources = { .user_file = scratch_absent(), .settings = settings };
	struct config *config = NULL;
	const struct backend_ops *ops;

	stores_close(b);
	b = NULL;
	buf_addf(&place, "sessiondb.sqlite.path=%s", path);
	settings[1] = place.data;
	assert_int_equal(config_load(&config, &sources, &err), 0);
	assert_int_equal(registry_find(&ops, "sqlite", &err), 0);
	assert_int_equal(ops->open(&b, config, &err), 0);
	config_free(config);
	buf_release(&place);
}

static int64_t number(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	int64_t n;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sqlite3_errmsg(db), sql);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return n;
}

#define RECORD                                                                                     \
	"\"session\":\"a\",\"taskId\":\"#7\",\"branch\":\"b\",\"createdAt\":\"2026-01-01T00:00:"   \
	"00Z\",\"prState\":{\"exists\":true},\"mine\":{ \"x\" : [1.50] }"

/* What version 1 was. */
static const char version_1[] =
	"PRAGMA application_id = 0x6d6e736b; PRAGMA user_version = 1;"
	"CREATE TABLE head (repository TEXT NOT NULL, origin TEXT NOT NULL, seq INTEGER NOT NULL,"
	" hash TEXT NOT NULL, PRIMARY KEY (repository, origin)) WITHOUT ROWID;"
	"CREATE TABLE session (repository TEXT NOT NULL, id TEXT NOT NULL, name TEXT, task TEXT,"
	" branch TEXT, record TEXT NOT NULL, hlc TEXT NOT NULL, origin TEXT NOT NULL,"
	" seq INTEGER NOT NULL, events INTEGER NOT NULL, frozen INTEGER NOT NULL,"
	" PRIMARY KEY (repository, id));"
	"CREATE INDEX session_name ON session (repository, name);"
	"CREATE INDEX session_task ON session (repository, task);"
	"CREATE INDEX session_branch ON session (repository, branch);";

/* The same content as the store that is open, as version 1 had it. */
static void write_version_1(const char *other)
{
	struct buf sql = BUF_INIT;

	buf_addf(&sql,
		"%s ATTACH '%s' AS now;"
		"INSERT INTO head SELECT r.id, h.origin, h.seq, h.hash FROM now.head h"
		" JOIN now.repository r ON r.n = h.repository;"
		"INSERT INTO session SELECT r.id, s.id, s.name, s.task, s.branch, s.record, s.hlc,"
		" s.origin, s.seq, s.events, s.frozen FROM now.session s"
		" JOIN now.repository r ON r.n = s.repository;",
		version_1, path);
	stores_sql(other, sql.data);
	buf_release(&sql);
}

/* Its rows were folded without asking who said what: they are made anew, from the journal. */
static void a_store_of_version_1_begins_anew(void **state)
{
	const char *old = scratch_path(dir, "old");
	const struct session_query q = { .deleted = true };
	struct session_set set = { .v = NULL };
	struct heads heads = HEADS_INIT;

	(void)state;
	open_store();
	stores_add(b, STORES_REPO, 1, RECORD);
	stores_close(b);
	b = NULL;
	write_version_1(old);
	(void)snprintf(path, sizeof(path), "%s", old);
	assert_int_equal(number("PRAGMA user_version"), 1);
	open_store();
	/* Reading is enough. */
	assert_int_equal(b->ops->list(b, STORES_REPO, &q, &set, &err), 0);
	assert_int_equal(set.n, 0);
	assert_int_equal(b->ops->heads(b, STORES_REPO, &heads, &err), 0);
	assert_int_equal(heads.n, 0);
	stores_close(b);
	b = NULL;
	assert_int_equal(number("PRAGMA user_version"), SCHEMA_VERSION);
	assert_int_equal(number("SELECT count(*) FROM repository"), 0);
}

/* The tables of a store that was brought here are those of a store that was made here. */
static void both_ways_lead_to_one_schema(void **state)
{
	static const char sum[] = "SELECT sum(unicode(substr(sql, n, 1)) * (n + length(name)))"
				  " FROM sqlite_schema, (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL"
				  " SELECT n + 1 FROM c WHERE n < 2000) SELECT n FROM c)"
				  " WHERE n <= length(sql)";
	int64_t made;

	(void)state;
	open_store();
	stores_add(b, STORES_REPO, 1, RECORD);
	stores_close(b);
	b = NULL;
	made = number(sum);
	write_version_1(scratch_path(dir, "old"));
	(void)snprintf(path, sizeof(path), "%s/old", dir);
	open_store();
	stores_add(b, STORES_REPO, 1, RECORD);
	stores_close(b);
	b = NULL;
	assert_int_equal(number(sum), made);
}

static void every_version_but_ours_is_refused(void **state)
{
	static const struct {
		const char *sql;
		int code;
		const char *words;
	} rows[] = {
		{ "PRAGMA application_id = 0x6d6e736b; PRAGMA user_version = 3; CREATE TABLE x (y)",
			ERR_IO, "no such table" },
		{ "PRAGMA application_id = 0x6d6e736b; PRAGMA user_version = 9; CREATE TABLE x (y)",
			ERR_UNSUPPORTED, "it has schema 9, this minsky knows 3" },
		{ "PRAGMA application_id = 0x6d6e736b; PRAGMA user_version = -1;"
		  "CREATE TABLE x (y)",
			ERR_CORRUPT, "tables are missing" },
		{ "PRAGMA application_id = 0x6d6e736b", ERR_CORRUPT, "tables are missing" },
		{ "CREATE TABLE sessions (id TEXT)", ERR_UNSUPPORTED, "another program" },
		{ "PRAGMA user_version = 3", ERR_UNSUPPORTED, "another program" },
		{ "PRAGMA application_id = 7; CREATE TABLE x (y)", ERR_UNSUPPORTED,
			"another program" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct heads heads = HEADS_INIT;

		(void)unlink(path);
		stores_sql(path, rows[i].sql);
		open_store();
		assert_int_equal(b->ops->heads(b, STORES_REPO, &heads, &err), rows[i].code);
		if (!strstr(err.msg, rows[i].words) || !strstr(err.msg, path))
			fail_msg("%s", err.msg);
		assert_true(b->ops->begin(b, STORES_REPO, &err) < 0);
	}
}

static void an_empty_file_is_a_new_store(void **state)
{
	(void)state;
	scratch_write(path, "", 0);
	open_store();
	assert_int_equal(stores_seq(b, STORES_REPO), 0);
	stores_add(b, STORES_REPO, 1, RECORD);
	stores_add(b, STORES_REPO, 1, RECORD);
}

static void reading_makes_no_file(void **state)
{
	(void)state;
	open_store();
	assert_int_equal(stores_seq(b, STORES_REPO), 0);
	assert_false(fs_exists(path));
}

/* How SQLite would go about a statement: no step may be a walk over all sessions. */
static void plan_is(sqlite3 *db, const char *sql, const char *index)
{
	struct buf explain = BUF_INIT, plan = BUF_INIT;
	sqlite3_stmt *s = NULL;

	buf_addf(&explain, "EXPLAIN QUERY PLAN %s", sql);
	if (sqlite3_prepare_v2(db, explain.data, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sqlite3_errmsg(db), sql);
	while (sqlite3_step(s) == SQLITE_ROW)
		buf_addf(&plan, "%s\n", (const char *)sqlite3_column_text(s, 3));
	sqlite3_finalize(s);
	if (strstr(plan.data, "SCAN session") || !strstr(plan.data, index))
		fail_msg("not by %s:\n%s\n%s", index, sql, plan.data);
	buf_release(&explain);
	buf_release(&plan);
}

static void list_plan_is(sqlite3 *db, struct session_query q, const char *index)
{
	struct buf sql = BUF_INIT;

	assert_int_equal(query_sql(&sql, &q, &err), 0);
	plan_is(db, sql.data, index);
	buf_release(&sql);
}

static void the_queries_use_the_indexes(void **state)
{
	static const struct {
		enum db_statement which;
		const char *index;
	} statements[] = {
		{ DB_BY_ID, "sqlite_autoindex_session_1 (repository=? AND id=?)" },
		{ DB_BY_NAME, "session_name (repository=? AND name=?)" },
		{ DB_BY_TASK, "session_task (repository=? AND task=?)" },
		{ DB_ALL, "sqlite_autoindex_session_1 (repository=?)" },
		{ DB_REMOVE, "(repository=? AND id=?)" },
		{ DB_REMOVE_ALL, "(repository=?)" },
		{ DB_HEADS, "SEARCH head USING PRIMARY KEY (repository=?)" },
		{ DB_REPOSITORY, "sqlite_autoindex_repository_1 (id=?)" },
	};
	sqlite3 *db = NULL;

	(void)state;
	open_store();
	stores_add(b, STORES_REPO, 1, RECORD);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++)
		plan_is(db, db_sql[statements[i].which], statements[i].index);
	list_plan_is(db, (struct session_query){ .limit = 5 }, "session_active (repository=?)");
	list_plan_is(db, (struct session_query){ .sort = SORT_CREATED },
		"session_created (repository=?)");
	list_plan_is(db, (struct session_query){ .sort = SORT_NAME }, "session_name (repository=?");
	list_plan_is(db, (struct session_query){ .task_id = "7" },
		"session_task (repository=? AND task=?)");
	list_plan_is(db, (struct session_query){ .branch = "b" },
		"session_branch (repository=? AND branch=?)");
	list_plan_is(db, (struct session_query){ .status = "starting" },
		"session_status (repository=? AND status=?)");
	list_plan_is(db, (struct session_query){ .active_since = 1, .active_before = 2 },
		"session_active (repository=? AND active>? AND active<?)");
	list_plan_is(db,
		(struct session_query){
			.created_since = 1, .created_before = 2, .sort = SORT_CREATED },
		"session_created (repository=? AND created>? AND created<?)");
	sqlite3_close(db);
}

static void settings_reach_the_file(void **state)
{
	struct stat st;

	(void)state;
	open_store();
	stores_add(b, STORES_REPO, 1, RECORD);
	assert_true(fs_exists(scratch_path(dir, "store-wal")));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(scratch_path(dir, "store-wal"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* Whoever is alone may change the mode; both ways the content stays. */
	open_with("sessiondb.sqlite.wal=false");
	stores_add(b, STORES_REPO, 2, RECORD);
	assert_false(fs_exists(scratch_path(dir, "store-wal")));
	open_with("sessiondb.sqlite.synchronous=full");
	stores_add(b, STORES_REPO, 3, RECORD);
	assert_true(fs_exists(scratch_path(dir, "store-wal")));
	assert_int_equal(number("SELECT count(*) FROM session"), 3);
}

static void a_mode_that_others_hold_is_left(void **state)
{
	struct backend *other;

	(void)state;
	open_store();
	stores_add(b, STORES_REPO, 1, RECORD);
	other = b;
	b = NULL;
	open_with("sessiondb.sqlite.wal=false");
	stores_add(b, STORES_REPO, 2, RECORD);
	stores_add(other, STORES_REPO, 3, RECORD);
	assert_int_equal(stores_seq(b, STORES_REPO), 4);
	stores_close(other);
}

static void a_busy_store_is_told(void **state)
{
	struct backend *other;

	(void)state;
	open_store();
	stores_add(b, STORES_REPO, 1, RECORD);
	other = b;
	b = NULL;
	open_with("sessiondb.sqlite.busyTimeout=10ms");
	assert_int_equal(other->ops->begin(other, STORES_REPO, &err), 0);
	assert_int_equal(b->ops->begin(b, STORES_OTHER_REPO, &err), ERR_BUSY);
	assert_non_null(strstr(err.msg, path));
	assert_non_null(strstr(err.hint, "busyTimeout"));
	/* Reading goes on. */
	assert_int_equal(stores_seq(b, STORES_REPO), 2);
	other->ops->rollback(other);
	assert_int_equal(b->ops->begin(b, STORES_OTHER_REPO, &err), 0);
	b->ops->rollback(b);
	stores_close(other);
}

static void a_store_that_was_moved_away_is_missed(void **state)
{
	(void)state;
	open_store();
	stores_add(b, STORES_REPO, 1, RECORD);
	assert_int_equal(rename(path, scratch_path(dir, "away")), 0);
	assert_int_equal(stores_seq(b, STORES_REPO), 0);
	stores_add(b, STORES_REPO, 7, RECORD);
	assert_int_equal(stores_seq(b, STORES_REPO), 8);
}

struct findings {
	struct buf text;
};

static void finding(void *arg, const char *text)
{
	struct findings *f = arg;

	buf_addf(&f->text, "%s\n", text);
}

static void check_finds(const char *sql, const char *words)
{
	struct findings f = { BUF_INIT };

	(void)unlink(path);
	open_store();
	stores_add(b, STORES_REPO, 1, RECORD);
	stores_close(b);
	b = NULL;
	if (sql)
		stores_sql(path, sql);
	open_store();
	assert_int_equal(b->ops->check(b, finding, &f, &err), 0);
	if (words && !strstr(f.text.data, words))
		fail_msg("not found: %s in: %s", words, f.text.data);
	if (!words)
		assert_string_equal(f.text.data, "");
	buf_release(&f.text);
}

static void a_check_finds_what_reading_does_not(void **state)
{
	(void)state;
	open_store();
	check_finds(NULL, NULL);
	check_finds("UPDATE session SET task = '8'", "columns do not match its record");
	check_finds("UPDATE session SET pr = 'merged'", "columns do not match its record");
	check_finds("UPDATE session SET record = '{'", "its record cannot be read");
	check_finds("UPDATE session SET repository = 9", "does not belong to a repository");
	check_finds("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql ="
		    " replace(sql, 'name TEXT', 'name TEXT NOT NULL') WHERE name = 'session';"
		    "UPDATE session SET name = NULL",
		"damage: NULL value in session.name");
}

static void a_row_that_cannot_be_is_corrupt(void **state)
{
	static const char *const updates[] = {
		"UPDATE session SET record = '{'",
		"UPDATE session SET record = x'7b007d'",
		"UPDATE session SET hlc = 'soon'",
		"UPDATE session SET origin = ''",
		"UPDATE session SET record = replace(record, '000000000001', '000000000002')",
		"UPDATE head SET hash = 'x'",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(updates) / sizeof(*updates); i++) {
		struct buf text = BUF_INIT;

		(void)unlink(path);
		open_store();
		stores_add(b, STORES_REPO, 1, RECORD);
		stores_close(b);
		b = NULL;
		stores_sql(path, updates[i]);
		open_store();
		if (b->ops->read_state(b, STORES_REPO, &text, &err) != ERR_CORRUPT)
			fail_msg("accepted: %s", updates[i]);
		assert_int_equal(text.len, 0);
		assert_non_null(strstr(err.msg, path));
		buf_release(&text);
	}
}

/* As somebody else, in a directory where nothing may be written. */
static void look_twice(int go, int ready)
{
	char c = 0;

	if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
		_exit(1);
	b = stores_open("sqlite", path);
	if (stores_seq(b, STORES_REPO) != 2)
		_exit(2);
	if (write(ready, &c, 1) != 1 || read(go, &c, 1) != 1)
		_exit(3);
	if (stores_seq(b, STORES_REPO) != 3)
		_exit(4);
	_exit(0);
}

static void changes_are_seen_where_nothing_may_be_written(void **state)
{
	int go[2], ready, status = 0;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	(void)snprintf(path, sizeof(path), "%s/a%%20b?c#d", dir);
	open_store();
	stores_add(b, STORES_REPO, 1, RECORD);
	stores_close(b);
	b = NULL;
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(pipe(go), 0);
	pid = child_fork_telling(&ready);
	if (!pid) {
		close(go[1]);
		look_twice(go[0], ready);
	}
	close(go[0]);
	child_told(ready);
	open_store();
	stores_add(b, STORES_REPO, 2, RECORD);
	stores_close(b);
	b = NULL;
	assert_int_equal(write(go[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(go[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_store_of_version_1_begins_anew),
		TEST(both_ways_lead_to_one_schema),
		TEST(every_version_but_ours_is_refused),
		TEST(an_empty_file_is_a_new_store),
		TEST(reading_makes_no_file),
		TEST(the_queries_use_the_indexes),
		TEST(settings_reach_the_file),
		TEST(a_mode_that_others_hold_is_left),
		TEST(a_busy_store_is_told),
		TEST(a_store_that_was_moved_away_is_missed),
		TEST(a_check_finds_what_reading_does_not),
		TEST(a_row_that_cannot_be_is_corrupt),
		TEST(changes_are_seen_where_nothing_may_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
