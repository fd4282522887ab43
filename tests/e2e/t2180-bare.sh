#!/bin/sh
# A bare repository: what is pushed into it is told by post-receive, the rest by comparing refs.
. "$(dirname "$0")/lib.sh"
MINSKY_HOOKS_DEADLINE=20s # however busy the machine is
export MINSKY_HOOKS_DEADLINE

commit() { # SUBJECT
	tick && git -C w commit -q --allow-empty -m "$1"
}
# What was told since the last row: type, branch, how, via, and whether the time is known.
last=0
news() {
	minsky -C b.git sync >"$TRASH/out" &&
	minsky -C b.git journal log --json | jq -r --argjson after "$last" 'select(.seq > $after) | .body |
		select(.src) | [.type, .data.branch, .data.how // "", .via, if .data.timeUnknown then "?"
		else .at[14:16] end] | join(" ")' | sort
}
row() { # TITLE COMMANDS; the events are read from stdin
	sort >expect
	row_commands=$2
	test_ok "$1" '
		minsky -C b.git sync --json >out && last=$(jq .seq out) && eval "$row_commands" && news >got &&
		cmp_files expect got
	'
}

test_ok 'a bare repository with a hook of its own' '
	make_repo w && git init -q --bare b.git && git -C w remote add origin "$TRASH/b.git" &&
	git -C w push -q origin main && printf "#!/bin/sh\ncat >>\"$TRASH/theirs\"\n" >b.git/hooks/post-receive &&
	chmod 755 b.git/hooks/post-receive && minsky -C b.git hooks install >out && has "^hooks  *work" out
'
row 'pushed: new, moved, several at once' 'git -C w switch -q -c a && commit one && git -C w push -q origin a &&
	commit two && git -C w branch b && git -C w push -q origin a b' <<-\END
	branch.created a  hook 01
	branch.moved a push hook 02
	branch.created b  hook 02
END
row 'forced, deleted' 'git -C w reset -q --hard HEAD~2 && tick && git -C w push -q -f origin a &&
	tick && git -C w push -q --delete origin b' <<-\END
	branch.moved a push hook 03
	branch.deleted b  hook 04
END
row 'refused, up to date, a tag: nothing' 'git -C b.git config receive.denyNonFastForwards true && commit three &&
	git -C w push -q origin a && git -C w reset -q --hard HEAD~1 && commit four &&
	! git -C w push -q -f origin a 2>out && git -C w tag t && git -C w push -q origin t &&
	git -C b.git config --unset receive.denyNonFastForwards' <<-\END
	branch.moved a push hook 05
END
row 'in the dark, and by hand: found by comparing, the time unknown' '
	git -C b.git config core.hooksPath /dev/null && git -C w push -q -f origin a &&
	git -C w push -q origin a:d && git -C b.git config --unset core.hooksPath &&
	git -C b.git branch e a && git -C b.git branch -m e f && git -C b.git pack-refs --all &&
	git -C b.git gc -q --prune=now' <<-\END
	branch.moved a update reconcile ?
	branch.created d  reconcile ?
	branch.created f  reconcile ?
END
row 'deleted there; a renamed branch looks like two' 'git -C b.git branch -q -D d && git -C b.git branch -m f g' <<-\END
	branch.deleted d  reconcile ?
	branch.deleted f  reconcile ?
	branch.created g  reconcile ?
END
row 'with reflogs switched on there: told with their times' 'git -C b.git config core.logAllRefUpdates true &&
	commit five && git -C w push -q origin a && tick && git -C b.git branch h a &&
	git -C b.git config --unset core.logAllRefUpdates' <<-\END
	branch.moved a push hook 07
	branch.created h  reconcile 08
END
test_ok 'the hook that was there got everything, each push once' '
	test "$(grep -c "refs/heads/a" theirs)" -eq 5 && has "refs/tags/t" theirs
'
test_ok 'nothing was told twice' '
	minsky -C b.git journal log --json | jq -c ".body.src // empty" | sort | uniq -d >twice && test ! -s twice &&
	minsky -C b.git journal verify >out
'
test_done
