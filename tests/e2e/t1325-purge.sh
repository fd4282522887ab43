#!/bin/sh
# The trash is emptied of what was deleted long ago, of nothing else, and a purge that was killed is
# gone on with.
. "$(dirname "$0")/lib.sh"

days() { # N: later
	tick $((60 * 60 * 24 * $1))
}
deleted() { # NAME [START-OPTION]: $kept is where it is in the trash
	tick && minsky -C app session start "$1" --quiet ${2:+"$2"} >dir && ws=$(cat dir) && echo "$1" >"$ws/work" &&
		minsky -C app session delete "$1" --override "a test" --json >out 2>err &&
		kept=$trash/$(jq -r .session.sessionId out) && test -f "$kept/work"
}
purged() { # HOW...: so it is told, in order
	minsky -C app journal log --json | jq -r '.body | select(.type == "session.purged") | .data.how' |
		paste -sd' ' >told && echo "$*" >expected && cmp_files expected told
}
trash= # found with the first one in it

test_ok 'deleting says for how long it can be restored' '
	make_repo_with_origin app && minsky -C app session start first --quiet >dir && minsky -C app session delete first >out 2>err &&
	has "stays in the trash for 14d; restore it: minsky session restore first" err && trash=$(dirname "$(find "$HOME" -path "*/trash/*" -prune)") &&
	test -d "$trash"
'
test_ok 'thirteen days later it is there; fourteen days later a deletion purges it, and says so' '
	deleted old && old=$kept && days 13 && deleted other && other=$kept && test -f "$old/work" && hasnt purged err &&
	days 1 && deleted third && third=$kept && test ! -e "$old" && test -f "$other/work" && test -f "$third/work" &&
	has "purged from the trash: 2 deleted at least 14d ago" err && purged expired expired &&
	minsky -C app journal log >log && has "session.purged .* old expired$" log &&
	must_fail 3 minsky -C app session restore old 2>err && has "not in the trash" err
'
test_ok 'a dry run lists and changes nothing; nothing is old enough' '
	minsky -C app session purge >out 2>err && test ! -s out &&
	has "nothing in the trash was deleted at least 14d ago" err && find "$trash" >before &&
	minsky -C app session purge --older-than 12h --dry-run >out && has "^other  *deleted 24 h ago, $other$" out &&
	hasnt third out && minsky -C app session purge --older-than 1d --dry-run --json >out &&
	json ".schema == 2 and .outcome == \"would be purged\" and (.sessions | length) == 1 and
		.sessions[0].session == \"other\" and .sessions[0].trash == \"$other\"" out &&
	find "$trash" >after && cmp_files before after && purged expired expired
'
test_ok 'those older than that; the younger one can be restored' '
	minsky -C app session purge --older-than 1d >out && has "^other " out && test ! -e "$other" &&
	find "$trash" -mindepth 1 -maxdepth 1 >left && test "$(cat left)" = "$third" &&
	minsky -C app session restore third >out && test -f "$ws/work" && purged expired expired expired
'
test_ok 'by name, however young; of several of one name by id' '
	deleted young && minsky -C app session purge young --json >out && json ".outcome == \"purged\" and
		.sessions[0].session == \"young\"" out && test ! -e "$kept" && purged expired expired expired asked &&
	must_fail 3 minsky -C app session purge young 2>err && has "not in the trash" err &&
	deleted twin && first=$kept && deleted twin && must_fail 2 minsky -C app session purge twin 2>err &&
	has "2 deleted sessions were named .twin." err && test -f "$first/work" && test -f "$kept/work" &&
	minsky -C app session purge "$(basename "$first")" >out && test ! -e "$first" && test -f "$kept/work" &&
	must_fail 3 minsky -C app session purge nobody && minsky -C app session restore twin >out &&
	must_fail 3 minsky -C app session purge third 2>err && has "no deleted session" err && test -d "$(minsky -C app session dir third)"
'
test_ok 'bad usage' '
	must_fail 2 minsky -C app session purge --older-than 5 2>err && has "is not a duration" err &&
	must_fail 2 minsky -C app session purge x --all 2>err && must_fail 2 minsky -C app session purge x --older-than 1d &&
	must_fail 2 minsky -C app session purge --all --repo app 2>err && has "cannot be used together" err
'
test_ok 'a linked work tree: what git kept of it goes too, its branch stays' '
	deleted linked --worktree && git -C app worktree list --porcelain >list && has "^worktree $kept$" list &&
	minsky -C app session purge linked >out && test ! -e "$kept" && git -C app worktree list --porcelain >list &&
	hasnt "$kept" list && test ! -e app/.git/worktrees/linked && git -C app rev-parse -q --verify linked
'
test_ok 'files and directories that are read-only go too' '
	minsky -C app session start modules --quiet >dir && ws=$(cat dir) && mkdir -p "$ws/cache/deep" && echo x >"$ws/cache/deep/file" &&
	chmod -R a-w "$ws/cache" && minsky -C app session delete modules --override "a test" >out 2>&1 &&
	minsky -C app session purge modules >out && find "$trash" -mindepth 1 -maxdepth 1 >left && test ! -s left
'
# A purge is killed behind a step; the next one tells what was not told, and removes the rest.
interrupted() { # STEP TOLD
	deleted "at-$1" && tell=$(cat told) && mv "$kept" "$trash/.$(basename "$kept").$1" &&
		must_fail 3 minsky -C app session restore "at-$1" 2>err && has "^hint: it was purged" err &&
		minsky -C app session purge --dry-run >out && test "$(grep -c . out)" -eq "$2" &&
		minsky -C app session purge >out && test "$(grep -c . out)" -eq "$2" &&
		find "$trash" -mindepth 1 -maxdepth 1 >left && test ! -s left
}
test_ok 'killed when it was moved aside, or when it was told: gone on with' '
	purged expired expired expired asked asked asked asked && interrupted purge 1 &&
	purged expired expired expired asked asked asked asked expired && interrupted gone 0 &&
	purged expired expired expired asked asked asked asked expired &&
	deleted at-git --worktree && mv "$kept" "$trash/.$(basename "$kept").gone" && minsky -C app session purge >out &&
	test ! -e app/.git/worktrees/at-git
'
purged_sessions() {
	minsky -C app journal log --json | jq -r '.body | select(.type == "session.purged") | .session' | sort -u
}
delete_some() {
	for n in 1 2 3 4 5 6; do
		deleted "k$n" || return
	done
}
# Each run finds the same six in the trash: files are put back, directories stay, since a journal in
# another directory is a copy.
state=$HOME/state/minsky
put_back() {
	find "$state" ! -type d -delete && cp -a saved/. "$state"
}
nothing_left() {
	minsky -C app session purge --older-than 0 >out && find "$trash" -mindepth 1 -maxdepth 1 >left &&
		test ! -s left && purged_sessions >after && test "$(($(wc -l <after) - $(wc -l <before)))" -eq 6 &&
		purged_once
}
purged_once() {
	minsky -C app journal log --json | jq -r ".body | select(.type == \"session.purged\") | .session" |
		sort | uniq -d >twice && test ! -s twice
}
look_and_put_back() { # N
	[ "$1" -eq 0 ] || nothing_left || return
	put_back
}
purge_to_kill() {
	exec setsid minsky -C app session purge --older-than 0 >/dev/null 2>&1
}
test_ok 'killed anywhere: nothing is left in the end, and each is told once' '
	delete_some && purged_sessions >before && cp -a "$state" saved && kill_spread 9 look_and_put_back purge_to_kill && nothing_left &&
	minsky -C app journal verify >out && rm -rf saved
'
test_ok 'the main repository is gone: the work tree goes all the same; elsewhere, with --all' '
	make_repo_with_origin lost && minsky -C lost session start l --worktree --quiet >out &&
	minsky -C lost session delete l >out 2>&1 && rm -rf lost && deleted here && days 15 &&
	minsky -C / session purge --all >out && has "^l " out && has "^here " out &&
	find "$trash" -mindepth 1 -maxdepth 1 >left && test ! -s left && must_fail 3 minsky -C / session purge 2>err
'
test_ok 'trash.keep=0 keeps nothing' '
	minsky -C app session start brief --quiet >dir && minsky -C app session delete brief -c trash.keep=0 >out 2>err &&
	hasnt restore err && has "purged from the trash: 1 " err && find "$trash" -mindepth 1 -maxdepth 1 >left && test ! -s left
'
test_ok 'a trash that cannot be emptied is no failure of a deletion' '
	deleted stuck && mkdir "$trash/.$(basename "$kept").purge" &&
	echo x >"$trash/.$(basename "$kept").purge/in-the-way" && days 15 && minsky -C app session start next --quiet >dir &&
	minsky -C app session delete next >out 2>err && has "cannot purge the trash: " err && has "^outcome  *deleted" out &&
	rm -r "$trash/.$(basename "$kept").purge" && minsky -C app session purge >out && has "^stuck " out
'
test_done
