#!/bin/sh
# Whatever is broken: git succeeds, one line at most is said, and the event is there later, once.
. "$(dirname "$0")/lib.sh"
journal= # its directory

test_ok 'a repository, a session, hooks in both' '
	make_repo r && minsky -C r hooks install >out && ws=$(minsky -C r session start one --quiet) &&
	journal=$(minsky -C r init --json --skip-hooks | jq -r .journal) && test -d "$journal"
'

# git succeeds, and what is said is at most one line, of ours.
commit() { # DIR SUBJECT
	tick && git -C "$1" commit -q --allow-empty -m "$2" >"$TRASH/said" 2>&1 &&
		test "$(wc -l <"$TRASH/said")" -le 1 && hasnt -v "^minsky: " "$TRASH/said"
}
silent() {
	test ! -s "$TRASH/said"
}
# Told once, with the time at which it happened.
told_once() { # DIR SUBJECT
	minsky -C "$1" journal log --json >"$TRASH/log" && minsky -C "$1" journal verify >"$TRASH/verify" &&
		test "$(grep -c "\"subject\":\"$2\"" "$TRASH/log")" -eq 1
}
recovered() { # DIR SUBJECT
	tick && minsky -C "$1" sync >"$TRASH/out" && told_once "$1" "$2" &&
		minsky -C "$1" journal log >"$TRASH/log" && has " $2  \[reconcile\]" "$TRASH/log"
}
by_hook() { # DIR SUBJECT
	told_once "$1" "$2" && minsky -C "$1" journal log >"$TRASH/log" &&
		has " $2  \[hook\]" "$TRASH/log"
}

# Run with mounts of its own; the directories are read-only, or full, for everybody in there.
apart() { # SCRIPT [ARGUMENT...]
	unshare -Urm sh -c "$@"
}

# Holds the journal's lock until it is killed.
hold_lock() {
	python3 -c '
import fcntl, sys, time
f = open(sys.argv[1], "r+")
fcntl.lockf(f, fcntl.LOCK_EX)
open(sys.argv[2], "w").close()
time.sleep(600)' "$journal/lock" "$TRASH/held" &
	holder=$!
	wait_for test -e held
}
let_go() {
	kill -0 "$holder" && kill "$holder"
	test_status=$?
	wait "$holder" 2>/dev/null
	return "$test_status"
}
if command -v python3 >/dev/null; then
	test_ok 'journal locked for as long as it takes: silent, and not waited for' '
		hold_lock && commit r locked && silent && let_go && recovered r locked
	'
else
	test_skip 'journal locked for as long as it takes' 'python3 is not installed'
fi
if apart 'mount -t tmpfs none /mnt' 2>/dev/null; then
	cat >full.sh <<'END'
set -e
cd "$TRASH"
mount -t tmpfs -o size=1m none "$XDG_STATE_HOME"
git init -q small
git -C small commit -q --allow-empty -m begin
minsky -C small hooks install >out
dd if=/dev/zero of="$XDG_STATE_HOME/fill" bs=4k 2>/dev/null || :
n=0
while [ $n -lt 20 ]; do
	n=$((n + 1))
	git -C small commit -q --allow-empty -m "full $n" >said 2>&1
	test "$(wc -l <said)" -le 1
	test "$(grep -vc '^minsky: .*No space left' said)" -eq 0
done
minsky -C small hooks status >status
rm "$XDG_STATE_HOME/fill"
minsky -C small sync >out
minsky -C small journal verify >out
minsky -C small journal log --json >log
while [ $n -gt 0 ]; do
	test "$(grep -c "\"subject\":\"full $n\"" log)" -eq 1
	n=$((n - 1))
done
minsky -C small hooks status >after
END
	test_ok 'disk full: one line at most, dark with the reason, each is told once when there is room' '
		apart ". \"\$1\"" - "$TRASH/full.sh" && cat status &&
		has "^hooks  *do not work: cannot write to .*: No space left on device\$" status &&
		has "^hooks  *work" after
	'
	test_ok 'a home that is read-only' '
		apart "mount --bind \"\$1\" \"\$1\" && mount -o remount,ro,bind \"\$1\" &&
			git -C \"\$2\" commit -q --allow-empty -m readonly" - "$HOME" "$TRASH/r" >said 2>&1 &&
		test "$(wc -l <said)" -le 1 && recovered r readonly
	'
	test_ok 'a sandbox that may write the workspace alone: found in the reflog later' '
		apart "mount --bind \"\$2\" \"\$2\" && mount --bind \"\$1\" \"\$1\" &&
			mount --bind \"\$2\" \"\$2\" && mount -o remount,ro,bind \"\$1\" &&
			touch \"\$2/writable\" && ! touch \"\$1/not\" 2>/dev/null &&
			git -C \"\$2\" commit -q --allow-empty -m sandboxed" - "$HOME" "$ws" >said 2>&1 &&
		test "$(wc -l <said)" -le 1 && recovered r sandboxed
	'
	test_ok 'in there, status says dark and why' '
		apart "mount --bind \"\$1\" \"\$1\" && mount -o remount,ro,bind \"\$1\" &&
			minsky -C \"\$2\" hooks status" - "$HOME" "$TRASH/r" >out 2>&1 &&
		has "^hooks  *do not work: cannot write to the journal" out
	'
