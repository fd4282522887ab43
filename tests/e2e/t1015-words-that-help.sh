#!/bin/sh
# What a command says leads on: hints work when they are typed, others' words arrive, nothing is said
# that is not so.
. "$(dirname "$0")/lib.sh"

commit_in() { # DIR FILE TEXT
	tick && echo "$3" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "$2 $3"
}
session() { # NAME: one with a commit, in $ws
	ws=$(minsky -C r session start "$1" --quiet 2>/dev/null) && commit_in "$ws" "$1" 1
}
# Run what the hint says behind its last colon and blank.
follow() { # FILE
	sed -n 's/^hint: .*: \(git .*\)/\1/p; s/^hint: .*: \(minsky .*\)/\1/p' "$1" | tail -n 1 >hint && test -s hint && (cd r && sh ../hint)
}

test_ok 'setup' '
	make_repo_with_origin r
'
test_ok 'a conflict: the hint brings it into the workspace, and after that the PR is made' '
	session clash && commit_in r clash 2 && git -C r push -q origin main &&
	must_fail 4 minsky -C r session pr create clash --title T 2>err && has "merge origin/main" err &&
	must_fail 4 minsky -C r session update clash 2>err && has "merge origin/main" err &&
	must_fail 4 minsky -C r session update clash --json >out 2>/dev/null && json ".reason == \"conflict\" and (.reasons | length == 1)" out &&
	must_fail 1 follow err && echo 3 >"$ws/clash" && git -C "$ws" commit -q -am solved &&
	minsky -C r session pr create clash --title T >/dev/null 2>&1
'
test_ok 'the base has moved: the hint refreshes, and it lands' '
	commit_in r more 1 && git -C r push -q origin main && must_fail 4 minsky -C r session approve clash 2>err &&
	must_fail 4 minsky -C r session approve clash --json >out 2>/dev/null && json ".reason == \"base-moved\"" out &&
	follow err >/dev/null 2>&1 && minsky -C r session approve clash >/dev/null 2>&1
'
test_ok 'a commit that cannot be signed: in the words of gpg, and not as if files were in the way' '
	session sign && commit_in r sign2 1 && git -C r push -q origin main &&
	printf "#!/bin/sh\necho \"gpg: cannot open /dev/tty\" >&2\nexit 2\n" >gpg && chmod +x gpg &&
	git config --global gpg.program "$TRASH/gpg" && git config --global commit.gpgSign true &&
	must_fail 1 minsky -C r session update sign 2>err && hasnt "stash" err && has "failed to sign" err && has "^hint: check user.signingKey" err &&
	must_fail 1 minsky -C r session update sign --json >out 2>/dev/null && json ".reason == \"signing-failed\" and (.said | test(\"sign\"))" out &&
	git config --global --unset commit.gpgSign && git config --global --unset gpg.program && minsky -C r session update sign >/dev/null 2>&1
'
test_ok 'what is in the way: the status is shown by the hint' '
	session dirty && commit_in r dirty2 1 && git -C r push -q origin main && echo x >"$ws/dirty2" &&
	must_fail 4 minsky -C r session update dirty 2>err && has "would be overwritten\|dirty2" err && follow err | grep -q dirty2 && rm "$ws/dirty2"
'
test_ok 'the words of the server, of its hook and of a pre-push hook, with their reasons' '
	session words && printf "#!/bin/sh\necho first; echo second >&2; exit 1\n" >r.git/hooks/pre-receive && chmod +x r.git/hooks/pre-receive &&
	must_fail 4 minsky -C r session pr create words --title T 2>err && has "remote: first" err && has "remote: second" err &&
	must_fail 4 minsky -C r session pr create words --title T --json >out 2>/dev/null &&
	json ".reason == \"declined-by-server\" and (.said | split(\"\n\") | length == 2)" out && rm r.git/hooks/pre-receive &&
	minsky -C r session pr create words --title T >/dev/null 2>&1
'
test_ok 'a server that denies to replace: the PR branch is made again' '
	git -C r.git config receive.denyNonFastForwards true && commit_in "$ws" words 2 &&
	minsky -C r session pr create words >/dev/null 2>&1 && git -C r.git show pr/words:words | grep -q 2 &&
	git -C r.git config receive.denyDeletes true && commit_in "$ws" words 3 &&
	must_fail 4 minsky -C r session pr create words --json >out 2>/dev/null && json ".reason == \"server-denies-replacing\"" out &&
	git -C r.git show pr/words:words | grep -q 2 && git -C r.git config receive.denyDeletes false &&
	git -C r.git config receive.denyNonFastForwards false
'
test_ok 'work on another branch is not in the PR, and that is said' '
	git -C "$ws" switch -q -c side && commit_in "$ws" side 1 && minsky -C r session pr create words 2>err >/dev/null && has "side" err &&
	git -C "$ws" switch -q words
'
test_ok 'deleting a session whose workspace is gone promises no trash' '
	session lost && rm -rf "$ws" && minsky -C r session delete lost >/dev/null 2>err && hasnt "trash" err &&
	session kept && minsky -C r session delete kept --override x >/dev/null 2>err && has "trash" err
'
test_ok 'a filter that nothing matches does not say that there are no sessions' '
	minsky -C r session list --task 99 >out 2>err && has "no session matches" err && hasnt "start one" err
'
test_ok 'inspect takes a name' '
	minsky -C r session inspect words --json >out && json ".session.session == \"words\"" out && must_fail 3 minsky -C r session inspect nobody 2>err
'
test_ok 'a seal that was made in a workspace does not stand against deleting it' '
	session sealed && git -C "$ws" push -q origin HEAD:main && git -C r pull -q && minsky -C "$ws" journal seal >/dev/null 2>&1 &&
	minsky -C r session delete sealed >/dev/null 2>err
'
test_ok 'USER unset: the name of the account' '
	(unset USER && minsky -C r session note words --text x >/dev/null 2>&1 || minsky -C r session note words x >/dev/null 2>&1) &&
	(unset USER && session nobody) && minsky -C r session get nobody --json >out && json ".session.startedBy.user == \"$(id -un)\"" out
'
test_ok 'columns are as wide as they show' '
	LC_ALL=C.UTF-8 && export LC_ALL && minsky -C r session start wide --branch "fix/漢字" --quiet >/dev/null 2>&1 &&
	minsky -C r session list >out && LC_ALL=C && awk "/fix\/漢字/ { w = index(\$0, \"just now\") - 4 } /^words/ { n = index(\$0, \"now\") } END { exit !(w > 0) }" out
'
test_done
