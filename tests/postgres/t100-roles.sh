#!/bin/sh
# The schema, attacked by those who may log in: what a member may not do, what an outsider sees, and
# what the owner himself cannot take back.
. "$(dirname "$0")/../e2e/lib.sh"
. "$MINSKY_SOURCE/tests/lib/postgres.sh"
server=$(pg_shared) || exit 1
db=roles$$
repo=11111111-1111-1111-1111-111111111111
ana_origin=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
bea_origin=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
zero=0000000000000000000000000000000000000000000000000000000000000000

as() { # ROLE SQL
	psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -h "$server" \
		-p "$(pg_port "$server")" -d "$db" -U "$1" -c "$2"
}

# The statement fails, for just this reason.
refused() { # ROLE SQLSTATE SQL
	if as "$1" "$3" >"$TRASH/refused" 2>&1; then
		echo "not refused: $1: $3" >&4
		return 1
	fi
	has "ERROR:  $2\$" "$TRASH/refused"
}

answers() { # EXPECTED ROLE SQL
	as "$2" "$3" >"$TRASH/answer" || return
	echo "$1" | cmp_files - "$TRASH/answer"
}

sha() {
	sha256sum | cut -d' ' -f1
}

chain() { # PREVIOUS ORIGIN SEQ HLC BODY
	printf '%s\n%s\n%s\n%016x\n%s\n' "$1" "$2" "$3" "$4" "$(printf %s "$5" | sha)" | sha
}

# A clock: so many ticks after a day on which there was a minsky already.
at() {
	echo $((111411200000000000 + $1))
}

event() { # WORD
	echo "{\"type\":\"x.y\",\"data\":{\"said\":\"$1\"}}"
}

push_raw() { # ORIGIN BASE BASE-HASH HLC BODY [HASH [TYPE]]
	echo "select status, head, head_hash from minsky.push('$repo', '$1', $2, '$3',
		'${6:-$(chain "$3" "$1" $(($2 + 1)) "$4" "$5")}', array[$4::bigint],
		array[null::uuid], array['${7:-x.y}'], array[1],
		array['$(printf %s "$5" | sha)'], array['$5'])"
}

push_sql() { # ORIGIN BASE BASE-HASH TICKS WORD [HASH]
	push_raw "$1" "$2" "$3" "$(at "$4")" "$(event "$5")" "${6:-}"
}

test_ok 'setup: two members, each with an origin and an event' '
	pg_database "$server" $db &&
	as ana "select minsky.join_repo('"'$repo'"', '"'o/r'"', array['"'h/o/r'"'])" &&
	as ana "select minsky.enroll('"'$repo', '$ana_origin', 'mira'"', null, null)" &&
	as bea "select minsky.enroll('"'$repo', '$bea_origin', 'nova'"', null, null)" &&
	h1=$(chain $zero $ana_origin 1 $(at 5) "$(event one)") &&
	answers "ok|1|$h1" ana "$(push_sql $ana_origin 0 $zero 5 one)" &&
	h2=$(chain $zero $bea_origin 1 $(at 6) "$(event eins)") &&
	answers "ok|1|$h2" bea "$(push_sql $bea_origin 0 $zero 6 eins)"
'
event="(repo, origin, seq, hlc, hash, body_hash, body) values ('$repo', '$bea_origin', 2, 9, sha256('x'), sha256('x'), 'x')"
test_ok 'a member does not write events but by push()' '
	refused ana 42501 "insert into minsky.event $event" &&
	refused ana 42501 "update minsky.event set body = '"''"'" &&
	refused ana 42501 "delete from minsky.event" &&
	refused ana 42501 "truncate minsky.event" &&
	refused ana 42501 "update minsky.origin set head = 0" &&
	refused ana 42501 "delete from minsky.origin" &&
	refused ana 42501 "insert into minsky.member values ('"'eve', 'Eve', 'keeper'"')" &&
	refused ana 42501 "update minsky.member set kind = '"'keeper'"'" &&
	refused ana 42501 "update minsky.meta set min_client = 9" &&
	refused ana 42501 "delete from minsky.alias" &&
	answers 2 ana "select count(*) from minsky.event where body is not null"
'
test_ok 'nor for another: neither by his origin nor by taking it over' '
	answers "unknown-origin|0|$zero" ana "$(push_sql $bea_origin 1 "$h2" 9 two)" &&
	refused ana MK403 "select minsky.enroll('"'$repo', '$bea_origin', 'x'"', null, null)" &&
	refused ana MK404 "select minsky.retire('"'$repo', '$bea_origin'"')" &&
	answers f bea "select retired from minsky.origin where origin = '"'$bea_origin'"'"
