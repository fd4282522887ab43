# shellcheck shell=sh disable=SC2034
# lib.sh - sourced first by tests/fault/t*.sh: the world of the end-to-end tests, and fault-driver.
#
# MINSKY_TEST_LONG=1 runs the long versions; FAULT_DRIVER names another driver, as mutants.sh does.
long=${MINSKY_TEST_LONG:-}
MINSKY_BUILD=${MINSKY_BUILD:-$(dirname "$0")/../../build/dev}
if [ -n "${FAULT_ON_DISK:-}" ]; then
	TMPDIR=${TMPDIR:-/tmp}
	export TMPDIR
fi
. "$(dirname "$0")/../e2e/lib.sh"
unset MINSKY_NOW
driver=${FAULT_DRIVER:-$MINSKY_BUILD/tests/fault/fault-driver}
[ -x "$driver" ] || {
	echo "Bail out! there is no '$driver'"
	exit 1
}

# Make the content of DIR that of COPY again. The directory itself stays: a journal in another one is
# a copy, and continues as another origin.
put_back() { # COPY DIR
	find "$2" -mindepth 1 -delete && cp -a "$1/." "$2"
}

# An origin's only segment.
segment_of() { # JOURNAL
	ls "$1"/*.log
}

need_strace() {
	command -v strace >/dev/null || skip_all 'strace is not installed'
	strace -qq -o /dev/null -e trace=getcwd -e inject=getcwd:error=EIO true 2>/dev/null ||
		skip_all 'strace may not trace here'
}

# The system calls that a command makes from the first on that names PATH, as "NAME K": the Kth of
# that name.
calls_from() { # PATH COMMAND [ARGUMENT...]
	calls_path=$1
	shift
	strace -qq -o calls.trace "$@" >/dev/null || return
	awk -v path="$calls_path" '
		{
			name = $0
			sub(/\(.*/, "", name)
			if (name !~ /^[a-z_0-9]+$/ || name == "execve")
				next
			count[name]++
			on = on || index($0, path)
			if (on && name != "exit_group")
				print name, count[name]
		}' calls.trace
}
