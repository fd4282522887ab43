#!/bin/sh
# minsky init makes a repository known and offers its hooks; it installs none without a yes.
. "$(dirname "$0")/lib.sh"

no_hooks() { # DIR
	test -z "$(find "$1/.git/hooks" -type f ! -name "*.sample")"
}
rings() { # DIR: a commit is told by a hook
	git -C "$1" commit -q --allow-empty -m ring && minsky -C "$1" journal log >"$TRASH/log" &&
		has "commit.created .*ring  \[hook\]" "$TRASH/log"
}
asked() { # ANSWER COMMAND: on a terminal
	script -qec "$2" /dev/null <<END
$1
END
}

test_ok 'without a terminal: known, no hooks, and how to get them' '
	make_repo app && cd app && minsky init >../out 2>../err && has "^repository  *local-app$" ../out &&
	has "^journal  */.*/journal/local-app-" ../out && has "registered this repository" ../err &&
	has "minsky hooks install" ../err && no_hooks . && test -f .git/minsky/journal
'
test_ok 'a second time nothing changes' '
	cd app && cp .git/minsky/journal ../pointer && minsky journal log >../log &&
	minsky init 2>../err && has "registered already" ../err && cmp .git/minsky/journal ../pointer &&
	minsky journal log | cmp_files - ../log
'
test_ok 'on a terminal it asks; anything but a yes installs nothing' '
	cd app && for answer in n "" never; do
		asked "$answer" "minsky init" >../out && has "install minsky.s hooks.*\[y/N\]" ../out &&
			no_hooks . || return 1
	done
'
test_ok 'a yes installs them, and they ring' '
	cd app && asked y "minsky init" >../out && rings . && minsky hooks status >../out &&
	has "^hooks  *work$" ../out
'
test_ok 'with hooks in place there is nothing to ask' '
	cd app && asked n "minsky init" >../out && hasnt "y/N" ../out && rings .
'
test_ok '--hooks asks nothing; --skip-hooks neither asks nor says' '
	make_repo two && minsky -C two init --hooks >out 2>err && rings two &&
	make_repo three && minsky -C three init --skip-hooks >out 2>err && no_hooks three &&
	hasnt "hooks install" err && asked y "minsky -C three init --skip-hooks" >out && no_hooks three
'
test_ok 'as a document' '
	make_repo four && minsky init four --json >doc 2>err &&
	jq -e ".schema == 2 and .name == \"local-four\" and .new and (.hooks | not)" doc >/dev/null &&
	minsky init four --hooks --json >doc && jq -e "(.new | not) and .hooks" doc >/dev/null && rings four &&
	minsky init four --json >doc 2>err && jq -e ".hooks" doc >/dev/null && hasnt "hooks install" err
'
test_ok 'a workspace is known and has its hooks: said, and nothing changes' '
	(cd app && minsky session start one -q) >ws && ws=$(cat ws) &&
	(cd "$ws" && minsky init 2>../err; true) && git -C "$ws" status --porcelain >out && test ! -s out &&
	minsky -C app session get one >out && has "^status  *active$" out
'
test_ok 'outside a repository: not found' '
	mkdir nowhere && cd nowhere && must_fail 3 minsky init 2>../err && has "not in\(side\)\{0,1\} a git repository" ../err
'
test_done
