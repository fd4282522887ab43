#!/bin/sh
# How a session stands: said by whoever works there, seen by those who look after many.
. "$(dirname "$0")/lib.sh"

noted() { # so many times
	minsky -C app journal log --type session.noted --json >all && test "$(grep -c . all)" -eq "$1"
}

test_ok 'a list without notes has no column for them' '
	make_repo app && ws=$(minsky -C app session start one --quiet) && minsky -C app session start two --quiet >out &&
	minsky -C app session list >out && hasnt NOTE out
'
test_ok 'in its workspace it needs no name; list, get and the journal show it, with the agent' '
	tick && MINSKY_AGENT=robot minsky -C "$ws" session note --state waiting --text "which of the two?" >out &&
	has "^session  *one$" out && has "^note  *waiting: which of the two?$" out && has "^outcome  *noted$" out &&
	minsky -C app session list >out && has "^SESSION .*  NOTE$" out && has "^one .*  waiting: which of the two?$" out &&
	has "^two " out && hasnt " $" out && minsky -C app session get one >out && has "^note  *waiting: which" out &&
	minsky -C app session get one --json >out && json ".session.attention == {at: \"2026-01-01T00:0\(1):00.000Z\",
		state: \"waiting\", text: \"which of the two?\"}" &&
	minsky -C app session log one >out && has "session.noted .* waiting which of the two" out &&
	minsky -C app journal log --type session.noted --json >out && json ".body.actor.agent == \"robot\""
'
test_ok 'a text alone keeps the state; a new state begins without a text; the same again is nothing' '
	tick && minsky -C app session note one --text "the second" --json >out && json ".outcome == \"noted\" and
		.session.attention.state == \"waiting\" and .session.attention.text == \"the second\"" && noted 2 &&
	minsky -C app session note one -t "the second" --json >out && json ".outcome == \"unchanged\"" && noted 2 &&
	minsky -C app session note one -s done --json >out && json ".session.attention.state == \"done\" and
		(.session.attention | has(\"text\") | not)" && noted 3 &&
	minsky -C app session note two --text new --json >out && json ".session.attention.state == \"working\"" && noted 4
'
test_ok 'taken away' '
	minsky -C app session note one --clear >out && has "^outcome  *cleared$" out && hasnt "^note" out && noted 5 &&
	minsky -C app session get one --json >out && json ".session.attention.state == null" &&
	minsky -C app session note one --clear --json >out && json ".outcome == \"unchanged\"" && noted 5
'
test_ok 'it changes nothing else' '
	minsky -C app session note one -s blocked >out && minsky -C app session get one --json >out &&
	json ".session.status == \"active\" and .session.prState == null and .session.branch == \"one\""
'
test_ok 'a secret is not written down; a terminal gets nothing that it would obey' '
	minsky -C app session note one -t "use ghp_0123456789abcdefghijABCDEFGHIJ012345" >out && hasnt ghp_0123 out &&
	minsky -C app journal log --json >log && hasnt ghp_0123 log &&
	minsky -C app session note one -t "$(printf "red \033[31m")" >out && minsky -C app session list >out &&
	must_fail 1 grep -q "$(printf "\033")" out
'
test_ok 'bad usage' '
	must_fail 2 minsky -C app session note one 2>err && has "give --state, --text or --clear" err &&
	must_fail 2 minsky -C app session note one -s busy 2>err && has "not one of working, waiting, blocked and done" err &&
	must_fail 2 minsky -C app session note one --clear -s done && must_fail 2 minsky -C app session note one -t "" &&
	must_fail 2 minsky -C app session note one -t "two
lines" && must_fail 2 minsky -C app session note one -t "$(printf "\377")" &&
	must_fail 2 minsky -C app session note one -t "$(printf "%01001d" 1)" 2>err && has "longer than 1000" err &&
	must_fail 2 minsky -C app session note -s done 2>err && has "no session was given" err &&
	must_fail 3 minsky -C app session note nobody -s done
'
test_ok 'as it was then' '
	minsky -C app session get one --as-of 2026-01-01T00:01:30Z --json >out 2>err &&
	json ".session.attention.text == \"which of the two?\"" &&
	minsky -C app session get one --as-of 2026-01-01T00:00:30Z --json >out 2>err && json ".session.attention == null"
'
test_done
