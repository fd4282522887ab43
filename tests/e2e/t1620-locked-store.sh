#!/bin/sh
# Somebody holds the store: what is in the journal is done, and the journal answers.
. "$(dirname "$0")/lib.sh"
command -v sqlite3 >/dev/null || skip_all 'sqlite3 is not installed'
MINSKY_SESSION_BACKEND=sqlite
MINSKY_SESSIONDB_SQLITE_BUSY_TIMEOUT=100ms
export MINSKY_SESSION_BACKEND MINSKY_SESSIONDB_SQLITE_BUSY_TIMEOUT
db=$XDG_STATE_HOME/minsky/sessions.db

hold() { # until `go` is there
	rm -f held go
	(
		echo 'begin exclusive;'
		echo '.print held'
		while [ ! -e go ]; do sleep 0.05; done
	) | sqlite3 "$db" >held &
	wait_for test -s held
}

test_ok 'start, note, delete and list do their work while the store is locked, with a warning' '
	make_repo_with_origin app && minsky -C app session start one --quiet >out && hold &&
	minsky -C app session start two --quiet >out 2>err && has "using the journal" err &&
	minsky -C app session note two --state working --text hi >out 2>err && has "using the journal" err &&
	minsky -C app session delete one >out 2>err && minsky -C app session list --json >out 2>err &&
	jq -e "[.sessions[].session] == [\"two\"]" out &&
	must_fail 5 minsky -C app session list --require-backend >out 2>err && touch go && wait
'
test_ok 'free again, it has everything' '
	minsky -C app session list --json >out 2>err && test ! -s err &&
	jq -e "[.sessions[].session] == [\"two\"]" out && minsky -C app sessiondb check >out
'
test_done
