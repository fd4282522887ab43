#!/bin/sh
# Do hooks ring? status, doctor and list say so, and asking changes nothing.
. "$(dirname "$0")/lib.sh"

commit() { # DIR SUBJECT
	tick && git -C "$1" commit -q --allow-empty -m "$2"
}

test_ok 'doctor looks at the repository and its workspaces: all are live' '
	make_repo r && printf "#!/bin/sh\necho x >>\"\$PWD/.git/ran\"\n" >r/.git/hooks/post-commit &&
	chmod 755 r/.git/hooks/post-commit && minsky -C r hooks install >out &&
	ws=$(minsky -C r session start one --quiet) && minsky -C r doctor >out 2>err &&
	test "$(grep -c ": hooks work, " out)" -eq 2 && has "/r/.git: hooks work, last hook never$" out &&
	has "^git  *2" out && has "^minsky-hook  */" out && test ! -s err
'
test_ok 'asking starts no hook of others, tells nothing, and leaves nothing behind' '
	test ! -e r/.git/ran && minsky -C r journal log >one && minsky -C r doctor >out &&
	minsky -C r hooks status >out && minsky -C r journal log >two && cmp_files one two &&
	find "$XDG_STATE_HOME" -name "selftest*" >found && test ! -s found
'
test_ok 'a stray variable of the self-test writes nothing' '
	MINSKY_SELFTEST=0123456789abcdef0123456789abcdef git -C r commit -q --allow-empty -m stray &&
	MINSKY_SELFTEST=../../x git -C r commit -q --allow-empty -m stray &&
	find "$XDG_STATE_HOME" r -name "selftest*" >found && test ! -s found
'
test_ok 'list and get say when a hook last ran; asking is no ringing' '
	minsky -C r session list >out && has "LAST HOOK" out && has "^one .*just now  *-\$" out &&
	commit "$ws" work && minsky -C r session list >out && has "just now  *just now\$" out &&
	tick 600 && minsky -C r doctor >out && has "/one/.git: hooks work, last hook 10 min ago$" out &&
	minsky -C r session list >out && has "10 min ago  *10 min ago\$" out &&
	minsky -C r session get one --json >out &&
	jq -e ".session.derived.lastHook == \"2026-01-01T00:01:00.000Z\"" out >/dev/null &&
	minsky -C r session get one >out && has "^last hook .*10 min ago" out &&
	tick && git -C "$ws" -c core.hooksPath=/dev/null commit -q --allow-empty -m dark &&
	minsky -C r sync >out && minsky -C r session list >out && has "just now  *11 min ago\$" out
'
test_ok 'one hook is gone: dark, which and where, exit 1; --fix puts it right' '
	rm "$ws/.git/hooks/post-merge" && must_fail 1 minsky -C r doctor >out 2>err &&
	has "/one/.git: hooks do not work, " out && has "post-merge: it is missing" out &&
	has "/r/.git: hooks work, " out && has "hooks do not work in 1 clone" err &&
	minsky -C r doctor --fix >out && test -x "$ws/.git/hooks/post-merge" &&
	minsky -C r doctor >out && test "$(grep -c ": hooks work, " out)" -eq 2
'
test_ok 'a hook that is in place and does not ring is dark' '
	find r/.git/hooks "$ws/.git/hooks" -name "p*" >hooks && mv r/.git/minsky/journal kept &&
	minsky -C r hooks status >out && has "^hooks  *do not work: this repository is not registered" out &&
	mv kept r/.git/minsky/journal && minsky -C r hooks status >out && has "^hooks  *work" out &&
	MINSKY_HOOKS=0 minsky -C r hooks status >out && has "^hooks  *do not work: .*MINSKY_HOOKS is 0" out &&
	chmod -x r/.git/hooks/post-commit && minsky -C r hooks status >out &&
	has "^hooks  *do not work: post-commit: it is not executable" out &&
	minsky -C r hooks install >out && has "^hooks  *work" out
'
test_ok 'as JSON, for every known repository, from anywhere' '
	make_repo other && minsky -C other init --skip-hooks >out 2>&1 && mkdir nowhere &&
	cd nowhere && must_fail 1 minsky doctor --json >../out && cd .. &&
	jq -e ".working == 2 and .notWorking == 1 and .foreign == 0 and (.clones | length) == 3" out >/dev/null &&
	jq -e ".clones[] | select(.status == \"do-not-work\") | .reason == \"no hooks are installed\" and
		(.path | endswith(\"/other/.git\"))" out >/dev/null &&
	jq -e ".clones[] | select(.sessionId) | .lastHook" out >/dev/null &&
	minsky -C r doctor >out && must_fail 1 minsky -C r doctor --all >out
'
test_ok 'clones that were deleted, and copies, are not counted' '
	cp -a other copied && rm -rf other && minsky doctor --all >out && hasnt "/other/" out
'
if [ "$(id -u)" -eq 0 ] && chown 12345 "$HOME" 2>/dev/null; then
	chown 0 "$HOME"
	test_ok 'one of another user is foreign: nothing rings there, and nothing is written' '
		git config --global --add safe.directory "*" && chown -R 12345 r &&
		must_fail 0 minsky doctor --all >out && has "/r/.git: hooks are not used, " out &&
		has "belongs to another user" out && minsky doctor --all --json >out &&
		jq -e ".foreign == 1" out >/dev/null && commit r foreign >out 2>&1 && test ! -s out &&
		chown -R 0 r && minsky -C r journal log >out && hasnt " foreign " out &&
		minsky -C r sync >out && minsky -C r journal log >out && has " foreign  .reconcile" out
	'
	test_ok 'status says so too, and nothing is installed for another user' '
		chown -R 12345 r && minsky -C r hooks status >out &&
		has "^hooks  *are not used: it belongs to another user" out &&
		minsky -C r hooks status --json >out && jq -e ".status == \"foreign\"" out >/dev/null &&
		chown -R 0 r && make_repo theirs && chown -R 12345 theirs &&
		must_fail 4 minsky -C theirs hooks install >out 2>&1 &&
		has "theirs/.git. belongs to another user" out &&
		find theirs/.git/hooks -type f ! -name "*.sample" >found && test ! -s found
	'
else
	test_skip 'one of another user is foreign' 'only root can give files away'
fi
test_ok 'hooks.deadline is written where hooks find it, and taken away again' '
	mkdir -p "$XDG_CONFIG_HOME/minsky" && umask 077 &&
	printf "hooks:\n  deadline: 5s\n" >"$XDG_CONFIG_HOME/minsky/config.yaml" && umask 022 &&
	minsky -C r sync >out && find "$XDG_STATE_HOME/minsky/journal" -name hooks-deadline >found &&
	test "$(wc -l <found)" -eq 1 && has -x 5s "$(cat found)" &&
	minsky -C r sync -c hooks.deadline=9s >out && has -x 5s "$(cat found)" &&
	rm "$XDG_CONFIG_HOME/minsky/config.yaml" && minsky -C r sync >out && test ! -e "$(cat found)"
'
test_done
