#!/bin/sh
# Each system call of the hook program and of some commands fails in turn. The hook never disturbs
# git, whatever happens to it; a command says what went wrong; and when the system is sound again
# everything is there.
. "$(dirname "$0")/lib.sh"
need_strace
hook=$MINSKY_BUILD/tests/fault/minsky-hook
errors=EIO
stride=5
[ -z "$long" ] || errors='EIO ENOSPC EINTR EDQUOT' stride=1
# No error of theirs is real: the C library takes a failed brk for an address; a close that strace
# fails has not closed; a static program cannot
# start without mprotect; the others cannot fail.
unreal="^(brk|close|mprotect|rt_sigaction|rt_sigprocmask|arch_prctl|set_tid_address|getpid|getuid|geteuid|umask) "

# The workspace, the journal and the store, with one commit that no hook has told of.
set_up() {
	make_repo app &&
		(cd app && minsky session start fix --description fix --quiet >../dir) &&
		ws=$(cat dir) &&
		journal=$(sed -n "s/^journal //p" "$ws/.git/minsky/journal") &&
		tick && echo two >"$ws/file" && MINSKY_HOOKS=0 git -C "$ws" commit -q -a -m two &&
		unset MINSKY_NOW && MINSKY_HOOK_DEADLINE_MS=60000 && export MINSKY_HOOK_DEADLINE_MS &&
		cp -a "$ws/.git/minsky" saved-tie && mkdir saved-state &&
		tar -C home/state/minsky --exclude=./sessions -cf - . | tar -C saved-state -xf -
}

# File by file: another directory in the place of the journal or of the clone would be a copy.
restore() {
	find home/state/minsky -name sessions -prune -o -type f -exec rm {} + &&
		cp -a saved-state/. home/state/minsky && find "$ws/.git/minsky" -type f -delete &&
		cp -a saved-tie/. "$ws/.git/minsky"
}

# The calls that can fail, every so manyth of them.
choose() { # CALLS STRIDE
	grep -vE "$unreal" "$1" | awk -v stride="$2" 'NR % stride == 1 || stride == 1'
}

told_once() {
	(cd app && minsky journal verify >/dev/null && minsky journal log --type commit.created --json) >events
	[ "$(wc -l <events)" -eq 1 ]
}

each_call_of_the_hook() { # HOOK
	restore && (cd "$ws" && calls_from "/" "$hook" run "$1") >all &&
		choose all 1 >calls || return
	points=0
	while read -r name k; do
		for error in $errors; do
			restore || return
			(cd "$ws" && timeout 60 strace -qq -o /dev/null -e "trace=$name" \
				-e "inject=$name:error=$error:when=$k" "$hook" run "$1") >said 2>&1
			status=$?
			if [ "$status" -ne 0 ] || [ "$(wc -l <said)" -gt 1 ]; then
				echo "$1: $error at $name $k: status $status"
				cat said
				return 1
			fi
			if ! (cd "$ws" && "$hook" run "$1") || ! told_once; then
				echo "$1: $error at $name $k: the next hook does not tell"
				cat said events
				return 1
			fi
			points=$((points + 1))
		done
	done <calls
	[ "$points" -gt 10 ]
}

# A failing command says so in one error; what it prints otherwise is its business.
each_call_of() { # COMMAND...
	restore && (cd app && calls_from "$TRASH" minsky "$@") >all && choose all "$stride" >calls || return
	points=0
	while read -r name k; do
		for error in $errors; do
			restore || return
			(cd app && timeout 60 strace -qq -o /dev/null -e "trace=$name" \
				-e "inject=$name:error=$error:when=$k" minsky "$@") >said 2>err
			status=$?
			if [ "$status" -gt 6 ] || { [ "$status" -ne 0 ] && [ ! -s err ]; }; then
				echo "$*: $error at $name $k: status $status"
				cat said err
				return 1
			fi
			if ! (cd app && minsky session list >../list) || ! has "^fix " list ||
				! (cd "$ws" && "$hook" run post-commit) || ! told_once; then
				echo "$*: $error at $name $k: afterwards it is not whole"
				cat events
				return 1
			fi
			points=$((points + 1))
		done
	done <calls
	[ "$points" -gt 10 ]
}

test_ok 'a session, and a commit that nobody has told of' set_up
for name in post-commit post-rewrite; do
	test_ok "each call of the hook fails: $name" "each_call_of_the_hook $name"
done
test_ok 'each call of session list fails' 'each_call_of session list'
test_ok 'each call of journal verify fails' 'each_call_of journal verify'
test_ok 'each call of session get fails' 'each_call_of session get fix'

test_done
