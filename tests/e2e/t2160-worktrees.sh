#!/bin/sh
# Sessions in linked work trees of the repository: everything that a session can do.
. "$(dirname "$0")/lib.sh"
MINSKY_HOOKS_DEADLINE=20s # what a hook tells does not depend on how busy the machine is
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
told() {
	minsky -C r journal log --json | jq -r '.body | select(.src) | [.type, .data.branch // .src.ref,
		.data.subject // .data.to // "", .via, if .session then "session" else "-" end] | join(" ")'
}

test_ok 'start --worktree: a work tree of the repository, on its own branch, without an upstream' '
	make_repo_with_origin r && printf "#!/bin/sh\necho \"\$@\" >>\"$TRASH/theirs\"\n" >r/.git/hooks/post-commit &&
	chmod 755 r/.git/hooks/post-commit && cp r/.git/hooks/post-commit kept &&
	ws=$(minsky -C r session start one --worktree --quiet) && test -f "$ws/.git" && test -f "$ws/file" &&
	test "$(git -C "$ws" rev-parse --path-format=absolute --git-common-dir)" = "$TRASH/r/.git" &&
	test "$(git -C "$ws" symbolic-ref --short HEAD)" = one && test -z "$(git -C "$ws" status --porcelain)" &&
	must_fail 1 git -C "$ws" config branch.one.merge && record one ".mode == \"worktree\" and
		.workspace == \"$ws\" and .status == \"active\" and .clone == .mainClone" &&
	told >out && test ! -s out
'
test_ok 'hooks ring there; what is done there is the session'"'"'s, what is done elsewhere is not' '
	commit "$ws" work && git -C "$ws" switch -q -c two && commit "$ws" more &&
	git -C "$ws" switch -q one && commit r main && minsky -C r sync >out && told >out && cat >expect <<-\END &&
	commit.created one work hook session
	branch.created two  hook session
	branch.switched worktrees/one/HEAD two hook session
	commit.created two more hook session
	branch.switched worktrees/one/HEAD one hook session
	commit.created main main hook -
	END
	cmp_files expect out && test "$(wc -l <theirs)" -eq 3 &&
	record one ".commitCount == 1 and .head == \"$(git -C "$ws" rev-parse one)\""
'
test_ok 'commands in it know the session; one cannot be started inside' '
	minsky -C "$ws" session get --json >out && jq -e ".session.session == \"one\"" out >/dev/null &&
	test "$(minsky -C "$ws" session dir)" = "$ws" && must_fail 4 minsky -C "$ws" session start x &&
	minsky -C "$ws" session log >out && has "commit.created" out
'
test_ok 'dark: found by the next command, from the repository as well, and given to the session' '
	GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=/dev/null &&
	export GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0 && commit "$ws" dark &&
	unset GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0 &&
	minsky -C r session list >out && has "unchecked" out && minsky -C r sync >out &&
	told >out && has "^commit.created one dark reconcile session" out && record one ".commitCount == 2"
'
test_ok 'doctor and hooks status: live, each work tree by itself' '
	minsky -C r doctor >out && has "/worktrees/one: hooks work, last hook" out &&
	minsky -C "$ws" hooks status >out && has "^hooks  *work" out &&
	minsky -C r doctor --json >out && jq -e ".working == 2 and ([.clones[].sessionId | select(.)] |
		length) == 1" out >/dev/null && minsky -C r session list >out && has "^one .* ago\|just now" out
'
test_ok 'a relative core.hooksPath leads elsewhere in a work tree: dark there, and said so' '
	git -C r config core.hooksPath .theirs && mkdir r/.theirs && must_fail 1 minsky -C r doctor >out &&
	has "/worktrees/one: hooks do not work, " out && git -C r config --unset core.hooksPath && rmdir r/.theirs &&
	minsky -C r doctor >out
'
test_ok 'a PR: created, merged by somebody, seen' '
	git -C "$ws" push -q origin one && minsky -C r session pr create one --title T >out &&
	record one ".prState.exists and (.prState.mergedAt | not)" &&
	git -C r fetch -q && tick && git -C r switch -q --detach && git -C r merge -q --no-ff -m m origin/pr/one &&
	git -C r push -q origin HEAD:main && git -C r switch -q main && git -C r fetch -q && tick 600 &&
	record one ".prState.mergedAt and .status == \"merged\""
