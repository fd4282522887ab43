#!/bin/sh
# journal stats counts what is in a journal, and what hooks took.
. "$(dirname "$0")/lib.sh"

commit() { # DIRECTORY FILE
	tick && echo "$2" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "add $2"
}

stats() {
	minsky -C app journal stats "$@"
}

test_ok 'setup: three days, small segments' '
	MINSKY_SEGMENT_SIZE=2500 && export MINSKY_SEGMENT_SIZE && make_repo app &&
	one=$(minsky -C app session start one --quiet) && commit "$one" a && commit "$one" b &&
	tick 86400 && commit "$one" c && tick 172800 && commit "$one" d &&
	minsky -C app journal export >all && journal=$(echo "$HOME"/state/minsky/journal/*)
'
test_ok 'records, bytes, segments and origins are those of the files' '
	stats --json >out && jq -e ".schema == 2" out >/dev/null &&
	jq -r "\"\(.records) \(.bytes) \(.segments) \(.origins | length) \(.origins[0].records)\"" out >actual &&
	echo "$(wc -l <all) $(wc -c <all) $(ls "$journal"/*.log | wc -l) 1 $(wc -l <all)" >expected &&
	cmp_files expected actual && test "$(jq -r .origin out)" = "$(head -n 1 all | jq -r .origin)" &&
	test "$(jq .segments out)" -gt 2
'
test_ok 'by type, the most frequent first' '
	jq -r .body.type all | LC_ALL=C sort | uniq -c | sort -k1,1nr -k2 | sed "s/^ *//" >expected &&
	jq -r ".types[] | \"\(.records) \(.type)\"" out >actual && cmp_files expected actual
'
test_ok 'by day, and growth from the first to the last one' '
	jq -r ".days[] | \"\(.day) \(.records)\"" out | tail -n 2 >actual &&
	printf "2026-01-02 1\n2026-01-04 1\n" >expected && cmp_files expected actual &&
	test "$(jq "[.days[].records] | add" out)" -eq "$(wc -l <all)" &&
	test "$(jq "[.days[].bytes] | add" out)" -eq "$(wc -c <all)" &&
	test "$(jq .bytesPerDay out)" -eq $(($(wc -c <all) / 4))
'
test_ok 'hooks say how long they took, commands do not' '
	jq -e "select(.body.via == \"hook\") | .body.data.us > 0" all >truths && test "$(sort -u truths)" = true &&
	test "$(wc -l <truths)" -eq 4 && test "$(jq -r "select(.body.via == \"cli\") | .body.data.us // empty" all)" = "" &&
	jq -s "map(.body.data.us // empty) | sort | [length, .[1], .[3]]" all | jq -c . >expected &&
	jq -c ".hooks | [.events, .p50us, .p95us]" out >actual && cmp_files expected actual
'
test_ok 'what a command notices afterwards has no time' '
	git -C "$one" -c core.hooksPath=/dev/null commit -q --allow-empty -m silent &&
	minsky -C app session get one >/dev/null && minsky -C app journal cat >last &&
	jq -e ".body.via == \"reconcile\" and (.body.data | has(\"us\") | not)" last &&
	test "$(stats --json | jq .hooks.events)" = 4
'
test_ok 'for people' '
	stats >out && has -E "^[0-9]+ records, [0-9]+ bytes in [0-9]+ segments?, 1 origin$" out &&
	has -E "^  [0-9a-f]{32}  [0-9]+ records \(this machine\)$" out && has -E "^ +5  commit.created$" out &&
	has -E "^hooks took [0-9.]+ ms \(median\), [0-9.]+ ms \(95th percentile\)$" out &&
	has -E "^ +1  2026-01-02  [0-9]+ bytes$" out
'
test_ok 'of a damaged journal what can be read is counted, with exit status 6' '
	segment=$(ls "$journal"/*.log | sed -n 2p) && chmod u+w "$segment" && cp "$segment" kept &&
	sed "2s/\"v\":1/\"v\":2/" kept >"$segment" && must_fail 6 minsky -C app journal stats --json >out 2>err &&
	has "not counted" err && test "$(jq .records out)" -eq "$(sed -n 1p kept | jq .seq)"
'
test_ok 'where there is no journal there is nothing to count' '
	make_repo bare && must_fail 3 minsky -C bare journal stats
'
test_done
