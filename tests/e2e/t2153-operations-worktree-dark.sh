#!/bin/sh
# Nothing escapes: in a session's linked work tree of a bare repository, whose hooks are dark.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/operations.sh"

linked=1
bare_main=1
dark=1
begin_world 'dark worktree' worktree || exit 1
table
end_world
test_done
