#!/bin/sh
# A team: machines that have only a hub in common, which fails in every way that one can.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/team.sh"

hub=$TRASH/hub
MINSKY_HUB=dirhub://$hub
export MINSKY_HUB
mkdir "$hub"
label=

calls() {
	grep -c "^$1" "$hub/calls"
}

test_ok 'two machines that cloned one remote see each other' '
	make_repo_with_origin seed && machine ana && machine bob &&
	at ana minsky session start one --description "hers" >/dev/null && tick &&
	at bob minsky session start two >/dev/null && tick &&
	at ana minsky session list --json >out &&
	jq -e "[.sessions[].session] == [\"two\", \"one\"]" out &&
	jq -e ".sessions[0].startedBy.user == \"bob\" and .sessions[0].derived.health == \"elsewhere\"" out &&
	at bob minsky session list >out && has "^SESSION .* WHOSE" out && has "^one .* ana@" out &&
	same ana bob
'
test_ok 'they have one key, whatever id each has' '
	jq -e ".hubs | length == 1" "$(journal_of bob)/repo.json" &&
	test "$(jq -r .hubs[0].key "$(journal_of ana)/repo.json")" = \
		"$(jq -r .hubs[0].key "$(journal_of bob)/repo.json")" &&
	test "$(jq -r .id "$(journal_of ana)/repo.json")" != "$(jq -r .id "$(journal_of bob)/repo.json")"
'
test_ok 'what a hook tells goes out in the background' '
	tick && commit_in ana one "first work" &&
	wait_for all_ended && grep -q "first work" "$hub"/*/"$(sed -n "s/^origin //p" "$(journal_of ana)/origin")" &&
	at bob minsky session log one >out && has "first work" out
'
test_ok 'a PR is seen as it goes: open, approved, merged' '
	tick && at ana minsky session pr create one --title "One thing" >/dev/null &&
	at bob minsky session list --status pr-open --json >out &&
	jq -e "[.sessions[].session] == [\"one\"]" out &&
	tick && at ana minsky session approve one --yes >/dev/null &&
	at bob minsky session get one --json >out &&
	jq -e ".session.status == \"merged\" and .session.prState.mergeCommit" out && same ana bob
'
test_ok 'a workspace on another machine: where it is, and hands off' '
	at bob minsky session get one >out && has "^status .*elsewhere" out && has "^whose  *ana@" out &&
	must_fail 3 at bob minsky session dir one >out 2>err && has "ana@.*not on this machine" err &&
	must_fail 4 at bob minsky session delete one 2>err && has "not on this machine" err &&
	must_fail 4 at bob minsky session pr create one --title X 2>err && has "not on this machine" err &&
	must_fail 4 at bob minsky session rename one uno 2>err && has "not on this machine" err &&
	must_fail 4 at bob minsky session start one 2>err && has "^hint: it is ana@" err
'
test_ok 'without the hub everybody goes on, and it all arrives later, in order' '
	touch "$hub/down" && tick &&
	at ana minsky session start offline-a >/dev/null && tick &&
	at bob minsky session start offline-b >/dev/null && tick && commit_in ana offline-a "while down" &&
	tick && commit_in bob offline-b "while down too" && tick &&
	at bob minsky session list >out 2>err && hasnt "offline-a" out && test ! -s err &&
	rm "$hub/down" && tick && at ana minsky sync >/dev/null && at bob minsky sync >/dev/null &&
	at ana minsky sync >/dev/null && same ana bob && once ana && once bob &&
	at ana minsky journal log --json | jq -r .hlc >hlcs && LC_ALL=C sort -c hlcs &&
	at ana minsky journal verify >/dev/null && at bob minsky journal verify >/dev/null
'
test_ok 'sync says that the hub is not there, and status what waits for it' '
	touch "$hub/down" && tick && commit_in ana offline-a "waits" &&
	must_fail 5 at ana minsky sync 2>err && has "is down" err &&
	must_fail 5 at ana minsky sync --json >out && jq -e ".category == \"backend-unreachable\"" out &&
	at ana minsky status >out && has "^unpushed  *1 event" out && has "^problem .*is down" out &&
	has "^next try  *2026-" out &&
	at ana minsky status --json >out && jq -e ".hub.unpushed == 1 and .hub.fails >= 2" out &&
	must_fail 1 at ana minsky doctor >out 2>err && has "^problem .*is down" out && has "1 events are not pushed" err &&
	rm "$hub/down" && at ana minsky sync >out && has "^1 pushed, 0 pulled" out &&
	at ana minsky status --json >out && jq -e ".hub.unpushed == 0 and (.hub | has(\"failure\") | not)" out
'
test_ok 'while it fails, hooks start nothing before the time has come' '
	touch "$hub/down" && tick && must_fail 5 at ana minsky sync 2>/dev/null &&
	before=$(calls open) && commit_in ana offline-a "a" && commit_in ana offline-a "b" &&
	wait_for all_ended && test "$(calls open)" -eq "$before" && rm "$hub/down" &&
	tick 200 && commit_in ana offline-a "c" && wait_for grep -q "\"subject\":\"c\"" "$hub"/*/* &&
	at bob minsky sync >/dev/null && at ana minsky sync >/dev/null && same ana bob && once bob
