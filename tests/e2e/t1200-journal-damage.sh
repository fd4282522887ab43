#!/bin/sh
# A journal that cannot be written, is not ours or is damaged; a store that is damaged or gone.
if [ "$(id -u)" -eq 0 ] && [ -z "${E2E_UNSHARED:-}" ] && unshare -m true 2>/dev/null; then
	# Mounts of our own, which nobody else sees and which end with us.
	E2E_UNSHARED=1 exec unshare -m sh "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
[ "$MINSKY_TEST_BACKEND" = json ] || skip_all "it is the json store that is taken away and broken here"

mounted=
unmount_all() {
	[ -z "$mounted" ] || umount "$mounted" 2>/dev/null || umount -l "$mounted"
	mounted=
}
leave() {
	leave_status=$?
	cd / && unmount_all
	(exit "$leave_status")
	test_exit
}
trap leave EXIT

can_mount() {
	[ -n "${E2E_UNSHARED:-}" ] && mkdir -p "$TRASH/probe" &&
		mount -t tmpfs -o size=64k tmpfs "$TRASH/probe" 2>/dev/null && umount "$TRASH/probe"
}

commit_in() { # DIR FILE TEXT
	tick && echo "$3" >"$1/$2" && git -C "$1" add "$2" && git -C "$1" commit -q -m "$3"
}

# git succeeds, and our hook says one line at most.
quiet_commit() { # DIR FILE TEXT
	commit_in "$@" >said 2>&1 && test "$(wc -l <said)" -le 1
}

