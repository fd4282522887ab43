/* A store of the postgres backend is a database of the test server, named by its place's hash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "lib/postgres.h"
#include "lib/stores.h"

static const char *database(const char *place)
{
	static char name[32];
	char hash[HASH_HEX_SIZE];

	hash_bytes(place, strlen(place), hash);
	(void)snprintf(name, sizeof(name), "store_%.16s", hash);
	return name;
}

static void settings(struct buf *out, const char *place)
{
	char bouncer[300];

	pgtest_make(database(place));
	(void)snprintf(bouncer, sizeof(bouncer), "%s/bouncer", pgtest_dir());
	buf_adds(out, "sessiondb.postgres.url=");
	pgtest_url(out, "ana", database(place), getenv("MINSKY_TEST_BOUNCER") ? bouncer : NULL);
	buf_addch(out, '\n');
}

static void drop(const char *place)
{
	pgtest_drop(database(place));
}

/* What every operation meets; a damaged row is met by those that read it (test_postgres_store). */
static bool corrupt(const char *place, unsigned way)
{
	static const char *const ways[] = {
		"delete from minsky.meta",
		"alter table minsky.meta alter column min_client drop not null; "
		"insert into minsky.meta(schema_version) values (2)",
	};

	if (way >= sizeof(ways) / sizeof(*ways))
		return false;
	pgtest_run(database(place), ways[way]);
	return true;
}

static void make_newer(const char *place)
{
	pgtest_run(database(place), "update minsky.meta set schema_version = 99, min_client = 99");
}

static struct buf content(const char *place)
{
	return pgtest_ask(database(place),
		"select row_to_json(t)::text from minsky.meta t union all "
		"select row_to_json(t)::text from minsky.store_p1 t union all "
		"select row_to_json(t)::text from minsky.head_p1 t union all "
		"select row_to_json(t)::text from minsky.session_p1 t order by 1");
}

static void make_read_only(const char *place)
{
	pgtest_run(database(place),
		"revoke insert, update, delete on all tables in schema minsky "
		"from minsky_member, minsky_keeper");
}

static bool located(const char *place, const char *location)
{
	return strstr(location, database(place)) != NULL;
}

const struct store_kind stores_postgres = {
	.name = "postgres",
	.settings = settings,
	.drop = drop,
	.corrupt = corrupt,
	.make_newer = make_newer,
	.content = content,
	.make_read_only = make_read_only,
	.located = located,
};
