# shellcheck shell=sh disable=SC2016,SC2034,SC2154
# operations.sh - everything that git can do to a branch, and the events that the journal then holds.
#
# Sourced by t215*: each runs the table in another kind of workspace, with hooks that ring or in the
# dark. A row is a title, commands, and one line for each event: type, branch, detail, and the
# minutes since the row began ("?" if no log says). What hooks tell and what the next command finds
# come to the same, so the lines are compared sorted. After each row the record has to say where
# the session's branch is and how many commits were made on it.
#
# In a row: "c SUBJECT" commits, "tick" moves the clock on by a minute, "look" is a command of
# minsky, $o is origin, "far" commits to a branch there. Other branches of the workspace are gone
# again before the next row. A line that begins with "bell:" is expected where hooks ring, one with
# "dark:" where they do not: what came and went between two looks leaves no trace, and what stood in
# a log that is gone has no time.

place= # what the titles begin with
dark=  # set: no hook runs
main=  # the main repository
ws=    # the workspace
o=
MINSKY_HOOKS_DEADLINE=20s # what a hook tells does not depend on how busy the machine is
export MINSKY_HOOKS_DEADLINE

begin_world() { # PLACE [START-OPTION]
	place=$1
	cd "$TRASH" || return
	if [ -n "${bare_main:-}" ]; then
		make_repo_with_origin seed && o=$TRASH/seed.git main=$TRASH/main.git &&
			git clone -q --bare seed.git main.git &&
			git -C main.git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*' &&
			git -C main.git fetch -q && git -C main.git remote set-head origin main >/dev/null
	else
		make_repo_with_origin main && o=$TRASH/main.git main=$TRASH/main
	fi && git clone -q "$o" other && minsky -C "$main" hooks install >out &&
		ws=$(minsky -C "$main" session start s --quiet "--${2:-quiet}") &&
		base=$(git -C "$ws" rev-parse HEAD) && refs_now >clean
}

refs_now() {
	git -C "$ws" for-each-ref --format='%(refname) %(objectname)' refs/heads refs/remotes refs/tags \
		refs/stash refs/notes && git -C "$ws" symbolic-ref HEAD && git -C "$ws" worktree list |
		wc -l && git -C "$o" for-each-ref --format='%(refname) %(objectname)' &&
		git -C "$ws" status --porcelain
}

c() { # SUBJECT [FILE]: commit
	tick && echo "$1 $test_clock" >"${2:-file}" && git add -A && git commit -q -m "$1"
}
far() { # BRANCH SUBJECT [FILE]: commit to origin, from elsewhere
	tick && git -C "$TRASH/other" fetch -q --prune && {
		git -C "$TRASH/other" switch -q -C "$1" "origin/$1" 2>/dev/null ||
			git -C "$TRASH/other" switch -q -C "$1" origin/main
	} && echo "$2 $test_clock" >"$TRASH/other/${3:-far}" && git -C "$TRASH/other" add -A &&
		git -C "$TRASH/other" commit -q -m "$2" && git -C "$TRASH/other" push -q origin "$1"
}
far_delete() { # BRANCH
	git -C "$o" update-ref -d "refs/heads/$1"
}
look() {
	minsky -C "$ws" sync
}
lg2() { # VERB ARGUMENT...
	"$MINSKY_BUILD/tests/libgit2-writer" "$ws" "$@"
}