'
test_ok 'nor around the guards: triggers, functions, roles, the settings of the session' '
	refused ana 42501 "set session_replication_role = replica" &&
	refused ana 42501 "alter table minsky.event disable trigger all" &&
	refused ana 42501 "alter table minsky.event disable row level security" &&
	refused ana 42501 "create function minsky.push() returns int language sql as '"'select 1'"'" &&
	refused ana 42501 "create table minsky.x (a int)" &&
	refused ana 42501 "drop function minsky.deny() cascade" &&
	refused ana 42501 "set role minsky_owner" &&
	refused ana 42501 "set session authorization bea" &&
	refused ana MK403 "select minsky.redact('"'$repo', '$bea_origin'"', 1)" &&
	refused ana 42501 "select minsky.retire_all('"'bea'"')" &&
	refused ana 42501 "insert into minsky.redaction values ('"'$repo', '$bea_origin'"', 1, '"'ana'"')" &&
	refused ana 42501 "select minsky.add_member('"'ana', 'Ana', 'keeper'"')" &&
	refused ana 42501 "select minsky.give_origin('"'$bea_origin', 'ana'"')" &&
	refused ana 42501 "select minsky.new_instance()" &&
	refused ana 42501 "set minsky.redact = on; update minsky.event set body = null"
'
test_ok 'a search path or an operator of his own does not get into a function of the owner' '
	refused ana 42501 "create schema evil" &&
	as ana "create temp table member (db_role name, person text, kind text);
		insert into member values ('"'ana', 'Ana', 'keeper'"');
		set search_path = pg_temp, public, minsky; select minsky.my_kind()" >kind &&
	echo member | cmp_files - kind
'
test_ok 'what is not the next event is told from what is' '
	answers "behind|1|$h1" ana "$(push_sql $ana_origin 0 $zero 7 other)" &&
	answers "gap|1|$h1" ana "$(push_sql $ana_origin 5 "$h1" 7 other)" &&
	answers "fork|1|$h1" ana "$(push_sql $ana_origin 1 $zero 7 other)" &&
	answers "bad-batch|1|$h1" ana "$(push_sql $ana_origin 1 "$h1" 5 other)" &&
	answers "bad-batch|1|$h1" ana "$(push_sql $ana_origin 1 "$h1" 7 other $zero)" &&
	answers "bad-batch|1|$h1" ana "$(push_sql $ana_origin 1 "$h1" 7 other |
		sed "s/other/odd/")" &&
	answers "clock-ahead|1|$h1" ana "$(push_raw $ana_origin 1 "$h1" 281474976710655000 "$(event other)")" &&
	answers "bad-batch|1|$h1" ana "$(push_raw $ana_origin 1 "$h1" 70000 "$(event other)")" &&
	answers 2 ana "select count(*) from minsky.event"
'
bad_body() { # BODY [TYPE]
	answers "bad-batch|1|${h1:?}" ana "$(push_raw "$ana_origin" 1 "$h1" "$(at 7)" "$1" "" "${2:-x.y}")" && return
	echo "taken: $1" >&4
	return 1
}