'
test_ok 'whom the hub does not let in does not ask again until the settings change' '
	touch "$hub/refuse" && tick && must_fail 4 at ana minsky sync 2>err && has "password" err &&
	before=$(calls open) && tick 200 && commit_in ana offline-a "d" && at ana minsky session list >/dev/null &&
	wait_for all_ended && test "$(calls open)" -eq "$before" &&
	at ana minsky status >out && has "^next try .*settings" out &&
	at ana minsky session list -c sessiondb.location=x >/dev/null 2>&1 &&
	test "$(calls open)" -gt "$before" && rm "$hub/refuse" && at ana minsky sync >/dev/null && at ana minsky status >out && hasnt problem out
'
test_ok 'answers that get lost cost nothing' '
	for n in 1 2 3; do
		echo "$n" >"$hub/drop" && tick && commit_in bob offline-b "lost $n" &&
		{ at bob minsky sync >/dev/null 2>&1 || at bob minsky sync >/dev/null 2>&1 ||
			at bob minsky sync >/dev/null 2>&1 || at bob minsky sync >/dev/null; } || return 1
	done &&
	rm -f "$hub/drop" && at bob minsky sync >/dev/null && at ana minsky sync >/dev/null &&
	same ana bob && once ana
'
test_ok 'one name, started twice: everybody keeps his own, and the other one gets digits' '
	touch "$hub/down" && tick && at bob minsky session start login >/dev/null && tick &&
	at ana minsky session start login >/dev/null && rm "$hub/down" && tick 60 &&
	at bob minsky sync >/dev/null && at ana minsky sync >/dev/null 2>err &&
	label=$(sed -n "s/.*is shown as \(login~[0-9a-f]*\) here.*/\1/p" err) && test -n "$label" &&
	has "login. was also started by bob@" err &&
	at ana minsky sync >/dev/null 2>err && hasnt "login" err &&
	at bob minsky sync >/dev/null 2>err && has "login. was also started by ana@" err &&
	his=$(sed -n "s/.*is shown as \(login~[0-9a-f]*\) here.*/\1/p" err) && test -n "$his" &&
	at bob minsky sync >/dev/null 2>err && hasnt "login" err &&
	at ana minsky session list >out && has "^login .*ana@" out && has "^$label .*bob@" out &&
	at bob minsky session list >out && has "^login .*bob@" out && has "^$his .*ana@" out &&
	at ana minsky session get login --json | jq -e ".session.startedBy.user == \"ana\"" &&
	at ana minsky session get "$label" --json >out && jq -e ".session.startedBy.user == \"bob\"" out &&
	jq -e ".session.session == \"$label\" and .session.derived.name == \"login\"" out &&
	at ana minsky journal log --session "$label" >out && has "session.started *$label" out &&
	test -d "$(at ana minsky session dir login)" && must_fail 3 at ana minsky session dir "$label" 2>err &&
	must_fail 3 at bob minsky session get login~0 2>/dev/null
'
test_ok 'a rename gives the name back' '
	tick && at ana minsky session rename login sign-in >/dev/null && at bob minsky session list >out &&
	has "^sign-in .*ana@" out && has "^login .*bob@" out && hasnt "~" out && same ana bob
'
both() {
	in_copy ana minsky session list --deleted --json | jq -S "[.sessions[] | del(.derived, .place)]" >copied &&
		sessions_of bob >bobs && cmp_files bobs copied
}
test_ok 'a home that was copied goes on as a machine of its own' '
	at ana minsky sync >/dev/null && copy_machine ana && tick &&
	in_copy ana minsky session start from-copy >/dev/null 2>&1 && tick &&
	at ana minsky session start from-ana >/dev/null && in_copy ana minsky sync >/dev/null &&
	at ana minsky sync >/dev/null && at bob minsky sync >/dev/null && in_copy ana minsky sync >/dev/null &&
	test "$(sed -n "s/^origin //p" "$(journal_of ana)/origin")" != \
		"$(sed -n "s/^origin //p" "$(journal_of ana.copy)/origin")" &&
	same ana bob && both && once bob && in_copy ana minsky journal verify >/dev/null &&
	at bob minsky session list >out && has "^from-copy" out && has "^from-ana" out
