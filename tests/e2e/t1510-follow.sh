#!/bin/sh
# journal follow prints every event once, whole and in order, while others write, segments end and
# the reader itself is stopped and started again.
. "$(dirname "$0")/lib.sh"

MINSKY_SEGMENT_SIZE=3000
MINSKY_HOOKS_DEADLINE=60s # each commit is told by its own hook, however busy the machine
export MINSKY_SEGMENT_SIZE MINSKY_HOOKS_DEADLINE

# Commits without a clock: these run beside each other.
commits() { # DIRECTORY N
	made=0
	while [ "$made" -lt "$2" ]; do
		git -C "$1" commit -q --allow-empty -m "commit $made" || return 1
		made=$((made + 1))
	done
}

# Fifteen commits in each session, side by side; then the file `written` is there.
all_write() {
	(
		for s in one two three four; do
			commits "$(cat "$s.dir")" 15 &
		done
		wait
	)
	: >written
}

start() { # OPTION...: follow into the file `out`, in the background, with its id in $follower
	command minsky -C app journal follow "$@" >>out 2>err &
	follower=$!
}

to_pipe() { # OPTION...
	minsky -C app journal follow "$@" >pipe 2>err
	echo $? >status
}

# The same, when the signal may come before the program has begun.
stop_any() {
	kill -s TERM "$follower"
	wait "$follower"
	test_status=$?
	[ "$test_status" -eq 0 ] || [ "$test_status" -eq 143 ]
}

more_than() { # N: the file `out` has more lines, or nobody writes any more
	test -e written || test "$(wc -l <out)" -gt "$1"
}

# Its output fills the pipe, of which a write that has not ended is not counted: it sleeps, and has
# written no more than when it was last looked at.
stood_at=
stands_still() { # PID
	stands_at=$(sed -n "s/^wchar: //p" "/proc/$1/io")
	test "$stands_at" -gt 20000 && test "$stands_at" = "$stood_at" && grep -q "^State:.*S" "/proc/$1/status" && return
	stood_at=$stands_at
	return 1
}

lines() { # N: the file `out` has that many
	test "$(wc -l <out)" -ge "$1"
}

# End it with a signal; its exit status is 0.
stop() { # SIGNAL
	kill -s "$1" "$follower" && wait "$follower"
}

journal() { # all records of this machine
	cat "$HOME"/state/minsky/journal/*/*.log
}

has_cursor() { # NAME
	test -s "$(echo "$HOME"/state/minsky/journal/*/cursors)/follow.$1"
}

test_ok 'setup' '
	make_repo app && for s in one two three four; do
		minsky -C app session start $s --quiet >$s.dir || break
	done && one=$(cat one.dir) && before=$(journal | wc -l) && test "$before" -gt 8
'
test_ok 'from the first record on it is the journal, and ends after N' '
	minsky -C app journal follow --from 1 -n "$before" --json >out && journal >expected && cmp_files expected out &&
	minsky -C app journal follow --from 1 -n "$before" >out && minsky -C app journal log >expected &&
	cmp_files expected out && minsky -C app journal follow --from 3 -n 2 --json >out &&
	journal | sed -n 3,4p >expected && cmp_files expected out
'
test_ok 'without --from it begins at the end, and sees what comes' '
	: >out && start --cursor first --json && wait_for has_cursor first && commits "$one" 3 && wait_for lines 3 &&
	stop TERM && journal | tail -n 3 >expected && cmp_files expected out
'
test_ok 'a cursor goes on where it ended, with nothing lost in between' '
	commits "$one" 2 && minsky -C app journal follow --cursor first -n 2 --json >out &&
	journal | tail -n 2 >expected && cmp_files expected out &&
	must_fail 2 minsky -C app journal follow --cursor "../x" && must_fail 2 minsky -C app journal follow --cursor ""
'
test_ok 'the cursor stands behind the last one that was delivered, whatever was read' '
	minsky -C app journal follow --cursor second --from 1 -n 4 --json >out &&
	minsky -C app journal follow --cursor second --from 1 -n 3 --json >>out &&
	journal | head -n 7 >expected && cmp_files expected out
'
test_ok 'two readers of one name are one too many' '
	: >out && start --cursor alone --json && wait_for has_cursor alone &&
	must_fail 1 minsky -C app journal follow --cursor alone -n 1 --json >said && jq -e ".category == \"busy\"" said &&
	stop INT && test ! -s out
