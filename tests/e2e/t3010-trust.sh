#!/bin/sh
# What others write is data: a member of the team who sends whatever he likes changes nothing here.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/team.sh"

hub=$TRASH/hub
MINSKY_HUB=dirhub://$hub
export MINSKY_HUB
mkdir "$hub"
append=$MINSKY_BUILD/tests/append
events=${MINSKY_TEST_LONG:+100000}
events=${events:-300}
seed=${MINSKY_TEST_SEED:-$$}
s='' p='' clone='' ws='' owner=''

# Lines of JSON on standard input become events of mallory's, and reach ana.
send() {
	"$append" "$(journal_of mallory)" && at mallory minsky sync >/dev/null 2>&1 && at ana minsky sync >sent 2>&1
}

# Once as about a session of his own, once as about hers.
event() { # TYPE DATA [MEMBERS]
	for about in '"v":1' "\"owner\":\"$owner\",\"v\":2"; do
		printf '{"type":"%s","session":"%s",%s,"at":"%s","actor":{"user":"mallory","host":"evil"},"via":"cli"%s,"data":%s}\n' \
			"$1" "$s" "$about" "$(date -u -d "@${MINSKY_NOW%000}" +%FT%TZ)" "${3:-}" "$2"
	done
}

# What ana's machine knows of its own sessions: all but what may stand there as others' words.
own() {
	at ana minsky session list --deleted --json | jq -S '
		[.sessions[] | select(.place) | del(.withoutEffect, .notes, .rivals, .prState.hint,
			.prState.reviews, .derived.prStateFresh, .derived.prStale, .prState.lastChecked, .derived.lastHook)] | sort_by(.sessionId)'
}

# Every file of ana's but what minsky writes by itself: peers' records, the store, marks.
files() {
	(cd "$TRASH/ana" && find . -path "*/minsky/journal/*" -prune -o -name "session-db.json*" -prune -o \
		 -name index -prune -o -name FETCH_HEAD -prune -o -type f -print | LC_ALL=C sort |
		xargs -d '\n' cksum)
}

test_ok 'ana has sessions in every state; bob and mallory are members' '
	make_repo_with_origin seed && machine ana && machine bob && machine mallory &&
	at ana minsky session start one >/dev/null && tick && at ana minsky session start two --worktree >/dev/null && tick &&
	at ana minsky session start gone >/dev/null && tick && at ana minsky session start landed >/dev/null && tick &&
	for n in one landed; do
		commit_in ana $n "work in $n" && at ana minsky session pr create $n --title "$n" >/dev/null && tick || return 1
	done &&
	at ana minsky session approve landed --yes >/dev/null && tick && at ana minsky session delete gone >/dev/null && tick &&
	at ana minsky sync >/dev/null && at bob minsky init >/dev/null && at bob minsky sync >/dev/null &&
	at mallory minsky session start his >/dev/null && at mallory minsky sync >/dev/null && at ana minsky sync >/dev/null && at ana minsky session get one --json >record &&
	s=$(jq -r .session.sessionId record) && p=$(jq -r .session.prState.id record) &&
	owner=$(jq -r .session.owner record) && clone=$(jq -r .session.place.clone record) && ws=$(jq -r .session.place.workspace record) &&
	at bob minsky session get one --json | jq -e ".session.place == null and .session.workspace == \"$ws\""
'
test_ok 'a colleague reviews and notes, and it is shown as his' '
	tick && at bob minsky session pr approve one >out && at bob minsky session note one --text "looks good" >/dev/null &&
	at ana minsky session get one >out && has "^review .*approved by bob@" out && has "^note .*looks good, by bob@" out &&
	at ana minsky session get one --json >record &&
	jq -e ".session.prState.reviews[0] | .user == \"bob\" and .head" record &&
	jq -e ".session.notes[0].text == \"looks good\" and .session.attention == null and .session.withoutEffect == null" record &&
	at bob minsky session pr approve one --json >out && jq -e ".outcome == \"unchanged\"" out
'
test_ok 'what a review counts for is the setting' '
	must_fail 4 at ana minsky session pr merge one --yes 2>err && has "not approved" err &&
	must_fail 4 at ana minsky session pr merge one --yes -c pr.required=2 2>err && has "approved by 1 .*required is 2" err &&
	must_fail 4 at bob minsky session pr merge one --yes -c pr.required=any 2>err && has "not on this machine" err
'
test_ok 'an agent does not approve its own session, unless it may' '
	(MINSKY_AGENT=robot && export MINSKY_AGENT &&
		must_fail 4 at ana minsky session approve one --yes 2>err && has "agent .robot. cannot approve" err &&
		must_fail 4 at ana minsky session pr approve one 2>err && has "pr.agents" err) &&
	(MINSKY_AGENT=robot && export MINSKY_AGENT && at ana minsky session pr approve one -c pr.agents=yes --json >out) &&
	jq -e ".session.prState.reviews[] | select(.agent == \"robot\")" out
