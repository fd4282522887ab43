#!/bin/sh
# A copy of the journal, or a backup that was put back, is noticed before anything is appended and
# goes on as a new origin; no event is lost or told twice.
. "$(dirname "$0")/lib.sh"

commit() { # DIRECTORY FILE
	tick && echo "$2" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "add $2"
}

origins() { # how many there are in the journal
	minsky -C app journal log --json | jq -r .origin | sort -u | wc -l
}

subjects() {
	minsky -C app journal log --type commit.created --json | jq -r .body.data.subject
}

good() {
	minsky -C app journal verify >verdict && has ': good$' verdict
}

state=$HOME/state/minsky

test_ok 'setup: a session with two commits, and a backup' '
	make_repo_with_origin app && ws=$(minsky -C app session start work --quiet) &&
	commit "$ws" a && commit "$ws" b && minsky -C app session get work >/dev/null &&
	journal=$(echo "$state"/journal/*) && has "^inode " "$journal/origin" && good &&
	cp -a "$state" backup && test "$(origins)" -eq 1
'
test_ok 'a journal that was moved is the same one' '
	mv "$state" "$state.moved" && mv "$state.moved" "$state" && commit "$ws" c &&
	test "$(origins)" -eq 1 && good
'
test_ok 'an older copy of everything over the same path: a new origin with its parent' '
	before=$(sed -n "s/^origin //p" "$journal/origin") && seq=$(cat backup/journal/*/*.log | wc -l) &&
	rm -rf "$state" && cp -a backup "$state" && commit "$ws" d &&
	minsky -C app session get work --json >record && test "$(origins)" -eq 2 &&
	after=$(sed -n "s/^origin //p" "$journal/origin") && test "$before" != "$after" &&
	minsky -C app journal log --type journal.forked --json >forked && test "$(wc -l <forked)" -eq 1 &&
	jq -e ".seq == 1 and .origin == \"$after\"" forked &&
	jq -e ".body.data.parent == {origin: \"$before\", seq: $seq}" forked && good
'
test_ok 'every commit is told once' '
	subjects >actual && printf "add %s\n" a b d >expected && cmp_files expected actual &&
	jq -e ".session.commitCount == 3" record
'
test_ok 'the record is the same when the store is made anew' '
	rm "$STORE" && minsky -C app session get work --json >again && cmp_files record again
'
test_ok 'sync counts what is new' '
	commit "$ws" e && minsky -C app sync --json >out && jq -e ".events < 20 and .seq > 1" out && good &&
	subjects >actual && printf "add %s\n" a b d e >expected && cmp_files expected actual
'
test_ok 'the journal alone put back: what the store knows and the journal lost is said, exit 6' '
	cp -a "$journal" saved && commit "$ws" f && minsky -C app session get work >/dev/null &&
	rm -rf "$journal" && cp -a saved "$journal" &&
	must_fail 6 minsky -C app session get work 2>err && has "does not match the journal" err &&
	commit "$ws" g && must_fail 6 minsky -C app session list 2>err && good
'
test_ok 'the original does not notice that it was copied' '
	rm -rf "$state" && cp -a backup "$state" && commit "$ws" h && cp -a "$state" other &&
	one=$(sed -n "s/^origin //p" "$journal/origin") && commit "$ws" i &&
	test "$(sed -n "s/^origin //p" "$journal/origin")" = "$one" && good
'
test_done
