#!/bin/sh
# What decides where minsky looks: files of a repository do not, and nothing does that others can write.
. "$(dirname "$0")/lib.sh"

state=$HOME/state/minsky config=$HOME/config/minsky/config.yaml

# The command is refused, for this reason, and what the hint says to type puts it right.
refused() { # REASON COMMAND...
	reason=$1
	shift
	must_fail 4 "$@" >out 2>err && has "$reason" err || return
	command=$(sed -n 's/.*run: //p' err) && test -n "$command" && eval "$command" && "$@" >out 2>err
}

test_ok 'setup' '
	make_repo app && minsky -C app init --skip-hooks && minsky -C app session start one >/dev/null &&
	journal=$(echo "$state"/journal/*) && mkdir -p "$(dirname "$config")" && echo "session: {}" >"$config" &&
	chmod 600 "$config" && minsky -C app session list >out && has "^one" out
'
test_ok 'a tracked pointer to a tracked journal is a file like any other' '
	mkdir -p app/docs/minsky app/docs/j && cp -r "$journal"/. app/docs/j &&
	sed "s|^journal .*|journal /proc/self/cwd/j|" app/.git/minsky/journal >app/docs/minsky/journal &&
	(cd app/docs && minsky session list) >out && has "^one" out &&
	(cd app/docs && minsky journal stats --json) >out && ! grep -q "/docs/j" out
'
test_ok 'so it is in what looks like a bare repository, with the true journal in it' '
	git init -q --bare app/docs/bare && mkdir app/docs/bare/minsky && cp app/.git/minsky/journal app/docs/bare/minsky &&
	git -C app/docs/bare config core.bare false && git -C app/docs/bare config core.worktree .. &&
	git -C app/docs/bare config core.fsmonitor "touch $TRASH/PWNED; false" &&
	for command in "session list" "session start two" "init" "sync" "status" "doctor" "hooks status"; do
		(cd app/docs/bare && must_fail 4 minsky $command >out 2>err) && has "bare repository" app/docs/bare/err ||
			return 1
	done && test ! -e "$TRASH/PWNED"
'
test_ok 'a pointer to a journal that is somewhere else is refused' '
	cp app/.git/minsky/journal kept && cp -r "$journal" elsewhere && chmod 700 elsewhere &&
	sed "s|^journal .*|journal $TRASH/elsewhere|" kept >app/.git/minsky/journal &&
	must_fail 4 minsky -C app session list 2>err && has "not below" err && cp kept app/.git/minsky/journal &&
	minsky -C app session list >out
'
test_ok 'a clone that the journal does not know is refused' '
	sed "s|^clone .*|clone 00000000000000000000000000000abc|" kept >app/.git/minsky/journal &&
	must_fail 4 minsky -C app session list 2>err && has "does not list" err && cp kept app/.git/minsky/journal &&
	minsky -C app session list >out
'
test_ok 'what others can write is not believed: configuration, state, and their parents' '
	for place in "$config" "$(dirname "$config")" "$state" "$journal"; do
		chmod o+w "$place" && refused "write\|writable" minsky -C app session list || return 1
	done
'
if test "$(id -u)" -eq 0; then
	test_ok 'nor what belongs to another user' '
		printf "session:\n  setup: touch %s/PWNED\n" "$TRASH" >"$config" && chown 6666 "$config" &&
		must_fail 4 minsky -C app session start bad 2>err && has "another user" err &&
		test ! -e "$TRASH/PWNED" && chown 0 "$config" && echo "session: {}" >"$config" &&
		chown 6666 "$state" && must_fail 4 minsky -C app session list 2>err && chown 0 "$state"
	'
fi
test_ok 'hooks are not put where others can write' '
	mkdir -p app/.git/hooks && chmod o+w app/.git/hooks && must_fail 4 minsky -C app hooks install 2>err &&
	has "chmod go-w" err && chmod o-w app/.git/hooks && minsky -C app hooks install
'
test_done
