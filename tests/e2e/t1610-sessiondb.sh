#!/bin/sh
# The store beside the journal: compared, filled anew, printed whole.
. "$(dirname "$0")/lib.sh"

# The rows of the store, changed by jq as no minsky would.
tamper() { # FILTER
	jq -c "(.repositories[].sessions) |= ($1)" "$STORE" >"$TRASH/tampered" && cp "$TRASH/tampered" "$STORE"
}

# What a check finds, as "kind session" lines.
finds() { # ARGUMENT...
	test_status=0
	minsky -C app sessiondb check --json "$@" >"$TRASH/check" 2>"$TRASH/err" || test_status=$?
	jq -r '.stores[].findings[] | [.kind, .session // "", .what // ""] | join(" ")' "$TRASH/check" >"$TRASH/found"
	return "$test_status"
}

test_ok 'set-up: three sessions' '
	make_repo app && for name in one two three; do
		minsky -C app session start "$name" --quiet && tick || return 1
	done &&
	(cd "$(minsky -C app session dir one)" && echo a >a && git add a && git commit -q -m a) &&
	minsky -C app session list >/dev/null
'
test_ok 'check: all is well' '
	minsky -C app sessiondb check >out && has "^store *$STORE$" out && has "^sessions *3$" out &&
	has "^backend *$MINSKY_TEST_BACKEND$" out && has "^heads *those of the journal$" out && has "^good " out &&
	finds && test ! -s found && json ".stores[0] | .good and .behind == 0 and .sessions == 3" check
'
test_ok 'check: a store that is behind is not wrong, and is not brought up to date' '
	tick && (cd "$(minsky -C app session dir two)" && echo b >b && git add b && git commit -q -m b) &&
	cp "$STORE" before && finds && json ".stores[0] | .good and .behind >= 1" check && cmp before "$STORE" &&
	minsky -C app sessiondb check >out && has "^heads *[0-9]* records\{0,1\} behind the journal$" out
'
if [ "$MINSKY_TEST_BACKEND" = json ]; then
	test_ok 'check: a record that was changed, one that is gone, and one too many' '
		minsky -C app session list >/dev/null && cp "$STORE" good &&
		tamper "map(if .record.session == \"one\" then .record.branch = \"else\" else . end)" &&
		must_fail 6 finds && has "^differs one branch$" found && has "rebuild" err &&
		cp good "$STORE" && tamper "map(select(.record.session != \"two\"))" &&
		must_fail 6 finds && has "^missing two $" found &&
		cp good "$STORE" && tamper ". + [.[0] | .record.sessionId = \"0193597a-0000-7000-8000-00000000ffff\" | .record.session = \"more\"]" &&
		must_fail 6 finds && has "^extra more $" found &&
		cp good "$STORE" && tamper "map(.events = 99)" && must_fail 6 finds && has "^differs one last event$" found &&
		must_fail 6 minsky -C app sessiondb check >out && has "^differs *one: last event$" out
	'
	test_ok 'check: heads that are not those of the journal' '
		cp good "$STORE" && sed "s/\"hash\":\"[0-9a-f]\{8\}/\"hash\":\"00000000/" good >"$STORE" &&
		must_fail 6 finds && has "^damage .*journal does not have" found &&
		must_fail 6 minsky -C app session list 2>err && has "sessiondb rebuild" err && cp good "$STORE"
	'
fi
test_ok 'rebuild: the store is filled anew' '
	minsky -C app sessiondb export >before && minsky -C app sessiondb rebuild >out && has "^sessions *3$" out &&
	minsky -C app sessiondb export >after && cmp_files before after && finds &&
	minsky -C app sessiondb rebuild --json >out && json ".stores[0] | .sessions == 3 and .backend == \"$MINSKY_TEST_BACKEND\"" out
'
test_ok 'a damaged store: check says so, rebuild keeps it and makes another' '
	echo garbage >"$STORE" && rm -f "$STORE-wal" "$STORE-shm" && must_fail 6 finds && has "^damage .*$(basename "$STORE")" found &&
	test "$(cat "$STORE")" = garbage && must_fail 6 minsky -C app session list 2>err &&
	minsky -C app sessiondb rebuild >out 2>err && has "was renamed to" err && has "^sessions *3$" out &&
	test "$(cat "$STORE".damaged-*)" = garbage && finds && minsky -C app session list >list && has "^one " list
'
test_ok 'rebuild leaves the rows of other repositories alone' '
	make_repo other && minsky -C other session start one --quiet &&
	minsky -C app sessiondb rebuild >out && minsky -C other sessiondb check --json >check &&
	json ".stores[0] | .good and .sessions == 1 and .behind == 0" check
