# shellcheck shell=sh
# lib.sh - sourced first by every end-to-end script: a private world and a TAP list of sentences.
#
#	. "$(dirname "$0")/lib.sh"
#	test_ok 'title' '
#		command &&
#		must_fail 2 command
#	'
#	test_done
#
# Each body runs in this shell, in a directory of its own per script ($TRASH, with a space in its
# path), so that variables carry over to the next one; the working directory does not. Commands
# are joined with &&: a body whose chain is broken fails, since a failure in it could not be seen.
# $STORE is the file of the store (empty: it is none).
# $MINSKY_BUILD is the build directory, $MINSKY_SOURCE the tree, $MINSKY_TEST_BACKEND the backend.

set -u

MINSKY_SOURCE=$(cd "${MINSKY_SOURCE:-$(dirname "$0")/../..}" && pwd -P) || exit 1
MINSKY_BUILD=$(cd "${MINSKY_BUILD:-$MINSKY_SOURCE/build/asan}" && pwd -P) || {
	echo 'Bail out! MINSKY_BUILD does not name a build directory'
	exit 1
}
MINSKY_TEST_BACKEND=${MINSKY_TEST_BACKEND:-json}

# Nothing of the caller's git or minsky settings comes in.
for test_var in $(env | sed -n 's/^\(\(GIT\|MINSKY\|XDG\|SSH\)_[A-Za-z0-9_]*\)=.*/\1/p'); do
	case $test_var in
	MINSKY_BUILD | MINSKY_SOURCE | MINSKY_TEST_BACKEND | MINSKY_TEST_KEEP) ;;
	MINSKY_TEST_LONG | MINSKY_TEST_POSTGRES | MINSKY_TEST_BOUNCER) ;;
	MINSKY_TEST_SEED | MINSKY_TEST_OPERATIONS) ;;
	*) unset "$test_var" ;;
	esac
done
unset test_var CDPATH EMAIL VISUAL

. "$MINSKY_SOURCE/tests/lib/place.sh"
TRASH=$(mktemp -d "$(test_base)/minsky test.XXXXXX") && TRASH=$(cd "$TRASH" && pwd -P) || exit 1
test_private=$TRASH/.lib
HOME=$TRASH/home
XDG_STATE_HOME=$HOME/state
XDG_CONFIG_HOME=$HOME/config
XDG_CACHE_HOME=$HOME/cache
XDG_DATA_HOME=$HOME/data
mkdir -p "$test_private" "$XDG_STATE_HOME" "$XDG_CONFIG_HOME" "$XDG_CACHE_HOME" "$XDG_DATA_HOME" ||
	exit 1
GIT_CONFIG_NOSYSTEM=1
GIT_CONFIG_GLOBAL=$HOME/.gitconfig
GIT_TERMINAL_PROMPT=0
GIT_CEILING_DIRECTORIES=$TRASH
cat >"$GIT_CONFIG_GLOBAL" <<'END'
[user]
	name = Ana Test
	email = ana@example.invalid
[init]
	defaultBranch = main
[advice]
	detachedHead = false
[gc]
	auto = 0
END
EDITOR=:
PAGER='cat'
USER=ana
LOGNAME=ana
LC_ALL=C
LANG=C
TZ=UTC
MINSKY_SESSION_BACKEND=$MINSKY_TEST_BACKEND
# The file of the store, where it is one.
case $MINSKY_TEST_BACKEND in
json) STORE=$XDG_STATE_HOME/minsky/session-db.json ;;
sqlite) STORE=$XDG_STATE_HOME/minsky/sessions.db ;;
postgres)
	STORE=
	. "$MINSKY_SOURCE/tests/lib/postgres.sh"
	test_server=$(pg_shared) && test_db=e2e_$$ && pg_database "$test_server" "$test_db" || exit 1
	MINSKY_POSTGRES_URL=$(pg_url "$test_server" ana "$test_db" "${MINSKY_TEST_BOUNCER:-}")
	export MINSKY_POSTGRES_URL
	;;
