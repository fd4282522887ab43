#!/bin/sh
# Nothing escapes: in a session's clone, with hooks that ring.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/operations.sh"

begin_world clone || exit 1
table
end_world
test_done
