#!/bin/sh
# Next to the real hook managers: both work, or minsky says what to add; that is done, and works.
. "$(dirname "$0")/lib.sh"

commit() { # DIR SUBJECT
	tick && git -C "$1" commit -q --allow-empty -m "$2"
}

told() { # DIR SUBJECT: by a hook
	minsky -C "$1" journal log >"$TRASH/log" && has "commit.created.* $2  \[hook\]" "$TRASH/log"
}

untold() { # DIR SUBJECT
	minsky -C "$1" journal log >"$TRASH/log" && hasnt "commit.created.* $2  \[hook\]" "$TRASH/log"
}

# The theirs ran, once for each commit.
ran() { # DIR TIMES
	test "$(wc -l <"$1/.git/ran")" -eq "$2"
}

hooks_are() { # DIR STATE...
	minsky -C "$1" hooks status >"$TRASH/out" && shift && has "^hooks  *$*" "$TRASH/out"
}

# The line for a shell that install or status has printed.
follow() { # DIR
	sed -n 's/^minsky: .* to keep minsky.s hooks, run: //p; s/^ *to add:* *//p' "$TRASH/out" |
		tail -n 1 >"$TRASH/add" && test -s "$TRASH/add" && (cd "$1" && sh "$TRASH/add")
}

# Installed once into the build directory; the registry may not be reachable.
npm_cache=$MINSKY_BUILD/hook-managers
npm_tools() {
	command -v npm >/dev/null || return
	[ ! -e "$npm_cache/node_modules/.bin/lefthook" ] || return 0
	mkdir -p "$npm_cache" && echo '{"private":true}' >"$npm_cache/package.json" &&
		timeout 180 npm install --prefix "$npm_cache" --no-audit --no-fund --ignore-scripts \
			husky@9 lefthook@2 simple-git-hooks@2 >"$TRASH/npm.log" 2>&1
}
package() { # DIR: a repository whose tools are installed
	make_repo "$1" && echo '{"name":"x","private":true}' >"$1/package.json" &&
		ln -s "$npm_cache/node_modules" "$1/node_modules"
}

