#!/bin/sh
# Which store answers: several repositories in one, one repository in several, lists across all.
. "$(dirname "$0")/lib.sh"

# names_are 'one two' ARGUMENT...: what a list says, in its order; outside any repository.
names_are() {
	test_wanted=$1
	shift
	minsky session list --json "$@" >"$TRASH/list" || return 1
	test_got=$(jq -r '[.sessions[].session] | join(" ")' "$TRASH/list")
	[ "$test_got" = "$test_wanted" ] || {
		echo "names_are: '$test_got', not '$test_wanted': $*" >&4
		return 1
	}
}

# shellcheck disable=SC2034 # the bodies use it
case $MINSKY_TEST_BACKEND in
json) other=sqlite ;;
*) other=json ;;
esac

test_ok 'set-up: two repositories with sessions of the same name in one store' '
	make_repo one && make_repo two &&
	minsky -C one session start same --task 7 --quiet && tick &&
	minsky -C one session start fix-parser --description "the PARSER of dates" --quiet && tick &&
	minsky -C two session start same --task "#007" --quiet && tick &&
	minsky -C two session start zebra --branch stripes --quiet && tick
'
test_ok 'inside a repository its own sessions are listed' '
	names_are "fix-parser same" --repo one && names_are "zebra same" --repo two &&
	test "$(minsky -C one session dir same)" != "$(minsky -C two session dir same)" &&
	minsky -C one session get same --json >a && minsky -C two session get same --json >b &&
	json ".session.repoName == \"local-one\"" a && json ".session.repoName == \"local-two\"" b
'
test_ok 'outside, those of all of them in one order' '
	names_are "zebra same fix-parser same" && json ".sessions[1].repoName == \"local-two\"" list &&
	names_are "fix-parser same same zebra" --sort name && names_are "zebra same fix-parser same" --sort created
'
test_ok 'of which a piece can be had' '
	names_are "zebra" -n 1 && names_are "same fix-parser" -n 2 --offset 1 && names_are "same" --offset 3 &&
	names_are "" --offset 4 && names_are "same same" --sort name -n 2 --offset 1 &&
	names_are "fix-parser" -n 1 --repo one && names_are "same" -n 1 --offset 1 --repo one
'
test_ok 'a name that two repositories have has to be told apart' '
	must_fail 2 minsky session get same 2>err && has "2 repositories have a session .same." err &&
	minsky session get zebra >out && has "^session *zebra" out &&
	must_fail 2 minsky session get 7 2>err && has "2 repositories" err
'
test_ok 'across backends: each repository has its own' '
	mkdir one/.minsky && echo "sessiondb: { backend: $other }" >one/.minsky/config.yaml &&
	(unset MINSKY_SESSION_BACKEND && mkdir -p "$XDG_CONFIG_HOME/minsky" &&
		echo "sessiondb: { backend: $MINSKY_TEST_BACKEND }" >"$XDG_CONFIG_HOME/minsky/config.yaml" &&
		names_are "zebra same fix-parser same" && names_are "fix-parser same" --repo one &&
		names_are "same" --offset 3 && names_are "fix-parser" --text parser &&
		ls "$XDG_STATE_HOME"/minsky/sessions.db "$XDG_STATE_HOME"/minsky/session-db.json) &&
	rm "$XDG_CONFIG_HOME/minsky/config.yaml" && rm -r one/.minsky
'
test_ok 'a line of configuration switches, and everything is the same' '
	minsky session list --all --json >here &&
	for backend in json sqlite; do
		minsky session list --all --json -c sessiondb.backend=$backend >there && cmp_files here there ||
			return 1
	done
'
test_ok 'filters: status, task, branch, words' '
	names_are "same same" --task 7 && names_are "same same" -t "task#7" && names_are "" -t 8 &&
	names_are "zebra" --branch stripes && names_are "" -b Stripes && names_are "same" -b same --repo two &&
	names_are "fix-parser" --text "parser OF" && names_are "zebra" --text STRIPE &&
	names_are "zebra same fix-parser same" --status active && names_are "" --status merged &&
	must_fail 2 minsky session list --status gone 2>err && has "^hint: starting" err
'
test_ok 'filters: times' '
	names_are "zebra same" --since 2026-01-01T00:02:00Z && names_are "fix-parser same" --until 2026-01-01T00:01:59Z &&
	names_are "same" --created-until 2026-01-01T00:00:30Z &&
	names_are "same fix-parser" --created-since 2026-01-01T00:01:00Z --created-until 2026-01-01T00:02:00Z &&
	names_are "" --since 2026-01-02 && names_are "zebra" --since 60s &&
	must_fail 2 minsky session list --since soon 2>err && has "soon" err
'
test_ok 'filters: pull requests' '
	tick && (cd "$(minsky -C two session dir zebra)" && echo more >more && git add more && git commit -q -m more &&
		minsky session pr create --title "Stripes" --body "because" >/dev/null 2>&1) &&
	names_are "zebra" --pr open && names_are "same fix-parser same" --pr none --sort activity &&
	names_are "" --pr merged && names_are "" --pr closed &&
	must_fail 2 minsky session list --pr gone 2>err && has "^hint: none, open, merged, closed" err &&
	must_fail 2 minsky session list --sort size 2>err && has "^hint: activity, created, name" err
'
test_ok 'deleted ones are kept apart' '
	minsky -C one session delete fix-parser &&
	names_are "zebra same same" && names_are "fix-parser" --status deleted && names_are "fix-parser same" --deleted --repo one
'
test_ok 'a store of rows of other repositories is left alone when one is rebuilt' '
	rm -rf "$STORE" "$STORE-wal" "$STORE-shm" && names_are "same" --repo one && names_are "zebra same" --repo two &&
	names_are "zebra same same"
'
test_ok 'a module that is not there is named, with what there is' '
	(MINSKY_MODULE_DIR=$TRASH/none && export MINSKY_MODULE_DIR &&
		must_fail 2 minsky -C one session list -c sessiondb.backend=sqlite 2>err &&
		has "there is no backend .sqlite." err && has "^hint: .*json" err)
'
test_ok 'MINSKY_TRACE_BACKEND=1 tells each call and its time' '
	(MINSKY_TRACE_BACKEND=1 && export MINSKY_TRACE_BACKEND &&
		minsky -C two session get zebra >out 2>err && minsky -C two session list --json >list 2>>err) &&
	has "^trace: $MINSKY_TEST_BACKEND open $STORE -> ok, [0-9]* us$" err &&
	has "^trace: $MINSKY_TEST_BACKEND get [0-9a-f]* name .zebra. -> ok, [0-9]* us$" err &&
	has "^trace: $MINSKY_TEST_BACKEND list [0-9a-f]* -> ok: 2 sessions, [0-9]* us$" err &&
	has "^trace: $MINSKY_TEST_BACKEND close -> ok" err && json ".sessions | length == 2" list &&
	minsky -C two session list >out 2>err && test ! -s err
'
test_done
