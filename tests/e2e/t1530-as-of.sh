#!/bin/sh
# session list and get --as-of answer as they would have answered then.
. "$(dirname "$0")/lib.sh"

commit() { # DIRECTORY FILE
	tick && echo "$2" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "add $2"
}

# Remember what list and get say now, and where the journal stands.
remember() { # NAME
	minsky -C app session get one >"$1.text" &&
		minsky -C app session get one --json | jq -cS '.session | del(.derived)' >"$1.get" &&
		minsky -C app session list --deleted >"$1.list" &&
		minsky -C app session list --json | jq -cS '.sessions | map(del(.derived))' >"$1.json" &&
		minsky -C app journal log -n 1 --json | jq -r .seq >"$1.seq" &&
		echo "$MINSKY_NOW" >"$1.now" && tick
}

then_is() { # NAME WHEN
	minsky -C app session get one --as-of "$2" --json >out && jq -cS .session out >actual &&
		cmp_files "$1.get" actual &&
		minsky -C app session list --as-of "$2" --json >out && jq -cS .sessions out >actual &&
		cmp_files "$1.json" actual &&
		jq -e ".asOf.seq == $(cat "$1.seq")" out >/dev/null
}

test_ok 'setup: a history, remembered as it went on' '
	make_repo app && make_repo other && git clone -q app plain &&
	one=$(minsky -C app session start one --task 7 --quiet) && remember a &&
	commit "$one" a && minsky -C app session pr create one --title "One" >/dev/null && remember b &&
	minsky -C app session approve one >/dev/null && two=$(minsky -C app session start two --quiet) && remember c &&
	minsky -C app session delete one >/dev/null 2>&1 && tick &&
	minsky -C app session start one --quiet >/dev/null && commit "$two" c && remember d
'
test_ok 'by the number of a record' '
	for at in a b c d; do then_is $at "$(cat $at.seq)" || break; done
'
test_ok 'by a time' '
	for at in a b c d; do then_is $at "$(date -u -d "@$(($(cat $at.now) / 1000))" +%FT%TZ)" || break; done
'
test_ok 'for people it is what was shown then, below the moment that it is about' '
	for at in a b c d; do
		minsky -C app session list --deleted --as-of "$(cat $at.seq)" >out &&
			has -F "as of 2026-01-01T00:" out && has -F "(record $(cat $at.seq))" out &&
			sed 1d out >actual && cmp_files $at.list actual &&
			minsky -C app session get one --as-of "$(date -u -d "@$(($(cat $at.now) / 1000))" +%FT%TZ)" >out &&
			sed 1d out >actual && cmp_files $at.text actual || break
	done
'
test_ok 'the filters of list hold then' '
	b=$(cat b.seq) && minsky -C app session list --status pr-open --as-of "$b" --json | jq -e ".sessions | length == 1" &&
	minsky -C app session list --status merged --as-of "$b" --json | jq -e ".sessions == []" &&
	minsky -C app session list --task 7 --as-of "$b" --json | jq -e ".sessions | length == 1" &&
	c=$(cat c.seq) && minsky -C app session list --as-of "$c" --json >all && test "$(jq ".sessions | length" all)" = 2 &&
	minsky -C app session list -n 1 --offset 1 --as-of "$c" --json >out &&
	jq -c ".sessions[1]" all >expected && jq -c ".sessions[0]" out >actual && cmp_files expected actual
'
test_ok 'what was not there then is not found' '
	must_fail 3 minsky -C app session get two --as-of "$(cat a.seq)" 2>err && has "there was no session" err &&
	must_fail 3 minsky -C app session get two --as-of "$(cat a.seq)" --json >out && jq -e ".code == 3" out &&
	must_fail 3 minsky -C app session list --as-of 9999 && must_fail 2 minsky -C app session list --as-of soon &&
	minsky -C app session list --as-of 2020-01-01 >out 2>err && test ! -s out && has "there were no sessions" err &&
	minsky -C app session list --as-of 2020-01-01 --json >out && jq -e ".sessions == [] and (.asOf.seq | not)" out
'
test_ok 'the one whose workspace we are in, by id and by task' '
	(cd "$two" && minsky session get --as-of "$(cat "$TRASH/c.seq")" --json) >out &&
	jq -e ".session.session == \"two\" and .session.commitCount == null" out &&
	minsky -C app session get 7 --as-of "$(cat b.seq)" --json >x && minsky -C app session get one --as-of "$(cat b.seq)" --json >y &&
	cmp_files y x && id=$(jq -r .session.sessionId x) && minsky -C app session get "$id" --as-of "$(cat b.seq)" --json >y &&
	cmp_files x y && minsky -C app session get "$id" --as-of "$(cat d.seq)" --json | jq -e ".session.status == \"deleted\""
'
test_ok 'several repositories go by time' '
	minsky -C other session start three --quiet >/dev/null && now=$(date -u -d "@$((MINSKY_NOW / 1000))" +%FT%TZ) &&
	minsky -C app session list --all --as-of "$now" --json >out && test "$(jq ".sessions | length" out)" = 3 &&
	jq -e ".asOf.time and (.asOf.seq | not)" out &&
	must_fail 2 minsky -C app session list --all --as-of 3 2>err && has "give a time" err &&
	minsky session get three --as-of "$now" >out && has "^session  *three$" out &&
	must_fail 3 minsky session get three --as-of 2026-01-01
'
test_ok 'neither git nor the store is asked, and nothing is written' '
	store=$STORE && cp "$store" kept && echo garbage >"$store" &&
	chmod a-w "$HOME"/state/minsky/journal/* && mkdir empty &&
	PATH=$MINSKY_BUILD/src/cli:$TRASH/empty minsky -C app session list --as-of "$(cat c.seq)" --json >out &&
	jq -cS .sessions out >actual && cmp_files c.json actual &&
	chmod u+w "$HOME"/state/minsky/journal/* && test "$(cat "$store")" = garbage && cp kept "$store"
'
test_ok 'a damaged journal tells only what precedes the damage' '
	segment=$(ls "$HOME"/state/minsky/journal/*app*/*.log) && cp "$segment" kept &&
	sed "$(cat c.seq)s/\"v\":1/\"v\":2/" kept >"$segment" &&
	then_is b "$(cat b.seq)" && must_fail 6 minsky -C app session list --as-of "$(cat d.seq)" &&
	must_fail 6 minsky -C app session get one --as-of "$(cat c.seq)" && cp kept "$segment"
'
test_done