# Back to where each row begins, and let minsky see it.
restore() {
	if ! refs_now >now 2>&1 || ! cmp -s clean now; then
		git -C "$ws" rebase --abort 2>/dev/null
		git -C "$ws" merge --abort 2>/dev/null
		git -C "$ws" cherry-pick --abort 2>/dev/null
		git -C "$ws" bisect reset >/dev/null 2>&1
		git -C "$ws" worktree list --porcelain | sed -n 's/^worktree //p' >trees
		while IFS= read -r tree; do
			case $tree in "$ws" | "$main") ;; *) git -C "$ws" worktree remove -f "$tree" ;; esac
		done <trees
		git -C "$ws" for-each-ref --format='%(refname)' refs/heads refs/tags refs/stash refs/notes \
			>all
		git -C "$ws" show-ref -q --verify refs/heads/s || git -C "$ws" branch -m s
		git -C "$ws" checkout -q -f -B s "$base" && git -C "$ws" clean -qfd &&
			git -C "$ws" branch -q --unset-upstream 2>/dev/null
		sed '/^refs\/heads\/\(s\|main\)$/d; s/^/delete /' all |
			git -C "$ws" update-ref --stdin || return
		git -C "$o" for-each-ref --format='delete %(refname)' | sed '/heads\/main$/d' |
			git -C "$o" update-ref --stdin && git -C "$o" update-ref refs/heads/main "$base" &&
			git -C "$ws" fetch -q --prune origin && {
			[ -n "${linked:-}" ] || git -C "$ws" update-ref refs/heads/main "$base"
		}
		refs_now >now && cmp_files clean now || return
	fi
	tick && minsky -C "$ws" sync >out && minsky -C "$ws" sync --json >out && before=$(jq .seq out) &&
		minsky -C "$main" session get s --json >record && row_start=$test_clock
}

commands() { # SCRIPT
	if [ -n "$dark" ]; then
		GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=/dev/null
		export GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0
	fi
	(cd "$ws") && cd "$ws" && eval "$1"
	commands_status=$?
	unset GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0
	cd "$TRASH" && return "$commands_status"
}

