#!/bin/sh
# Deleting a session never loses work: each reason against it, the override, the way back.
. "$(dirname "$0")/lib.sh"

start() { # NAME
	minsky -C app session start "$1" --quiet >dir && ws=$(cat dir)
}

commit_in() { # DIR FILE TEXT
	tick && echo "$3" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "$3"
}

# Every file of a directory with its mode, size and checksum, below .git too.
bytes_of() { # DIR
	(cd "$1" && find . -type f -printf '%p %m\n' | sort && find . -type f -print0 | sort -z |
		xargs -0 cksum && find . -type l -printf '%p -> %l\n' | sort)
}

# Deleting is refused for exactly this reason, in text and in JSON, and nothing happens.
refused_for() { # SESSION CATEGORY PATTERN
	bytes_of "$ws" | grep -v ' ./.git/minsky/' >before
	must_fail 4 minsky -C app session delete "$1" >out 2>err || return 1
	test ! -s out &&
		has "^minsky: deleting session '$1' could lose work$" err &&
		has "^  $2: .*$3" err &&
		has "^hint: .*--override" err &&
		test "$(grep -c '^  ' err)" -eq 1 &&
		must_fail 4 minsky -C app session delete "$1" --json >out &&
		json ".category == \"refused\" and .code == 4 and .schema == 2" out &&
		json ".reasons | length == 1 and .[0].category == \"$2\"" out &&
		must_fail 4 minsky -C app session delete "$1" --dry-run 2>/dev/null &&
		bytes_of "$ws" | grep -v ' ./.git/minsky/' >after &&
		cmp_files before after &&
		minsky -C app session get "$1" --json >record &&
		json '.session.status != "deleted"' record
}

deletes() { # SESSION
	minsky -C app session delete "$1" --dry-run --json >out &&
		json '.outcome == "would be deleted"' out && test -d "$ws" &&
		minsky -C app session delete "$1" --json >out &&
		json '.outcome == "deleted" and .session.status == "deleted"' out &&
		test ! -e "$ws"
}

test_ok 'nothing done: it goes' '
	make_repo_with_origin app && start idle && deletes idle
'
test_ok 'an unknown name, no name, an override without a reason' '
	must_fail 3 minsky -C app session delete nobody 2>err && has "no session .nobody." err &&
	must_fail 2 minsky -C app session delete 2>err && has "requires NAME" err &&
	must_fail 2 minsky -C app session delete idle --override "" 2>err && has "requires a reason" err &&
	must_fail 2 minsky -C app session delete idle --override 2>err
'
test_ok 'uncommitted: a changed file' '
	start changed && echo mine >"$ws/file" && refused_for changed uncommitted file &&
	git -C "$ws" checkout -q file && deletes changed
'
test_ok 'uncommitted: a staged file, a deleted one' '
	start staged && echo mine >"$ws/new" && git -C "$ws" add new &&
	refused_for staged uncommitted new && git -C "$ws" rm -q --cached new && rm "$ws/new" &&
	rm "$ws/file" && refused_for staged uncommitted file
'
test_ok 'untracked: a file, however deep and whatever the settings hide' '
	start untracked && mkdir -p "$ws/a/b" && echo mine >"$ws/a/b/c" &&
	refused_for untracked untracked a/b/c &&
	git -C "$ws" config status.showUntrackedFiles no && refused_for untracked untracked a/b/c
'
test_ok 'hidden: a file that git was told to ignore' '
	start hidden && git -C "$ws" update-index --assume-unchanged file && echo mine >"$ws/file" &&
	refused_for hidden hidden file
'
test_ok 'stashed' '
	start stashed && echo mine >"$ws/file" && git -C "$ws" stash -q &&
	refused_for stashed stashed "1 stash entry" && git -C "$ws" stash drop -q && deletes stashed
'
test_ok 'unpushed: a commit on another branch' '
	start side && git -C "$ws" switch -q -c aside && commit_in "$ws" file side &&
	git -C "$ws" switch -q side && refused_for side unpushed aside