'
test_ok 'moved by git: the record follows' '
	git -C r worktree move "$ws" "$TRASH/moved" && tick && commit moved there &&
	record one ".workspace == \"$TRASH/moved\" and .commitCount == 3" &&
	git -C r worktree move moved "$ws" && minsky -C r sync >out && record one ".workspace == \"$ws\""
'
test_ok 'delete: refused with work in it' '
	echo x >"$ws/untracked" && must_fail 4 minsky -C r session delete one >out 2>&1 && has untracked out &&
	must_fail 4 minsky -C r session delete one --json >out && test -d "$ws"
'
test_ok 'deleted all the same: in the trash, the branch is there and free, gc takes nothing' '
	git -C "$ws" switch -q --detach && commit "$ws" loose && loose=$(git -C "$ws" rev-parse HEAD) &&
	echo staged >"$ws/staged" && git -C "$ws" add staged && blob=$(git -C "$ws" rev-parse :staged) &&
	git -C "$ws" symbolic-ref HEAD refs/heads/one && git -C "$ws" reset -q --soft one &&
	minsky -C r session delete one --override "a test" >out && test ! -e "$ws" &&
	git -C r rev-parse -q --verify one && git -C r worktree list --porcelain >list &&
	has "^locked deleted by minsky" list && git -C r worktree add -q ../elsewhere one &&
	git -C r worktree remove ../elsewhere && git -C r worktree prune && git -C r gc -q --prune=now &&
	git -C r cat-file -e "$blob" && minsky -C r sync >out && minsky -C r doctor >out &&
	hasnt "worktrees/one" out
'
test_ok 'restored: work tree, index and branch are as they were' '
	minsky -C r session restore one >out && test "$(cat "$ws/untracked")" = x &&
	test "$(git -C "$ws" symbolic-ref --short HEAD)" = one &&
	git -C "$ws" status --porcelain >out && has "^A  staged" out && has "^A  untracked" out &&
	record one ".workspace == \"$ws\" and .status != \"deleted\"" && commit "$ws" again &&
	told >out && has "^commit.created one again hook session" out && minsky -C r doctor >out &&
	has "worktrees/one: hooks work, " out
'
test_ok 'restored after the branch moved: HEAD stays where it was, and that is said' '
	minsky -C r session delete one --override "a test" >out && git -C r branch -f one one~1 &&
	minsky -C r session restore one >out 2>err && has "HEAD is detached" err &&
	must_fail 1 git -C "$ws" symbolic-ref -q HEAD && minsky -C r session delete one --override "a test" >out
'
test_ok 'sixteen at once' '
	: && for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		minsky -C r session start "p$i" --worktree --quiet >"started.$i" 2>&1 &
	done && wait && cat started.* >started && test "$(grep -c "^/" started)" -eq 16 &&
	minsky -C r session list --json >out && jq -e "[.sessions[] | select(.mode == \"worktree\")] |
		length == 16" out >/dev/null && minsky -C r journal verify >out
'
test_ok 'a branch that is taken, a directory in the way: refused, nothing is left' '
	git -C r branch taken && git -C r worktree list >before && must_fail 4 minsky -C r session start taken --worktree &&
	mkdir "${ws%/one}/inway" && must_fail 4 minsky -C r session start inway --worktree &&
	git -C r worktree list >after && cmp_files before after && test -d "${ws%/one}/inway" &&
	must_fail 1 git -C r rev-parse -q --verify inway
'
test_ok 'PRs need a remote origin, so without one it is refused' '
	make_repo alone && must_fail 4 minsky -C alone session start x --worktree >out 2>&1 &&
	has "needs a remote .origin." out && minsky -C alone session start x --quiet >out
'
test_ok 'a post-checkout hook that fails is no failure' '
	printf "#!/bin/sh\nexit 3\n" >hook && chmod 755 hook && rm r/.git/hooks/post-checkout && cp hook r/.git/hooks/post-checkout &&
	w=$(minsky -C r session start hooked --worktree --quiet) && test -f "$w/file" &&
	rm r/.git/hooks/post-checkout
