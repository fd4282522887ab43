#!/bin/sh
# Nothing escapes: in a session's clone, whose hooks are dark, of a bare repository.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/operations.sh"

bare_main=1
dark=1
begin_world dark || exit 1
table
end_world
test_done