# type branch detail +minutes
events() {
	minsky -C "$main" journal log --json | jq -r --argjson after "$before" --argjson start "$row_start" '
		select(.seq > $after) | .body | [.type,
		(.data.branch // (if .type == "branch.renamed" then "-" else .src.ref end) |
			sub("^worktrees/s/"; "")),
		(if .type == "branch.renamed" or .type == "branch.switched" then
			.data.from + ">" + .data.to
		elif .type == "commit.created" then .data.how + ":" + .data.subject
		else (.data.how // "") end) + (if .data.remote then "remote" else "" end),
		(if .data.timeUnknown then "?"
		else ((((.at[0:19] + "Z") | fromdate) - $start) / 60 |
			if . > 99999 then "now" else "+" + tostring end) end)] |
		join(" ") | gsub("  "; " ")' | sed "s/[0-9a-f]\{40\}/OID/g" | sort
}

# The record says where the branch is, and counted the commits.
record_fits() { # BRANCH
	minsky -C "$main" session get s --json >after &&
		tip=$(git -C "$ws" rev-parse "refs/heads/$1") &&
		commits=$(grep -c "^commit.created [st] " expect)
	jq -e --slurpfile old record --arg branch "$1" --arg tip "$tip" --argjson n "$commits" '
		.session.branch == $branch and .session.head == $tip and
		(.session.commitCount // 0) - ($old[0].session.commitCount // 0) == $n' after >/dev/null ||
		{ jq -c '.session | [.branch, .head, .commitCount]' record after; echo "tip $tip"; return 1; }
}

row() { # TITLE COMMANDS [SESSION-BRANCH-AFTERWARDS]; the events are read from stdin
	if [ -n "$dark" ]; then
		sed '/^bell: /d; s/^dark: //'
	else
		sed '/^dark: /d; s/^bell: //'
	fi | sort >"$TRASH/expect"
	# shellcheck disable=SC2254 # a pattern
	[ -z "${MINSKY_TEST_ROW:-}" ] || case $1 in $MINSKY_TEST_ROW) ;; *) return ;; esac
	row_script=$2 row_branch=${3:-s}
	test_ok "$place: $1" '
		restore && { commands "$row_script" >said 2>&1 || { cat said; false; }; } && tick &&
		minsky -C "$ws" sync >out && events >got && cmp_files expect got &&
		record_fits "$row_branch"
	'
}

end_world() {
	test_ok "$place: nothing was told twice, nothing is left to tell, the journal is sound" '
		minsky -C "$main" sync --json >out && jq -e ".events == 0" out >/dev/null &&
		minsky -C "$main" journal log --json | jq -c ".body.src // empty" | sort | uniq -d >twice &&
		test ! -s twice && minsky -C "$main" journal verify >out
	'
}

table() {
	row 'commit' 'c one' <<-\END
		commit.created s commit:one +1
	END
	row 'commit --no-verify' 'tick && git commit -q --allow-empty --no-verify -m one' <<-\END
		commit.created s commit:one +1
	END
	row 'commit with core.hooksPath=/dev/null' \
		'tick && git -c core.hooksPath=/dev/null commit -q --allow-empty -m one' <<-\END
		commit.created s commit:one +1
	END
	row 'amend' 'c one && tick && git commit -q --amend -m two' <<-\END
		commit.created s commit:one +1
		commits.rewritten s amend +2
	END
	row 'merge, fast-forward' 'git switch -q -c side && c one && git switch -q s && tick &&
		git merge -q side' <<-\END
		branch.created side +0
		branch.switched HEAD s>side +0
		commit.created side commit:one +1
		branch.switched HEAD side>s +1
		merge.completed s ff +2
	END
	row 'merge --no-ff' 'git switch -q -c side && c one && git switch -q s && tick &&
		git merge -q --no-ff -m merged side' <<-\END
		branch.created side +0
		branch.switched HEAD s>side +0
		commit.created side commit:one +1
		branch.switched HEAD side>s +1
		merge.completed s merge +2
	END
	row 'merge --squash' 'git switch -q -c side && c one && c two && git switch -q s && tick &&
		git merge -q --squash side && tick && git commit -q -m squashed' <<-\END
		branch.created side +0
		branch.switched HEAD s>side +0
		commit.created side commit:one +1
		commit.created side commit:two +2
		branch.switched HEAD side>s +2
		commit.created s commit:squashed +4
	END
	row 'merge with a conflict, aborted; then concluded' 'git switch -q -c side && c one &&
		git switch -q s && c two && { git merge -q side || :; } && git merge --abort && tick &&
		{ git merge -q side || :; } && echo both >file && git add file && tick &&
		git commit -q -m both' <<-\END
		branch.created side +0
		branch.switched HEAD s>side +0
		commit.created side commit:one +1
		branch.switched HEAD side>s +1
		commit.created s commit:two +2
		commit.created s merge:both +4
	END
	row 'merge of three' 'git branch a && git branch b && git switch -q a && c one fa &&
		git switch -q b && c two fb && git switch -q s && c three fs && tick &&
		git merge -q -m octopus a b' <<-\END
		branch.created a +0
		branch.created b +0
		branch.switched HEAD s>a +0
		commit.created a commit:one +1
		branch.switched HEAD a>b +1
		commit.created b commit:two +2
		branch.switched HEAD b>s +2
		commit.created s commit:three +3
		merge.completed s merge +4
	END
	row 'rebase' 'c one && c two && git switch -q -c side "$base" && c three other &&
		git switch -q s && tick && git rebase -q side' <<-\END
		commit.created s commit:one +1
		commit.created s commit:two +2
		branch.created side +2
		branch.switched HEAD s>side +2
		commit.created side commit:three +3
		branch.switched HEAD side>s +3
		commits.rewritten s rebase +4
	END
	row 'rebase --apply' 'c one && git switch -q -c side "$base" && c three other &&
		git switch -q s && tick && git rebase -q --apply side' <<-\END
		commit.created s commit:one +1
		branch.created side +1
		branch.switched HEAD s>side +1
		commit.created side commit:three +2
		branch.switched HEAD side>s +2
		commits.rewritten s rebase +3
	END
	row 'rebase that fast-forwards' 'git switch -q -c side && c one && git switch -q s && tick &&
		git rebase -q side' <<-\END
		branch.created side +0
		branch.switched HEAD s>side +0
		commit.created side commit:one +1
		branch.switched HEAD side>s +1
		commits.rewritten s rebase +2
	END
	row 'rebase that is up to date' 'c one && tick && git rebase -q "$base"' <<-\END
		commit.created s commit:one +1
	END
	row 'rebase -i: reword, squash, drop' 'c one && c two && c three g && c four h && tick &&
		GIT_SEQUENCE_EDITOR="sed -i -e 1s/pick/reword/ -e 2s/pick/squash/ -e 3s/pick/drop/" \
		GIT_EDITOR="sed -i 1s/one/uno/" git rebase -q -i "$base"' <<-\END
		commit.created s commit:one +1
		commit.created s commit:two +2
		commit.created s commit:three +3
		commit.created s commit:four +4
		commits.rewritten s rebase +5
	END
	row 'rebase -i: edit, and a commit on the way' 'c one && c two g && tick &&
		GIT_SEQUENCE_EDITOR="sed -i 1s/pick/edit/" git rebase -q -i "$base" && c between h &&
		git rebase --continue' <<-\END
		commit.created s commit:one +1
		commit.created s commit:two +2
		commits.rewritten s rebase +4
	END
	row 'rebase -i --autosquash' 'c one && echo 2 >file && git add file && tick &&
		git commit -q --fixup HEAD && tick &&
		GIT_SEQUENCE_EDITOR=: git rebase -q -i --autosquash "$base"' <<-\END
		commit.created s commit:one +1
		commit.created s commit:fixup! one +2
		commits.rewritten s rebase +3
	END
	row 'rebase --update-refs' 'c one && git branch mid && c two && git switch -q -c side "$base" &&
		c three other && git switch -q s && tick && git rebase -q --update-refs side' <<-\END
		commit.created s commit:one +1
		branch.created mid +1
		commit.created s commit:two +2
		branch.created side +2
		branch.switched HEAD s>side +2
		commit.created side commit:three +3
		branch.switched HEAD side>s +3
		commits.rewritten s rebase +4
		commits.rewritten mid rebase +4
	END
	row 'rebase aborted' 'c one && git switch -q -c side "$base" && c two && git switch -q s &&
		{ git rebase -q side || :; } && tick && git rebase --abort && c three' <<-\END
		commit.created s commit:one +1
		branch.created side +1
		branch.switched HEAD s>side +1
		commit.created side commit:two +2
		branch.switched HEAD side>s +2
		commit.created s commit:three +4
	END
	row 'rebase with a conflict, continued' 'c one && git switch -q -c side "$base" && c two &&
		git switch -q s && { git rebase -q side || :; } && echo both >file && git add file && tick &&
		git rebase --continue' <<-\END
		commit.created s commit:one +1
		branch.created side +1
		branch.switched HEAD s>side +1
		commit.created side commit:two +2
		branch.switched HEAD side>s +2
		commits.rewritten s rebase +3
	END
	row 'cherry-pick, two at once' 'git switch -q -c side && c one a && c two b && git switch -q s &&
		c three && tick && git cherry-pick side~1 side' <<-\END
		branch.created side +0
		branch.switched HEAD s>side +0
		commit.created side commit:one +1
		commit.created side commit:two +2
		branch.switched HEAD side>s +2
		commit.created s commit:three +3
		commit.created s cherry-pick:one +4
		commit.created s cherry-pick:two +4
	END
	row 'cherry-pick: -n, --ff, aborted, concluded' 'git switch -q -c side && c one && git switch -q s &&
		git cherry-pick -n side && git reset -q --hard && tick && git cherry-pick --ff side &&
		git switch -q -c other "$base" && c two && { git cherry-pick side || :; } &&
		git cherry-pick --abort && { git cherry-pick side || :; } && git checkout -q --theirs file &&
		git add file && tick && git cherry-pick --continue' <<-\END
		branch.created side +0
		branch.switched HEAD s>side +0
		commit.created side commit:one +1
		branch.switched HEAD side>s +1
		branch.moved s update +2
		branch.created other +2
		branch.switched HEAD s>other +2
		commit.created other commit:two +3
		commit.created other cherry-pick:one +4
	END
	row 'revert' 'c one && tick && git revert --no-edit HEAD' <<-\END
		commit.created s commit:one +1
		commit.created s revert:Revert "one" +2
	END
	row 'reset' 'c one && c two && tick && git reset -q --hard HEAD~1 && tick &&
		git reset -q --soft HEAD~1 && git reset -q' <<-\END
		commit.created s commit:one +1
		commit.created s commit:two +2
		branch.moved s reset +3
		branch.moved s reset +4
	END
	row 'am' 'c one && git format-patch -q -1 -o "$TRASH/patches" && git reset -q --hard HEAD~1 &&
		tick && git am -q "$TRASH"/patches/*.patch' <<-\END
		commit.created s commit:one +1
		branch.moved s reset +1
		commit.created s am:one +2
	END
	row 'fetch: new, moved, rewritten' 'far x one && tick && git fetch -q && far x two && tick &&
		git fetch -q && git -C "$o" update-ref refs/heads/x "$base" && tick && git fetch -q' <<-\END
		branch.created origin/x remote +2
		branch.moved origin/x fetchremote +4
		branch.moved origin/x fetchremote +5
	END
	row 'fetch --prune' 'far x one && tick && git fetch -q && look && far_delete x && tick &&
		git fetch -q --prune' <<-\END
		branch.created origin/x remote +2
		branch.deleted origin/x remote ?
	END
	row 'pull: fast-forward, then merge' 'far x one && tick && git pull -q origin x && far x two &&
		c three && tick && git pull -q --no-rebase --no-edit origin x' <<-\END
		branch.created origin/x remote +2
		merge.completed s ff +2
		commit.created s commit:three +4
		branch.moved origin/x fetchremote +5
		merge.completed s merge +5
	END
	row 'pull --rebase' 'far x one && c two && tick && git pull -q --rebase origin x' <<-\END
		commit.created s commit:two +2
		branch.created origin/x remote +3
		commits.rewritten s rebase +3
	END
	row 'push: new, moved, forced, deleted' 'c one && tick && git push -q origin s && c two && tick &&
		git push -q origin s && git reset -q --hard HEAD~2 && c three && tick &&
		git push -q -f origin s && look && tick && git push -q --delete origin s' <<-\END
		commit.created s commit:one +1
		branch.created origin/s remote +2
		commit.created s commit:two +3
		branch.moved origin/s pushremote +4
		branch.moved s reset +4
		commit.created s commit:three +5
		branch.moved origin/s pushremote +6
		branch.deleted origin/s remote ?
	END
	row 'push: refused, dry run, up to date' 'c one && tick && git push -q -n origin s &&
		git push -q origin "$base:refs/heads/x" && far x two && tick &&
		{ git push -q origin s:x || :; } && git push -q origin "$base:refs/heads/main"' <<-\END
		commit.created s commit:one +1
		branch.created origin/x remote +2
	END
	row 'branch: create, copy, move, rename, delete' 'git branch a && tick && git branch -c a b && tick &&
		git branch -m b d && c one && tick && git branch -f a && look && tick && git branch -q -D d' <<-\END
		branch.created a +0
		branch.created b +1
		branch.renamed - b>d +2
		commit.created s commit:one +3
		branch.moved a reset +4
		branch.deleted d ?
	END
	row 'the branch that is checked out is renamed' 'c one && tick && git branch -m t && c two' t <<-\END
		commit.created s commit:one +1
		branch.renamed - s>t +2
		commit.created t commit:two +3
	END
	row '.. and back' 'git branch -m t && c one && git branch -m s && c two' <<-\END
		branch.renamed - s>t +0
		commit.created t commit:one +1
		branch.renamed - t>s +1
		commit.created s commit:two +2
	END
	row 'a branch deleted and made again' 'git branch a && tick && git branch -q -D a && tick &&
		git branch a' <<-\END
		branch.created a +2
	END
	row 'switch: -c, to and fro, --detach, a commit there, -' 'tick && git switch -q -c a && tick &&
		git switch -q --detach && c one && tick && git switch -q s && tick && git checkout -q -' <<-\END
		branch.created a +1
		branch.switched HEAD s>a +1
		branch.switched HEAD a>HEAD +2
		commit.created HEAD commit:one +3
		branch.switched HEAD OID>s +4
		branch.switched HEAD s>OID +5
	END
	row 'switch --orphan' 'git switch -q --orphan o && c one && tick && git switch -q s' <<-\END
		branch.switched HEAD s>o ?
		commit.created o commit:one +1
		branch.switched HEAD o>s +2
	END
	row 'checkout -B, checkout of a file' 'c one && tick && git checkout -q -B a "$base" && tick &&
		git checkout -q s && git checkout -q -- file' <<-\END
		commit.created s commit:one +1
		branch.created a +2
		branch.switched HEAD s>a +2
		branch.switched HEAD a>s +3
	END
	row 'stash: push, pop, drop' 'echo x >file && git stash -q && git stash pop -q && git stash -q &&
		git stash drop -q' <<-\END
	END
	row 'tag, note, symbolic-ref elsewhere' 'git tag t && git tag -a -m m u && git notes add -m n &&
		git symbolic-ref refs/heads/sym refs/heads/s && git symbolic-ref -d refs/heads/sym &&
		git tag -d t u && git update-ref refs/other/x HEAD' <<-\END
	END
	row 'update-ref: create, move, delete' 'c one && tick && git update-ref refs/heads/a HEAD && tick &&
		git update-ref refs/heads/a "$base" && tick && git update-ref -d refs/heads/a && tick &&
		git update-ref -m "note: $base" refs/heads/s "$base"' <<-\END
		commit.created s commit:one +1
		branch.moved s update +5
	END
	row 'update-ref: a branch that stays' 'tick && git update-ref refs/heads/a HEAD' <<-\END
		branch.created a +1
	END
	row 'worktree: add, a commit in it, move, remove' 'tick && git worktree add -q -b w "$TRASH/w1" &&
		tick && git -C "$TRASH/w1" commit -q --allow-empty -m one && git worktree move "$TRASH/w1" "$TRASH/w2" &&
		tick && git -C "$TRASH/w2" commit -q --allow-empty -m two && git worktree remove "$TRASH/w2"' <<-\END
		branch.created w +1
		commit.created w commit:one +2
		commit.created w commit:two +3
	END
	row 'worktree that stays: detached, a switch in it' 'tick && git worktree add -q --detach "$TRASH/w1" &&
		tick && git -C "$TRASH/w1" commit -q --allow-empty -m one && tick && git -C "$TRASH/w1" switch -q -c w' <<-\END
		commit.created worktrees/w1/HEAD commit:one +2
		branch.created w +3
		branch.switched worktrees/w1/HEAD OID>w +3
	END
	row 'gc --prune=now, pack-refs' 'keep="-c gc.reflogExpire=never -c gc.reflogExpireUnreachable=never" &&
		git branch a && c one && git $keep gc -q --prune=now && tick && git pack-refs --all && c two &&
		git update-ref refs/heads/a HEAD && git $keep gc -q --prune=now' <<-\END
		branch.created a +0
		commit.created s commit:one +1
		commit.created s commit:two +3
		branch.moved a update +3
	END
	row 'gc that drops all lines' 'git branch a && c one && git gc -q --prune=now && c two' <<-\END
		branch.created a ?
		bell: commit.created s commit:one +1
		commit.created s commit:two +2
	END
	row 'reflogs expired before anybody looked' 'git branch a && c one && c two && tick &&
		git reflog expire --expire=now --all' <<-\END
		branch.created a ?
		bell: commit.created s commit:one +1
		bell: commit.created s commit:two +2
		dark: branch.moved s update ?
	END
	row 'reflogs expired after a look, then a commit' 'c one && look && git reflog expire --expire=now --all &&
		c two && tick && git switch -q -c a' <<-\END
		commit.created s commit:one +1
		commit.created s commit:two +2
		branch.created a +3
		branch.switched HEAD s>a +3
	END
	row 'a line of the log deleted, the rest rewritten' 'c one && c two && look &&
		git reflog delete --rewrite HEAD@{1} && git reflog delete --rewrite s@{1} && c three' <<-\END
		commit.created s commit:one +1
		commit.created s commit:two +2
		commit.created s commit:three +3
	END
	row 'without reflogs' 'git config core.logAllRefUpdates false &&
		rm -r "$(git rev-parse --git-common-dir)/logs/refs/heads" && tick && git branch a && c one && c two
		git config --unset core.logAllRefUpdates' <<-\END
		branch.created a ?
		branch.moved s update ?
		bell: branch.moved s update ?
	END
	row 'a ref that is written by hand' 'c one && git rev-parse "$base" >"$(git rev-parse --git-common-dir)/refs/heads/s" &&
		git rev-parse HEAD~0 >"$(git rev-parse --git-common-dir)/refs/heads/by-hand"' <<-\END
		commit.created s commit:one +1
		branch.moved s update ?
		branch.created by-hand ?
	END
	row 'made by libgit2: commits, reset' 'tick && lg2 commit one && tick && lg2 commit two && tick &&
		lg2 reset HEAD~1' <<-\END
		commit.created s commit:one +1
		commit.created s commit:two +2
		branch.moved s reset now
	END
	row 'made by libgit2: branches' 'tick && lg2 branch a && lg2 branch b && lg2 move b d && lg2 ref e "$base" &&
		lg2 switch a && lg2 switch s' <<-\END
		branch.created a now
		branch.renamed - b>d now
		branch.created e now
		branch.switched HEAD s>a now
		branch.switched HEAD a>s now
	END
	row 'made by libgit2: renamed and deleted after a look' 'lg2 branch a && lg2 branch b && look && lg2 move b d &&
		lg2 delete a' <<-\END
		branch.created a now
		branch.created b now
		branch.deleted a ?
		branch.renamed - b>d now
	END
	row 'made by libgit2: fetch' 'far x one && tick && lg2 fetch origin' <<-\END
		branch.created origin/x remote now
	END
	row 'another word for what was done' 'export GIT_REFLOG_ACTION=mytool; c one && tick && git switch -q -c a &&
		c two && git switch -q s && tick && git merge -q --no-ff -m m a && tick && git merge -q a &&
		git reset -q --hard HEAD~1; unset GIT_REFLOG_ACTION' <<-\END
		branch.moved s update +1
		branch.created a +2
		branch.moved a update +3
		merge.completed s merge +4
		branch.moved s update +5
		bell: branch.switched HEAD s>a ?
		bell: branch.switched HEAD a>s ?
	END
	row 'bisect' 'c one && c two && c three && tick && git bisect start HEAD "$base" && git bisect good &&
		git bisect reset' <<-\END
		commit.created s commit:one +1
		commit.created s commit:two +2
		commit.created s commit:three +3
		branch.switched HEAD s>OID +4
		branch.switched HEAD OID>s +4
	END
	row 'dark for a day' 'GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=/dev/null &&
		export GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0 && c one && tick 36000 &&
		git branch a && c two && tick 36000 && git switch -q a && git commit -q --allow-empty -m three &&
		git switch -q s && far x four && git fetch -q && git branch -q -D a && tick 14400' <<-\END
		commit.created s commit:one +1
		commit.created s commit:two +602
		branch.switched HEAD s>a +1202
		commit.created a commit:three +1202
		branch.switched HEAD a>s +1202
		branch.created origin/x remote +1203
	END
	row 'a branch that was made, committed to and deleted, and then a bell' 'git switch -q -c gone &&
		git -c core.hooksPath=/dev/null commit -q --allow-empty -m one && git -c core.hooksPath=/dev/null switch -q s &&
		git branch -q -D gone && c two' <<-\END
		bell: branch.created gone +0
		bell: branch.deleted gone ?
		branch.switched HEAD s>gone +0
		commit.created gone commit:one +0
		branch.switched HEAD gone>s +0
		commit.created s commit:two +1
	END
	row 'the same, renamed instead of deleted' 'git switch -q -c old &&
		git -c core.hooksPath=/dev/null commit -q --allow-empty -m one && git -c core.hooksPath=/dev/null switch -q s &&
		git branch -m old new && c two' <<-\END
		branch.created old +0
		branch.switched HEAD s>old +0
		commit.created old commit:one +0
		branch.renamed - old>new +0
		branch.switched HEAD old>s +0
		commit.created s commit:two +1
	END
	row 'fast-import' 'tick && printf "%s\n" "commit refs/heads/imported" "committer A <a@b> 1767225600 +0000" \
		"data 3" "one" "" | git fast-import --quiet' <<-\END
		branch.created imported +1
	END
	row 'remote: rename back and forth' 'git remote rename origin else && tick && git remote rename else origin' <<-\END
		branch.renamed - origin/main>else/mainremote +0
		branch.renamed - else/main>origin/mainremote +1
	END
}
