#!/bin/sh
# Disks that are full, read-only, limited, failing, or copied in the middle of a write (which is
# what a power cut leaves). On mounts of its own, which nobody else sees and which end with it.
if [ "$(id -u)" -eq 0 ] && [ -z "${FAULT_UNSHARED:-}" ] && unshare -m true 2>/dev/null; then
	FAULT_UNSHARED=1 exec unshare -m sh "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"

leave() {
	leave_status=$?
	cd /
	for at in copied disk small; do
		if mountpoint -q "$TRASH/$at"; then
			umount "$TRASH/$at" || umount -l "$TRASH/$at"
		fi
	done
	! mountpoint -q "$TRASH/backing" || umount "$TRASH/backing"
	(exit "$leave_status")
	test_exit
}
trap leave EXIT
mkdir "$TRASH/small" "$TRASH/backing" "$TRASH/disk" "$TRASH/copied"

can_mount() {
	[ -n "${FAULT_UNSHARED:-}" ] && mount -t tmpfs -o size=64k tmpfs "$TRASH/small" 2>/dev/null &&
		umount "$TRASH/small"
}

can_loop() {
	can_mount && command -v mkfs.ext4 >/dev/null && truncate -s 16M "$TRASH/probe" &&
		mkfs.ext4 -q -F -b 4096 "$TRASH/probe" &&
		mount -o loop "$TRASH/probe" "$TRASH/disk" 2>/dev/null && umount "$TRASH/disk"
}

# Lives that end at the first failure, in turn.
live() { # JOURNAL FROM TO EVENTS
	for life in $(seq "$2" "$3"); do
		"$driver" append "$1" "$life" "$4" >"acks/$life" 2>said
		[ $? -le 6 ] || return
	done
}

begin() {
	rm -rf acks && mkdir acks
}

test_ok 'a file may not grow: refused, and later the next append works' '
	begin && "$driver" create j && live j 1 1 3 &&
	(ulimit -f 8 && must_fail 1 "$driver" append j 2 50 >acks/2 2>said) &&
	has "File too large" said &&
	"$driver" check j acks/*
'

test_ok 'no descriptor is left: refused, and later the next append works' '
	begin && rm -rf j && "$driver" create j && live j 1 1 3 && for n in 4 5; do
		must_fail 1 sh -c "exec 3>&- 4>&- && ulimit -n $n && exec \"\$0\" append j 2 1" \
			"$driver" >acks/2 2>said && has "Too many open files" said || return
	done &&
	"$driver" check j acks/*
'

if can_mount; then
	for option in size=64k nr_inodes=7; do
		test_ok "a file system that is full: $option" '
			begin && mount -t tmpfs -o $option,mode=700 tmpfs small &&
			{ "$driver" create small/j 2>said || mount -o remount,nr_inodes=9 small; } &&
			{ [ -e small/j/origin ] || "$driver" create small/j; } &&
			MINSKY_SEGMENT_SIZE=3000 && export MINSKY_SEGMENT_SIZE && live small/j 1 5 40 &&
			unset MINSKY_SEGMENT_SIZE && has "No space left" said &&
			mount -o remount,size=4m,nr_inodes=1000 small &&
			"$driver" check small/j acks/* && umount small
		'
	done
	test_ok 'a read-only file system: reading works, an append is refused' '
		begin && mount -t tmpfs -o size=1m,mode=700 tmpfs small && "$driver" create small/j &&
		live small/j 1 1 3 && mount -o remount,ro small &&
		must_fail 1 "$driver" append small/j 2 1 2>said && has "Read-only file system" said &&
		mount -o remount,rw small && "$driver" check small/j acks/* && umount small
	'
else
	test_skip 'disks that are full or read-only' 'nothing can be mounted here'
fi

# The image is what the disk holds: acknowledged is acknowledged. Copies are taken while the
# appends go on, so only what was told before is asked for.
power_cut() { # CUTS
	begin && truncate -s 64M image && mkfs.ext4 -q -F -b 4096 image &&
		mount -o loop,commit=300 image disk && "$driver" create disk/j || return
	MINSKY_SEGMENT_SIZE=20000
	export MINSKY_SEGMENT_SIZE
	"$driver" append disk/j 1 1000000 >acks/1 2>/dev/null &
	writer=$!
	for cut in $(seq "$1"); do
		sleep 0.2
		cp acks/1 told && cp --sparse=always image copy && mount -o loop copy copied &&
			"$driver" covers copied/j told && umount copied
		status=$?
		if [ "$status" -ne 0 ]; then
			echo "cut $cut"
			kill -9 "$writer"
			return 1
		fi
	done
	kill -9 "$writer"
	wait "$writer" 2>/dev/null
	unset MINSKY_SEGMENT_SIZE
	[ "$(wc -l <acks/1)" -gt "$1" ] && umount disk
}


# A small backing store runs full: writes and syncs fail with true I/O errors.
failing_disk() { # MEGABYTES
	begin && mount -t tmpfs -o size="$1"m tmpfs backing && truncate -s 400M backing/image &&
		mkfs.ext4 -q -F -b 4096 backing/image && mount -o loop backing/image disk &&
		"$driver" create disk/j || return
	"$driver" append disk/j 1 100000 >acks/1 2>said.1 &
	other=$!
	"$driver" append disk/j 2 100000 >acks/2 2>said.2
	wait "$other"
	cat said.1 said.2
	[ -s said.1 ] && [ -s said.2 ] || return
	mount -o remount,size=600m backing && umount disk && mount -o loop backing/image disk &&
		"$driver" check disk/j acks/* && umount disk && umount backing
}

if can_loop; then
	# Each round on a new disk: what there is to look at grows from cut to cut.
	rounds=1
	[ -z "$long" ] || rounds=34
	for round in $(seq $rounds); do
		test_ok "6 power cuts while it appends, $round" 'power_cut 6'
	done
	for size in 9 11; do
		test_ok "a disk of $size MB that fails, two processes" "failing_disk $size"
	done
else
	test_skip 'disks that fail, and power cuts' 'no ext4 can be mounted here'
fi

test_done
