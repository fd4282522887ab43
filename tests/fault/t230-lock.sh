#!/bin/sh
# The journal's lock is held by somebody who does not let go, or is not the lock any more: a hook is
# silent and on time, and the event is there later, once. And nothing of ours that lives on, or that
# another program's hook leaves behind, takes the lock with it.
. "$(dirname "$0")/lib.sh"
journal= # its directory

ms() {
	echo "$(($(date +%s%N) / 1000000))"
}

# Commit with a deadline for the hook; $took is how many milliseconds git needed.
commit() { # SUBJECT [DEADLINE]
	tick
	took=$(ms)
	MINSKY_HOOKS_DEADLINE=${2:-400ms} git -C app commit -q --allow-empty -m "$1" >said 2>&1 || return
	took=$(($(ms) - took))
	[ ! -s said ]
}
told() { # SUBJECT COUNT
	minsky -C app sync >out && minsky -C app journal log --json >events 2>err &&
		minsky -C app journal verify >out &&
		[ "$(grep -c "\"subject\":\"$1\"" events)" -eq "$2" ]
}
in_journal() { # SUBJECT
	cat "$journal"/*.log | grep "\"subject\":\"$1\""
}
# By nobody yet, and by the next command.
told_later() { # SUBJECT
	! in_journal "$1" && release && told "$1" 1
}

# $holder has the lock.
take() { # hold|leak
	rm -f held
	"$driver" "$1" "$journal" held &
	taker=$!
	wait_for test -s held && holder=$(cat held)
}
release() {
	kill -9 "$holder"
	wait "$taker"
	wait_for "$driver" append "$journal" "$lives" 1
	lives=$((lives + 1))
}
lives=1

test_ok 'a repository, whose hook is in front of another one' '
	make_repo app && printf "#!/bin/sh\n" >app/.git/hooks/post-commit &&
	chmod 755 app/.git/hooks/post-commit && minsky -C app hooks install >out &&
	journal=$(minsky -C app init --json --skip-hooks | jq -r .journal) && test -d "$journal" &&
	commit first 60s && in_journal first
'
test_ok 'the holder was stopped: the hook keeps its deadline' '
	take hold && kill -STOP "$holder" && commit stopped && [ "$took" -ge 250 ] && [ "$took" -lt 2500 ] &&
	told_later stopped
'
test_ok 'the writer has ended, and a child of it has the lock' '
	take leak && wait "$taker" && commit leaked && [ "$took" -ge 250 ] && [ "$took" -lt 2500 ] &&
	told_later leaked
'

# The hook waits when it has the file open; then the file is replaced, and the old one let go.
replace_lock() {
	wait_for is_open "$1" && : >"$journal/other" && chmod 600 "$journal/other" &&
		mv "$journal/other" "$journal/lock" && kill -9 "$holder"
}
is_open() { # INODE
	for open_fd in /proc/[0-9]*/fd/*; do
		case $open_fd in
		/proc/"$holder"/* | /proc/self/*) continue ;;
		esac
		[ "$(stat -Lc %i "$open_fd" 2>/dev/null)" = "$1" ] && return
	done
	return 1
}
test_ok 'the lock file was replaced while the hook waited: it goes on with the new one' '
	take hold && { replace_lock "$(stat -c %i "$journal/lock")" & } && commit replaced 60s &&
	[ "$took" -lt 30000 ] && in_journal replaced && wait && told replaced 1
'

# From lock to unlock no process is made: it would keep the lock, whatever happens to its maker.
no_fork='
function fd_of(line) {
	match(line, /\([0-9]+</)
	return substr(line, RSTART + 1, RLENGTH - 2)
}
function path_in(line) {
	return match(line, /<[^>]*>/) ? substr(line, RSTART + 1, RLENGTH - 2) : ""
}
{
	pid = $1
	call = $2
	sub(/\(.*/, "", call)
}
call == "openat" && index($0, "/lock\"") && / = [0-9]/ && !/O_CLOEXEC/ { print "inheritable: " $0; bad = 1 }
call == "fcntl" && /F_OFD_SETLK.*F_WRLCK/ && / = 0$/ && path_in($0) == lock { held[pid] = fd_of($0); locks++ }
call == "fcntl" && /F_OFD_SETLK.*F_UNLCK/ && path_in($0) == lock { delete held[pid] }
call == "close" && path_in($0) == lock && held[pid] == fd_of($0) { delete held[pid] }
call ~ /^(clone3?|v?fork)$/ { forks++ }
call ~ /^(clone3?|v?fork|execve)$/ && (pid in held) { print "with the lock: " $0; bad = 1 }
END {
	print locks + 0, "locks,", forks + 0, "processes"
	exit bad || !locks || (want && !forks)
}
'
keeps_to_itself() { # PROCESSES? COMMAND...
	want=$1
	shift
	rm -f trace
	strace -f -qq -y -s 256 -o trace \
		-e trace=openat,fcntl,close,clone,clone3,fork,vfork,execve "$@" >out 2>&1 ||
		{ cat out && return 1; }
	awk -v lock="$(cd "$journal" && pwd -P)/lock" -v want="$want" "$no_fork" trace
}
if command -v strace >/dev/null && strace -qq -o /dev/null true 2>/dev/null; then
	test_ok 'a commit, its hook and its worker' '
		tick && MINSKY_HOOKS_DEADLINE=60s keeps_to_itself 1 git -C app commit -q --allow-empty -m traced &&
		in_journal traced
	'
	test_ok 'starting a session' 'tick && keeps_to_itself 1 minsky -C app session start fix --quiet'
	test_ok 'committing there' '
		ws=$(minsky -C app session dir fix) && echo two >"$ws/file" && tick &&
		MINSKY_HOOKS_DEADLINE=60s keeps_to_itself 1 git -C "$ws" commit -q -am fixed && in_journal fixed
	'
	test_ok 'making a PR' 'tick && keeps_to_itself 1 minsky -C app session pr create fix --title Fix'
	test_ok 'approving it' 'tick && keeps_to_itself 1 minsky -C app session approve fix'
	test_ok 'deleting the session' 'tick && keeps_to_itself 1 minsky -C app session delete fix'
	test_ok 'looking for what hooks missed' '
		tick && MINSKY_HOOKS=0 git -C app commit -q --allow-empty -m missed &&
		keeps_to_itself 0 minsky -C app sync && told missed 1
	'

	# strace holds the hook up in the sync of its append, with the lock, until its time is over.
	hook=$TRASH/app/.git/hooks/post-commit
	test_ok 'its time over in the middle of an append, the other hook starts without the lock' '
		printf "sleep 60 >/dev/null 2>&1 &\necho \$! >\"$TRASH/sleeper\"\n" >>"$hook.minsky-prev" &&
		tick && MINSKY_HOOKS=0 git -c core.hooksPath=/dev/null -C app commit -q --allow-empty -m cut &&
		(cd app && MINSKY_HOOKS_DEADLINE=400ms GIT_DIR=.git strace -qq -o "$TRASH/trace" \
			-e trace=fdatasync,execve -e inject=fdatasync:delay_enter=1000000 "$hook") &&
		has "execve(.*minsky-prev" trace && kill -0 "$(cat sleeper)" &&
		"$driver" append "$journal" 9 1 && told cut 1 && kill "$(cat sleeper)"
	'
else
	test_skip 'processes made under the lock' 'strace is not installed, or may not trace here'
fi

test_done
