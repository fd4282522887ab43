#!/bin/sh
# What is there already stays as it is: names, tasks, branches, directories.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/refusals.sh"

test_ok 'a repository with a remote and a session in it' '
	make_repo_with_origin app &&
	ws=$(minsky -C app session start taken --task 12 --quiet) && sessions=${ws%/*} &&
	test -d "$ws/.git" && note_places app
'

test_ok 'a name that is taken' '
	cd app && refused 4 session start taken && has "session .taken. already" ../err &&
	has -F "$ws" ../err &&
	refused 4 session start taken --branch other --task 13 &&
	documented 4 refused session start taken --json && cd .. && nothing_left app
'
test_ok 'a task that is taken, however it is written' '
	cd app &&
	for task in 12 "#12" "task#12" "TASK#12" 012 "task#0012"; do
		refused 4 session start other --task "$task" && has "task 12 .*taken" ../err &&
		has "^hint: .*minsky session dir taken" ../err || return 1
	done &&
	refused 4 session start --task 12 &&
	documented 4 refused session start other --task 12 --json && cd .. && nothing_left app
'
test_ok 'a name that a task or a description makes' '
	cd app && minsky session start --description "The old, slow one!" --quiet >../dir &&
	test "$(basename "$(cat ../dir)")" = the-old-slow-one && note_places "$TRASH/app" &&
	refused 4 session start --description "the old slow one" &&
	minsky session start task-14 --quiet >../dir && note_places "$TRASH/app" &&
	refused 4 session start --task 14 && cd .. && nothing_left app
'
test_ok 'the same name in another repository is free, and in a repository of the same name' '
	make_repo other && minsky -C other session start taken --task 12 --quiet >dir &&
	mkdir elsewhere && make_repo elsewhere/app &&
	minsky -C elsewhere/app session start taken --task 12 --quiet >dir2 &&
	test "$(cat dir)" != "$ws" && test "$(cat dir2)" != "$ws" && test "$(cat dir2)" != "$(cat dir)" &&
	mkdir -p outside && cd outside && refused 2 session get taken && has "3 repositories" ../err &&
	has "^hint: .*--repo" ../err && documented 2 usage session dir taken --json &&
	test "$(minsky session dir taken --repo ../app)" = "$ws"
'

test_ok 'the same name in another clone of the same repository is taken' '
	git clone -q app.git clone && cd clone && refused 4 session start taken && has -F "$ws" ../err &&
	refused 4 session start other --task 12 && minsky session start cloned --quiet >../dir &&
	cd ../app && refused 4 session start cloned && cd .. &&
	test "$(git -C "$(cat dir)" config remote.minsky.url)" = "$TRASH/clone"
'

taken_branch() { # TITLE BRANCH PATTERN [BRANCH-THAT-IS-ASKED-FOR]
	asked=${4:-$2}
	pattern=$3
	test_ok "$1" '
		note_places app && git -C app for-each-ref >refs && git -C app.git for-each-ref >>refs &&
		cd app && refused 4 session start fresh --branch "$asked" && has "$pattern" ../err &&
		has "^hint: " ../err &&
		documented 4 refused session start fresh --branch "$asked" --json && cd .. &&
		nothing_left app && git -C app for-each-ref >refs.now &&
		git -C app.git for-each-ref >>refs.now && cmp_files refs refs.now
	'
}
test_ok 'branches here, and on origin as last fetched' '
	git -C app branch here && git -C app branch deep/er/one &&
	git -C app push -q origin main:there main:far/away &&
	git -C app fetch -q && git -C app branch packed && git -C app pack-refs --all
'
taken_branch 'a branch that is there already' here "branch .here. already exists"
taken_branch 'the default branch' main "branch .main. already exists"
taken_branch 'a branch that is packed' packed "branch .packed. already exists"
taken_branch 'a branch that origin has' there "branch .there. already exists on origin"
taken_branch 'a branch below one that is there' here "branch .here. exists in the main" here/below
taken_branch 'a branch below one that origin has' there "branch .there. exists on origin" there/below
taken_branch 'a branch above one that is there' deep/er/one "branch .deep/er/one. exists in the main" deep/er
taken_branch 'a branch above one that origin has' far/away "branch .far/away. exists on origin" far
taken_branch 'the branch pr' pr "PR branches .pr/"
taken_branch 'a branch of a PR' pr/fresh "PR branch of a session .fresh." pr/fresh
taken_branch 'a branch below a PR branch' pr/fresh/er "PR branch of a session" pr/fresh/er
test_ok 'the same for a session of that name' '
	note_places app && cd app &&
	refused 4 session start here && refused 4 session start there && refused 4 session start main &&
	refused 4 session start pr && has "pr/" ../err && refused 4 session start deep &&
	cd .. && nothing_left app
'
test_ok 'a name beside those is free: no prefix of a word, no other case' '
	cd app && for name in her heres ther deeper prx Main; do
		minsky session start "$name" --quiet >/dev/null || return 1
	done
'
test_ok 'a tag of that name is in nobody'\''s way' '
	git -C app tag tagged && ws2=$(minsky -C app session start tagged --quiet) &&
	test "$(git -C "$ws2" symbolic-ref HEAD)" = refs/heads/tagged
'
test_ok 'a branch pr, here, stands in the way of every session' '
	git -C app branch pr && note_places app && cd app &&
	refused 4 session start fresh && has "branch .pr. in the main repository" ../err &&
	has "^hint: rename it" ../err && documented 4 refused session start fresh --json &&
	git branch -q -D pr && cd .. && nothing_left app
'
test_ok 'a branch pr, on origin, too' '
	git -C app.git branch pr main && git -C app fetch -q && note_places app && cd app &&
	refused 4 session start fresh && has "branch .pr. on origin" ../err &&
	git -C ../app.git branch -q -D pr && git fetch -q --prune && cd .. && nothing_left app
'
test_ok 'the branch alone was in the way: now it works' '
	minsky -C app session start fresh --quiet >dir && test -d "$(cat dir)/.git"
'

occupied() { # TITLE COMMAND-THAT-MAKES-IT
	maker=$2
	test_ok "a workspace'\''s place is taken by $1: left exactly as it is" '
		mkdir -p before && place=$sessions/wanted && (cd "$sessions" && eval "$maker") &&
		find "$place" -printf "%P %y %l %i %T@\n" >there && note_places app && cd app &&
		refused 4 session start wanted && has -F "$place" ../err && has "^hint: " ../err &&
		documented 4 refused session start wanted --json && cd .. &&
		find "$place" -printf "%P %y %l %i %T@\n" >there.now && cmp_files there there.now &&
		nothing_left app && rm -rf "$place"
	'
}
occupied 'a directory with files' 'mkdir wanted && echo precious >wanted/file'
occupied 'an empty directory' 'mkdir wanted'
occupied 'a file' 'echo precious >wanted'
occupied 'a link to nowhere' 'ln -s nowhere wanted'
occupied 'a link to a directory' 'mkdir -p ../../../victim && ln -s ../../../victim wanted'
occupied 'a repository' 'git init -q wanted'
test_ok 'with the place free again it works, and nothing was written through the links' '
	minsky -C app session start wanted --quiet >dir && test "$(cat dir)" = "$sessions/wanted" &&
	test -d "$sessions/wanted/.git" && test ! -e "$sessions/nowhere" &&
	test -z "$(find "$sessions/../../../victim" -mindepth 1)"
'

test_ok 'the name of a deleted session is free again, its task too' '
	minsky -C app session delete taken >/dev/null && test ! -e "$ws" &&
	minsky -C app session start taken --task 12 --quiet >dir && test "$(cat dir)" = "$ws" &&
	cd app && refused 4 session restore taken && has "another session is named .taken." ../err &&
	minsky session get taken --json >../record && jq -e ".session.status == \"active\"" ../record
'
test_ok 'two starts of one name at once: one gets it, the other is refused' '
	for round in 1 2 3; do
		{
			minsky -C app session start "race$round" --quiet >one 2>one.err &
			first=$!
			minsky -C app session start "race$round" --quiet >two 2>two.err &
			second=$!
			wait "$first"; a=$?
			wait "$second"; b=$?
		}
		test "$((a + b))" -eq 4 && test "$((a * b))" -eq 0 &&
		test "$(cat one two | wc -l)" -eq 1 && test -d "$(cat one two)/.git" || return 1
	done &&
	minsky -C app session list --json >list &&
	jq -e "[.sessions[] | select(.session | startswith(\"race\"))] | length == 3" list &&
	minsky -C app journal verify >/dev/null
'
test_ok 'two starts for one task at once, under two names' '
	{
		minsky -C app session start left --task 77 --quiet >one 2>one.err &
		first=$!
		minsky -C app session start right --task 77 --quiet >two 2>two.err &
		second=$!
		wait "$first"; a=$?
		wait "$second"; b=$?
	} &&
	test "$((a + b))" -eq 4 && test "$((a * b))" -eq 0 && cat one.err two.err >err &&
	has "task 77 has the session" err
'
test_ok 'a start that git cannot finish is taken back, and the name is free' '
	make_repo cursed && echo "* filter=broken" >cursed/.gitattributes &&
	git -C cursed add .gitattributes && git -C cursed commit -q -m attributes &&
	git -C cursed config filter.broken.smudge false &&
	git -C cursed config filter.broken.required true && minsky -C cursed init --skip-hooks >/dev/null 2>&1 &&
	places >places && cd cursed && refused 1 session start fine && cd .. &&
	places >places.now && cmp_files places places.now &&
	minsky -C cursed journal log --json >events && has "\"type\":\"session.start_failed\"" events &&
	minsky -C cursed journal verify >/dev/null &&
	(cd cursed && refused 3 session get fine && minsky session list --json) >list &&
	jq -e ".sessions == []" list &&
	git -C cursed config filter.broken.required false &&
	git -C cursed config filter.broken.smudge cat && minsky -C cursed session start fine --quiet >dir &&
	test -d "$(cat dir)/.git"
'
test_ok 'git that cannot read an object: the start is taken back, the name is free' '
	make_repo holed && blob=$(git -C holed rev-parse HEAD:file) &&
	file=holed/.git/objects/$(echo "$blob" | cut -c 1-2)/$(echo "$blob" | cut -c 3-) &&
	mv "$file" kept && cp -R holed/.git/refs refs.before && cd holed &&
	refused 1 session start fine && cd .. && places >places.now && hasnt "/holed-.*fine" places.now &&
	hasnt "[.]tmp\$" places.now && diff -r holed/.git/refs refs.before &&
	mv kept "$file" && minsky -C holed session start fine --quiet >dir && test -d "$(cat dir)/.git"
'
test_done
