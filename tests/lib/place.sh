# shellcheck shell=sh
# place.sh - where the throw-away files of tests go (scratch_base() of scratch.c, for scripts).

# Memory with room, in which programs may be run: in a container it is often small, or neither.
test_memory() {
	[ -w /dev/shm ] || return
	while read -r _ test_mount test_type test_options _; do
		[ "$test_mount" = /dev/shm ] || continue
		case $test_type,$test_options, in
		tmpfs,*,noexec,* | tmpfs,noexec,*) return 1 ;;
		tmpfs,*) ;;
		*) return 1 ;;
		esac
		test_room=$(df -Pk /dev/shm) || return
		# shellcheck disable=SC2086 # words of its last line: the fourth is what is free
		set -- ${test_room##*
}
		[ "${4:-0}" -ge 262144 ] && echo /dev/shm
		return
	done 2>/dev/null </proc/mounts
	return 1
}

# $TMPDIR, else memory, else /tmp.
test_base() {
	if [ -n "${TMPDIR:-}" ]; then
		printf '%s\n' "$TMPDIR"
	else
		test_memory || echo /tmp
	fi
}