'
test_ok 'nobody re-aims, renames, deletes, closes, lands or freezes it' '
	tick && own >before && files >files.before &&
	for path in "$TRASH/ana/app" "$TRASH/ana/config/git" "$ws/evil" /etc; do
		event session.renamed "{\"name\":\"one\",\"workspace\":\"$path\"}"
		event session.restored "{\"workspace\":\"$path\",\"clone\":\"$clone\"}"
		event session.found "{\"workspace\":\"$path\",\"clone\":\"$clone\"}"
		event session.updated "{\"set\":{\"workspace\":\"$path\",\"branch\":null,\"session\":\"x\"}}"
		event session.starting "{\"name\":\"one\",\"branch\":\"main\",\"mode\":\"worktree\",\"clone\":\"$clone\",\"workspace\":\"$path\"}"
		event session.started "{\"name\":\"one\",\"branch\":\"main\",\"clone\":\"$clone\",\"mainClone\":\"$clone\",\"workspace\":\"$path\"}"
	done | send &&
	{ event session.deleted "{\"reason\":\"x\"}" && event session.purged "{\"how\":\"expired\"}" &&
		event session.noted "{\"state\":\"waiting\"}" && event pr.updated "{\"pr\":\"$p\",\"branchName\":\"main\"}" &&
		event pr.closed "{\"pr\":\"$p\",\"exists\":false}" && event pr.merged "{\"pr\":\"$p\",\"how\":\"ff\"}" &&
		event pr.branch_deleted "{\"pr\":\"$p\"}" && event x.y "{}" ",\"crit\":true" &&
		event session.imported "{\"record\":{\"session\":\"y\",\"owner\":\"$(printf "%032d" 7)\",\"place\":{\"workspace\":\"/etc\"}}}"; } | send &&
	own >after && cmp_files before after && files >files.after && cmp_files files.before files.after &&
	at ana minsky session get one >out && has "^ignored .*without effect" out && has "^hint .*says mallory@evil" out &&
	at ana minsky journal log >out && has "session.renamed .*(without effect)$" out && hasnt "session.noted .*without" out &&
	at ana minsky journal verify >out && has ": good$" out
'
test_ok 'nothing that does not fit reaches git or a terminal, and nothing stops anybody' '
	{ event pr.created "{\"pr\":\"$p\",\"branchName\":\"pr/x\",\"head\":\"--output=$TRASH/ana/PWNED\"}" &&
		event pr.merged "{\"pr\":\"$p\",\"how\":\"\\u001b]0;owned\\u0007\",\"commit\":\"\\u001b[2J\"}" &&
		event session.noted "{\"state\":\"\\u001b[2J\"}" && event session.noted "{\"text\":\"\\u001b[2J\"}" &&
		echo "{\"no\":\"event\"}" && echo "{not even JSON}"; } | send &&
	own >after && cmp_files before after && test ! -e "$TRASH/ana/PWNED" &&
	for command in "session list --deleted" "session get one" "session pr get one" "journal log" "session pr list" status; do
		# shellcheck disable=SC2086 # words
		at ana minsky $command >out 2>err || return 1
		must_fail 1 grep -q "$(printf "\033")" out && must_fail 1 grep -q "$(printf "\033")" err || return 1
	done &&
	at ana minsky journal log >out && has "pr.merged .*(odd: how)$" out &&
	at ana minsky journal verify >out && has ": good$" out
'
test_ok "a start that was interrupted does not take what another journal has" '
	cp "$TRASH/ana/app/.git/minsky/journal" pointer && cp "$ws/.git/minsky/journal" pointer.one &&
	for path in "$TRASH/ana/app" "$ws"; do
		printf "{\"type\":\"session.starting\",\"session\":\"%s\",\"at\":\"2026-01-01T00:00:00Z\",\"v\":1,\"data\":%s}\n" \
			"$(cat /proc/sys/kernel/random/uuid)" "{\"name\":\"zz\",\"branch\":\"main\",\"clone\":\"$clone\",\"workspace\":\"$path\"}"
	done | "$append" "$(journal_of mallory)" && at mallory minsky sync >out 2>err && has "is another.s now" err &&
	cmp_files pointer "$TRASH/ana/app/.git/minsky/journal" && cmp_files pointer.one "$ws/.git/minsky/journal" &&
	at ana minsky session get one >/dev/null && at ana minsky sync >/dev/null
'
test_ok "whatever he sends (MINSKY_TEST_SEED=$seed)" '
	{ at ana minsky session list --deleted --json >all && jq -r ".sessions[] | \"session \(.sessionId)\", \"id \(.cloneId)\",
			\"oid \(.head)\", \"branch \(.branch)\", \"name \(.session)\", \"path \(.workspace)\",
			\"origin \(.owner)\", (.prState // empty | \"pr \(.id)\", \"oid \(.head)\", \"branch \(.branchName)\")" all &&
		echo "path $TRASH/ana/app" && echo "branch main"; } | grep -v null >known &&
	"$append" "$(journal_of mallory)" "$seed" "$events" known && at mallory minsky sync >/dev/null 2>&1 &&
	at ana minsky sync >out 2>err && own >after && cmp_files before after &&
	files >files.after && cmp_files files.before files.after &&
	for command in "session list" "session list --deleted" "session get one" "session get two" "session pr list" "session pr get one" \
		"session dir one" "journal log" "session log one" "sync" "doctor" "status" "sessiondb check" "session purge --dry-run"; do
		# shellcheck disable=SC2086 # words
		at ana minsky $command >out 2>err
		test $? -lt 128 && must_fail 1 grep -q "$(printf "\033")" out || { echo "$command" && return 1; }
	done &&
	own >after && cmp_files before after && files >files.after && cmp_files files.before files.after &&
	at ana minsky sessiondb rebuild >/dev/null && own >after && cmp_files before after
'
test_ok 'and she goes on: her session lands' '
	at ana minsky session pr create one >/dev/null && at ana minsky session approve one --yes >/dev/null && at bob minsky sync >/dev/null &&
	at bob minsky session get one --json >out &&
	jq -e ".session.status == \"merged\"" out && at ana minsky session delete two >/dev/null &&
	at ana minsky session restore gone >/dev/null
'
test_done