*) STORE= ;;
esac
MINSKY_HOOK_PROGRAM=$MINSKY_BUILD/src/hooks/minsky-hook
MINSKY_MODULE_DIR=$MINSKY_BUILD/modules
PATH=$MINSKY_BUILD/src/cli:$PATH
# A report of a sanitizer lands in a file, also when git or a detached worker hides the output,
# and its exit status is none that must_fail could be asked for.
# shellcheck disable=SC2089 # the quotes are for the sanitizer, which splits at spaces
ASAN_OPTIONS="quarantine_size_mb=16:exitcode=99:log_path='$test_private/sanitizer'"
UBSAN_OPTIONS="$ASAN_OPTIONS:print_stacktrace=1"
export MINSKY_SOURCE MINSKY_BUILD MINSKY_TEST_BACKEND MINSKY_SESSION_BACKEND MINSKY_HOOK_PROGRAM
export MINSKY_MODULE_DIR
export TRASH HOME XDG_STATE_HOME XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME PATH EDITOR PAGER
export GIT_CONFIG_NOSYSTEM GIT_CONFIG_GLOBAL GIT_TERMINAL_PROMPT GIT_CEILING_DIRECTORIES
# shellcheck disable=SC2090
export USER LOGNAME LC_ALL LANG TZ ASAN_OPTIONS UBSAN_OPTIONS
umask 022

test_count=0
test_failures=0
test_finished=
test_clock=1767225600 # 2026-01-01T00:00:00Z
exec 3>&1 4>&2

json() { # EXPRESSION [FILE]: is it so of a JSON document?
	jq -e "$1" "${2:-out}" >/dev/null || {
		echo "not so: $1" >&4
		cat "${2:-out}" >&4
		return 1
	}
}

# The program, whose every --json answer is looked at: one document on one line, its schema first, or
# a stream of records (doc/schema.md). `command minsky` runs it alone, with nothing in between.
test_jq=$(command -v jq)
test_newline='
'
minsky() {
	case " $* " in
	*' journal log '* | *' session log '* | *' journal follow '* | *' journal cat '*) ;;
	*' journal export '* | *' journal replay '*) ;;
	*' --json '*)
		test_document=$(command minsky "$@"; printf '\n%s' $?)
		test_status=${test_document##*"$test_newline"}
		test_document=${test_document%"$test_newline$test_status"}
		test_is_document "$test_status" "$test_document" ||
			printf 'minsky %s\nexit status %s\n%s\n' "$*" "$test_status" "$test_document" \
				>>"$test_private/documents"
		printf %s "$test_document" && return "$test_status"
		return
		;;
	esac
	command minsky "$@"
}

test_is_document() { # STATUS TEXT
	[ "$1" -lt 128 ] || [ -n "$2" ] || return 0
	case $2 in
	*"$test_newline"?*) return 1 ;;
	'{"schema":'*"}$test_newline") ;;
	*) return 1 ;;
	esac
	[ -z "$test_jq" ] || printf %s "$2" | "$test_jq" -es 'length == 1' >/dev/null 2>&1
}

# Move the clock of minsky and git on: one minute, or as many seconds as given.
tick() {
	test_clock=$((test_clock + ${1:-60}))
	MINSKY_NOW=${test_clock}000
	GIT_AUTHOR_DATE="@$test_clock +0000"
	GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
	export MINSKY_NOW GIT_AUTHOR_DATE GIT_COMMITTER_DATE
}

test_exit() {
	test_status=$?
	trap - EXIT
	cd / || :
	if [ -z "$test_finished" ]; then
		echo "Bail out! the script ended before test_done (status $test_status)" >&3
		[ ! -s "$test_private/out" ] || sed 's/^/# /' "$test_private/out" >&3
		test_status=1
	fi
	[ -z "${test_db:-}" ] || pg_drop "$test_server" "$test_db" >/dev/null 2>&1
	if [ -n "${MINSKY_TEST_KEEP:-}" ]; then
		echo "# kept: $TRASH" >&3
	else
		# A worker that a hook left behind may still be writing below it.
		chmod -R u+rwX "$TRASH" 2>/dev/null
		rm -rf "$TRASH" 2>/dev/null || { sleep 1 && rm -rf "$TRASH"; }
	fi
	exit "$test_status"
}
trap test_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

