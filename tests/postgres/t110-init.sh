#!/bin/sh
# minsky sessiondb init postgres: a database from nothing, again, from an earlier version, by
# somebody who may not, on paper.
. "$(dirname "$0")/../e2e/lib.sh"
. "$MINSKY_SOURCE/tests/lib/postgres.sh"
unset MINSKY_SESSION_BACKEND
server=$(pg_shared) || exit 1
db=init$$
boss=boss$$

init() { # ROLE [ARGUMENT...]
	role=$1
	shift
	MINSKY_POSTGRES_URL=$(pg_url "$server" "$role" "$db") minsky sessiondb init postgres "$@"
}

ask() {
	pg_admin "$server" "$db" "$1"
}

# Everything that the schema consists of, as text.
shape() {
	ask "select 'table', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
		from pg_attribute a join pg_class c on c.oid = a.attrelid
		where c.relnamespace = 'minsky'::regnamespace and a.attnum > 0
			and not a.attisdropped and c.relkind in ('r', 'i') order by 2, 3" &&
		ask "select 'function', p.oid::regprocedure::text, md5(prosrc), prosecdef, proacl
			from pg_proc p where pronamespace = 'minsky'::regnamespace order by 2" &&
		ask "select 'policy', tablename, policyname, cmd, qual, with_check from pg_policies
			where schemaname = 'minsky' order by 2, 3" &&
		ask "select 'grant', relname, relacl, relrowsecurity, relforcerowsecurity from pg_class
			where relnamespace = 'minsky'::regnamespace and relkind = 'r' order by 2" &&
		ask "select 'trigger', tgname, pg_get_triggerdef(oid) from pg_trigger
			where tgname like 'event_%' order by 2"
}

(cd "$TRASH" && make_repo app && minsky -C app init --skip-hooks) >/dev/null 2>&1

test_ok 'a role that may create roles and owns the database sets it up' '
	pg_admin "$server" postgres "create role $boss login createrole" &&
	pg_admin "$server" postgres "create database $db owner $boss" &&
	init $boss --member ana --member bea >out 2>err &&
	has "^schema  *3, new$" out && has "^member  *bea$" out && test ! -s err &&
	has "^database  *postgres://$boss@/$db?host=" out &&
	test "$(ask "select string_agg(db_role || kind, '"' '"' order by db_role) from minsky.member")" = \
		"anamember beamember"
'
test_ok 'what it made is what the file makes' '
	shape >"$TRASH/shape.init" && pg_admin "$server" postgres "create database ${db}_file" &&
	psql -X -q -h "$server" -p "$(pg_port "$server")" -U postgres -d ${db}_file \
		-f "$MINSKY_SOURCE/src/backends/postgres_schema.sql" 2>err &&
	(db=${db}_file && shape) >"$TRASH/shape.file" && cmp_files "$TRASH/shape.file" "$TRASH/shape.init" &&
	pg_drop "$server" ${db}_file
'
test_ok 'again: nothing changes, nobody is lost, another member may come' '
	instance=$(ask "select instance_id from minsky.meta") &&
	ask "update minsky.member set person = '"'Ana A.'"' where db_role = '"'ana'"'" &&
	init $boss --member ana --member carl --json >out 2>err &&
	jq -e ".from == 3 and .to == 3 and .members == [\"ana\", \"carl\"] and .backend == \"postgres\"" out &&
	shape | cmp_files "$TRASH/shape.init" - &&
	test "$(ask "select instance_id from minsky.meta")" = "$instance" &&
	test "$(ask "select string_agg(person, '"','"' order by db_role) from minsky.member")" = \
		"Ana A.,bea,carl"
'
test_ok 'ten at once, on a database that is new' '
	pg_admin "$server" postgres "create database ${db}_race" &&
	for i in 1 2 3 4 5 6 7 8 9 10; do
		(db=${db}_race && init postgres --member ana >"race.$i" 2>&1 || echo "failed: $?" >>"race.$i") &
	done && wait &&
	cat race.* >race && hasnt failed race && test "$(grep -c "^schema  *3" race)" -eq 10 &&
	pg_drop "$server" ${db}_race