if npm_tools; then
	PATH=$npm_cache/node_modules/.bin:$PATH
	test_ok 'husky, then minsky: refused, dark, what to add is said; added, both work' '
		package h && (cd h && husky) && echo "echo x >>.git/ran" >h/.husky/post-commit &&
		must_fail 4 minsky -C h hooks install >out 2>&1 && cp out refused &&
		has "why: husky has set core.hooksPath" out && hooks_are h do not work: husky &&
		commit h before && ran h 1 && untold h before && cp refused out && follow h &&
		hooks_are h work && commit h after && told h after && ran h 2 &&
		(cd h && husky) && commit h again && told h again
	'
	test_ok 'minsky, then husky: dark with the reason; what to add is said, and works' '
		package h2 && minsky -C h2 hooks install >out && hooks_are h2 work && (cd h2 && husky) &&
		hooks_are h2 do not work: husky && commit h2 before && untold h2 before && hooks_are h2 do not work &&
		follow h2 && hooks_are h2 work && commit h2 after && told h2 after &&
		minsky -C h2 sync >out && minsky -C h2 journal log >log &&
		test "$(grep -c "commit.created" log)" -eq 2
	'
	test_ok 'a session of a repository with husky: its workspace is as husky leaves it' '
		git -C h add -A . && git -C h commit -q -m "with husky" &&
		ws=$(minsky -C h session start one --quiet) && commit "$ws" work && told "$ws" work
	'
	lefthook_yml() { # DIR
		printf 'post-commit:\n  commands:\n    theirs:\n      run: echo x >>.git/ran\n' \
			>"$1/lefthook.yml"
	}
	test_ok 'lefthook, then minsky: both work, and a warning says what lefthook will do' '
		package l && lefthook_yml l && (cd l && lefthook install) >out &&
		minsky -C l hooks install >out 2>&1 && has "^hooks  *work" out &&
		has "lefthook replaces minsky.s hooks" out && commit l one && told l one && ran l 1
	'
	test_ok 'minsky, then lefthook: dark, what to add is said; added, both work' '
		package l2 && lefthook_yml l2 && minsky -C l2 hooks install >out 2>&1 &&
		(cd l2 && lefthook install) >out && hooks_are l2 "do not work: post-commit: .*lefthook" &&
		commit l2 before && untold l2 before && ran l2 1 && hooks_are l2 do not work && follow l2 &&
		hooks_are l2 work && commit l2 after && told l2 after && ran l2 2
	'
	test_ok 'followed: nothing is advised any more, and added again it is added once' '
		cp l2/lefthook-local.yml before && (cd l2 && sh "$TRASH/add") >out &&
		cmp_files before l2/lefthook-local.yml && hasnt "^add to" out && minsky -C l2 hooks install >out 2>&1 &&
		hasnt "to keep minsky" out && rm l2/.git/ran && commit l2 again && ran l2 1 &&
		told l2 again && minsky -C l2 hooks uninstall >out && echo x >>l2/.git/ran
	'
	test_ok 'a local file of lefthook that is there is read as before, with ours' '
		package l3 && lefthook_yml l3 && sed "s/theirs/mine/" l3/lefthook.yml >l3/lefthook-local.yml &&
		(cd l3 && lefthook install) >out && minsky -C l3 hooks install >out 2>&1 && follow l3 &&
		hooks_are l3 work && commit l3 one && told l3 one && ran l3 2 &&
		package l4 && lefthook_yml l4 && echo "extends: [other.yml]" >l4/lefthook-local.yml &&
		sed "s/theirs/mine/" l4/lefthook.yml >l4/other.yml && (cd l4 && lefthook install) >out &&
		minsky -C l4 hooks install >out 2>&1 && follow l4 >said &&
		has "^add to .extends. in lefthook-local.yml: .git/info/minsky-hook.yml\$" said &&
		echo "extends: [other.yml, .git/info/minsky-hook.yml]" >l4/lefthook-local.yml &&
		(cd l4 && lefthook install) >out && hooks_are l4 work && commit l4 one && told l4 one && ran l4 2
	'
	test_ok 'uninstalling leaves lefthook as it would be alone' '
		minsky -C l2 hooks uninstall >out && rm l2/lefthook-local.yml &&
		test ! -e l2/.git/hooks/post-commit.old && (cd l2 && lefthook install --force) >out &&
		commit l2 alone && ran l2 3
	'
	test_ok 'simple-git-hooks, then minsky: both work, and a warning says what will happen' '
		package s && npm --prefix s pkg set "simple-git-hooks.post-commit=echo x >>.git/ran" &&
		(cd s && simple-git-hooks) >out && minsky -C s hooks install >out 2>&1 &&
		has "^hooks  *work" out && has "simple-git-hooks removes" out && commit s one &&
		told s one && ran s 1
	'
	test_ok 'simple-git-hooks again: dark, what to add is said; added, both work' '
		(cd s && simple-git-hooks) >out && hooks_are s do not work && commit s before && untold s before &&
		ran s 2 && hooks_are s do not work && follow s && hooks_are s work && commit s after &&
		told s after && ran s 3
	'
	test_ok 'the configuration that simple-git-hooks reads is added to, with what is there' '
		package s2 && echo "{\"post-commit\": \"echo x >>.git/ran\", \"pre-push\": \"exit 3\"}" \
			>s2/.simple-git-hooks.json && (cd s2 && simple-git-hooks) >out &&
		minsky -C s2 hooks install >out 2>&1 && follow s2 && cp s2/.simple-git-hooks.json before &&
		(cd s2 && sh "$TRASH/add") >out && cmp_files before s2/.simple-git-hooks.json &&
		hasnt minsky s2/package.json && hooks_are s2 work && commit s2 one && told s2 one && ran s2 1 &&
		git init -q --bare s2.git && must_fail 1 git -C s2 push -q ../s2.git main
	'
	test_ok 'one that is a program is for a person to add to' '
		package s3 && echo "module.exports = {\"post-commit\": \"echo x >>.git/ran\"}" \
			>s3/.simple-git-hooks.cjs && minsky -C s3 hooks install >out 2>&1 &&
		has "to keep minsky.s hooks, run: # in .simple-git-hooks.cjs, in front .*run HOOK" out
	'
	test_ok 'a minsky that was removed is missed by none of them' '
		mkdir "in it" && cp "$MINSKY_HOOK_PROGRAM" "in it/minsky-hook" &&
		MINSKY_HOOK_PROGRAM="$TRASH/in it/minsky-hook" && for tool in h l s; do
			package "${tool}9" && (cd "${tool}9" && case $tool in
			h) husky ;;
			l) lefthook_yml . && lefthook install ;;
			s) echo "{\"pre-commit\": \"true\"}" >.simple-git-hooks.json && simple-git-hooks ;;
			esac) >out && { minsky -C "${tool}9" hooks install >out 2>&1 || :; } &&
			{ minsky -C "${tool}9" hooks status >>out; sed -i "s/^  to add/to add/" out; } &&
			follow "${tool}9" >said && commit "${tool}9" one >out && told "${tool}9" one ||
				return 1
		done && rm -r "in it" && MINSKY_HOOK_PROGRAM=$MINSKY_BUILD/src/hooks/minsky-hook &&
		for tool in h l s; do
			tick && git -C "${tool}9" commit -q --allow-empty -m quiet >out 2>&1 &&
				hasnt "not found" out || return 1
		done
	'