'
test_ok 'a disk that was copied, which the journal cannot see: healed at the first push' '
	copy_machine ana && sed -i "/^inode /d; /^born /d" "$(journal_of ana.copy)/origin" && tick &&
	commit_in ana offline-a "on the original" && tick && at ana minsky sync >/dev/null &&
	in_copy ana minsky session start forked >/dev/null 2>err && tick &&
	in_copy ana minsky sync >/dev/null 2>>err &&
	grep -q journal.forked "$(journal_of ana.copy)"/*.log &&
	at ana minsky sync >/dev/null && at bob minsky sync >/dev/null && in_copy ana minsky sync >/dev/null &&
	same ana bob && both && once bob && in_copy ana minsky journal verify >/dev/null &&
	at bob minsky session list >out && has "^forked" out
'
test_ok 'a hub that was restored from an old backup gets everything back' '
	rm -rf ana.copy && cp -a hub old && tick && commit_in ana offline-a "after the backup" && tick &&
	commit_in bob offline-b "this one too" && at ana minsky sync >/dev/null && at bob minsky sync >/dev/null &&
	rm -rf hub && mv old hub && tick && at bob minsky sync >out && hasnt "^0 pushed" out &&
	at ana minsky sync >/dev/null && at bob minsky sync >/dev/null && same ana bob && once ana &&
	machine carl && at carl minsky init >/dev/null && at carl minsky sync >/dev/null &&
	at carl minsky session log offline-a >out && has "after the backup" out &&
	at carl minsky session log offline-b >out && has "this one too" out &&
	at ana minsky sync >/dev/null && at bob minsky sync >/dev/null && same carl bob && same carl ana
'
test_ok 'what one redacts is blank everywhere, in the stores too' '
	echo ana >"$hub/keeper" && tick &&
	at ana minsky session start note --description "the canary sings" >/dev/null 2>&1 &&
	at bob minsky sync >/dev/null && at bob minsky session get note >out && has canary out &&
	at ana minsky journal log --json |
		jq -r "select(.body | tojson | contains(\"the canary sings\")) | .seq" >seqs &&
	test -s seqs && for seq in $(cat seqs); do
		at ana minsky journal redact "$seq" --reason "it sang" --yes >/dev/null || return 1
	done &&
	at bob minsky sync >/dev/null && at bob minsky session list --json >out && hasnt canary out &&
	! grep -rq canary bob/state hub ana/state/minsky/journal && at bob minsky journal verify >/dev/null
'
test_ok 'nobody takes back the start that is under way on another machine' '
	tick && { at ana minsky session start slow -c session.setup="kill -9 \$PPID" >/dev/null 2>&1 || :; } &&
	at bob minsky sync >/dev/null && at ana minsky journal log --json >out &&
	test "$(jq -s "[.[] | select(.body.type == \"session.start_failed\" and .origin != \"$(sed -n "s/^origin //p" "$(journal_of ana)/origin")\")] | length" out)" -eq 0
'
test_ok 'the log of all, and of this machine; every chain is verified' '
	at bob minsky sync >/dev/null && at bob minsky journal log --all --json | jq -r .origin | sort -u >out &&
	test "$(wc -l <out)" -ge 4 && at bob minsky journal log --own --json | jq -r .origin | sort -u >out &&
	test "$(cat out)" = "$(sed -n "s/^origin //p" "$(journal_of bob)/origin")" &&
	must_fail 2 at bob minsky journal log --all --own 2>/dev/null &&
	at bob minsky journal verify --all >/dev/null && peer=$(ls "$(journal_of bob)"/peers/*.log | head -n 1) &&
	cp "$peer" kept && sed -i "1s/\"seq\"/\"sex\"/" "$peer" &&
	must_fail 6 at bob minsky journal verify --all >/dev/null 2>&1 && cat kept >"$peer"
'
test_ok 'sessiondb.hub: none leaves everybody alone' '
	before=$(calls open) && MINSKY_HUB=none at ana minsky session list >/dev/null &&
	MINSKY_HUB=none at ana minsky status >out && has "^hub  *none" out &&
	MINSKY_HUB=none at ana minsky sync >out && hasnt pushed out && test "$(calls open)" -eq "$before"
'
test_done
