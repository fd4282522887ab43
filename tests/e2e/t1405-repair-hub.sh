#!/bin/sh
# A journal that lost records gets back what a team's hub has of them, and goes on giving its own.
. "$(dirname "$0")/lib.sh"

hub=$TRASH/hub
ws=
journal=
mkdir "$hub"
mkdir -p "$XDG_CONFIG_HOME/minsky"
cat >"$XDG_CONFIG_HOME/minsky/config.yaml" <<END
sessiondb:
  hub: "dirhub://$hub"
END

commit() { # FILE
	tick && echo "$1" >"$ws/$1" && git -C "$ws" add "$1" && git -C "$ws" commit -q -m "add $1"
}

subjects() {
	minsky -C app journal log --type commit.created --json | jq -r .body.data.subject
}

good() {
	minsky -C app journal verify >verdict && has ': good$' verdict
}

own() { # how many records of this machine's origin the hub has
	cat "$hub"/*/"$(sed -n 's/^origin //p' "$journal/origin")" | wc -l
}

newest() {
	for newest in "$journal"/*.log; do :; done
	echo "$newest"
}

test_ok 'setup: a session whose events the hub has' '
	make_repo_with_origin app && ws=$(minsky -C app session start work --quiet) &&
	commit a && commit b && commit c && minsky -C app sync >/dev/null &&
	journal=$(echo "$XDG_STATE_HOME"/minsky/journal/*) && [ "$(own)" -eq "$(cat "$journal"/*.log | wc -l)" ]
'
test_ok 'nothing is fetched for a journal in order' '
	minsky -C app journal repair >out && has "^nothing to repair$" out && test ! -e "$journal/from-hub"
'
test_ok 'a line that is no record any more comes back from the hub' '
	line=$(grep -n "\"add b\"" "$(newest)" | cut -d: -f1) && cp "$(newest)" before &&
	sed -i "${line}s/\"body\":{\"type\":\"/&X/" "$(newest)" &&
	minsky -C app journal repair --dry-run >out && has "^restored: record $line" out &&
	must_fail 6 minsky -C app journal verify &&
	minsky -C app journal repair >out && has "^restored: record $line" out &&
	has "1 records restored, 0 lost" out && test ! -e "$journal/from-hub" && good &&
	subjects >actual && printf "add %s\n" a b c >expected && cmp_files expected actual
'
test_ok 'an end that was cut off comes back, and what follows reaches the hub' '
	minsky -C app sync >/dev/null && n=$(own) && sed -i "\$d" "$(newest)" && rm -f "$journal/head" &&
	minsky -C app journal repair >out && has "^restored: record $n of origin" out &&
	has ", 0 lost$" out && good && commit d && minsky -C app sync >out 2>&1 && good &&
	cat "$hub"/*/????????????????????????????????  >all && grep -c "\"add d\"" all >count && has -x 1 count &&
	subjects >actual && printf "add %s\n" a b c d >expected && cmp_files expected actual &&
	minsky -C app session get work --json >record && jq -e ".session.commitCount == 4" record
'
test_ok 'a hub that is down is said, and does not stand in the way' '
	touch "$hub/down" && line=$(grep -n "\"add b\"" "$journal"/*.log "$journal"/peers/*.log | head -n 1) &&
	file=${line%%:*} && line=${line#*:} && line=${line%%:*} &&
	sed -i "${line}s/\"body\":{\"type\":\"/&X/" "$file" &&
	minsky -C app journal repair >out 2>err && has "cannot restore records from the hub" err && has ", 1 lost$" out &&
	rm "$hub/down" && minsky -C app journal repair >out && has "1 records restored" out &&
	good && subjects >actual && cmp_files expected actual
'

test_done
