#!/bin/sh
# What can happen to a PR on a remote: sessions are clones in one store, linked work trees in the other.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/pr-table.sh"

if [ "$MINSKY_TEST_BACKEND" = json ]; then
	in_worlds app
else
	in_worlds linked
fi
test_done