'
test_ok 'all repositories at once, from anywhere' '
	minsky sessiondb check --all --json >check && json "[.stores[].name] | length == 2" check &&
	minsky sessiondb rebuild --all >out && test "$(grep -c "^sessions " out)" = 2 &&
	must_fail 3 minsky sessiondb check 2>err
'
test_ok 'export: one document, the same from every store' '
	minsky -C app sessiondb export >here &&
	json ".schema == 2 and (.sessions | length == 3) and (.heads | length == 1) and .name and .repository" here &&
	for backend in json sqlite; do
		minsky -C app sessiondb export -c sessiondb.backend=$backend >there && cmp_files here there || return 1
	done
'
test_ok 'export --as-of: as it was then, without the store' '
	minsky -C app sessiondb export --as-of 2026-01-01T00:00:30Z >out &&
	json ".asOf.time == \"2026-01-01T00:00:30.000Z\" and [.sessions[].record.session] == [\"one\"]" out &&
	minsky -C app sessiondb export --as-of 2 >out && json ".asOf.seq == 2 and .heads[0].seq == 2" out &&
	must_fail 3 minsky -C app sessiondb export --as-of 99999
'
test_ok 'migrate: another backend is filled from the journal, compared, and the old store stays' '
	case $MINSKY_TEST_BACKEND in json) to=sqlite ;; *) to=json ;; esac &&
	rm -f "$XDG_STATE_HOME"/minsky/"$(test $to = json && echo session-db.json || echo sessions.db)" &&
	minsky -C app sessiondb migrate to $to --dry-run --json >out && json ".dryRun and .verified == false and .sessions == 0" out &&
	minsky -C app session list >/dev/null && cp "$STORE" before &&
	minsky -C app sessiondb migrate to $to --json >out && cmp before "$STORE" &&
	json ".from == \"$MINSKY_TEST_BACKEND\" and .to == \"$to\" and .sessions == 3 and .verified and (.digest | length == 64)" out &&
	minsky -C app journal log --json --type backend.migrated >log && json ".body.data | .to == \"$to\" and .heads[0].seq > 1" log &&
	test "$(jq -r .digest out)" = "$(jq -r .body.data.digest log)" &&
	minsky -C app session list --json >a && minsky -C app session list --json -c sessiondb.backend=$to >b && cmp_files a b &&
	minsky -C app sessiondb check -c sessiondb.backend=$to >/dev/null
'
test_ok 'migrate: where it is already, and where there is nothing' '
	must_fail 2 minsky -C app sessiondb migrate to $MINSKY_TEST_BACKEND 2>err && has "is the backend in use" err &&
	must_fail 2 minsky -C app sessiondb migrate to nowhere 2>err && has "there is no backend .nowhere." err &&
	must_fail 2 minsky -C app sessiondb migrate to 2>err
'
test_ok 'migrate status: which stores hold what' '
	minsky -C app sessiondb migrate status >out && has "^\* $MINSKY_TEST_BACKEND  *3 sessions, " out &&
	test "$(grep -c "3 sessions" out)" = 2 &&
	minsky -C app sessiondb migrate status --json >out &&
	json "[.stores[] | select(.configured) | .backend] == [\"$MINSKY_TEST_BACKEND\"]" out &&
	json "[.stores[] | .good] == [true, true]" out
'
test_ok 'a repository without sessions' '
	make_repo empty && must_fail 3 minsky -C empty sessiondb check 2>err && has "has no sessions" err &&
	must_fail 3 minsky -C empty sessiondb export --json >out && json ".category == \"not-found\"" out
'
if [ "$MINSKY_TEST_BACKEND" = sqlite ]; then
	test_ok 'check: a row that was changed within a database' '
		cp "$STORE" good && sed "s/\"branch\":\"two\"/\"branch\":\"owt\"/" good >"$STORE" && ! cmp -s good "$STORE" &&
		must_fail 6 finds && has "^damage .*columns do not match its record" found &&
		has "^differs two branch" found && minsky -C app sessiondb rebuild >/dev/null && finds
	'
	test_ok 'a newer schema is neither checked nor thrown away' '
		printf "\011" | dd of="$STORE" bs=1 seek=63 conv=notrunc 2>/dev/null && cp "$STORE" newer &&
		must_fail 1 minsky -C app sessiondb check 2>err && has "schema 9" err &&
		must_fail 1 minsky -C app sessiondb rebuild 2>err && has "schema 9" err && cmp newer "$STORE"
	'
fi
test_done
