#!/bin/sh
# The process is killed at each of its system calls, and each of them fails: what was acknowledged
# is there, the journal verifies, and the next append works. The same for a JSON store.
. "$(dirname "$0")/lib.sh"
need_strace

errors=EIO
[ -z "$long" ] || errors='EIO ENOSPC EINTR EDQUOT'
roll=1500

# Between two calls that change something the disk is the same, wherever the process dies.
killing() { # CALLS
	if [ -n "$long" ]; then
		cat "$1"
	else
		grep -E '^(write|pwrite64|openat|fsync|fdatasync|ftruncate|rename.*|unlink.*|mkdir.*) ' "$1"
	fi
}

# The C library takes a failed brk for an address, and a close that strace fails has not closed.
failing() { # CALLS
	grep -v -e '^brk ' -e '^close ' "$1"
}

# start/NAME: contents of the journal j to begin with. The names of those that are damaged end in -d.
make_starts() {
	mkdir start && mkdir -m 700 j && "$driver" create j && save empty &&
		"$driver" append j 0 3 >acks.0 && save plain &&
		printf '{"origin":"00' >>"$(segment_of j)" && save torn &&
		rmdir j/torn && save torn-bare &&
		mkdir -m 700 j/torn && : >j/suspect && save suspect &&
		put_back start/plain j && rm j/head && save no-head &&
		put_back start/plain j && "$driver" append j 9 2 >acks.9 && cp start/plain/head j/head &&
		save old-head &&
		put_back start/empty j &&
		"$driver" check j && "$driver" check j && "$driver" check j && rm j/head &&
		sed -i '2s/next/text/' "$(segment_of j)" && save damaged-d
}

save() { # START
	cp -a j "start/$1"
}

begin() { # START
	put_back "start/$1" j && : >acks
}

examine() { # START
	flag=
	case $1 in *-d) flag=-d ;; esac
	older=acks.0
	case $1 in empty | *-d) older= ;; esac
	[ "$1" != old-head ] || older='acks.0 acks.9'
	# shellcheck disable=SC2086 # an option and files, or nothing
	"$driver" check $flag j $older acks
}

kill_each() { # START
	begin "$1" && calls_from "$PWD/j" "$driver" append "$PWD/j" 1 2 >all &&
		killing all >calls || return
	points=0
	while read -r name k; do
		begin "$1" || return
		strace -qq -o /dev/null -e "trace=$name" -e "inject=$name:signal=KILL:when=$k" \
			"$driver" append "$PWD/j" 1 2 >acks
		status=$?
		if [ "$status" -ne 137 ] || ! examine "$1"; then
			echo "$1: killed at $name $k: status $status"
			return 1
		fi
		points=$((points + 1))
	done <calls
	killed=$((killed + points))
	[ "$points" -gt 10 ]
}

fail_each() { # START
	begin "$1" && calls_from "$PWD/j" "$driver" append "$PWD/j" 1 2 >all &&
		failing all >calls || return
	while read -r name k; do
		for error in $errors; do
			begin "$1" || return
			strace -qq -o /dev/null -e "trace=$name" \
				-e "inject=$name:error=$error:when=$k" \
				"$driver" append "$PWD/j" 1 2 >acks 2>said
			status=$?
			# An append that failed says why.
			if [ "$status" -gt 127 ] || { [ "$status" -ne 0 ] && [ ! -s said ]; } ||
				{ [ "$status" -eq 0 ] && [ "$(wc -l <acks)" -ne 2 ]; } || ! examine "$1"; then
				echo "$1: $error at $name $k: status $status"
				cat said
				return 1
			fi
			failed=$((failed + 1))
		done
	done <calls
}

test_ok 'journals to begin with' make_starts
killed=0
failed=0
for start in empty plain torn torn-bare no-head old-head suspect damaged-d; do
	test_ok "killed at each call of an append: $start" "kill_each $start"
	test_ok "each call of an append fails: $start" "fail_each $start"
done
MINSKY_SEGMENT_SIZE=$roll
export MINSKY_SEGMENT_SIZE
for start in plain torn; do
	test_ok "killed at each call of an append that begins a segment: $start" "kill_each $start"
	test_ok "each call of an append that begins a segment fails: $start" "fail_each $start"
done
unset MINSKY_SEGMENT_SIZE
echo "# $killed kills, $failed errors" >&3

begin_store() { # COMMITS
	rm -rf store acks && mkdir store && : >acks &&
		{ [ "$1" -eq 0 ] || "$driver" store "$PWD/store/s.json" 0 "$1" >/dev/null; }
}

disturb_store() { # COMMITS KIND
	begin_store "$1" &&
		calls_from "$PWD/store" "$driver" store "$PWD/store/s.json" "$1" 2 >all || return
	case $2 in
	signal*) killing all >calls ;;
	*) failing all >calls ;;
	esac
	points=0
	while read -r name k; do
		begin_store "$1" || return
		strace -qq -o /dev/null -e "trace=$name" -e "inject=$name:$2:when=$k" \
			"$driver" store "$PWD/store/s.json" "$1" 2 >acks 2>said
		status=$?
		if { [ "$2" = signal=KILL ] && [ "$status" -ne 137 ]; } ||
			{ [ "$2" != signal=KILL ] && [ "$status" -gt 127 ] && [ "$status" -ne 255 ]; } ||
			! "$driver" check-store "$PWD/store/s.json" "$1" acks; then
			echo "$2 at $name $k: status $status"
			cat said
			return 1
		fi
		points=$((points + 1))
	done <calls
	[ "$points" -gt 10 ]
}

for commits in 0 3; do
	test_ok "a store of $commits sessions, killed at each call of a commit" \
		"disturb_store $commits signal=KILL"
	for error in $errors; do
		test_ok "a store of $commits sessions, each call of a commit: $error" \
			"disturb_store $commits error=$error"
	done
done

test_done
