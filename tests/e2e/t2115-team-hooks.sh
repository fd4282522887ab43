#!/bin/sh
# What a team's own hooks refuse in the repository, they refuse in every session.
. "$(dirname "$0")/lib.sh"
MINSKY_HOOKS_DEADLINE=20s
export MINSKY_HOOKS_DEADLINE

hook() { # FILE BODY
	mkdir -p "${1%/*}" && printf '#!/bin/sh\n%s\n' "$2" >"$1" && chmod +x "$1"
}
# DIR: a hook called pre-commit that refuses files called bad, and says where it is.
guard() { # FILE
	hook "$1" 'echo "$0 $PWD" >>"$TRASH/ran"; ! git diff --cached --name-only | grep -q "bad" || { echo no >&2; exit 1; }'
}
# A session of r in both modes; $c the clone, $w the work tree.
sessions() { # NAME
	c=$(minsky -C r session start "$1-c" --quiet 2>err) && w=$(minsky -C r session start "$1-w" --worktree --quiet 2>>err)
}
add() { # DIR FILE
	tick && echo "$2" >>"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "$2"
}
# bad is refused and good goes through, in both.
guarded() {
	for at in "$c" "$w"; do
		must_fail 1 add "$at" "bad-$1" 2>err && has no err && git -C "$at" reset -q --hard && add "$at" "good-$1" || return 1
	done
}
told() { # SUBJECT
	minsky -C r journal log >events && has "commit.created.* $1  \[hook\]" events
}
export TRASH

test_ok 'a plain script in .git/hooks; what is carried is said' '
	make_repo_with_origin r && guard r/.git/hooks/pre-commit && sessions plain &&
	guarded plain && told good-plain && minsky -C r session start said 2>err >/dev/null &&
	has "own hooks run in the workspace: pre-commit (.*/r/.git/hooks)" err && minsky -C r session delete said >/dev/null 2>&1
'
test_ok 'the present hook counts: changed, added and removed ones, without anything being done' '
	hook r/.git/hooks/pre-commit "echo changed >&2; exit 1" && must_fail 1 add "$c" x 2>err && has changed err &&
	rm r/.git/hooks/pre-commit && add "$c" x && hook r/.git/hooks/commit-msg "echo added >&2; grep -q ticket \"\$1\"" &&
	must_fail 1 add "$c" y 2>err && has added err && git -C "$c" commit -q -m ticket && rm r/.git/hooks/commit-msg &&
	hook r/.git/hooks/pre-commit "exit 1" && chmod -x r/.git/hooks/pre-commit && add "$c" z && rm r/.git/hooks/pre-commit
'
test_ok 'one of the name of minsky'"'"'s: behind it, with arguments, input and status' '
	hook r/.git/hooks/pre-push "cat >\"$TRASH/input\"; echo \"\$@\" >\"$TRASH/args\"; exit 3" &&
	minsky -C r hooks install >/dev/null && must_fail 1 git -C "$c" push -q origin HEAD:refs/heads/x 2>err &&
	has "origin " args && has "refs/heads/x" input && hook r/.git/hooks/pre-push.minsky-prev "exit 0" &&
	git -C "$c" push -q origin HEAD:refs/heads/x &&
	hook r/.git/hooks/post-commit.minsky-prev "echo ran >>\"$TRASH/post\"" && add "$c" after && told after && test "$(wc -l <post)" -eq 1 &&
	rm r/.git/hooks/post-commit.minsky-prev r/.git/hooks/pre-push.minsky-prev
'
test_ok 'core.hooksPath, tracked: the workspace'"'"'s own version, as in any work tree' '
	guard r/.githooks/pre-commit && git -C r add .githooks && git -C r commit -q -m hooks && git -C r push -q origin main &&
	git -C r config core.hooksPath .githooks && sessions tracked && guarded tracked && tail -n 1 ran >last && has "githooks/pre-commit" last &&
	hook "$c/.githooks/pre-commit" "echo mine >&2; exit 1" && must_fail 1 add "$c" q 2>err && has mine err &&
	git -C "$c" checkout -q .githooks && git -C r config --unset core.hooksPath
'
test_ok 'core.hooksPath, absolute and outside; and one that is set later holds in sessions that are there' '
	guard away/hooks/pre-commit && git -C r config core.hooksPath "$TRASH/away/hooks" && guarded later &&
	sessions outside && guarded outside && git -C r config --unset core.hooksPath
'
test_ok 'core.hooksPath of the user: by itself' '
	guard home/hooks/pre-commit && git config --global core.hooksPath "~/hooks" && sessions user && guarded user &&
	git config --global --unset core.hooksPath
'
test_ok 'a directory that a tool generated and ignores (husky): also in a linked work tree' '
	guard r/.gen/_/pre-commit && echo "*" >r/.gen/_/.gitignore && git -C r config core.hooksPath .gen/_ &&
	sessions generated && test -e "$w/.gen/_" && test -z "$(git -C "$w" status --porcelain)" && guarded generated &&
	minsky -C r session delete generated-w --override test >/dev/null 2>&1 && git -C r config --unset core.hooksPath
'
test_ok 'session.hooks none: they do not run, and that is said' '
	guard r/.git/hooks/pre-commit && off=$(minsky -C r session start off -c session.hooks=none 2>err >/dev/null; minsky -C r session dir off) &&
	has "own hooks do not run in the workspace (session.hooks is none): pre-commit" err && add "$off" bad-off && told bad-off
