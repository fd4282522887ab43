#!/bin/sh
# prState follows what is done to pr/<session> with plain git, in the workspace or in the main
# repository: minsky is told nothing.
. "$(dirname "$0")/lib.sh"

# Facts of the PR of the session $s as "exists merged method head", '-' for what is not there.
state() { # EXISTS MERGED METHOD HEAD
	minsky -C "$repo" session get "$s" --json >record &&
		jq -r '.session.prState // {} | [.exists // false, .mergedAt != null,
			.mergeMethod // "-", .head // "-"] | map(tostring) | join(" ")' record >actual &&
		echo "$*" >expected &&
		cmp_files expected actual
}

start() { # REPOSITORY NAME
	repo=$1
	s=$2
	minsky -C "$repo" session start "$s" --quiet >dir && ws=$(cat dir)
}

commit() { # DIRECTORY FILE
	tick && echo "$2 $test_clock" >"$1/$2" && git -C "$1" add "$2" &&
		git -C "$1" commit -q -m "change $2"
}

tip() { # DIRECTORY REV
	git -C "$1" rev-parse "$2"
}

test_ok 'a PR branch made, moved and deleted in the workspace' '
	make_repo_with_origin app && start app one && state false false - - &&
	commit "$ws" a && git -C "$ws" branch pr/one &&
	state true false - "$(tip "$ws" one)" &&
	commit "$ws" b && git -C "$ws" branch -f pr/one &&
	state true false - "$(tip "$ws" one)" &&
	git -C "$ws" branch -D pr/one >/dev/null &&
	state false false - "$(tip "$ws" one)"
'
test_ok 'made again after that, it is there again' '
	commit "$ws" c && git -C "$ws" branch pr/one &&
	state true false - "$(tip "$ws" one)"
'
test_ok 'merged by fast-forward in the workspace' '
	git -C "$ws" switch -q main && git -C "$ws" merge -q pr/one &&
	state true true ff "$(tip "$ws" one)" &&
	git -C "$ws" branch -D pr/one >/dev/null &&
	state false true ff "$(tip "$ws" one)"
'
test_ok 'merged with a merge commit in the workspace, branch deleted before anybody looked' '
	start app two && commit "$ws" d && git -C "$ws" branch pr/two &&
	state true false - "$(tip "$ws" two)" &&
	git -C "$ws" switch -q main && tick &&
	git -C "$ws" merge -q --no-ff -m "merge two" pr/two &&
	git -C "$ws" branch -D pr/two >/dev/null &&
	state false true merge "$(tip "$ws" two)" &&
	test "$(jq -r .session.prState.mergeCommit record)" = "$(tip "$ws" main)"
'
test_ok 'made, moved and deleted in the main repository' '
	start app three && commit "$ws" e &&
	git -C app fetch -q "$ws" three:pr/three &&
	state true false - "$(tip "$ws" three)" &&
	commit "$ws" f && git -C app fetch -q "$ws" +three:pr/three &&
	state true false - "$(tip "$ws" three)" &&
	git -C app branch -D pr/three >/dev/null &&
	state false false - "$(tip "$ws" three)"
'
test_ok 'merged by fast-forward in the main repository, then deleted' '
	git -C app fetch -q "$ws" three:pr/three && git -C app merge -q pr/three &&
	state true true ff "$(tip "$ws" three)" &&
	git -C app branch -d pr/three >/dev/null &&
	state false true ff "$(tip "$ws" three)"
'
test_ok 'pushed by pr create, merged on the remote by somebody else, seen by fetch' '
	start app four && commit "$ws" g &&
	minsky -C app session pr create four --title "Four" >/dev/null &&
	head=$(tip app.git pr/four) && state true false - "$head" &&
	git clone -q app.git other && git -C other merge -q --no-ff -m four origin/pr/four &&
	git -C other push -q origin main && git -C other push -q origin --delete pr/four &&
	state true false - "$head" &&
	git -C app fetch -q && state true true merge "$head" &&
	git -C app fetch -q --prune && state false true merge "$head"
'
test_ok 'the same, and it is fetched in the workspace' '
	start app five && commit "$ws" h && minsky -C app session pr create five --title "Five" >/dev/null &&
	head=$(tip app.git pr/five) &&
	git -C other pull -q && git -C other fetch -q && git -C other merge -q origin/pr/five &&
	git -C other push -q origin main :pr/five &&
	git -C "$ws" fetch -q --prune && state false true ff "$head"
'
test_ok 'without a remote: pr create, merged by hand in the main repository, deleted there' '
	make_repo solo && start solo six && commit "$ws" i &&
	minsky -C solo session pr create six --title "Six" >/dev/null &&
	head=$(tip solo pr/six) && state true false - "$head" &&
	git -C solo merge -q pr/six && git -C solo branch -d pr/six >/dev/null &&
	state false true ff "$head"
'
test_ok 'deleted without being merged: gone, and the session goes on' '
	start solo seven && commit "$ws" j &&
	minsky -C solo session pr create seven --title "Seven" >/dev/null &&
	head=$(tip solo pr/seven) &&
	git -C solo branch -D pr/seven >/dev/null && state false false - "$head" &&
	jq -e ".session.status == \"active\"" record >/dev/null &&
	minsky -C solo session pr create seven >/dev/null &&
	state true false - "$(tip solo pr/seven)"
'
test_ok 'a second PR after the first was merged has its own history' '
	minsky -C solo session approve seven >/dev/null &&
	state false true ff "$(tip solo main)" &&
	first=$(tip solo main) && commit "$ws" k &&
	minsky -C solo session pr create seven --title "Seven again" >/dev/null &&
	state true false - "$(tip solo pr/seven)" &&
	test "$(jq -r ".session.prHistory | length" record)" = 1 &&
	test "$(jq -r ".session.prHistory[0].head" record)" = "$first"
'
test_ok 'a PR that adds nothing is never called merged' '
	start solo eight && git -C "$ws" branch pr/eight &&
	state true false - "$(tip solo main)"
'
test_ok 'a PR branch that was moved by hand to other work is not overwritten' '
	start solo ten && commit "$ws" n && minsky -C solo session pr create ten --title "Ten" >/dev/null &&
	git -C solo switch -q pr/ten && commit solo theirs && git -C solo switch -q main &&
	theirs=$(tip solo pr/ten) &&
	must_fail 4 minsky -C solo session pr create ten --title "Mine" 2>err &&
	has "not a prepared merge of this session" err &&
	test "$(tip solo pr/ten)" = "$theirs" &&
	git -C solo branch -q -D pr/ten &&
	minsky -C solo session pr create ten --title "Mine" >/dev/null &&
	state true false - "$(tip solo pr/ten)"
'
test_ok 'hooks and the worker notice by themselves what list shows' '
	start solo nine && commit "$ws" l && git -C "$ws" branch pr/nine && commit "$ws" m &&
	nine_open() {
		minsky -C solo session list >list && grep -q "^nine .* open " list
	} &&
	wait_for nine_open
'
test_ok 'nothing of all this was journaled twice' '
	for r in app solo; do
		minsky -C $r journal log --json >events &&
			jq -c "select(.body.src) | .body.src" events | sort | uniq -d >twice &&
			test ! -s twice &&
			minsky -C $r journal verify >/dev/null || break
	done
'
test_done
