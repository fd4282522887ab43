#!/bin/sh
# One PostgreSQL server (and a pgbouncer) for a run of ctest. STATE is a file that says where its
# directory is: set-up writes it, the tests and the clean-up read it.
#
#	postgres-fixture.sh start|stop STATE
set -u
MINSKY_SOURCE=$(cd "$(dirname "$0")/../.." && pwd -P) || exit 1
. "$MINSKY_SOURCE/tests/lib/postgres.sh"
state=$2

stop() {
	[ -f "$state" ] || return 0
	dir=$(cat "$state")
	# Nothing but what start() made.
	case $dir in
	*/minsky-postgres.??????) ;;
	*) return 1 ;;
	esac
	pg_bouncer_stop "$dir" 2>/dev/null
	pg_stop "$dir" && rm -f "$state"
}

case $1 in
start)
	stop
	mkdir -p "$(dirname "$state")" && dir=$(pg_place postgres) &&
		printf '%s\n' "$dir" >"$state" && pg_start "$dir" && pg_bouncer_start "$dir"
	;;
stop) stop ;;
*) exit 2 ;;
esac
