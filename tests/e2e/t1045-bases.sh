#!/bin/sh
# Where a session starts from: branches, HEAD, tags, commits, remotes of any name, branches that only
# a server has.
. "$(dirname "$0")/lib.sh"

commit_in() { # DIR FILE TEXT
	tick && echo "$3" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "$3"
}
at() { # DIR REV
	git -C "$1" rev-parse --verify --quiet "$2"
}
# NAME BASE START BASEBRANCH: starts there, in a clone and in a work tree, and its PR is for that base.
starts() {
	for mode in clone worktree; do
		ws=$(minsky -C r session start "$1-$mode" --base "$2" --quiet -c "session.mode=$mode" 2>err) || {
			cat err && return 1
		}
		test "$(at "$ws" HEAD)" = "$(at r "$3")" && test "$(git -C "$ws" symbolic-ref --short HEAD)" = "$1-$mode" &&
			must_fail 1 git -C "$ws" show-ref -q --verify refs/heads/HEAD &&
			minsky -C r session get "$1-$mode" --json >out && json ".session.baseBranch == \"$4\"" out &&
			minsky -C r session delete "$1-$mode" >/dev/null && minsky -C r session restore "$1-$mode" >/dev/null &&
			commit_in "$ws" "$1-$mode" work && minsky -C r session pr create "$1-$mode" --title T >/dev/null 2>&1 &&
			json ".session.baseBranch == \"$4\"" out || return 1
	done
}

test_ok 'setup' '
	make_repo_with_origin r && commit_in r file two && git -C r tag -a -m v v1 && git -C r push -q origin main &&
	commit_in r file three && git -C r push -q origin main && git -C r switch -q -c local && commit_in r local 1 &&
	git -C r switch -q -c shared main && commit_in r shared 1 && git -C r push -q origin shared && commit_in r shared 2
'
test_ok 'HEAD on a branch that the remote has: starts there, for that branch' '
	starts head-shared HEAD HEAD shared
'
test_ok 'HEAD on a branch that it has not, and detached: starts there, for the default branch' '
	git -C r switch -q local && starts head-local HEAD HEAD main && starts at-local @ HEAD main &&
	git -C r switch -q --detach v1 && starts head-detached HEAD HEAD main && git -C r switch -q main
'
test_ok 'a tag, a commit, HEAD~1: for the default branch, which stays where it is' '
	starts tag v1 v1^0 main && test "$(at "$(minsky -C r session dir tag-clone)" refs/heads/main)" = "$(at r main)" &&
	starts commit "$(at r local | cut -c1-12)" local main && starts parent HEAD~1 HEAD~1 main &&
	starts full "$(at r v1^0)" v1^0 main
'
test_ok 'a branch and REMOTE/BRANCH, as before' '
	starts branch shared origin/shared shared && starts tracking origin/shared origin/shared shared
'
test_ok 'another remote: starts at its branch, for the default branch of the one that is followed' '
	git init -q --bare other.git && git -C r remote add other "$TRASH/other.git" && git -C r push -q other local:topic &&
	starts other other/topic other/topic main && git -C r remote remove other
'
test_ok 'a branch that only the server has is fetched' '
	git -C r push -q origin local:refs/heads/onserver && git -C r update-ref -d refs/remotes/origin/onserver &&
	starts server onserver local onserver
'
test_ok 'what is nowhere: exit 3, and the server is asked; without it that is said too' '
	must_fail 3 minsky -C r session start none --base nowhere 2>err && has "there is no branch .nowhere., here or on .origin." err &&
	mv r.git away && must_fail 3 minsky -C r session start none --base nowhere 2>err && has "cannot fetch it from .origin." err &&
	mv away r.git && must_fail 3 minsky -C r session start none --base --x 2>err && must_fail 3 minsky -C r session start none --base "a b" 2>err
'
test_ok 'adopt takes a branch that only the server has, in both modes' '
	git -C r push -q origin local:refs/heads/theirs local:refs/heads/fetched && git -C r fetch -q &&
	git -C r update-ref -d refs/remotes/origin/theirs &&
	minsky -C r session adopt theirs >/dev/null 2>&1 && ws=$(minsky -C r session dir theirs) &&
	test "$(at "$ws" refs/heads/theirs)" = "$(at r local)" &&
	minsky -C r session adopt fetched --worktree >/dev/null 2>&1 && ws=$(minsky -C r session dir fetched) &&
	test "$(git -C "$ws" symbolic-ref --short HEAD)" = fetched && test "$(at "$ws" HEAD)" = "$(at r local)" &&
	must_fail 3 minsky -C r session adopt nowhere 2>err && has "here or on .origin." err
'
test_ok 'adopt inside the linked work tree that has the branch takes that work tree' '
	git -C r worktree add -q -b mine ../tree && minsky -C tree session adopt mine >/dev/null 2>&1 &&
	test "$(minsky -C r session dir mine)" = "$TRASH/tree" && minsky -C tree session get --json >out &&
	json ".session.mode == \"worktree\"" out
'
test_ok 'no remote called origin: the one called upstream is followed, and that is said' '
	git clone -q -o upstream r.git tri && git init -q --bare fork.git && git -C tri remote add fork "$TRASH/fork.git" &&
	ws=$(minsky -C tri session start one 2>err >/dev/null && minsky -C tri session dir one) &&
	has "of the remotes (.*), .upstream. is used" err && commit_in "$ws" a 1 &&
	minsky -C tri session pr create one --title T >/dev/null 2>&1 && at r.git refs/heads/pr/one &&
	git -C tri switch -q -c elsewhere && git -C tri config branch.elsewhere.remote fork &&
	minsky -C tri session approve one >/dev/null 2>&1 && test "$(git -C r.git log -1 --format=%s main)" = T
'
test_ok 'several remotes of other names: the one that main follows; none: said' '
	git clone -q -o company r.git four && git -C four remote add mine "$TRASH/fork.git" &&
	minsky -C four session start four --quiet >/dev/null 2>err && minsky -C four session get four --json >out &&
	json ".session.repoUrl | endswith(\"/r.git\")" out &&
	make_repo five && git -C five remote add x "$TRASH/r.git" && git -C five remote add y "$TRASH/fork.git" &&
	minsky -C five session start one >/dev/null 2>err && has "none of the remotes (x, y) is used" err
'
test_done
