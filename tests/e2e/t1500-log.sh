#!/bin/sh
# journal log chooses by session, type, actor, branch, time and place, and shows what it chose to
# people and to programs.
. "$(dirname "$0")/lib.sh"
journal= # its directory

log() { # OPTION...
	minsky -C app journal log "$@"
}

# The numbers of the records that a jq condition chooses are those that the options choose.
same_as() { # CONDITION OPTION...
	condition=$1
	shift
	jq -r "select($condition) | .seq" all >expected &&
		test -s expected &&
		log "$@" --json | jq -r .seq >actual &&
		cmp_files expected actual
}

commit() { # DIRECTORY FILE
	tick && echo "$2" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "add $2"
}

test_ok 'setup: two sessions, two actors, a switched branch' '
	make_repo_with_origin app &&
	one=$(minsky -C app session start one --task 7 --quiet) && commit "$one" a &&
	tick 3600 && two=$(MINSKY_AGENT=robot minsky -C app session start two --quiet) &&
	(MINSKY_AGENT=robot && export MINSKY_AGENT && commit "$two" b) && commit "$two" c &&
	tick 3600 && git -C "$one" switch -q -c side && commit "$one" d &&
	minsky -C app session get one >/dev/null && log --json >all &&
	test "$(jq -s length all)" -gt 10
