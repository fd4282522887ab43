#!/bin/sh
# Nothing is acknowledged, no segment gets its name, and the lock is not let go, before what that
# stands on has been synced: the bytes of each segment, and the directory after a new name. A sync
# after the lock would not do: on a failing disk another process's sync can succeed for bytes that
# are lost.
. "$(dirname "$0")/lib.sh"
need_strace

# Reads a trace with -y. "rename" and "ACK" ask for what they need; the rest makes or settles debts.
order='
function path_in(line) {
	return match(line, /<[^>]*>/) ? substr(line, RSTART + 1, RLENGTH - 2) : ""
}
function wrong(what) {
	print what ": " $0
	bad = 1
}
function owed(p) {
	for (p in bytes)
		if (bytes[p])
			return p
	return ""
}
{
	name = $0
	sub(/\(.*/, "", name)
	path = path_in($0)
	journal = index(path, dir) == 1
}
/ = -1 / { next }
name == "write" && /"ACK / {
	acks++
	if (owed())
		wrong("acknowledged before a sync of " owed())
	if (names)
		wrong("acknowledged before a sync of the directory")
	next
}
name ~ /^p?write/ && journal && (path ~ /\.log$/ || path ~ /new\.tmp$/) { bytes[path] = 1 }
name == "ftruncate" && path ~ /\.log$/ { bytes[path] = 1 }
name ~ /^f(data)?sync$/ {
	syncs++
	if (path == dir) {
		names = 0
		dirs++
	} else
		bytes[path] = 0
}
name == "close" && path == dir "/lock" && owed() { wrong("unlocked before a sync of " owed()) }
name ~ /^rename/ && /new\.tmp/ {
	renames++
	if (bytes[dir "/new.tmp"])
		wrong("named before its bytes were synced")
	names = 1
}
END { exit bad || !acks || !syncs || renames < rolls || dirs < least }
'

in_order() { # JOURNAL SEGMENTS LIFE [DIRECTORY-SYNCS]
	rm -f trace &&
		strace -qq -y -s 64 -o trace "$driver" append "$1" "$3" 4 >acks &&
		[ "$(wc -l <acks)" -eq 4 ] &&
		awk -v dir="$(cd "$1" && pwd -P)" -v rolls="$2" -v least="${4:-0}" "$order" trace
}

test_ok 'the first appends to a journal' '"$driver" create j && in_order j 1 1'
# Who made it may have died before it synced the directory.
test_ok 'appends to a segment that head does not name' 'rm j/head && in_order j 0 2 1'
test_ok 'appends that begin segments' '
	MINSKY_SEGMENT_SIZE=1500 && export MINSKY_SEGMENT_SIZE && in_order j 3 3 &&
	unset MINSKY_SEGMENT_SIZE
'
test_ok 'an append behind a torn end' '
	for last in j/*.log; do :; done &&
	printf torn >>"$last" && in_order j 0 4
'

test_done