'
test_ok 'writers side by side, small segments: each event once, in order' '
	count=$(journal | wc -l) && : >out && start --from 1 --json &&
	all_write && rm written && total=$((count + 60)) && wait_for lines $total && stop TERM && journal >expected &&
	test "$(wc -l <expected)" -eq $total && cmp_files expected out &&
	test "$(ls "$HOME"/state/minsky/journal/*/*.log | wc -l)" -gt 10
'
test_ok 'the same, stopped and started again all the time' '
	count=$(journal | wc -l) && : >out && { all_write & writers=$!; } && rounds=0 && while [ ! -e written ] || [ $rounds -lt 3 ]; do
		start --cursor third --from 1 --json && wait_for more_than "$(wc -l <out)" && stop_any || break
		rounds=$((rounds + 1))
	done && wait $writers && total=$((count + 60)) && rest=$((total - $(wc -l <out))) &&
	{ test $rest -eq 0 || minsky -C app journal follow --cursor third -n $rest --json >>out; } &&
	journal >expected && cmp_files expected out && test "$(wc -l <out)" -eq $total
'
test_ok 'filters choose, and the cursor passes over the rest' '
	minsky -C app journal follow --from 1 --session two --type commit -n 30 --json >out &&
	test "$(jq -r .body.type out | sort -u)" = commit.created && test "$(wc -l <out)" -eq 30 &&
	test "$(jq -r .body.session out | sort -u | wc -l)" -eq 1 &&
	must_fail 3 minsky -C app journal follow --session five
'
test_ok 'a reader that goes away ends it, also while nothing happens' '
	mkfifo pipe && { to_pipe --cursor idle --json & last=$!; } &&
	exec 5<pipe && wait_for has_cursor idle && exec 5<&- && wait $last && test "$(cat status)" = 0 && test ! -s err && rm pipe
'
test_ok 'a reader that stands still gets whole records, and does not keep it from ending' '
	mkfifo pipe && for n in 1 2 3; do commits "$one" 20 || break; done &&
	{ to_pipe --cursor fourth --from 1 --json & last=$!; } &&
	exec 5<pipe && wait_for has_cursor fourth && child=$(pgrep -P $last -x minsky) &&
	wait_for stands_still "$child" && kill -s TERM "$child" &&
	wait $last && test "$(cat status)" = 0 && cat <&5 >out && exec 5<&- && test "$(wc -c <out)" -gt 20000 &&
	journal >all && n=$(wc -l <out) && head -n "$n" all >expected && cmp_files expected out &&
	rest=$(($(wc -l <all) - n)) && test $rest -gt 0 &&
	minsky -C app journal follow --cursor fourth -n $rest --json >>out && cmp_files all out
'
test_ok 'a session that starts later is shown by its name' '
	: >out && start --cursor names && wait_for has_cursor names && minsky -C app session start late --quiet >/dev/null && wait_for lines 3 &&
	stop TERM && has "session.started  *late " out
'
test_ok 'an unreadable cursor, and a place that is not there, are refused' '
	dir=$(echo "$HOME"/state/minsky/journal/*/cursors) && cp "$dir/follow.first" kept &&
	echo junk >>"$dir/follow.first" && must_fail 6 minsky -C app journal follow --cursor first 2>err && has "is not valid" err &&
	sed "2s/.\$/x/" kept >"$dir/follow.first" && must_fail 6 minsky -C app journal follow --cursor first -n 1 &&
	must_fail 3 minsky -C app journal follow --from 99999 && must_fail 2 minsky -C app journal follow --from soon
'
test_ok 'damage ends it with exit status 6, behind what precedes it' '
	segment=$(ls "$HOME"/state/minsky/journal/*/*.log | sed -n 3p) && cp "$segment" kept &&
	sed "2s/session/sessiom/" kept >"$segment" && good=$(($(sed -n 1p kept | jq .seq))) &&
	must_fail 6 minsky -C app journal follow --from 1 --cursor fifth >out 2>err && has "journal verify" err &&
	test "$(wc -l <out)" -eq "$good" && has "^$(jq -r .origin kept | head -n 1) $good " "$dir/follow.fifth"
'
test_done