'
test_ok 'minsky hooks install carries or takes out, as it is set' '
	minsky -C "$off" hooks install >/dev/null && must_fail 1 add "$off" bad-on 2>err && git -C "$off" reset -q --hard &&
	(cd "$off" && MINSKY_SESSION_HOOKS=none minsky hooks install >/dev/null) && add "$off" bad-again
'
test_ok 'minsky hooks uninstall leaves nothing' '
	minsky -C "$c" hooks uninstall >/dev/null && test -z "$(ls "$c/.git/hooks")" && test ! -e "$c/.git/minsky/main" &&
	minsky -C "$c" hooks install >/dev/null && must_fail 1 add "$c" bad-back 2>err && git -C "$c" reset -q --hard
'
test_ok 'the repository is gone: said at each commit, and the commit goes through' '
	mv r r.away && add "$c" alone 2>err && has "the main repository .* is not there: its hook pre-commit does not run" err && mv r.away r
'
test_ok 'a pull request is made and landed through them' '
	hook r/.git/hooks/pre-push "echo tests fail >&2; exit 1" && rm -f r/.git/hooks/pre-commit && add "$c" for-pr &&
	must_fail 1 minsky -C r session pr create "$(basename "$c")" --title T 2>err && has "tests fail" err &&
	must_fail 1 minsky -C r session pr create "$(basename "$c")" --title T --json >out 2>/dev/null && json ".said | test(\"tests fail\")" out &&
	rm r/.git/hooks/pre-push && minsky -C r session pr create "$(basename "$c")" --title T >/dev/null 2>&1
'

if command -v pre-commit >/dev/null; then
	test_ok 'pre-commit, the real one' '
		rm -f r/.git/hooks/pre-commit && printf "repos:\n- repo: local\n  hooks:\n  - id: guard\n    name: guard\n    entry: no such word\n    language: fail\n    files: bad\n" \
			>r/.pre-commit-config.yaml && git -C r add . && git -C r commit -q -m config && git -C r push -q origin main &&
		(cd r && pre-commit install >/dev/null) && sessions precommit &&
		for at in "$c" "$w"; do
			must_fail 1 add "$at" bad-p 2>err && git -C "$at" reset -q --hard && add "$at" good-p 2>err || return 1
		done && (cd r && pre-commit uninstall >/dev/null) && git -C r rm -q .pre-commit-config.yaml &&
		git -C r commit -q -m "no config" && git -C r push -q origin main
	'
else
	test_skip 'pre-commit, the real one' 'it is not installed'
fi
if git lfs version >/dev/null 2>&1; then
	test_ok 'git-lfs, the real one: what is committed in a session is uploaded when it is pushed' '
		(cd r && minsky hooks uninstall >/dev/null && git lfs install --local >/dev/null && minsky hooks install >/dev/null && git lfs track "*.big" >/dev/null && git add . && git commit -q -m lfs &&
			git push -q origin main 2>/dev/null) && sessions lfs &&
		for at in "$c" "$w"; do
			add "$at" "f-$(basename "$at").big" && oid=$(git -C "$at" cat-file -p "HEAD:f-$(basename "$at").big" | sed -n "s/^oid sha256://p") &&
			git -C "$at" push -q origin "HEAD:refs/heads/up-$(basename "$at")" 2>/dev/null && find r.git/lfs -name "$oid" | grep -q . || return 1
		done && (cd r && git lfs uninstall --local >/dev/null)
	'
else
	test_skip 'git-lfs, the real one' 'it is not installed'
fi

npm_cache=$MINSKY_BUILD/hook-managers
npm_tools() {
	command -v npm >/dev/null || return
	[ ! -e "$npm_cache/node_modules/.bin/lefthook" ] || return 0
	mkdir -p "$npm_cache" && echo '{"private":true}' >"$npm_cache/package.json" &&
		timeout 180 npm install --prefix "$npm_cache" --no-audit --no-fund --ignore-scripts \
			husky@9 lefthook@2 simple-git-hooks@2 >"$TRASH/npm.log" 2>&1
}
if npm_tools; then
	PATH=$npm_cache/node_modules/.bin:$PATH
	test_ok 'husky, the real one' '
		(cd r && echo "{}" >package.json && husky >/dev/null && guard .husky/pre-commit && git add . && git commit -q -m husky &&
			git push -q origin main) && sessions husky && guarded husky && (cd "$c" && husky) && guarded again &&
		git -C r config --unset core.hooksPath
	'
	test_ok 'lefthook, the real one' '
		guard r/guard.sh && printf "pre-commit:\n  jobs:\n  - run: sh ./guard.sh\n" >r/lefthook.yml && git -C r add . && git -C r commit -q -m lefthook &&
		git -C r push -q origin main && (cd r && lefthook install >/dev/null 2>&1) && sessions lefthook &&
		for at in "$c" "$w"; do
			must_fail 1 add "$at" bad-l 2>err && git -C "$at" reset -q --hard && add "$at" good-l 2>err &&
				must_fail 1 add "$at" bad-l2 2>err && git -C "$at" reset -q --hard || return 1
		done
	'
else
	test_skip 'husky and lefthook' 'npm cannot get them'
fi
test_done