'
test_ok 'unpushed: a commit on a detached HEAD' '
	start detached && git -C "$ws" switch -q --detach && commit_in "$ws" file two &&
	refused_for detached unpushed HEAD
'
test_ok 'unmerged: a commit that is pushed, but not in the base' '
	start unmerged && commit_in "$ws" file two && git -C "$ws" push -q origin unmerged &&
	refused_for unmerged unmerged "work that is not in .main."
'
test_ok 'merged elsewhere and fetched: it goes' '
	git clone -q app.git elsewhere && git -C elsewhere merge -q --no-ff origin/unmerged 2>/dev/null &&
	git -C elsewhere push -q origin main && git -C app fetch -q origin && deletes unmerged
'
test_ok 'a commit that is neither pushed nor merged has both reasons' '
	start both && commit_in "$ws" more more &&
	must_fail 4 minsky -C app session delete both --json >out &&
	json "[.reasons[].category] | sort == [\"unmerged\", \"unpushed\"]" out
'
test_ok 'an operation in progress: a rebase' '
	start rebasing && must_fail 1 git -C "$ws" rebase -q --force-rebase -x false --root 2>/dev/null &&
	test -d "$ws/.git/rebase-merge" && must_fail 4 minsky -C app session delete rebasing --json >out &&
	json "[.reasons[].category] | index(\"in-progress\") != null" out &&
	git -C "$ws" rebase --abort
'
test_ok 'an operation in progress alone: a bisection' '
	start bisecting && git -C "$ws" bisect start >/dev/null &&
	refused_for bisecting in-progress "a bisection"
'
test_ok 'another work tree hangs on it' '
	start hanging && git -C "$ws" worktree add -q --detach "$TRASH/hung" &&
	refused_for hanging worktree hung
'
works_in() { # PID DIR
	test "$(readlink "/proc/$1/cwd")" = "$2"
}
test_ok 'a process inside' '
	start busy && mkdir "$ws/.git/deep" && {
		(cd "$ws/.git/deep" && exec sleep 60) &
		inside=$!
	} && wait_for works_in "$inside" "$ws/.git/deep" &&
	refused_for busy in-use "process $inside runs in" &&
	kill "$inside" && { wait "$inside" 2>/dev/null || :; } &&
	deletes busy
'
test_ok 'we ourselves inside' '
	start ours && mkdir "$ws/sub" &&
	must_fail 4 minsky -C "$ws/sub" session delete ours 2>err &&
	has "the current directory is inside the workspace of .ours." err && has "^hint: change to another directory" err &&
	must_fail 4 minsky -C "$ws" session delete ours --override "I mean it" 2>err &&
	has "current directory is inside" err && test -d "$ws"
'
test_ok 'ignored files are no reason' '
	start ignoring && echo "*.o" >"$ws/.git/info/exclude" && echo x >"$ws/x.o" && deletes ignoring
'

broken() { # SESSION
	must_fail 4 minsky -C app session delete "$1" --json >out 2>err &&
		json '.category == "refused"' out &&
		json '[.reasons[].category] | index("git-error") != null' out &&
		test -d "$ws" &&
		minsky -C app session delete "$1" --override 'broken anyway' --json >out 2>err &&
		json '.outcome == "deleted"' out && test ! -e "$ws"
}

test_ok 'a broken git repository: an index that cannot be read' '
	start index && echo garbage >"$ws/.git/index" && broken index
'
test_ok 'a broken git repository: no HEAD' '
	start headless && rm "$ws/.git/HEAD" &&
	minsky -C app session get headless --json >out 2>err && json ".session.status == \"active\"" out &&
	has "cannot read what git did" err && minsky -C app sync >/dev/null 2>&1 && broken headless
'
test_ok 'a broken git repository: HEAD is garbage' '
	start garbage && echo garbage >"$ws/.git/HEAD" && broken garbage
'
test_ok 'a broken git repository: no .git at all' '
	start naked && rm -rf "$ws/.git" && broken naked
'
test_ok 'a broken git repository: the branch points at a commit that is not there' '
	start hollow && echo 1111111111111111111111111111111111111111 >"$ws/.git/refs/heads/hollow" &&
	broken hollow