else
	for tool in husky lefthook simple-git-hooks; do
		test_skip "$tool and minsky" 'npm cannot get it here'
	done
fi

pre_commit_yaml() { # DIR
	cat >"$1/.pre-commit-config.yaml" <<'END'
repos:
- repo: local
  hooks:
  - id: theirs
    name: theirs
    language: system
    entry: sh -c 'echo x >>.git/ran'
    always_run: true
    pass_filenames: false
    stages: [post-commit]
END
}
if command -v pre-commit >/dev/null && pre-commit --version >/dev/null 2>&1; then
	test_ok 'pre-commit, then minsky: both work; each can be taken out' '
		make_repo p && pre_commit_yaml p && git -C p add . &&
		(cd p && pre-commit install --hook-type post-commit) >out &&
		cp p/.git/hooks/post-commit theirs &&
		minsky -C p hooks install >out && has "^hooks  *work" out && commit p one && told p one &&
		ran p 1 && minsky -C p hooks uninstall >out && cmp_files theirs p/.git/hooks/post-commit &&
		commit p two && ran p 2 && untold p two
	'
	test_ok 'minsky, then pre-commit: it runs ours from where it has put it' '
		make_repo p2 && pre_commit_yaml p2 && git -C p2 add . &&
		printf "#!/bin/sh\necho y >>.git/first\n" >p2/.git/hooks/post-commit &&
		chmod 755 p2/.git/hooks/post-commit && minsky -C p2 hooks install >out &&
		(cd p2 && pre-commit install --hook-type post-commit) >out &&
		hooks_are p2 work && has "^post-commit  *behind" out && commit p2 one && told p2 one &&
		ran p2 1 && has y p2/.git/first && minsky -C p2 hooks install >out &&
		has "^post-commit  *behind" out && commit p2 two && told p2 two && ran p2 2 &&
		test "$(wc -l <p2/.git/first)" -eq 2
	'
	test_ok 'uninstalling leaves pre-commit with the hook that was there first' '
		minsky -C p2 hooks uninstall >out && commit p2 three && untold p2 three && ran p2 3 &&
		test "$(wc -l <p2/.git/first)" -eq 3 &&
		(cd p2 && pre-commit uninstall --hook-type post-commit) >out &&
		has first p2/.git/hooks/post-commit
	'
else
	test_skip 'pre-commit and minsky' 'pre-commit is not installed'
fi

# A commit with a file that LFS keeps, pushed: where is the content?
lfs_push() { # DIR NAME
	tick && echo "content of $2" >"$1/$2.bin" && git -C "$1" add . &&
		git -C "$1" commit -q -m "$2" && git -C "$1" push -q origin HEAD &&
		stored=$(sha256sum <"$1/$2.bin") &&
		test -n "$(find "$TRASH/lfs.git/lfs" -name "${stored%% *}")"
}
if command -v git-lfs >/dev/null; then
	test_ok 'git-lfs, then minsky: both work' '
		make_repo_with_origin lfs && git -C lfs lfs install --local >out &&
		git -C lfs lfs track "*.bin" >out && lfs_push lfs zero &&
		minsky -C lfs hooks install >out && has "^hooks  *work" out &&
		has "^pre-push  *installed, then runs" out && lfs_push lfs one && told lfs one
	'
	test_ok 'a session of such a repository pushes its content too' '
		ws=$(minsky -C lfs session start one --quiet) && cat "$ws/one.bin" >out &&
		has "content of one" out && hooks_are "$ws" work && lfs_push "$ws" two && told "$ws" two
	'
	test_ok 'git lfs update --force replaces copies, not the program; dark, and put right' '
		cksum <"$MINSKY_HOOK_PROGRAM" >before && git -C lfs lfs update --force >out &&
		cksum <"$MINSKY_HOOK_PROGRAM" >after && cmp_files before after && hooks_are lfs do not work &&
		lfs_push lfs three && minsky -C lfs hooks install >out && has "^hooks  *work" out &&
		lfs_push lfs four && told lfs four
	'
	test_ok 'minsky, then git-lfs: it refuses to be beside ours; the way in the manual works' '
		make_repo late && git -C late remote add origin "$TRASH/lfs.git" &&
		minsky -C late hooks install >out &&
		must_fail 2 git -C late lfs install --local >out 2>&1 && has "Hook already exists" out &&
		minsky -C late hooks uninstall >out && git -C late lfs install --local >out &&
		minsky -C late hooks install >out && has "^pre-push  *installed, then runs" out &&
		has "^hooks  *work" out && git -C late lfs track "*.bin" >out &&
		git -C late switch -q -c late && lfs_push late five && told late five
	'
else
	test_skip 'git-lfs and minsky' 'git-lfs is not installed'
fi
test_done
