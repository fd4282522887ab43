#!/bin/sh
# Each trouble of a store that is a file: exit status and words, and nothing is lost by it.
. "$(dirname "$0")/lib.sh"
case $MINSKY_TEST_BACKEND in json | sqlite) ;; *) skip_all 'for stores that are files' ;; esac
command -v python3 >/dev/null || skip_all 'no python3'

commit_in() { # DIR FILE
	tick && echo "$2" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "$2"
}
# Everything is there, once, and the store says what the journal says.
whole() { # NUMBER OF SESSIONS
	minsky -C r session list --json >out && json ".sessions | length == $1" out && minsky -C r sessiondb check >out 2>&1
}
hold() { # the write lock of the store, until the file `release` is there
	rm -f held release
	if [ "$MINSKY_TEST_BACKEND" = sqlite ]; then
		python3 -c 'import sqlite3,sys,time,os
c=sqlite3.connect(sys.argv[1],isolation_level=None); c.execute("BEGIN EXCLUSIVE"); open("held","w")
while not os.path.exists("release"): time.sleep(0.02)' "$STORE" &
	else
		return 1
	fi
	holder=$!
	wait_for test -e held
}

test_ok 'setup' '
	make_repo_with_origin r && minsky -C r session start one --quiet >dir && commit_in "$(cat dir)" a && whole 1
'
test_ok 'absent: made again from the journal, in silence' '
	mv "$STORE" away && minsky -C r session list >out 2>err && has "^one " out && test ! -s err && whole 1
'
if [ "$MINSKY_TEST_BACKEND" = sqlite ]; then
	test_ok 'locked: start, pr create, approve and list are done, say so, and the store is filled later' '
		MINSKY_SQLITE_BUSY_TIMEOUT=50ms && export MINSKY_SQLITE_BUSY_TIMEOUT && hold &&
		minsky -C r session start two --quiet >dir 2>err && has "database is locked.*using the journal" err &&
		commit_in "$(cat dir)" b && minsky -C r session pr create two --title T >/dev/null 2>&1 &&
		minsky -C r session approve two >out 2>err && test "$(git -C r.git log -1 --format=%s main)" = T &&
		minsky -C r session list >out 2>err && has "^two .*merged" out && has "locked" err &&
		minsky -C r session delete two >/dev/null 2>&1 && minsky -C r session restore two >/dev/null 2>&1 &&
		touch release && wait "$holder" && minsky -C r session list 2>err >out && hasnt "locked" err && whole 2
	'
fi
damaged() {
	printf 'not a store at all, and long enough to be none %0200d' 0 >"$STORE" && rm -f "$STORE-wal" "$STORE-shm"
}
test_ok 'damaged: exit 6 with a hint that leads on, and nothing is lost' '
	minsky -C r session list --json >out && n=$(jq ".sessions | length" out) && damaged &&
	must_fail 6 minsky -C r session list 2>err && has "^hint: " err &&
	must_fail 6 minsky -C r session list --json >out 2>/dev/null && json ".category == \"corrupt\" and .hint" out &&
	mv "$STORE" damaged && whole "$n"
'
test_done
