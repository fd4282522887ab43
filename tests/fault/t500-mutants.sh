#!/bin/sh
# The tests are known to test something: each of these changes to a copy of the source makes the
# ones that guard against it fail. A change that no longer fits the source is a failure too.
long_mutants=${MINSKY_TEST_LONG:-}
if [ "$(id -u)" -eq 0 ] && [ -z "${FAULT_UNSHARED:-}" ] && unshare -m true 2>/dev/null; then
	FAULT_UNSHARED=1 exec unshare -m sh "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
command -v ninja >/dev/null || skip_all 'ninja is not installed'

build_in() { # TARGET...
	ninja -C "$TRASH/build" -j 2 "$@" >"$TRASH/build.log" 2>&1 || {
		tail -n 20 "$TRASH/build.log"
		return 1
	}
}

copy_source() {
	mkdir source && for part in CMakeLists.txt cmake doc hooks src tests; do
		cp -R "$MINSKY_SOURCE/$part" source || return
	done
	cp -R source/src original &&
		cmake -S source -B build -G Ninja -DCMAKE_BUILD_TYPE=Debug >/dev/null &&
		build_in fault-driver
}

run_test() { # TEST
	case $1 in
	t[0-9]*)
		FAULT_DRIVER=$TRASH/build/tests/fault/fault-driver MINSKY_SOURCE=$MINSKY_SOURCE \
			MINSKY_BUILD=$MINSKY_BUILD MINSKY_TEST_LONG='' \
			sh "$(dirname "$fault_script")/$1"-*.sh >said 2>&1
		;;
	*) build_in "$1" && "build/tests/$1" >said 2>&1 ;;
	esac
}

# All of them pass as the source is, so that a failure is the mutant's doing.
sound() { # TEST...
	for test in "$@"; do
		run_test "$test" || {
			echo "$test fails as it is"
			cat said
			return 1
		}
	done
}

mutant() { # TITLE FILE SED-SCRIPT TEST
	cp "original/$2" "source/src/$2" &&
		sed -E "$3" "original/$2" >changed || return
	if cmp -s changed "original/$2"; then
		echo "this change does not fit $2 any more"
		return 1
	fi
	cp changed "source/src/$2" && build_in fault-driver || return
	run_test "$4"
	status=$?
	cp "original/$2" "source/src/$2"
	if [ "$status" -eq 0 ] || [ "$status" -eq 77 ]; then
		echo "$4 notices nothing (status $status)"
		return 1
	fi
	# A failure to start is none.
	grep -qE '^not ok|FAILED' said || {
		cat said
		return 1
	}
}

fault_script=$(cd "$(dirname "$0")" && pwd -P)/lib.sh
tests=t220
[ -z "$long_mutants" ] || tests='t220 t200 test_append test_fs'
test_ok 'a copy of the source builds' copy_source
test_ok 'and passes the tests' "sound $tests"
change='s/fdatasync\(fd\) < 0\)/0 > 1)/'
test_ok 'noticed: no fdatasync' 'mutant "no fdatasync" log/append.c "$change" t220'
change='s/fsync\((a->)?j->own\.fd\) < 0/0 > 1/'
test_ok 'noticed: no sync of the directory' 'mutant "no sync of the directory" log/append.c "$change" t220'
change='s/r == 0 && fdatasync\(fd\) < 0\)/r == 0 \&\& fdatasync(fd) < 0 \&\& fdatasync(fd) < 0)/'
[ -z "$long_mutants" ] || test_ok 'noticed: a failed sync is tried again' 'mutant "a failed sync is tried again" log/append.c "$change" test_append'
change='s/^\t\tgot \+= \(size_t\)k;/&\n\t\tbreak;/'
[ -z "$long_mutants" ] || test_ok 'noticed: one read has to do' 'mutant "one read has to do" log/segment.c "$change" test_append'
change='s/F_OFD_SETLK/F_SETLK/'
[ -z "$long_mutants" ] || test_ok 'noticed: a lock of the process, not of the descriptor' 'mutant "a lock of the process, not of the descriptor" core/fs.c "$change" test_fs'
change='s/^\tif \(a->tail\.state == TAIL_TORN\)$/\tif (a->tail.state == TAIL_TORN) {\n\t\tint fd = openat(a->j->own.fd, a->tail.segment.name, O_WRONLY | O_APPEND);\n\n\t\ta->fresh = write(fd, "\\\\n", 1) == 1 \&\& close(fd) == 0;\n\t\treturn 0;\n\t}\n&/'
[ -z "$long_mutants" ] || test_ok 'noticed: a newline completes a torn line' 'mutant "a newline completes a torn line" log/append.c "$change" test_append'
change='s/^\t\tif \(size == h->size\) \{/\t\tif (size > h->size) {\n\t\t\tt->size = size;\n\t\t\tt->state = TAIL_TORN;\n\t\t\tgoto out;\n\t\t}\n&/'
[ -z "$long_mutants" ] || test_ok 'noticed: what stands behind head is torn' 'mutant "what stands behind head is torn" log/tail.c "$change" t200'
change='s/r == 0 && fdatasync\(fd\) < 0\)/(late_fd = dup(fd)) < 0)/;s/^static int extend\(/static int late_fd = -1;\n\n&/;s/^\tclose\(fd\);\n\treturn r;/&/;/^int journal_append/,$s/^\tclose\(fd\);/&\n\tif (r == 0 \&\& late_fd >= 0 \&\& fdatasync(late_fd) < 0)\n\t\tr = error_errno(err, "late");\n\tif (late_fd >= 0)\n\t\tclose(late_fd);\n\tlate_fd = -1;/'
[ -z "$long_mutants" ] || test_ok 'noticed: synced after the lock is free' 'mutant "synced after the lock is free" log/append.c "$change" t220'
test_done