'
test_ok 'a broken git repository: a configuration that does not parse' '
	start config && echo "[core" >>"$ws/.git/config" && broken config
'
test_ok 'a broken git repository: the main repository is gone' '
	make_repo solo && minsky -C solo session start work --quiet >dir && ws=$(cat dir) &&
	commit_in "$ws" file two && mv solo solo.away && mkdir outside && cd outside &&
	must_fail 4 minsky session delete work --json >../out && cd .. &&
	json "[.reasons[].category] | length > 0" out && test -d "$ws" && mv solo.away solo
'
test_ok '--override moves it to the trash and journals who said what' '
	start keep && commit_in "$ws" file committed && echo "untracked bytes" >"$ws/untracked" &&
	printf "a\0b" >"$ws/binary" && echo stashed >"$ws/file" && git -C "$ws" stash -q &&
	echo changed >"$ws/file" && echo staged >"$ws/staged" && git -C "$ws" add staged &&
	chmod 750 "$ws/untracked" && ln -s nowhere "$ws/link" && echo "*.o" >"$ws/.git/info/exclude" &&
	echo o >"$ws/x.o" && git -C "$ws" status --porcelain >status && bytes_of "$ws" >before &&
	must_fail 4 minsky -C app session delete keep --json >out &&
	json "[.reasons[].category] | sort | unique ==
		[\"stashed\", \"uncommitted\", \"unmerged\", \"unpushed\", \"untracked\"]" out &&
	minsky -C app session delete keep --override "the task was dropped" --json >out 2>err &&
	json ".outcome == \"deleted\"" out && has "in the trash" err && test ! -e "$ws" &&
	minsky -C app session log keep --type override.used --json >used &&
	test "$(wc -l <used)" -eq 1 &&
	json ".body.data.reason == \"the task was dropped\" and .body.actor.user == \"ana\"" used &&
	must_fail 3 minsky -C app session get keep 2>/dev/null
'
test_ok 'a dry run says what would stand against it, and the override is no way around saying so' '
	must_fail 3 minsky -C app session delete keep --dry-run 2>/dev/null &&
	minsky -C app session list --deleted --json >out &&
	json "[.sessions[] | select(.session == \"keep\")] | length == 1" out
'
test_ok 'restore brings everything back byte for byte' '
	minsky -C app session restore keep --json >out && json ".outcome == \"restored\"" out &&
	bytes_of "$ws" >after && cmp_files before after &&
	git -C "$ws" status --porcelain >again && cmp_files status again &&
	test "$(cat "$ws/untracked")" = "untracked bytes" &&
	test "$(git -C "$ws" show stash@{0}:file)" = stashed &&
	minsky -C app session get keep --json >record &&
	json ".session.status == \"active\" and .session.derived.health == \"ok\"" record &&
	commit_in "$ws" after after && minsky -C app session log keep --type commit.created >log &&
	test "$(wc -l <log)" -eq 2
'
test_ok 'restoring what was never deleted, or is not there; what was restored, again' '
	start never && must_fail 3 minsky -C app session restore never 2>err && has "no deleted session" err &&
	minsky -C app session restore keep >out 2>err && has ".keep. was restored already" err &&
	must_fail 3 minsky -C app session restore nobody 2>err && has "no deleted session" err
'
test_ok 'a name that was taken meanwhile: restore refuses, nothing moves' '
	start twice && minsky -C app session delete twice >/dev/null 2>&1 && start twice &&
	must_fail 4 minsky -C app session restore twice 2>err &&
	has "another session is named .twice. now" err && test -d "$ws" &&
	deletes twice && minsky -C app session restore twice >/dev/null && test -d "$ws/.git"
'
test_ok 'a task that was taken meanwhile: the same' '
	minsky -C app session start tasked --task 5 --quiet >/dev/null &&
	minsky -C app session delete tasked >/dev/null 2>&1 &&
	minsky -C app session start other-tasked --task 5 --quiet >/dev/null &&
	must_fail 4 minsky -C app session restore tasked 2>err &&
	has "task 5 has the session .other-tasked. now" err &&
	minsky -C app session delete 5 >/dev/null 2>&1 && minsky -C app session restore tasked >/dev/null
'
test_ok 'an override that nothing stood against is none' '
	start calm && minsky -C app session delete calm --override "just so" >/dev/null 2>&1 &&
	minsky -C app session log calm >log && has session.deleted log && hasnt override.used log
'
far=$(mktemp -d /dev/shm/minsky-test.XXXXXX 2>/dev/null) || far=
if [ -n "$far" ] && [ "$(stat -c %d "$far")" != "$(stat -c %d "$TRASH")" ]; then
	test_ok 'workspaces on another file system go to a trash of their own there' '
		minsky -C app session start far --quiet -c "session.workspaceRoot=$far" >dir && ws=$(cat dir) &&
		echo mine >"$ws/mine" && minsky -C app session delete far --override test --json >out 2>/dev/null &&
		json ".outcome == \"deleted\"" out && test ! -e "$ws" &&
		test "$(find "$far" -name mine)" != "" &&
		minsky -C app session restore far >/dev/null && test "$(cat "$ws/mine")" = mine
	'
else
	test_skip 'workspaces on another file system' '/dev/shm is none'
fi
[ -z "$far" ] || rm -rf "$far"
test_ok 'the workspace directory was taken meanwhile: restore refuses, nothing moves' '
	start place && deletes place && mkdir "$ws" && echo foreign >"$ws/file" &&
	must_fail 4 minsky -C app session restore place 2>err && test "$(cat "$ws/file")" = foreign &&
	rm -r "$ws" && minsky -C app session restore place >/dev/null && test -d "$ws/.git"
'
test_ok 'a merged session goes; so does its prepared merge' '
	start merged && commit_in "$ws" merged x &&
	minsky -C app session pr create merged --title M >/dev/null 2>&1 &&
	minsky -C app session approve merged >/dev/null 2>&1 && deletes merged
'
test_ok 'an open PR is work that is not merged' '
	start open && commit_in "$ws" open x &&
	minsky -C app session pr create open --title O >/dev/null 2>&1 &&
	must_fail 4 minsky -C app session delete open --json >out &&
	json "[.reasons[].category] | index(\"unmerged\") != null" out
'
test_ok 'a workspace removed by hand: list says lost, delete works' '
	start byhand && rm -rf "$ws" && minsky -C app session list >list &&
	has "^byhand  *active (lost)" list &&
	minsky -C app session get byhand --json >record && json ".session.derived.health == \"lost\"" record &&
	minsky -C app session dir byhand >where 2>err && has "directory of the workspace does not exist" err &&
	minsky -C app session delete byhand --json >out 2>err &&
	json ".outcome == \"deleted\"" out && has "the workspace did not exist any more" err &&
	minsky -C app session list >list && hasnt byhand list &&
	must_fail 3 minsky -C app session restore byhand 2>err && has "not in the trash" err
'
test_ok 'another directory in its place is not taken for it' '
	start replaced && mv "$ws" "$ws.real" && mkdir "$ws" && echo foreign >"$ws/file" &&
	must_fail 4 minsky -C app session delete replaced 2>err && has "git-error" err &&
	test "$(cat "$ws/file")" = foreign
'
test_ok 'a link in its place goes to the trash alone, and comes back' '
	rm -r "$ws" && ln -s "$ws.real" "$ws" && bytes_of "$ws.real" >before &&
	minsky -C app session delete replaced --json >out 2>err && must_fail 1 test -L "$ws" &&
	bytes_of "$ws.real" >after && cmp_files before after &&
	minsky -C app session restore replaced >/dev/null && test -L "$ws" &&
	test "$(git -C "$ws" branch --show-current)" = replaced
'
test_ok 'deleting from the main repository, from a sibling, from outside' '
	start one && start two && minsky -C "$ws" session delete one >/dev/null 2>&1 &&
	mkdir -p out-side && minsky -C out-side session delete two >/dev/null 2>&1 && test ! -e "$ws"
'
test_ok 'the journal verifies' '
	minsky -C app journal verify >verify && has ": good$" verify
'
test_done
