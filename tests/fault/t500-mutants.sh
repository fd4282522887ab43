#!/bin/sh
# The tests are known to test something: each of these wrong programs (mutants.cmake) makes the one
# that guards against it fail.
. "$(dirname "$0")/lib.sh"
mutants=$MINSKY_BUILD/tests/fault/mutants/list
scripts=$(cd "$(dirname "$0")" && pwd -P)

notices() { # MUTANT TEST
	program=$MINSKY_BUILD/tests/fault/mutant-$1
	case $2 in
	t[0-9]*) FAULT_DRIVER=$program MINSKY_TEST_LONG='' sh "$scripts/$2"-*.sh >said 2>&1 ;;
	*/*) MINSKY_TEST_FILTER=${2#*/} "$program" >said 2>&1 ;;
	*) "$program" >said 2>&1 ;;
	esac
	status=$?
	if [ "$status" -eq 0 ] || [ "$status" -eq 77 ]; then
		echo "$2 notices nothing (status $status)"
		return 1
	fi
	# A failure to start is none.
	grep -qE '^not ok|FAILED' said || {
		cat said
		return 1
	}
}

test_ok 'there are mutants' '[ "$(wc -l <"$mutants")" -ge 8 ]'
while read -r name test title; do
	test_ok "noticed: $title" "notices $name $test"
done <"$mutants"
test_done