'
test_ok 'a role that may not: refused, with the way out; nothing is left behind' '
	pg_admin "$server" postgres "create database ${db}_not" &&
	(db=${db}_not && must_fail 4 init ana 2>err) && has "hint: .*--print-sql" err &&
	test "$(pg_admin "$server" ${db}_not "select count(*) from pg_namespace where nspname = '"'minsky'"'")" = 0 &&
	pg_drop "$server" ${db}_not
'
test_ok 'a role that is not there cannot be a member: exit 3, and no member is added by halves' '
	must_fail 3 init $boss --member nobody$$ 2>err && has "does not exist" err && has "hint: create the role" err &&
	must_fail 2 init $boss --member "" 2>err &&
	test "$(ask "select count(*) from minsky.member")" = 3
'
test_ok 'a name that is SQL stays a name' '
	pg_admin "$server" postgres "create role \"it'"'"'s \"\"$boss\"\"\" login" &&
	init $boss --member "it'"'"'s \"$boss\"" >out &&
	test "$(ask "select db_role from minsky.member order by 1 desc limit 1")" = "it'"'"'s \"$boss\"" &&
	pg_admin "$server" postgres "drop owned by \"it'"'"'s \"\"$boss\"\"\"; revoke minsky_member from \"it'"'"'s \"\"$boss\"\"\"; drop role \"it'"'"'s \"\"$boss\"\"\"" &&
	ask "delete from minsky.member where db_role like '"'it%'"'"
'
test_ok '--print-sql connects to nothing, and psql makes the same of it' '
	MINSKY_POSTGRES_URL=postgres://nowhere.invalid/x minsky sessiondb init postgres --print-sql \
		--member ana --member bea >sql 2>err && test ! -s err &&
	pg_admin "$server" postgres "create database ${db}_sql owner $boss" &&
	psql -X -q -v ON_ERROR_STOP=1 -h "$server" -p "$(pg_port "$server")" -U $boss -d ${db}_sql \
		-f sql >out 2>&1 && (db=${db}_sql && shape) | cmp_files "$TRASH/shape.init" - &&
	pg_drop "$server" ${db}_sql && must_fail 2 minsky sessiondb init postgres --print-sql --json
