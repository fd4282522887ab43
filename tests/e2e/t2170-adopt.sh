#!/bin/sh
# session adopt: what was there before minsky becomes a session, with its past.
. "$(dirname "$0")/lib.sh"
MINSKY_HOOKS_DEADLINE=20s # however busy the machine is
export MINSKY_HOOKS_DEADLINE

commit() { # DIR SUBJECT
	test -d "$1" && tick && echo "$2" >>"$1/$2" && git -C "$1" add . && git -C "$1" commit -q -m "$2"
}
record() { # SESSION FILTER
	minsky -C r session get "$1" --json >"$TRASH/record" || return
	jq -e ".session | $2" "$TRASH/record" >/dev/null || {
		cat "$TRASH/record"
		return 1
	}
}
# The session's events of git: minute, type, branch, subject.
past() { # SESSION
	minsky -C r session log "$1" --json | jq -r '.body | select(.src) | [.at[14:16], .type,
		(.data.branch // .src.ref), (.data.subject // .data.to // "")] | join(" ")'
}

test_ok 'a repository with years behind it; a clone, a work tree and branches of it' '
	make_repo_with_origin r && git -C r switch -q -c feat/x && commit r f1 && commit r f2 &&
	git -C r switch -q main && git -C r worktree add -q ../wt -b wt && commit wt w1 && commit wt w2 &&
	git clone -q r.git cl && git -C cl switch -q -c mine && commit cl c1 && commit cl c2 && tick
'
test_ok 'a clone of nothing that is known is refused, and nothing is made' '
	must_fail 4 minsky session adopt cl >out 2>&1 && has "minsky init" out && test ! -e cl/.git/minsky
'
test_ok 'the clone: a session, its commits counted, with their own times; work goes on' '
	minsky -C r init --skip-hooks >out 2>&1 && minsky session adopt cl --task 7 >out 2>err &&
	record mine ".workspace == \"$TRASH/cl\" and .mode == \"clone\" and .commitCount == 2 and
		.taskId == \"7\" and .head == \"$(git -C cl rev-parse mine)\" and .baseBranch == \"main\"" &&
	cat >expect <<-\END && past mine >out && cmp_files expect out &&
	04 branch.created main 
	04 branch.created mine 
	04 branch.switched HEAD mine
	05 commit.created mine c1
	06 commit.created mine c2
	END
	minsky -C r journal log --type session.started --json | jq -es "map(.body.data.adopted) == [true]" &&
	commit cl c3 && record mine ".commitCount == 3 and .head == \"$(git -C cl rev-parse mine)\"" &&
	minsky -C cl session log >log && has "c3  .hook" log && minsky -C cl hooks status >out && has "^hooks  *work" out
'
test_ok 'the work tree' '
	minsky session adopt wt --json >out && jq -e ".events == 3" out >/dev/null &&
	record wt ".mode == \"worktree\" and .commitCount == 2 and .head == \"$(git -C wt rev-parse wt)\"" &&
	cat >expect <<-\END && past wt >out && cmp_files expect out &&
	02 branch.created wt 
	03 commit.created wt w1
	04 commit.created wt w2
	END
	commit wt w3 && record wt ".commitCount == 3" && minsky -C wt session log >log && has "w3  .hook" log
'
test_ok 'a branch: a clone of its own, whose branch has the past that it had' '
	minsky -C r session adopt feat/x >out 2>&1 && ws=$(minsky -C r session dir feat-x) && test -d "$ws/.git" &&
	test "$(git -C "$ws" symbolic-ref --short HEAD)" = feat/x && test -f "$ws/f2" &&
	record feat-x ".commitCount == 2 and .branch == \"feat/x\" and .head == \"$(git -C r rev-parse feat/x)\"" &&
	past feat-x >out && has "^01 commit.created feat/x f1" out && has "^02 commit.created feat/x f2" out &&
	git -C "$ws" reflog feat/x >log && test "$(wc -l <log)" -eq 3 && git -C r rev-parse -q --verify feat/x &&
	commit "$ws" f3 && record feat-x ".commitCount == 3"
'
test_ok 'a branch, into a work tree of the repository' '
	git -C r branch other feat/x && minsky -C r session adopt other --worktree >out 2>&1 &&
	ws=$(minsky -C r session dir other) && test -f "$ws/.git" && commit "$ws" o1 &&
	record other ".mode == \"worktree\" and .head == \"$(git -C r rev-parse other)\" and .commitCount == 1"
'
test_ok 'a branch that a work tree has checked out: that one is taken; what was told stays as it is' '
	git -C r worktree add -q ../wt2 -b wt2 && commit wt2 x && minsky -C r session adopt wt2 --name second >out 2>&1 &&
	record second ".workspace == \"$TRASH/wt2\" and .mode == \"worktree\" and
		.head == \"$(git -C r rev-parse wt2)\"" && minsky -C r journal log --type commit.created >out &&
	test "$(grep -c "wt2 x  " out)" -eq 1
'
test_ok 'refused: the repository itself, a session, the base, a detached HEAD, no such branch, taken names' '
	git -C r switch -q -c here && must_fail 4 minsky session adopt r && must_fail 4 minsky session adopt cl &&
	must_fail 4 minsky -C r session adopt wt && must_fail 4 minsky -C r session adopt main &&
	must_fail 3 minsky -C r session adopt nowhere && git -C r worktree add -q --detach ../loose &&
	must_fail 4 minsky session adopt loose && must_fail 4 minsky -C r session adopt here --name wt &&
	must_fail 4 minsky -C r session adopt here --worktree && must_fail 2 minsky session adopt
'
test_ok 'nothing was told twice, and all of it stands in the journal that verifies' '
	minsky -C r sync >out && minsky -C r journal verify >out &&
	minsky -C r journal log --json | jq -c ".body.src // empty" | sort | uniq -d >twice && test ! -s twice
'
test_ok 'killed behind the mark: adopting again takes up what was begun' '
	git clone -q r.git cl2 && git -C cl2 switch -q -c again && commit cl2 a1 &&
	minsky -C cl2 init --skip-hooks >out 2>&1 && id=01900000-0000-7000-8000-000000000001 &&
	printf "session %s\nname again\n" "$id" >>cl2/.git/minsky/journal &&
	minsky session adopt cl2 >out 2>&1 && record again ".sessionId == \"$id\" and .commitCount == 1" &&
	must_fail 4 minsky session adopt cl2 >out 2>&1 && has "session .again. already" out
'
test_ok 'a repository without a remote: its clones are known as such, and what cannot be is said' '
	make_repo alone && minsky -C alone init --skip-hooks >out 2>&1 &&
	for url in alone alone/. "file://$TRASH/alone" alone/.git; do
		n=$(printf %s "$url" | cksum | cut -d" " -f1) && git clone -q "$url" "of$n" &&
			git -C "of$n" switch -q -c "b$n" && commit "of$n" x &&
			minsky session adopt "of$n" >out 2>&1 || return 1
	done && minsky -C alone session list --json >out && jq -e "(.sessions | length) == 4 and
		all(.sessions[]; .baseBranch == \"main\" and .commitCount == 1)" out >/dev/null &&
	git -C alone worktree add -q ../tree -b grown && cd tree &&
	must_fail 4 minsky session adopt . >../out 2>&1 && cd .. && has "needs a remote" out &&
	has "^hint: adopt a branch instead" out && git -C tree switch -q --detach &&
	minsky -C alone session adopt grown >out 2>&1 && has "^base .*main" out &&
	must_fail 4 minsky -C alone session adopt main >out 2>&1 && has "^hint: .*--base" out
'
test_ok 'deleted and restored as any other' '
	minsky -C r session delete second --override "a test" >out &&
	test ! -e wt2 && git -C r rev-parse -q --verify wt2 && minsky -C r session restore second >out &&
	test -f wt2/x && commit wt2 y && record second ".commitCount == 1 and .head == \"$(git -C r rev-parse wt2)\""
'
test_done
