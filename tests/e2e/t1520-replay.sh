#!/bin/sh
# journal replay makes the records anew from the journal alone, and shows what each event changed.
. "$(dirname "$0")/lib.sh"

replay() {
	minsky -C app journal replay "$@"
}

commit() { # DIRECTORY FILE
	tick && echo "$2" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "add $2"
}

# The record of session get, without what is computed when it is printed.
record_of() { # SESSION
	minsky -C app session get "$1" --json | jq -cS '.session | del(.derived, .place)'
}

test_ok 'setup: one session merged, one deleted, one at work' '
	make_repo app && one=$(minsky -C app session start one --task 7 --quiet) && commit "$one" a &&
	minsky -C app session pr create one --title "One" >/dev/null && tick &&
	minsky -C app session approve one >/dev/null && tick &&
	minsky -C app session start two --quiet >/dev/null && tick &&
	minsky -C app session delete two >/dev/null 2>&1 && tick &&
	three=$(MINSKY_AGENT=robot minsky -C app session start three --quiet) && commit "$three" c &&
	minsky -C app session get three >/dev/null && minsky -C app session list >/dev/null &&
	journal=$(echo "$HOME"/state/minsky/journal/*) && store=$STORE
'
test_ok 'it ends with the records that session get shows, and their digests' '
	replay --json >out && for s in one three; do
		record_of $s >expected && jq -cS "select(.record.session == \"$s\") | .record" out >actual &&
			cmp_files expected actual || break
	done &&
	test "$(jq -s "map(select(.record)) | length" out)" -eq 3 &&
	jq -r "select(.record.session == \"three\") | .digest" out >expected &&
	printf %s "$(record_of three)" | sha256sum | cut -c1-64 >actual && cmp_files expected actual
'
test_ok 'one step for each event, and the steps put together are the record' '
	test "$(jq -s "map(select(.seq)) | length" out)" -eq "$(cat "$journal"/*.log | wc -l)" &&
	replay --session three --json >steps &&
	jq -cS -s "map(select(.seq).changes[]) | reduce .[] as \$c ({};
		(\$c.member | split(\".\")) as \$p |
		if \$c | has(\"after\") then setpath(\$p; \$c.after) else delpaths([\$p]) end)" steps >actual &&
	record_of three >expected && cmp_files expected actual &&
	jq -s -e "map(select(.seq) | .schema == 2 and has(\"learntAt\") and has(\"at\")) | all" steps
'
test_ok 'every before is the after that precedes it' '
	jq -s -e "map(select(.seq) | .sessionId as \$s | .changes[] | . + {s: \$s}) | group_by([.s, .member]) |
		map([range(1; length) as \$i | .[\$i].before == .[\$i - 1].after] | all) | all" out >/dev/null
'
test_ok 'people see who did what when, through which program' '
	replay -s three >text && host=$(uname -n) &&
	has -F "commit.created  three  by ana@$host via hook" text &&
	has -F "session.starting  three  by ana@$host (robot) via cli" text &&
	has "^        status: \"starting\" -> \"active\"$" text && has "^        commitCount: - -> 1$" text &&
	has "^digest [0-9a-f]*$" text && has "^record {$" text && hasnt "  one  " text &&
	replay >text && has "^        prState.mergedAt: - -> \"2026-" text &&
	has "^        status: \"approved\" -> \"merged\"$" text && has "journal.opened  by ana" text
'
test_ok 'a session by name, id or task, deleted or not' '
	id=$(jq -r "select(.record.session == \"two\") | .record.sessionId" out) &&
	replay -s two --json | jq -e "select(.record) | .record.status == \"deleted\"" &&
	replay -s "$id" --json >a && replay -s two --json >b && cmp_files a b &&
	replay -s 7 --json | jq -e "select(.record) | .record.session == \"one\"" &&
	must_fail 3 minsky -C app journal replay -s four
'
test_ok 'from a record on: the same records, fewer steps' '
	replay --from 9 --json >part && jq -c "select(.record)" out >expected &&
	jq -c "select(.record)" part >actual && cmp_files expected actual &&
	jq -c "select(.seq >= 9)" out >expected && jq -c "select(.seq)" part >actual && cmp_files expected actual &&
	must_fail 3 minsky -C app journal replay --from 9999 && must_fail 2 minsky -C app journal replay --from 2026-01-01
'
test_ok 'up to a record, or to a time' '
	seq=$(jq -r "select(.type == \"pr.created\") | .seq" out) && replay --to $((seq - 1)) --json >then &&
	test "$(jq -s "map(.seq // 0) | max" then)" -eq $((seq - 1)) &&
	jq -e "select(.record.session == \"one\") | .record.prState == null" then &&
	replay -s one --to $seq --json | jq -e "select(.record) | .record.status == \"pr-open\"" &&
	at=$(jq -r "select(.type == \"session.deleted\") | .learntAt" out) &&
	replay -s two --to "$at" --json | jq -e "select(.record) | .record.status == \"deleted\"" &&
	replay -s two --to 2026-01-01T00:03:30Z --json >then && jq -e "select(.record) | .record.status == \"active\"" then &&
	must_fail 3 minsky -C app journal replay --to 9999 && must_fail 2 minsky -C app journal replay --to never &&
	replay --to 2020-01-01 >then && test ! -s then
'
test_ok 'into a new store it is the store that minsky has, byte for byte' '
	minsky -C app session list -c sessiondb.backend=json -c sessiondb.json.path="$TRASH/filled.json" >/dev/null &&
	replay --into "$TRASH/new.json" 2>/dev/null >said && test ! -s said && cmp_files filled.json new.json &&
	(cd app && minsky journal replay --into "../rel\${HOME}.json" --json >../said) &&
	jq -e ".sessions == 3" said && cmp_files filled.json "rel\${HOME}.json"
'
test_ok 'that store can be used' '
	replay --to 4 --into "$TRASH/then.json" 2>/dev/null && cp then.json copy.json &&
	minsky -C app session list -c sessiondb.backend=json -c sessiondb.json.path="$TRASH/copy.json" --json >a &&
	minsky -C app session list --json >b && cmp_files b a && ! cmp -s then.json copy.json
'
test_ok 'a database, too' '
	replay --into "$TRASH/new.db" && test -s new.db && cp new.db copy.db &&
	minsky -C app session list -c sessiondb.backend=sqlite -c sessiondb.sqlite.path="$TRASH/copy.db" --json >a &&
	minsky -C app session list --json >b && cmp_files b a &&
	replay --to 4 --into "$TRASH/old.db" && ! cmp -s new.db old.db
'
test_ok 'a file that is there is never touched, other kinds are refused' '
	echo precious >there.json && must_fail 4 minsky -C app journal replay --into "$TRASH/there.json" &&
	test "$(cat there.json)" = precious && ln -s nowhere dangling.json &&
	must_fail 4 minsky -C app journal replay --into "$TRASH/dangling.json" && test ! -e nowhere &&
	must_fail 2 minsky -C app journal replay --into "$TRASH/new.txt" 2>err && test ! -e new.txt &&
	has "^hint: use a name that ends in .json, .db or .sqlite$" err &&
	must_fail 2 minsky -C app journal replay --into "$TRASH/x.json" -s one && test ! -e x.json
'
test_ok 'a backend that is not there is named, with those that are' '
	(MINSKY_MODULE_DIR=$TRASH/none && export MINSKY_MODULE_DIR &&
		must_fail 1 minsky -C app journal replay --into "$TRASH/newer.db" --json >said) &&
	jq -e ".category == \"unsupported\" and (.hint | test(\"json\"))" said && test ! -e newer.db
'
test_ok 'neither git nor the store is asked' '
	replay >expected && mv "$store" away && echo garbage >"$store" && mv "$one" gone &&
	replay >actual && cmp_files expected actual && mv away "$store" && mv gone "$one"
'
test_ok 'what precedes damage is replayed, with exit status 6' '
	segment=$(ls "$journal"/*.log) && cp "$segment" kept && sed "9s/\"v\":1/\"v\":2/" kept >"$segment" &&
	must_fail 6 minsky -C app journal replay --json >part 2>err &&
	jq -c "select(.seq and .seq < 9)" out >expected && jq -c "select(.seq)" part >actual &&
	cmp_files expected actual && tail -n 1 part | jq -e ".category == \"corrupt\"" && cp kept "$segment"
'
test_done