new_session() { # DIR: a repository with a session "work"
	make_repo "$1" && minsky -C "$1" session start work --quiet >dir && ws=$(cat dir) &&
		commit_in "$ws" file two &&
		journal=$(cd "$XDG_STATE_HOME"/minsky/journal/local-"$1"-* && pwd) &&
		segment=$(ls "$journal"/*.log)
}

commits_of() { # DIR SESSION
	minsky -C "$1" session get "$2" --json >record && jq .session.commitCount record
}

store() {
	echo "$XDG_STATE_HOME/minsky/session-db.json"
}

# Overwrite one byte of a file.
flip() { # FILE OFFSET
	byte=$(dd if="$1" bs=1 skip="$2" count=1 2>/dev/null)
	[ "$byte" = x ] && new=y || new=x
	printf %s "$new" | dd of="$1" bs=1 seek="$2" count=1 conv=notrunc 2>/dev/null
}

readonly_on() {
	if can_mount; then
		mount --bind "$journal" "$journal" && mounted=$journal &&
			mount -o remount,bind,ro "$journal"
	else
		find "$journal" -type f -exec chmod 400 {} + && find "$journal" -type d -exec chmod 500 {} +
	fi
}

readonly_off() {
	if [ -n "$mounted" ]; then
		unmount_all
	else
		find "$journal" -type d -exec chmod 700 {} + && find "$journal" -type f -exec chmod 600 {} +
	fi
}

if [ "$(id -u)" -ne 0 ] || can_mount; then
	test_ok 'a journal that cannot be written: start refuses, nothing is made' '
		new_session ro && readonly_on &&
		must_fail 1 minsky -C ro session start other 2>err && cat err >&4 &&
		has "^minsky: .*journal" err &&
		must_fail 1 minsky -C ro session start other --json >out 2>/dev/null &&
		json ".category == \"io\" and .code == 1" out &&
		test "$(ls -A "$(dirname "$ws")")" = work
	'
	test_ok 'git goes on, with one line at most' '
		quiet_commit "$ws" file three && cat said >&4
	'
	test_ok 'list and log read it' '
		minsky -C ro session list --json >out && json ".sessions | length == 1" out &&
		minsky -C ro journal log >out && has commit.created out &&
		minsky -C ro journal verify >out
	'
	test_ok 'when it can be written again, nothing is missing' '
		readonly_off && test "$(commits_of ro work)" -eq 2 &&
		minsky -C ro session start other --quiet >/dev/null &&
		minsky -C ro journal verify >out && has ": good$" out
	'
else
	test_skip 'a journal that cannot be written' 'root needs a mount for it'
fi

if can_mount; then
	test_ok 'a full disk: start refuses cleanly' '
		mkdir -p "$XDG_STATE_HOME/minsky/journal" && chmod 700 "$XDG_STATE_HOME/minsky" &&
		mount -t tmpfs -o size=1m,mode=700 tmpfs "$XDG_STATE_HOME/minsky/journal" &&
		mounted=$XDG_STATE_HOME/minsky/journal && new_session full && minsky -C full session list >/dev/null &&
		cp "$segment" before && { dd if=/dev/zero of="$mounted/filler" bs=4k 2>/dev/null || :; } &&
		must_fail 1 minsky -C full session start other 2>err && has "No space left" err &&
		test "$(ls -A "$(dirname "$ws")")" = work &&
		minsky -C full journal verify >/dev/null
	'
	test_ok 'git goes on, many times' '
		i=0 && while [ $i -lt 30 ]; do
			quiet_commit "$ws" file "full $i" || return 1
			i=$((i + 1))
		done
	'
	test_ok 'list and get answer still' '
		minsky -C full session list >out && has "^work" out &&
		minsky -C full journal log >/dev/null
	'
	test_ok 'when there is space again, nothing is missing' '
		rm "$mounted/filler" && test "$(commits_of full work)" -eq 31 &&
		minsky -C full session start other --quiet >/dev/null &&
		minsky -C full journal log --type commit.created >out && test "$(wc -l <out)" -eq 31 &&
		minsky -C full journal verify >out && has ": good$" out && unmount_all
	'
else
	test_skip 'a full disk' 'needs root and a mount'
fi

refused_with() { # DIR PATTERN: by every command, with the message, and git is not disturbed
	for refused in 'session list' 'session get work' 'session start other' 'journal log' \
		'journal verify' 'sync' 'session delete work'; do
		# shellcheck disable=SC2086
		must_fail 4 minsky -C "$1" $refused >out 2>err && has "$2" err && test ! -s out || return 1
	done
	must_fail 4 minsky -C "$1" session list --json >out && json '.category == "refused"' out &&
		quiet_commit "$ws" file "$(date +%N)"
}

if [ "$(id -u)" -eq 0 ]; then
	test_ok 'a journal of another user is refused by every command' '
		new_session foreign && chown 12345 "$journal" &&
		refused_with foreign "belongs to another user" && chown 0 "$journal" &&
		test "$(commits_of foreign work)" -eq 2
	'
	test_ok 'so is a segment of another user' '
		rm "$(store)" && chown 12345 "$segment" &&
		must_fail 4 minsky -C foreign session list 2>err && has "belongs to another user" err &&
		must_fail 4 minsky -C foreign session start other 2>err &&
		quiet_commit "$ws" file three && chown 0 "$segment" && test "$(commits_of foreign work)" -eq 3
	'
else
	test_skip 'a journal of another user' 'needs root'
fi
test_ok 'a journal that is writable by others is refused' '
	new_session open && chmod 777 "$journal" && refused_with open "is writable by others" &&
	has "^hint: if its content is yours, run: chmod go-w" err && chmod 700 "$journal" && test "$(commits_of open work)" -eq 2
'
test_ok 'a link in the place of the journal is refused' '
	new_session link && mv "$journal" "$TRASH/real" && ln -s "$TRASH/real" "$journal" &&
	refused_with link "is a symbolic link" && rm "$journal" && mv "$TRASH/real" "$journal" &&
	test "$(commits_of link work)" -eq 2
'
test_ok 'so is a link in the place of a segment' '
	mv "$segment" real && ln -s "$TRASH/real" "$segment" && rm "$(store)" && cp real before &&
	must_fail 4 minsky -C link session list 2>err && has "symbolic link" err &&
	quiet_commit "$ws" file three && must_fail 4 minsky -C link session start other 2>err &&
	cmp before real && rm "$segment" && mv real "$segment" && test "$(commits_of link work)" -eq 3
'
test_ok 'a journal that is not there: exit 6, nothing is made in its place' '
	new_session missing && mv "$journal" "$TRASH/real" &&
	for asked in "session list" "session get work" "session start other" "journal log"; do
		must_fail 6 minsky -C missing $asked >out 2>err && test ! -s out &&
			has "^minsky: journal of this repository: " err && has "^hint: restore .* from a backup" err ||
			return 1
	done && quiet_commit "$ws" file three &&
	test ! -e "$journal" && mv "$TRASH/real" "$journal" && test "$(commits_of missing work)" -eq 2
'

test_ok 'a torn tail: readers stop before it and change nothing' '
	new_session torn && minsky -C torn journal log >log && minsky -C torn session get work --json >get &&
	tail -n 1 "$segment" | head -c 200 >tail && cp "$segment" whole && cat tail >>"$segment" &&
	cp "$segment" before && minsky -C torn journal log >again && cmp_files log again &&
	minsky -C torn session list >/dev/null && cmp before "$segment" &&
	minsky -C torn journal verify >out && has "torn" out && cmp before "$segment"
'
test_ok 'the next writer heals it, sets the bytes aside and says so' '
	tick && echo three >"$ws/file" && git -C "$ws" commit -q -a -m three >said 2>&1 && test ! -s said &&
	head -c "$(wc -c <whole)" "$segment" >begin && cmp whole begin &&
	test "$(ls "$journal/torn" | wc -l)" -eq 1 && cmp tail "$journal"/torn/* &&
	minsky -C torn journal log --type journal.repaired --json >repaired &&
	test "$(wc -l <repaired)" -eq 1 && json ".body.data.bytes == 200" repaired &&
	test "$(commits_of torn work)" -eq 2 && minsky -C torn journal verify >out && has ": good$" out
'
test_ok 'a torn tail that a command finds first' '
	printf "{\"origin\":\"" >>"$segment" && minsky -C torn session start other --quiet >/dev/null &&
	test "$(ls "$journal/torn" | wc -l)" -eq 2 && minsky -C torn journal verify >out &&
	has ": good$" out
'

test_ok 'a flipped byte: verify names file, line and offset, and what follows' '
	new_session flipped && minsky -C flipped session get work --json >get &&
	line=4 && offset=$(head -n $((line - 1)) "$segment" | wc -c) &&
	cp "$segment" good && cp "$(store)" store && flip "$segment" $((offset + 400)) &&
	cp "$segment" bad && must_fail 6 minsky -C flipped journal verify >out 2>err &&
	has "$(basename "$segment"):$line (byte $offset): " out && has "1 damaged$" out &&
	must_fail 6 minsky -C flipped journal verify --json >out &&
	json ".damaged == 1 and (.findings | length >= 1)" out &&
	json ".findings[0].line == $line and .findings[0].offset == $offset" out &&
	json ".findings[0].damage and (.findings[0].file | endswith(\"$(basename "$segment")\"))" out
'
test_ok 'journal log stops there with exit 6' '
	must_fail 6 minsky -C flipped journal log >out 2>err && has "journal verify" err &&
	has "session.starting" out && hasnt "commit.created" out &&
	must_fail 6 minsky -C flipped journal log --json >out 2>err &&
	must_fail 6 minsky -C flipped session log work >out 2>err
'
test_ok 'what is behind the damage and not in the store yet is never built upon: exit 6' '
	rm "$(store)" && for asked in "session list" "session get work" "session start other" sync \
		"session pr create work --title T" "session delete work"; do
		must_fail 6 minsky -C flipped $asked >out 2>err && has "journal verify" err || return 1
	done &&
	must_fail 6 minsky -C flipped session list --json >out && json ".category == \"corrupt\"" out &&
	cmp bad "$segment"
'
test_ok 'the store from before the damage is not rewritten' '
	cp store "$(store)" && { minsky -C flipped session list >/dev/null 2>&1 || :; } &&
	cmp store "$(store)"
'
test_ok 'git goes on; new events are kept behind the damage' '
	quiet_commit "$ws" file three && head -c "$(wc -c <bad)" "$segment" >begin && cmp bad begin &&
	test "$(cat "$journal"/*.log | grep -c commit.created)" -eq 2
'
test_ok 'the byte put back, all is well and nothing is missing' '
	printf %s "$(dd if=good bs=1 skip=$((offset + 400)) count=1 2>/dev/null)" |
		dd of="$segment" bs=1 seek=$((offset + 400)) conv=notrunc 2>/dev/null &&
	minsky -C flipped journal verify >out && has ": good$" out &&
	test "$(commits_of flipped work)" -eq 2
'
test_ok 'a flipped byte in the last record: exit 6, and the next event begins a new segment' '
	new_session last && minsky -C last session list >/dev/null && cp "$(store)" store &&
	size=$(wc -c <"$segment") && flip "$segment" $((size - 100)) && cp "$segment" bad &&
	must_fail 6 minsky -C last journal verify >out && must_fail 6 minsky -C last journal log >out 2>err &&
	quiet_commit "$ws" file three && cmp bad "$segment" &&
	ls "$journal"/*.log >files && test "$(wc -l <files)" -eq 2 &&
	has "\"type\":\"journal.break\"" "$(tail -n 1 files)" &&
	must_fail 6 minsky -C last session list 2>err && must_fail 6 minsky -C last session get work 2>err &&
	cmp store "$(store)"
'
test_ok 'a journal that was cut short: what the store remembers is missing, exit 6' '
	rm "$(store)" && new_session cut && minsky -C cut session list >/dev/null &&
	sed "\$d" "$segment" >short && cat short >"$segment" && cp "$(store)" store &&
	must_fail 6 minsky -C cut session list 2>err && must_fail 6 minsky -C cut journal verify >out &&
	quiet_commit "$ws" file three && cmp store "$(store)"
'
test_ok 'outside a repository the damage of one does not hide the others: exit 6, and said' '
	mkdir outside && rm "$(store)" && must_fail 6 minsky -C outside session list >out 2>err &&
	has "local-flipped" out && hasnt "local-cut" out && has "skipped .*local-cut." err &&
	must_fail 6 minsky -C outside session list --json >out 2>err &&
	json ".sessions | map(select(.repoName == \"local-flipped\")) | length == 1" out
'
rm -f "$(store)"

test_ok 'the store deleted: rebuilt from the journal, the same records' '
	new_session rebuild && minsky -C rebuild session pr create work --title "A PR" >/dev/null &&
	minsky -C rebuild session start other --task 7 --quiet >/dev/null &&
	minsky -C rebuild session start third --quiet >/dev/null &&
	minsky -C rebuild session delete third >/dev/null 2>&1 &&
	for s in work other; do
		minsky -C rebuild session get $s --json >"$s.before" || return 1
	done &&
	minsky -C rebuild session list --deleted --json >list.before && cp "$(store)" store &&
	rm "$(store)" &&
	for s in work other; do
		minsky -C rebuild session get $s --json >"$s.after" && cmp_files $s.before $s.after || return 1
	done &&
	minsky -C rebuild session list --deleted --json >list.after && cmp_files list.before list.after &&
	jq -S . store >old && jq -S . "$(store)" >new && cmp_files old new
'

damaged_store() { # what it says is in the file already
	cp "$(store)" before
	for asked in 'session list' 'session get work' 'session start new' 'sync' \
		'session delete work' 'session pr create work' 'session approve work'; do
		# shellcheck disable=SC2086
		must_fail 6 minsky -C rebuild $asked >out 2>err && has 'session-db.json' err &&
			has '^hint: it was left unchanged' err && test ! -s out && cmp before "$(store)" || return 1
	done
	must_fail 6 minsky -C rebuild session list --json >out && json '.category == "corrupt"' out &&
		cmp before "$(store)" && quiet_commit "$ws" file "$(date +%N)" && cmp before "$(store)" &&
		test ! -e "$(dirname "$ws")/new"
}

test_ok 'a store that does not parse: exit 6, bytes untouched' '
	echo "{ this is no JSON" >"$(store)" && damaged_store
'
test_ok 'a store that was cut in half' '
	head -c $(($(wc -c <store) / 2)) store >"$(store)" && damaged_store
'
test_ok 'an empty store' '
	: >"$(store)" && damaged_store
'
test_ok 'JSON that is no store' '
	echo null >"$(store)" && damaged_store && echo "{}" >"$(store)" && damaged_store &&
	echo "{\"schema\":2,\"repositories\":[]}" >"$(store)" && damaged_store
'
test_ok 'a store of another program is an error of its own, untouched too' '
	for text in "[]" "{\"sessions\":[1,2,3]}"; do
		echo "$text" >"$(store)" && cp "$(store)" before &&
		must_fail 1 minsky -C rebuild session list 2>err && has "session-db.json" err &&
		must_fail 1 minsky -C rebuild session start new 2>err && cmp before "$(store)" || return 1
	done
'
test_ok 'bytes that are not UTF-8, a NUL, something behind the end' '
	printf "\377\376" >"$(store)" && damaged_store &&
	{ cat store && printf "\0"; } >"$(store)" && damaged_store &&
	{ cat store && echo "{}"; } >"$(store)" && damaged_store
'
test_ok 'the journal does not need the store' '
	echo garbage >"$(store)" && minsky -C rebuild journal log >out 2>err && has commit.created out &&
	has "cannot show the names of sessions" err && minsky -C rebuild journal log --type pr --json >out 2>err &&
	test "$(wc -l <out)" -eq 1 && minsky -C rebuild journal verify >out &&
	must_fail 6 minsky -C rebuild journal log --session work 2>err
'
test_ok 'moved away, it is filled anew, and nothing is missing' '
	mv "$(store)" aside && minsky -C rebuild session get work --json >out &&
	json ".session.prState.title == \"A PR\"" out &&
	test "$(commits_of rebuild work)" -eq "$(git -C "$ws" rev-list --count main..work)"
'
test_ok 'a directory in its place is an error, not empty' '
	mv "$(store)" aside && mkdir "$(store)" && must_fail 1 minsky -C rebuild session list 2>err &&
	has "session-db.json" err && rmdir "$(store)" && minsky -C rebuild session list >/dev/null
'
test_ok 'a store of a newer minsky is left alone' '
	sed "s/\"schema\":2/\"schema\":99/" "$(store)" >newer && must_fail 1 cmp -s newer "$(store)" &&
	cp newer "$(store)" &&
	must_fail 1 minsky -C rebuild session list 2>err && has "session-db.json" err && cmp newer "$(store)" &&
	rm "$(store)"
'
test_done
