#!/bin/sh
# Each event of git is lost in turn, and repaired: what the reflogs still know is told again, once, and
# nothing else is told; records come out as they were.
. "$(dirname "$0")/lib.sh"
journal= # its directory
one= # a workspace
segment=

# Git events as sorted lines: what, in which clone, on or to which branch, from, to, of whose session, when.
told() {
	minsky -C app journal log --json | jq -r 'select(.body.src) | .body |
		[.type, .src.clone, .data.branch // .data.to // "-", .src.old, .src.new, .session // "-", .at] | join(" ")' | sort
}
records() {
	minsky -C app session get one --json | jq -Sc ".session | del(.derived)" &&
		minsky -C app session get two --json | jq -Sc ".session | del(.derived)"
}
save() {
	mkdir saved && tar -C "$HOME/state/minsky" --exclude=./sessions -cf - . | tar -C saved -xf -
}
# File by file: another directory in the place of the journal would be a copy.
restore() {
	find "$HOME/state/minsky" -name sessions -prune -o -type f -exec rm -f {} + &&
		cp -a saved/. "$HOME/state/minsky"
}
commit() { # DIRECTORY NAME
	tick && echo "$2" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "add $2"
}
in_one() { # GIT-ARGUMENT...
	tick && git -C "$one" "$@"
}

test_ok 'setup: a clone and a linked work tree in which much happens' '
	make_repo_with_origin app && commit app old && minsky -C app hooks install >out &&
	one=$(minsky -C app session start one --quiet) && commit "$one" a && commit "$one" b &&
	in_one commit -q --amend -m better && in_one switch -q -c side && commit "$one" c &&
	in_one switch -q one && commit "$one" d && in_one merge -q --no-edit side &&
	in_one reset -q --hard HEAD~1 && in_one rebase -q side && in_one branch -m side aside &&
	in_one switch -q --detach && commit "$one" loose && in_one switch -q one && commit "$one" e &&
	two=$(minsky -C app session start two --worktree --quiet) && commit "$two" f && commit app g &&
	in_one switch -q -c gone && in_one switch -q one && in_one branch -q -D gone && commit "$one" h &&
	minsky -C app sync >out && told >before && test "$(wc -l <before)" -gt 15 && sort -u before >once &&
	cmp_files once before && records >standing &&
	journal=$(echo "$HOME"/state/minsky/journal/*) && segment=$(echo "$journal"/*.log) && save
'

# What is told afterwards was told before; what is missing is counted.
one_lost() { # LINE
	restore && sed -i "$1s/\"body\":{\"type\":\"/&X/" "$segment" &&
		minsky -C app journal repair --json >repaired && jq -e ".lost == 1" repaired >out || return
	told >after
	if ! minsky -C app journal verify >out || [ -n "$(comm -13 before after)" ]; then
		echo "record $1: told, but not before:"
		comm -13 before after
		return 1
	fi
	comm -23 before after >missing
	if [ -s missing ]; then
		cat missing >>never
	else
		records >now && cmp_files standing now || return
	fi
}
each_lost() {
	: >never
	test -s "$segment" && lines=$(grep -n "\"src\":{" "$segment" | cut -d: -f1)
	for line in $lines; do
		one_lost "$line" || return
	done
}
test_ok 'each of them lost: told again, once, as it was' each_lost
test_ok 'only what no log says any more stays lost: a branch that is gone, a name that was given up' '
	cut -d" " -f1,3 never | sort >actual && printf "%s\n" "branch.created gone" "branch.deleted gone" \
		"branch.renamed aside" >expected && cmp_files expected actual
'
test_ok 'what was redacted does not come back' '
	restore && last=$(minsky -C app journal log --type commit.created --json | tail -n 1 | jq .seq) &&
	minsky -C app journal redact "$last" --reason secret --yes >out && told >blank &&
	line=$(grep -n "\"src\":{" "$segment" | head -n 1 | cut -d: -f1) &&
	sed -i "${line}s/\"body\":{\"type\":\"/&X/" "$segment" &&
	minsky -C app journal repair --json >out && jq -e ".lost == 1 and .retold == 0" out &&
	told >after && test "$(comm -13 blank after | wc -l)" -eq 0
'
test_done
