#!/bin/sh
# Repositories that are not like the others: git in all its forms, in a clone and in a work tree.
. "$(dirname "$0")/lib.sh"

commit_in() { # DIR FILE TEXT
	tick && echo "$3" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "$3"
}
# NAME OPTIONS...: its workspace in $ws.
start() {
	ws=$(minsky -C r session start "$@" --quiet 2>err) || { cat err && return 1; }
}
# Delete it, after its work has landed.
gone() {
	minsky -C r session delete "$1" --override 'test' >/dev/null 2>&1
}

test_ok 'setup' '
	make_repo_with_origin r && commit_in r file two && git -C r push -q origin main
'
test_ok 'HEAD detached where no branch is: the default branch of the remote is the base' '
	git -C r switch -q --detach HEAD~1 && start clone && test -d "$ws/.git" &&
	test "$(cat "$ws/file")" = two && start tree --worktree && test "$(cat "$ws/file")" = two &&
	gone clone && gone tree && git -C r switch -q main
'
test_ok 'HEAD on a branch that is not born: likewise' '
	git -C r symbolic-ref HEAD refs/heads/unborn && start unborn-clone && test "$(cat "$ws/file")" = two &&
	start unborn-tree --worktree && gone unborn-clone && gone unborn-tree && git -C r symbolic-ref HEAD refs/heads/main