'
test_ok 'without a filter it is the journal, line by line' '
	cat "$HOME"/state/minsky/journal/*/*.log >expected && cmp_files expected all
'
test_ok 'by session: name, id and task' '
	id=$(minsky -C app session get one --json | jq -r .session.sessionId) &&
	same_as ".body.session == \"$id\"" --session one && same_as ".body.session == \"$id\"" -s "$id" &&
	same_as ".body.session == \"$id\"" -s "#7" && must_fail 3 minsky -C app journal log -s three &&
	must_fail 3 minsky -C app journal log -s three --json >out && jq -e ".code == 3" out
'
test_ok 'by type, whole or its first word' '
	same_as ".body.type == \"commit.created\"" --type commit.created &&
	same_as ".body.type | startswith(\"session.\")" -t session &&
	same_as ".body.type | startswith(\"commit\")" -t commit
'
says() { # HINT TYPE
	must_fail 2 log --type "$2" >out 2>err && test ! -s out &&
		has -F "'$2' is not a type of event" err && has -F "$1" err
}
test_ok 'a type that nobody knows is refused, with those that come close' '
	says "did you mean '"'session'"'" sess && says "did you mean '"'commit.created'"'?" commit.create &&
	says "did you mean '"'pr' or 'pr.created'"'" PR && says "'"'session.noted'"'" noted &&
	says "types begin with journal, repo, event, session, commit" NOSUCH &&
	says "types begin with" "" && says "'"'"'pr'"'"'" pr. && says "types begin with" . &&
	must_fail 2 minsky -C app session log one --type NOSUCH 2>err && has "is not a type of event" err &&
	must_fail 2 minsky -C app journal follow --type NOSUCH -n 1 2>err && has "is not a type of event" err &&
	must_fail 2 log --type NOSUCH --json >out && jq -e ".code == 2 and (.message | test(\"NOSUCH\"))" out
'
test_ok 'a known type that does not occur is no event' '
	log --type pr.merged >out && test ! -s out && log --type backend >out && test ! -s out
'
test_ok 'by actor: user, host or agent' '
	same_as ".body.actor.agent == \"robot\"" --actor robot &&
	same_as ".body.actor.user == \"ana\"" --actor ana &&
	host=$(jq -r .body.actor.host all | head -n 1) &&
	same_as ".body.actor.host == \"$host\"" --actor "$host" &&
	log --actor nobody >out && test ! -s out
'
test_ok 'by branch: what happened on it, and switches to and from it' '
	same_as "(.body.data | .branch == \"side\" or .branchName == \"side\" or
		((.from == \"side\" or .to == \"side\") and .name == null)) or
		.body.src.ref == \"refs/heads/side\"" --branch side &&
	log --branch side | grep -q "branch.switched" && log --branch sid >out && test ! -s out
'
test_ok 'by time: a date, a time, an age' '
	log --since 2026-01-01 --json >out && cmp_files all out &&
	log --since 2026-01-02 >out && test ! -s out &&
	log --until 2025-12-31 >out && test ! -s out &&
	log --since 2026-01-01T01:00Z --json | jq -r .seq >actual &&
	jq -r "select(.body.at >= \"2026-01-01T01:00\") | .seq" all >expected && cmp_files expected actual &&
	log --since 90m --json | jq -r .seq >actual && cmp_files expected actual &&
	log --until 2026-01-01T01:00Z --json | jq -r .seq >actual &&
	jq -r "select(.body.at < \"2026-01-01T01:00\") | .seq" all >expected && cmp_files expected actual &&
	must_fail 2 minsky -C app journal log --since yesterday 2>err && has "^hint: " err
'
test_ok 'by place: numbers of records, also with their origin' '
	origin=$(jq -r .origin all | head -n 1) && short=$(echo "$origin" | cut -c1-6) &&
	same_as ".seq >= 4 and .seq <= 7" --from 4 --to 7 && same_as ".seq >= 9" --from 9 &&
	same_as ".seq <= 2" --to 2 && same_as ".seq == 5" --from "$short:5" --to "$origin:5" &&
	last=$(jq -s length all) && log --from $((last + 1)) >out && test ! -s out &&
	must_fail 3 minsky -C app journal log --from $((last + 2)) 2>err && has "no record" err &&
	must_fail 2 minsky -C app journal log --from 5 --to 3 2>err && has "^minsky: --from 5 is after --to 3$" err &&
	must_fail 2 minsky -C app journal log --since 2026-01-02 --until 2026-01-01 2>err && has "is later than --until" err &&
	must_fail 2 minsky -C app journal log --from 0 && must_fail 2 minsky -C app journal log --to -1 &&
	must_fail 2 minsky -C app journal log --from 2026-01-01 && must_fail 2 minsky -C app journal log --from x:1 &&
	other=$(echo "$short" | tr 0-9a-f 1-9a-f0) &&
	must_fail 3 minsky -C app journal log --from "$other:1" 2>err && has "no origin" err
'
test_ok 'the newest N, and newest first; filters come before both' '
	tail -n 3 all >expected && log -n 3 --json >out && cmp_files expected out &&
	tac all >expected && log --reverse --json >out && cmp_files expected out &&
	tac all | head -n 3 >expected && log --reverse -n 3 --json >out && cmp_files expected out &&
	grep "\"commit.created\"" all | tail -n 2 >expected &&
	log -n 2 -t commit.created --json >out && cmp_files expected out &&
	log -n 1000 --json >out && cmp_files all out && log -n 0 --json >out && cmp_files all out
'
test_ok 'several filters narrow together, in session log too' '
	same_as ".body.actor.agent == \"robot\" and .body.type == \"commit.created\"" \
		--actor robot --type commit &&
	minsky -C app session log two --type commit --actor robot --json >out &&
	test "$(jq -r .body.data.subject out)" = "add b" &&
	minsky -C app session log one --branch side --from 1 >out && has "add d" out && hasnt "add a" out
'
test_ok 'in a pipe one line an event, which stays as it is' '
	log --from 1 --to 1 >out &&
	printf "     1  2026-01-01T00:00:00Z  journal.opened      -\n" >expected && cmp_files expected out &&
	log -t commit.created >out && test "$(wc -l <out)" -eq 4 &&
	has -E "^ +[0-9]+  2026-01-01T00:01:00Z  commit.created      one [0-9a-f]{8} one add a  \[hook\]$" out
'
plain() { # FILE: without colours and carriage returns
	tr -d "\r" <"$1" | sed "s/$(printf '\033')\\[[0-9;]*m//g"
}

if command -v script >/dev/null; then
	test_ok 'on a terminal grouped by session, with ages and colour' '
		tick 120 && script -qec "minsky -C app journal log -t commit.created" /dev/null >raw &&
		has "$(printf "\\033")" raw &&
		plain raw | sed -E "s/^ +[0-9]+ +//; s/ [0-9a-f]{8} / /" >actual &&
		printf "%s\n" one "2 h ago  commit.created     one add a  [hook]" "" \
			two "63 min ago  commit.created     two add b  [hook]" \
			"63 min ago  commit.created     two add c  [hook]" "" \
			one "2 min ago  commit.created     side add d  [hook]" >expected &&
		cmp_files expected actual &&
		NO_COLOR=1 script -qec "minsky -C app journal log -n 1" /dev/null >raw &&
		hasnt "$(printf "\\033")" raw
	'
else
	test_skip 'on a terminal grouped by session, with ages and colour' 'no script(1)'
fi
# The first event of another machine.
peer_event() { # ORIGIN BODY
	bodyhash=$(printf %s "$2" | sha256sum | cut -c1-64) && hlc=019b7745b7400000 &&
		hash=$(printf "%s\n" "$(printf %064d 0)" "$1" 1 "$hlc" "$bodyhash" | sha256sum | cut -c1-64) &&
		peer_file=$journal/peers/$1.00000000000000000001.log &&
		printf '{"origin":"%s","seq":1,"hlc":"%s","bodyhash":"%s","hash":"%s","body":%s}\n' \
			"$1" "$hlc" "$bodyhash" "$hash" "$2" >"$peer_file" && chmod 600 "$peer_file"
}
test_ok 'a record of another origin shows whose it is' '
	journal=$(echo "$HOME"/state/minsky/journal/*) && test -d "$journal/peers" &&
	peer=00112233445566778899aabbccddeeff &&
	peer_event $peer "{\"type\":\"session.noted\",\"at\":\"2026-01-01T00:30:00Z\",\"v\":1,\"actor\":{\"user\":\"bo\"},\"via\":\"cli\",\"data\":{\"state\":\"working\"}}" &&
	log --actor bo >out && has "^00112233:1  2026-01-01T00:30:00Z  session.noted" out &&
	log --from 0011:1 --json >out && test "$(jq -r .origin out)" = $peer &&
	log --json | jq -r .hlc >actual && LC_ALL=C sort actual >expected && cmp_files expected actual &&
	must_fail 2 minsky -C app journal log --from 0011:1 --to 1 2>err && has "belong to different origins" err
'
test_ok 'a type of a newer minsky can be asked for where it occurs' '
	must_fail 2 log --type deploy 2>err && peer=ff112233445566778899aabbccddeeff &&
	peer_event $peer "{\"type\":\"deploy.done\",\"at\":\"2026-01-01T00:31:00Z\",\"v\":2}" &&
	log --type deploy --json >out && test "$(jq -r .origin out)" = $peer &&
	log --type deploy.done >out && has "deploy.done" out && log --type deploy --own >out && test ! -s out &&
	must_fail 2 log --type deploy.do 2>err && must_fail 2 log --type dep 2>err
'
test_ok 'a reader that goes away is no failure' '
	n=0 && while [ $n -lt 120 ]; do
		git -C "$two" -c core.hooksPath=/dev/null commit -q --allow-empty -m "number $n" || break
		n=$((n + 1))
	done && minsky -C app session get two >/dev/null &&
	test "$(log --type commit --json | wc -c)" -gt 70000 &&
	{ log --json 2>err; echo $? >status; } | : && echo 0 >expected && cmp_files expected status &&
	test ! -s err
'
test_done