'
test_ok 'from version 1: events, origins and members stay, the projection is made anew' '
	pg_drop "$server" $db && pg_admin "$server" postgres "create database $db owner $boss" &&
	psql -X -q -v ON_ERROR_STOP=1 -h "$server" -p "$(pg_port "$server")" -U $boss -d $db \
		-f "$MINSKY_SOURCE/tests/postgres/schema-1.sql" >out 2>&1 &&
	ask "select minsky.add_member('"'ana', 'Ana'"'); insert into minsky.repo(repo, name) values
		('"'11111111-1111-1111-1111-111111111111', 'o/r'"');
		insert into minsky.origin(repo, origin, db_role, head, max_hlc) select repo,
			'"'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 'ana'"', 1, 5 from minsky.repo;
		insert into minsky.event(repo, origin, seq, hlc, hash, body_hash, body) select repo, origin,
			1, 5, sha256('"'h'), sha256('b'), 'b'"' from minsky.origin;
		insert into minsky.store_p1(repo) select repo from minsky.repo;
		insert into minsky.head_p1 select repo, origin, 1, sha256('"'h'"') from minsky.origin;
		insert into minsky.session_p1 select repo, repo, 1, '"'a', null, null, null, null, 'active'"',
			false, true, 0, 0, '"'{}'"' from minsky.repo" >/dev/null &&
	ask "select * from minsky.event; select * from minsky.origin; select * from minsky.member" >before &&
	must_fail 5 env MINSKY_POSTGRES_URL="$(pg_url "$server" ana $db)" MINSKY_SESSION_BACKEND=postgres \
		minsky -C "$TRASH/app" session list --require-backend 2>err && has "schema 1 is older" err &&
	init $boss >out && has "^schema  *3, upgraded$" out &&
	shape | cmp_files "$TRASH/shape.init" - &&
	ask "select * from minsky.event; select * from minsky.origin; select * from minsky.member" >after &&
	cmp_files before after &&
	test "$(ask "select (select count(*) from minsky.session_p1) + (select count(*) from minsky.head_p1)")" = 0
'
test_ok 'from version 2: the same; and whoever knows 2 alone keeps off' '
	pg_drop "$server" $db && pg_admin "$server" postgres "create database $db owner $boss" &&
	psql -X -q -v ON_ERROR_STOP=1 -h "$server" -p "$(pg_port "$server")" -U $boss -d $db \
		-f "$MINSKY_SOURCE/tests/postgres/schema-2.sql" >out 2>&1 &&
	ask "select minsky.add_member('"'ana', 'Ana'"'); insert into minsky.repo(repo, name) values
		('"'11111111-1111-1111-1111-111111111111', 'o/r'"');
		insert into minsky.alias(kind, value, repo) select '"'url', 'h/o/r'"', repo from minsky.repo;
		insert into minsky.origin(repo, origin, db_role, head, max_hlc) select repo,
			'"'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 'ana'"', 1, 5 from minsky.repo;
		insert into minsky.event(repo, origin, seq, hlc, hash, body_hash, body) select repo, origin,
			1, 5, sha256('"'h'), sha256('b'), 'b'"' from minsky.origin;
		insert into minsky.store_p1(repo) select repo from minsky.repo;
		insert into minsky.head_p1 select repo, origin, 1, sha256('"'h'"') from minsky.origin;
		insert into minsky.session_p1 select repo, repo, 1, '"'a', null, null, null, null, 'active'"',
			false, '"'none'"', 0, 0, '"'{}'"' from minsky.repo" >/dev/null &&
	kept="select * from minsky.event; select * from minsky.origin; select * from minsky.member;
		select kind, value, repo from minsky.alias; select instance_id from minsky.meta" &&
	ask "$kept" >before &&
	must_fail 5 env MINSKY_POSTGRES_URL="$(pg_url "$server" bea $db)" MINSKY_SESSION_BACKEND=postgres \
		minsky -C "$TRASH/app" session list --require-backend 2>err && has "schema 2 is older" err &&
	init $boss >out && has "^schema  *3, upgraded$" out &&
	shape | cmp_files "$TRASH/shape.init" - && ask "$kept" >after && cmp_files before after &&
	test "$(ask "select (select count(*) from minsky.session_p1) + (select count(*) from minsky.head_p1)")" = 0 &&
	test "$(ask "select min_client from minsky.meta")" = 3 && init $boss >out && has "^schema  *3, unchanged$" out
'
test_ok 'a newer version is left alone' '
	ask "update minsky.meta set schema_version = 99" && must_fail 1 init $boss 2>err &&
	has "newer" err && test "$(ask "select schema_version from minsky.meta")" = 99
'
test_ok 'backends that need none say so; no URL, a wrong one, another database' '
	must_fail 2 minsky sessiondb init json 2>err && has "needs no setup" err &&
	must_fail 2 minsky sessiondb init nosuch 2>err && has "there is no backend" err &&
	must_fail 2 minsky sessiondb init postgres 2>err && has "no PostgreSQL database is configured" err &&
	must_fail 2 env MINSKY_POSTGRES_URL="postgres://u:hush%zz@h/d" minsky sessiondb init postgres 2>err &&
	has "sessiondb.postgres.url" err && hasnt hush err &&
	must_fail 2 env MINSKY_POSTGRES_URL="$(pg_url "$server" $boss nosuch$$)" \
		minsky sessiondb init postgres 2>err && has "does not exist" err
'
pg_drop "$server" $db
pg_admin "$server" postgres "drop owned by $boss; drop role $boss" 2>/dev/null
test_done
