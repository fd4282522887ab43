#!/bin/sh
# A team and its PostgreSQL: sessions of all in one table, and what goes on when the server is
# stopped, hangs, forgets, or is not what somebody keeps records in.
. "$(dirname "$0")/../e2e/lib.sh"
. "$(dirname "$0")/../e2e/team.sh"
. "$MINSKY_SOURCE/tests/lib/postgres.sh"
unset MINSKY_SESSION_BACKEND

# A server of its own: it is stopped in the middle.
server=$(pg_place team) || exit 1
team_status=0
trap 'team_status=$?; kill -CONT "$(head -n 1 "$server/data/postmaster.pid" 2>/dev/null)" 2>/dev/null; pg_stop "$server"
	(exit "$team_status"); test_exit' EXIT
pg_start "$server" && pg_database "$server" team || exit 1

ask() {
	pg_admin "$server" team "$1"
}

# MACHINE ROLE BACKEND
member() {
	machine "$1" && mkdir -p "$TRASH/$1/config/minsky" &&
		cat >"$TRASH/$1/config/minsky/config.yaml" <<-END &&
			sessiondb:
			  backend: $3
			  hub: ${4:-postgres}
			  postgres:
			    url: $(pg_url "$server" "$2" team)
		END
		chmod 600 "$TRASH/$1/config/minsky/config.yaml"
}

# Every event of every journal once in the database, and nothing else.
complete() {
	for complete_in; do
		records_of "$complete_in" >records || return 1
		test "$(wc -l <records)" -eq "$(ask "select count(*) from minsky.event")" || {
			echo "$complete_in: $(wc -l <records) records"
			return 1
		}
	done &&
		test "$(ask "select count(*) from minsky.event")" -eq "$(ask "select sum(head) from minsky.origin")"
}

test_ok 'two machines, two roles, one table: each sees the other' '
	make_repo_with_origin seed && member ana ana postgres && member bea bea postgres &&
	at ana minsky session start one >/dev/null && tick && at bea minsky session start two >/dev/null &&
	at ana minsky session list >out 2>err && test ! -s err && has "^two .* bea@" out && has "^one .* ana@" out &&
	test "$(ask "select count(distinct repo) from minsky.event")" -eq 1 &&
	test "$(ask "select count(*) from minsky.session_p1")" -eq 2 && same ana bea && complete ana bea
'
test_ok 'a machine that keeps its records in SQLite, and one with JSON, share the hub' '
	member carl carl sqlite && member ana2 ana json && tick &&
	at carl minsky session start three >/dev/null && tick && at ana2 minsky session start four >/dev/null &&
	at bea minsky session list --json | jq -e "[.sessions[].session] == [\"four\", \"three\", \"two\", \"one\"]" &&
	at carl minsky sync >/dev/null && at ana2 minsky sync >/dev/null &&
	same carl ana2 && same ana carl && same bea ana2 && complete ana bea carl ana2 &&
	at carl minsky status >out && has "^backend  *sqlite" out && has "^hub  *postgres://" out
'
test_ok 'a PR that ana makes and lands is seen by bea at each step' '
	tick && commit_in ana one "work" && at ana minsky session pr create one --title T >/dev/null &&
	at bea minsky session get one --json | jq -e ".session.status == \"pr-open\"" && tick &&
	at ana minsky session approve one --yes >/dev/null &&
	at bea minsky session get one --json | jq -e ".session.status == \"merged\"" && same ana bea
'
test_ok 'the server is stopped: reads are answered with a warning, exit 0, and writes go on' '
	pg_halt "$server" && tick 60 && at bea minsky session list >out 2>err && has "^one .*ana@" out &&
	has "using this machine.s journal, with events of other machines as of" err &&
	test "$(wc -l <err)" -eq 1 && hasnt "Is the server running" err && has "^two " out &&
	at bea minsky session get one --json 2>/dev/null | jq -e ".session.status == \"merged\"" &&
	must_fail 5 at bea minsky session list --require-backend >out 2>err && test ! -s out &&
	must_fail 5 at bea minsky session list --require-backend --json >out 2>/dev/null &&
	jq -e ".category == \"backend-unreachable\" and .code == 5" out &&
	at bea minsky session start offline-b >/dev/null 2>&1 && tick && commit_in bea offline-b "while down" &&
	at bea minsky session list >out 2>/dev/null && has "^offline-b" out &&
	at ana minsky session start offline-a >/dev/null 2>&1 && tick && commit_in ana offline-a "while down" &&
	must_fail 5 at ana minsky sync 2>/dev/null && at ana minsky status >out && has "^unpushed  *[1-9]" out
'
test_ok 'it comes back: nothing is missing and nothing is doubled' '
	pg_resume "$server" && tick 400 && at ana minsky session list >out 2>err && test ! -s err &&
	has "^offline-a" out && at bea minsky sync >/dev/null && at ana minsky sync >/dev/null &&
	at carl minsky sync >/dev/null && at ana2 minsky sync >/dev/null &&
	same ana bea && same ana carl && same ana ana2 && complete ana bea carl ana2 && once ana && once carl