'
test_ok 'the state directory behind a link: a clone and a work tree, found by either name' '
	state=$XDG_STATE_HOME && mkdir -p real && ln -s real link && XDG_STATE_HOME=$TRASH/link &&
	make_repo_with_origin l && ws=$(minsky -C l session start behind --worktree --quiet) &&
	test "${ws#"$TRASH/real/"}" != "$ws" && other=$TRASH/link/${ws#"$TRASH/real/"} &&
	commit_in "$ws" f three && minsky -C l session get behind --json >out && json ".session.commitCount == 1" out &&
	minsky -C "$other" session get --json >out && json ".session.session == \"behind\"" out &&
	must_fail 4 minsky -C "$other" session delete behind --override x 2>err && has inside err &&
	two=$(minsky -C l session start two --quiet) && commit_in "$two" g three &&
	minsky -C l session pr create two --title T >/dev/null 2>&1 && minsky -C l session approve two >/dev/null 2>&1 &&
	minsky -C l session delete behind --override x >/dev/null 2>&1 && minsky -C l session restore behind >/dev/null &&
	XDG_STATE_HOME=$TRASH/real && minsky -C l session get behind >/dev/null && commit_in "$ws" h four &&
	XDG_STATE_HOME=$state
'
test_ok 'HOME and the workspace root behind links' '
	mkdir -p far && ln -s far near && MINSKY_WORKSPACE_ROOT=$TRASH/near/ws && export MINSKY_WORKSPACE_ROOT &&
	start linked-root --worktree && test -d "$TRASH/far/ws" && test "${ws#"$TRASH/far/ws/"}" != "$ws" &&
	minsky -C r session delete linked-root >/dev/null && minsky -C r session restore linked-root >/dev/null &&
	gone linked-root && unset MINSKY_WORKSPACE_ROOT
'
test_ok 'configuration in the environment counts for minsky as for git' '
	start env && commit_in "$ws" e 1 && git config --global user.useConfigOnly true &&
	git config --global --rename-section user hidden &&
	git config --global user.useConfigOnly true &&
	must_fail 1 minsky -C r session pr create env --title T 2>err && has "^hint: tell git who you are" err &&
	must_fail 1 minsky -C r session pr create env --title T --json >out 2>/dev/null && json ".reason == \"no-identity\"" out &&
	GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0=E GIT_CONFIG_KEY_1=user.email \
		GIT_CONFIG_VALUE_1=e@example.invalid minsky -C r session pr create env --title T >/dev/null 2>&1 &&
	test "$(git -C "$ws" log -1 --format=%an origin/pr/env)" = E &&
	git config --global --remove-section user && git config --global --rename-section hidden user &&
	git config --global --unset user.useConfigOnly && gone env
'
test_ok 'GIT_TRACE and its like change no answer' '
	start traced && for v in GIT_TRACE GIT_TRACE2 GIT_TRACE_SETUP GIT_CURL_VERBOSE; do
		(export "$v=1" && minsky -C r session delete traced --dry-run 2>err) >/dev/null || return 1
	done && (GIT_TRACE="$TRASH/trace" && export GIT_TRACE && minsky -C r session delete traced >/dev/null 2>&1) &&
	has "git" "$TRASH/trace"
'
test_ok 'safe.bareRepository=explicit, everywhere' '
	git config --global safe.bareRepository explicit && start explicit --worktree &&
	commit_in "$ws" x 1 && minsky -C r session pr create explicit --title T >/dev/null 2>&1 &&
	minsky -C r session approve explicit >/dev/null 2>&1 && minsky -C r session delete explicit >/dev/null 2>err &&
	minsky -C r session restore explicit >/dev/null && minsky -C r session delete explicit >/dev/null &&
	start explicit-clone && commit_in "$ws" y 1 && minsky -C r session pr create explicit-clone --title T >/dev/null 2>&1 &&
	minsky -C r session approve explicit-clone >/dev/null 2>&1 && minsky -C r session delete explicit-clone >/dev/null 2>&1 &&
	minsky -C r session purge explicit-clone >/dev/null && git -C r pull -q &&
	git config --global --unset safe.bareRepository
'
test_ok 'the main repository was moved: a list says so, the next command repairs the work tree' '
	start moved --worktree && mv r r2 && minsky -C r2 session list >out && has "moved .*(broken)" out &&
	minsky -C r2 session list --json >out && json ".sessions[] | select(.session == \"moved\") | .derived.health == \"broken\"" out &&
	minsky -C r2 session update moved >out 2>err && has "repaired" err && git -C "$ws" status --porcelain >out &&
	minsky -C r2 session list >out && hasnt "broken" out && mv r2 r && minsky -C r session get moved >/dev/null 2>&1 &&
	git -C "$ws" status >/dev/null && gone moved
'
test_ok 'a sparse checkout is carried over, in a clone and in a work tree' '
	mkdir -p r/a r/b && commit_in r a/f 1 && commit_in r b/f 1 && git -C r push -q origin main &&
	git -C r sparse-checkout set a && test ! -e r/b/f && start sparse && test -e "$ws/a/f" && test ! -e "$ws/b/f" &&
	test -z "$(git -C "$ws" status --porcelain)" && minsky -C r session delete sparse >/dev/null &&
	start sparse-tree --worktree && test -e "$ws/a/f" && test ! -e "$ws/b/f" &&
	minsky -C r session delete sparse-tree >/dev/null && git -C r sparse-checkout disable
'
test_ok 'shallow, single-branch and partial clones' '
	git -C r.git config uploadpack.allowFilter true && n=0 &&
	for how in --depth=1 --single-branch --filter=blob:none; do
		n=$((n + 1)) && git clone -q "$how" "file://$TRASH/r.git" "kind$n" &&
		one=$(minsky -C "kind$n" session start "s$n" --quiet 2>err) && commit_in "$one" work "$n" &&
		minsky -C "kind$n" session pr create "s$n" --title "T $n" >/dev/null 2>&1 &&
		minsky -C "kind$n" session approve "s$n" >/dev/null 2>&1 &&
		test "$(git -C r.git log -1 --format=%s main)" = "T $n" &&
		minsky -C "kind$n" session delete "s$n" >/dev/null || return 1
	done && git -C r pull -q
'

# sub with a module of its own, and r with both, initialised.
modules() {
	git config --global protocol.file.allow always &&
		make_repo inner && git clone -q --bare inner inner.git &&
		make_repo sub && git -C sub submodule --quiet add "$TRASH/inner.git" deep/inner &&
		git -C sub commit -q -m inner && git clone -q --bare sub sub.git &&
		git -C r submodule --quiet add "$TRASH/sub.git" "lib/a b" && git -C r commit -q -m sub &&
		git -C r push -q origin main && git -C r submodule --quiet update --init --recursive &&
		git config --global --unset protocol.file.allow
}
test_ok 'submodules: those that are there are in a new workspace, offline, nested ones as well' '
	modules && mv sub.git sub.away && mv inner.git inner.away &&
	for mode in "" --worktree; do
		start "m$mode" $mode && test -f "$ws/lib/a b/file" && test -f "$ws/lib/a b/deep/inner/file" &&
		test -z "$(git -C "$ws" status --porcelain)" &&
		test "$(git -C "$ws/lib/a b" remote get-url origin)" = "$TRASH/sub.git" &&
		test "$(git -C "$ws/lib/a b/deep/inner" remote get-url origin)" = "$TRASH/inner.git" &&
		minsky -C r session delete "m$mode" >/dev/null && minsky -C r session restore "m$mode" >/dev/null &&
		minsky -C r session delete "m$mode" >/dev/null || return 1
	done
'
test_ok 'session.submodules no leaves them out, and so does a repository that has none' '
	MINSKY_SESSION_SUBMODULES=no && export MINSKY_SESSION_SUBMODULES && start none && unset MINSKY_SESSION_SUBMODULES &&
	test ! -e "$ws/lib/a b/file" && gone none &&
	git -C r submodule --quiet deinit -f --all && mv r/.git/modules modules && start bare-modules &&
	test ! -e "$ws/lib/a b/file" && gone bare-modules && mv modules r/.git/modules &&
	git -C r -c protocol.file.allow=always submodule --quiet update --init --recursive
'
test_ok 'submodule.recurse: a session starts in both modes' '
	git config --global submodule.recurse true && start rec && start rec-tree --worktree && gone rec && gone rec-tree &&
	git config --global --unset submodule.recurse
'
test_ok 'a commit of a submodule that is nowhere here: said, and the session starts' '
	mv sub.away sub.git && commit_in sub more 1 && git -C sub push -q "$TRASH/sub.git" main && mv sub.git sub.away &&
	git -C r update-index --cacheinfo "160000,$(git -C sub rev-parse HEAD),lib/a b" && git -C r commit -q -m newer &&
	git -C r push -q origin main && start newer && has "submodule lib/a b: " err && has "submodule update --init" err &&
	gone newer && git -C r reset -q --hard HEAD~1 && git -C r push -q -f origin main
'
test_ok 'rename --branch --move of a work tree with submodules: refused, nothing changed' '
	start mod --worktree && must_fail 4 minsky -C r session rename mod other --branch --move 2>err &&
	has "^hint: leave out --move" err && test "$(git -C "$ws" symbolic-ref --short HEAD)" = mod &&
	minsky -C r session rename mod other --branch >/dev/null &&
	test "$(git -C "$ws" symbolic-ref --short HEAD)" = other && gone other
'
test_ok 'a name that leads out of the git directory is not followed' '
	git -C r config --file .gitmodules "submodule.../../../inner.path" evil && mkdir r/evil && git -C r add .gitmodules &&
	git -C r commit -q -m evil && git -C r push -q origin main && start evil && test ! -e "$ws/evil/file" && gone evil &&
	git -C r reset -q --hard HEAD~1 && git -C r push -q -f origin main
'

lfs_setup() {
	git lfs install --skip-repo >/dev/null && (cd r && git lfs track "*.bin" >/dev/null && echo big >big.bin &&
		git add -A && git commit -q -m big && git push -q origin main) &&
		oid=$(git -C r cat-file -p HEAD:big.bin | sed -n "s/^oid sha256://p")
}
if git lfs version >/dev/null 2>&1; then
	test_ok 'git-lfs: objects that are there are used, offline, in both modes' '
		lfs_setup && git -C r remote set-url origin http://127.0.0.1:9/none.git &&
		start lfs && test "$(cat "$ws/big.bin")" = big && test -z "$(git -C "$ws" status --porcelain)" &&
		start lfs-tree --worktree && test "$(cat "$ws/big.bin")" = big && gone lfs && gone lfs-tree
	'
	test_ok 'those that are not: refused in the words of the filter; GIT_LFS_SKIP_SMUDGE takes pointers' '
		mv r/.git/lfs/objects objects && must_fail 1 minsky -C r session start missing 2>err && has "smudge filter lfs failed" err &&
		has "^hint: GIT_LFS_SKIP_SMUDGE=1" err && must_fail 1 minsky -C r session start missing --json >out 2>/dev/null &&
		json ".reason == \"filter-failed\" and (.said | length > 0)" out &&
		(export GIT_LFS_SKIP_SMUDGE=1 && minsky -C r session start missing --quiet >dir) && has "oid sha256" "$(cat dir)/big.bin" &&
		gone missing && rm -rf r/.git/lfs/objects && mv objects r/.git/lfs/objects && git -C r remote set-url origin "$TRASH/r.git"
	'
	test_ok 'an object that only the workspace has is kept when it is deleted' '
		start only && (cd "$ws" && echo precious >p.bin && git add p.bin && git commit -q -m p &&
			git push -q --no-verify origin only:main 2>/dev/null) && git -C r fetch -q &&
		oid=$(git -C "$ws" cat-file -p HEAD:p.bin | sed -n "s/^oid sha256://p") && test -n "$oid" &&
		minsky -C r session delete only >/dev/null 2>err && has "kept 1 git-lfs object" err && minsky -C r session purge only >/dev/null &&
		find r/.git/lfs -name "$oid" | grep -q . && git -C r reset -q --hard origin/main && has precious r/p.bin
	'
else
	test_skip 'git-lfs' 'git-lfs is not installed'
fi
test_ok 'names, paths and URLs with blanks and letters of other scripts' '
	mkdir -p "ein Haus/日本" && make_repo plain && git clone -q --bare plain "ein Haus/日本/o r.git" &&
	git clone -q "ein Haus/日本/o r.git" "ein Haus/日本/r ü" && w="ein Haus/日本/r ü" &&
	one=$(minsky -C "$w" session start one --branch "fix/漢字" --quiet 2>err) && commit_in "$one" "ä ö" 1 &&
	minsky -C "$w" session pr create one --title "Größe" >/dev/null 2>&1 && minsky -C "$w" session approve one >/dev/null 2>&1 &&
	test "$(git -C "ein Haus/日本/o r.git" log -1 --format=%s main)" = "Größe" &&
	minsky -C "$w" session delete one >/dev/null
'
test_done
