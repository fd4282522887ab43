#!/bin/sh
# Verifying goes on where an earlier run was, and says on a terminal how far it has come.
. "$(dirname "$0")/lib.sh"

known() { # minsky journal verify's JSON
	jq .known "$1"
}

on_terminal() { # COMMAND
	script -q -e -c "$1" typescript >/dev/null 2>&1 </dev/null
}

test_ok 'setup: a journal of several segments' '
	MINSKY_SEGMENT_SIZE=1500 && export MINSKY_SEGMENT_SIZE && make_repo app &&
	minsky -C app session start work --quiet >dir && ws=$(cat dir) &&
	for i in 1 2 3 4 5 6 7 8; do
		tick && echo $i >"$ws/file" && git -C "$ws" commit -q -a -m "c$i" || return
	done &&
	minsky -C app sync >/dev/null &&
	journal=$(echo "$XDG_STATE_HOME"/minsky/journal/*) && [ "$(ls "$journal"/*.log | wc -l)" -gt 4 ]
'
test_ok 'the first run reads everything' '
	minsky -C app journal verify --json >first && [ "$(known first)" -eq 0 ] &&
	jq -e ".damaged == 0" first
'
test_ok 'with --resume the segments that have ended are not read again' '
	minsky -C app journal verify --resume --json >again &&
	[ "$(known again)" -eq $(($(jq .segments first) - 1)) ] &&
	for what in records bytes segments origins damaged; do
		[ "$(jq .$what first)" = "$(jq .$what again)" ] || return
	done &&
	minsky -C app journal verify --resume >out && has "segments were verified by an earlier run" out
'
test_ok 'without it everything is' '
	minsky -C app journal verify --json >out && [ "$(known out)" -eq 0 ]
'
test_ok 'a bit that somebody flipped since is found, and told each time' '
	segment=$(ls "$journal"/*.log | sed -n 2p) && cp -p "$segment" good && chmod u+w "$segment" &&
	sed "1s/type/typo/" good >"$segment" &&
	must_fail 6 minsky -C app journal verify --resume >out && has "damaged" out &&
	must_fail 6 minsky -C app journal verify --resume >out && has "damaged" out &&
	cat good >"$segment" && minsky -C app journal verify --resume >out && has ": good" out
'
test_ok 'on a terminal it says how far it has come, and leaves the line clean' '
	export MINSKY_PROGRESS_DELAY=0 && on_terminal "minsky -C app journal verify" &&
	has "verifying: .* % of 1 MB" typescript && has ": good" typescript
'
test_ok 'nowhere else' '
	minsky -C app journal verify >out 2>err && [ ! -s err ] && hasnt verifying out &&
	unset MINSKY_PROGRESS_DELAY && on_terminal "minsky -C app journal verify" &&
	hasnt verifying typescript
'

test_done