test_ok 'what any client would refuse is refused here' '
	for body in hello "" "null" "[]" "1" "{}" "{" "}" "{{}" "{\"type\":1}" "{\"type\":null}" \
		"{\"type\":\"\"}" "{\"type\":\"X.Y\"}" "{\"type\":\"x..y\"}" "{\"type\":\"x y\"}" \
		"{\"type\":\"x.z\"}" "{\"type\":\"x.y\"} " " {\"type\":\"x.y\"}" \
		"{\"type\":\"x.y\",}" "{\"type\":\"x.y\",\"type\":\"x.y\"}" \
		"{\"type\":\"x.y\",\"a\":1,\"a\":2}" "{type:\"x.y\"}" "{\"type\":\"x.y\"}{}" \
		"$(printf "{\"type\":\"x.y\",\n\"a\":1}")" \
		"{\"type\":\"x.y\",\"a\":\"$(printf "%065600d" 0)\"}" \
		"{\"type\":\"x.y\",\"a\":$(printf "%030000d" 0 | tr 0 "[")}"; do
		bad_body "$body" || return
	done &&
	bad_body "{\"type\":\"$(printf "%065d" 0 | tr 0 a)\"}" "$(printf "%065d" 0 | tr 0 a)" &&
	bad_body "$(event two)" "session.started" &&
	answers 2 ana "select count(*) from minsky.event"
'
test_ok 'a role has a thousand origins in a repository; a keeper retires them' '
	refused ana MK429 "select minsky.enroll('"'$repo'"', gen_random_uuid(), '"'x'"', null, null)
		from generate_series(1, 1000)" &&
	as ana "select count(minsky.enroll('"'$repo'"', gen_random_uuid(), '"'x'"', null, null))
		from generate_series(1, 999)" >out &&
	refused ana MK429 "select minsky.enroll('"'$repo'"', gen_random_uuid(), '"'x'"', null, null)" &&
	as ana "select minsky.enroll('"'$repo', '$ana_origin'"', '"'x'"', null, null)" >out &&
	as bea "select minsky.enroll('"'$repo'"', gen_random_uuid(), '"'x'"', null, null)" >out &&
	answers 1000 kim "select minsky.retire_all('"'ana'"')" &&
	as ana "select minsky.enroll('"'$repo'"', gen_random_uuid(), '"'x'"', null, null)" >out
'
test_ok 'an origin that was retired takes no more' '
	as ana "select minsky.retire('"'$repo', '$ana_origin'"'), minsky.retire('"'$repo', '$ana_origin'"')" &&
	answers "retired|1|$h1" ana "$(push_sql $ana_origin 1 "$h1" 7 two)"
'
test_ok 'who has the grants of a member but is none sees no row and writes none' '
	for table in event origin repo alias member session_p1 head_p1 store_p1; do
		answers 0 eve "select count(*) from minsky.$table" || return
	done &&
	refused eve MK401 "select minsky.join_repo('"'$repo', 'o/r'"', null)" &&
	refused eve MK401 "select minsky.enroll('"'$repo', '$ana_origin', 'x'"', null, null)" &&
	refused eve MK401 "$(push_sql $ana_origin 1 "$h1" 7 two)" &&
	refused eve 42501 "insert into minsky.store_p1(repo) values ('"'$repo'"')"
'
test_ok 'who has no grants gets nothing at all; an auditor reads' '
	refused out 42501 "select count(*) from minsky.event" &&
	refused out 42501 "select minsky.my_kind()" &&
	answers 2 aud "select count(*) from minsky.event" &&
	refused aud 42501 "insert into minsky.store_p1(repo) values ('"'$repo'"')" &&
	refused aud 42501 "$(push_sql $ana_origin 1 "$h1" 7 two)" &&
	refused aud 42501 "select minsky.redact('"'$repo', '$ana_origin'"', 1)"
'
test_ok 'the owner and a superuser cannot change an event in passing either' '
	refused postgres MK403 "update minsky.event set body = '"'forged'"'" &&
	refused postgres MK403 "update minsky.event set body = null" &&
	refused postgres MK403 "delete from minsky.event" &&
	refused postgres MK403 "truncate minsky.event" &&
	refused postgres MK403 "set role minsky_owner; update minsky.event set body = '"'forged'"'" &&
	refused postgres MK403 "set role minsky_owner; set minsky.redact = on;
		update minsky.event set hlc = hlc + 1, body = null" &&
	refused postgres MK403 "set role minsky_owner; delete from minsky.event"
'
test_ok 'a keeper blanks a body; the chain still holds' '
	as kim "select minsky.redact('"'$repo', '$ana_origin'"', 1)" &&
	answers "1|kim" kim "select seq, db_role from minsky.redaction" &&
	as kim "select minsky.redact('"'$repo', '$ana_origin'"', 1)" &&
	refused kim MK404 "select minsky.redact('"'$repo', '$ana_origin'"', 7)" &&
	refused kim 42501 "delete from minsky.event" &&
	answers "1|$h1|$(event one | tr -d "\n" | sha)|" kim "select seq, encode(hash, '"'hex'"'),
		encode(body_hash, '"'hex'"'), body from minsky.event where origin = '"'$ana_origin'"'"
'
test_ok 'a member blanks what is his own' '
	as bea "select minsky.redact('"'$repo', '$bea_origin'"', 1)" &&
	answers "bea" kim "select db_role from minsky.redaction where origin = '"'$bea_origin'"'" &&
	refused bea MK403 "select minsky.redact('"'$repo', '$ana_origin'"', 1)"
'
test_ok 'a keeper pushes for a machine that is gone' '
	h3=$(chain "$h2" $bea_origin 2 $(at 9) "$(event zwei)") &&
	answers "ok|2|$h3" kim "$(push_sql $bea_origin 1 "$h2" 9 zwei)"
'
test_ok 'a member who was removed is an outsider at once' '
	pg_admin "$server" $db "select minsky.remove_member('"'bea'"')" >/dev/null &&
	answers 0 bea "select count(*) from minsky.event" &&
	refused bea MK401 "$(push_sql $bea_origin 2 "$h3" 10 drei)"
'
pg_drop "$server" $db
test_done
