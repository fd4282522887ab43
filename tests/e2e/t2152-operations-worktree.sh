#!/bin/sh
# Nothing escapes: in a session's linked work tree, with hooks that ring.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/operations.sh"

linked=1
begin_world worktree worktree || exit 1
table
end_world
test_done
