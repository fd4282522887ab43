#!/bin/sh
# shellcheck disable=SC2086,SC2094,SC2154
# Commands that make, move, delete or bring back a workspace, each killed, interrupted, or refused by
# a full or failing disk at one system call after the other. One more command, and nothing is half
# made or lost; the same command can be given again, or has been finished.
. "$(dirname "$0")/lib.sh"
need_strace
calls=rename,renameat2,unlink,unlinkat,mkdir,write,pwrite64,fsync,fdatasync
ways='KILL INT ENOSPC'
stride=7
[ -z "$long" ] || stride=1 ways='KILL INT TERM ENOSPC EIO'
MINSKY_HOOKS_DEADLINE=20s
export MINSKY_HOOKS_DEADLINE

cut() { # WAY K COMMAND...
	way=$1 at=$2
	shift 2
	case $way in
	KILL | INT | TERM) way=signal=$way ;;
	*) way=error=$way ;;
	esac
	timeout 60 strace -qq -o "$TRASH/trace" -e "trace=$calls" -e "inject=$calls:$way:when=$at" "$@" \
		>"$TRASH/said" 2>&1 </dev/null
}
count() { # COMMAND...: its calls
	strace -qq -o "$TRASH/trace" -e "trace=$calls" "$@" >"$TRASH/said" 2>&1 </dev/null || return
	n=$(grep -c '^[a-z_0-9]*(' "$TRASH/trace")
}
in_place() { # NAME: one session, whose workspace is where the record says, with its work in it
	minsky -C app session get "$1" --json >record 2>>said &&
		ws=$(jq -r .session.workspace record) && test "$(cat "$ws/precious")" = "$2" &&
		git -C "$ws" status --porcelain >tree.status && has precious tree.status
}
nothing_left() {
	ls -A home/state/minsky/sessions/*/ >left && hasnt '[.]tmp' left &&
		git -C app worktree list --porcelain >trees && hasnt '^prunable' trees &&
		minsky -C app journal verify >out
}
names=0
fresh() { # OPTION: $name, with work in it
	names=$((names + 1)) && name=s$names &&
		ws=$(minsky -C app session start $name $1 --quiet) && echo $names >"$ws/precious"
}

restore_again() { # OPTION WAY K
	fresh $1 && minsky -C app session delete $name --override test >out 2>&1 || return
	cut $2 $3 minsky -C app session restore $name
	minsky -C app sync >out 2>&1
	minsky -C app session restore $name >out 2>&1 && in_place $name $names
}
rename_again() { # OPTION WAY K
	fresh $1 || return
	cut $2 $3 minsky -C app session rename $name new$name --move
	minsky -C app sync >out 2>&1
	if minsky -C app session get $name >out 2>&1; then
		minsky -C app session rename $name new$name --move >out 2>&1 || return
	fi
	in_place new$name $names && test "$(basename "$ws")" = new$name
}
delete_again() { # OPTION WAY K
	fresh $1 || return
	cut $2 $3 minsky -C app session delete $name --override test
	minsky -C app sync >out 2>&1
	if minsky -C app session get $name >out 2>&1; then
		minsky -C app session delete $name --override test >out 2>&1 || return
	fi
	minsky -C app session restore $name >out 2>&1 && in_place $name $names
}
start_again() { # OPTION WAY K
	names=$((names + 1)) && name=s$names
	cut $2 $3 minsky -C app session start $name $1 --quiet
	minsky -C app sync >out 2>&1
	minsky -C app session get $name >out 2>&1 || minsky -C app session start $name $1 --quiet >out 2>&1 ||
		return
	ws=$(minsky -C app session dir $name) && echo $names >"$ws/precious" && in_place $name $names
}
adopt_again() { # OPTION WAY K
	names=$((names + 1)) && name=s$names
	git -C app branch $name
	cut $2 $3 minsky -C app session adopt $name $1
	minsky -C app sync >out 2>&1
	minsky -C app session get $name >out 2>&1 || minsky -C app session adopt $name $1 >out 2>&1 || return
	ws=$(minsky -C app session dir $name) && echo $names >"$ws/precious" && in_place $name $names
}
each_call() { # VERB OPTION COMMAND...: as often as the command makes calls
	verb=$1 option=$2 points=0
	shift 2
	fresh $option && { [ "$verb" != restore ] || minsky -C app session delete $name --override x >out 2>&1; } &&
		case $verb in
		restore) count minsky -C app session restore $name ;;
		rename) count minsky -C app session rename $name other --move ;;
		delete) count minsky -C app session delete $name --override test ;;
		adopt) git -C app branch adopted$option && count minsky -C app session adopt adopted$option $option ;;
		start) count minsky -C app session start extra$option $option --quiet ;;
		esac || return
	[ "$verb" != rename ] || minsky -C app session rename other $name --move >out 2>&1
	test "$n" -gt 3 || return
	for way in $ways; do
		k=1
		while [ $k -le "$n" ]; do
			"${verb}_again" "$option" $way $k || {
				echo "$verb $option: $way at call $k: session $name"
				cat said out
				return 1
			}
			points=$((points + 1)) k=$((k + stride))
		done
	done
	nothing_left && echo "# $verb $option: $points points" >&3
}

test_ok 'the world' 'make_repo_with_origin app && minsky -C app init --skip-hooks >/dev/null'
for option in --quiet --worktree; do
	for verb in restore rename delete start; do
		test_ok "$verb $option: cut off at its system calls" "each_call $verb $option"
	done
done
test_ok 'adopt --worktree: cut off at its system calls' 'each_call adopt --worktree'
test_done