else
	for row in 'disk full' 'a home that is read-only' 'a sandbox that may write the workspace alone'; do
		test_skip "$row" 'mounts of our own are not allowed here'
	done
fi
test_ok 'state directory gone: silent, and recovered when it is back' '
	mv "$XDG_STATE_HOME/minsky/journal" away && commit r gone && silent &&
	mv away "$XDG_STATE_HOME/minsky/journal" && recovered r gone
'
test_ok 'a pointer that does not parse: one line' '
	cp r/.git/minsky/journal pointer && echo nonsense >r/.git/minsky/journal && commit r pointer &&
	has "^minsky: " said && cp pointer r/.git/minsky/journal && recovered r pointer
'
test_ok 'a journal that others may write to is not trusted' '
	chmod 777 "$journal" && commit r loose && has "^minsky: " said && chmod 700 "$journal" &&
	recovered r loose
'
if [ "$(id -u)" -eq 0 ] && chown 12345 said 2>/dev/null; then
	test_ok 'a journal of another user is not written to' '
		chown -R 12345 "$journal" && commit r theirs && chown -R 0 "$journal" && recovered r theirs
	'
else
	test_skip 'a journal of another user is not written to' 'only root can give files away'
fi
test_ok 'no HOME, and a PATH without minsky' '
	tick && env -u HOME -u XDG_STATE_HOME -u XDG_CONFIG_HOME PATH=/usr/bin:/bin \
		git -C r commit -q --allow-empty -m homeless >said 2>&1 && silent && by_hook r homeless
'
test_ok 'nothing in the environment at all, as from a GUI' '
	env -i PATH=/usr/bin:/bin git -C r -c user.name=g -c user.email=g@example.invalid \
		commit -q --allow-empty -m graphical >said 2>&1 <&- && silent && by_hook r graphical
'
test_ok 'GIT_DIR and friends set' '
	tick && GIT_DIR="$TRASH/r/.git" GIT_WORK_TREE="$TRASH/r" GIT_INDEX_FILE="$TRASH/r/.git/index" \
		GIT_PREFIX= git commit -q --allow-empty -m pointed >said 2>&1 && silent && by_hook r pointed
'
test_ok 'inside the hook of another repository' '
	make_repo outer && printf "#!/bin/sh\nunset \$(git rev-parse --local-env-vars)\n%s\n" \
		"git -C \"$TRASH/r\" commit -q --allow-empty -m inner" >outer/.git/hooks/post-commit &&
	chmod 755 outer/.git/hooks/post-commit && tick &&
	git -C outer commit -q --allow-empty -m outer >said 2>&1 && silent && by_hook r inner
'
test_ok 'stdout and stderr closed' '
	tick && git -C r commit -q --allow-empty -m closed >&- 2>&- && by_hook r closed
'
unlock() {
	rm -f r/.git/*.lock r/.git/refs/heads/*.lock r/.git/logs/*.lock
}
next_commit() {
	unlock && tick
}
commit_to_kill() { # N
	exec setsid git -C r commit -q --allow-empty -m "killed $1" >/dev/null 2>&1
}
each_once() { # FILE: subjects, one a line
	while IFS= read -r subject; do
		told_once r "$subject" || return
	done <"$1"
}
test_ok 'killed anywhere: each commit that is there is told once' '
	kill_spread 12 next_commit commit_to_kill && unlock && commit r survivor && minsky -C r sync >out && told_once r survivor &&
	git -C r log --format=%s >subjects && sed -i "/^killed/!d" subjects && each_once subjects
'
test_ok 'after all of this nothing more is to tell' '
	minsky -C r journal log --json >one && minsky -C r sync >out &&
	minsky -C r journal log --json >two && cmp_files one two &&
	git -C r log --format=%s >subjects && sed -i "/^first commit\$/d" subjects &&
	test -s subjects && each_once subjects
'
test_ok 'corrupt journal: git goes on, what is damaged is not touched, the event is kept' '
	log=$(ls "$journal"/*.log | tail -n 1) && sed -i "\$s/\"type\":\"[a-z]*/&x/" "$log" &&
	cksum <"$log" >before && commit r corrupt && cksum <"$log" >after && cmp_files before after &&
	must_fail 6 minsky -C r journal verify >out && has "does not match its hash" out &&
	grep -h "\"subject\":\"corrupt\"" "$journal"/*.log >told && test "$(wc -l <told)" -eq 1
'
test_done
