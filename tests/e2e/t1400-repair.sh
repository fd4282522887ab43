#!/bin/sh
# journal repair: what is valid stays, what a copy has comes back, what is lost is said, and the
# commands answer again.
. "$(dirname "$0")/lib.sh"

segment=

commit() { # DIRECTORY FILE
	tick && echo "$2" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "add $2"
}

# Make line N of the segment no record any more.
spoil() { # LINE
	sed -i "$1s/\"body\":{\"type\":\"/&X/" "$segment"
}

# What the record says of the commits.
standing() { # NAME
	minsky -C app session get "$1" --json | jq -c "[.session.head, .session.commitCount]"
}

subjects() {
	minsky -C app journal log --type commit.created --json | jq -r .body.data.subject
}

good() {
	minsky -C app journal verify >verdict && has ': good$' verdict
}

test_ok 'setup: a session, commits, and a copy of the journal' '
	make_repo_with_origin app && ws=$(minsky -C app session start work --quiet) &&
	commit "$ws" a && commit "$ws" b && commit "$ws" c && minsky -C app session get work --json >record &&
	journal=$(echo "$HOME"/state/minsky/journal/*) && segment=$(echo "$journal"/*.log) &&
	cp -a "$journal" copy && n=$(wc -l <"$segment") && store=$STORE
'
test_ok 'with nothing to repair it says so and changes nothing' '
	cp "$segment" before && minsky -C app journal repair >out && has "^nothing to repair$" out &&
	cmp before "$segment" && test ! -e "$journal/seams"
'
test_ok 'a dry run says what is wrong and writes nothing' '
	line=$(grep -n "\"add b\"" "$segment" | cut -d: -f1) && spoil "$line" && rm "$store" &&
	must_fail 6 minsky -C app session get work &&
	ls -lR "$journal" >before && minsky -C app journal repair --dry-run >out &&
	has "^moved aside: " out && has "^lost: record $line of origin" out &&
	has "^would be: 0 records restored, 1 lost$" out &&
	ls -lR "$journal" >after && cmp_files before after && must_fail 6 minsky -C app journal verify
'
test_ok 'repaired, the commands answer, and the journal says what was lost' '
	minsky -C app journal repair --json >out && jq -e ".restored == 0 and .lost == 1 and .setAside == 1" out &&
	jq -e ".steps | map(select(.what == \"lost\")) | .[0].from == $line and .[0].to == $line" out &&
	kept=$(jq -r ".steps[] | select(.what == \"set-aside\") | .kept" out) &&
	has "add b" "$journal/$kept" && good && minsky -C app session get work >/dev/null &&
	jq -e ".retold == 1" out && subjects >actual && printf "add %s\n" a c b >expected && cmp_files expected actual &&
	minsky -C app journal log --type journal.repaired --json >said && jq -se "map(.body.data | select(.kept)) | length == 1" said &&
	jq -se "map(.body.data | select(.lost == 1)) | length == 1 and .[0].lastSeq == $line - 1 and .[0].nextSeq == $line + 1 " said &&
	jq -se "map(.body.data | select(.kept)) | .[0].kept == \"$kept\"" said
'
test_ok 'the lost commit is told again, as the reflog has it, and the head stays where it is' '
	minsky -C app journal log --json >all && tail -n 1 all >last &&
	jq -e ".body.via == \"reconcile\" and .body.data.past and .body.session == \"$(jq -r .session.sessionId record)\"" last &&
	jq -r .body.data.oid last >actual && git -C "$ws" rev-parse HEAD~1 >expected && cmp_files expected actual &&
	jq -r .body.at last >actual && git -C "$ws" log -1 --format=%cd --date=format:%Y-%m-%dT%H:%M:%S.000Z HEAD~1 >expected &&
	cmp_files expected actual && standing work >actual && jq -c "[.session.head, .session.commitCount]" record >expected &&
	cmp_files expected actual && minsky -C app sync >out && has "^0 new events" out
'
test_ok 'what stands behind a loss is found by its number' '
	behind=$((line + 1)) && minsky -C app journal log --from $line --json >expected &&
	test "$(head -n 1 expected | jq .seq)" = $behind &&
	minsky -C app journal log --from $behind --json >actual && cmp_files expected actual &&
	minsky -C app journal cat $behind >actual && head -n 1 expected >one && cmp_files one actual &&
	minsky -C app journal follow --from $behind --json -n "$(wc -l <expected)" >actual && cmp_files expected actual &&
	minsky -C app journal follow --from $line --json -n 1 >actual && cmp_files one actual &&
	must_fail 3 minsky -C app journal cat $line 2>err && has "no record $line$" err
'
test_ok 'a second time there is nothing to do' '
	minsky -C app journal repair >out && has "^nothing to repair$" out
'
test_ok 'a copy brings back what was given up' '
	minsky -C app journal repair --from "$TRASH/copy" >out && has "^restored: record $line of origin" out &&
	has "^1 events of an earlier repair redacted" out && subjects >actual && printf "add %s\n" a b c >expected &&
	cmp_files expected actual && good && standing work >actual &&
	jq -c "[.session.head, .session.commitCount]" record >expected && cmp_files expected actual
'
test_ok 'what stands in peers/ is such a copy too' '
	cp "$journal"/*.log "$journal/peers/" && newest=$(ls "$journal"/*.log | tail -n 1) &&
	sed -i "1s/\"body\":{/&X/" "$newest" && must_fail 6 minsky -C app journal verify &&
	minsky -C app journal repair >out && has "^restored: " out && has ", 0 lost$" out &&
	rm "$journal"/peers/* && good
'
test_ok 'damage at the end, hooks that wrote behind it, then repair' '
	newest=$(ls "$journal"/*.log | tail -n 1) &&
	sed -i "\$s/\"body\":{/&X/" "$newest" && commit "$ws" d && must_fail 6 minsky -C app session list &&
	minsky -C app journal repair >out && has ", 1 lost$" out && good &&
	subjects >actual && printf "add %s\n" a b c d >expected && cmp_files expected actual &&
	minsky -C app session list >/dev/null
'
test_ok 'a journal that is older than the store: its numbers are not given out twice' '
	rm -rf copy && cp -a "$journal" copy && commit "$ws" e && minsky -C app session get work >/dev/null &&
	rm -f "$journal"/*.log "$journal/head" && cp -a copy/*.log copy/head "$journal/" &&
	must_fail 6 minsky -C app session get work && minsky -C app journal repair >out && has "^lost: " out &&
	good && minsky -C app session get work >/dev/null && commit "$ws" f && good
'
test_ok 'a copy that is not there is said, and nothing has changed' '
	must_fail 3 minsky -C app journal repair --from nowhere 2>err && has "nowhere" err && good
'
test_done