'
test_ok 'it hangs: a read waits for a second or so, and the next one not at all' '
	kill -STOP "$(head -n 1 "$server/data/postmaster.pid")" && tick 60 &&
	timeout 20 sh -c "cd \"$TRASH/ana/app\" && exec env HOME=\"$TRASH/ana\" XDG_STATE_HOME=\"$TRASH/ana/state\" \
		XDG_CONFIG_HOME=\"$TRASH/ana/config\" minsky session list" >out 2>err && has "^one" out &&
	has "using this machine" err && at ana minsky session list >out 2>err && has "using this machine" err &&
	commit_in ana offline-a "while it hangs" && at ana minsky journal log --session offline-a >out 2>/dev/null &&
	has "while it hangs" out &&
	kill -CONT "$(head -n 1 "$server/data/postmaster.pid")" && tick 400 && at ana minsky sync >/dev/null &&
	at bea minsky session log offline-a >out && has "while it hangs" out && complete ana bea
'
test_ok 'one name, started twice while it was down, is told apart in the table too' '
	pg_halt "$server" && tick && at bea minsky session start login >/dev/null 2>&1 && tick &&
	at ana minsky session start login >/dev/null 2>&1 && pg_resume "$server" && tick 400 &&
	at bea minsky sync >/dev/null && at ana minsky sync >/dev/null 2>err &&
	has "login. was also started by bea@" err && at bea minsky session list >out &&
	has "^login~[0-9a-f]* .*ana@" out && has "^login .*bea@" out && same ana bea &&
	at ana minsky session list >out && has "^login .*ana@" out &&
	has "^login~[0-9a-f]* .*bea@" out &&
	at carl minsky session list >out && has "^login~[0-9a-f]* .*ana@" out
'
test_ok 'a password that is wrong: a warning, and no further knocking until that changes' '
	sed -i "s|postgres://ana@|postgres://eve@|" ana/config/minsky/config.yaml && tick &&
	at ana minsky session list >out 2>err && has "^one" out && has "using this machine" err &&
	must_fail 4 at ana minsky sync 2>/dev/null && at ana minsky status >out && has "^next try .*settings" out &&
	sed -i "s|postgres://eve@|postgres://ana@|" ana/config/minsky/config.yaml && tick &&
	at ana minsky session list >out 2>err && test ! -s err
'
test_ok 'a database that was restored from an old backup is refilled by those who wrote' '
	ask "create table public.kept as select * from minsky.origin" && tick && commit_in ana offline-a "after it" &&
	at ana minsky sync >/dev/null && at bea minsky sync >/dev/null &&
	ask "alter table minsky.event disable trigger all;
		delete from minsky.event e using public.kept k where e.repo = k.repo and e.origin = k.origin and e.seq > k.head;
		alter table minsky.event enable trigger all;
		update minsky.origin o set head = k.head, head_hash = k.head_hash, max_hlc = k.max_hlc from public.kept k
			where o.repo = k.repo and o.origin = k.origin;
		delete from minsky.session_p1; delete from minsky.head_p1;" >/dev/null && tick &&
	at bea minsky sync >/dev/null && at ana minsky sync >/dev/null && at bea minsky sync >/dev/null &&
	same ana bea && complete ana bea
'
test_ok 'what only a machine that is gone had pushed comes back by the sync of a keeper, and by no other' '
	tick && commit_in bea offline-b "the last of bea" && at bea minsky sync >/dev/null &&
	member kim kim postgres && at kim minsky init >/dev/null 2>&1 </dev/null &&
	at kim minsky sync >/dev/null && at ana minsky sync >/dev/null && at bea minsky sync >/dev/null &&
	ask "select count(*) from minsky.event" >before &&
	last=$(ask "select head from minsky.origin where db_role = '"'bea'"' order by head desc limit 1") &&
	ask "alter table minsky.event disable trigger all;
		delete from minsky.event e using minsky.origin o where o.repo = e.repo and o.origin = e.origin
			and o.db_role = '"'bea'"' and e.seq = $last;
		alter table minsky.event enable trigger all;
		update minsky.origin o set head = e.seq, head_hash = e.hash, max_hlc = e.hlc from minsky.event e
			where o.repo = e.repo and o.origin = e.origin and o.db_role = '"'bea'"' and e.seq = $last - 1
			and o.head = $last;
		select minsky.new_instance()" >/dev/null &&
	at ana minsky sync >/dev/null && ask "select count(*) from minsky.event" >out && must_fail 1 cmp before out &&
	at kim minsky sync >/dev/null && ask "select count(*) from minsky.event" >out && cmp_files before out &&
	complete ana kim
'
test_ok 'every chain of every machine is good' '
	for who in ana bea carl ana2; do
		at $who minsky journal verify >/dev/null || return 1
	done
'
test_done