test_report() { # STATUS TITLE
	test_count=$((test_count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $test_count - $2" >&3
		return
	fi
	test_failures=$((test_failures + 1))
	echo "not ok $test_count - $2" >&3
	sed 's/^/# /' "$test_private/out" >&3
}

# A function of its own, so that a return in the body ends the body alone.
test_run() { # BODY
	eval "$1" >"$test_private/out" 2>&1 4>&1 </dev/null
}

test_ok() { # TITLE BODY
	cd "$TRASH" || exit 1
	test_run "(exit 117) && $2"
	if [ $? -ne 117 ]; then
		echo 'the && chain of this test is broken' >>"$test_private/out"
		test_report 1 "$1"
		return
	fi
	test_run "$2"
	test_report $? "$1"
	cd "$TRASH" || exit 1
}

test_skip() { # TITLE REASON
	test_count=$((test_count + 1))
	echo "ok $test_count - $1 # SKIP $2" >&3
}

# The whole script cannot run here.
skip_all() { # REASON
	echo "1..0 # SKIP $1" >&3
	test_finished=1
	exit 77
}

test_done() {
	for test_file in "$test_private"/sanitizer*; do
		[ -e "$test_file" ] || continue
		cp "$test_file" "$test_private/out"
		test_report 1 'no sanitizer has anything to report'
	done
	if [ -s "$test_private/documents" ]; then
		cp "$test_private/documents" "$test_private/out"
		test_report 1 'every --json answer is one document'
	fi
	echo "1..$test_count" >&3
	test_finished=1
	[ "$test_failures" -eq 0 ]
	exit
}

# Run a command that has to fail, with exactly this exit status: a crash is no success.
must_fail() { # CODE COMMAND [ARGUMENT...]
	test_expected=$1
	shift
	"$@"
	test_actual=$?
	[ "$test_actual" -eq "$test_expected" ] && return 0
	echo "must_fail: exit status $test_actual, not $test_expected: $*" >&4
	return 1
}

cmp_files() { # EXPECTED ACTUAL
	diff -u "$1" "$2" >&4
}

# has [-F] PATTERN FILE: some line matches. hasnt: none does; a file that is not there is a failure.
has() {
	grep -q "$@"
	test_status=$?
	[ $test_status -eq 0 ] && return 0
	echo "has: not found: $*" >&4
	for test_file; do :; done
	[ ! -f "$test_file" ] || sed 's/^/| /' "$test_file" >&4
	return 1
}

hasnt() {
	grep -n "$@" >&4
	test_status=$?
	[ $test_status -eq 1 ] && return 0
	echo "hasnt: found, or unreadable: $*" >&4
	return 1
}

# Wait until a command succeeds, for what a detached worker does; give up after half a minute.
wait_for() { # COMMAND [ARGUMENT...]
	test_tries=0
	until "$@"; do
		test_tries=$((test_tries + 1))
		if [ "$test_tries" -ge 300 ]; then
			echo "wait_for: still not so: $*" >&4
			return 1
		fi
		sleep 0.1
	done
}

# Has everything ended that this script started, workers of hooks too? They have $TRASH in their
# environment as they got it, which this shell has not.
all_ended() {
	! env -u TRASH grep -qszxF "TRASH=$TRASH" /proc/[0-9]*/environ
}

# Kill COUNT runs of a command, and whatever it has started, at moments spread over the time that it
# takes. PREPARE gets the number of a run before it, 0 for the first one, which is only timed; FUNCTION
# gets it too and is nothing but `exec setsid COMMAND`. A kill that came too late or too early is none:
# there is another run for it. $kill_runs is the number of the last run.
kill_spread() { # COUNT PREPARE FUNCTION
	kill_runs=0
	"$2" 0 && kill_start=$(date +%s%N) && ("$3" 0) || return
	kill_time=$((($(date +%s%N) - kill_start) / 1000))
	kill_hits=0
	kill_after=0
	while [ $kill_hits -lt "$1" ]; do
		kill_runs=$((kill_runs + 1))
		[ $kill_runs -le $(($1 * 10)) ] && "$2" $kill_runs || return
		[ $kill_after -gt 0 ] || kill_after=$((kill_time * (kill_hits + 1) / ($1 + 1)))
		("$3" $kill_runs) &
		sleep "$((kill_after / 1000000)).$(printf %06d $((kill_after % 1000000)))"
		kill -9 "-$!" 2>/dev/null && kill_begun=yes || kill_begun=
		[ -n "$kill_begun" ] || kill -9 "$!" 2>/dev/null
		wait "$!" 2>/dev/null
		case $?$kill_begun in
		137yes)
			kill_hits=$((kill_hits + 1))
			kill_after=0
			;;
		137) kill_after=$((kill_after * 2)) ;;
		0*) kill_after=$((kill_after / 2 + 1)) ;;
		*) return 1 ;;
		esac
	done
}

# A repository with one commit on main; with_origin also makes the bare DIR.git and publishes it.
make_repo() { # DIR
	git init -q "$1" &&
		echo one >"$1/file" &&
		git -C "$1" add file &&
		git -C "$1" commit -q -m 'first commit'
}

make_repo_with_origin() { # DIR
	make_repo "$1" &&
		git init -q --bare "$1.git" &&
		git -C "$1" remote add origin "$TRASH/$1.git" &&
		git -C "$1" push -q -u origin main &&
		git -C "$1" remote set-head origin main >/dev/null
}

tick 0
