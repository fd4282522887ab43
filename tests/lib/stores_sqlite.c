#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "lib/scratch.h"
#include "lib/stores.h"

void stores_sql(const char *place, const char *sql)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	assert_int_equal(sqlite3_open(place, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", why, sql);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void newer_sqlite(const char *place)
{
	stores_sql(place,
		"PRAGMA application_id = 0x6d6e736b; PRAGMA user_version = 9;"
		"CREATE TABLE elsewhere (x)");
}

const struct store_kind stores_sqlite = { .name = "sqlite", .make_newer = newer_sqlite };
