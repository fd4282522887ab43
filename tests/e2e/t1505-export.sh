#!/bin/sh
# journal export and cat give the journal's own bytes back.
. "$(dirname "$0")/lib.sh"

# The origin that holds what another machine would have sent: one record, and its line in $line.
add_peer() { # JOURNAL ORIGIN
	body='{"type":"session.noted","at":"2026-01-01T00:30:00Z","v":1,"actor":{},"via":"cli","data":{"n":1.50,"a":[],"o":{},"s":"\u202e","l":[1,{"x":null}]}}'
	bodyhash=$(printf %s "$body" | sha256sum | cut -c1-64)
	hash=$(printf '%s\n' "$(printf %064d 0)" "$2" 1 019b7745b7400000 "$bodyhash" |
		sha256sum | cut -c1-64)
	line="{\"origin\":\"$2\",\"seq\":1,\"hlc\":\"019b7745b7400000\",\"bodyhash\":\"$bodyhash\",\"hash\":\"$hash\",\"body\":$body}"
	printf '%s\n' "$line" >"$1/peers/$2.00000000000000000001.log"
	chmod 600 "$1/peers/$2.00000000000000000001.log"
}

test_ok 'setup: own records in several segments, and one of another machine' '
	MINSKY_SEGMENT_SIZE=2000 && export MINSKY_SEGMENT_SIZE && make_repo app &&
	ws=$(minsky -C app session start one --quiet) &&
	for n in 1 2 3 4 5; do tick && git -C "$ws" commit -q --allow-empty -m "number $n" || break; done &&
	journal=$(echo "$HOME"/state/minsky/journal/*) && cat "$journal"/*.log >own &&
	test "$(ls "$journal"/*.log | wc -l)" -gt 2 &&
	peer=ffeeddccbbaa99887766554433221100 && add_peer "$journal" $peer && echo "$line" >theirs
'
test_ok 'export is every line of every origin, byte for byte' '
	minsky -C app journal export >out && cat own theirs >expected && cmp_files expected out
'
test_ok 'one origin alone, by the beginning of its id' '
	minsky -C app journal export --origin ffee >out && cmp_files theirs out &&
	minsky -C app journal export --origin "$(head -n 1 own | jq -r .origin)" >out && cmp_files own out &&
	must_fail 3 minsky -C app journal export --origin "$(head -c 32 /dev/zero | tr "\0" e)" &&
	must_fail 2 minsky -C app journal export --origin xyz && must_fail 2 minsky -C app journal export --origin ""
'
test_ok 'as one array' '
	minsky -C app journal export --array >out && jq -c ".[]" out >actual && cat own theirs | jq -c . >expected &&
	cmp_files expected actual && grep -v "^[][]$" out | sed "s/,$//" >actual && cat own theirs >expected &&
	cmp_files expected actual
'
test_ok 'into a new file, private, and never over another' '
	cat own theirs >expected && minsky -C app journal export -o "$TRASH/file" >out && test ! -s out &&
	cmp_files expected file && test "$(stat -c %a file)" = 600 && echo precious >file &&
	must_fail 4 minsky -C app journal export --output "$TRASH/file" --json >out &&
	jq -e ".category == \"refused\"" out >/dev/null && test "$(cat file)" = precious &&
	must_fail 1 minsky -C app journal export -o "$TRASH/none/file" && test ! -e none
'
test_ok 'a disk that is full leaves no file' '
	(ulimit -f 1 && must_fail 1 minsky -C app journal export -o "$TRASH/large" 2>err) &&
	has large err && test ! -e large
'
test_ok 'cat prints records by number, in the order asked for' '
	{ sed -n 3p own && sed -n 1p own && cat theirs; } >expected &&
	minsky -C app journal cat 3 1 ffee:1 >out && cmp_files expected out &&
	minsky -C app journal cat >out && tail -n 1 own >expected && cmp_files expected out &&
	last=$(wc -l <own) && must_fail 3 minsky -C app journal cat $((last + 1)) 2>err && has "no record $((last + 1))$" err &&
	must_fail 3 minsky -C app journal cat $((last + 9)) 2>err && has "no record $((last + 9))$" err &&
	must_fail 3 minsky -C app journal log --from $((last + 9)) 2>err && has "no record $((last + 9))$" err &&
	must_fail 3 minsky -C app journal follow --from $((last + 9)) 2>err && has "no record $((last + 9))$" err &&
	must_fail 3 minsky -C app journal redact $((last + 9)) --reason x -y 2>err && has "no record $((last + 9))$" err &&
	must_fail 2 minsky -C app journal cat 0 && must_fail 2 minsky -C app journal cat 1-2 &&
	must_fail 2 minsky -C app journal cat 2026-01-01
'
test_ok 'cat --body: one member a line, numbers and escapes as they were written' '
	minsky -C app journal cat --body ffee:1 >out &&
	printf "%s\n" "{" "	\"type\": \"session.noted\"," "	\"at\": \"2026-01-01T00:30:00Z\"," "	\"v\": 1," \
		"	\"actor\": {}," "	\"via\": \"cli\"," "	\"data\": {" "		\"n\": 1.50," \
		"		\"a\": []," "		\"o\": {}," "		\"s\": \"\\u202e\"," "		\"l\": [" \
		"			1," "			{" "				\"x\": null" "			}" \
		"		]" "	}" "}" >expected &&
	cmp_files expected out &&
	minsky -C app journal cat --body 2 | jq -c . >actual && sed -n 2p own | jq -c .body >expected &&
	cmp_files expected actual
'
test_ok 'of a damaged journal what can be read is exported, with exit status 6' '
	segment=$(ls "$journal"/*.log | sed -n 2p) && chmod u+w "$segment" && cp "$segment" kept &&
	sed "2s/session/sessiom/" kept >"$segment" && ! cmp -s kept "$segment" &&
	good=$(($(wc -l <"$(ls "$journal"/*.log | sed -n 1p)") + 1)) &&
	must_fail 6 minsky -C app journal export >out 2>err && has "journal verify" err &&
	{ head -n $good own && cat theirs; } >expected && cmp_files expected out &&
	must_fail 6 minsky -C app journal export --array -o "$TRASH/part" &&
	test "$(jq length part)" -eq $((good + 1)) &&
	must_fail 6 minsky -C app journal cat $((good + 1)) && minsky -C app journal cat $good >/dev/null
'
test_ok 'where there is no journal there is nothing to print' '
	make_repo bare && must_fail 3 minsky -C bare journal export && must_fail 3 minsky -C bare journal cat &&
	must_fail 3 minsky journal cat --json >out && jq -e ".code == 3" out
'
test_done