'
test_ok 'session.mode' '
	w=$(minsky -C r session start configured -c session.mode=worktree --quiet) && test -f "$w/.git" &&
	w=$(MINSKY_SESSION_MODE=worktree minsky -C r session start configured2 --quiet) && test -f "$w/.git" &&
	w=$(MINSKY_SESSION_MODE=worktree minsky -C r session start cloned -c session.mode=clone --quiet) &&
	test -d "$w/.git"
'
test_ok 'of a bare repository' '
	git clone -q --bare r.git bare.git && git -C bare.git config remote.origin.fetch "+refs/heads/*:refs/remotes/origin/*" &&
	git -C bare.git fetch -q && minsky -C bare.git hooks install >out && w=$(minsky -C bare.git session start bared --worktree --quiet) &&
	commit "$w" inbare && minsky -C bare.git journal log >log && has "commit.created .* bared inbare  .hook" log &&
	minsky -C bare.git doctor >out && has "/bare.git/worktrees/bared: hooks work, " out &&
	minsky -C bare.git hooks uninstall >out && find bare.git/hooks -name "p*" ! -name "*.sample" >left && test ! -s left
'
fatal_git() { # ORDER: a git first in PATH that runs $FATAL after killing who called it, or the other way round
	mkdir -p fatal && cat >fatal/git <<-END
		#!/bin/sh
		case "\$*" in
		*"\$FATAL"*) $1 ;;
		*) exec $(command -v git) "\$@" ;;
		esac
	END
	chmod 755 fatal/git
}
run_git="$(command -v git) \"\$@\""
killed_at() { # GIT-WORDS COMMAND...
	FATAL=$1 && shift && export FATAL && ! (PATH="$TRASH/fatal:$PATH" exec "$@") >out 2>&1 && unset FATAL
}
test_ok 'killed before the branch was there: taken back, and so it is when that is killed as well' '
	fatal_git "$run_git; kill -9 \$PPID" && killed_at "worktree add" minsky -C r session start gone --worktree &&
	test -f "${ws%/one}/gone/.git" && fatal_git "kill -9 \$PPID" && killed_at "worktree remove" minsky -C r sync &&
	test ! -e "${ws%/one}/gone" && test -d r/.git/worktrees/gone &&
	minsky -C r sync >out 2>&1 && has "the start of .gone. was interrupted; it is undone now" out &&
	find "${ws%/one}" -name ".*.tmp" >left && test ! -s left && test ! -e r/.git/worktrees/gone &&
	minsky -C r session start gone --worktree --quiet >out
'
test_ok 'killed when the files were there: what somebody did with them stays, and the start is finished' '
	fatal_git "$run_git; kill -9 \$PPID" && killed_at "switch" minsky -C r session start there --worktree &&
	echo work >"${ws%/one}/there/new" && minsky -C r sync >out 2>&1 &&
	has "the start of .there. was interrupted; it is completed now" out && test -f "${ws%/one}/there/new" &&
	record there ".status == \"active\" and .branch == \"there\"" && commit "${ws%/one}/there" after &&
	record there ".commitCount == 1"
'
unlock() {
	rm -f r/.git/*.lock r/.git/refs/heads/*.lock
}
start_to_kill() { # N: what this one takes back of the one before is killed as well
	exec setsid minsky -C r session start "k$1" --worktree --quiet >/dev/null 2>&1
}
whole() { # FILE: of work trees
	while IFS= read -r tree; do
		test -f "$tree/file" && git -C "$tree" status >/dev/null || return
	done <"$1"
}
start_rest() { # those that are not there are not in the way of another try
	for n in $(seq 0 "$kill_runs"); do
		grep -q "/k$n\$" started || minsky -C r session start "k$n" --worktree --quiet >>out || return
	done
}
test_ok 'killed on the way: the next command takes it back, or finishes it' '
	kill_spread 8 unlock start_to_kill && unlock && minsky -C r sync >out 2>&1 &&
	minsky -C r session list --json >out &&
	jq -r ".sessions[] | select(.session | startswith(\"k\")) | .workspace" out >started &&
	whole started && start_rest && git -C r worktree list --porcelain >list && hasnt "^locked init" list
'
test_ok 'uninstalling takes the hooks out of the repository, once, and leaves what was there' '
	minsky -C r hooks uninstall --all >out && cmp_files kept r/.git/hooks/post-commit &&
	test ! -e r/.git/hooks/post-merge
'
test_done
